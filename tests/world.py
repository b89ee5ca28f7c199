"""A city for tests: hub, township, village of one district, each with a store on disk, joined in process or by sockets.

Owns time (a clock that moves when told) and the way requests travel. Nothing in here is a stand-in for a part of the
system: stores, applications, agents and gates are the real ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import argon2
import httpx
from flask import Flask

from hub import app as hub_app
from hub import staff as office
from hub.cli import initialise
from hub.enrolment import enrolment_of
from station import app as station_app
from station import enrolment
from station.app import Parts
from station.databases import PUBLIC
from station.intake import Intake
from station.moment import ZONE
from station.sealing import Cost
from station.server import asgi, listen
from station.settings import Settings
from station.staff import Staff
from station.transport import speaks_tls
from sync.endpoint.http import running
from sync.replicate import replicate
from tests.wsgi import whole

HUB, BUREAU = "510900000000", "510903000000"
TOWNSHIP, VILLAGE, NEIGHBOUR = "510903001000", "510903001001", "510903001002"
PASSWORD = "correct horse"
# The real parameters cost 60 ms a sign-in; what is tested is not argon2.
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
QUICK_WRAPPING = Cost(1, 64)
# A Friday; the example of domain.md §3: five working days from here end on Thursday 2018-02-22.
BEGIN = datetime(2018, 2, 9, 9, 0, tzinfo=ZONE)

TRAINED = date(2018, 1, 5)
PEOPLE = {
    each.employee_no: replace(each, trained_on=TRAINED)
    for each in (
        Staff("V001", "王芳", VILLAGE, frozenset({"village_clerk"})),
        Staff("V002", "李娟", NEIGHBOUR, frozenset({"village_clerk"})),
        Staff("T001", "张强", TOWNSHIP, frozenset({"township_window"})),
        Staff("E001", "周审查", BUREAU, frozenset({"district_window", "examiner", "zone_head"})),
        Staff("E002", "吴审查", BUREAU, frozenset({"district_window", "examiner", "zone_head"})),
        Staff("E003", "钱窗口", BUREAU, frozenset({"district_window"})),
        Staff("X001", "郑审查", "510922000000", frozenset({"district_window", "examiner", "zone_head"})),
        Staff("B001", "冯局长", BUREAU, frozenset({"bureau_head"})),
        Staff("A001", "冯管理", HUB, frozenset({"hub_administrator"})),
        Staff("C001", "沈目录", HUB, frozenset({"catalogue_editor"})),
        Staff("C002", "韩目录", HUB, frozenset({"catalogue_editor"})),
        Staff("S001", "孙督查", HUB, frozenset({"city_supervisor"})),
        Staff("S009", "许主任", HUB, frozenset({"city_supervisor"})),
        Staff("D001", "龙督查", BUREAU, frozenset({"district_supervisor"})),
    )
}


@dataclass
class Time:
    """A clock that a test moves."""

    now: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Server:
    """One running server: its parts, its application, and the address it is reached at."""

    parts: Parts
    app: Flask
    url: str
    up: bool = True


class Lane(httpx.BaseTransport):
    """The way from one server to another in process; fails as a dead network does while the far end is down."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._server.up:
            raise httpx.ConnectError("connection refused", request=request)
        return httpx.WSGITransport(app=self._server.app).handle_request(whole(request))


