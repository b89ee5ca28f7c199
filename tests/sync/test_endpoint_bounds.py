"""Hostile and clumsy requests: bounded, and refused in words."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from sync.endpoint import requests as bounds
from sync.store import Database, Store
from tests.sync.neighbours import Gate, application, listening, said


@pytest.mark.parametrize("path", ["_bulk_docs", "_bulk_get", "_revs_diff", "_all_docs"], ids=str)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b'{"docs":[{"_id":"a","_id":"b"}],"keys":["a"],"keys":[]}',
        b'{"docs":[NaN],"keys":[NaN],"a":[NaN]}',
        b'{"docs":[' + b"[" * 99 + b"]" * 99 + b"]}",
        b'{"docs":1,"keys":1,"a":1}',
        b"\xff",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_bad_body_is_refused_in_words(client: FlaskClient, path: str, body: bytes) -> None:
    status, answer = said(client.post(f"/db/things/{path}", data=body, content_type="application/json"))
    assert (status, answer["error"]) == (400, "bad_request")
    assert answer["reason"].endswith(".") or "Document" in answer["reason"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_only_json_is_json(client: FlaskClient, kind: str) -> None:
    for method, path in (
        ("POST", "things"),
        ("POST", "things/_bulk_docs"),
        ("PUT", "things/a"),
        ("PUT", "things/_local/a"),
    ):
        status, answer = said(
            client.open(f"/db/{path}", method=method, data=b'{"docs":[]}', content_type=kind)
        )
        assert (status, answer["error"]) == (415, "bad_content_type")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "_secret", {}),
        ("PUT", "a", {"_id": "b"}),
        ("PUT", "a?rev=1-b", {"_rev": "1-a"}),
        ("PUT", "a", {"_rev": "nonsense"}),
        ("COPY", "a", None),
        ("GET", "a?rev=nonsense", None),
        ("GET", "a?open_revs=1", None),
        ("GET", "a?open_revs=[[1]]", None),
        ("POST", "_bulk_docs", {"docs": [1]}),
        ("POST", "_bulk_docs", {"docs": [], "new_edits": "no"}),
        ("POST", "_bulk_get", {"docs": [{"rev": "1-a"}]}),
        ("POST", "_revs_diff", {"a": "1-a"}),
        ("POST", "_revs_diff", {"a": [1]}),
        ("POST", "_all_docs", {"keys": [1]}),
        ("GET", "_all_docs?startkey=a", None),
        ("GET", "_all_docs?startkey=1", None),
    ],
)
def test_a_malformed_request_is_refused_in_words(
    client: FlaskClient, db: Database, method: str, path: str, body: Any
) -> None:
    db.put({"_id": "a"})
    status, answer = said(client.open(f"/db/things/{path}", method=method, json=body))
    assert (status, answer["error"]) == (400, "bad_request")


def test_what_is_too_large_is_said(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_BODY", 1000)
    monkeypatch.setattr(bounds, "MAX_ITEMS", 3)
    packed = gzip.compress(b'{"x":"' + b"y" * 100_000 + b'"}')
    assert len(packed) < 1000
    for body, headers in ((b" " * 1001, {}), (packed, {"Content-Encoding": "gzip"})):
        answer = client.put("/db/things/a", data=body, content_type="application/json", headers=headers)
        assert said(answer)[0] == 413
    assert said(client.post("/db/things/_bulk_docs", json={"docs": [{}] * 4}))[0] == 413
    assert said(client.post("/db/things/_bulk_get", json={"docs": [{"id": "a"}] * 4}))[0] == 413


def test_packed_requests_are_understood(client: FlaskClient) -> None:
    def put(body: bytes, encoding: str) -> int:
        headers = {"Content-Encoding": encoding}
        return said(client.put("/db/things/a", data=body, content_type="application/json", headers=headers))[
            0
        ]

    assert put(gzip.compress(b'{"n":1}')[:-4], "gzip") == 400
    assert put(b'{"n":1}', "gzip") == 400
    assert put(b'{"n":1}', "br") == 415
    assert put(gzip.compress(b'{"n":1}'), "gzip") == 201


@pytest.mark.parametrize(
    "path",
    ["_utils", "_node/_local/_config", "_config", "things/_odd", "things/_design", "no/a"],
)
def test_what_is_not_here_is_not_found_in_json(client: FlaskClient, path: str) -> None:
    assert said(client.get(f"/db/{path}"))[0] in (400, 404)
    assert said(client.post(f"/db/{path}", json={}))[0] in (400, 404, 405)


def test_a_slash_that_came_encoded_parts_nothing(store: Store) -> None:
    """Over a real socket, since only there the original path is known."""
    store.database("things", create=True)
    with listening(application(store, Gate())) as url, httpx.Client(trust_env=False) as asking:
        for path in ("/things%2fdoc", "/things%2f..%2fhere"):
            request = asking.build_request("GET", url)
            request.extensions["target"] = f"/db{path}".encode()
            answer = asking.send(request)
            assert answer.status_code == 404, path
            assert answer.json()["error"] == "not_found"
