"""The gate on the wire: which station may read and write which database, at a township and at the hub.

Asked over the real endpoint with real credentials; the table is the whole of the rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hub import devices
from sync.event_ids import event_rev
from sync.wire import body
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, World

Ask = Callable[..., httpx.Response]


@pytest.fixture
def tokens(city: World) -> dict[str, str]:
    """A fresh secret for each station, known to hub and township."""
    hub = city[HUB].parts
    made = {
        code: devices.give_secret(hub.store, hub.identity.signer, code, hub.random)
        for code in (VILLAGE, NEIGHBOUR, TOWNSHIP, "510922001000")
    }
    for code, server in city.servers.items():
        if code in made:
            for at in (server, city[TOWNSHIP], city[HUB]):
                at.parts.store.database(f"station-{code}", create=True)
    city.sync(TOWNSHIP, VILLAGE, NEIGHBOUR, TOWNSHIP)
    return made


@pytest.fixture
def ask(city: World, tokens: dict[str, str]) -> Ask:
    def asking(
        server: str, who: str, method: str, path: str, body: Any = None, password: str = ""
    ) -> httpx.Response:
        transport = httpx.WSGITransport(app=city[server].app)
        auth = (who, password or tokens.get(who, "")) if who else None
        with httpx.Client(transport=transport, base_url="http://127.0.0.1/db/", auth=auth) as client:
            return client.request(method, path, json=body)

    return asking


OWN, OTHER = f"station-{VILLAGE}", f"station-{NEIGHBOUR}"
TABLE = [
    # at, who, database, read, write
    (TOWNSHIP, VILLAGE, "public", True, False),
    (TOWNSHIP, VILLAGE, OWN, True, True),
    (TOWNSHIP, VILLAGE, OTHER, False, False),
    (TOWNSHIP, VILLAGE, f"station-{TOWNSHIP}", False, False),
    (TOWNSHIP, VILLAGE, "here", False, False),
    (HUB, VILLAGE, OWN, True, True),
    (HUB, VILLAGE, OTHER, False, False),
    (HUB, VILLAGE, "desk", False, False),
    (HUB, VILLAGE, "here", False, False),
    (HUB, TOWNSHIP, OWN, True, True),
    (HUB, TOWNSHIP, OTHER, True, True),
    (HUB, TOWNSHIP, "public", True, False),
    (HUB, "510922001000", OWN, False, False),
    (HUB, "510922001000", "public", True, False),
]


@pytest.mark.parametrize(("at", "who", "db", "read", "write"), TABLE)
def test_the_table(ask: Ask, at: str, who: str, db: str, read: bool, write: bool) -> None:
    assert (ask(at, who, "GET", f"{db}/_changes").status_code == 200) is read
    answer = ask(at, who, "POST", f"{db}/_bulk_docs", {"docs": [], "new_edits": False})
    assert (answer.status_code == 201) is write, answer.text
    if not read:
        assert ask(at, who, "GET", db).status_code in (403, 404)


@pytest.mark.parametrize("path", ["", "_all_dbs", "public", f"{OWN}/_changes", f"{OWN}/_local/x"])
def test_nobody_and_a_wrong_secret_get_401_but_for_the_welcome(ask: Ask, path: str) -> None:
    expected = 200 if path == "" else 401
    assert ask(HUB, "", "GET", path).status_code == expected
    assert ask(HUB, VILLAGE, "GET", path, password="wrong").status_code == expected
    assert ask(HUB, "999999999999", "GET", path, password="wrong").status_code == expected


def test_a_station_sees_only_the_databases_it_may_read(ask: Ask) -> None:
    assert ask(HUB, VILLAGE, "GET", "_all_dbs").json() == ["public", OWN]
    assert f"station-{NEIGHBOUR}" in ask(HUB, TOWNSHIP, "GET", "_all_dbs").json()


def test_a_revoked_device_is_let_in_no_more(city: World, ask: Ask) -> None:
    devices.revoke_device(city[HUB].parts.store, city[HUB].parts.identity.signer, VILLAGE)
    assert ask(HUB, VILLAGE, "GET", OWN).status_code == 401
    city.sync(TOWNSHIP)
    assert ask(TOWNSHIP, VILLAGE, "GET", OWN).status_code == 401


def event(writer: str) -> dict[str, Any]:
    """The first event of this writer, in the replication form."""
    id_ = f"ev:{writer}:aaaaaaaa:1"
    content = {"type": "case_event", "schema": 1, "case": "x", "data": {}}
    rev = event_rev(id_, body(id_, dict(content)))
    return {"_id": id_, "_rev": rev, "_revisions": {"start": 1, "ids": [rev[2:]]}, **content}


@pytest.mark.parametrize(
    ("at", "who", "brings"),
    [
        (HUB, VILLAGE, {VILLAGE, HUB}),
        (HUB, TOWNSHIP, {VILLAGE, TOWNSHIP, HUB}),
        (TOWNSHIP, VILLAGE, {VILLAGE, TOWNSHIP, "510903000000", HUB}),
    ],
)
def test_a_station_brings_its_own_events_and_those_of_its_villages_and_nobody_elses(
    ask: Ask, at: str, who: str, brings: set[str]
) -> None:
    """But for what claims to be of an earlier life of this server, or of one above it, which one that was put back needs: that
    counts by its writer's seals, and without them for nothing (tests/station/test_recovery.py)."""
    writers = [HUB, "510903000000", "510922001000", NEIGHBOUR, TOWNSHIP, VILLAGE]
    docs = [event(writer) for writer in writers]
    answer = ask(at, who, "POST", f"{OWN}/_bulk_docs", {"docs": docs, "new_edits": False})
    refused = {each["id"].split(":")[1] for each in answer.json() if each.get("error") == "forbidden"}
    expected = set(writers) - brings - ({NEIGHBOUR} if who == TOWNSHIP else set())
    assert refused == expected
    for writer in brings:
        assert ask(at, who, "GET", f"{OWN}/ev:{writer}:aaaaaaaa:1").status_code == 200


