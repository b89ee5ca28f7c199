"""A township with very many cases in its store, as years of work leave them: most delivered, some at each other stage, its own and
some of a village. Measures nothing.

A few cases are recorded and walked through their steps as clerks do. The rest are these again under other numbers, people and days,
written through the ledger as any event is.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from stdnum.cn import ric

from schemas import numbers, tables
from station.casework import Application
from station.databases import of_station
from station.moment import stamp
from sync.replicate import replicate
from tests.schemas.histories import forms
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, World

BATCH = 250  # cases a transaction
DAYS = 700  # over which they spread, up to the world's today
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "芳伟娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰梅红"
ENDS = ("accept", "instant_conclude", "deliver")
# How a hundred cases of a township stand: (steps after receiving, cases of a hundred).
STANDING: tuple[tuple[tuple[str, ...], int], ...] = (
    (ENDS, 94),
    (ENDS[:2], 1),
    (ENDS[:1], 2),
    (("notify_supplement",), 1),
    ((), 2),
)


@dataclass(frozen=True)
class Life:
    """A case that was walked: its events as text, with its number and its person in them."""

    case_no: str
    events: tuple[str, ...]


def walked(world: World, code: str, steps: tuple[str, ...]) -> Life:
    """A case of an item that the station ends itself, received and taken so far."""
    parts, staff = world[code].parts, PEOPLE["T001" if code == TOWNSHIP else "V001"]
    mode = "township_mode" if code == TOWNSHIP else "village_mode"
    item = next(each for each in tables.items().values() if getattr(each, mode) == "direct" and each.instant)
    case_no = parts.casework.record(
        staff,
        Application(
            parts.random(16).hex(), item.item_code, NAME, "111", ID_NO, "13800001234", "三组12号",
            frozenset(range(1, 30)), True,
        ),
    )  # fmt: skip
    for each in steps:
        parts.casework.act(case_no, staff, [(each, forms(item)[each])])
    parts.register.catch_up()
    events = sorted(parts.register.events(case_no), key=lambda event: event["lamport"])
    bare = [{key: value for key, value in each.items() if key[0] != "_"} for each in events]
    return Life(case_no, tuple(json.dumps(each, ensure_ascii=False) for each in bare))


NAME, ID_NO = "欧阳不存在", "510903199003070012"


def people(draw: random.Random) -> Iterator[tuple[str, str]]:
    """(name, identity number) of invented people, each of whom comes three times or so."""
    known: list[tuple[str, str]] = []
    while True:
        if known and draw.random() < 0.66:
            yield draw.choice(known)
            continue
        born = date(1940, 1, 1) + timedelta(days=draw.randrange(27_000))
        digits = f"510903{born:%Y%m%d}{draw.randrange(1000):03d}"
        name = draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.choice((1, 2, 2))))
        known.append((name, digits + ric.calc_check_digit(digits + "0")))
        yield known[-1]


def fill(world: World, count: int, of_village: int = 500) -> None:
    """So many cases at the township, confirmed by the hub; `of_village` of them from its village, and brought by sync."""
    draw = random.Random(7)
    for code, share in ((VILLAGE, of_village), (TOWNSHIP, count - of_village)):
        lives = [life for steps, of_100 in STANDING for life in [walked(world, code, steps)] * of_100]
        _write(world, code, lives, share, draw)
        if code == VILLAGE:
            world.sync(VILLAGE, TOWNSHIP, VILLAGE)
    _confirm(world, of_station(TOWNSHIP))
    town = world[TOWNSHIP].parts
    town.register.catch_up()
    assert town.register.totals()["cases"] >= count
    assert not town.register.waiting()


def _confirm(world: World, db: str) -> None:
    """The hub holds the township's database, says so, and both go on from there: what rounds would have brought about, sooner."""
    hub, town, url = world[HUB].parts, world[TOWNSHIP].parts, world[HUB].url
    proven = [(seal.run, seal.n, seal.head) for seal in town.trust.seal(db)]
    town.trust.take(db, hub.trust.confirm(db, proven, stamp(world.time())))
    replicate(town.store.database(db), hub.store.database(db, create=True))
    exchanges, server = town.agent._exchanges, town.agent._connect(url)
    assert exchanges is not None
    theirs = exchanges.beginning(server, url)
    assert theirs is not None
    exchanges.agree(server, url, town.store.update_seq, theirs)


def _write(world: World, code: str, lives: list[Life], count: int, draw: random.Random) -> None:
    parts, today, who = world[code].parts, world.time().date(), people(draw)
    for start in range(0, count, BATCH):

        def bodies(_txn: Any, start: int = start) -> list[dict[str, Any]]:
            found = []
            for n in range(start, min(start + BATCH, count)):
                day, (name, id_no), life = today - timedelta(days=n % DAYS), next(who), draw.choice(lives)
                case_no = numbers.case_no(code, day, 5_000 + n // DAYS)
                for text in life.events:
                    text = text.replace(life.case_no, case_no).replace(ID_NO, id_no).replace(NAME, name)
                    found.append(json.loads(text.replace(f'"at": "{today}', f'"at": "{day}')))
            return found

        parts.ledger.append(of_station(code), bodies)
        if sys.stderr.isatty():
            print(f"\r{start:,} of {count:,} cases at {code}", end="", file=sys.stderr)
