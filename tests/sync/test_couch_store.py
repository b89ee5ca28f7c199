"""A server's databases in a CouchDB: made, followed, vetted, and there again after the journal or the server was away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from sync import blobs, strict_json
from sync.couch import CouchStore, address
from sync.couch.calls import Calls
from sync.couch.store import SECURITY
from sync.errors import (
    BadRequest,
    Conflict,
    DatabaseExists,
    Forbidden,
    IllegalDatabaseName,
    MissingStub,
    NotAPeer,
    NotFound,
    PeerFailed,
    StoreClosed,
    StoreLocked,
    Unreachable,
)
from sync.peer import Attachment, Revision
from sync.store import Store
from tests.couch import Way, eventually
from tests.sync.test_peers import event, revision

Open = Callable[..., CouchStore]


def heard(store: CouchStore, since: int = 0) -> dict[str, tuple[str, bool]]:
    """What a node has heard of, but for what the server keeps for itself."""
    return {f"{c.db}/{c.id}": (c.winner_rev, c.deleted) for c in store.changes(since) if c.db != "here"}


# -- databases --------------------------------------------------------------------------------------------------------


def test_a_database_is_made_of_one_shard_and_closed_to_others(open_couch: Open) -> None:
    store = open_couch()
    db = store.create_database("station-510903001001")
    assert db.security() == SECURITY
    info = db.info()
    assert info["incarnation"] == db.incarnation
    assert info.get("cluster", {"q": 1})["q"] == 1
    assert store.databases() == ["here", "station-510903001001"]
    with pytest.raises(DatabaseExists):
        store.create_database("station-510903001001")


@pytest.mark.parametrize("name", ["Station", "a/b", "_users", ""])
def test_a_name_no_database_can_have_is_refused(open_couch: Open, name: str) -> None:
    with pytest.raises(IllegalDatabaseName):
        open_couch().create_database(name)


def test_a_database_that_is_not_there(open_couch: Open) -> None:
    store = open_couch()
    with pytest.raises(NotFound):
        store.database("things")
    with pytest.raises(NotFound):
        store.delete_database("things")
    with pytest.raises(DatabaseExists):
        store.create_database("quarantine")
    with pytest.raises(NotFound):
        store.database("quarantine")


def test_a_database_made_anew_is_another_one(open_couch: Open) -> None:
    store, other = open_couch(), open_couch("other")
    before = store.database("things", create=True)
    before.add_revisions([event(1)])
    eventually(lambda: other.database("things").runs())
    store.delete_database("things")
    after = store.database("things", create=True)
    assert after.identity != before.identity
    assert (store.holds(before), store.holds(after)) == (False, True)
    assert after.runs() == {}
    # The other node learns of it from the cluster, at the latest when it looks through everything.
    other.hear("things", anew=True)
    assert other.database("things").identity == after.identity
    assert heard(other) == {}


def test_all_web_nodes_are_one_server(open_couch: Open) -> None:
    store, other = open_couch(), open_couch("other")
    assert store.uuid == other.uuid
    assert store.epoch != other.epoch
    assert store.database("here").identity == other.database("here").identity


# -- following --------------------------------------------------------------------------------------------------------


def test_a_node_reads_what_it_wrote(open_couch: Open) -> None:
    store = open_couch(follow=False)
    db, seq = store.database("things", create=True), store.update_seq
    db.add_revisions([event(1), event(2)])
    rev = db.put({"_id": "a", "n": 1})
    assert heard(store, seq)["things/a"] == (rev, False)
    assert db.runs() == {("510903001001", "k3v7q2mh"): 2}
    gone = db.put({"_id": "a", "_rev": rev, "_deleted": True})
    assert heard(store, seq)["things/a"] == (gone, True)
    assert [change.seq for change in store.changes(seq)] == sorted(
        change.seq for change in store.changes(seq)
    )


def test_a_node_hears_what_another_wrote(open_couch: Open) -> None:
    store, other = open_couch(), open_couch("other")
    seq, told = other.update_seq, []
    end = other.watch(told.append)
    store.database("things", create=True).add_revisions([event(n) for n in range(1, 6)])
    eventually(lambda: len(heard(other, seq)) == 5)
    assert other.database("things").runs() == {("510903001001", "k3v7q2mh"): 5}
    assert frozenset(("things",)) in told
    assert ("things", "updated") in [(update.name, update.type) for update in other.updates(seq)[0]]
    end()
    # "created" may be heard after the documents, and moves the sequence once more.
    eventually(lambda: other.wait(other.update_seq, 0.01) is False)


def test_waiting_for_a_database_ends_with_a_change_of_another_node(open_couch: Open) -> None:
    store, other = open_couch(), open_couch("other")
    db = store.database("things", create=True)
    there = other.database("things")
    since = there.changes(0).last_seq
    assert not there.wait(since, 0.05)
    db.add_revisions([event(1)])
    assert there.wait(since, 10)
    assert there.wait(0, 10)


def test_numbers_that_came_in_disorder_count_once_the_hole_is_filled(open_couch: Open) -> None:
    db = open_couch().database("things", create=True)
    for n, reach in ((2, 0), (4, 0), (1, 2), (3, 4)):
        db.add_revisions([event(n)])
        assert db.runs() == {("510903001001", "k3v7q2mh"): reach}


def test_a_journal_that_was_deleted_is_made_again_beyond_the_old_one(
    open_couch: Open, tmp_path: Path
) -> None:
    with open_couch() as store:
        store.database("things", create=True).add_revisions([event(1), event(2), revision("a", "1-a")])
        before, reached = heard(store), store.update_seq
    for each in tmp_path.glob("node.sqlite*"):
        each.unlink()
    again = open_couch()
    assert heard(again) == before
    assert heard(again, reached) == before, "who had read the old journal reads all of the new one"
    assert again.database("things").runs() == {("510903001001", "k3v7q2mh"): 2}


def test_a_journal_goes_on_where_it_was_and_hears_what_happened_meanwhile(open_couch: Open) -> None:
    other = open_couch("other")
    db = other.database("things", create=True)
    with open_couch() as store:
        db.add_revisions([event(1)])
        eventually(lambda: heard(store))
        reached = store.update_seq
    db.add_revisions([event(2)])
    other.database("more", create=True).add_revisions([event(1)])
    again = open_couch()
    assert {(c.db, c.id[-2:]) for c in again.changes(reached) if c.db != "here"} == {
        ("things", ":2"),
        ("more", ":1"),
    }


def test_a_journal_of_another_cluster_is_not_believed(open_couch: Open, couchdb: str) -> None:
    with open_couch() as store:
        store.database("things", create=True).add_revisions([event(1)])
    calls = Calls(address.parse(couchdb))
    for name in ("things", "here"):
        calls.ask("DELETE", calls.real(name))
    calls.close()
    assert heard(open_couch()) == {}


def test_a_second_process_is_told(open_couch: Open) -> None:
    open_couch()
    with pytest.raises(StoreLocked):
        open_couch()


def test_a_closed_store_says_so_and_wakes_who_waits(open_couch: Open) -> None:
    store = open_couch()
    store.close()
    assert store.wait(store.update_seq, 60) is False
    with pytest.raises(StoreClosed):
        store.changes()


# -- while CouchDB is away --------------------------------------------------------------------------------------------


def test_while_couchdb_is_away_it_says_so_and_afterwards_all_goes_on(
    open_couch: Open, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    other, store = open_couch("other"), open_couch("through", way.url)
    db, there = other.database("things", create=True), store.database("things", create=True)
    there.add_revisions([event(1)])
    way.close_down()
    with pytest.raises(Unreachable, match="No answer from CouchDB"):
        there.get("a")
    with pytest.raises(Unreachable):
        there.put({"_id": "a"})
    assert there.runs() == {("510903001001", "k3v7q2mh"): 1}, "what was heard is still known"
    db.add_revisions([event(2)])
    way.restore()
    eventually(lambda: there.runs() == {("510903001001", "k3v7q2mh"): 2})
    assert there.put({"_id": "a"}).startswith("1-")
    assert not caplog.records, "nothing crashed"


def test_it_does_not_start_without_its_couchdb(open_couch: Open, way: Way, tmp_path: Path) -> None:
    way.close_down()
    with pytest.raises(Unreachable, match="No answer from CouchDB"):
        open_couch("late", way.url)
    way.restore()
    open_couch("late", way.url)


def test_the_next_node_is_taken_when_one_is_away(open_couch: Open, way: Way, couchdb: str) -> None:
    way.close_down()
    store = open_couch("two", f"{way.url},{couchdb}")
    assert store.database("things", create=True).put({"_id": "a"}).startswith("1-")


# -- what is refused --------------------------------------------------------------------------------------------------


def test_what_is_refused_is_kept_in_the_cluster(open_couch: Open) -> None:
    store = open_couch()
    db = store.database("things", create=True)
    true, other = event(1, 材料="一"), event(1, 材料="二")
    assert db.add_revisions([true]) == []
    for _ in (1, 2):
        (refusal,) = db.add_revisions([other])
        assert (refusal.id, refusal.rev, refusal.error) == (other.id, other.rev, "forbidden")
    (kept,) = open_couch("other").quarantined()
    assert (kept["db"], kept["id"], kept["rev"]) == ("things", other.id, other.rev)
    assert "already written" in kept["reason"]
    assert "quarantine" not in store.databases()


def test_two_events_of_one_name_in_one_request(open_couch: Open) -> None:
    db = open_couch().database("things", create=True)
    (refusal,) = db.add_revisions([event(1, x=1), event(1, x=2)])
    assert refusal.rev == event(1, x=2).rev
    assert db.leaves(refusal.id) == [(event(1, x=1).rev, False)]


def test_an_event_is_put_once(open_couch: Open) -> None:
    db = open_couch().database("things", create=True)
    doc = {"_id": event(1).id, **strict_json.loads_object(event(1).body)}
    assert db.put(doc) == event(1).rev == db.put(doc)
    with pytest.raises(Conflict):
        db.put({**doc, "more": 1})
    with pytest.raises(Forbidden):
        db.put({"_id": "ev:nonsense:1"})


# -- documents --------------------------------------------------------------------------------------------------------


def test_of_two_writers_one_was_first(open_couch: Open) -> None:
    db, other = open_couch().database("things", create=True), open_couch("other").database("things")
    rev = db.put({"_id": "claim", "who": ""})
    assert other.put({"_id": "claim", "_rev": rev, "who": "b"}).startswith("2-")
    with pytest.raises(Conflict):
        db.put({"_id": "claim", "_rev": rev, "who": "a"})
    with pytest.raises(Conflict):
        db.put({"_id": "claim", "who": "a"})
    assert (db.get("claim") or {})["who"] == "b"


def test_documents_are_read_as_from_the_embedded_store(open_couch: Open, tmp_path: Path) -> None:
    """One after the other asked the same questions, both say the same."""
    with Store.open(tmp_path / "embedded.sqlite") as embedded:
        told = []
        for store in (open_couch(), embedded):
            db = store.database("things", create=True)
            db.add_revisions(
                [
                    revision("a", "2-b", "1-a", n=1),
                    revision("a", "2-c", "1-a", n=2),
                    revision("b/c é", "1-a", 名="皮"),
                    revision("gone", "2-d", "1-a", deleted=True, why="错"),
                    revision("_design/views", "1-v", views={}),
                ]
            )
            db.put_local("mark", {"n": 1})
            db.put_local("other", {"n": 2})
            told.append(
                [
                    db.get("a"),
                    db.get("a", "2-b"),
                    db.get("a", "9-x"),
                    db.get("nothing"),
                    db.get("gone"),
                    db.get("_design/views"),
                    (db.revision("gone") or ())[:5],
                    (db.revision("b/c é") or ())[:5],
                    db.leaves("a"),
                    db.leaves("nothing"),
                    db.lineage("a", "2-b"),
                    db.lineage("a", "9-x"),
                    db.bodies(["a", "gone", "nothing", "b/c é"]),
                    [row.id for row in db.all_docs()],
                    [row[:2] for row in db.all_docs("a", "b", include_docs=True)],
                    [row.id for row in db.all_docs("b/c é", "", descending=True, limit=2)],
                    [row.id for row in db.all_docs("a", "b/c é", inclusive_end=False)],
                    db.get_local_rev("mark"),
                    db.local_documents("m"),
                    (db.delete_local("mark"), db.delete_local("mark"), db.get_local("mark")),
                ]
            )
        assert told[0] == told[1]


def test_a_local_document_is_replaced_by_who_knows_it(open_couch: Open) -> None:
    db, other = open_couch().database("things", create=True), open_couch("other").database("things")
    first = db.put_local_rev("x", {"n": 1}, None, check=True)
    with pytest.raises(Conflict):
        other.put_local_rev("x", {"n": 2}, None, check=True)
    second = other.put_local_rev("x", {"n": 2}, first, check=True)
    assert db.get_local_rev("x") == (second, {"n": 2})
    other.put_local("x", {"n": 3})
    assert db.get_local("x") == {"n": 3}
    with pytest.raises(BadRequest):
        db.put_local("", {})


def test_files_are_read_piece_by_piece(open_couch: Open) -> None:
    db = open_couch().database("things", create=True)
    picture, text = bytes(range(256)) * 4096, "便民" * 9000
    files = {
        "照片.jpg": Attachment("image/jpeg", "", 0, 1, picture),
        "说明.txt": Attachment("text/plain", "", 0, 1, text.encode()),
    }
    sent = Revision("a", ("1-a",), False, b"{}", {name: _named(file) for name, file in files.items()})
    assert db.add_revisions([sent]) == []
    file = db.attachment("a", "照片.jpg")
    assert file is not None
    assert file.data is not None
    assert b"".join(blobs.pieces(file.data)) == picture
    assert sum(1 for _ in blobs.pieces(file.data)) > 1
    assert db.attachment("a", "nothing") is None
    assert db.attachment("b", "照片.jpg") is None
    # Text, which CouchDB keeps compressed, goes out under the name of its bytes.
    (found,) = db.get_revisions({"a": ["1-a"]})
    assert found.attachments["说明.txt"].digest == _named(files["说明.txt"]).digest
    assert blobs.whole(found.attachments["说明.txt"].data or b"") == text.encode()
    # An edit that keeps a file names it; one that names what is not there is refused.
    kept = (db.get("a") or {})["_attachments"]
    rev = db.put({"_id": "a", "_rev": "1-a", "_attachments": {"照片.jpg": kept["照片.jpg"]}})
    assert list((db.get("a") or {})["_attachments"]) == ["照片.jpg"]
    with pytest.raises((MissingStub, PeerFailed)):
        db.put(
            {"_id": "a", "_rev": rev, "_attachments": {"x": {"stub": True, "digest": "md5-x", "revpos": 1}}}
        )


def _named(file: Attachment) -> Attachment:
    assert isinstance(file.data, bytes)
    return file._replace(digest=blobs.digests(file.data).md5, length=len(file.data))


def test_a_purged_document_is_forgotten(open_couch: Open) -> None:
    store = open_couch()
    if store.thin:
        pytest.skip("this server cannot purge")
    db = store.database("things", create=True)
    db.add_revisions([revision("a", "1-a"), revision("b", "1-b"), event(1)])
    assert db.purge({"a": ["1-a"], event(1).id: [event(1).rev]}) == {"a": ["1-a"]}
    assert db.leaves("a") == []
    assert "things/a" not in heard(store)
    assert {"things/b", f"things/{event(1).id}"} <= set(heard(store))


def test_a_wrong_password_is_our_trouble_and_not_the_stations(open_couch: Open, couchdb: str) -> None:
    where = address.parse(couchdb)
    wrong = f"http://nobody:wrong@{where.nodes[0]}/{where.prefix}"
    if where.auth is None:
        pytest.skip("this server asks nobody for a password")
    with pytest.raises(PeerFailed, match="does not let us in") as caught:
        open_couch("wrong", wrong)
    assert "wrong@" not in str(caught.value)


def test_a_redirect_is_followed_nowhere(open_couch: Open) -> None:
    with pytest.raises(NotAPeer, match="sends us elsewhere"):
        _open_at(open_couch, _not_a_couchdb)


def _open_at(open_couch: Open, serve: Callable[[], tuple[str, Callable[[], None]]]) -> None:
    url, close = serve()
    try:
        open_couch("no", url)
    finally:
        close()


def _not_a_couchdb() -> tuple[str, Callable[[], None]]:
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", "http://elsewhere.invalid/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join(5)

    return f"http://127.0.0.1:{server.server_port}", close
