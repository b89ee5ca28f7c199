"""Replication: what a session carries, where it goes on, and what stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sync import replicate as replication
from sync.errors import BadJson, BadRequest, Forbidden, SyncError, TheirFault, TooLarge, Unreachable
from sync.peer import Changes, Peer, Refusal, Revision, Seq
from sync.replicate import Checkpoint, common_seq, read_log, replicate, write_log
from sync.store import Database, Store
from tests.sync.neighbours import contents, documents
from tests.sync.test_peers import revision


class Watched:
    """A peer that notes what is asked of it, and fails when told to."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.asked: list[str] = []
        self.fail: Callable[[str, Any], None] = lambda name, argument: None

    @property
    def identity(self) -> str:
        return self.peer.identity

    def _note(self, name: str, argument: Any = None) -> None:
        self.asked.append(name)
        self.fail(name, argument)

    def changes(self, since: Seq = 0, limit: int = 500) -> Changes:
        self._note("changes", since)
        return self.peer.changes(since, limit)

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        self._note("revs_diff", revs)
        return self.peer.revs_diff(revs)

    def get_revisions(self, revs: Mapping[str, Sequence[str]]) -> Iterable[Revision]:
        self._note("get_revisions", revs)
        return self.peer.get_revisions(revs)

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        self._note("add_revisions", revisions)
        return self.peer.add_revisions(revisions)

    def get_local(self, id: str) -> dict[str, Any] | None:
        self._note("get_local", id)
        return self.peer.get_local(id)

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        self._note("put_local", doc)
        self.peer.put_local(id, doc)


@pytest.fixture
def source(open_store: Callable[..., Store]) -> Watched:
    db = open_store("source").database("things", create=True)
    db.put_many(documents(20))
    return Watched(db)


@pytest.fixture
def target(open_store: Callable[..., Store]) -> Watched:
    return Watched(open_store("target").database("things", create=True))


def test_the_stages_come_in_order(source: Watched, target: Watched) -> None:
    replicate(source, target, batch=20)
    assert source.asked == ["get_local", "changes", "get_revisions", "changes", "put_local"]
    assert target.asked == ["get_local", "revs_diff", "add_revisions", "put_local"]


def test_a_checkpoint_is_written_only_after_what_it_vouches_for(source: Watched, target: Watched) -> None:
    def cut(name: str, argument: Any) -> None:
        if name == "add_revisions" and len(contents(target.peer)) >= 10:
            raise Unreachable("cut")

    target.fail = cut
    with pytest.raises(Unreachable):
        replicate(source, target, batch=5)
    assert "put_local" not in source.asked + target.asked
    assert len(contents(target.peer)) == 10


def test_what_landed_is_not_sent_again(source: Watched, target: Watched) -> None:
    test_a_checkpoint_is_written_only_after_what_it_vouches_for(source, target)
    target.fail = lambda name, argument: None
    session = replicate(source, target, batch=5)
    assert (session.start_seq, session.changes, session.written) == (0, 20, 10)
    assert contents(target.peer) == contents(source.peer)


def test_nothing_new_writes_nothing(source: Watched, target: Watched) -> None:
    replicate(source, target)
    source.asked.clear()
    target.asked.clear()
    session = replicate(source, target)
    assert (session.changes, session.checkpoints) == (0, 0)
    assert source.asked == ["get_local", "changes"]
    assert target.asked == ["get_local"]


def test_a_long_session_writes_checkpoints_on_its_way_each_with_its_own_id(
    source: Watched, target: Watched
) -> None:
    session = replicate(source, target, batch=1)
    assert session.checkpoints == 2
    for log in (source.peer, target.peer):
        history = read_log(log.get_local(session.replication_id))
        assert [checkpoint.seq for checkpoint in history] == [20, 10]
        assert len({checkpoint.id for checkpoint in history}) == 2


def test_a_slow_session_writes_checkpoints_by_the_clock(source: Watched, target: Watched) -> None:
    times = iter(range(0, 1000, 2))
    session = replicate(source, target, batch=1, clock=lambda: float(next(times)))
    assert session.checkpoints >= 6


def test_the_log_is_bounded_and_small(source: Watched, target: Watched) -> None:
    db = source.peer
    assert isinstance(db, Database)
    for n in range(50):
        db.put({"_id": f"more-{n}"})
        session = replicate(source, target)
    log = target.peer.get_local(session.replication_id)
    assert log is not None
    assert 20 <= len(log["history"]) == replication.HISTORY
    assert len(repr(log)) < 50 * replication.HISTORY + 100


