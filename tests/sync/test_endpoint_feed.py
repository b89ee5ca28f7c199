"""The changes feed over HTTP: where it goes on, and long polls, which must not use up the server."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import Any

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
    monkeypatch.setattr("sync.endpoint.changes.PAGE", 3)
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
        "feed=odd",
        "feed=longpoll&since=odd",
        "feed=continuous&descending=true",
        "filter=_doc_ids",
        "filter=_doc_ids&doc_ids=1",
        "filter=_selector",
        "heartbeat=x&feed=longpoll",
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


def test_a_filter_that_would_be_run_is_not(client: FlaskClient) -> None:
    status, answer = said(client.get("/db/things/_changes?filter=a/b"))
    assert (status, answer["error"]) == (501, "not_implemented")


def test_a_long_poll_beats(app: flask.Flask, db: Database) -> None:
    response = app.test_client().get("/db/things/_changes?feed=longpoll&heartbeat=100")
    parts = iter(response.response)
    begun = next(parts)
    assert next(parts) in (b"\n", "\n")
    db.put({"_id": "a"})
    text = begun + b"".join(part for part in parts if isinstance(part, bytes))
    assert json.loads(text)["last_seq"] == 1
    response.close()


def test_a_waiter_is_let_go_when_its_client_is(store: Store, db: Database, gate: Gate) -> None:
    client = application(store, gate, waiters=1).test_client()
    for _ in range(3):
        response = client.get("/db/things/_changes?feed=longpoll&heartbeat=100")
        parts = iter(response.response)
        next(parts)
        assert next(parts) in (b"\n", "\n")  # the place was free again
        response.close()


def test_the_feed_chooses_by_id_and_by_content(client: FlaskClient, db: Database) -> None:
    db.put_many(documents(6))
    db.put({"_id": "_design/x", "views": {}})
    ids = {"doc_ids": ["doc-0001", "doc-0004", "nobody"]}

    def names(answer: Any) -> list[str]:
        return [row["id"] for row in said(answer)[1]["results"]]

    assert names(client.post("/db/things/_changes?filter=_doc_ids", json=ids)) == ["doc-0001", "doc-0004"]
    asked = "filter=_doc_ids&doc_ids=" + json.dumps(ids["doc_ids"])
    assert names(client.get(f"/db/things/_changes?{asked}")) == ["doc-0001", "doc-0004"]
    selector = {"selector": {"n": {"$gte": 4}}}
    assert names(client.post("/db/things/_changes?filter=_selector", json=selector)) == [
        "doc-0004",
        "doc-0005",
    ]
    assert names(client.get("/db/things/_changes?filter=_design")) == ["_design/x"]
    one = said(client.post("/db/things/_changes?filter=_selector&limit=1&since=3", json=selector))[1]
    assert one["last_seq"] == 5 or [row["id"] for row in one["results"]] == ["doc-0004"]


def test_the_feed_runs_backwards_and_names_places_now_and_then(client: FlaskClient, db: Database) -> None:
    db.put_many(documents(5))
    backwards = said(client.get("/db/things/_changes?descending=true&limit=2"))[1]
    assert [row["id"] for row in backwards["results"]] == ["doc-0004", "doc-0003"]
    rows = said(client.get("/db/things/_changes?seq_interval=2"))[1]["results"]
    assert [row["seq"] for row in rows] == [None, 2, None, 4, 5]


# -- over sockets: feeds hold no thread ------------------------------------------------------------------------------------


def test_feeds_wait_without_threads(store: Store, db: Database, gate: Gate) -> None:
    """Many more wait than there are threads, and others are answered meanwhile."""
    with listening(application(store, gate), threads=2) as url, ThreadPoolExecutor(30) as pool:
        address = f"{url}/things/_changes?feed=longpoll&since=now&heartbeat=200&timeout=50000"
        begun = [Event() for _ in range(30)]

        def poll(n: int) -> Any:
            with httpx.stream("GET", address, timeout=60, trust_env=False) as response:
                parts = response.iter_bytes()
                text = next(parts)
                begun[n].set()
                return json.loads(text + b"".join(parts))

        polls = [pool.submit(poll, n) for n in range(30)]
        assert all(event.wait(20) for event in begun)
        assert httpx.get(f"{url}/_up", trust_env=False).json() == {"status": "ok"}
        db.put({"_id": "a"})
        assert [poll.result(30)["results"][0]["id"] for poll in polls] == ["a"] * 30


@pytest.mark.parametrize("form", ["continuous", "eventsource"])
def test_a_feed_goes_on(store: Store, db: Database, gate: Gate, form: str) -> None:
    db.put({"_id": "before"})
    with listening(application(store, gate)) as url:
        address = f"{url}/things/_changes?feed={form}&heartbeat=200&include_docs=true"
        with httpx.stream("GET", address, timeout=20, trust_env=False) as response:
            kind = "text/event-stream" if form == "eventsource" else "application/json"
            assert response.headers["content-type"].startswith(kind)
            lines = response.iter_lines()

            def following() -> Any:
                while not (line := next(lines)).startswith(("{", 'data: {"')):
                    assert line == "" or line.startswith(("event: heartbeat", "data:", "id:")), line
                return json.loads(line.removeprefix("data: "))

            assert following()["id"] == "before"
            for n in range(5):
                db.put({"_id": f"after-{n}", "n": n})
                assert following()["doc"]["n"] == n


def test_a_continuous_feed_ends_by_its_limit_or_its_timeout_and_says_where(
    store: Store, db: Database, gate: Gate
) -> None:
    db.put_many(documents(3))
    with listening(application(store, gate)) as url:
        address = f"{url}/things/_changes?feed=continuous"
        lines = httpx.get(f"{address}&limit=2", trust_env=False).text.splitlines()
        assert [json.loads(line).get("id") for line in lines] == ["doc-0000", "doc-0001", None]
        assert json.loads(lines[-1])["last_seq"] == 2
        lines = httpx.get(f"{address}&since=now&timeout=10", trust_env=False).text.splitlines()
        assert json.loads(lines[-1]) == {"last_seq": 3, "pending": 0}


def test_an_eventsource_goes_on_after_the_last_event_it_had(store: Store, db: Database, gate: Gate) -> None:
    db.put_many(documents(3))
    with listening(application(store, gate)) as url:
        address = f"{url}/things/_changes?feed=eventsource&limit=1"
        text = httpx.get(address, headers={"Last-Event-ID": "2"}, trust_env=False).text
        assert '"id":"doc-0002"' in text and "\nid: 3\n" in text


def test_a_stopped_server_ends_its_feeds(store: Store, db: Database, gate: Gate) -> None:
    with ExitStack() as running:
        url = running.enter_context(listening(application(store, gate)))
        with httpx.stream(
            "GET", f"{url}/things/_changes?feed=continuous&heartbeat=100", trust_env=False
        ) as response:
            parts = response.iter_bytes()
            assert next(parts) == b"\n"
            running.close()
            assert b"last_seq" in b"".join(parts)


def test_databases_have_a_feed_of_their_own(store: Store, db: Database, gate: Gate) -> None:
    with listening(application(store, gate)) as url:
        first = httpx.get(f"{url}/_db_updates", trust_env=False).json()
        assert [(row["db_name"], row["type"]) for row in first["results"]] == [("things", "created")]
        db.put({"_id": "a"})
        store.create_database("more")
        gate.hidden = {"hidden"}
        store.create_database("hidden")
        after = httpx.get(f"{url}/_db_updates?since={first['last_seq']}", trust_env=False).json()
        assert [(row["db_name"], row["type"]) for row in after["results"]] == [
            ("things", "updated"),
            ("more", "created"),
        ]
        with httpx.stream(
            "GET", f"{url}/_db_updates?feed=continuous&since=now&heartbeat=200", timeout=20, trust_env=False
        ) as response:
            lines = response.iter_lines()
            next(lines)
            store.delete_database("more")
            line = next(line for line in lines if line)
            assert json.loads(line)["type"] == "deleted"
