"""CouchDB's dialect, seen from the wire: statuses, words, bounds, and who is asked what."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flask
import httpx
import pytest
from flask.testing import FlaskClient

from sync.endpoint.context import OPEN_ROUTES
from sync.store import Database, Store
from tests.sync.neighbours import Gate, application, documents, listening, said
from tests.sync.test_peers import event, revision


def test_the_welcome_is_at_the_mount_point(client: FlaskClient, store: Store) -> None:
    status, welcome = said(client.get("/db/"))
    assert status == 200
    assert (welcome["couchdb"], welcome["uuid"], welcome["vendor"]["name"]) == (
        "Welcome",
        store.uuid,
        "bianmin",
    )
    assert welcome["version"].startswith("3.")
    assert isinstance(welcome["features"], list)
    assert said(client.get("/db/_up")) == (200, {"status": "ok"})


def test_it_answers_wherever_it_is_mounted(store: Store, gate: Gate) -> None:
    from sync.endpoint import create_endpoint

    app = flask.Flask("elsewhere")
    app.register_blueprint(create_endpoint(store, gate), url_prefix="/a/b")
    assert said(app.test_client().get("/a/b/"))[0] == 200
    assert app.test_client().get("/db/").status_code == 404


def test_databases_are_made_listed_described_and_deleted(client: FlaskClient, gate: Gate) -> None:
    assert said(client.put("/db/one")) == (201, {"ok": True})
    assert said(client.put("/db/one"))[0] == 412
    assert said(client.put("/db/one"))[1]["error"] == "file_exists"
    assert said(client.put("/db/One"))[1]["error"] == "illegal_database_name"
    gate.hidden.add("things")
    assert said(client.get("/db/_all_dbs")) == (200, ["one"])
    status, info = said(client.get("/db/one/"))
    assert (status, info["db_name"], info["doc_count"], info["update_seq"]) == (200, "one", 0, 0)
    assert client.head("/db/one").status_code == 200
    assert said(client.delete("/db/one")) == (200, {"ok": True})
    assert said(client.get("/db/one")) == (
        404,
        {"error": "not_found", "reason": "There is no database 'one' here."},
    )
    assert client.head("/db/one").status_code == 404


def test_a_document_is_written_read_edited_and_deleted(client: FlaskClient) -> None:
    status, first = said(client.put("/db/things/a", json={"名": "一"}))
    assert (status, first["ok"], first["id"]) == (201, True, "a")
    assert said(client.get("/db/things/a")) == (200, {"_id": "a", "_rev": first["rev"], "名": "一"})
    assert client.get("/db/things/a").headers["ETag"] == f'"{first["rev"]}"'
    assert client.head("/db/things/a").status_code == 200
    conflict = (409, {"error": "conflict", "reason": "Document update conflict."})
    assert said(client.put("/db/things/a", json={"名": "二"})) == conflict
    second = said(client.put("/db/things/a", json={"名": "二", "_rev": first["rev"]}))[1]
    third = said(client.put(f"/db/things/a?rev={second['rev']}", json={"名": "三"}))[1]
    fourth = said(client.put("/db/things/a", json={}, headers={"If-Match": third["rev"]}))[1]
    assert fourth["rev"].startswith("4-")
    assert said(client.delete("/db/things/a")) == conflict
    gone = said(client.delete(f"/db/things/a?rev={fourth['rev']}"))
    assert (gone[0], gone[1]["rev"][:2]) == (200, "5-")
    assert said(client.get("/db/things/a")) == (404, {"error": "not_found", "reason": "deleted"})
    assert said(client.get("/db/things/b")) == (404, {"error": "not_found", "reason": "missing"})
    assert said(client.delete("/db/things/a"))[0] == 404
    assert said(client.get(f"/db/things/a?rev={gone[1]['rev']}"))[1]["_deleted"] is True


def test_a_document_without_a_name_gets_one(client: FlaskClient) -> None:
    status, answer = said(client.post("/db/things", json={"n": 1}))
    assert (status, len(answer["id"])) == (201, 32)
    (made,) = said(client.post("/db/things/_bulk_docs", json={"docs": [{"n": 2}]}))[1]
    assert said(client.get(f"/db/things/{made['id']}"))[1]["n"] == 2


def test_histories_are_told_when_asked_for(client: FlaskClient, db: Database) -> None:
    db.add_revisions(
        [
            revision("a", "2-b", "1-a", n=1),
            revision("a", "3-d", "2-c", "1-a", n=2),
            revision("a", "2-z", "1-a"),
        ]
    )
    doc = said(client.get("/db/things/a?revs=true&conflicts=true"))[1]
    assert doc["_revisions"] == {"start": 3, "ids": ["d", "c", "a"]}
    assert doc["_conflicts"] == ["2-z", "2-b"]
    assert said(client.get("/db/things/a?rev=2-b"))[1]["n"] == 1
    assert said(client.get("/db/things/a?rev=2-c"))[0] == 404
    assert said(client.get("/db/things/a?rev=2-c&latest=true"))[1]["_rev"] == "3-d"
    every = said(client.get("/db/things/a?open_revs=all"))[1]
    assert [answer["ok"]["_rev"] for answer in every] == ["3-d", "2-z", "2-b"]
    some = said(client.get('/db/things/a?open_revs=["2-b","9-x"]&revs=true'))[1]
    assert some == [
        {"ok": {"_id": "a", "_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}, "n": 1}},
        {"missing": "9-x"},
    ]


def test_an_attachment_never_runs_as_a_page(client: FlaskClient) -> None:
    page = {"content_type": "text/html", "data": "PHNjcmlwdD4="}
    client.put("/db/things/a", json={"_attachments": {"x.html": page}})
    response = client.get("/db/things/a/x.html")
    assert (response.status_code, response.data, response.content_type) == (200, b"<script>", "text/html")
    assert response.headers["Content-Disposition"] == "attachment"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert said(client.get("/db/things/a/y"))[0] == 404
    assert said(client.get("/db/things/a"))[1]["_attachments"]["x.html"]["stub"] is True
    assert (
        said(client.get("/db/things/a?attachments=true"))[1]["_attachments"]["x.html"]["data"] == page["data"]
    )


def test_new_edits_are_answered_one_by_one(client: FlaskClient, db: Database) -> None:
    db.put({"_id": "a"})
    docs = [{"_id": "a"}, {"_id": "b"}, {"_id": "c", "_rev": "1-" + "0" * 32}]
    status, answers = said(client.post("/db/things/_bulk_docs", json={"docs": docs}))
    assert status == 201
    assert [answer.get("error", "ok") for answer in answers] == ["conflict", "ok", "conflict"]


def test_replicated_revisions_are_answered_for_only_when_refused(
    client: FlaskClient, db: Database, gate: Gate
) -> None:
    gate.refuse = lambda revision: "Not yours." if revision.id == "c" else None
    docs = [
        {"_id": "a", "_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}, "n": 1},
        {"_id": "b", "_rev": "nonsense"},
        {"_id": "c", "_rev": "1-c"},
        {"_rev": "1-d"},
        {"_id": "e", "_rev": "1-e", "_bad": 1},
        {"n": 2, "_rev": "1-f", "_id": "f"},
    ]
    status, refused = said(client.post("/db/things/_bulk_docs", json={"docs": docs, "new_edits": False}))
    assert status == 201
    assert [(answer["id"], answer["rev"], answer["error"]) for answer in refused] == [
        ("b", "nonsense", "forbidden"),
        ("c", "1-c", "forbidden"),
        ("None", "1-d", "forbidden"),
        ("e", "1-e", "forbidden"),
    ]
    assert refused[1]["reason"] == "Not yours."
    assert [change.id for change in db.changes().results] == ["a", "f"]
    assert gate.written_to == ["things"]


def test_the_gate_is_not_told_of_what_was_not_written(client: FlaskClient, gate: Gate) -> None:
    gate.refuse = lambda revision: "No."
    assert (
        said(client.post("/db/things/_bulk_docs", json={"docs": [{"_id": "a"}]}))[1][0]["error"]
        == "forbidden"
    )
    assert said(client.put("/db/things/a", json={})) == (403, {"error": "forbidden", "reason": "No."})
    assert said(client.post("/db/things", json={}))[0] == 403
    assert said(client.put("/db/things/a?new_edits=false", json={"_rev": "1-a"}))[0] == 403
    assert gate.written_to == []


def test_the_gate_is_told_after_a_durable_write(
    client: FlaskClient, gate: Gate, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(gate, "written", lambda principal, db: seen.append(store.update_seq))
    client.put("/db/things/a", json={})
    client.post("/db/things/_bulk_docs", json={"docs": [{"_id": "b"}, {"_id": "c"}]})
    client.put("/db/things/d?new_edits=false", json={"_rev": "1-d"})
    assert seen == [1, 3, 4]


def test_bulk_get_gives_revisions_and_says_what_is_missing(client: FlaskClient, db: Database) -> None:
    db.add_revisions(
        [revision("a", "1-a"), revision("a", "2-b", "1-a", n=1), revision("a", "2-c", "1-a", n=2), event(1)]
    )
    docs = [{"id": "a", "rev": "1-a"}, {"id": "x", "rev": "1-x"}, {"id": event(1).id}]
    answer = said(client.post("/db/things/_bulk_get?latest=true&revs=true", json={"docs": docs}))[1][
        "results"
    ]
    found = {result["id"]: [doc.get("ok", {}).get("_rev") for doc in result["docs"]] for result in answer}
    assert found == {"a": ["2-c", "2-b"], "x": [None], event(1).id: [event(1).rev]}
    by_id = {result["id"]: result["docs"] for result in answer}
    assert by_id["a"][0]["ok"]["_revisions"] == {"start": 2, "ids": ["c", "a"]}
    assert by_id["x"][0]["error"] == {
        "id": "x",
        "rev": "1-x",
        "error": "not_found",
        "reason": "missing",
    }
    exact = said(client.post("/db/things/_bulk_get", json={"docs": docs[:1]}))[1]["results"]
    assert exact[0]["docs"][0]["error"]["reason"] == "missing"
    assert said(client.post("/db/things/_bulk_get", json={"docs": []})) == (200, {"results": []})


def test_all_docs_is_a_range_or_a_list(
    client: FlaskClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.endpoint.listing.PAGE", 2)
    for doc in documents(6):
        db.put(doc)
    gone = db.put({"_id": "gone"})
    db.put({"_id": "gone", "_rev": gone, "_deleted": True})

    def ids(query: str) -> list[str]:
        return [row["id"][-1] for row in said(client.get(f"/db/things/_all_docs?{query}"))[1]["rows"]]

    assert ids("") == list("012345")
    assert ids('startkey="doc-0002"&endkey="doc-0004"') == list("234")
    assert ids('startkey="doc-0002"&endkey="doc-0004"&inclusive_end=false') == list("23")
    assert ids("descending=true&limit=3") == list("543")
    assert ids("skip=1&limit=3") == list("123")
    assert ids('key="doc-0003"') == list("3")
    assert said(client.get("/db/things/_all_docs"))[1]["total_rows"] == 6
    rows = said(
        client.post("/db/things/_all_docs?include_docs=true", json={"keys": ["doc-0001", "no", "gone"]})
    )[1]["rows"]
    assert rows[0]["doc"]["n"] == 1
    assert rows[1] == {"key": "no", "error": "not_found"}
    assert rows[2]["value"]["deleted"] is True and rows[2]["doc"] is None


def test_checkpoints_are_kept_here_and_belong_to_reading(client: FlaskClient, gate: Gate) -> None:
    gate.forbidden.add(("things", "write"))
    assert said(client.get("/db/things/_local/x"))[0] == 404
    assert said(client.put("/db/things/_local/x%3D%3D", json={"n": 1})) == (
        201,
        {"ok": True, "id": "_local/x==", "rev": "0-1"},
    )
    assert said(client.put("/db/things/_local/x%3D%3D", json={"n": 2}))[0] == 409
    assert said(client.put("/db/things/_local/x%3D%3D", json={"_rev": "0-1", "n": 2}))[1]["rev"] == "0-2"
    assert said(client.get("/db/things/_local/x%3D%3D"))[1] == {"_id": "_local/x==", "_rev": "0-2", "n": 2}
    assert said(client.delete("/db/things/_local/x%3D%3D?rev=0-2"))[0] == 200
    assert said(client.put("/db/things/a", json={}))[0] == 403


def test_small_questions_are_answered(client: FlaskClient, db: Database) -> None:
    started = db.info()["instance_start_time"]
    assert said(client.post("/db/things/_ensure_full_commit", json={})) == (
        201,
        {"ok": True, "instance_start_time": started},
    )
    assert said(client.get("/db/things/_revs_limit")) == (200, 1000)
    assert said(client.get("/db/things/_security")) == (200, {})
    assert len(set(said(client.get("/db/_uuids?count=5"))[1]["uuids"])) == 5
    assert len(said(client.get("/db/_uuids?count=99999999"))[1]["uuids"]) == 1000


# -- the gate ---------------------------------------------------------------------------------------------------------


def routes(app: flask.Flask) -> list[tuple[str, str]]:
    """Every method and path of the endpoint, so that a new one cannot be forgotten here."""
    return [
        (method, rule.rule.replace("<db>", "things").replace("<path:rest>", "a"))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
        if rule.rule.startswith("/db") and rule.endpoint.rpartition(".")[2] not in OPEN_ROUTES
    ]


def test_a_stranger_is_told_nothing(app: flask.Flask, db: Database) -> None:
    db.put({"_id": "a"})
    client = app.test_client()
    assert len(routes(app)) > 25
    for method, path in routes(app):
        response = client.open(path, method=method, json={}, auth=("stranger", "x"))
        assert response.status_code == 401, (method, path)
        assert response.headers["WWW-Authenticate"].startswith("Basic")
    assert db.get("a") is not None


def test_who_may_do_nothing_does_nothing(app: flask.Flask, db: Database, gate: Gate) -> None:
    db.put({"_id": "a"})
    gate.forbidden = {("things", action) for action in ("read", "write", "create", "admin")}
    gate.hidden = {"things"}
    for method, path in routes(app):
        response = app.test_client().open(path, method=method, json={"docs": [], "keys": []})
        if path.startswith("/db/things"):
            assert response.status_code == 403, (method, path)
        assert b"things" not in response.data or response.status_code == 403
    assert db.update_seq == 1


def test_who_may_only_read_writes_nothing(client: FlaskClient, db: Database, gate: Gate) -> None:
    rev = db.put({"_id": "a"})
    gate.forbidden = {("things", "write"), ("things", "admin"), ("new", "create")}
    attempts: list[Callable[[], Any]] = [
        lambda: client.put("/db/things/b", json={}),
        lambda: client.post("/db/things", json={}),
        lambda: client.post("/db/things/_bulk_docs", json={"docs": [{}]}),
        lambda: client.delete(f"/db/things/a?rev={rev}"),
        lambda: client.delete("/db/things"),
        lambda: client.put("/db/new"),
    ]
    assert [said(attempt())[0] for attempt in attempts] == [403] * len(attempts)
    assert said(client.get("/db/things/a"))[0] == 200
    assert db.update_seq == 1


def test_design_documents_take_an_administrator_and_are_only_data(client: FlaskClient, gate: Gate) -> None:
    design = {"_id": "_design/x", "validate_doc_update": "function () { throw 1 }"}
    assert said(client.put("/db/things/_design/x", json=design))[0] == 201
    assert said(client.get("/db/things/_design/x"))[1]["validate_doc_update"]
    gate.forbidden.add(("things", "admin"))
    assert said(client.put("/db/things/_design/y", json={}))[0] == 403
    docs = [{"_id": "_design/y", "_rev": "1-a"}, {"_id": "b", "_rev": "1-b"}]
    (refused,) = said(client.post("/db/things/_bulk_docs", json={"docs": docs, "new_edits": False}))[1]
    assert refused["id"] == "_design/y"
    assert said(client.get("/db/things/b"))[0] == 200


def test_a_fault_of_ours_is_said_as_such(client: FlaskClient, store: Store) -> None:
    store.close()
    assert said(client.get("/db/things/_changes"))[0] == 503


def test_many_requests_at_once_are_all_answered(store: Store, db: Database, gate: Gate) -> None:
    start = threading.Barrier(4)
    with listening(application(store, gate)) as url, ThreadPoolExecutor(4) as pool:

        def push(who: int) -> list[int]:
            start.wait()
            docs = [[{"_id": f"{who}-{i}-{n}", "_rev": "1-a"} for n in range(10)] for i in range(10)]
            with httpx.Client() as client:
                bodies = [{"docs": some, "new_edits": False} for some in docs]
                return [client.post(f"{url}/things/_bulk_docs", json=body).status_code for body in bodies]

        assert [set(statuses) for statuses in pool.map(push, range(4))] == [{201}] * 4
    assert db.info()["doc_count"] == 400