def test_the_two_directions_and_each_incarnation_keep_their_own_logs(
    source: Watched, target: Watched, store: Store
) -> None:
    ids = {replication.replication_id(source, target), replication.replication_id(target, source)}
    for _ in range(2):
        ids.add(replication.replication_id(source, store.database("again", create=True)))
        store.delete_database("again")
    assert len(ids) == 4


def test_a_peer_that_may_not_be_written_to_is_read_all_the_same(source: Watched, target: Watched) -> None:
    def forbid(name: str, argument: Any) -> None:
        if name == "put_local":
            raise Forbidden("read only")

    source.fail = forbid
    session = replicate(source, target)
    assert (session.written, session.checkpoints) == (20, 0)
    assert replicate(source, target).written == 0


def test_progress_is_told_after_each_batch(source: Watched, target: Watched) -> None:
    seen: list[int] = []
    replicate(source, target, batch=8, progress=lambda session: seen.append(session.written))
    assert seen == [8, 16, 20]


@pytest.mark.parametrize("fault", [BadJson, BadRequest, TooLarge])
@pytest.mark.parametrize("stage", ["get_revisions", "add_revisions"])
@pytest.mark.parametrize(
    "poison", [["doc-0007"], ["doc-0000", "doc-0019"], ["doc-0004", "doc-0005", "doc-0006"]]
)
def test_poison_never_stops_the_next(
    source: Watched, target: Watched, fault: type[TheirFault], stage: str, poison: list[str]
) -> None:
    def choke(name: str, argument: Any) -> None:
        ids = {getattr(item, "id", item) for item in argument} if name == stage else set()
        if ids & set(poison):
            raise fault("cannot swallow this")

    source.fail = target.fail = choke
    session = replicate(source, target)
    assert sorted({refusal.id for refusal in session.refused}) == poison
    assert not session.ok
    assert set(contents(target.peer)) == {f"doc-{n:04}" for n in range(20)} - set(poison)
    assert session.end_seq == 20


def test_when_nothing_goes_through_the_fault_lies_elsewhere(source: Watched, target: Watched) -> None:
    def choke(name: str, argument: Any) -> None:
        if name == "add_revisions":
            raise BadRequest("I do not speak that")

    target.fail = choke
    with pytest.raises(BadRequest):
        replicate(source, target)
    target.fail = lambda name, argument: None
    assert replicate(source, target).written == 20


@pytest.mark.parametrize(
    "stage", ["changes", "revs_diff", "get_revisions", "add_revisions", "put_local", "get_local"]
)
def test_a_lost_connection_is_said_and_costs_nothing(source: Watched, target: Watched, stage: str) -> None:
    for late in range(3):
        left = [late]

        def cut(name: str, argument: Any, left: list[int] = left) -> None:
            if name == stage:
                left[0] -= 1
                if left[0] < 0:
                    raise Unreachable("cut")

        source.fail = target.fail = cut
        try:
            replicate(source, target, batch=3)
        except SyncError as error:
            assert isinstance(error, Unreachable)
    source.fail = target.fail = lambda name, argument: None
    replicate(source, target)
    assert contents(target.peer) == contents(source.peer)


def test_reading_ahead_changes_nothing_but_the_time(source: Watched, target: Watched) -> None:
    session = replicate(source, target, batch=3, ahead=True)
    assert (session.changes, session.written, session.end_seq) == (20, 20, 20)
    assert contents(target.peer) == contents(source.peer)
    assert replicate(source, target, batch=3, ahead=True).changes == 0


@pytest.mark.parametrize("stage", ["changes", "get_revisions", "add_revisions"])
def test_reading_ahead_ends_with_the_session(source: Watched, target: Watched, stage: str) -> None:
    def cut(name: str, argument: Any) -> None:
        if name == stage and len(contents(target.peer)) >= 6:
            raise Unreachable("cut")

    source.fail = target.fail = cut
    with pytest.raises(Unreachable):
        replicate(source, target, batch=3, ahead=True)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")] == []
    source.fail = target.fail = lambda name, argument: None
    replicate(source, target, batch=3, ahead=True)
    assert contents(target.peer) == contents(source.peer)


def test_what_was_fetched_ahead_is_written_before_a_lost_feed_is_said(
    source: Watched, target: Watched
) -> None:
    def cut(name: str, argument: Any) -> None:
        if name == "changes" and argument == 9:
            raise Unreachable("cut")

    source.fail = cut
    with pytest.raises(Unreachable):
        replicate(source, target, batch=3, ahead=True)
    assert len(contents(target.peer)) == 9


