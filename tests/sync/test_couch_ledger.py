"""Numbers without gaps on a CouchDB: under threads, on two nodes, when answers are lost and when CouchDB is away."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sync import ledger, strict_json
from sync.couch import CouchLedger, CouchStore
from sync.couch import ledger as couch_ledger
from sync.errors import Forbidden, SyncError, Unreachable
from sync.event_ids import event_id, event_rev, parse_event_id
from sync.ledger import LedgerTxn
from sync.peer import Revision
from tests.couch import Way

HUB = "510900000000"
Open = Callable[..., CouchStore]


def one(**content: Any) -> Any:
    return lambda txn: [{"type": "case_event", **content}]


def numbers(store: CouchStore, db: str = "station") -> dict[str, list[int]]:
    """Which numbers of each epoch the cluster holds."""
    found: dict[str, list[int]] = {}
    for change in store.database(db).changes(0, 10_000).results:
        event = parse_event_id(change.id)
        assert event is not None
        found.setdefault(event.epoch, []).append(event.n)
    return {epoch: sorted(each) for epoch, each in found.items()}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couch_ledger, "PAUSE", 0.05)


def test_events_are_numbered_from_one_as_in_the_embedded_ledger(open_couch: Open) -> None:
    store = open_couch()
    book = CouchLedger(store, HUB)
    (first,) = book.append("station", one(事="创建"))
    second, third = book.append("station", lambda txn: [{"n": 2}, {"n": 3}])
    assert [event["_id"] for event in (first, second, third)] == [
        f"ev:{HUB}:{store.epoch}:{n}" for n in (1, 2, 3)
    ]
    assert first["_rev"] == event_rev(
        first["_id"], strict_json.canonical({"type": "case_event", "事": "创建"})
    )
    db = store.database("station")
    assert db.get(first["_id"]) == first
    assert ledger.runs(db) == {(HUB, store.epoch): 3}
    book.append("other", one())
    assert numbers(store, "other") == {store.epoch: [1]}


def test_what_build_reads_is_what_the_cluster_holds_now(open_couch: Open) -> None:
    store, other = open_couch(follow=False), open_couch("other")
    book = CouchLedger(store, HUB)
    (first,) = book.append("station", one(n=1))
    (theirs,) = CouchLedger(other, HUB).append("station", one(n=2))
    assert theirs["_id"] not in {change.id for change in store.changes()}, "this node does not listen"

    def build(txn: LedgerTxn) -> list[dict[str, Any]]:
        assert theirs["_id"] in {change.id for change in store.changes()}
        assert txn.get(first["_id"]) == first
        assert txn.get("ev:nothing") is None
        assert txn.bodies([first["_id"], theirs["_id"]]) == {first["_id"]: first, theirs["_id"]: theirs}
        return [{"a": txn.counter("case"), "b": txn.counter("case"), "c": txn.counter("other")}]

    (event,) = book.append("station", build)
    assert (event["a"], event["b"], event["c"]) == (1, 2, 1)


def test_nothing_happens_when_build_fails(open_couch: Open) -> None:
    store = open_couch()
    book = CouchLedger(store, HUB)

    def build(txn: LedgerTxn) -> list[dict[str, Any]]:
        assert txn.counter("case") == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        book.append("station", build)
    with pytest.raises(SyncError, match="_secret"):
        book.append("station", lambda txn: [{"n": txn.counter("case")}, {"_secret": 1}])
    assert book.append("station", lambda txn: []) == []
    (event,) = book.append("station", lambda txn: [{"n": txn.counter("case")}])
    assert (event["_id"][-2:], event["n"]) == (":1", 1)


def test_a_name_is_reserved_by_one_node_alone(open_couch: Open) -> None:
    got = []
    for name in ("node", "other"):
        book = CouchLedger(open_couch(name), HUB)
        book.append("station", lambda txn: got.append(txn.reserve("case:1")) or [])  # type: ignore[func-returns-value]
    assert got == [True, False]


def test_racing_threads_on_two_nodes_leave_no_gap_and_no_double(open_couch: Open) -> None:
    stores = [open_couch(), open_couch("other")]
    books = [CouchLedger(store, HUB) for store in stores]

    def work(i: int) -> None:
        for n in range(8):
            books[i % 2].append(
                "station", lambda txn, n=n: [{"i": i, "n": n, "m": m} for m in range(1 + n % 3)]
            )  # type: ignore[misc]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    each = 2 * sum(1 + n % 3 for n in range(8))
    assert numbers(stores[0]) == {store.epoch: list(range(1, each + 1)) for store in stores}


def test_a_node_that_starts_again_counts_in_a_new_epoch(open_couch: Open) -> None:
    with open_couch() as store:
        CouchLedger(store, HUB).append("station", one())
    again = open_couch()
    CouchLedger(again, HUB).append("station", one())
    assert sorted(numbers(again).values()) == [[1], [1]]


def test_a_write_whose_answer_was_lost_and_nobody_to_ask_uses_no_number_twice(
    open_couch: Open, way: Way
) -> None:
    store = open_couch("through", way.url, follow=False)
    book = CouchLedger(store, HUB)
    book.append("station", one(n=1))
    before = store.epoch

    def lost(txn: LedgerTxn) -> list[dict[str, Any]]:
        way.lose_answers()  # the next answer, and with it every way to ask what became of the write
        return [{"n": 2}, {"n": 3}]

    with pytest.raises(Unreachable):
        book.append("station", lost)
    assert way.lost.is_set()
    way.restore()
    book.append("station", one(n=4))
    held = numbers(store)
    assert store.epoch != before
    assert held[store.epoch] == [1]
    assert held[before] in ([1], [1, 2, 3])


def test_a_write_whose_answer_was_lost_is_asked_for(
    open_couch: Open, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is lost, then the way is there again: what was written counts, and the numbers go on."""
    store = open_couch("through", way.url, follow=False)
    book = CouchLedger(store, HUB)
    book.append("station", one(n=1))
    before = store.epoch
    ask = couch_ledger._missing

    def once_more(*arguments: Any) -> list[Revision]:
        way.restore()
        return ask(*arguments)

    monkeypatch.setattr(couch_ledger, "_missing", once_more)
    taking = couch_ledger.taking.take

    def losing(*arguments: Any) -> Any:
        taking(*arguments)
        raise Unreachable("the answer did not come")

    monkeypatch.setattr(couch_ledger.taking, "take", losing)
    book.append("station", one(n=2))
    monkeypatch.setattr(couch_ledger.taking, "take", taking)
    book.append("station", one(n=3))
    assert numbers(store) == {before: [1, 2, 3]}


