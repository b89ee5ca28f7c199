"""What pages cost a clerk, in milliseconds as the server spends them: each page of a township with 100,000 cases in its store, saving, and
what the search box finds as somebody types.

Every address of the URL map that is for people is asked `--turns` times, in any order, by the signed-in clerk; one that this file has no
sample for is named, so that no page is forgotten. Cases are drawn among all, and half of the time among those that are not over.
A save is a form posted and the answer that says where to look, durable by then.

Queries are what people would have typed by then: beginnings of all items' names and of how they sound, of their initials and of
plain talk, half of them with a slip; `--queries` of them, drawn at random, each answered with the whole page. A query that opens an item at
once counts until that item's page is there.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from bench._many import fill
from schemas import finding, offers, tables
from station.pages import LISTS
from tests.rights.tables import PROGRAMS, routes
from tests.world import TOWNSHIP, VILLAGE, Visitor, World, application, small_city

CASES, TURNS = 100_000, 60
PAGE_GOAL, SAVE_GOAL = 100.0, 150.0  # milliseconds
# Not pages, or the same for everybody.
ELSEWHERE = (*PROGRAMS, "/static/", "/bootstrap/", "/up", "/start", "/sign-in")
AT = {"village": (VILLAGE, "V001"), "township": (TOWNSHIP, "T001")}
GOAL = 50.0
ALPHABET = "abcdefghijklmnopqrstuvwxyz办证的一"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--queries", type=int, default=2000, help="queries asked at each place (2,000)")
    parser.add_argument("--cases", type=int, default=CASES, help="cases in the township's store (100,000)")
    parser.add_argument("--turns", type=int, default=TURNS, help="times each page is asked for (60)")


def queries(draw: random.Random) -> list[str]:
    """All beginnings of what may be typed, each once, and as many with one character wrong."""
    typed: set[str] = set()
    for row in tables.rows("pinyin"):
        syllables = row["pinyin"].split()
        for text in (row["text"], "".join(syllables), "".join(each[0] for each in syllables)):
            typed.update(text[:end] for end in range(1, len(text) + 1))
    right = sorted(typed)
    wrong = []
    for text in right:
        at = draw.randrange(len(text))
        wrong.append(text[:at] + draw.choice(ALPHABET) + text[at + 1 :])
    asked = right + wrong
    draw.shuffle(asked)
    return asked


def timed(ask: Callable[[str], object], asked: Iterable[str]) -> dict[str, float]:
    """Milliseconds as they pass, and those of the processor: the difference is what the machine's other work took."""
    passed, busy = [], []
    for each in asked:
        began = time.perf_counter(), time.thread_time()
        ask(each)
        passed.append((time.perf_counter() - began[0]) * 1e3)
        busy.append((time.thread_time() - began[1]) * 1e3)
    passed.sort()
    busy.sort()
    share = int(len(passed) * 0.95)
    return {"p50 ms": passed[len(passed) // 2], "p95 ms": passed[share], "p95 ms of processor": busy[share]}


def samples(world: World, draw: random.Random) -> dict[str, Callable[[], str]]:
    """For each route with a part to fill in, an address drawn anew each time."""
    register = world[TOWNSHIP].parts.register
    every = [row["case_no"] for row in register.select(limit=10**7)]
    unfinished = [row["case_no"] for row in register.select("final = 0", limit=10**7)]
    offered = {code: offers.offer(each, tables.station(TOWNSHIP)) for code, each in tables.items().items()}
    listed = [code for code, offer in offered.items() if offer]
    taken_in = [code for code, offer in offered.items() if offer and offer.mode in offers.OPENS_CASES]
    lists = [f"?list={name}&page={page}" for name in LISTS for page in (1, 2, 9)]
    return {
        "/cases": lambda: "/cases" + draw.choice(lists),
        "/items/<code>": lambda: f"/items/{draw.choice(listed)}",
        "/items/<code>/list": lambda: f"/items/{draw.choice(listed)}/list",
        "/items/<code>/poster": lambda: f"/items/{draw.choice(listed)}/poster",
        "/items/<code>/screen": lambda: f"/items/{draw.choice(listed)}/screen",
        "/touch/items": lambda: "/touch/items?q=" + draw.choice(("户口", "dibao", "食品经营", "盖房子")),
        "/touch/items/<code>": lambda: f"/touch/items/{draw.choice(listed)}",
        "/board": lambda: f"/board?page={draw.randint(1, 6)}",
        "/items/<code>/record": lambda: f"/items/{draw.choice(taken_in)}/record",
        "/cases/<case_no>": lambda: f"/cases/{draw.choice(draw.choice((every, unfinished)))}",
        "/cases/<case_no>/receipt": lambda: f"/cases/{draw.choice(every)}/receipt",
        "/cases/<case_no>/papers": lambda: f"/cases/{draw.choice(every)}/papers",
        "/cases/<case_no>/papers/<kind>": lambda: f"/cases/{draw.choice(every)}/papers/receipt",
    }


def every_page(world: World, clerk: Visitor, draw: random.Random, turns: int) -> dict[str, dict[str, float]]:
    """{route: as `timed`}; one that this clerk may not open, or that has no sample, is {}."""
    drawn, took = samples(world, draw), {}
    for method, route in sorted(routes(world[TOWNSHIP].app)):
        if method != "GET" or route.startswith(ELSEWHERE):
            continue
        address = drawn.get(route, lambda route=route: route)
        answers = Counter[int]()

        def ask(each: str, answers: Counter[int] = answers) -> None:
            answers[clerk.client.get(each, follow_redirects=True).status_code] += 1

        times = timed(ask, [address() for _ in range(turns)])
        took[route] = times if set(answers) == {200} else {}
    words = ["王", "李秀", "芳", "敏静", "食品", "登记", "不存在"]
    took["POST /cases"] = timed(
        lambda each: clerk.send("/cases", q=each), [draw.choice(words) for _ in range(turns)]
    )
    return took


def saves(clerk: Visitor, turns: int) -> dict[str, dict[str, float]]:
    """What it takes to record a case, and to take its next step."""
    item = next(each for each in tables.items().values() if each.township_mode == "direct" and each.instant)
    address, forms, made = f"/items/{item.item_code}/record", [], []
    for _ in range(turns):
        clerk.open(address)
        forms.append(application(clerk.form))
    token = {"csrf_token": str(re.findall(r'name="csrf_token" value="([^"]+)"', clerk.page)[0])}

    def record(form: Mapping[str, str]) -> None:
        made.append(clerk.client.post(address, data={**token, **form}).headers["location"].partition("?")[0])

    def accept(case: str) -> None:
        assert clerk.client.post(f"{case}/accept", data=token).status_code == 303

    return {"record": timed(record, forms), "accept": timed(accept, made)}


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    draw, goals = random.Random(7), []
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, small_city(Path(folder)) as city:
        goals += searching(city, results, draw, chosen.queries)
        fill(city, chosen.cases)
        clerk = city.visit(TOWNSHIP).sign_in("T001")
        for route, took in every_page(city, clerk, draw, chosen.turns).items():
            results[f"page {route}"] = {key: round(value, 1) for key, value in took.items()} or "not measured"
            if took:
                goals.append(goal(f"page {route}, p95", took["p95 ms"], PAGE_GOAL))
        for name, took in saves(clerk, chosen.turns).items():
            results[f"save: {name}"] = {key: round(value, 1) for key, value in took.items()}
            goals.append(goal(f"save: {name}, p95", took["p95 ms"], SAVE_GOAL))
        results["cases in the store"] = city[TOWNSHIP].parts.register.totals()["cases"]
    return {"results": results, "goals": goals}


def goal(name: str, value: float, most: float) -> dict[str, Any]:
    return {"name": name, "value": round(value, 1), "unit": "ms", "goal": most, "peer": most, "met": value <= most}  # fmt: skip


def searching(city: World, results: dict[str, Any], draw: random.Random, most: int) -> list[dict[str, Any]]:
    """The goals of the search box; figures go to `results`."""
    asked = queries(draw)
    results |= {"items": len(tables.items()), "queries that could be typed": len(asked)}
    asked = asked[:most]
    results["queries asked at each place"] = len(asked)
    goals = []
    for name, (code, who) in AT.items():
        station, clerk = tables.station(code), city.visit(code).sign_in(who)
        alone = timed(lambda each, at=station: finding.find(each, at), asked)
        page = timed(lambda each, clerk=clerk: clerk.open("/items", q=each), asked)
        assert "要办什么事" in clerk.open("/items"), "it is still the signed-in clerk's page"
        for what, took in (("search alone", alone), ("whole page", page)):
            results |= {f"{what} at a {name}, {key}": round(value, 2) for key, value in took.items()}
        goals.append(goal(f"search as you type at a {name}, whole page, p95", page["p95 ms"], GOAL))
    return goals
