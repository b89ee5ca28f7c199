"""What the hub's queue costs: the next case for twenty at once, pages over a million cases, and the register made anew.

next       twenty examiners, each over HTTP with a connection of their own, press “next case” one after the other without a pause. Each case is
           given once, and none of the most pressing (all but the last few of each person) is passed over. On one server; with `--couchdb URL` on two web nodes of one cluster.
register   a hub's register of `--cases` rows, written directly (bench._city says how): every page of the queue, searches, the page of a case.
rebuild    a hub's store of `--documents` cases, written as documents: the register is read from them again.

    python -m bench queue --part next --couchdb http://user:password@127.0.0.1:5984
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from bench import _city
from bench._many import ID_NO, people
from schemas import numbers
from station.databases import of_station
from tests.test_journey import PERMIT, record
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World, small_city

EXAMINERS, TAKES, SPARE = 20, 2000, 200
PAGE_GOAL, NEXT_GOAL, MEMORY_GOAL, REBUILD_GOAL, ROOM_GOAL = 100.0, 300.0, 600.0, 5000.0, 2048.0
FIGURES_GOAL = 500.0
PARTS = ("next", "register", "rebuild")
BATCH = 250


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part; may be given again")
    parser.add_argument(
        "--couchdb", default="", help="an Apache CouchDB: two web nodes take next cases there"
    )
    parser.add_argument("--takes", type=int, default=TAKES, help="cases taken in all (2,000)")
    parser.add_argument("--cases", type=int, default=1_000_000, help="cases in the register (1,000,000)")
    parser.add_argument(
        "--documents", type=int, default=100_000, help="cases of which the register is rebuilt (100,000)"
    )
    parser.add_argument("--turns", type=int, default=60, help="times each page is asked for (60)")


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {}
    goals: list[dict[str, Any]] = []
    for part in chosen.part or PARTS:
        {"next": taking, "register": pages, "rebuild": rebuilding}[part](chosen, results, goals)
        gc.collect()
    return {"results": results, "goals": goals}


# -- next -------------------------------------------------------------------------------------------------------------


def taking(chosen: argparse.Namespace, results: dict[str, Any], goals: list[dict[str, Any]]) -> None:
    url = f"{chosen.couchdb.rstrip('/')}/b{secrets.token_hex(4)}-" if chosen.couchdb else ""
    with tempfile.TemporaryDirectory() as folder, small_city(Path(folder), sockets=True, couchdb=url) as city:
        nodes = [HUB]
        if url:
            city.add_web_node("hub-2")
            nodes.append("hub-2")
        names = [f"Q{n:03}" for n in range(EXAMINERS)]
        roles = frozenset({"district_window", "examiner"})
        city.appoint(
            HUB,
            *(replace(PEOPLE["E001"], employee_no=each, name=f"审查{each}", roles=roles) for each in names),
        )
        made = waiting(city, chosen.takes + SPARE)
        for name in nodes:
            register = city[name].parts.register
            while register.catch_up() or register.count(
                "current = ? AND stage > ''", ("510903000000",)
            ) < len(made):
                time.sleep(0.05)
        pressing = [
            each
            for each, _ in city[HUB].parts.register.queue.first(
                "current = ?", ["510903000000"], limit=chosen.takes - 5 * EXAMINERS
            )
        ]
        visitors = [city.visit(nodes[n % len(nodes)]).sign_in(each) for n, each in enumerate(names)]
        for each in visitors:
            each.open("/desk")
        with ThreadPoolExecutor(EXAMINERS) as pool:
            began = time.perf_counter()
            taken = list(pool.map(lambda visitor: _takes(visitor, chosen.takes // EXAMINERS), visitors))
            seconds = time.perf_counter() - began
    given = [case for cases, _ in taken for case in cases]
    took = sorted(ms for _, times in taken for ms in times)
    where = f"{len(nodes)} web nodes" if url else "one server"
    p99 = took[int(len(took) * 0.99)]
    results[f"next: {where}"] = {
        "taken": len(given), "a second": round(len(given) / seconds), "p50 ms": round(took[len(took) // 2], 1), "p99 ms": round(p99, 1),
    }  # fmt: skip
    goals += [
        goal(f"next at {where}: cases given twice", len(given) - len(set(given)), "", 0),
        goal(f"next at {where}: cases passed over", len(set(pressing) - set(given)), "", 0),
        goal(f"next at {where}, p99", p99, "ms", NEXT_GOAL),
    ]


def _takes(visitor: Visitor, times: int) -> tuple[list[str], list[float]]:
    token = visitor.page.partition('name="csrf_token" value="')[2].partition('"')[0]
    cases, took = [], []
    for _ in range(times):
        began = time.perf_counter()
        answer = visitor.client.post("/desk/next", data={"csrf_token": token})
        took.append((time.perf_counter() - began) * 1e3)
        assert answer.status_code == 303, answer.text
        cases.append(answer.headers["location"].rpartition("/")[2])
    return cases, took


def waiting(city: World, count: int) -> list[str]:
    """So many cases that wait for acceptance at the bureau: one that a clerk recorded, again under other numbers and days."""
    hub, case_no = city[HUB].parts, record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    hub.register.catch_up()
    events = sorted(hub.register.events(case_no), key=lambda event: event["lamport"])
    told = [json.dumps({k: v for k, v in each.items() if k[0] != "_"}, ensure_ascii=False) for each in events]
    today, who, made = city.time().date(), people(random.Random(9)), [case_no]
    for start in range(1, count, BATCH):

        def bodies(_txn: Any, start: int = start) -> list[dict[str, Any]]:
            found = []
            for n in range(start, min(start + BATCH, count)):
                day, (name, id_no) = today - timedelta(days=n % 19), next(who)
                other = numbers.case_no(VILLAGE, day, 5000 + n // 19)
                made.append(other)
                for text in told:
                    text = text.replace(case_no, other).replace(ID_NO, id_no).replace("赵小明", name)
                    found.append(json.loads(text.replace(f'"at": "{today}', f'"at": "{day}')))
            return found

        hub.ledger.append(of_station(VILLAGE), bodies)
    return made


# -- register ---------------------------------------------------------------------------------------------------------


def pages(chosen: argparse.Namespace, results: dict[str, Any], goals: list[dict[str, Any]]) -> None:
    """The queue's pages by who may see one bureau and who sees both, searches, and pages of real cases among the rows."""
    draw = random.Random(7)
    with tempfile.TemporaryDirectory() as folder, small_city(Path(folder)) as city:
        real = waiting(city, 200)
        register = city[HUB].parts.register
        register.catch_up()
        _city.fill(city, register, chosen.cases)
        room = city[HUB].parts.settings.register_path.stat().st_size
        queued = register.queue.count("1", [])
        examiner, lead = city.visit(HUB).sign_in("E001"), city.visit(HUB).sign_in("S001")
        words = [
            "王",
            "李秀",
            "芳",
            "敏静",
            "wangfang",
            "lx",
            "zhaom",
            "食品",
            "登记",
            "不存在",
            real[0],
            real[1][:14],
        ]
        numbered = range(1, 20)
        asked: dict[str, tuple[Visitor, Callable[[], tuple[str, dict[str, str]]]]] = {}
        dashboards: dict[str, tuple[Visitor, Callable[[], tuple[str, dict[str, str]]]]] = {}
        for who, visitor in (("a bureau", examiner), ("the city", lead)):
            asked |= {
                f"queue of {who}": (visitor, lambda: (f"/desk?page={draw.choice(numbered)}", {})),
                f"zone of {who}": (
                    visitor,
                    lambda: (
                        f"/desk?zone={draw.choice(ZONES)}&stage=review&page={draw.choice((1, 2, 5))}",
                        {},
                    ),
                ),
                f"filters of {who}": (visitor, lambda: (f"/desk?{draw.choice(FILTERS)}", {})),
                f"search in the queue of {who}": (visitor, lambda: ("/desk", {"q": draw.choice(words)})),
                f"all cases of {who}": (visitor, lambda: (f"/desk/all?page={draw.choice((1, 2, 9))}", {})),
                f"search in all cases of {who}": (visitor, lambda: ("/desk/all", {"q": draw.choice(words)})),
                f"case, for {who}": (visitor, lambda: (f"/cases/{draw.choice(real)}", {})),
            }
        asked |= {
            "my work": (examiner, lambda: ("/desk?mine=1", {})),
            "work list": (examiner, lambda: ("/work", {})),
        }
        year = city.time().year
        for name, address in (
            ("the city's year", f"/figures?period={year - 1}"),
            ("a district's month", f"/figures?period={year - 1}-06&district=510903"),
            ("a township's year", f"/figures?period={year - 1}&town=510903001"),
            ("a zone's year", f"/figures?period={year - 1}&zone={ZONES[0]}"),
            ("a department's year", f"/figures?period={year - 1}&department={PERMIT.department}"),
            ("cases behind a figure", f"/figures/on_time_rate?period={year - 1}"),
            ("what is not in it", f"/figures/on_time_rate?period={year - 1}&rest=1"),
        ):
            dashboards[f"figures: {name}"] = (lead, lambda address=address: (address, {}))
        asked |= dashboards
        for name, (visitor, address) in asked.items():
            visitor.open("/desk")
            took = timed(visitor, (address() for _ in range(chosen.turns)))
            results[f"register: {name}"] = took
            most = FIGURES_GOAL if name in dashboards else PAGE_GOAL
            goals.append(goal(f"register of {chosen.cases:,}: {name}, p95", took["p95 ms"], "ms", most))
        examiner.open("/desk")
        took = timed(examiner, (("/desk/next", {"zone": ""}) for _ in range(chosen.turns)))
        results["register: next case"] = took
    resident = psutil.Process().memory_info().rss / 1e6
    results |= {
        "register: cases": chosen.cases,
        "register: cases in queues": queued,
        "register: MB": round(room / 1e6),
    }
    goals += [
        goal("register: next case with its page, p95", took["p95 ms"], "ms", PAGE_GOAL + 50),
        goal("register: room a case", room / chosen.cases, "bytes", ROOM_GOAL),
        goal(
            "register: resident memory of hub, three stations and this benchmark", resident, "MB", MEMORY_GOAL
        ),
    ]


