"""A village's day over bad lines: 60 records up and 30 decisions down, with and without scans, and a file of 2 MB.

The same documents, the same line (`bench._link`), one run: ours by exchange, ours in CouchDB's dialect, PouchDB 9 with PouchDB's
server (connections kept alive), and with the address of a CouchDB, PouchDB with it. Both ends have met before; the clock runs from
the first request to the moment at which both hold everything. Who has not finished after the time allowed, has not finished.

The limit of bytes is one `zstd -19` of all new documents together, in the form they are kept in. What was sent again is what arrived
beyond what the same day takes over the same line when it is not cut; what a cut swallows on the line has not arrived.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import zstandard

from bench._documents import content
from bench._link import Link, line
from bench._ours import OpenRights, server
from bench._peers import database
from sync import pieces
from sync.asking import Way
from sync.errors import SyncError
from sync.exchange.calling import Calling
from sync.remote import RemoteServer
from sync.replicate import replicate
from sync.store import Store
from tests.node.peers import absent, node, pouchdb_server

ALLOWED = 240.0  # seconds; PouchDB with its default batch never ends on the worst line
DB = "station-510903100228"
NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文辉玲红建国玉兰"
GOALS = {"seconds": 1 / 8, "bytes": 1 / 8, "packed": 1.25, "file": 1.1, "again": 1.1}

Figures = dict[str, Any]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--couchdb", metavar="URL", default=os.environ.get("BIANMIN_TEST_COUCHDB_URL"),
        help="a CouchDB to measure as well, with an admin's name and password (or BIANMIN_TEST_COUCHDB_URL)",
    )  # fmt: skip
    parser.add_argument("--only", metavar="TEXT", default="", help="lines whose name has this in it")


@dataclass(frozen=True)
class Day:
    """What is written on both sides before the sync that is measured."""

    up: list[dict[str, Any]]
    down: list[dict[str, Any]]
    scans: list[bytes]

    @property
    def packed(self) -> int:
        """Bytes of one `zstd -19` of all documents and files together."""
        text = "\n".join(json.dumps(each, ensure_ascii=False) for each in (*self.up, *self.down)).encode()
        return len(zstandard.ZstdCompressor(level=19).compress(text)) + sum(map(len, self.scans))


def village_day(scans: int = 0, size: int = 0, records: int = 60, decisions: int = 30) -> Day:
    """60 people's records and 30 decisions, all different."""
    draw = random.Random(20180209)
    up, down = [], []
    for n in range(records):
        doc = content(n)
        who = draw.choice(NAMES) + "".join(draw.choices(GIVEN, k=2))
        data = doc["data"]
        data["applicant"] = {**data["applicant"], "name": who, "id_no": f"5109{draw.randrange(10**14):014d}"}
        data["phone"] = f"13{draw.randrange(10**9):09d}"
        data["address"] = (
            f"遂宁市船山区永兴镇{draw.choice(GIVEN)}{draw.choice(GIVEN)}村{draw.randint(1, 9)}组{draw.randint(1, 99)}号"
        )
        data["form"] = f"{draw.getrandbits(128):032x}"
        up.append({"_id": f"doc:510903100228:k3v7q2mh:{n + 1}", **doc})
    for n in range(decisions):
        case = content(n)["case"]
        decided = {"type": "case_event", "schema": 1, "case": case, "event": "accept", "lamport": 4, "station": "510903000000",
                   "at": f"2018-02-09T1{draw.randint(0, 6)}:{draw.randint(10, 59)}:00+08:00",
                   "actor": {"staff": "E001", "name": "周审查", "role": "examiner"}, "data": {"due": "2018-02-22"}}  # fmt: skip
        down.append({"_id": f"doc:510900000000:a2b3c4d5:{n + 1}", **decided})
    return Day(up, down, [draw.randbytes(size) for _ in range(scans)])


# -- ours -----------------------------------------------------------------------------------------------------------------


@contextmanager
def met(folder: Path, name: str) -> Iterator[tuple[Store, str]]:
    """Our store and our server, that have met before."""
    with Store.open(folder / f"{name}.sqlite") as here, server(folder / f"{name}-server.sqlite") as running:
        here.database(DB, create=True).put({"_id": "before"})
        there = RemoteServer(running.url)
        there.database(DB, create=True).add_revisions(list(_all(here)))
        yield here, running.url
        there.close()


def _all(store: Store) -> Iterator[Any]:
    db = store.database(DB)
    return db.get_revisions({each.id: each.revs for each in db.changes(0, 10_000).results})


def prepare(here: Store, url: str, day: Day) -> None:
    here.database(DB).put_many(day.up)
    for scan in day.scans:
        here.database(DB).put_many(list(pieces.cut(scan)))
    with RemoteServer(url) as direct, Store.open(here.path.with_name(f"{time.time_ns()}.sqlite")) as other:
        other.database(DB, create=True).put_many(day.down)
        direct.database(DB).add_revisions(list(_all(other)))


