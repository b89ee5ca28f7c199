"""The changes feed over HTTP: where it goes on, and long polls, which must not use up the server."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import flask
import httpx
import pytest
from flask.testing import FlaskClient

from sync.store import Database, Store
from tests.sync.neighbours import Gate, application, documents, listening, said
from tests.sync.test_peers import revision


def test_the_feed_goes_on_where_it_ended(
    client: FlaskClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.endpoint.feed.PAGE", 3)
    db.put_many(documents(8))
    whole = said(client.get("/db/things/_changes?include_docs=true"))[1]
    assert [row["seq"] for row in whole["results"]] == list(range(1, 9))
    assert (whole["last_seq"], whole["pending"]) == (8, 0)
    assert whole["results"][3]["doc"]["n"] == 3
    part = said(client.get("/db/things/_changes?since=2&limit=5"))[1]
    assert (len(part["results"]), part["last_seq"], part["pending"]) == (5, 7, 1)
    assert said(client.get("/db/things/_changes?since=now"))[1] == {
        "results": [],
        "last_seq": 8,
        "pending": 0,
    }
    assert said(client.get("/db/things/_changes?limit=0"))[1] == {"results": [], "last_seq": 0, "pending": 8}
    assert said(client.post("/db/things/_changes?since=7", json={}))[1]["last_seq"] == 8
    assert len(said(client.get("/db/things/_changes?since=999"))[1]["results"]) == 8  # from before a restore


def test_the_feed_names_the_winner_or_all_leaves(client: FlaskClient, db: Database) -> None:
    db.add_revisions([revision("a", "2-b", "1-a"), revision("a", "2-c", "1-a", deleted=True)])
    (row,) = said(client.get("/db/things/_changes"))[1]["results"]
    assert row == {"seq": 2, "id": "a", "changes": [{"rev": "2-b"}]}
    (row,) = said(client.get("/db/things/_changes?style=all_docs"))[1]["results"]
    assert row["changes"] == [{"rev": "2-b"}, {"rev": "2-c"}]


@pytest.mark.parametrize(
    "query",
    [
        "feed=continuous",
        "feed=eventsource",
        "filter=a/b",
        "since=1-abc",
        "limit=x",
        "limit=-1",
        "include_docs=1",
    ],
)
def test_what_the_feed_does_not_do_is_said(client: FlaskClient, query: str) -> None:
    assert said(client.get(f"/db/things/_changes?{query}"))[0] == 400


def test_a_long_poll_ends_with_a_change(app: flask.Flask, db: Database) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: app.test_client().get("/db/things/_changes?feed=longpoll&since=0").data)
        db.put({"_id": "a"})
        assert json.loads(waiting.result(20))["last_seq"] == 1


def test_a_long_poll_ends_by_its_timeout_and_shows_that_it_lives(client: FlaskClient) -> None:
    response = client.get("/db/things/_changes?feed=longpoll&timeout=1")
    assert json.loads(response.data) == {"results": [], "last_seq": 0, "pending": 0}


def test_a_long_poll_beats(app: flask.Flask, db: Database) -> None:
    response = app.test_client().get("/db/things/_changes?feed=longpoll&heartbeat=100")
    parts = iter(response.response)
    assert next(parts) in (b"\n", "\n")
    db.put({"_id": "a"})
    assert json.loads(b"".join(part for part in parts if isinstance(part, bytes)))["last_seq"] == 1
    response.close()


def test_long_polls_cannot_use_up_the_server(store: Store, db: Database, gate: Gate) -> None:
    app = application(store, gate, waiters=2)
    with listening(app) as url, ThreadPoolExecutor(12) as pool:
        address = f"{url}/things/_changes?feed=longpoll&timeout=50000"
        polls = [pool.submit(lambda: httpx.get(address, timeout=60).json()) for _ in range(12)]
        while sum(poll.done() for poll in polls) < 10:  # all but two are answered at once
            time.sleep(0.01)
        assert httpx.get(f"{url}/_up").json() == {"status": "ok"}
        db.put({"_id": "a"})
        assert sorted(poll.result(30)["last_seq"] for poll in polls) == [0] * 10 + [1] * 2
        assert httpx.get(address).json()["last_seq"] == 1


def test_a_waiter_is_let_go_when_its_client_is(store: Store, db: Database, gate: Gate) -> None:
    client = application(store, gate, waiters=1).test_client()
    for _ in range(3):
        response = client.get("/db/things/_changes?feed=longpoll&heartbeat=100")
        assert next(iter(response.response)) in (b"\n", "\n")  # the place was free again
        response.close()
