"""The written tables of who may what, and who it is that asks. Reads csv files; asks nothing itself.

pages.csv     one row a page and method: which roles may open it
dialect.csv   one row a route and method of /db: what it needs of whoever asks
devices.csv   one row a server and an asker: what they may do with each kind of database
"""

from __future__ import annotations

import base64
import csv
import secrets
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from werkzeug.test import Client

from hub import devices
from station import passes
from station.moment import stamp
from sync.signing import Signer
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, World

HERE = Path(__file__).parent
FAR, THIRD, BUREAU = "510922001000", "510903001003", "510903000000"
PROGRAMS = ("/db", "/trust", "/x")
AT = {"hub": HUB, "township": TOWNSHIP, "village": VILLAGE}
WHO = {
    "village": VILLAGE,
    "neighbour": NEIGHBOUR,
    "township": TOWNSHIP,
    "far": FAR,
    "hub": HUB,
    "revoked": THIRD,
}
DATABASES = {
    "public": "public", "village": f"station-{VILLAGE}", "neighbour": f"station-{NEIGHBOUR}",
    "township": f"station-{TOWNSHIP}", "far": f"station-{FAR}", "bureau": f"station-{BUREAU}", "here": "here",
    "desk": "desk", "_users": "_users", "missing": f"station-{THIRD}", "odd": "station-000000000000",
}  # fmt: skip


def table(name: str) -> list[dict[str, str]]:
    with (HERE / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """(method, route) of everything an application answers; HEAD goes with GET, OPTIONS is nobody's business."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, rule.rule


class Credentials:
    """How each kind of asker proves who they are. The one place that knows how a device does it: by a pass of its key."""

    def __init__(self, city: World) -> None:
        """Lets the devices in that the city has not yet, gives each a secret for other clients besides, revokes one that
        has passes already, and waits for all servers to have heard of it."""
        hub = city[HUB].parts
        signer, now = hub.identity.signer, stamp(city.time())
        signers = {code: server.parts.identity.signer for code, server in city.servers.items()}
        signers |= {code: Signer(secrets.token_bytes(32)) for code in (FAR, THIRD)}
        for code in (FAR, HUB, THIRD):
            devices.admit_device(hub.store, signer, code, signers[code].public, now)
        self._secrets = {
            code: devices.give_secret(hub.store, signer, code, hub.random) for code in WHO.values()
        }
        city.sync(TOWNSHIP, VILLAGE)
        self._passes = {
            (at, who): self._pass(city, AT[at], WHO[who], signers[WHO[who]]) for at in AT for who in WHO
        }
        devices.revoke_device(hub.store, signer, THIRD)
        city.sync(TOWNSHIP, VILLAGE)
        self._cookies = {
            code: city.visit(code).sign_in(person).client.cookies.get("bianmin_session") or ""
            for code, person in ((HUB, "E001"), (TOWNSHIP, "T001"), (VILLAGE, "V001"))
        }

    def name_and_secret(self, who: str) -> tuple[str, str]:
        if who == "bad secret":
            return VILLAGE, "wrong"
        return (WHO[who], self._secrets[WHO[who]]) if who in WHO else ("", "")

    def basic(self, who: str) -> dict[str, str]:
        """As another CouchDB client of the station proves it."""
        given = base64.b64encode(":".join(self.name_and_secret(who)).encode()).decode()
        return {"Authorization": f"Basic {given}"}

    def headers(self, at: str, who: str) -> dict[str, str]:
        """What a request of `who` to the server `at` carries."""
        if who == "signed-in clerk":
            return {"Cookie": f"bianmin_session={self._cookies[AT[at]]}"}
        if who == "bad secret":
            return self.basic(who)
        return {"Authorization": f"Bearer {self._passes[at, who]}"} if who in WHO else {}

    @staticmethod
    def _pass(city: World, at: str, code: str, signer: Signer) -> str:
        client = Client(city[at].app, use_cookies=False)
        nonce = client.post("/trust/challenge", json={}).json["nonce"]
        said = {"station": code, "key": signer.public, "nonce": nonce}
        said["sig"] = passes.answer(signer, code, "localhost", nonce)
        return str(client.post("/trust/token", json=said).json["token"])
