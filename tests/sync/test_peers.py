"""What every peer does, whichever way it is reached."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from sync import blobs, event_ids, strict_json
from sync.peer import Attachment, Revision
from sync.remote import RemoteDatabase
from sync.replicate import replicate
from sync.store import Database
from tests.sync.neighbours import contents

AnyPeer = Database | RemoteDatabase


def revision(id: str, *path: str, deleted: bool = False, **content: Any) -> Revision:
    return Revision(id, path, deleted, strict_json.dumps(content))


def event(n: int, writer: str = "510903001001", epoch: str = "k3v7q2mh", **content: Any) -> Revision:
    id = event_ids.event_id(writer, epoch, n)
    body = strict_json.canonical({"type": "case_event", "事": "受理", **content})
    return Revision(id, (event_ids.event_rev(id, body),), False, body)


def taken(peer: AnyPeer, *revisions: Revision) -> None:
    assert peer.add_revisions(list(revisions)) == []


def held(peer: AnyPeer, id: str, *revs: str) -> list[Revision]:
    return sorted(peer.get_revisions({id: list(revs)}), key=lambda revision: revision.path, reverse=True)


def test_an_empty_peer_has_nothing(peer: AnyPeer) -> None:
    assert peer.changes(0, 10).results == []
    assert peer.revs_diff({"a": ["1-a"]}) == {"a": ["1-a"]}
    assert list(peer.get_revisions({"a": ["1-a"]})) == []
    assert peer.get_local("mark") is None
    assert peer.add_revisions([]) == []


def test_what_was_added_is_given_back_to_the_byte(peer: AnyPeer) -> None:
    sent = revision("文件 a/b?", "3-c", "2-b", "1-a", 名称="张三", n=[1, 2.5, None, {"": True}])
    taken(peer, sent, revision("other", "1-x"))
    assert held(peer, "文件 a/b?", "3-c")[0][:4] == sent[:4]


def test_adding_again_changes_nothing(peer: AnyPeer) -> None:
    sent = [revision("a", "2-b", "1-a", n=1), event(1), event(2)]
    taken(peer, *sent)
    before = peer.changes(0, 10).results
    taken(peer, *reversed(sent), *sent)
    after = peer.changes(0, 10).results
    # On a cluster one place has many names; so all but the sequence.
    assert sorted(change[1:] for change in after) == sorted(change[1:] for change in before)


def test_the_feed_gives_each_document_once_at_its_newest_place(peer: AnyPeer) -> None:
    taken(peer, revision("a", "1-a"), revision("b", "1-b"), revision("c", "1-c"))
    middle = peer.changes(0, 2)
    taken(peer, revision("a", "2-a", "1-a"))
    rest = peer.changes(middle.last_seq, 10)
    assert [change.id for change in middle.results] == ["a", "b"]
    assert [(change.id, change.revs) for change in rest.results] == [("c", ["1-c"]), ("a", ["2-a"])]
    assert rest.pending == 0
    assert peer.changes(rest.last_seq, 10).results == []


def test_the_feed_names_all_leaves_the_winner_first(peer: AnyPeer) -> None:
    taken(
        peer,
        revision("a", "2-b", "1-a"),
        revision("a", "2-c", "1-a"),
        revision("a", "3-d", "2-b", deleted=True),
    )
    (change,) = peer.changes(0, 10).results
    assert (change.revs, change.deleted) == (["2-c", "3-d"], False)


def test_a_deletion_is_a_change_like_any_other(peer: AnyPeer) -> None:
    taken(peer, revision("a", "1-a"), revision("a", "2-b", "1-a", deleted=True, reason="错"))
    (change,) = peer.changes(0, 10).results
    assert (change.revs, change.deleted) == (["2-b"], True)
    assert held(peer, "a", "2-b") == [held(peer, "a", "1-a")[0]]
    assert held(peer, "a", "2-b")[0].deleted


def test_ancestors_are_known_even_without_bodies(peer: AnyPeer) -> None:
    taken(peer, revision("a", "3-c", "2-b", "1-a"))
    asked = {"a": ["1-a", "2-b", "3-c", "3-d", "nonsense"], "new": ["1-n"]}
    assert peer.revs_diff(asked) == {"a": ["3-d", "nonsense"], "new": ["1-n"]}


def test_an_edited_revision_gives_the_leaves_that_grew_from_it(peer: AnyPeer) -> None:
    taken(peer, revision("a", "1-a"), revision("a", "2-b", "1-a", n=2), revision("a", "2-c", "1-a", n=3))
    assert [found.rev for found in held(peer, "a", "1-a")] == ["2-c", "2-b"]


def test_a_stemmed_piece_joins_what_is_known(peer: AnyPeer) -> None:
    taken(peer, revision("a", "3-c", "2-b", "1-a"), revision("a", "4-d", "3-c"))
    assert contents(peer) == {"a": ["4-d"]}
    assert held(peer, "a", "4-d")[0].path == ("4-d", "3-c", "2-b", "1-a")


def test_histories_arriving_in_any_order_end_the_same(peer: AnyPeer) -> None:
    pieces = [
        revision("a", "4-d", "3-c", "2-b", "1-a"),
        revision("a", "2-x", "1-a"),
        revision("a", "3-y", "2-x", deleted=True),
    ]
    for order, id in (((0, 1, 2), "p"), ((2, 1, 0), "q"), ((1, 0, 2), "r"), ((2, 0, 1), "s")):
        for i in order:
            taken(peer, pieces[i]._replace(id=id))
    assert set(map(tuple, contents(peer).values())) == {("4-d", "3-y")}


def files(revision: Revision) -> dict[str, Attachment]:
    """A revision's files, their bytes read."""
    return {
        name: file if file.data is None else file._replace(data=blobs.whole(file.data))
        for name, file in revision.attachments.items()
    }


