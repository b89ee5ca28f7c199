"""Stations that come back to the hub all at once, for `bench.storm`: a process of many, a store of its own each.

Client code is the real one (`station.agent`, exchange, passes, seals, over httpx and loopback). Two things that took days are
short-cut: a device is in the hub's list without the way by a code, and both ends' logs say that they have met before.
Stores lie in memory, since each station has a disk of its own; measures, judges nothing.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import random
import secrets
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx

from schemas import numbers
from station import plan
from station.agent import Agent
from station.databases import HERE, PUBLIC, of_station
from station.exchanging import name_of
from station.identity import Identity
from station.keys import Keys
from station.moment import system_clock
from station.tls import Tls
from station.trust import Trust
from sync.exchange import log as logs
from sync.exchange.log import Log, Record
from sync.exchange.message import LANES
from sync.exchange.news import NEWS
from sync.ledger import Ledger
from sync.peer import Revision
from sync.store import Store

INTERVAL: Final = 30.0  # seconds between rounds, as stations have it
WAIT: Final = 290  # seconds of a wait for news
AT_ONCE: Final = 60  # requests on the wire, of each process


class Ask(NamedTuple):
    """One request as a station saw it: when it began and ended (seconds, `time.monotonic`), what it was and how it went."""

    began: float
    ended: float
    what: str
    status: int
    obeyed: bool


class Meeting(NamedTuple):
    """What both ends would have written down when they last met."""

    url: str
    root: str
    era: str
    seq: int
    id: str
    public: list[tuple[Any, ...]]


class Watched(httpx.BaseTransport):
    """A station's way out, which notes each request, to the last byte of its answer."""

    def __init__(self, noted: list[Ask]) -> None:
        self._inner = httpx.HTTPTransport(verify=False, trust_env=False)
        self._noted = noted
        self.not_before = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        began = time.monotonic()
        what = f"{request.method} {request.url.path}"
        obeyed = began >= self.not_before
        try:
            answer = self._inner.handle_request(request)
            answer.read()
        except httpx.HTTPError as error:
            self._noted.append(Ask(began, time.monotonic(), f"{what} {type(error).__name__}", 0, obeyed))
            raise
        ended = time.monotonic()
        if answer.status_code in (429, 503):
            self.not_before = ended + float(answer.headers["retry-after"])
        self._noted.append(Ask(began, ended, what, answer.status_code, obeyed))
        return answer

    def close(self) -> None:
        self._inner.close()


class Station:
    """One station with its store."""

    def __init__(self, folder: Path, code: str) -> None:
        self.code = code
        self.db = of_station(code)
        self.store = Store.open(folder / f"{code}.sqlite")
        self.identity = Identity(self.store, code, secrets.token_bytes)
        self.trust = Trust(self.store, self.identity, Keys(self.store, lambda: self.identity.root))
        self.asked: list[Ask] = []
        self.level_at = 0.0
        self.told: dict[str, float] = {}
        self.holds = False
        self.busy = threading.Lock()  # a station has one agent, which makes one round at a time
        self.is_called = False
        self.agent: Agent | None = None
        self.url = ""
        self._outlook = plan.Outlook()

    def record(self, bodies: list[dict[str, Any]]) -> None:
        """Writes a day's events, sealed as at the end of any round."""
        ledger = Ledger(self.store, self.code)
        self.identity.note_epoch(ledger.epoch)
        ledger.append(self.db, lambda _txn: bodies)
        self.trust.seal(self.db)

    def meet(self, met: Meeting) -> None:
        self.url = met.url
        self.identity.pin(met.root, 1)
        own = [
            Revision(*each)
            for each in met.public
            if not each[0].startswith("device:") or self.code in each[0]
        ]
        self.store.database(PUBLIC, create=True).add_revisions(own)
        # All of `public` counts as had, and nothing of ours as given.
        record = Record(met.id, "", (0,) * LANES, (met.seq,) * LANES)
        log = Log(self.store.era, met.era).add(record)
        self.store.database(HERE).put_local(f"exchange-with:{name_of(met.url)}", logs.write(log))
        self._way = Watched(self.asked)
        self.agent = Agent(
            self.store, self.identity, self.trust, None, parents=lambda: (met.url,), tls=Tls(self.store, lambda: (), system_clock),
            clock=system_clock, random=secrets.token_bytes, transport_for=lambda _url: self._way,
        )  # fmt: skip

    def round(self) -> float:
        """One round as the agent makes it; seconds until the next, 0 once the hub's receipt covers all that was written here."""
        assert self.agent is not None
        outcome = self.agent.sync_once()
        receipts = [each.n for each in self.trust.statements(self.db) if each.kind == "receipt"]
        if (
            outcome.reached
            and max(receipts, default=0) >= self.store.database(self.db).runs()[self.code, self.store.epoch]
        ):
            self.level_at = self.level_at or time.monotonic()
            return 0.0
        self._outlook = plan.after(self._outlook, reached=outcome.reached, moved=bool(outcome.pushed))
        return plan.pause(self._outlook, INTERVAL, random.random(), asked=outcome.retry_after)

    def waiting(self) -> bytes:
        """The request that waits for news."""
        assert self.agent is not None
        # Not closed: its way out is the station's, on which a round may be going.
        shown = self.agent._bearers[self.url].header(self.agent._connect(self.url), lean=True)
        host = httpx.URL(self.url).netloc.decode()
        return f"GET /x?wait={WAIT} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {shown}\r\n\r\n".encode()

    def note(self) -> None:
        """What has come by now."""
        now = time.monotonic()
        for change in self.store.database(self.db).changes(0, 1000).results:
            self.told.setdefault(change.id, now)