ZONES = ("商事登记", "社会事务", "交通农业", "经济建设", "综合事务")
FILTERS = (
    "overdue=1", "priority=green_channel", "priority=urged", "town=510903001000", f"item={PERMIT.item_code}",
    f"department={PERMIT.department}", "stage=acceptance", "overdue=1&zone=社会事务&stage=review",
)  # fmt: skip


def timed(visitor: Visitor, asked: Iterable[tuple[str, dict[str, str]]]) -> dict[str, float]:
    took = []
    for path, fields in asked:
        began = time.perf_counter()
        page = visitor.send(path, **fields) if fields else visitor.open(path)
        took.append((time.perf_counter() - began) * 1e3)
        assert visitor.status in (200, 404), page
    took.sort()
    return {"p50 ms": round(took[len(took) // 2], 1), "p95 ms": round(took[int(len(took) * 0.95)], 1)}


# -- rebuild ----------------------------------------------------------------------------------------------------------


def rebuilding(chosen: argparse.Namespace, results: dict[str, Any], goals: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder, small_city(Path(folder)) as city:
        waiting(city, chosen.documents)
        register = city[HUB].parts.register
        register.catch_up()
        before = register.totals()
        began = time.perf_counter()
        register.rebuild()
        seconds = time.perf_counter() - began
        assert register.totals() == before
    results["rebuild"] = {**before, "seconds": round(seconds, 1)}
    goals.append(
        goal("rebuild, events a second", before["events"] / seconds, "1/s", REBUILD_GOAL, most=False)
    )


def goal(name: str, value: float, unit: str, limit: float, *, most: bool = True) -> dict[str, Any]:
    met = value <= limit if most else value >= limit
    return {"name": name, "value": round(value, 1), "unit": unit, "goal": limit, "peer": limit, "met": met}
