"""One document and its files over HTTP, question by question."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from sync import multipart
from sync.store import Database, Store
from tests.sync.neighbours import Gate, application, listening, said
from tests.sync.test_endpoint_hostile import ask
from tests.sync.test_peers import revision

BRANCHES = [
    revision("a", "2-b", "1-a", n=1),
    revision("a", "3-d", "2-c", "1-a", n=2),
    revision("a", "2-z", "1-a", deleted=True),
]


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def parts(response: Any) -> list[tuple[str, bytes]]:
    """The parts of a multipart answer: content type and bytes."""
    boundary = multipart.boundary_of(response.content_type)
    return [(part.content_type, b"".join(part.pieces)) for part in multipart.parts([response.data], boundary)]


# -- what is asked about a document -------------------------------------------------------------------------------------


def test_a_lineage_says_what_can_still_be_read(client: FlaskClient, db: Database) -> None:
    db.add_revisions(BRANCHES)
    assert said(client.get("/db/things/a?revs_info=true"))[1]["_revs_info"] == [
        {"rev": "3-d", "status": "available"},
        {"rev": "2-c", "status": "missing"},
        {"rev": "1-a", "status": "missing"},
    ]


def test_meta_is_everything_there_is_to_know(client: FlaskClient, db: Database) -> None:
    db.add_revisions(BRANCHES)
    doc = said(client.get("/db/things/a?meta=true"))[1]
    assert (doc["_conflicts"], doc["_deleted_conflicts"]) == (["2-b"], ["2-z"])
    assert (doc["_local_seq"], len(doc["_revs_info"])) == (3, 3)
    assert said(client.get("/db/things/a?local_seq=true"))[1]["_local_seq"] == 3
    assert said(client.get("/db/things/a?deleted_conflicts=true"))[1]["_deleted_conflicts"] == ["2-z"]


def test_open_revs_come_as_json_or_in_parts(client: FlaskClient, db: Database) -> None:
    db.add_revisions(BRANCHES)
    asked = '/db/things/a?open_revs=["2-b","9-x"]&revs=true'
    as_json = said(client.get(asked, headers={"Accept": "application/json"}))[1]
    assert [one.get("ok", one).get("_rev", "9-x") for one in as_json] == ["2-b", "9-x"]
    response = client.get(asked, headers={"Accept": "multipart/mixed"})
    (_, first), (kind, second) = parts(response)
    assert json.loads(first)["_revisions"] == {"start": 2, "ids": ["b", "a"]}
    assert ('error="true"' in kind, json.loads(second)) == (True, {"missing": "9-x"})
    assert len(parts(client.get("/db/things/a?open_revs=all", headers={"Accept": "multipart/mixed"}))) == 3
    latest = said(client.get('/db/things/a?open_revs=["2-c"]&latest=true'))[1]
    assert [one["ok"]["_rev"] for one in latest] == ["3-d"]
    assert said(client.get("/db/things/none?open_revs=all"))[0] == 404


def test_files_that_are_held_already_are_not_sent_again(client: FlaskClient) -> None:
    data = {"content_type": "text/plain", "data": base64.b64encode(b"one").decode()}
    first = said(client.put("/db/things/a", json={"_attachments": {"1": data}}))[1]["rev"]
    stub = said(client.get("/db/things/a"))[1]["_attachments"]["1"]
    doc = {"_rev": first, "_attachments": {"1": stub, "2": data}}
    assert said(client.put("/db/things/a", json=doc))[0] == 201
    files = said(client.get(f'/db/things/a?atts_since=["{first}"]'))[1]["_attachments"]
    assert ("stub" in files["1"], "data" in files["2"]) == (True, True)
    files = said(client.get('/db/things/a?atts_since=["1-unknown"]'))[1]["_attachments"]
    assert "data" in files["1"] and "data" in files["2"]


def test_a_document_with_files_comes_in_parts_when_asked_for(client: FlaskClient) -> None:
    data = {"content_type": "text/plain", "data": base64.b64encode(b"one").decode()}
    client.put("/db/things/a", json={"n": 1, "_attachments": {"1": data}})
    response = client.get("/db/things/a", headers={"Accept": "multipart/related"})
    (_, doc), (kind, file) = parts(response)
    assert json.loads(doc)["_attachments"]["1"]["follows"] is True
    assert (kind, file) == ("text/plain", b"one")


def test_who_has_this_very_version_is_not_sent_it(client: FlaskClient) -> None:
    rev = said(client.put("/db/things/a", json={}))[1]["rev"]
    response = client.get("/db/things/a", headers={"If-None-Match": f'"{rev}"'})
    assert (response.status_code, response.data, response.headers["ETag"]) == (304, b"", f'"{rev}"')
    client.put("/db/things/a", json={"_rev": rev})
    assert client.get("/db/things/a", headers={"If-None-Match": f'"{rev}"'}).status_code == 200


def test_a_head_has_the_revision_and_no_body(client: FlaskClient) -> None:
    rev = said(client.put("/db/things/a", json={"n": 1}))[1]["rev"]
    response = client.head("/db/things/a")
    assert (response.status_code, response.headers["ETag"], response.data) == (200, f'"{rev}"', b"")
    assert client.head("/db/things/b").status_code == 404


def test_a_batch_is_accepted_and_durable(client: FlaskClient, db: Database) -> None:
    assert said(client.put("/db/things/a?batch=ok", json={"n": 1})) == (202, {"ok": True, "id": "a"})
    assert said(client.post("/db/things?batch=ok", json={"_id": "b"})) == (202, {"ok": True, "id": "b"})
    assert (db.get("a") or {})["n"] == 1


def test_a_document_is_copied_with_its_files(client: FlaskClient) -> None:
    data = {"content_type": "text/plain", "data": base64.b64encode(b"one").decode()}
    client.put("/db/things/a", json={"n": 1, "_attachments": {"1": data}})

    def copy(destination: str) -> tuple[int, Any]:
        return said(client.open("/db/things/a", method="COPY", headers={"Destination": destination}))

    status, made = copy("%E6%96%87")
    assert (status, made["id"]) == (201, "文")
    assert client.get("/db/things/文/1").data == b"one"
    assert copy("文")[0] == 409
    assert copy(f"文?rev={made['rev']}")[1]["rev"].startswith("2-")
    assert copy("_odd")[0] == 400
    assert copy("")[0] == 400
    assert said(client.open("/db/things/no", method="COPY", headers={"Destination": "x"}))[0] == 404


def test_hashes_that_are_no_words_are_no_history(client: FlaskClient, db: Database) -> None:
    no_words: list[Any] = [None, 1, True, {}, []]
    for hash in no_words:
        told = {"_revisions": {"start": 2, "ids": ["b", hash]}}
        assert said(client.put("/db/things/a?new_edits=false", json=told))[0] == 400
        told = {"_revisions": {"start": 1, "ids": [hash]}}
        assert said(client.put("/db/things/a?new_edits=false", json=told))[0] == 400
    assert db.leaves("a") == []


def test_a_name_may_come_encoded_or_as_it_is(store: Store, db: Database, gate: Gate) -> None:
    db.put({"_id": "文/a b", "n": 1})
    client = application(store, gate).test_client()
    with listening(application(store, gate)) as url:
        assert json.loads(ask(url, "GET /db/things/%E6%96%87%2Fa%20b").body)["n"] == 1
        assert ask(url, "GET /db/things/文%2fa%20b").status == 400  # no URL; the parser says so
    assert said(client.get("/db/things/文%2fa b"))[1]["n"] == 1  # as other servers pass it on


# -- files ---------------------------------------------------------------------------------------------------------------

FILE = "".join(f"第{n}行\n" for n in range(400)).encode()


@pytest.fixture
def rev(client: FlaskClient) -> str:
    response = client.put(
        "/db/things/a/f", data=FILE, content_type="text/plain", headers={"Content-MD5": md5(FILE)}
    )
    assert response.status_code == 201
    return str(said(response)[1]["rev"])


def test_a_file_is_put_read_and_deleted(client: FlaskClient, rev: str) -> None:
    response = client.get("/db/things/a/f")
    assert (response.data, response.headers["Content-MD5"]) == (FILE, md5(FILE))
    assert client.put("/db/things/a/f", data=b"x").status_code == 409
    assert client.put("/db/things/a/f?rev=1-unknown", data=b"x").status_code == 409
    second = said(client.put(f"/db/things/a/g/h?rev={rev}", data=b"x"))[1]["rev"]
    assert client.get("/db/things/a/g/h").data == b"x"
    assert client.delete("/db/things/a/f").status_code == 409
    third = said(client.delete(f"/db/things/a/f?rev={second}"))
    assert third[0] == 200
    assert client.get("/db/things/a/f").status_code == 404
    assert client.delete(f"/db/things/a/f?rev={third[1]['rev']}").status_code == 404
    assert client.get("/db/things/a/g/h").data == b"x"


def test_a_range_of_a_file_is_that_range(client: FlaskClient, rev: str) -> None:
    for asked, start, stop in (
        ("0-9", 0, 10),
        ("5-5", 5, 6),
        ("100-", 100, len(FILE)),
        ("-7", len(FILE) - 7, len(FILE)),
    ):
        response = client.get("/db/things/a/f", headers={"Range": f"bytes={asked}"})
        assert (response.status_code, response.data) == (206, FILE[start:stop])
        assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(FILE)}"
    response = client.get("/db/things/a/f", headers={"Range": "bytes=99999-"})
    assert (response.status_code, response.headers["Content-Range"]) == (416, f"bytes */{len(FILE)}")
    assert response.json is not None and response.json["error"] == "requested_range_not_satisfiable"


def test_a_text_is_packed_for_who_can_unpack(client: FlaskClient, rev: str) -> None:
    response = client.get("/db/things/a/f", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert (len(response.data) < len(FILE), gzip.decompress(response.data)) == (True, FILE)
    assert "Content-Encoding" not in client.get("/db/things/a/f").headers
    packed = client.put("/db/things/b/f", data=gzip.compress(FILE), headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 201
    assert client.get("/db/things/b/f").data == FILE


def test_who_has_the_file_is_not_sent_it(client: FlaskClient, rev: str) -> None:
    tag = client.head("/db/things/a/f").headers["ETag"]
    response = client.get("/db/things/a/f", headers={"If-None-Match": tag})
    assert (response.status_code, response.data) == (304, b"")


def test_a_file_goes_by_the_gate(client: FlaskClient, gate: Gate) -> None:
    gate.refuse = lambda revision: "No."
    assert said(client.put("/db/things/a/f", data=b"x")) == (403, {"error": "forbidden", "reason": "No."})
    gate.forbidden.add(("things", "read"))
    assert client.get("/db/things/a/f").status_code == 403


# -- purging and asking what is missing --------------------------------------------------------------------------------


def test_a_purged_revision_was_never_there(client: FlaskClient, db: Database, gate: Gate) -> None:
    db.add_revisions(BRANCHES)
    status, answer = said(client.post("/db/things/_purge", json={"a": ["3-d", "9-x"], "none": ["1-a"]}))
    assert (status, answer["purged"]["a"]) == (201, ["3-d"])
    assert said(client.get("/db/things/a"))[1]["_rev"] == "2-b"
    assert said(client.post("/db/things/_missing_revs", json={"a": ["3-d", "2-b"]})) == (
        200,
        {"missing_revs": {"a": ["3-d"]}},
    )
    assert said(client.post("/db/things/_purge", json={"ev:510903001001:k3v7q2mh:000001": ["1-a"]}))[0] == 403
    gate.forbidden.add(("things", "admin"))
    assert said(client.post("/db/things/_purge", json={"a": ["2-b"]}))[0] == 403