def test_attachments_travel_with_their_documents(peer: AnyPeer) -> None:
    data = bytes(range(256)) * 3000
    file = Attachment("image/jpeg", blobs.digests(data).md5, len(data), 1, data)
    taken(peer, revision("a", "1-a", n=1)._replace(attachments={"照片.jpg": file}))
    assert files(held(peer, "a", "1-a")[0]) == {"照片.jpg": file}
    stub = file._replace(data=None)
    taken(peer, revision("a", "2-b", "1-a", n=2)._replace(attachments={"照片.jpg": stub}))
    assert files(held(peer, "a", "2-b")[0]) == {"照片.jpg": file}


def test_a_stub_of_nothing_is_refused_and_says_so(peer: AnyPeer) -> None:
    stub = Attachment("image/jpeg", "md5-" + "A" * 22 + "==", 5, 1, None)
    (refusal,) = peer.add_revisions(
        [revision("a", "1-a")._replace(attachments={"f": stub}), revision("b", "1-b")]
    )
    assert (refusal.id, refusal.rev) == ("a", "1-a")
    assert contents(peer) == {"b": ["1-b"]}


def test_an_event_is_written_once(peer: AnyPeer) -> None:
    true, other = event(1, 材料="一"), event(1, 材料="二")
    taken(peer, true)
    (refusal,) = peer.add_revisions([other])
    assert (refusal.id, refusal.rev, refusal.error) == (other.id, other.rev, "forbidden")
    assert contents(peer) == {true.id: [true.rev]}


def test_one_bad_revision_does_not_hold_up_the_others(peer: AnyPeer) -> None:
    true = event(1)
    bad = [
        event(2)._replace(path=("1-" + "0" * 32,)),
        event(3)._replace(deleted=True),
        event(4)._replace(id="ev:nonsense:1"),
        event(5)._replace(body=b'{"a":1}'),
        revision("leap", "1000000000-" + "f" * 32),
        revision("_secret", "1-a"),
        revision("odd", "nonsense"),
    ]
    refused = peer.add_revisions([bad[0], true, *bad[1:], revision("good", "1-g")])
    assert {refusal.id for refusal in refused} == {revision.id for revision in bad}
    assert all(refusal.error == "forbidden" and refusal.reason for refusal in refused)
    assert contents(peer) == {true.id: [true.rev], "good": ["1-g"]}


def test_branches_beyond_bearing_are_refused(peer: AnyPeer) -> None:
    refused = peer.add_revisions([revision("a", f"2-{i:032x}", "1-a") for i in range(40)])
    assert len(refused) == 8
    assert len(contents(peer)["a"]) == 32


def test_a_local_document_is_replaced_and_not_replicated(peer: AnyPeer) -> None:
    peer.put_local("a/b ==", {"history": [{"id": "x", "seq": "1-abc"}]})
    peer.put_local("a/b ==", {"history": []})
    assert peer.get_local("a/b ==") == {"history": []}
    assert peer.changes(0, 10).results == []


def test_identity_is_stable_and_names_one_database(peer: AnyPeer, db: Database) -> None:
    assert peer.identity == peer.identity != db.identity


def test_replicating_there_and_back_leaves_everybody_equal(peer: AnyPeer, db: Database) -> None:
    taken(
        db, *(event(n, 次=n) for n in range(1, 31)), revision("a", "2-b", "1-a"), revision("a", "2-c", "1-a")
    )
    taken(
        peer,
        revision("a", "3-d", "2-c", "1-a", deleted=True),
        revision("p", "1-p", 名="皮"),
        event(1, "510903001002"),
    )
    there = replicate(db, peer, batch=7)
    back = replicate(peer, db, batch=7)
    assert (there.read, there.written, there.refused) == (31, 31, [])
    assert (back.written, back.refused) == (3, [])
    assert contents(db) == contents(peer)
    assert contents(db)["a"] == ["2-b", "3-d"]


def test_again_there_is_nothing_to_do(peer: AnyPeer, db: Database) -> None:
    taken(db, *(event(n) for n in range(1, 12)))
    first, again = replicate(db, peer, batch=5), replicate(db, peer, batch=5)
    assert (first.start_seq, first.written) == (0, 11)
    assert (again.start_seq, again.changes, again.checkpoints) == (first.end_seq, 0, 0)


def test_a_large_batch_goes_in_parts_and_arrives_whole(peer: AnyPeer, db: Database) -> None:
    taken(
        db, *(revision(f"d{i}", "1-a", x=hashlib.sha256(bytes([i])).hexdigest() * 16_000) for i in range(12))
    )
    assert replicate(db, peer).written == 12
    assert contents(peer) == contents(db)


@pytest.mark.parametrize("since", ["nonsense", "12-abc", -1, "1.5"])
def test_a_sequence_that_is_none_of_ours_is_refused_or_the_beginning(db: Database, since: Any) -> None:
    taken(db, event(1))
    try:
        assert len(db.changes(since, 10).results) == 1
    except Exception as error:
        assert getattr(error, "status", 0) == 400
