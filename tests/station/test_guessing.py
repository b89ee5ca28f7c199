"""Guessing at the CouchDB dialect: slowed by name and address, over a restart, and never for those who are right."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from hub import app as hub_app
from station.attempts import DEVICE, DEVICES_OF_ADDRESS
from tests.rights.tables import Credentials
from tests.world import HUB, QUICK, TOWNSHIP, VILLAGE, World


@pytest.fixture
def credentials(city: World) -> Credentials:
    return Credentials(city)


class Lines:
    """Requests to the hub from several addresses."""

    def __init__(self, city: World, credentials: Credentials) -> None:
        self._city, self._credentials = city, credentials

    def ask(self, who: str, address: str = "10.0.0.7", **more: Any) -> TestResponse:
        given: dict[str, Any] = {"headers": self._credentials.basic(who), "method": "GET", **more}
        client = Client(self._city[HUB].app, use_cookies=False)
        return client.open("/db/_all_dbs", environ_base={"REMOTE_ADDR": address}, **given)


@pytest.fixture
def lines(city: World, credentials: Credentials) -> Lines:
    return Lines(city, credentials)


def test_wrong_secrets_of_one_name_have_to_wait_and_are_told_how_long(city: World, lines: Lines) -> None:
    assert [lines.ask("bad secret").status_code for _ in range(DEVICE.free)] == [401] * DEVICE.free
    held_up = lines.ask("bad secret")
    assert held_up.status_code == 429
    assert held_up.json["error"] == "too_many_requests"
    assert 0 < int(held_up.headers["Retry-After"]) <= 31
    assert lines.ask("village").status_code == 429, "the same name from the same place, right or wrong"
    city.time.pass_(seconds=31)
    assert lines.ask("village").status_code == 200
    assert lines.ask("bad secret").status_code == 401, "being right has made good for what was"


def test_a_stranger_who_knows_the_name_does_not_cut_the_village_off(lines: Lines) -> None:
    for _ in range(DEVICE.free + 3):
        lines.ask("bad secret", "203.0.113.9")
    assert lines.ask("bad secret", "203.0.113.9").status_code == 429
    assert lines.ask("village", "10.0.0.7").status_code == 200


def test_the_wait_survives_a_restart(city: World, lines: Lines) -> None:
    for _ in range(DEVICE.free):
        lines.ask("bad secret")
    hub = city[HUB]
    hub.parts.close()
    hub.parts = hub_app.build_parts(hub.parts.settings, clock=city.time, hasher=QUICK)
    hub.app = hub_app.create_app(hub.parts)
    assert lines.ask("bad secret").status_code == 429
    city.time.pass_(seconds=31)
    assert lines.ask("bad secret").status_code == 401
    assert lines.ask("bad secret").status_code == 429


def test_many_names_from_one_address_have_to_wait_but_not_those_who_were_right_before(lines: Lines) -> None:
    assert lines.ask("village").status_code == 200
    basic = [("Basic", f"guess{n}") for n in range(DEVICES_OF_ADDRESS.free)]
    for _, name in basic:
        assert lines.ask("", headers={}, auth=(name, "wrong")).status_code == 401
    assert lines.ask("", headers={}, auth=("another", "wrong")).status_code == 429
    assert lines.ask("village").status_code == 200
    assert lines.ask("township").status_code == 429
    assert lines.ask("township", "10.0.0.8").status_code == 200


def test_wrong_secrets_count_at_the_session_too(city: World) -> None:
    client = Client(city[HUB].app, use_cookies=False)
    wrong = {"name": VILLAGE, "password": "wrong"}
    codes = [client.post("/db/_session", json=wrong).status_code for _ in range(DEVICE.free + 1)]
    assert codes == [401] * DEVICE.free + [429]


def test_asking_without_a_secret_is_no_guess(city: World) -> None:
    client = Client(city[TOWNSHIP].app, use_cookies=False)
    assert {client.get("/db/_all_dbs").status_code for _ in range(DEVICES_OF_ADDRESS.free + 5)} == {401}
    assert city[TOWNSHIP].parts.store.database("here").local_documents("attempts:") == {}
