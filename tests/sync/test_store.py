"""Documents in the embedded store, one at a time and as a feed over all databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync import blobs, event_ids, strict_json
from sync.errors import BadRequest, Conflict, DatabaseExists, Forbidden, NotFound
from sync.peer import Attachment, Filter, Revision
from sync.store import Database, Store, writing
from tests.sync.neighbours import documents
from tests.sync.test_peers import event, revision


def test_an_edit_names_the_revision_it_was_made_from(db: Database) -> None:
    first = db.put({"_id": "a", "名": "一"})
    second = db.put({"_id": "a", "_rev": first, "名": "二"})
    assert db.get("a") == {"_id": "a", "_rev": second, "名": "二"}
    assert second.startswith("2-")
    for base in ({}, {"_rev": first}, {"_rev": "2-" + "0" * 32}):
        with pytest.raises(Conflict):
            db.put({"_id": "a", "名": "三", **base})
    assert db.leaves("a") == [(second, False)]


def test_a_new_document_has_no_base(db: Database) -> None:
    with pytest.raises(Conflict):
        db.put({"_id": "a", "_rev": "1-" + "0" * 32})


def test_a_deleted_document_is_gone_until_it_is_written_anew(db: Database) -> None:
    first = db.put({"_id": "a", "n": 1})
    gone = db.put({"_id": "a", "_rev": first, "_deleted": True})
    assert db.get("a") is None
    assert db.get("a", gone) == {"_id": "a", "_rev": gone, "_deleted": True}
    assert (db.info()["doc_count"], db.info()["doc_del_count"]) == (0, 1)
    third = db.put({"_id": "a", "n": 3})
    assert third.startswith("3-")
    assert (db.info()["doc_count"], db.info()["doc_del_count"]) == (1, 0)


def test_a_conflict_is_kept_and_can_be_removed(db: Database) -> None:
    db.add_revisions([revision("a", "2-b", "1-a", n=1), revision("a", "2-c", "1-a", n=2)])
    assert db.leaves("a") == [("2-c", False), ("2-b", False)]
    assert db.get("a", "2-b") == {"_id": "a", "_rev": "2-b", "n": 1}
    gone = db.put({"_id": "a", "_rev": "2-b", "_deleted": True})
    assert db.leaves("a") == [("2-c", False), (gone, True)]


def test_a_superseded_body_is_forgotten(store: Store, db: Database) -> None:
    first = db.put({"_id": "a", "name": "before"})
    db.put({"_id": "a", "_rev": first, "name": "after"})
    assert db.get("a", first) is None
    with store.read() as connection:
        assert connection.execute("SELECT count(*) FROM bodies").fetchall() == [(1,)]


def test_a_file_is_kept_once_and_forgotten_with_its_last_document(store: Store, db: Database) -> None:
    file = {"f": {"content_type": "text/plain", "data": "aGVsbG8="}}
    first, other = db.put({"_id": "a", "_attachments": file}), db.put({"_id": "b", "_attachments": file})

    def chunks() -> int:
        with store.read() as connection:
            return len(connection.execute("SELECT 1 FROM chunks").fetchall())

    assert chunks() == 1
    db.put({"_id": "a", "_rev": first})
    found = db.attachment("b", "f")
    assert found is not None and found.data is not None and blobs.whole(found.data) == b"hello"
    db.put({"_id": "b", "_rev": other, "_deleted": True})
    assert chunks() == 0


def test_an_edit_keeps_a_file_by_its_stub(db: Database) -> None:
    first = db.put({"_id": "a", "_attachments": {"f": {"content_type": "text/plain", "data": "aGVsbG8="}}})
    read = db.get("a")
    assert read is not None
    second = db.put({**read, "n": 2})
    assert second != first
    found = db.attachment("a", "f")
    assert found is not None and found.data is not None
    assert blobs.whole(found.data) == b"hello" and found.revpos == 1


def test_an_event_is_put_once(db: Database) -> None:
    id = event_ids.event_id("510903001001", "k3v7q2mh", 1)
    rev = db.put({"_id": id, "type": "case_event"})
    assert rev == event_ids.event_rev(id, b'{"type":"case_event"}')
    assert db.put({"_id": id, "type": "case_event"}) == rev
    with pytest.raises(Conflict):
        db.put({"_id": id, "_rev": rev, "type": "other"})
    with pytest.raises((Conflict, Forbidden)):
        db.put({"_id": id, "_rev": rev, "_deleted": True})


def test_a_refused_revision_is_kept_for_a_person(db: Database) -> None:
    true, other = event(1, 材料="一"), event(1, 材料="二")
    db.add_revisions([true])
    for _ in range(3):
        (refusal,) = db.add_revisions([other])
    (kept,) = db.quarantine()
    assert (kept.id, kept.rev, kept.body, kept.reason) == (other.id, other.rev, other.body, refusal.reason)
    assert db.get(true.id) == {"_id": true.id, "_rev": true.rev, **strict_json.loads(true.body)}


def test_the_quarantine_is_bounded(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "QUARANTINE_LIMIT", 3)
    for _ in range(2):
        db.add_revisions([revision("_no", f"1-{i}") for i in range(5)])
    assert len(db.quarantine()) == 3


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b'{"a":1,"a":2}', b'{"_id":"x"}', b'{"a":NaN}', b' {"a":1}', b"{ }"]
)
def test_a_body_from_anywhere_is_read_strictly(db: Database, body: bytes) -> None:
    assert len(db.add_revisions([Revision("a", ("1-a",), False, body)])) == 1
    assert db.get("a") is None


def test_an_event_that_is_not_in_canonical_form_is_refused(db: Database) -> None:
    true = event(1)
    loose = true._replace(body=true.body.replace(b'":"', b'": "'))
    assert db.add_revisions([loose])[0].reason == "The event is not in canonical form."


def test_how_far_a_writers_events_reach_without_a_gap(db: Database) -> None:
    key = ("510903001001", "k3v7q2mh")
    reached = []
    for arriving in ([1, 2], [4, 5, 600], [3], range(7, 600), [6], [2, 600], [601]):
        assert db.add_revisions([event(n) for n in arriving]) == []
        reached.append(db.runs()[key])
    assert reached == [2, 2, 5, 5, 600, 600, 601]
    db.add_revisions([event(1, "510903001002"), event(2, epoch="aaaaaaaa")])
    assert db.runs() == {key: 601, ("510903001002", "k3v7q2mh"): 1, ("510903001001", "aaaaaaaa"): 0}


def test_a_range_of_documents(db: Database) -> None:
    for doc in documents(7):
        db.put(doc)
    gone = db.get("doc-0003")
    assert gone is not None
    db.put({"_id": "doc-0003", "_rev": gone["_rev"], "_deleted": True})
    assert [row.id[-1] for row in db.all_docs()] == list("012456")
    assert [row.id[-1] for row in db.all_docs("doc-0002", "doc-0005")] == list("245")
    assert [row.id[-1] for row in db.all_docs("doc-0002", "doc-0005", inclusive_end=False)] == list("24")
    assert [row.id[-1] for row in db.all_docs("doc-0005", "doc-0002", descending=True)] == list("542")
    assert [
        row.id[-1] for row in db.all_docs("doc-0005", "doc-0002", descending=True, inclusive_end=False)
    ] == list("54")
    assert [row.id[-1] for row in db.all_docs(limit=2, skip=1)] == list("12")
    (row,) = db.all_docs("doc-0006", include_docs=True)
    assert row.doc is not None and strict_json.loads(row.doc.body)["n"] == 6


def test_bodies_are_the_living_winners(store: Store, db: Database) -> None:
    rev = db.put({"_id": "a", "n": 1})
    gone = db.put({"_id": "b"})
    db.put({"_id": "b", "_rev": gone, "_deleted": True})
    assert store.bodies("things", ["a", "b", "c", "\0"]) == {"a": {"_id": "a", "_rev": rev, "n": 1}}
    assert store.bodies("things", []) == {}


def test_one_feed_over_all_databases(store: Store) -> None:
    one, other = store.database("one", create=True), store.database("other", create=True)
    first = one.put({"_id": "a"})
    other.put({"_id": "b"})
    rev = one.put({"_id": "a", "_rev": first, "_deleted": True})
    changes = store.changes()
    assert [(change.db, change.id) for change in changes] == [("other", "b"), ("one", "a")]
    assert changes[1] == (3, "one", "a", rev, True)
    assert store.update_seq == 3
    assert store.changes(2) == changes[1:]
    assert store.changes(limit=1) == changes[:1]
    assert (one.update_seq, other.update_seq) == (3, 2)


def test_a_batch_stands_in_the_feed_in_its_own_order(db: Database) -> None:
    db.add_revisions([revision("old", "1-a", n=0), revision("same", "1-a", n=0)])
    batch = [
        revision("a", "1-a", n=1),
        event(1),
        revision("same", "1-a", n=0),
        revision("b", "1-b", n=2),
        revision("old", "2-b", "1-a", n=3),
        revision("名 c", "1-c", n=4),
        revision("gone", "1-d", deleted=True),
        revision("long", "3-c", "2-b", "1-a", n=5),
        revision("d", "1-" + "e" * 32, n=6),
    ]
    assert db.add_revisions(batch) == []
    fresh = [each for each in batch if each.id != "same"]
    changes = db.changes(2).results
    assert [(c.seq, c.id, c.revs, c.deleted) for c in changes] == [
        (seq, each.id, [each.rev], each.deleted) for seq, each in enumerate(fresh, start=3)
    ]
    found = db.get_revisions({each.id: [each.rev] for each in fresh})
    assert sorted(each[:4] for each in found) == sorted(each[:4] for each in fresh)
    assert (db.info()["doc_count"], db.info()["doc_del_count"]) == (8, 1)


def test_sequences_never_go_back(store: Store) -> None:
    db = store.database("one", create=True)
    db.put({"_id": "a"})
    before = db.identity
    store.delete_database("one")
    again = store.database("one", create=True)
    assert again.identity != before
    assert again.get("a") is None
    again.put({"_id": "a"})
    assert store.update_seq == 2
    with pytest.raises(NotFound):
        db.put({"_id": "b"})


def test_deleting_a_database_leaves_nothing_of_it(store: Store) -> None:
    db = store.database("one", create=True)
    db.put({"_id": "a", "_attachments": {"f": {"data": "aGVsbG8="}}})
    db.add_revisions(
        [event(1), event(1, 材料="二"), revision("b", "2-b", "1-a"), revision("b", "2-c", "1-a")]
    )
    db.put_local("mark", {})
    store.delete_database("one")
    with store.read() as connection:
        for table in (
            "documents",
            "revisions",
            "bodies",
            "attachments",
            "chunks",
            "local_documents",
            "quarantine",
            "runs",
        ):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchall() == [(0,)], table


@pytest.mark.parametrize("name", ["", "A", "1a", "_users", "a/b", "a b", "é", "a" * 129, "../x", "a.b"])
def test_what_is_no_name_for_a_database(store: Store, name: str) -> None:
    with pytest.raises(BadRequest):
        store.database(name, create=True)
    with pytest.raises(NotFound):
        store.database(name)


def test_a_database_is_made_once(store: Store) -> None:
    store.create_database("one")
    with pytest.raises(DatabaseExists):
        store.create_database("one")
    assert store.database("one", create=True).identity == store.database("one").identity


def test_waiting_ends_with_the_change_and_not_before(store: Store, db: Database) -> None:
    other = store.database("other", create=True)
    with ThreadPoolExecutor(3) as pool:
        anywhere = pool.submit(store.wait, 0, 30)
        here = pool.submit(db.wait, 0, 30)
        other.put({"_id": "x"})
        assert anywhere.result(10)
        assert not here.done()
        db.put({"_id": "a"})
        assert here.result(10)
    assert not db.wait(db.update_seq, 0)
    assert not store.wait(store.update_seq, 0)
    assert store.wait(0, 0)


def test_waiting_ends_when_the_database_is_deleted(store: Store, db: Database) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(db.wait, 0, 30)
        store.delete_database("things")
        assert waiting.result(10) is False


def test_readers_do_not_wait_for_the_writer(store: Store, db: Database) -> None:
    db.put({"_id": "a"})
    with store.transaction() as txn, ThreadPoolExecutor(1) as pool:
        txn.connection.execute("UPDATE documents SET winner = '9-z'")
        seen = pool.submit(db.get, "a").result(10)
    assert seen is not None and seen["_rev"].startswith("1-")


def test_a_transaction_that_fails_leaves_no_trace(store: Store, db: Database) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as txn:
        writing.add(txn, db.key, [revision("a", "1-a")])
        1 / 0  # noqa: B018
    assert db.get("a") is None
    assert store.update_seq == 0
    assert db.put({"_id": "a"})
    assert [change.seq for change in db.changes().results] == [1]


def test_transactions_are_not_nested(store: Store, db: Database) -> None:
    with store.transaction() as txn:
        writing.add(txn, db.key, [revision("a", "1-a")])
        with pytest.raises(RuntimeError), store.transaction():
            pass
    assert db.get("a") is not None


def test_many_threads_write_and_read_at_once(store: Store, db: Database) -> None:
    start = threading.Barrier(6)

    def write(who: int) -> None:
        start.wait()
        for n in range(20):
            db.put({"_id": f"{who}-{n}"})

    def read() -> list[int]:
        start.wait()
        return [len(db.changes(0, 1000).results) for _ in range(20)]

    with ThreadPoolExecutor(6) as pool:
        writing_ = [pool.submit(write, who) for who in range(4)]
        reading = [pool.submit(read) for _ in range(2)]
        for future in writing_:
            future.result()
        assert all(seen == sorted(seen) for seen in (future.result() for future in reading))
    assert [change.seq for change in db.changes(0, 1000).results] == list(range(1, 81))


def test_histories_are_stemmed(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.revisions.LIMIT", 5)
    monkeypatch.setattr("sync.revisions.stem.__defaults__", (5,))
    rev = ""
    for n in range(12):
        rev = db.put({"_id": "a", "n": n, **({"_rev": rev} if rev else {})})
    found = db.revision("a")
    assert found is not None and found.rev == rev
    assert len(found.path) == 5
    assert db.leaves("a") == [(rev, False)]
    assert len(db.changes().results) == 1


def test_security_is_kept(db: Database) -> None:
    assert db.security() == {}
    db.put_security({"members": {"roles": ["站点"]}})
    assert db.security() == {"members": {"roles": ["站点"]}}


def test_local_documents_have_a_revision_of_their_own(db: Database) -> None:
    assert db.put_local_rev("a", {"n": 1}, None, check=True) == "0-1"
    assert db.put_local_rev("a", {"n": 2}, "0-1", check=True) == "0-2"
    with pytest.raises(Conflict):
        db.put_local_rev("a", {"n": 3}, "0-1", check=True)
    assert db.get_local_rev("a") == ("0-2", {"n": 2})
    assert db.delete_local("a")
    assert not db.delete_local("a")
    with pytest.raises(BadRequest):
        db.put_local("", {})
    with pytest.raises(Exception, match="65536"):
        db.put_local("a", {"x": "y" * 70_000})


# -- what clients of CouchDB ask for --------------------------------------------------------------------------------------


def test_a_lineage_says_what_is_held_of_each_revision(db: Database) -> None:
    first = db.put({"_id": "a", "n": 1})
    second = db.put({"_id": "a", "_rev": first, "n": 2})
    third = db.put({"_id": "a", "_rev": second, "_deleted": True})
    assert db.lineage("a", third) == [(third, "deleted"), (second, "missing"), (first, "missing")]
    assert db.lineage("a", "1-abc") == [] == db.lineage("nobody", first)


def test_purged_is_as_if_it_had_never_been(store: Store, db: Database) -> None:
    db.put({"_id": "a"})
    paths = (("1-a",), ("2-b", "1-a"), ("2-c", "1-a"))
    for path in paths:
        assert db.add_revisions([Revision("x", path, False, b'{"n":1}')]) == []
    before = db.update_seq
    assert db.purge({"x": ["2-c", "9-z"], "nobody": ["1-a"]}) == {"x": ["2-c"]}
    assert db.leaves("x") == [("2-b", False)]
    assert db.update_seq > before
    assert db.revs_diff({"x": ["1-a", "2-b", "2-c"]}) == {"x": ["2-c"]}
    assert db.purge({"x": ["1-a"]}) == {}  # no leaf
    assert db.purge({"x": ["2-b"]}) == {"x": ["2-b"]}
    assert db.leaves("x") == [] and db.info()["doc_count"] == 1
    with store.read() as connection:
        assert connection.execute("SELECT count(*) FROM bodies").fetchall() == [(1,)]
    assert db.add_revisions([Revision("x", ("1-a",), False, b"{}")]) == []


def test_an_event_is_never_purged(db: Database) -> None:
    id = event_ids.event_id("510903001001", "k3v7q2mh", 1)
    rev = db.put({"_id": id, "type": "case_event"})
    assert db.purge({id: [rev]}) == {} and db.leaves(id) == [(rev, False)]


def test_databases_have_a_feed(store: Store, db: Database) -> None:
    store.create_database("more")
    told, last = store.updates()
    assert [(update.name, update.type) for update in told] == [("things", "created"), ("more", "created")]
    db.put({"_id": "a"})
    store.delete_database("more")
    told, last = store.updates(last)
    assert [(update.name, update.type) for update in told] == [("things", "updated"), ("more", "deleted")]
    assert store.updates(last) == ([], last)
    assert store.updates(told[0].seq)[0] == told[1:]
    store.create_database("more")
    assert [(update.name, update.type) for update in store.updates(last)[0]] == [("more", "created")]


def test_who_watches_hears_of_every_durable_write(store: Store, db: Database) -> None:
    heard: list[frozenset[str]] = []
    end = store.watch(heard.append)
    db.put({"_id": "a"})
    store.create_database("more")
    db.put_local("x", {})  # is in no feed
    store.delete_database("more")
    assert heard == [{"things"}, {"more"}, {"more"}]
    end()
    db.put({"_id": "b"})
    assert len(heard) == 3


def test_a_large_file_is_read_piece_by_piece(db: Database) -> None:
    data = bytes(range(256)) * 4096
    file = Attachment(
        "image/jpeg", blobs.digests(data).md5, len(data), 1, blobs.Spooled([data[:100], data[100:]])
    )
    assert db.add_revisions([Revision("a", ("1-a",), False, b"{}", {"f": file})]) == []
    found = db.attachment("a", "f")
    assert found is not None and found.data is not None and not isinstance(found.data, bytes)
    pieces = list(found.data.pieces())
    assert b"".join(pieces) == data and len(pieces) == 4
    db.put({"_id": "a", "_rev": "1-a", "_deleted": True})
    with pytest.raises(NotFound):
        blobs.whole(found.data)


def test_the_feed_gives_what_is_chosen_and_says_where_it_is(db: Database) -> None:
    db.put_many(documents(10))
    chosen = db.changes(0, 4, only=Filter(doc_ids=("doc-0009",)))
    assert (chosen.results, chosen.last_seq, chosen.pending) == ([], 4, 6)
    (found,) = db.changes(4, 6, only=Filter(selector={"n": {"$gt": 8}})).results
    assert found.id == "doc-0009"
    backwards = db.changes(0, 3, descending=True)
    assert [change.seq for change in backwards.results] == [10, 9, 8]
