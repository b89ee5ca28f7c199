"""What several threads write at once is made durable by one COMMIT, and undone one by one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sync.errors import NotFound
from sync.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store.sqlite")


def test_all_who_wait_go_with_one_commit(store: Store) -> None:
    db = store.database("a", create=True)
    commits: list[frozenset[str]] = []
    store.watch(commits.append)
    ready = threading.Barrier(9)

    def one(n: int) -> None:
        ready.wait()
        store.gathered(lambda: db.put({"_id": f"doc-{n}"}))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for each in threads:
        each.start()
    with store.transaction():  # until all of them wait
        ready.wait()
        waited = threading.Event()
        while len(store.gathered.__self__._queue) < 8:  # type: ignore[attr-defined]
            waited.wait(0.001)
    for each in threads:
        each.join()
    assert len(commits) == 1
    assert all(db.get(f"doc-{n}") for n in range(8))


def test_work_that_raises_is_undone_alone_and_tells_nobody(store: Store) -> None:
    told: list[str] = []

    def fails() -> None:
        store.database("made", create=True).put({"_id": "gone"})
        store.afterwards(lambda: told.append("gone"))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.gathered(fails)
    with pytest.raises(NotFound):
        store.database("made")
    assert not told
    assert store.database("made", create=True).get("gone") is None


def test_work_reads_what_it_wrote_and_nobody_else_does_before_the_commit(store: Store) -> None:
    db = store.database("a", create=True)
    seen: list[object] = []

    def work() -> None:
        before = store.update_seq
        db.put({"_id": "x"})
        assert db.get("x") is not None
        assert (store.update_seq, db.update_seq) == (before + 1, before + 1)
        other = threading.Thread(target=lambda: seen.extend((db.get("x"), store.update_seq == before)))
        other.start()
        other.join()

    store.gathered(work)
    assert seen == [None, True]
    assert db.get("x") is not None


def test_what_is_told_afterwards_finds_it_durable(store: Store) -> None:
    db = store.database("a", create=True)
    found: list[object] = []

    def work() -> None:
        db.put({"_id": "x"})
        store.afterwards(lambda: found.append(store.update_seq))
        assert not found

    store.gathered(work)
    assert found == [store.update_seq]
    store.afterwards(lambda: found.append("at once"))
    assert found[-1] == "at once"