@dataclass
class World:
    """The servers by station code, and one clock for all."""

    folder: Path
    sockets: bool
    couchdb: str = ""
    """Where the hub keeps its databases; "" for a file."""
    tls: bool = False
    """Sockets speak TLS, with certificates of the city's own authority. Needs a clock that says today."""
    time: Time = field(default_factory=Time)
    servers: dict[str, Server] = field(default_factory=dict)
    _clients: list[httpx.Client] = field(default_factory=list)
    _running: dict[str, ExitStack] = field(default_factory=dict)

    def __getitem__(self, code: str) -> Server:
        return self.servers[code]

    def add(self, code: str, *parents: str, people: tuple[str, ...] = (), enrol: bool = True) -> Server:
        """A new server below `parents`, known to the hub unless not to `enrol`, with these people."""
        settings = Settings(
            data=self.folder / code,
            code=code,
            parents=tuple(self[parent].url for parent in parents),
            hosts=("127.0.0.1", "localhost")
            if self.tls
            else ("127.0.0.1", "localhost", "hub", "township", "village", "neighbour"),
            encrypt=code != HUB,
            key_file=self.folder / "keys" / code,
            couchdb_url=self.couchdb if code == HUB else "",
            tls=self.tls,
        )
        world: dict[str, Any] = {
            "clock": self.time, "hasher": QUICK, "wrapping": QUICK_WRAPPING, "transport_for": self.way
        }  # fmt: skip
        if code == HUB:
            parts = hub_app.build_parts(settings, **world)
            app = hub_app.create_app(parts)
            if self.tls:
                initialise(parts, ())
        else:
            parts = station_app.build_parts(settings, **world)
            app = station_app.create_app(parts)
        if self.tls and not code.endswith("000"):
            # A village serves nobody, and has no certificate; its own clerk is on loopback.
            parts.settings = replace(parts.settings, tls=False)
        if code != HUB and enrol:
            self._enrol(code, parts)
        server = Server(parts, app, self._address(code, app, parts))
        self.servers[code] = server
        self.appoint(code, *(PEOPLE[employee_no] for employee_no in people))
        return server

    def appoint(self, at: str, *people: Staff, password: str = PASSWORD) -> None:
        """The hub appoints these people, or changes who they are; what it published is carried to the server `at`, where each
        shows their start code and chooses a password."""
        hub, there = self[HUB].parts, self[at].parts
        known = {staff.employee_no for staff, _ in office.everybody(hub.store)}
        drawn = {}
        for staff in people:
            signer, number = hub.identity.signer, staff.employee_no
            if number in known:
                office.change(hub.store, signer, staff)
                drawn[number] = office.new_code(hub.store, signer, number, hub.random)
            else:
                drawn[number] = office.add(hub.store, signer, staff, hub.random)
        self.carry(at)
        for number, code in drawn.items():
            there.accounts.choose(there.accounts.sign_in(number, code), password)

    def carry(self, at: str) -> None:
        """What the hub has published, brought to a server without its agent's knowing: as by a stick."""
        hub, there = self[HUB].parts, self[at].parts
        if there.here.level != "city":
            own = there.identity
            target = Intake(there.store.database(PUBLIC, create=True), own.own, lambda: own.epoch)
            assert not replicate(hub.store.database(PUBLIC), target).refused

    def _enrol(self, code: str, parts: Parts) -> None:
        hub = self[HUB]
        drawn = enrolment_of(hub.parts).draw(code)
        if self.tls:
            enrolment.let_in(parts, hub.url, drawn)
        else:
            enrolment.join(parts.identity, parts.vault, hub.url, drawn, transport=self.way(hub.url))

    def add_web_node(self, name: str, couchdb: str = "") -> Server:
        """Another web node of the hub, on the same CouchDB, perhaps by another way; found under `name`."""
        settings = self[HUB].parts.settings
        hosts = (*settings.hosts, name)
        settings = replace(
            settings, data=self.folder / name, couchdb_url=couchdb or self.couchdb, hosts=hosts
        )
        parts = hub_app.build_parts(settings, clock=self.time, hasher=QUICK, transport_for=self.way)
        app = hub_app.create_app(parts)
        self.servers[name] = Server(parts, app, self._address(name, app, parts))
        return self.servers[name]

    def way(self, url: str) -> httpx.BaseTransport | None:
        """How requests travel to a server: by a socket, or straight into its application."""
        if self.sockets:
            return None
        return Lane(next(server for server in self.servers.values() if server.url == url))

    def reconnect(self) -> None:
        """Every agent opens its connections anew, as after a server was started again."""
        for server in self.servers.values():
            server.parts.agent.close()

    def _address(self, code: str, app: Flask, parts: Parts) -> str:
        if not self.sockets:
            names = {HUB: "hub", TOWNSHIP: "township", VILLAGE: "village", NEIGHBOUR: "neighbour"}
            return f"http://{names.get(code, code)}"
        bound = listen("127.0.0.1", 0)
        bridge = asgi(app, parts)
        running_server = self._running[code] = ExitStack()
        running_server.callback(bound.close)
        running_server.callback(bridge.close)
        tls = parts.tls.server() if speaks_tls(parts.settings) else None
        running_server.enter_context(running(bridge, bound, tls=tls))
        return f"{'http' if tls is None else 'https'}://127.0.0.1:{bound.getsockname()[1]}"

    def take_down(self, code: str) -> None:
        """From now on nobody answers at this server's address; its own agent still can call out."""
        self[code].up = False
        if code in self._running:
            self._running.pop(code).close()

    def sync(self, *codes: str) -> None:
        """One round of each server's agent, in this order. Between living servers a round may be slow and has to be tried
        again, as the agent would; it may not fail."""
        for code in codes:
            self.tend(HUB)
            for _ in range(3):
                outcome = self[code].parts.agent.sync_once()
                dead = {server.url for server in self.servers.values() if not server.up}
                failed = [
                    each
                    for each in outcome.trouble
                    if each["error"] in ("unreachable", "peer_failed") and each["parent"] not in dead
                ]
                if not failed:
                    break
            assert not failed, (code, failed)
            self.tend(code)

    def tend(self, code: str) -> None:
        """What a running server looks after by itself."""
        if code in self.servers and self[code].up:
            for chore in self[code].parts.chores:
                chore()

    def visit(self, code: str) -> Visitor:
        """A browser at this server's pages, without a picture."""
        if self.sockets:
            # No certificates to load: it is plain HTTP on loopback, and loading them takes longer than the test.
            believed = self[code].parts.tls.client() if self[code].url.startswith("https:") else False
            client = httpx.Client(base_url=self[code].url, trust_env=False, verify=believed)
        else:
            client = httpx.Client(
                base_url="http://127.0.0.1", transport=httpx.WSGITransport(app=self[code].app)
            )
        self._clients.append(client)
        return Visitor(client)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        for code in list(self._running):
            self.take_down(code)
        for server in self.servers.values():
            server.parts.close()


