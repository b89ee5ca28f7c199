"""After an outage every station of the city comes back to the hub at once, each with a day of 20 events; then all wait for news.

One real hub (`bianmin-hub serve`, uvicorn, just started again, so that nobody has a pass) and 2,324 stations in two processes beside it
(`bench._returning`), on the same two cores. All of them begin at one moment. Meanwhile an examiner opens the queue four times a second.
The clock runs until the last station holds the hub's signed receipt for all it wrote. An exchange is timed at the station, from its
first byte out to the last one in; one that the hub put off (429, 503) is none, and a station that comes back before it was asked to is counted.

Afterwards each station holds a long poll, and townships get what came of their villages; how long that takes is told. Then the examiner claims and accepts cases of stations drawn at random; each decision counts from the
click until it is in the station's own store.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench import _returning
from bench._returning import Ask, Meeting
from bench.save import CODE, at, events_of, save, station
from hub import app as hub_app
from hub import devices
from hub import staff as office
from schemas import tables
from station.databases import HERE, PUBLIC, of_case
from station.moment import stamp, system_clock
from station.settings import Settings
from station.staff import Staff
from sync.exchange import log as logs
from sync.exchange.log import Log, Record
from sync.exchange.message import LANES
from tests.world import Visitor

STATIONS, EVENTS, WORKERS, DECISIONS = 2324, 20, 2, 40
BUREAU, PASSWORD = "510903000000", "correct horse"
PATIENCE = 300.0
QUIET = 5.0  # seconds without an exchange: whoever had something to fetch has fetched it
GOALS = {"seconds": 60.0, "exchange": 5.0, "queue": 0.5, "memory": 600.0, "decision": 1.0, "errors": 0.0}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stations", type=int, default=STATIONS, help=f"how many come back ({STATIONS})")
    parser.add_argument("--decisions", type=int, default=DECISIONS, help=f"decisions sent down ({DECISIONS})")


def prepared(folder: Path, keys: dict[str, str], url: str) -> Meeting:
    """The hub's data: devices let in, an examiner, and the logs of having met every station. What stations know of it."""
    parts = hub_app.build_parts(Settings(data=folder, code=hub_app.CODE, encrypt=False))
    now = stamp(system_clock())
    for code, key in keys.items():
        devices.admit_device(parts.store, parts.identity.signer, code, key, now)
    roles = frozenset({"district_window", "examiner", "zone_head"})
    examiner = Staff("E001", "周审查", BUREAU, roles, trained_on=date(2018, 1, 5))
    start = office.add(parts.store, parts.identity.signer, examiner, parts.random)
    parts.accounts.choose(parts.accounts.sign_in("E001", start), PASSWORD)
    id, seq = secrets.token_hex(6), parts.store.update_seq
    log = Log(parts.store.era).add(Record(id, "", (seq,) * LANES, (0,) * LANES))
    for code in keys:
        parts.store.database(HERE).put_local(f"exchange:device/{code}", logs.write(log))
    public = parts.store.database(PUBLIC)
    held = public.get_revisions({each.id: each.revs for each in public.changes(0, 10**6).results})
    known = [(each.id, each.path, each.deleted, each.body) for each in held]
    met = Meeting(url, parts.identity.root, parts.store.era, seq, id, known)
    parts.close()
    return met


@contextmanager
def hub(folder: Path, port: int) -> Iterator[int]:
    """The real program, as it is started; its process."""
    command = [sys.executable, "-m", "hub.cli", "--data", str(folder), "--port", str(port), "serve"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(port), "the hub to start", 60)
            yield process.pid
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/up", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


class Beside(threading.Thread):
    """What is watched while the stations come: the examiner's queue, and the hub's memory."""

    def __init__(self, examiner: Visitor, pid: int) -> None:
        super().__init__(daemon=True)
        self._examiner, self._process = examiner, psutil.Process(pid)
        self.pages: list[float] = []
        self.failed = 0
        self.memory = self.busy = 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.25):
            began = time.monotonic()
            self._examiner.open("/desk")
            self.pages.append(time.monotonic() - began)
            self.failed += self._examiner.status != 200
            self.memory = max(self.memory, self._process.memory_info().rss / 2**20)
            self.busy = sum(self._process.cpu_times()[:2])


