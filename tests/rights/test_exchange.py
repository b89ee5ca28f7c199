"""Exchange gives and takes what the table of devices says, whatever a message asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from sync import wire
from sync.exchange import message as messages
from sync.exchange.message import CONTENT_TYPE, Message
from tests.rights.tables import AT, DATABASES, Credentials, table
from tests.rights.test_devices import REFUSED, event, filled
from tests.world import VILLAGE, World, small_city

DEVICES = table("devices")
NOWHERE = (0,) * messages.LANES


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("rights")) as world:
        yield world


@pytest.fixture(scope="module")
def credentials(city: World) -> Credentials:
    return filled(city)


def writer_of(db: str) -> str:
    return db.removeprefix("station-") if db[8:].isdecimal() else VILLAGE


@pytest.mark.parametrize("row", DEVICES, ids=lambda row: f"{row['at']}-{row['who']}")
def test_a_message_gets_and_brings_exactly_what_the_table_says(
    city: World, credentials: Credentials, row: dict[str, Any]
) -> None:
    server = city[AT[row["at"]]]
    client = Client(server.app, use_cookies=False)

    def ask(message: Message) -> Any:
        return client.post(
            "/x",
            data=messages.pack(message),
            headers={**credentials.headers(row["at"], row["who"]), "Content-Type": CONTENT_TYPE},
        )

    store = server.parts.store
    before = store.update_seq
    begun = ask(Message(id="first", server=store.era, places=NOWHERE, landed=NOWHERE))
    if row["public"] == "401":
        brought = [(db, wire.unsplice(event(writer_of(db)))) for db in DATABASES.values()]
        assert begun.status_code == 401
        assert ask(Message(last="first", documents=brought)).status_code == 401
        assert store.update_seq == before
        return
    assert begun.status_code == 200
    answer = messages.unpack(ask(Message(last="first", room=10**6)).data)
    readable = {db for kind, db in DATABASES.items() if "r" in row[kind]} & set(store.databases())
    filled = {db for db in readable if store.database(db).update_seq}
    assert {db for db, _ in answer.documents} == filled

    for kind, db in DATABASES.items():
        revision = wire.unsplice(event(writer_of(db)))
        there = db in store.databases()
        note = {"kind": "seal", "db": db, "writer": VILLAGE, "epoch": "aaaaaaaa", "n": 1, "head": "a" * 64, "at": "",
                "by": "A" * 43, "sig": "A" * 86}  # fmt: skip
        said = messages.unpack(
            ask(Message(last=answer.id or "first", documents=[(db, revision)], notes=[(db, note)])).data
        )
        may = "w" in row[kind] and (there or "c" in row[kind])
        refused = [each for name, each in said.refused if (name, each.id) == (db, revision.id)]
        assert bool(refused) != may, (kind, said.refused)
        held = db in store.databases() and store.database(db).get(revision.id) is not None
        assert held == may, kind
        assert (db in store.databases()) == (there or may), kind
        assert {name for name, _ in said.documents} <= readable | {
            db for kind, db in DATABASES.items() if "r" in row[kind]
        }


@pytest.mark.parametrize("at", AT)
def test_who_may_not_come_in_learns_nothing_from_a_bad_message(city: World, at: str) -> None:
    client = Client(city[AT[at]].app, use_cookies=False)
    for data in (b"", b"x", b"\x02junk", b"{}"):
        assert client.post("/x", data=data, headers={"Content-Type": CONTENT_TYPE}).status_code in REFUSED


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"", CONTENT_TYPE, 400),
        (b"\x09abc", CONTENT_TYPE, 415),
        (b"\x02junk", CONTENT_TYPE, 400),
        (b"\x00{", CONTENT_TYPE, 400),
        (b'\x00{"p":[1]}', CONTENT_TYPE, 400),
        (b'\x00{"d":["public"]}\n7 {"_id":"a"}', CONTENT_TYPE, 400),
        (b'\x00{"n":[[0]]}', CONTENT_TYPE, 400),
        (b"\x00{}", "application/json", 415),
    ],
)
def test_what_is_no_message_is_refused_in_words(
    city: World, credentials: Credentials, data: bytes, kind: str, status: int
) -> None:
    client = Client(city[AT["hub"]].app, use_cookies=False)
    answer = client.post(
        "/x", data=data, headers={**credentials.headers("hub", "village"), "Content-Type": kind}
    )
    assert (answer.status_code, bool(answer.json["reason"])) == (status, True)
