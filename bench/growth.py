"""Whether history makes sync slow: an idle exchange and one of ten records, on a village's database of 1,000 documents and of
1,000,000, at both ends, over loopback HTTP, turn by turn.

Both ends hold the same and have agreed. `--documents N` makes the large one smaller.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from bench._documents import content
from bench._ours import server
from bench.links import DB, calling_of
from sync.asking import Way
from sync.exchange.calling import Calling
from sync.peer import Revision
from sync.revisions import compute_rev
from sync.store import Store
from sync.wire import body

SMALL, LARGE, BATCH = 1_000, 1_000_000, 3_000
TURNS, WARM, RECORDS = 300, 20, 10


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--documents", type=int, default=LARGE, help="documents in the large database (1,000,000)"
    )
    parser.add_argument("--turns", type=int, default=TURNS, help="exchanges measured of each kind (300)")


class Pair:
    """A village and its hub that hold the same `count` documents."""

    def __init__(self, opened: ExitStack, folder: Path, count: int) -> None:
        folder.mkdir()
        with Store.open(folder / "here.sqlite") as here:
            fill(here, count)
        shutil.copy(folder / "here.sqlite", folder / "there.sqlite")
        self.here = opened.enter_context(Store.open(folder / "here.sqlite"))
        url = opened.enter_context(server(folder / "there.sqlite")).url.removesuffix("/db")
        self._way = opened.enter_context(Way(url))
        self._url = f"{url}/x"
        self._calling: Calling = calling_of(self.here)
        beginning = self._calling.beginning(self._way, self._url)
        self._calling.agree(self._way, self._url, self.here.update_seq, beginning)
        self._n = 0

    def idle(self) -> float:
        """Seconds of an exchange in which nothing moves."""
        began = time.perf_counter()
        outcome = self._calling.call(self._way, self._url)
        taken = time.perf_counter() - began
        assert (outcome.calls, outcome.given, outcome.taken) == (1, 0, 0)
        return taken

    def ten(self) -> float:
        """Seconds of an exchange that brings ten new records."""
        docs = [{"_id": f"new:{self._n + n}", **content(n)} for n in range(RECORDS)]
        self._n += RECORDS
        self.here.database(DB).put_many(docs)
        began = time.perf_counter()
        outcome = self._calling.call(self._way, self._url)
        taken = time.perf_counter() - began
        assert (outcome.calls, outcome.given, outcome.taken) == (1, RECORDS, 0)
        return taken


def fill(store: Store, count: int) -> None:
    db = store.database(DB, create=True)

    def documents() -> Any:
        for n in range(count):
            id, said = f"doc:{n}", content(n % 500)
            yield Revision(
                id, (compute_rev({**said, "_id": id}, None, False),), False, body(id, said), checked=True
            )

    coming = documents()
    for start in range(0, count, BATCH):
        refused = db.add_revisions(list(islice(coming, min(BATCH, count - start))))
        assert not refused, refused[0]
        if sys.stderr.isatty():
            print(f"\r{start:,} of {count:,} documents", end="", file=sys.stderr)


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {}
    goals: list[dict[str, Any]] = []
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        sizes = {f"{count:,} documents": count for count in (SMALL, chosen.documents)}
        pairs = {name: Pair(opened, folder / str(count), count) for name, count in sizes.items()}
        times: dict[tuple[str, str], list[float]] = {}
        gc.collect()
        for turn in range(WARM + chosen.turns):
            for name, pair in pairs.items():
                for kind, one in (("idle", pair.idle), ("ten records", pair.ten)):
                    taken = one()
                    if turn >= WARM:
                        times.setdefault((kind, name), []).append(taken)
    small, large = sizes
    for kind in ("idle", "ten records"):
        p50 = {name: statistics.median(times[kind, name]) * 1000 for name in sizes}
        results |= {f"{kind}, {name}, p50, ms": round(value, 3) for name, value in p50.items()}
        ratio = round(p50[large] / p50[small], 3)
        goals.append(
            {"name": f"{kind}: with {large}, times with {small} (peer: ms with {small})", "value": ratio, "unit": "x", "goal": 1.2,
             "peer": round(p50[small], 3), "met": ratio <= 1.2}
        )  # fmt: skip
    return {"results": results, "goals": goals}