def day_of(code: str, pattern: Sequence[str], of: str, case_no: str, count: int) -> list[dict[str, Any]]:
    """The pattern's events again and again, each case with its own number, as this station's; `count` of them."""
    found: list[dict[str, Any]] = []
    for serial in range(1, count):
        number = numbers.case_no(code, system_clock().date(), serial)
        for text in pattern:
            said = json.loads(text.replace(case_no, number).replace(of, code))
            if said["event"] == "create":
                said["data"]["form"] = secrets.token_hex(16)
            said["seen"] = {}
            found.append(said)
    return found[:count]


class Rounds:
    """Rounds of many stations, each when it is due, by a bounded number of threads: as many as may be on the wire at once."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Station]] = []
        self._changed = threading.Condition()
        self._count = itertools.count()
        for _ in range(AT_ONCE):
            threading.Thread(target=self._work, daemon=True).start()

    def add(self, one: Station, at: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (at, next(self._count), one))
            self._changed.notify()

    def call(self, one: Station) -> None:
        """There is news for it: a round at once, unless one is to begin anyway."""
        with self._changed:
            if not one.is_called:
                one.is_called = True
                heapq.heappush(self._due, (0.0, next(self._count), one))
                self._changed.notify()

    def _work(self) -> None:
        while True:
            one = self._next()
            with one.busy:
                one.is_called = False
                if pause := one.round():
                    self.add(one, time.monotonic() + pause)
                else:
                    one.note()

    def _next(self) -> Station:
        with self._changed:
            while not self._due or self._due[0][0] > time.monotonic():
                self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
            return heapq.heappop(self._due)[2]


class Held(asyncio.Protocol):
    """A station's wait for news on a connection of its own: the byte starts a round, and then it waits again."""

    def __init__(self, one: Station, rounds: Rounds) -> None:
        self._one, self._rounds = one, rounds
        self._got = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._one.waiting())

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._one.holds and b"\r\n\r\n" in self._got:
            self._one.holds = True  # the head of the answer is here, its byte is not
        if self._got.endswith(b"0\r\n\r\n"):
            if NEWS in self._got.partition(b"\r\n\r\n")[2]:
                self._rounds.call(self._one)
            self._got = b""
            self._transport.write(self._one.waiting())


async def hold(stations: Sequence[Station], rounds: Rounds) -> None:
    """Every station holds its wait, for ever."""
    loop = asyncio.get_running_loop()
    for one in stations:
        where = httpx.URL(one.url)
        await loop.create_connection(lambda one=one: Held(one, rounds), where.host, where.port)
    await asyncio.Event().wait()


def run(
    folder: str, codes: list[str], pattern: list[str], of: str, case_no: str, count: int, pipe: Connection
) -> None:
    """The process: makes its stations, says their keys; then as it is told by the pipe."""
    stations = [Station(Path(folder), code) for code in codes]
    for each in stations:
        each.record(day_of(each.code, pattern, of, case_no, count))
    pipe.send({each.code: each.identity.signer.public for each in stations})
    met: Meeting = pipe.recv()
    for each in stations:
        each.meet(met)
    pipe.send("met")
    begin: float = pipe.recv()
    rounds = Rounds()
    for each in stations:
        rounds.add(each, begin)
    while (asked := pipe.recv()) != "stop":
        if asked == "level":
            pipe.send([each.level_at for each in stations])
        elif asked == "asked":
            pipe.send([(each.code, list(each.asked)) for each in stations])
        elif asked == "hold":
            threading.Thread(target=lambda: asyncio.run(hold(stations, rounds)), daemon=True).start()
            pipe.send("")
        elif asked == "held":
            pipe.send(sum(each.holds for each in stations))
        else:  # a database: when which documents came to its station
            pipe.send([each.told for each in stations if each.db == asked])
