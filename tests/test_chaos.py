"""A small city of real processes over lines that are cut wherever it may hurt, while servers at both ends are killed, villages change
their parents, and sticks are carried in between. When it is over: every event everywhere it belongs, exactly once, in two rounds.

BIANMIN_TEST_CHAOS (default 40) says after how many cuts it is over, BIANMIN_TEST_SEED which.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bench._link import Link, line
from hub.cli import build as build_hub
from hub.demo import journey
from hub.demo.city import HUB, City, Server
from hub.demo.journey import Browser, Errand, Progress
from schemas import tables
from station.app import Parts
from station.cli import build as build_station
from station.databases import of_station
from sync.event_ids import is_event_id
from sync.stick import file as stick_file
from sync.stick.file import BadStick
from tests.wsgi import InProcess

CUTS = int(os.environ.get("BIANMIN_TEST_CHAOS", "40"))
SEED = int(os.environ.get("BIANMIN_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
LONGEST = 60 + CUTS * 2.0  # seconds


class Cutting:
    """The city's lines: each is cut again and again, in either direction, after so many bytes."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._opened = ExitStack()
        self.links: list[Link] = []

    def add(self, name: str, target: tuple[str, int]) -> Address:
        link = Link(target[1], cut_at=self._places(), cut_down_at=self._places())
        self.links.append(link)
        port = self._opened.enter_context(line(link))
        return Address(f"http://127.0.0.1:{port}", link)

    def _places(self) -> tuple[int, ...]:
        at, places = 0, []
        for _ in range(5000):
            at += self._draw.randint(300, 12_000)
            places.append(at)
        return tuple(places)

    @property
    def cuts(self) -> int:
        return sum(each.cuts for each in self.links)

    @property
    def requests(self) -> int:
        return sum(each.up.requests for each in self.links)

    def hold(self) -> None:
        """No more cuts."""
        for each in self.links:
            each.cut_at = each.cut_down_at = ()

    def cut(self, name: str) -> None: ...

    def restore(self, name: str) -> None: ...

    def close(self) -> None:
        self._opened.close()


class Address:
    """What a station is told, and the line behind it."""

    def __init__(self, address: str, link: Link) -> None:
        self.address, self.link = address, link


class Chaos:
    """What happens to the city, one thing after another."""

    def __init__(self, city: City, lines: Cutting, draw: random.Random) -> None:
        self.city, self.lines, self.draw = city, lines, draw
        self.progress = Progress(time.monotonic() + LONGEST)
        self.villages = [each for each in city.stations if tables.station(each.code).level == "village"]
        self.clerks = {
            each.code: Browser(each, each.who[0][0], city.password, self.progress) for each in self.villages
        }
        self.work = {each.code: self._errands(each.code) for each in self.villages}
        self.kills = self.moves = self.sticks = 0
        self._kept: dict[str, bytes] = {}
        """Of each village an older stick, that turns up again."""

    def _errands(self, code: str) -> Iterator[Errand]:
        while True:
            yield from journey.errands(code, 10, self.draw.randrange(10**6))

    def go_on(self) -> None:
        draw = self.draw
        what = draw.choices(("record", "kill", "move", "stick"), (6, 3, 1, 2))[0]
        if what == "record":
            village = draw.choice(self.villages)
            journey.record(self.clerks[village.code], self.progress, next(self.work[village.code]))
        elif what == "kill":
            self._kill(draw.choice(self.city.servers))
            self.kills += 1
        elif what == "stick":
            self._carry(draw.choice(self.villages))
            self.sticks += 1
        else:
            village = draw.choice(self.villages)
            parents = list(village.settings.parents)
            draw.shuffle(parents)
            village.settings = replace(village.settings, parents=tuple(parents))
            self._kill(village)
            self.moves += 1

    def _carry(self, village: Server) -> None:
        """Both are off; somebody walks to the hub with a stick, and back with its answer. Sometimes an old one is read besides."""
        hub = self.city.hub
        for server in (village, hub):
            self.city.kill(server)
        with (
            closing(build_hub(hub.settings)[1]) as there,
            closing(build_station(village.settings)[1]) as here,
        ):
            out = b"".join(here.sticks.write(HUB)[0].pieces())
            old = self._kept.get(village.code)
            for data in [out, *([old] if old and self.draw.random() < 0.5 else [])]:
                with suppress(BadStick):  # read before
                    there.sticks.read(stick_file.kept(io.BytesIO(data)))
            back = b"".join(there.sticks.write(village.code)[0].pieces())
            if self.draw.random() < 0.8:  # or it is lost on the way
                here.sticks.read(stick_file.kept(io.BytesIO(back)))
            self._kept[village.code] = out
        self.city.start([village, hub])

    def _kill(self, server: Server) -> None:
        self.city.kill(server)
        time.sleep(self.draw.uniform(0, 0.5))
        self.city.start([server])

    def close(self) -> None:
        for each in self.clerks.values():
            each.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.mark.timeout(int(LONGEST * 3 + 120))