class Crowd:
    """The processes of stations, and what is asked of all of them."""

    def __init__(self, folder: Path, codes: list[str], pattern: list[str], case_no: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipes, self.processes, self.keys = [], [], {}
        for n in range(WORKERS):
            ours, theirs = spawn.Pipe()
            given = (str(folder), codes[n::WORKERS], pattern, CODE, case_no, EVENTS, theirs)
            self.processes.append(spawn.Process(target=_returning.run, args=given, daemon=True))
            self.processes[-1].start()
            theirs.close()
            self.pipes.append(ours)
        for pipe in self.pipes:
            self.keys |= pipe.recv()

    def all(self, said: Any) -> list[Any]:
        for pipe in self.pipes:
            pipe.send(said)
        return [pipe.recv() for pipe in self.pipes]

    def begin(self, moment: float) -> None:
        for pipe in self.pipes:
            pipe.send(moment)

    def level(self) -> list[float]:
        return [moment for each in self.all("level") for moment in each]

    def asked(self) -> list[Ask]:
        return [Ask(*each) for process in self.all("asked") for _, asked in process for each in asked]

    def close(self) -> None:
        for pipe in self.pipes:
            pipe.send("stop")
        for process in self.processes:
            process.terminate()
            process.join()


def until(holds: Any, what: str, patience: float = PATIENCE, step: float = 0.25) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience:.0f} s for {what}")
        time.sleep(step)


