"""The written tables of who may what, and who it is that asks. Reads csv files; asks nothing itself.

pages.csv     one row a page and method: which roles may open it
dialect.csv   one row a route and method of /db: what it needs of whoever asks
devices.csv   one row a server and an asker: what they may do with each kind of database
"""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from hub import devices
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, World

HERE = Path(__file__).parent
FAR, THIRD, BUREAU = "510922001000", "510903001003", "510903000000"
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
    """How each kind of asker proves who they are. The one place that knows how a device does it."""

    def __init__(self, city: World) -> None:
        """Lets the devices in that the city has not yet, revokes one, and waits for all servers to have heard of it."""
        hub = city[HUB].parts
        self._secrets = {code: city[code].parts.settings.token for code in city.servers if code != HUB}
        for code in (FAR, HUB, THIRD):
            self._secrets[code] = devices.admit_device(hub.store, code, hub.random)
        devices.revoke_device(hub.store, THIRD)
        city.sync(TOWNSHIP, VILLAGE)
        self._cookies = {
            code: city.visit(code).sign_in(person).client.cookies.get("bianmin_session") or ""
            for code, person in ((HUB, "E001"), (TOWNSHIP, "T001"), (VILLAGE, "V001"))
        }

    def name_and_secret(self, who: str) -> tuple[str, str]:
        if who == "bad secret":
            return VILLAGE, "wrong"
        return (WHO[who], self._secrets[WHO[who]]) if who in WHO else ("", "")

    def headers(self, at: str, who: str) -> dict[str, str]:
        """What a request of `who` to the server `at` carries."""
        if who == "signed-in clerk":
            return {"Cookie": f"bianmin_session={self._cookies[AT[at]]}"}
        name, secret = self.name_and_secret(who)
        return (
            {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}
            if name
            else {}
        )
