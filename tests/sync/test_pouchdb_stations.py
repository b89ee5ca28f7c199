"""PouchDB and nano with a station's own credentials, at a station and at the hub: they may what that station may.

The scenarios are in tests/node. The rules they meet are those of station.gate and hub.gate; nobody lets them off.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from hub import devices
from tests.node.peers import node
from tests.test_journey import INSTANT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World, small_city

OWN = f"station-{VILLAGE}"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[World]:
    with small_city(tmp_path, sockets=True) as city:
        yield city


@pytest.fixture
def auth(city: World) -> dict[str, str]:
    """The village's credentials, which every server that lets it in has heard of; one case was recorded there."""
    hub = city[HUB].parts
    secret = devices.give_secret(hub.store, hub.identity.signer, VILLAGE, secrets.token_bytes)
    city.sync(TOWNSHIP, VILLAGE)
    record(city, INSTANT)
    return {"username": VILLAGE, "password": secret}


def held(city: World, code: str) -> set[str]:
    """Ids of the village's documents at a server."""
    store = city[code].parts.store
    return {row.id for row in store.database(OWN).all_docs()} if OWN in store.databases() else set()


@pytest.mark.parametrize("above", [TOWNSHIP, HUB])
def test_pouchdb_reads_as_the_village_may_and_is_refused_the_rest(
    above: str, city: World, auth: dict[str, str]
) -> None:
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    found = node("pouchdb_client.js", "device", f"{city[above].url}/db", OWN, auth)
    assert set(found["events"]) == held(city, above) > set()
    assert found["public"] >= 3
    assert [(each["id"], each["name"]) for each in found["denied"]] == [("free", "forbidden")]
    assert "free" not in held(city, above)


def test_pouchdb_carries_a_villages_events_to_the_hub_where_they_count_when_their_seal_is_there(
    city: World, auth: dict[str, str]
) -> None:
    assert not held(city, HUB)
    told = node("pouchdb_client.js", "carry", f"{city[VILLAGE].url}/db", f"{city[HUB].url}/db", OWN, auth)
    assert told["denied"] == []
    assert told["before"] == sorted(held(city, VILLAGE))
    assert set(told["after"]) == held(city, HUB) == held(city, VILLAGE) | set(told["after"])
    hub = city[HUB].parts
    hub.register.catch_up()
    assert hub.register.select() == []
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)  # the agent brings what no other client knows of
    hub.register.catch_up()
    assert len(hub.register.select()) == 1
    assert city[VILLAGE].parts.register.waiting() == {}


@pytest.mark.parametrize("above", [TOWNSHIP, HUB])
def test_nano_makes_the_everyday_calls_that_a_village_may(
    above: str, city: World, auth: dict[str, str]
) -> None:
    city.sync(VILLAGE, TOWNSHIP)
    at = urlsplit(city[above].url)
    url = f"http://{auth['username']}:{quote(auth['password'])}@{at.netloc}/db"
    assert set(node("nano_client.js", "station", url, OWN)["ids"]) == held(city, above) > set()
