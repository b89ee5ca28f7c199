"""What it costs to be followed: every station of the city holds a feed of one database open at one server process.

Feeds are asked for over raw sockets, in this process; the server is ours in another. Once all are open, its memory is
read; then one document is written, and the clock runs from the request that writes it until the last feed has told of
it. Long polls are then asked again, as their clients do; the others stay open. The time includes this process's own
work of reading what comes in.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench._documents import bodies
from bench._ours import Running, server
from bench._peers import Client

STATIONS = 2324
KINDS = ("longpoll", "continuous", "eventsource")
HEARTBEAT = 10_000  # milliseconds
MEMORY_MB = 250.0
SECONDS = 1.0
PATIENCE = 60.0
DATABASE = "public"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--feeds", type=int, default=STATIONS, help=f"how many (default: {STATIONS})")
    parser.add_argument("--rounds", type=int, default=5, help="changes written (default: 5)")


class Feed(asyncio.Protocol):
    """One connection: asks for a feed, notices that it is open and that a change came."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._got = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.ask()

    def ask(self) -> None:
        self._got = b""
        self._transport.write(self._crowd.request)

    def data_received(self, data: bytes) -> None:
        if not self._got:
            self._crowd.open += 1
        self._got += data
        # A long poll is over with its answer's last chunk; asked again before, its end would be taken for a beginning.
        if self._crowd.awaited in self._got and self._got.endswith(self._crowd.ending):
            self._got = b" "
            self._crowd.told += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.lost += 1


class Crowd:
    """All feeds of one kind, and how many of them are open, lost, or have told of the change awaited."""

    def __init__(self, kind: str, url: str) -> None:
        at = urlsplit(url)
        self.host, self.port = at.hostname or "", at.port or 80
        query = f"feed={kind}&since=now&heartbeat={HEARTBEAT}"
        self.request = (
            f"GET {at.path}/{DATABASE}/_changes?{query} HTTP/1.1\r\nHost: {at.netloc}\r\n"
            "Accept: application/json\r\n\r\n"
        ).encode()
        self.awaited = b"\0"
        self.ending = b"\r\n0\r\n\r\n" if kind == "longpoll" else b""
        self.open = self.told = self.lost = 0
        self.feeds: list[Feed] = []

    async def join(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(number):
            _, feed = await loop.create_connection(lambda: Feed(self), self.host, self.port)
            self.feeds.append(feed)
        await self.until(lambda: self.open == number, "feeds to open")

    async def until(self, holds: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, (
                f"waited {PATIENCE} s for {what}: of {len(self.feeds)}, {self.open} open, {self.told} told"
            )
            assert not self.lost, f"the server closed {self.lost} feeds"
            await asyncio.sleep(0.002)


async def followed(kind: str, running: Running, number: int, rounds: int) -> dict[str, float]:
    """Memory with all feeds open, and how long a change takes to reach them."""
    client, body = Client(running.url), bodies(1)[0]
    process = psutil.Process(running.pid)
    client.ask("PUT", DATABASE)
    idle = process.memory_info().rss
    crowd = Crowd(kind, running.url)
    began = time.perf_counter()
    await crowd.join(number)
    opening = time.perf_counter() - began
    seconds, busy, memory = [], [], process.memory_info().rss
    for n in range(rounds):
        crowd.told, crowd.awaited = 0, f'"change-{n}"'.encode()
        before = _busy(process)
        began = time.perf_counter()
        await asyncio.to_thread(client.ask, "PUT", f"{DATABASE}/change-{n}", body)
        await crowd.until(lambda: crowd.told == number, "the change")
        seconds.append(time.perf_counter() - began)
        busy.append(_busy(process) - before)
        memory = max(memory, process.memory_info().rss)
        if kind == "longpoll" and n < rounds - 1:
            crowd.open = 0
            for feed in crowd.feeds:
                feed.ask()
            await crowd.until(lambda: crowd.open == number, "feeds to open again")
    client.close()
    return {
        "opening": opening,
        "idle MB": idle / 2**20,
        "memory MB": memory / 2**20,
        "median s": median(seconds),
        "slowest s": max(seconds),
        "busy s": median(busy),
    }


def _busy(process: psutil.Process) -> float:
    """Seconds of processor time that it has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    results: dict[str, float] = {"feeds": chosen.feeds, "changes": chosen.rounds}
    goals = []
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder, server(Path(folder) / "hub.sqlite") as running:
            figures = asyncio.run(followed(kind, running, chosen.feeds, chosen.rounds))
        results |= {
            f"{kind}: opened in, s": round(figures["opening"], 2),
            f"{kind}: memory of the server before, MB": round(figures["idle MB"], 1),
            f"{kind}: memory with all open, MB": round(figures["memory MB"], 1),
            f"{kind}: processor time of the server for a change, s": round(figures["busy s"], 3),
            f"{kind}: a change reached all in, median, s": round(figures["median s"], 3),
            f"{kind}: a change reached all in, slowest, s": round(figures["slowest s"], 3),
        }
        goals += [
            _at_most(
                f"memory of the server, {chosen.feeds} {kind} feeds", figures["memory MB"], MEMORY_MB, "MB"
            ),
            _at_most(f"a change reaches {chosen.feeds} {kind} feeds", figures["slowest s"], SECONDS, "s"),
        ]
    return {"results": results, "goals": goals}


def _at_most(name: str, value: float, goal: float, unit: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "goal": goal,
        "peer": goal,
        "met": value <= goal,
    }