def test_what_arrived_in_part_is_made_whole(open_couch: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_couch(follow=False)
    book = CouchLedger(store, HUB)
    taking, calls = couch_ledger.taking.take, []

    def half(database: Any, revisions: Any) -> Any:
        calls.append(len(revisions))
        done = taking(database, revisions[1:2] if len(calls) == 1 else revisions)
        if len(calls) == 1:
            raise Unreachable("cut off")
        return done

    monkeypatch.setattr(couch_ledger.taking, "take", half)
    book.append("station", lambda txn: [{"n": 1}, {"n": 2}, {"n": 3}])
    assert calls == [3, 2]
    assert numbers(store) == {store.epoch: [1, 2, 3]}


def test_what_arrived_in_part_while_nobody_answered_is_made_whole_later(
    open_couch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_couch(follow=False)
    book = CouchLedger(store, HUB)
    before, taking, missing = store.epoch, couch_ledger.taking.take, couch_ledger._missing

    def half(database: Any, revisions: Any) -> Any:
        taking(database, revisions[1:2])
        raise Unreachable("cut off")

    def nobody(*_: Any) -> Any:
        raise Unreachable("nobody answers")

    monkeypatch.setattr(couch_ledger.taking, "take", half)
    monkeypatch.setattr(couch_ledger, "_missing", nobody)
    with pytest.raises(Unreachable, match="cut off"):
        book.append("station", lambda txn: [{"n": 1}, {"n": 2}, {"n": 3}])
    monkeypatch.setattr(couch_ledger.taking, "take", taking)
    monkeypatch.setattr(couch_ledger, "_missing", missing)
    book.append("station", one(n=4))
    assert numbers(store) == {before: [1, 2, 3], store.epoch: [1]}


def test_a_number_that_somebody_else_used_is_given_up(open_couch: Open) -> None:
    store = open_couch()
    book = CouchLedger(store, HUB)
    taken = event_id(HUB, store.epoch, 1)
    body = strict_json.canonical({"type": "another"})
    store.database("station", create=True).add_revisions(
        [Revision(taken, (event_rev(taken, body),), False, body)]
    )
    with pytest.raises(Forbidden, match="already written"):
        book.append("station", one())
    (event,) = book.append("station", one())
    assert event["_id"] == event_id(HUB, store.epoch, 1) != taken


@pytest.mark.parametrize("writer", ["", "hub", "51090000000"])
def test_a_writer_is_a_station_code(open_couch: Open, writer: str) -> None:
    with pytest.raises(ValueError, match="not an event id"):
        CouchLedger(open_couch(), writer)