def test_no_more_is_read_ahead_than_there_is_room_for(source: Watched, target: Watched) -> None:
    listed: list[int] = []
    news = threading.Condition()

    def note(name: str, argument: Any) -> None:
        with news:
            if name == "changes":
                listed.append(argument)
                news.notify()
            elif name == "add_revisions":
                # eleven: a last stretch that is full does not show that nothing follows
                most = min(11, len(contents(target.peer)) // 2 + 1 + replication.AHEAD)
                assert news.wait_for(lambda: len(listed) >= most, 10)
                assert len(listed) == most

    source.fail = target.fail = note
    assert replicate(source, target, batch=2, ahead=True).written == 20


def test_a_refusal_is_counted_and_not_tried_again(source: Watched, target: Watched) -> None:
    db = source.peer
    db.add_revisions([revision("leap", "1-a")])
    target.peer.add_revisions([revision("leap", f"2-{i:02}", "1-b") for i in range(32)])
    first, again = replicate(source, target), replicate(source, target)
    assert [refusal.id for refusal in first.refused] == ["leap"]
    assert (again.changes, again.refused) == (0, [])


# -- where to go on ---------------------------------------------------------------------------------------------------


def log(*entries: tuple[str, Seq]) -> list[Checkpoint]:
    return [Checkpoint(*entry) for entry in entries]


@pytest.mark.parametrize(
    ("at_source", "at_target", "seq"),
    [
        ([], [], 0),
        ([("c", 30), ("b", 20), ("a", 10)], [("c", 30), ("b", 20), ("a", 10)], 30),
        ([("c", 30), ("b", 20), ("a", 10)], [("b", 20), ("a", 10)], 20),
        ([("b", 20), ("a", 10)], [("c", 30), ("b", 20), ("a", 10)], 20),
        ([("c", 30)], [("b", 20)], 0),
        ([("d", 40), ("a", 10)], [("c", 30), ("b", 20), ("a", 10)], 10),
        ([("a", 30)], [("a", 20)], 20),
        ([("a", 20)], [("a", 30)], 20),
        ([("a", "30-g1AAA")], [("a", "9-g1BBB")], "9-g1BBB"),
        ([("a", "abc")], [("a", "abd")], 0),
        ([("a", "abc")], [("a", "abc")], "abc"),
    ],
)
def test_a_session_goes_on_at_the_newest_checkpoint_both_remember(
    at_source: list[tuple[str, Seq]], at_target: list[tuple[str, Seq]], seq: Seq
) -> None:
    assert common_seq(log(*at_source), log(*at_target)) == seq


def test_a_log_reads_as_it_was_written() -> None:
    history = log(("c", 30), ("b", "20-abc"))
    assert read_log(write_log(history)) == history


@pytest.mark.parametrize(
    "doc",
    [
        None,
        {},
        {"history": 1},
        {"history": [1, None, {}, {"id": 1, "seq": 1}, {"id": "a"}, {"id": "a", "seq": True}]},
    ],
)
def test_a_spoiled_log_is_an_empty_one(doc: dict[str, Any] | None) -> None:
    assert read_log(doc) == []


def test_a_target_restored_from_a_backup_made_in_the_middle_of_a_session_gets_everything(
    source: Watched, tmp_path: Path, open_store: Callable[..., Store]
) -> None:
    with Store.open(tmp_path / "hub.sqlite") as hub:
        target = hub.database("things", create=True)

        def back_up(session: replication.Session) -> None:
            if session.checkpoints == 1 and not (tmp_path / "restored.sqlite").exists():
                hub.backup(tmp_path / "restored.sqlite")

        session = replicate(source, target, batch=1, progress=back_up)
        assert session.checkpoints == 2
    restored = open_store("restored", create=False).database("things")
    assert len(contents(restored)) == 10
    session = replicate(source, restored)
    assert (session.start_seq, session.written) == (10, 10)
    assert contents(restored) == contents(source.peer)


def test_a_source_restored_from_a_backup_sends_what_it_writes_next(
    target: Watched, tmp_path: Path, open_store: Callable[..., Store]
) -> None:
    with Store.open(tmp_path / "village.sqlite") as village:
        db = village.database("things", create=True)
        db.put_many(documents(5))
        replicate(db, target)
        village.backup(tmp_path / "restored.sqlite")
        db.put_many(documents(5, start=5))
        replicate(db, target)
    restored = open_store("restored", create=False).database("things")
    restored.put_many(documents(3, start=20))
    assert replicate(restored, target).written == 3
    assert restored.changes(10).results == restored.changes(0).results  # a place it has never been at
