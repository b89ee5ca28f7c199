"""Documents that come with the changes feed: taken where they are what they seem, and fetched apart where not."""

from __future__ import annotations

from typing import Any

import flask
import httpx
import pytest

from sync import asking, errors, fetching, strict_json
from sync.peer import Changes, Revision, Seq
from sync.remote import RemoteDatabase, RemoteServer
from sync.replicate import replicate
from sync.store import Store
from tests.sync.neighbours import Gate, application
from tests.sync.test_peers import revision


class Asked(httpx.BaseTransport):
    """A way to an application that remembers what was asked: ("_changes", with documents), ("_bulk_get", how many)."""

    def __init__(self, app: flask.Flask) -> None:
        self._way = httpx.WSGITransport(app)
        self.of: list[tuple[str, int]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        if name == "_changes":
            self.of.append((name, int("include_docs" in request.url.params)))
        elif name == "_bulk_get":
            self.of.append((name, len(strict_json.loads(request.content)["docs"])))
        return self._way.handle_request(request)


def test_documents_that_were_written_once_come_with_the_feed(store: Store, gate: Gate) -> None:
    db = store.database("things", create=True)
    for n in range(40):
        db.put({"_id": f"n{n:02}", "text": f"第{n}件 \\u0041"})
    rev = db.put({"_id": "n25", "_rev": db.leaves("n25")[0][0], "text": "edited"})
    db.put({"_id": "n26", "_rev": db.leaves("n26")[0][0], "_deleted": True})
    db.put({"_id": "n27f", "_attachments": {"a": {"content_type": "text/plain", "data": "aGVsbG8="}}})
    db.add_revisions([revision("n28", "1-other")])
    way = Asked(application(store, gate))
    back = store.database("back", create=True)
    with RemoteServer("http://peer/db", transport=way) as server:
        session = replicate(server.database("things"), back, batch=10)
    assert session.written == 42
    assert back.leaves("n25")[0] == (rev, False)
    for row in db.all_docs(include_docs=True):
        assert back.revision(row.id) == db.revision(row.id)
    assert {id: back.leaves(id) for id in ("n26", "n28")} == {id: db.leaves(id) for id in ("n26", "n28")}
    # The first stretch shows that all is wanted; then only what has a history, or files, is asked for apart.
    assert way.of[:2] == [("_changes", 0), ("_bulk_get", 10)]
    assert [asked for asked in way.of if asked[0] == "_changes"][1:] == [("_changes", 1)] * 4
    assert sum(count for name, count in way.of if name == "_bulk_get") == 10 + 5 + 1  # the file's twice


def test_who_has_it_all_is_not_sent_documents(store: Store, gate: Gate) -> None:
    db = store.database("things", create=True)
    back = store.database("back", create=True)
    for n in range(40):
        db.put({"_id": f"n{n:02}"})
    back.add_revisions(list(db.get_revisions({f"n{n:02}": [db.leaves(f"n{n:02}")[0][0]] for n in range(40)})))
    db.put({"_id": "n40"})
    way = Asked(application(store, gate))
    with RemoteServer("http://peer/db", transport=way) as server:
        assert replicate(server.database("things"), back, batch=10).written == 1
    assert [asked for asked in way.of if asked[0] == "_changes"] == [("_changes", 0)] * 5


def came(*rows: bytes) -> tuple[Changes, list[Revision | None]]:
    """What is made of a feed, by lines and in one, and of the documents that came with it."""
    changes, texts = fetching.from_feed(b'{"results":[\n' + b",\n".join(rows) + b'\n],"last_seq":1}\n')
    assert fetching.from_feed(b'{"results":[' + b",".join(rows) + b'],"last_seq":1}') == (changes, texts)
    return changes, [fetching.brought(*key, text) for key, text in texts.items()]


@pytest.mark.parametrize(
    "doc",
    [
        {"_id": "b", "_rev": "1-a"},
        {"_id": "a", "_rev": "1-b"},
        {"_id": "a", "_rev": "1-a", "_deleted": True},
        {"_id": "a", "_rev": "1-a", "_attachments": {"x": {"stub": True, "digest": "md5-x", "length": 1}}},
        None,
    ],
)
def test_a_document_that_does_not_fit_its_row_is_fetched(doc: Any) -> None:
    row = {"seq": 1, "id": "a", "changes": [{"rev": "1-a"}], "doc": doc}
    changes, found = came(strict_json.dumps(row))
    assert changes == ([(1, "a", ["1-a"], False)], 1, None)
    assert not any(found)


@pytest.mark.parametrize(
    "members", [{}, {"_deleted": False}, {"_revisions": {"start": 1, "ids": ["a"]}}], ids=str
)
@pytest.mark.parametrize("seq", [0, 7, 10**14, "7-g1AAAA", "名"])
def test_a_document_that_fits_its_row_is_taken(members: dict[str, Any], seq: Seq) -> None:
    row = {
        "seq": seq,
        "id": "名 a",
        "changes": [{"rev": "1-a"}],
        "doc": {"_id": "名 a", "_rev": "1-a", **members, "n": 1.5},
    }
    changes, (found,) = came(strict_json.dumps(row))
    assert changes.results == [(seq, "名 a", ["1-a"], False)]
    assert found == Revision("名 a", ("1-a",), False, b'{"n":1.5}', checked=True)


@pytest.mark.parametrize(
    "row",
    [
        b'{"seq":1,"id":"a","changes":[{"rev":"1-a"}],"doc":{"_id":"a","_rev":"1-a","n":01}}',
        b'{"seq":1,"id":"a","changes":[{"rev":"1-a"}],"doc":{"_id":"a","_rev":"1-a","n":1,"n":2}}',
        b'{"seq":1,"id":"a","changes":[{"rev":"1-a"}],"doc":{"_id":"a","_rev":"1-a","n":1},"id":"b"}',
        b'{"seq":1,"id":"a","changes":[{"rev":"1-a"}],"doc":{"_id":"a","_rev":"1-a","n":1}]',
        b'{"seq":01,"id":"a","changes":[{"rev":"1-a"}],"doc":{"_id":"a","_rev":"1-a","n":1}}',
        b'{"seq":1,"id":"a\x01","changes":[{"rev":"1-a"}],"doc":{"_id":"a\x01","_rev":"1-a","n":1}}',
        b'{"seq":1,"id":"\xff","changes":[{"rev":"1-a"}],"doc":{"_id":"\xff","_rev":"1-a","n":1}}',
    ],
)
def test_a_document_that_came_with_its_row_is_read_as_strictly(row: bytes) -> None:
    with pytest.raises((errors.BadJson, errors.NotAPeer)):
        came(row)


def test_what_came_with_the_feed_and_is_no_json_is_fetched_apart(store: Store, gate: Gate) -> None:
    """So one bad document stops no other, and is counted."""
    row = b'{"seq":%d,"id":"%b","changes":[{"rev":"1-a"}],"doc":{"_id":"%b","_rev":"1-a","n":%b}}'
    rows = [
        row % (n, id, id, text) for n, (id, text) in enumerate([(b"a", b"1"), (b"b", b"01"), (b"c", b"3")])
    ]
    feed = b'{"results":[\n' + b",\n".join(rows) + b'\n],"last_seq":3,"pending":0}\n'
    apart: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("_changes"):
            return httpx.Response(200, headers={"content-type": "application/json"}, content=feed)
        apart.append(strict_json.loads(request.content)["docs"])
        text = b",".join(b'{"_id":"%b","_rev":"1-a","n":2}' % each["id"].encode() for each in apart[-1])
        text = b'{"results":[{"id":"x","docs":[{"ok":%b}]}]}' % text
        return httpx.Response(200, headers={"content-type": "application/json"}, content=text)

    with RemoteServer("http://peer/db", transport=httpx.MockTransport(answer)) as server:
        db = RemoteDatabase(server, "things", "x", {})
        db._bring = 1
        with pytest.raises(errors.BadJson):
            list(db.get_revisions({change.id: change.revs for change in db.changes().results}))
        assert [each.body for each in db.get_revisions({"b": ["1-a"]})] == [b'{"n":2}']
    assert apart == [[{"id": "b", "rev": "1-a"}]]


@pytest.mark.parametrize("doc", [[], "a", {"_id": "a"}])
def test_a_feed_whose_documents_are_none_is_no_peers(doc: Any) -> None:
    row = {"seq": 1, "id": "a", "changes": [{"rev": "1-a"}], "doc": doc}
    with pytest.raises(errors.NotAPeer):
        fetching.from_feed(strict_json.dumps({"results": [row], "last_seq": 1}))


def test_where_documents_are_large_they_are_fetched_apart(
    store: Store, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = store.database("things", create=True)
    for n in range(40):
        db.put({"_id": f"n{n:02}", "text": "x" * (20_000 if n >= 20 else 10)})
    way = Asked(application(store, gate))
    back = store.database("back", create=True)
    monkeypatch.setattr("sync.remote.BRING", 100_000)
    monkeypatch.setattr(asking, "MAX_RESPONSE", 150_000)  # ten of them together are too much
    with RemoteServer("http://peer/db", transport=way) as server:
        replicate(server.database("things"), back, batch=10)
    assert [back.revision(f"n{n:02}") for n in range(40)] == [db.revision(f"n{n:02}") for n in range(40)]
    feeds = [with_documents for name, with_documents in way.of if name == "_changes"]
    assert feeds == [0, 1, 1, 0, 0, 0]  # the third stretch was too large and is asked for once more without