def whole(here: Store, url: str) -> bool:
    with RemoteServer(url) as direct:
        there = direct.database(DB)
        mine = {(each.id, *each.revs) for each in here.database(DB).changes(0, 100_000).results}
        return mine == {(each.id, *each.revs) for each in there.changes(0, 100_000).results}


def calling_of(here: Store) -> Calling:
    return Calling(
        here, here.database("here", create=True), OpenRights(here), "hub", random=secrets.token_bytes
    )


def until_level(once: Callable[[], None], allowed: float) -> Figures:
    """Tries until one attempt goes through, or the time is over."""
    began, tries = time.monotonic(), 0
    while (passed := time.monotonic() - began) < allowed:
        tries += 1
        try:
            once()
            return {"seconds": round(time.monotonic() - began, 1), "finished": True, "tries": tries}
        except SyncError:
            continue
    return {"seconds": round(passed, 1), "finished": False, "tries": tries}


def exchange(folder: Path, day: Day, link: Callable[[int], Link], kept: bool = False) -> Figures:
    """`kept`: the connection is open already, from an idle exchange before."""
    with met(folder, "exchange") as (here, url):
        root = url.removesuffix("/db")
        calling = calling_of(here)
        with Way(url) as direct:
            calling.agree(direct, f"{root}/x", here.update_seq, calling.beginning(direct, f"{root}/x"))
        bad = link(int(root.rpartition(":")[2]))
        with line(bad) as port, Way(f"http://127.0.0.1:{port}/db", timeout=60.0) as way:
            if kept:
                calling.call(way, f"http://127.0.0.1:{port}/x")
            prepare(here, url, day)
            figures = until_level(lambda: calling.call(way, f"http://127.0.0.1:{port}/x") and None, ALLOWED)
            figures |= counted(bad, whole(here, url) and figures["finished"])
            if figures["finished"] and not bad.cut:
                before = (bad.up.moved, bad.down.moved)
                calling.call(way, f"http://127.0.0.1:{port}/x")
                figures |= {
                    "idle requests": bad.up.requests - figures["requests"],
                    "idle bytes up": bad.up.moved - before[0],
                    "idle bytes down": bad.down.moved - before[1],
                }
        return figures


def dialect(folder: Path, day: Day, link: Callable[[int], Link]) -> Figures:
    with met(folder, "dialect") as (here, url):

        def once(at: str) -> None:
            with RemoteServer(at, timeout=60.0, compress=True) as remote:
                replicate(here.database(DB), remote.database(DB))
                replicate(remote.database(DB), here.database(DB))

        once(url)
        prepare(here, url, day)
        bad = link(int(url.removesuffix("/db").rpartition(":")[2]))
        with line(bad) as port:
            figures = until_level(lambda: once(f"http://127.0.0.1:{port}/db"), ALLOWED)
            return figures | counted(bad, whole(here, url) and figures["finished"])


def counted(bad: Link, finished: bool) -> Figures:
    return {
        "finished": finished,
        "requests": bad.up.requests,
        "bytes arrived": bad.up.arrived + bad.down.arrived,
        "bytes up": bad.up.moved,
        "bytes down": bad.down.moved,
        "connections": bad.connections,
        "cuts": bad.cuts,
    }


# -- theirs ---------------------------------------------------------------------------------------------------------------


def pouchdb(
    folder: Path, day: Day, link: Callable[[int], Link], url: str, batch: int = 0, kept: bool = False
) -> Figures:
    (folder / "db").mkdir(parents=True, exist_ok=True)
    for name, docs in (("up", day.up), ("down", day.down)):
        (folder / name).write_text(json.dumps(docs, ensure_ascii=False), encoding="utf-8")
    chosen: dict[str, Any] = {"batch_size": batch, "seconds": ALLOWED, "kept": kept}
    if day.scans:
        (folder / "scan").write_bytes(b"".join(day.scans))
        chosen["attachment"] = str(folder / "scan")
    root, _, port = url.rpartition(":")
    bad = link(int(port.partition("/")[0]))
    with database(url) as name, line(bad) as at:
        far = f"{root}:{at}/{name}"
        figures: Figures = node("day.js", "day", str(folder / "db"), f"{url}/{name}", far, str(folder / "up"), str(folder / "down"),
                                chosen, timeout=ALLOWED + 120)  # fmt: skip
        figures["seconds"] = round(figures["seconds"], 1)
        return figures | counted(bad, figures["finished"])


