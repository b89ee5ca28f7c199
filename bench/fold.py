"""What a fold costs: events of cases folded to states a second on one core, memory while doing so, due dates a second.

1,000,000 events of 200,000 cases, as stations write them (canonical JSON, parsed by the strict parser, the events of a
case in any order of arrival): village items ended on the spot, agency and district items with a supplement, a special
procedure, two who did not know of each other. Cases pass by as in a rebuild of the register: parsed, folded, forgotten.

Seconds are the process's own on one core: what else the machine does is left out. The peer of folding is parsing the
same bytes with the strict parser, timed in the same run: an event that takes no longer to be understood than to be read.
The peer of due dates is adding days without any calendar.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psutil

from schemas.canonical import canonical
from schemas.lifecycle import fold
from schemas.workdays import calendar
from sync import strict_json
from tests.schemas.histories import (
    BUREAU,
    TOWNSHIP,
    History,
    township_item,
    village_item,
)

CASES = 200_000
EVENTS = 1_000_000
SAMPLE = 20_000
DUES = 1_000_000
SEED = 20180209


def histories() -> list[History]:
    """The lives of cases there are, in the mix of a year: five events on average."""
    village = History(village_item(), tells=True).received().add("accept", "village_clerk")
    village.add("instant_conclude", "village_clerk")
    township = History(township_item(), tells=True).received().add("forward", "village_clerk", to=TOWNSHIP)
    township.add("accept", "township_window", TOWNSHIP).add("instant_conclude", "township_window", TOWNSHIP)
    draft = History(tells=True).add("create", "village_clerk")
    waiting = History(tells=True).at_bureau().add("notify_supplement", "examiner", BUREAU)
    long = History(tells=True).at_bureau().add("notify_supplement", "examiner", BUREAU)
    long.add("supply", "village_clerk").add("accept", "district_window", BUREAU, staff="E9")
    long.add("assign", "zone_head", BUREAU).add("suspend", "examiner", BUREAU)
    long.add("resume", "examiner", BUREAU).add("pass_step", "examiner", BUREAU)
    long.add("grant", "zone_head", BUREAU).add("conclude", "district_window", BUREAU)
    long.add("deliver", "village_clerk")
    unaware = History(tells=True).reviewing()
    early = unaware.events[:3]
    unaware.add("pass_step", "examiner", BUREAU).add("grant", "zone_head", BUREAU)
    unaware.add("withdraw", "village_clerk", seen=early)
    #  4, 5, 1, 4, 13 and 8 events; by these weights 5.0 a case
    return [*[village] * 45, *[township] * 30, *[draft] * 6, *[waiting] * 8, *[long] * 9, *[unaware] * 2]


def texts(rng: random.Random) -> list[list[bytes]]:
    """Each life as the bytes of its events, in four orders of arrival."""
    found = []
    for walk in histories():
        for _ in range(4):
            events = [canonical(doc) for doc in walk.events]
            rng.shuffle(events)
            found.append(events)
    return found


def cases(lives: list[list[bytes]], rng: random.Random) -> Iterator[list[bytes]]:
    """Cases until there are EVENTS events."""
    written = 0
    while written < EVENTS:
        life = rng.choice(lives)
        written += len(life)
        yield life


def run() -> dict[str, Any]:
    lives, days = texts(random.Random(SEED)), calendar()
    process = psutil.Process()
    folding = reading = 0.0
    counted = events = 0
    memory: list[int] = []
    for i, life in enumerate(cases(lives, random.Random(SEED))):
        began = time.process_time()
        docs = [strict_json.loads(text) for text in life]
        read = time.process_time()
        state = fold(docs, days)
        folding += time.process_time() - read
        reading += read - began
        counted += 1
        events += len(docs)
        assert state.timeline
        if i % SAMPLE == SAMPLE - 1:
            memory.append(process.memory_info().rss)
    growth = (memory[-1] - memory[0]) / 2**20
    rate, peer = events / folding, events / reading
    dues, plain = due_dates()
    return {
        "results": {
            "cases": counted,
            "events": events,
            "folding, s": round(folding, 1),
            "parsing the same events, s": round(reading, 1),
            "events folded a second": round(rate),
            "events parsed and folded a second": round(events / (folding + reading)),
            "events folded a minute": round(rate * 60),
            "resident memory after the first cases, MB": round(memory[0] / 2**20, 1),
            "growth to the last case, MB": round(growth, 1),
            "due dates a second": round(dues),
        },
        "goals": [
            goal("events folded a second (peer: parsing them strictly)", rate, "events/s", 25_000, peer),
            goal("due dates a second (peer: days added without a calendar)", dues, "dues/s", 200_000, plain),
            {
                "name": "growth of memory over all cases (limit: flat)",
                "value": round(growth, 1),
                "unit": "MB",
                "goal": 5,
                "peer": 0,
                "met": growth <= 5,
            },
        ],
    }


def due_dates() -> tuple[float, float]:
    """(due dates a second, days added without a calendar a second) over all days and the usual periods."""
    rng, days = random.Random(SEED), calendar()
    first = date(2017, 1, 1)
    asked = [(first + timedelta(rng.randrange(3500)), rng.choice((1, 3, 5, 10, 20, 45))) for _ in range(DUES)]
    began = time.process_time()
    for day, n in asked:
        days.add(day, n)
    took = time.process_time() - began
    began = time.process_time()
    for day, n in asked:
        day + timedelta(n)
    return DUES / took, DUES / (time.process_time() - began)


def goal(name: str, value: float, unit: str, wanted: float, peer: float) -> dict[str, Any]:
    """A rate to be reached."""
    return {
        "name": name,
        "value": round(value),
        "unit": unit,
        "goal": wanted,
        "peer": round(peer),
        "met": value >= wanted,
    }