def test_whatever_is_cut_and_killed_every_event_is_everywhere_once(folder: Path) -> None:
    said = f"BIANMIN_TEST_SEED={SEED}"
    draw = random.Random(SEED)
    lines = Cutting(draw)
    city = City(folder, interval=0.3, links=lines, districts=1)
    try:
        city.prepare()
        city.start()
        chaos = Chaos(city, lines, draw)
        while lines.cuts < CUTS and time.monotonic() < chaos.progress.deadline - 20:
            chaos.go_on()
        chaos.close()
        cuts, sessions = lines.cuts, lines.requests
        assert cuts >= CUTS, (said, cuts)
    finally:
        city.stop()
    recorded = chaos.progress.recorded
    print(
        f"{said}: {cuts} cuts in {sessions} requests, {chaos.kills} kills, {chaos.moves} moves, {chaos.sticks} sticks, {len(recorded)} records"
    )
    with Standing(city) as standing:
        for _ in range(2):
            standing.round()
        standing.check(recorded, said)


class Standing:
    """The same servers in this process, joined by lines that hold."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._opened = ExitStack()
        self.parts: dict[str, Parts] = {}

    def __enter__(self) -> Standing:
        ways: dict[str, httpx.BaseTransport] = {}
        for server in self._city.servers:
            build = build_hub if server.code == HUB else build_station
            app, parts = build(replace(server.settings, parents=self._ends(server)))
            self._opened.callback(parts.close)
            self.parts[server.code] = parts
            ways[server.url] = InProcess(app)
            parts.agent._transport_for = ways.get
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _ends(self, server: Server) -> tuple[str, ...]:
        """Its parents' own addresses: hub and township stand before the village in the list."""
        above = tables.station(server.code).parent_code
        return tuple(
            each.url for each in self._city.servers if each.code in (above, HUB) and each is not server
        )

    def round(self) -> None:
        """One round of every station, townships last, as they pass on what villages brought, and villages again."""
        for level in ("village", "township", "village"):
            for server in self._city.stations:
                if tables.station(server.code).level == level:
                    outcome = self.parts[server.code].agent.sync_once()
                    assert outcome.parent, outcome.trouble

    def check(self, recorded: list[str], said: str) -> None:
        events = {code: self._events(code) for code in self.parts}
        for server in self._city.stations:
            db = of_station(server.code)
            if db not in events[server.code]:
                continue  # the township's own window
            holders = [code for code in self.parts if db in events[code]]
            for code in holders:
                assert events[code][db] == events[HUB][db], (said, code, db)
            created = [
                body["case"] for body in self.parts[HUB].store.bodies(db, list(events[HUB][db])).values()
                if body["event"] == "create"
            ]  # fmt: skip
            ours = [each for each in recorded if each.startswith(server.code)]
            assert len(created) == len(set(created)), said
            assert set(created) >= set(ours), said
            # What was saved and not acknowledged in time was sent again by the clerk, with the same form.
            assert len(created) == len(set(ours)), said
            if tables.station(server.code).level == "village":
                assert self.parts[server.code].register.waiting() == {}, said

    def _events(self, code: str) -> dict[str, dict[str, str]]:
        store = self.parts[code].store
        found: dict[str, dict[str, str]] = {}
        for db in store.databases():
            changes = store.database(db).changes(0, 1_000_000).results
            events = {each.id: each.revs[0] for each in changes if is_event_id(each.id)}
            if events:
                found[db] = events
        return found