LINES: dict[str, tuple[Callable[[int], Link], Day]] = {
    "64 kbit/s, 600 ms": (lambda port: Link(port, 8_000, 0.3), village_day()),
    "with 5 scans of 200 KB, 64 kbit/s": (lambda port: Link(port, 8_000, 0.3), village_day(5, 200_000)),
    "20 kbit/s, cut every 10 s": (lambda port: Link(port, 2_500, 0.3, cut=10.0), village_day()),
    "2 MB at 256 kbit/s, cut every 30 s": (
        lambda port: Link(port, 32_000, 0.05, cut=30.0), village_day(1, 2_000_000, 1, 1),
    ),
}  # fmt: skip
KEPT = ("64 kbit/s, 600 ms",)
"""Lines on which it is measured as well with connections that were open before, as they are between two rounds."""


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {}
    goals: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        theirs = None if absent() else stack.enter_context(pouchdb_server(folder / "pouchdb-server"))
        for number, (name, (link, day)) in enumerate(LINES.items()):
            if chosen.only not in name:
                continue
            at = folder / str(number)
            at.mkdir()
            ways: dict[str, Callable[[Path, Callable[[int], Link]], Figures]] = {
                "ours, exchange": lambda place, link, day=day: exchange(place, day, link),
                "ours, CouchDB's dialect": lambda place, link, day=day: dialect(place, day, link),
            }
            if theirs:
                ways["PouchDB and its server"] = lambda place, link, day=day: pouchdb(
                    place, day, link, theirs
                )
            if name in KEPT:
                ways["ours, exchange, connection kept"] = lambda place, link, day=day: exchange(
                    place, day, link, kept=True
                )
                if theirs:
                    ways["PouchDB and its server, connection kept"] = lambda place, link, day=day: pouchdb(
                        place, day, link, theirs, kept=True
                    )
            if chosen.couchdb:
                ways["PouchDB and CouchDB"] = lambda place, link, day=day: pouchdb(
                    place, day, link, chosen.couchdb
                )
            found = {who: measured(at / str(n), way, link) for n, (who, way) in enumerate(ways.items())}
            results |= {
                f"{name}; {who}; {what}": value
                for who, figures in found.items()
                for what, value in figures.items()
            }
            goals += judged(name, day, found)
    return {"results": results, "goals": goals}


def measured(
    folder: Path, way: Callable[[Path, Callable[[int], Link]], Figures], link: Callable[[int], Link]
) -> Figures:
    """One way over one line; where that is cut, what was sent again."""
    for each in ("bad", "open"):
        (folder / each).mkdir(parents=True)
    figures = way(folder / "bad", link)
    if link(0).cut:
        once = way(folder / "open", lambda port: replace(link(port), cut=0.0))
        figures["sent again"] = max(0, figures["bytes arrived"] - once["bytes arrived"])
    return figures


def judged(name: str, day: Day, found: dict[str, Figures]) -> list[dict[str, Any]]:
    """What was to be reached on this line."""
    ours, peer = found["ours, exchange"], found.get("PouchDB and its server")
    total = ours["bytes up"] + ours["bytes down"]
    goals = []
    if ours["cuts"]:
        again = ours["sent again"] / ours["cuts"]
        goals.append(
            _goal(
                f"{name}: sent again a cut, times a piece",
                again / pieces.SIZE,
                "x",
                GOALS["again"],
                pieces.SIZE,
            )
        )
    if "2 MB" in name:
        ideal = len(day.scans[0]) / 32_000
        goals.append(
            _goal(
                f"{name}: times the ideal",
                ours["seconds"] / ideal if ours["finished"] else None,
                "x",
                GOALS["file"],
                ideal,
            )
        )
        return goals
    goals.append(
        _goal(f"{name}: bytes, times zstd -19 of all", total / day.packed, "x", GOALS["packed"], day.packed)
    )
    if peer:
        for what, value in (("seconds", ours["seconds"]), ("bytes", total)):
            theirs = peer["seconds"] if what == "seconds" else peer["bytes up"] + peer["bytes down"]
            share = value / theirs if ours["finished"] else None
            goals.append(_goal(f"{name}: {what}, share of PouchDB's", share, "x", GOALS[what], theirs))
        if again := found.get("PouchDB and its server, connection kept"):
            seconds = found["ours, exchange, connection kept"]["seconds"]
            share, name_ = (
                seconds / again["seconds"],
                f"{name}: seconds, connections kept, share of PouchDB's",
            )
            goals.append(_goal(name_, share, "x", GOALS["seconds"], again["seconds"]))
    if "idle bytes up" in ours:
        most = max(ours["idle bytes up"], ours["idle bytes down"])
        goals.append(_goal(f"{name}: idle requests", ours["idle requests"], "", 1, 0))
        goals.append(_goal(f"{name}: idle bytes each way, with HTTP's head", most, "bytes", 350, 0))
    return goals


def _goal(name: str, value: float | None, unit: str, wanted: float, peer: float) -> dict[str, Any]:
    return {
        "name": name, "value": None if value is None else round(value, 3), "unit": unit, "goal": wanted, "peer": peer,
        "met": value is not None and value <= wanted,
    }  # fmt: skip
