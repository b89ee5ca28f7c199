"""Numbers without gaps: under threads, under failures, under kill -9."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sync import ledger, strict_json
from sync.event_ids import event_rev
from sync.ledger import Ledger, LedgerTxn
from sync.store import Store

WRITER = "510903001001"


def one(**content: Any) -> Any:
    return lambda txn: [{"type": "case_event", **content}]


def test_events_are_numbered_from_one(store: Store) -> None:
    book = Ledger(store, WRITER)
    (first,) = book.append("station", one(事="创建"))
    second, third = book.append("station", lambda txn: [{"n": 2}, {"n": 3}])
    ids = [event["_id"] for event in (first, second, third)]
    assert ids == [f"ev:{WRITER}:{store.epoch}:{n}" for n in (1, 2, 3)]
    assert first["_rev"] == event_rev(ids[0], strict_json.canonical({"type": "case_event", "事": "创建"}))
    db = store.database("station")
    assert db.get(ids[0]) == first
    assert ledger.contiguous(db, WRITER, store.epoch) == 3
    assert ledger.contiguous(db, WRITER, "aaaaaaaa", start=7) == 7
    assert ledger.runs(db) == {(WRITER, store.epoch): 3}


def test_each_database_and_writer_counts_for_itself(store: Store) -> None:
    for db, writer in (("a", WRITER), ("b", WRITER), ("a", "510900000000"), ("a", WRITER)):
        Ledger(store, writer).append(db, one())
    assert ledger.runs(store.database("a")) == {(WRITER, store.epoch): 2, ("510900000000", store.epoch): 1}
    assert ledger.runs(store.database("b")) == {(WRITER, store.epoch): 1}


def test_numbers_go_on_after_the_store_was_closed(tmp_path: Path) -> None:
    for n in (1, 2, 3):
        with Store.open(tmp_path / "store.sqlite") as store:
            (event,) = Ledger(store, WRITER).append("station", one())
            assert event["_id"].endswith(f":{n}")


def test_numbers_are_not_used_again_when_a_database_is_made_anew(store: Store) -> None:
    book = Ledger(store, WRITER)
    book.append("station", one())
    store.delete_database("station")
    (event,) = book.append("station", one())
    assert event["_id"].endswith(":2")


def test_what_build_reads_is_current(store: Store) -> None:
    book = Ledger(store, WRITER)
    (first,) = book.append("station", one(n=1))

    def build(txn: LedgerTxn) -> list[dict[str, Any]]:
        assert txn.get(first["_id"]) == first
        assert txn.get("ev:nothing") is None
        assert txn.bodies([first["_id"], "x"]) == {first["_id"]: first}
        return [{"a": txn.counter("case"), "b": txn.counter("case"), "c": txn.counter("other")}]

    (event,) = book.append("station", build)
    assert (event["a"], event["b"], event["c"]) == (1, 2, 1)


def test_nothing_happens_when_build_fails(store: Store) -> None:
    book = Ledger(store, WRITER)

    def build(txn: LedgerTxn) -> list[dict[str, Any]]:
        assert txn.counter("case") == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        book.append("station", build)
    with pytest.raises(Exception, match="_secret"):
        book.append("station", lambda txn: [{"n": txn.counter("case")}, {"_secret": 1}])
    (event,) = book.append("station", lambda txn: [{"n": txn.counter("case")}])
    assert (event["_id"][-2:], event["n"]) == (":1", 1)
    assert store.database("station").info()["doc_count"] == 1


def test_no_events_are_no_events(store: Store) -> None:
    assert Ledger(store, WRITER).append("station", lambda txn: []) == []
    assert store.update_seq == 0


@pytest.mark.parametrize("writer", ["", "51090300100", "hub", "510903001001\n"])
def test_a_writer_is_a_station_code(store: Store, writer: str) -> None:
    with pytest.raises(ValueError, match="not an event id"):
        Ledger(store, writer)


def test_racing_threads_leave_no_gap_and_no_double(store: Store) -> None:
    book = Ledger(store, WRITER)

    def build(i: int) -> list[dict[str, Any]]:
        if i % 5 == 0:
            raise ZeroDivisionError
        return [{"i": i}] * (1 + i % 3)

    def work(_: int) -> list[str]:
        made = []
        for i in range(15):
            with contextlib.suppress(ZeroDivisionError):
                made += [event["_id"] for event in book.append("station", lambda txn, i=i: build(i))]  # type: ignore[misc]
        return made

    with ThreadPoolExecutor(6) as pool:
        made = [id for ids in pool.map(work, range(6)) for id in ids]
    numbers = sorted(int(id.rpartition(":")[2]) for id in made)
    assert numbers == list(range(1, len(made) + 1))
    assert ledger.contiguous(store.database("station"), WRITER, store.epoch) == len(made)


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    acknowledged: list[str] = []
    for kills in range(4):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.sync.appender", str(path), WRITER],
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdout is not None
            acknowledged += [child.stdout.readline() for _ in range(5 + 7 * kills)]
            child.kill()
            acknowledged += child.stdout.readlines()
    acknowledged = [line for line in acknowledged if line.endswith("\n")]
    with Store.open(path, create=False) as store:
        db = store.database("station")
        held = {change.id: change.revs[0] for change in db.changes(0, 10**6).results}
        for line in acknowledged:
            id, rev = line.split()
            assert held[id] == rev
        numbers = sorted(int(id.rpartition(":")[2]) for id in held)
        assert numbers == list(range(1, len(held) + 1))
        assert ledger.contiguous(db, WRITER, store.epoch) == len(held) == db.info()["doc_count"]
        serials = sorted(doc["serial"] for doc in db.bodies(held).values() if doc["serial"])
        assert serials == list(range(1, len(held) // 2 + 1))
        with store.read() as connection:
            assert connection.pragma("integrity_check") == "ok"


def test_where_nothing_was_written_beyond_there_is_nothing_to_repeat(store: Store) -> None:
    book = Ledger(store, WRITER)
    book.append("station", one())
    assert book.repeat("station", store.epoch, 1) == 0
    assert book.repeat("station", store.epoch, 7) == 0
    assert book.repeat("station", "aaaaaaaa", 0) == 0
