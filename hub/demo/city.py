"""A city of real processes: prepares stores, devices and sign-ins, starts and kills servers, stops them cleanly.

Knows how to run servers and nothing of what people do with them (hub.demo.journey).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import httpx

from hub import staff
from hub.app import CODE as HUB
from hub.app import build_parts as build_hub
from hub.app import create_app as create_hub
from hub.demo.link import Links
from hub.enrolment import enrolment_of
from schemas import tables
from station import enrolment
from station.app import Parts
from station.app import build_parts as build_station
from station.keystore import keeper
from station.settings import Settings
from station.staff import Staff

TOWNSHIPS = 2
VILLAGES = 2
START_SECONDS = 30.0
TRAINED = date(2018, 1, 5)


@dataclass
class Server:
    """One process of the city. `who` are its demo sign-ins as (employee number, name)."""

    code: str
    name: str
    settings: Settings
    who: list[tuple[str, str]] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def key(self) -> bytes | None:
        """What its files are encrypted with."""
        return keeper(self.settings.key_file).only() if self.settings.encrypt else None

    @property
    def module(self) -> str:
        return "hub.cli" if self.code == HUB else "station.cli"


class Ways(Protocol):
    """Links between stations and servers above them."""

    def add(self, name: str, target: tuple[str, int]) -> Any:
        """A new link of the station `name`; its `address` is what the station is told."""

    def cut(self, name: str) -> None: ...

    def restore(self, name: str) -> None: ...

    def close(self) -> None: ...


class City:
    """The hub, a township and two villages of each pilot district. `password` is the same for all demo sign-ins."""

    def __init__(
        self, data: Path, *, interval: float = 2.0, couchdb: str = "", links: Ways | None = None, districts: int = 2
    ) -> None:  # fmt: skip
        """`couchdb`: where the hub keeps its databases, instead of a file."""
        self.data = data
        self._couchdb = couchdb
        self.password = secrets.token_urlsafe(6)
        self.links: Ways = links or Links()
        self._interval = interval
        self.hub = self._server(HUB, [])
        self.stations: list[Server] = []
        for district in [each for each in tables.districts() if each.role == "approval_bureau"][:districts]:
            self._add_district(district.code)

    @property
    def servers(self) -> list[Server]:
        return [self.hub, *self.stations]

    def _add_district(self, district: str) -> None:
        # The first township that has enough villages; any would do.
        children: dict[str, list[tables.Station]] = {}
        for station in tables.stations().values():
            if station.level == "village" and station.parent_code:
                children.setdefault(station.parent_code, []).append(station)
        township = next(
            each for each in tables.stations().values()
            if each.parent_code == district and len(children.get(each.code, ())) >= VILLAGES
        )  # fmt: skip
        above = ("127.0.0.1", self.hub.settings.port)
        first = self._server(township.code, [self.links.add(township.code, above).address])
        self.stations.append(first)
        for village in children[township.code][:VILLAGES]:
            ways = [("127.0.0.1", first.settings.port), above]
            self.stations.append(
                self._server(village.code, [self.links.add(village.code, way).address for way in ways])
            )

    def _server(self, code: str, parents: list[str]) -> Server:
        port = _free_port()
        settings = Settings(
            data=self.data / code, code=code, port=port, parents=tuple(parents), sync_interval=self._interval,
            couchdb_url=self._couchdb if code == HUB else "", encrypt=code != HUB,
            # Not in the keystore of whoever tries this out.
            key_file=self.data / "keys" / code,
        )  # fmt: skip
        return Server(code, tables.station(code).name, settings)

    # -- before the first start ----------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Makes the stores: devices that are enrolled, and people who were appointed and have chosen their password."""
        hub = build_hub(self.hub.settings)
        try:
            self._prepare_hub(hub)
            way = httpx.WSGITransport(app=create_hub(hub))
            for number, station in enumerate(self.stations, 1):
                self._prepare_station(number, station, hub, way)
        finally:
            hub.close()

    def _prepare_hub(self, hub: Parts) -> None:
        numbered = iter(enumerate(("周敏", "吴刚", "郑洁", "孙涛"), 1))
        for district in [each for each in tables.districts() if each.role == "approval_bureau"]:
            for _ in range(2):
                number, name = next(numbered)
                roles = frozenset({"district_window", "examiner", "zone_head"})
                person = Staff(f"E{number:03}", name, district.code, roles, trained_on=TRAINED)
                self._take_up(hub, person, self._appoint(hub, person))
                self.hub.who.append((person.employee_no, f"{person.name}（{district.name}）"))
        lead = Staff("S001", "冯岚", HUB, frozenset({"city_supervisor"}))
        self._take_up(hub, lead, self._appoint(hub, lead))
        self.hub.who.append((lead.employee_no, f"{lead.name}（市督查）"))

    def _prepare_station(self, number: int, station: Server, hub: Parts, way: httpx.BaseTransport) -> None:
        role = "township_window" if tables.station(station.code).level == "township" else "village_clerk"
        name = f"{'王李张刘陈杨'[number - 1]}芳"
        person = Staff(
            f"V{number:03}", name, station.code, frozenset({role, "station_head"}), trained_on=TRAINED
        )
        device_code, start_code = enrolment_of(hub).draw(station.code), self._appoint(hub, person)
        parts = build_station(station.settings, transport_for=lambda _url: way)
        try:
            enrolment.join(parts.identity, parts.vault, self.hub.url, device_code, transport=way)
            parts.agent.sync_once()
            self._take_up(parts, person, start_code)
            station.who.append((person.employee_no, person.name))
        finally:
            parts.close()

    @staticmethod
    def _appoint(hub: Parts, person: Staff) -> str:
        return staff.add(hub.store, hub.identity.signer, person, hub.random)

    def _take_up(self, parts: Parts, person: Staff, start_code: str) -> None:
        """The person's first sign-in where they work."""
        accounts = parts.accounts
        accounts.sign_out(accounts.choose(accounts.sign_in(person.employee_no, start_code), self.password))

    # -- processes -----------------------------------------------------------------------------------------------

    def start(self, servers: list[Server] | None = None) -> None:
        """Starts these servers (all by default) and returns when each answers."""
        chosen = servers or self.servers
        self.launch(chosen)
        self.await_answers(chosen)

    def launch(self, chosen: list[Server]) -> None:
        """Starts these servers and does not wait for them."""
        for server in chosen:
            log = (server.settings.data / "log.txt").open("ab")
            # Sources differ per server: one TOML file each, as a real station has.
            server.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", server.module, "--config", str(self._file(server)), "serve"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=server.settings.data,
                env={key: value for key, value in os.environ.items() if not key.startswith("BIANMIN_")},
                start_new_session=True,
            )  # fmt: skip
            log.close()

    def await_answers(self, chosen: list[Server]) -> None:
        """Returns when each of these servers answers; RuntimeError with the end of its log if one does not."""
        for server in chosen:
            self._await(server)

    def kill(self, server: Server) -> None:
        """Ends a server as a power cut would: no warning, nothing flushed."""
        assert server.process is not None
        server.process.kill()
        server.process.wait()

    def stop(self) -> list[str]:
        """Stops every server cleanly and cuts the links; returns the names of servers that had to be killed."""
        stubborn = []
        running = [server for server in self.servers if server.process and server.process.poll() is None]
        for server in running:
            assert server.process is not None
            with contextlib.suppress(ProcessLookupError):
                server.process.send_signal(signal.SIGTERM)
        for server in running:
            assert server.process is not None
            try:
                server.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()
                stubborn.append(server.name)
        self.links.close()
        return stubborn

    def _await(self, server: Server) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if server.process is not None and server.process.poll() is not None:
                break
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{server.url}/up", timeout=2, trust_env=False).status_code == 200:
                    return
            time.sleep(0.05)
        log = (server.settings.data / "log.txt").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{server.name} did not start; its log ends:\n{log[-2000:]}")

    def _file(self, server: Server) -> Path:
        path = server.settings.data / "server.toml"
        it = server.settings
        lines = [
            f'data = "{it.data.as_posix()}"', f'code = "{it.code}"', f"port = {it.port}",
            f"parents = [{', '.join(chr(34) + parent + chr(34) for parent in it.parents)}]",
            f"encrypt = {str(it.encrypt).lower()}", f'key_file = "{it.key_file.as_posix()}"' if it.key_file else "",
            f"sync_interval = {it.sync_interval}",
        ]  # fmt: skip
        if it.couchdb_url:
            lines.append(f'couchdb_url = "{it.couchdb_url}"')
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        path.chmod(0o600)
        return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
