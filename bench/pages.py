"""What pages cost a clerk: milliseconds of one query of the search box, at a village and at a township, as the server spends them.

Each query is asked as a signed-in clerk does, and answered with the whole page, which is more than what the page's script asks for as
one types. Queries are what people would have typed by then: beginnings of all items' names and of how they sound, of their
initials and of plain talk, half of them with a slip; `--queries` of them, drawn at random. A query that opens an item at once
counts until that item's page is there. Other pages will be measured here as well.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from schemas import finding, tables
from tests.world import TOWNSHIP, VILLAGE, small_city

AT = {"village": (VILLAGE, "V001"), "township": (TOWNSHIP, "T001")}
GOAL = 50.0
ALPHABET = "abcdefghijklmnopqrstuvwxyz办证的一"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--queries", type=int, default=2000, help="queries asked at each place (2,000)")


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


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    asked = queries(random.Random(7))
    results: dict[str, Any] = {"items": len(tables.items()), "queries that could be typed": len(asked)}
    asked = asked[: chosen.queries]
    results["queries asked at each place"] = len(asked)
    goals = []
    with tempfile.TemporaryDirectory() as folder, small_city(Path(folder)) as city:
        for name, (code, who) in AT.items():
            station, clerk = tables.station(code), city.visit(code).sign_in(who)
            alone = timed(lambda each, at=station: finding.find(each, at), asked)
            page = timed(lambda each, clerk=clerk: clerk.open("/items", q=each), asked)
            assert "要办什么事" in clerk.open("/items"), "it is still the signed-in clerk's page"
            for what, took in (("search alone", alone), ("whole page", page)):
                results |= {f"{what} at a {name}, {key}": round(value, 2) for key, value in took.items()}
            goals.append(
                {
                    "name": f"search as you type at a {name}, whole page, p95",
                    "value": round(page["p95 ms"], 1),
                    "unit": "ms",
                    "goal": GOAL,
                    "peer": GOAL,
                    "met": page["p95 ms"] <= GOAL,
                }
            )
    return {"results": results, "goals": goals}
