"""What saving costs a clerk: milliseconds from the form's data to the acknowledged, durable case, at a station with its
files encrypted.

Each save goes through station.casework as a page's does: the register catches up, the rules are asked, a case number is
given, three events are numbered and written in one durable transaction (WAL, FULL). It is done in turn at a new station, at
one that holds a million events already, at one without encryption, and as the raw thing: one row of as many bytes into a
plain SQLite table with the same pragmas. Turn by turn, so that all of them meet the same disk and the same neighbours.

The large store is filled by `add_revisions` with events as the station writes them, of cases of earlier years, and its
register follows; `--events N` makes it smaller.
"""

from __future__ import annotations

import argparse
import gc
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import apsw

from schemas import numbers, tables
from station.app import Parts, build_parts
from station.casework import Application
from station.databases import of_station
from station.moment import ZONE
from station.settings import Settings
from station.staff import Staff
from sync.event_ids import event_id, event_rev
from sync.peer import Revision
from sync.store.connection import set_up
from sync.wire import body

SAVES, WARM = 2000, 50
EVENTS, BATCH = 1_000_000, 3_000
CODE = "510903001001"
EARLIER = "aaaaaaaa"  # the epoch of the events that were there before
ITEM = next(each for each in tables.items().values() if each.division_code == "510903" and each.instant)
CLERK = Staff("V001", "王芳", CODE, frozenset({"village_clerk"}), trained_on=date(2018, 1, 5))
NOW = datetime(2018, 2, 9, 9, 0, tzinfo=ZONE)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=EVENTS, help="events in the large store (1,000,000)")
    parser.add_argument("--saves", type=int, default=SAVES, help="saves measured (2,000)")
    parser.add_argument("--folder", type=Path, help="where the files lie, to measure another disk")


def station(folder: Path, name: str, *, encrypt: bool = True) -> Parts:
    settings = Settings(data=folder / name, code=CODE, encrypt=encrypt, key_file=folder / f"{name}.key")
    return build_parts(settings, clock=lambda: NOW)


def save(parts: Parts) -> None:
    person = Application(
        form=secrets.token_hex(16), item_code=ITEM.item_code, name="赵小明", id_type="1", id_no="510903199003070012",
        phone="13800001234", address="三组12号", got=frozenset(range(1, 30)), privacy_notice=True,
    )  # fmt: skip
    parts.casework.record(CLERK, person)


def raw(folder: Path, size: int) -> tuple[apsw.Connection, Callable[[], None]]:
    """A plain table, and what puts one row of `size` bytes into it."""
    connection = set_up(apsw.Connection(str(folder / "raw.sqlite")))
    connection.execute("CREATE TABLE rows (n INTEGER PRIMARY KEY, data BLOB)")

    def insert() -> None:
        connection.execute("INSERT INTO rows (data) VALUES (?)", (secrets.token_bytes(size),))

    return connection, insert


def earlier(pattern: list[dict[str, Any]]) -> Iterator[Revision]:
    """Events of cases of earlier years, without end: the pattern's, each case with its own number and person."""
    day, serial, n = date(2013, 1, 1), 0, 0
    while True:
        serial += 1
        if serial > 9000:
            day, serial = day + timedelta(1), 1
        case_no = numbers.case_no(CODE, day, serial)
        for event in pattern:
            n += 1
            said = json.loads(json.dumps(event))
            said.update(case=case_no, at=f"{day}T09:00:00+08:00", seen={f"{CODE}:{EARLIER}": n - 1})
            if said["event"] == "create":
                said["data"]["form"] = secrets.token_hex(16)
                said["data"]["applicant"]["name"] = f"赵{n}"
            id_ = event_id(CODE, EARLIER, n)
            text = body(id_, said)
            yield Revision(id_, (event_rev(id_, text),), False, text, checked=True)


def fill(parts: Parts, pattern: list[dict[str, Any]], count: int) -> float:
    """Brings `count` events into a station and lets its register follow; seconds."""
    began = time.perf_counter()
    db = parts.store.database(of_station(CODE), create=True)
    coming = earlier(pattern)
    for start in range(0, count, BATCH):
        refused = db.add_revisions(list(islice(coming, min(BATCH, count - start))))
        assert not refused, refused[0]
        if sys.stderr.isatty():
            print(f"\r{start:,} of {count:,} events", end="", file=sys.stderr)
    parts.register.catch_up()
    return time.perf_counter() - began


def events_of(parts: Parts) -> list[dict[str, Any]]:
    """The bodies of the events at a station that has saved one case."""
    db = parts.store.database(of_station(CODE))
    found = [db.get(change.id) or {} for change in parts.store.changes() if change.id.startswith("ev:")]
    return [{name: value for name, value in each.items() if not name.startswith("_")} for each in found]


def at(sorted_times: list[float], share: float) -> float:
    return round(sorted_times[min(len(sorted_times) - 1, int(len(sorted_times) * share))] * 1000, 2)


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(dir=chosen.folder)))
        empty, large = station(folder, "empty"), station(folder, "large")
        plain = station(folder, "plain", encrypt=False)
        for parts in (empty, large, plain):
            opened.callback(parts.close)
        save(empty)
        pattern = events_of(empty)
        size = sum(len(json.dumps(event, ensure_ascii=False).encode()) for event in pattern)
        seconds = fill(large, pattern, chosen.events)
        connection, insert = raw(folder, size)
        opened.callback(connection.close)
        turns: dict[str, Callable[[], None]] = {
            "new": lambda: save(empty), "large": lambda: save(large), "plain": lambda: save(plain), "raw": insert,
        }  # fmt: skip
        times: dict[str, list[float]] = {name: [] for name in turns}
        gc.collect()
        for turn in range(WARM + chosen.saves):
            for parts in (empty, large, plain):  # as the server's follower does between two saves
                parts.store.tend()  # type: ignore[attr-defined]
            for name, one in turns.items():
                began = time.perf_counter()
                one()
                if turn >= WARM:
                    times[name].append(time.perf_counter() - began)
        held = large.register.totals()["events"]
        large_file = sum(file.stat().st_size for file in (folder / "large").iterdir())
    for each in times.values():
        each.sort()
    p50 = {name: at(each, 0.50) for name, each in times.items()}
    p99 = {name: at(each, 0.99) for name, each in times.items()}
    ratio = round(p99["large"] / p99["new"], 2)
    said = {"new": "new station", "large": f"station with {held:,} events", "plain": "new station, not encrypted",
            "raw": f"raw FULL commit of {size:,} bytes"}  # fmt: skip
    return {
        "results": {
            **{f"{said[name]}, p50, ms": p50[name] for name in turns},
            **{f"{said[name]}, p99, ms": p99[name] for name in turns},
            "events written by a save": len(pattern),
            "saves measured": chosen.saves,
            "filling the large store and its register, s": round(seconds),
            "files of the large station, MB": round(large_file / 1e6),
        },
        "goals": [
            {
                "name": "save and acknowledge, p99, number + 3 events + encryption + FULL (peer: raw FULL commit)",
                "value": p99["new"],
                "unit": "ms",
                "goal": 20,
                "peer": p99["raw"],
                "met": p99["new"] <= 20,
            },
            {
                "name": f"the same with {chosen.events:,} events in the store, times the new one (peer: p99 of the new one, ms)",
                "value": ratio,
                "unit": "x",
                "goal": 1.5,
                "peer": p99["new"],
                "met": ratio <= 1.5,
            },
        ],
    }
