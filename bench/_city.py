"""A city's years in a hub's register: so many cases, of all stations, most of them over. Measures nothing.

Rows are written into the register directly, as the fold of their events would leave them: what is measured on them is pages. Rebuilding
a register from documents is measured on documents (bench.queue, part "rebuild"). Their numbers, people and days are drawn; the documents of
a few stand behind them, so that a case's page has something to fold.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from bench._many import people
from schemas import numbers, priorities, tables, worklists
from schemas.document_numbers import document_no
from station.case_rows import COLUMNS, INSERT, id_digest
from station.fact_rows import COLUMNS as FACTS
from station.found_by import FoundBy
from station.register import Register
from sync.event_ids import EventId
from sync.seals import Run
from tests.world import World

BATCH = 20_000
WAITS = 0.03
"""The share of cases that wait at a deciding station; all others are over."""
PAPERS = ("收", "受", "准", "办", "送")
STATES = (("received", "accept"), ("reviewing", "review"), ("reviewing", "decide"), ("decided", "issue"))


def fill(world: World, register: Register, count: int) -> None:
    """So many rows: in `cases`, `queue`, the index of names, and the lists of events (seven a case) and of papers (five)."""
    draw = random.Random(8)
    who = people(draw)
    districts = {each.code[:6]: each.code for each in tables.districts() if each.role == "approval_bureau"}
    stations = [each for each in tables.stations().values() if each.level in ("village", "township")]
    items = [each for each in tables.items().values() if each.zone]
    today, found_by = world.time().date(), FoundBy(register._connection)

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
                db, serial = f"station-{row['origin']}", int(row["case_no"][20:24])
                run, first = EventId(row["origin"], "k3v7q2mh", 1), 7 * (serial + 10_000)
                register._proofs.note(db, [Run(run.writer, run.epoch)])
                register._events.note(db, [(run._replace(n=first + n), row["case_no"]) for n in range(7)])
                register._issued.note(
                    {"case": row["case_no"], "station": row["origin"], "at": row["last_at"],
                     "data": {"document_no": document_no(row["origin"], word, int(row["last_at"][:4]), serial)}}
                    for word in PAPERS
                )  # fmt: skip
                register._execute(INSERT, tuple(row.values()))
                register._facts.put(row["case_no"], _facts(row, draw))
                found_by.note(row)
                if waiting:
                    register._execute(
                        f"INSERT OR REPLACE INTO queue VALUES ({','.join('?' * len(waiting))})", waiting
                    )


def _facts(row: dict[str, Any], draw: random.Random) -> tuple[Any, ...]:
    """What statistics would keep of it: most of it in time, some of it late."""
    item, day = tables.items()[row["item_code"]], row["received_at"][:10]
    done, late = row["final"], draw.random() < 0.02
    done_on = (
        str(date.fromisoformat(day) + timedelta(days=0 if item.instant else draw.randrange(6)))
        if done
        else None
    )
    known = {
        "origin": row["origin"], "district": row["district"], "department": item.department, "zone": item.zone or "", "level": item.level,
        "legal": item.legal_days, "used": draw.randrange(item.promised_days + 1) if done else None, "accepted_on": day, "concluded_on": done_on,
        "late_on": day if late else None if done else row["due"], "on_time": not late, "committed": not item.instant, "timed": 1,
        "instant": item.instant, "same_day": done_on == day, "below": 1, "village": row["origin"][9:] != "000",
    }  # fmt: skip
    return tuple(known.get(name, draw.random() < 0.5) for name in FACTS)
