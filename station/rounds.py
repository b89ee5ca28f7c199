"""How rounds of the agent's went, and what a parent keeps saying no to. Opens no connection.

A parent's no stands, is shown, and is asked again each round until it becomes a yes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sync.event_ids import parse_event_id
from sync.peer import Peer, Refusal
from sync.serving import ServedDatabase

log = logging.getLogger("bianmin.agent")

Way = tuple[str, str]
"""A parent and a database."""


REMEMBERED: Final = 50  # entries of a history


@dataclass
class Round:
    """How one attempt went: `parent` that answered, documents moved, trouble on the way, and the refusals that stand."""

    at: str
    parent: str = ""
    pushed: int = 0
    pulled: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    trouble: list[dict[str, str]] = field(default_factory=list)
    retry_after: float = 0.0
    """Seconds that a parent which is too busy asked to be left alone for, where none was reached."""

    def note_trouble(self, parent: str, error: str, reason: str) -> None:
        """Something that went wrong on the way."""
        self.trouble.append({"parent": parent, "error": error, "reason": reason})

    @property
    def reached(self) -> bool:
        return bool(self.parent)


def remember(history: Sequence[Mapping[str, Any]], outcome: Round) -> list[dict[str, Any]]:
    """The history with one more round: {"at", "until", "rounds", "parent", "pushed", "pulled", "trouble": [kinds]}. Rounds that went
    alike and moved nothing are one entry, so that a night without a line does not push out the day before."""
    trouble = sorted({each["error"] for each in outcome.trouble})
    new = {
        "at": outcome.at, "until": outcome.at, "rounds": 1, "parent": outcome.parent, "pushed": outcome.pushed,
        "pulled": outcome.pulled, "trouble": trouble,
    }  # fmt: skip
    entries = [dict(each) for each in history]
    last = entries[-1] if entries else None
    if (
        last is not None
        and not (outcome.pushed or outcome.pulled)
        and (last["parent"], last["trouble"]) == (outcome.parent, trouble)
    ):
        last.update(until=outcome.at, rounds=last["rounds"] + 1)
        return entries
    return [*entries, new][-REMEMBERED:]


class Refusals:
    """What parents did not take of what `own` wrote. What others wrote is theirs to bring (see station.gate), so a no to that
    is no trouble. `remembered`: as `listed` gave it before a restart."""

    def __init__(self, own: str, remembered: Iterable[Mapping[str, str]]) -> None:
        self._own = own
        self._standing: dict[Way, dict[str, Refusal]] = {}
        for each in remembered:
            refusal = Refusal(each["id"], each["rev"], each["error"], each["reason"])
            self._standing.setdefault((each["parent"], each["db"]), {})[each["id"]] = refusal

    def note(self, way: Way, refusal: Refusal) -> None:
        """One more."""
        number = parse_event_id(refusal.id)
        if number is None or number.writer != self._own:
            return
        log.warning("%s refused in %s: %s %s", refusal.id, way[1], refusal.error, refusal.reason)
        self._standing.setdefault(way, {})[refusal.id] = refusal

    def databases(self, parent: str) -> list[str]:
        """Those in which this parent has refused something."""
        return [name for (at, name), standing in self._standing.items() if at == parent and standing]

    def offer_again(self, source: ServedDatabase, target: Peer, way: Way) -> None:
        """Asks once more."""
        standing = self._standing.get(way)
        if not standing:
            return
        again = list(source.get_revisions({id: [refusal.rev] for id, refusal in standing.items()}))
        still = {each.id: each for each in target.add_revisions(again)}
        self._standing[way] = {id: still[id] for id in standing if id in still}

    def forget(self) -> None:
        """Under other numbers it may be taken."""
        self._standing.clear()

    def listed(self) -> list[dict[str, str]]:
        """All of them, as plain values."""
        return [
            {
                "db": name,
                "id": each.id,
                "rev": each.rev,
                "error": each.error,
                "reason": each.reason,
                "parent": parent,
            }
            for (parent, name), standing in sorted(self._standing.items())
            for each in standing.values()
        ]