@pytest.mark.parametrize("id_", ["note", "_design/views", "claim:1", "receipt:510903001001:aaaaaaaa"])
def test_only_events_come_in_from_below(ask: Ask, id_: str) -> None:
    doc = {"_id": id_, "_rev": "1-" + "a" * 32, "_revisions": {"start": 1, "ids": ["a" * 32]}}
    answer = ask(HUB, VILLAGE, "POST", f"{OWN}/_bulk_docs", {"docs": [doc], "new_edits": False})
    assert [each.get("error") for each in answer.json()] == ["forbidden"], answer.text


def test_the_secret_itself_is_not_published(city: World, tokens: dict[str, str]) -> None:
    public = city[VILLAGE].parts.store.database("public")
    kept = json.dumps(public.get(f"device:{VILLAGE}"))
    assert tokens[VILLAGE] not in kept


def test_a_devices_checkpoints_are_its_own(ask: Ask) -> None:
    """A village can't make its township, or anybody else, skip what they have not seen."""
    path = f"{OWN}/_local/checkpoint"
    assert ask(HUB, VILLAGE, "PUT", path, {"n": 1}).status_code == 201
    assert ask(HUB, TOWNSHIP, "GET", path).status_code == 404
    assert ask(HUB, TOWNSHIP, "PUT", path, {"n": 2}).status_code == 201
    assert ask(HUB, VILLAGE, "GET", path).json()["n"] == 1
    listed = ask(HUB, VILLAGE, "GET", f"{OWN}/_local_docs").json()["rows"]
    assert "_local/checkpoint" in [row["id"] for row in listed]
    assert not [row for row in listed if TOWNSHIP in row["id"]]
    sly = ask(HUB, VILLAGE, "GET", f"{OWN}/_local/..%2F{TOWNSHIP}%2Fcheckpoint")
    assert sly.status_code == 404
    assert ask(HUB, VILLAGE, "DELETE", path).status_code == 200
    assert ask(HUB, TOWNSHIP, "GET", path).json()["n"] == 2
