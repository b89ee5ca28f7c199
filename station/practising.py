"""What a server for practice lacks, and how its store is told from a real one, so that neither is ever opened as the other.

    here/practice    {"root", "hub": seeds of the keys that vouch for invented people, which no city knows; "furnished": whether all is there}

There is no agent: nothing in such a server can call another one. What comes in from outside is not answered either (station.app).
"""

from __future__ import annotations

from typing import Any, Final

from station.databases import HERE
from sync.errors import OurFault
from sync.serving import ServedStore
from sync.store import Store

MARK: Final = "practice"


class WrongKind(OurFault):
    """A store for practice, opened for work; or the other way round."""

    error = "wrong_kind"


def check(store: ServedStore, practice: bool) -> None:
    """Marks a fresh store; WrongKind for one of the other kind."""
    here = store.database(HERE, create=True)
    marked = here.get(MARK) is not None
    where = store.path if isinstance(store, Store) else "the cluster"
    if marked and not practice:
        raise WrongKind(
            f"{where} holds practice data, which never leaves this computer. Name another --data folder."
        )
    if practice and not marked:
        if here.get("identity") is not None:
            raise WrongKind(f"{where} holds real data. Practice needs a --data folder of its own.")
        here.put({"_id": MARK, "type": "practice", "schema": 1})


class Silent:
    """Stands where the agent of a real server would, and does nothing: it has no way out, no key to show and no thread."""

    def carried(self, _db: str) -> int:
        return 0

    def status(self) -> dict[str, Any]:
        return {"last": {}, "last_reached": "", "history": []}

    def link(self) -> dict[str, Any]:
        return {"parent": "", "bytes_per_second": None, "round_trip": None, "told_of_news": False}

    def clock_ahead(self) -> float | None:
        return None

    def wake(self) -> None:
        """Nobody sleeps."""

    def run(self, _interval: float) -> None:
        """Over at once."""

    def stop(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing is open."""