class Visitor:
    """A person who reads pages and sends forms, over HTTP."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.page = self.path = ""
        self.status = 0

    def open(self, path: str, **query: str) -> str:
        return self._take(self.client.get(path, params=query or None, follow_redirects=True))

    def send(self, path: str, **fields: str) -> str:
        """Posts a form with the page's token and follows to where it leads."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        token = {"csrf_token": found[1]} if found else {}
        return self._take(self.client.post(path, data={**token, **fields}, follow_redirects=True))

    def upload(self, path: str, *files: tuple[str, str, bytes], **fields: str) -> str:
        """As send, with files: (field, what the person's computer calls it, bytes)."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        token = {"csrf_token": found[1]} if found else {}
        sent = [(field, (name, data, "application/octet-stream")) for field, name, data in files]
        return self._take(self.client.post(path, data={**token, **fields}, files=sent, follow_redirects=True))

    def sign_in(self, employee_no: str, password: str = PASSWORD) -> Visitor:
        self.open("/sign-in")
        self.send("/sign-in", employee_no=employee_no, password=password)
        return self

    def take_up(self, employee_no: str, code: str, password: str = PASSWORD) -> Visitor:
        """Signs in for the first time, with a start code, and chooses a password."""
        self.sign_in(employee_no, code)
        self.send("/sign-in/password", password=password, again=password)
        return self

    def _take(self, answer: httpx.Response) -> str:
        self.page, self.status, self.path = answer.text, answer.status_code, answer.url.path
        return self.page

    @property
    def form(self) -> str:
        """The token of the record form on this page."""
        found = re.search(r'name="form" value="([0-9a-f]{32})"', self.page)
        assert found, self.page
        return found[1]

    @property
    def cases(self) -> list[str]:
        """Case numbers that this page links to, in order."""
        return list(dict.fromkeys(re.findall(r'href="/cases/([0-9A-Z]{25})"', self.page)))

    @property
    def steps(self) -> list[str]:
        """The steps that this page offers."""
        return re.findall(r'action="/cases/[0-9A-Z]{25}/([a-z_]+)"', self.page)


@contextmanager
def small_city(
    folder: Path, *, sockets: bool = False, couchdb: str = "", tls: bool = False
) -> Iterator[World]:
    """The hub, one township and two of its villages, with staff. `couchdb`: where the hub keeps its databases. `tls`: joined
    by TLS on real sockets, today."""
    world = World(folder, sockets or tls, couchdb, tls)
    if tls:
        world.time.now = datetime.now(ZONE)
    try:
        world.add(
            HUB,
            people=("E001", "E002", "E003", "X001", "B001", "S001", "S009", "D001", "A001", "C001", "C002"),
        )
        world.add(TOWNSHIP, HUB, people=("T001",))
        world.add(VILLAGE, TOWNSHIP, HUB, people=("V001",))
        world.add(NEIGHBOUR, TOWNSHIP, HUB, people=("V002",))
        # A township knows its villages' devices from the hub; until it has heard of them it lets nobody in.
        world.sync(TOWNSHIP)
        yield world
    finally:
        world.close()


def application(form: str, **changes: str) -> Mapping[str, str]:
    """A filled record form with every material ticked; the person is invented, the check digit right."""
    ticks = {f"material-{n}": "1" for n in range(1, 30)}
    # The same person comes again and again: the clerk was told, and means it.
    filled = {
        "form": form,
        "name": "赵小明",
        "id_no": "510903199003070012",
        "phone": "13800001234",
        "again": "1",
    }
    return {**filled, "address": "三组12号", "privacy_notice": "1", **ticks, **changes}
