"""A city's years in a hub's register: so many cases, of all stations, most of them over. Measures nothing.

Rows are written into the register directly, as the fold of their events would leave them: what is measured on them is pages. Rebuilding
a register from documents is measured on documents (bench.queue, part "rebuild"). Their numbers, people and days are drawn; the documents of
a few stand behind them, so that a case's page has something to fold.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bench._many import people
from schemas import numbers, priorities, tables, worklists
from station.case_rows import COLUMNS, id_digest
from station.found_by import FoundBy
from station.register import Register
from tests.world import World

BATCH = 20_000
WAITS = 0.03
"""The share of cases that wait at a deciding station; all others are over."""
STATES = (("received", "accept"), ("reviewing", "review"), ("reviewing", "decide"), ("decided", "issue"))


def fill(world: World, register: Register, count: int) -> None:
    """So many rows: in `cases`, `queue`, the index of names and the list of events."""
    draw = random.Random(8)
    who = people(draw)
    districts = {each.code[:6]: each.code for each in tables.districts() if each.role == "approval_bureau"}
    stations = [each for each in tables.stations().values() if each.level in ("village", "township")]
    items = [each for each in tables.items().values() if each.zone]
    today, found_by = world.time().date(), FoundBy(register._connection)
    places = ",".join("?" * len(COLUMNS))

    def drawn(start: int) -> Iterator[tuple[dict[str, Any], tuple[Any, ...] | None]]:
        for n in range(start, min(start + BATCH, count)):
            station, item, (name, id_no) = stations[n % len(stations)], draw.choice(items), next(who)
            waits = station.district_code in districts and draw.random() < WAITS * 2.5
            day = today - timedelta(days=draw.randrange(20) if waits else 30 + draw.randrange(360))
            case_no = numbers.case_no(station.code, day, 1 + n // len(stations))
            state, turn = draw.choice(STATES) if waits else ("delivered", "")
            due = day + timedelta(days=21)
            stage = worklists.place(state)
            current = districts[station.district_code] if waits else station.code
            at = f"{day}T09:{n % 60:02}:00+08:00"
            row = dict(zip(COLUMNS, (
                case_no, f"{n:032x}", state, stage.stage, stage.list, not waits, station.code, current, station.district_code,
                item.item_code, item.name, item.department, item.zone, False, name, id_digest(id_no), at, at, None,
                due.isoformat() if waits else None, None if waits else "granted", 0, None, 0, 0,
                "accept" if waits else "deliver", at, "V001",
            ), strict=True))  # fmt: skip
            town = (station.parent_code or station.code) if station.level == "village" else station.code
            priority = draw.choice(("green_channel", "vip", "urged")) if draw.random() < 0.02 else ""
            waiting = (
                case_no, current, stage.stage, item.zone, turn, priorities.rank(due, priority), due.isoformat(), priority, "",
                item.item_code, item.department, town, "",
            ) if waits else None  # fmt: skip
            yield row, waiting

    for start in range(0, count, BATCH):
        with register._transaction():
            for row, waiting in drawn(start):
                register._execute(f"INSERT OR REPLACE INTO cases VALUES ({places})", tuple(row.values()))
                found_by.note(row)
                if waiting:
                    register._execute(
                        f"INSERT OR REPLACE INTO queue VALUES ({','.join('?' * len(waiting))})", waiting
                    )
                db = f"station-{row['origin']}"
                db, first = (
                    f"station-{row['origin']}",
                    7 * len(tables.stations()) * int(row["case_no"][12:24]),
                )
                events = [(db, row["case_no"], row["origin"], "k3v7q2mh", first + n) for n in range(7)]
                register._executemany("INSERT OR REPLACE INTO events VALUES (?,?,?,?,?)", events)
