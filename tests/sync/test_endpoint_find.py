"""`_find`, `_explain` and `_index` over HTTP: pages, order, bounds, and indexes that are kept as documents."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from sync.store import Database
from tests.sync.neighbours import Gate, documents, said


def find(client: FlaskClient, **query: Any) -> dict[str, Any]:
    status, answer = said(client.post("/db/things/_find", json={"selector": {}, **query}))
    assert status == 200, answer
    return dict(answer)


def numbers(answer: dict[str, Any]) -> list[int]:
    return [doc["n"] for doc in answer["docs"]]


@pytest.fixture(autouse=True)
def _thirty(db: Database) -> None:
    db.put_many([{**doc, "odd": doc["n"] % 2 == 1, "deep": {"n": -doc["n"]}} for doc in documents(30)])


def test_a_bookmark_goes_on_where_the_page_ended(client: FlaskClient) -> None:
    found: list[int] = []
    answer = find(client, selector={"odd": True}, limit=4)
    while answer["docs"]:
        found += numbers(answer)
        answer = find(client, selector={"odd": True}, limit=4, bookmark=answer["bookmark"])
    assert (found, answer["bookmark"]) == (list(range(1, 30, 2)), "nil")


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        (["n"], [0, 1, 2]),
        ([{"n": "desc"}], [29, 28, 27]),
        (["deep.n"], [29, 28, 27]),
        (["odd", {"n": "desc"}], [28, 26, 24]),
        ([{"odd": "desc"}, {"n": "asc"}], [1, 3, 5]),
    ],
)
def test_rows_are_sorted_and_paged(client: FlaskClient, sort: list[Any], first: list[int]) -> None:
    answer = find(client, sort=sort, limit=3)
    assert numbers(answer) == first
    rest = find(client, sort=sort, limit=99, bookmark=answer["bookmark"])
    assert len(set(first + numbers(rest))) == 30
    assert numbers(find(client, sort=sort, limit=2, skip=1)) == first[1:]


def test_a_row_has_the_fields_that_were_asked_for(client: FlaskClient) -> None:
    (doc,) = find(client, selector={"n": 3}, fields=["_id", "deep.n", "none"])["docs"]
    assert doc == {"_id": "doc-0003", "deep": {"n": -3}}
    assert find(client, limit=1, execution_stats=True)["execution_stats"]["results_returned"] == 1


def test_a_query_whose_time_is_up_says_so_and_goes_on(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.endpoint.find.SECONDS", 0)
    found: list[int] = []
    answer = find(client)
    while "warning" in answer:
        found += numbers(answer)
        answer = find(client, bookmark=answer["bookmark"])
    assert found + numbers(answer) == list(range(30))
    status, refused = said(client.post("/db/things/_find", json={"selector": {}, "sort": ["n"]}))
    assert (status, "Narrow the selector" in refused["reason"]) == (400, True)


def test_a_query_gathers_only_so_many_bytes(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.endpoint.find.MAX_BYTES", 200)
    answer = find(client)
    assert ("warning" in answer, 0 < len(answer["docs"]) < 10) == (True, True)
    assert numbers(find(client, bookmark=answer["bookmark"]))[0] == len(answer["docs"])


@pytest.mark.parametrize(
    "asked",
    [
        {"$elemMatch": {"$or": [{"$eq": -n} for n in range(1, 200)]}},
        {"$allMatch": {"$nor": [{"$eq": -n} for n in range(1, 200)]}},
        {"$in": list(range(-900, 0))},
        {"$nin": list(range(-900, 0))},
        {"$all": list(range(-900, 0))},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_a_selector_that_would_take_minutes_over_one_document_is_refused(
    client: FlaskClient, db: Database, asked: Any
) -> None:
    db.put({"_id": "long", "l": [1] * 900_000})
    for path in ("_find", "_changes?filter=_selector"):
        began = time.monotonic()
        status, answer = said(client.post(f"/db/things/{path}", json={"selector": {"l": asked}}))
        assert (status, "too many list items" in answer["reason"]) == (400, True)
        assert time.monotonic() - began < 3
    db.put({"_id": "long2", "l": [1] * 900})
    assert find(client, selector={"_id": "long2", "l": {"$in": [1]}})["docs"]


def test_only_the_named_range_of_ids_is_read(client: FlaskClient) -> None:
    selector = {"_id": {"$gte": "doc-0010", "$lt": "doc-0012"}}
    answer = find(client, selector=selector, execution_stats=True)
    assert (numbers(answer), answer["execution_stats"]["total_docs_examined"] <= 3) == ([10, 11], True)
    told = said(client.post("/db/things/_explain", json={"selector": selector}))[1]
    assert told["range"] == {"start_key": "doc-0010", "end_key": "doc-0012"}
    assert told["index"]["type"] == "special"


def test_an_index_is_kept_as_a_document(client: FlaskClient, gate: Gate) -> None:
    asked = {"index": {"fields": ["n", {"deep.n": "desc"}]}, "name": "by-n", "ddoc": "mine"}
    assert said(client.post("/db/things/_index", json=asked))[1]["result"] == "created"
    assert said(client.post("/db/things/_index", json=asked))[1]["result"] == "exists"
    listed = said(client.get("/db/things/_index"))[1]
    assert [index["name"] for index in listed["indexes"]] == ["_all_docs", "by-n"]
    assert listed["indexes"][1]["def"]["fields"] == [{"n": "asc"}, {"deep.n": "desc"}]
    assert said(client.get("/db/things/_design/mine"))[1]["language"] == "query"
    assert all(not doc["_id"].startswith("_design/") for doc in find(client, limit=99)["docs"])
    assert said(client.delete("/db/things/_index/mine/json/none"))[0] == 404
    assert said(client.delete("/db/things/_index/_design/mine/json/by-n")) == (200, {"ok": True})
    assert said(client.get("/db/things/_index"))[1]["total_rows"] == 1
    gate.forbidden.add(("things", "admin"))
    assert said(client.post("/db/things/_index", json=asked))[0] == 403


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"selector": []},
        {"selector": {"$odd": 1}},
        {"selector": {"n": {"$regex": "a"}}},
        {"selector": {"n": {"$type": {}}}},
        {"selector": {"n": {"$type": "odd"}}},
        {"selector": {"n": {"$in": 1}}},
        {"selector": {"n": {"$in": [1] * 1001}}},
        {"selector": {}, "limit": -1},
        {"selector": {}, "limit": "9"},
        {"selector": {}, "skip": True},
        {"selector": {}, "fields": "n"},
        {"selector": {}, "sort": [{"n": "up"}]},
        {"selector": {}, "sort": ["n"], "bookmark": "x"},
        {"selector": {}, "bookmark": 1},
    ],
    ids=str,
)
def test_what_is_no_query_is_refused(client: FlaskClient, query: Any) -> None:
    status, answer = said(client.post("/db/things/_find", json=query))
    assert (status, answer["error"]) == (400, "bad_request")