def decided(crowd: Crowd, examiner: Visitor, number: int) -> list[float]:
    """Seconds from the click on 受理 until the decision is in its station's store, one after the other."""
    draw, took = random.Random(8), []
    found: list[str] = []
    for page in range(1, 2 + number // 5):
        examiner.open("/desk", page=str(draw.randint(1, 40) if page > 1 else 1))
        found += draw.sample(examiner.cases, min(5, len(examiner.cases)))
    for case_no in list(dict.fromkeys(found))[:number]:
        db = of_case(case_no)
        examiner.open(f"/cases/{case_no}")
        examiner.send(f"/desk/{case_no}/claim")
        before = time.monotonic()
        examiner.send(f"/cases/{case_no}/accept")
        until(lambda db=db, before=before: _came(crowd, db, before), f"the decision on {case_no}", 60, 0.02)
        took.append(min(_came(crowd, db, before)) - before)
    return took


def _came(crowd: Crowd, db: str, after: float) -> list[float]:
    """When what was written after that moment came to the station of a database."""
    return [moment for each in crowd.all(db) for told in each for moment in told.values() if moment > after]


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    memory = Path("/dev/shm")  # the stations' own disks, which are not measured
    with (
        tempfile.TemporaryDirectory() as place,
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as theirs,
    ):
        folder = Path(place)
        sample = station(folder, "sample")
        save(sample)
        pattern = events_of(sample)
        sample.close()
        codes = [each.code for each in tables.stations().values() if each.level in ("village", "township")][
            : chosen.stations
        ]
        crowd = Crowd(
            Path(theirs),
            codes,
            [json.dumps(each, ensure_ascii=False) for each in pattern],
            pattern[0]["case"],
        )
        try:
            return _measured(chosen, folder, crowd)
        finally:
            crowd.close()


def _measured(chosen: argparse.Namespace, folder: Path, crowd: Crowd) -> dict[str, Any]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    crowd.all(prepared(folder / "hub", crowd.keys, url))
    with hub(folder / "hub", port) as pid:
        examiner = Visitor(httpx.Client(base_url=url, trust_env=False, timeout=60)).sign_in("E001", PASSWORD)
        beside = Beside(examiner, pid)
        began = time.monotonic() + 1.0
        crowd.begin(began)
        beside.start()
        until(
            lambda: all(crowd.level()) or time.monotonic() > began + PATIENCE,
            "all stations",
            PATIENCE + 60,
            1.0,
        )
        beside.ended.set()
        beside.join()
        level, asked = crowd.level(), crowd.asked()
        crowd.all("hold")
        until(lambda: sum(crowd.all("held")) == len(level), "all waits to be held", PATIENCE, 0.5)
        # Townships now get what came from their villages; until then the hub is busy, and that is told besides.
        until(
            lambda: time.monotonic() - max(each.ended for each in crowd.asked()) > QUIET,
            "the townships",
            600,
            1.0,
        )
        drained = max(each.ended for each in crowd.asked()) - began
        decisions = sorted(decided(crowd, examiner, chosen.decisions))
        held = psutil.Process(pid).memory_info().rss / 2**20
    return _report(chosen, began, level, asked, beside, decisions, held, drained)


def _report(
    chosen: argparse.Namespace, began: float, level: list[float], asked: list[Ask], beside: Beside, decisions: list[float], held: float, drained: float
) -> dict[str, Any]:  # fmt: skip
    exchanges = sorted(
        each.ended - each.began for each in asked if each.what == "POST /x" and each.status == 200
    )
    passes = sorted(
        each.ended - each.began for each in asked if each.what == "POST /trust/token" and each.status == 200
    )
    answers = Counter(f"{each.what} {each.status}" for each in asked)
    wrong = sum(each.status not in (200, 429, 503) for each in asked)
    early = sum(not each.obeyed for each in asked if each.status in (200, 429, 503))
    pages = sorted(beside.pages)
    seconds = round(max(level) - began, 1) if all(level) else None
    results = {
        "stations": len(level), "of them level": sum(map(bool, level)), "all in after, s": seconds,
        "half in after, s": round(sorted(level)[len(level) // 2] - began, 1),
        "exchanges answered": len(exchanges), "exchange p50, ms": at(exchanges, 0.5), "exchange p99, ms": at(exchanges, 0.99),
        "pass p50, ms": at(passes, 0.5), "pass p99, ms": at(passes, 0.99),
        "queue pages": len(pages), "queue page p50, ms": at(pages, 0.5), "queue page p95, ms": at(pages, 0.95),
        "queue pages that failed": beside.failed, "processor time of the hub an exchange, ms": round(beside.busy * 1e3 / max(1, len(exchanges)), 1), "memory of the hub at most, MB": round(max(beside.memory, held)),
        "townships have what came of their villages after, s": round(drained, 1), "errors but 429 and 503": wrong, "came before they were asked to": early, **{f"answers: {key}": answers[key] for key in sorted(answers)},
    }  # fmt: skip
    if decisions:
        results |= {"decisions sent down, all holding a wait": len(decisions), "decision p50, ms": at(decisions, 0.5), "decision p99, ms": at(decisions, 0.99)}  # fmt: skip
    figures = [
        ("all stations are level", seconds, "seconds", "s"),
        ("exchange, p99", at(exchanges, 0.99) / 1e3, "exchange", "s"),
        ("queue page meanwhile, p95", at(pages, 0.95) / 1e3, "queue", "s"),
        ("memory of the hub", max(beside.memory, held), "memory", "MB"),
        (
            "a decision reaches its station, p99",
            at(decisions, 0.99) / 1e3 if decisions else None,
            "decision",
            "s",
        ),
        ("answers but 200, 429, 503, and requests before their time", wrong + early, "errors", ""),
    ]
    goals = [
        {"name": name, "value": value if value is None else round(value, 3), "unit": unit, "goal": GOALS[goal],
         "peer": GOALS[goal], "met": value is not None and value <= GOALS[goal]}
        for name, value, goal, unit in figures
    ]  # fmt: skip
    return {"results": results, "goals": goals}


def _free_port() -> int:
    import socket

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
