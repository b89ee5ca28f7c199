"""The file: opened by one process, never replaced, never half written, readable when the disk is full."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from sync.errors import BadStore, DiskFull, OurFault, StoreClosed, StoreLocked, StoreMissing, StoreTooNew
from sync.store import Store, schema


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a store with one document, closed."""
    with Store.open(tmp_path / "store.sqlite") as store:
        store.database("things", create=True).put({"_id": "a", "n": 1})
    return tmp_path / "store.sqlite"


def test_a_store_comes_back_as_it_was(path: Path) -> None:
    with Store.open(path, create=False) as store:
        uuid, epoch = store.uuid, store.epoch
        assert store.update_seq == 1
        assert store.databases() == ["things"]
    with Store.open(path, create=False) as store:
        assert (store.uuid, store.epoch) == (uuid, epoch)
        found = store.database("things").get("a")
        assert found is not None and found["n"] == 1


def test_two_stores_have_different_names_and_epochs(tmp_path: Path) -> None:
    with Store.open(tmp_path / "1") as one, Store.open(tmp_path / "2") as other:
        assert one.uuid != other.uuid
        assert one.epoch != other.epoch
        assert len(one.epoch) == 8


def test_every_connection_is_set_up_alike(open_store: Callable[..., Store]) -> None:
    store = open_store()
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0, "mmap_size": 0}
    wanted |= {"cell_size_check": 1, "secure_delete": 1, "temp_store": 2, "busy_timeout": 10_000}
    with store.read() as reader, store.transaction() as txn:
        for connection in (reader, txn.connection):
            assert {name: connection.pragma(name) for name in wanted} == wanted
        assert reader.pragma("query_only") == 1


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(OurFault), store.read() as reader:
        reader.execute("DELETE FROM store")


def test_a_second_process_is_told_not_let_in(path: Path) -> None:
    program = "import sys; from sync.store import Store; Store.open(sys.argv[1])"
    with Store.open(path):
        ended = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith(f"StoreLocked: Another process has {path} open.")


def test_the_same_process_is_not_let_in_twice_either(path: Path) -> None:
    with Store.open(path), pytest.raises(StoreLocked, match="open"):
        Store.open(path)
    Store.open(path).close()


def test_nothing_is_made_unless_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="no store at"):
        Store.open(tmp_path / "absent.sqlite", create=False)
    assert not (tmp_path / "absent.sqlite").exists()


def test_a_newer_store_is_left_as_it_was(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", schema.VERSION + 1)
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="newer version"):
        Store.open(path)
    assert path.read_bytes() == before


def test_migrations_are_numbered_and_each_is_applied_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (*schema.MIGRATIONS, "CREATE TABLE second (x)", "INSERT INTO second VALUES (3)")
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    monkeypatch.setattr(schema, "VERSION", len(steps))
    for _ in range(2):
        with Store.open(path) as store, store.read() as connection:
            assert connection.execute("SELECT x FROM second").fetchall() == [(3,)]
            assert connection.pragma("user_version") == len(steps)


def test_a_migration_that_fails_leaves_the_version_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr(
            schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE second (x); CREATE TABLE second (x)")
        )
        later.setattr(schema, "VERSION", schema.VERSION + 1)
        with pytest.raises(OurFault):
            Store.open(path)
    with Store.open(path) as store, store.read() as connection:
        assert connection.pragma("user_version") == schema.VERSION
        assert connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'second'").fetchall() == []


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("Dear diary" * 500)


def _header_gone(path: Path) -> None:
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _another_programs(path: Path) -> None:
    path.unlink()
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE mail (x)")
    connection.close()


def _scribbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [_emptied, _text, _header_gone, _cut, _another_programs, _scribbled])
def test_a_damaged_file_is_reported_and_kept(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    before = path.read_bytes()
    with pytest.raises(BadStore, match=r"store\.sqlite"):
        Store.open(path)
    assert path.read_bytes() == before


def test_a_crash_while_a_store_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.sqlite"

    def crash(connection: apsw.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing, pytest.raises(KeyboardInterrupt):
        crashing.setattr(schema, "migrate", crash)
        Store.open(path)
    assert not path.exists()
    Store.open(path).close()


def test_a_backup_is_a_whole_store_of_that_moment(store: Store, tmp_path: Path) -> None:
    db = store.database("things", create=True)
    db.put({"_id": "a"})
    store.backup(tmp_path / "copy.sqlite")
    db.put({"_id": "b"})
    with Store.open(tmp_path / "copy.sqlite", create=False) as copy:
        assert copy.uuid == store.uuid
        assert [change.id for change in copy.changes()] == ["a"]
        assert copy.database("things").identity == db.identity


def test_a_closed_store_says_so_and_wakes_who_waits(open_store: Callable[..., Store]) -> None:
    store = open_store()
    db = store.database("things", create=True)
    woken: list[bool] = []
    waiting = [threading.Thread(target=lambda: woken.append(store.wait(0, 60)))]
    waiting.append(threading.Thread(target=lambda: woken.append(db.wait(0, 60))))
    for thread in waiting:
        thread.start()
    store.close()
    for thread in waiting:
        thread.join(10)
    store.close()
    assert [thread.is_alive() for thread in waiting] == [False, False]
    with pytest.raises(StoreClosed):
        db.get("a")
    with pytest.raises(StoreClosed):
        db.put({"_id": "a"})


# -- a full disk ------------------------------------------------------------------------------------------------------


def _fill(store: Store) -> int:
    """Writes until there is no room; how many documents were acknowledged."""
    db = store.database("things", create=True)
    for n in range(100_000):
        try:
            db.put({"_id": f"d{n:06}", "x": os.urandom(2000).hex()})
        except DiskFull as error:
            assert str(store.path) in error.reason
            return n
    raise AssertionError("the disk never filled up")


def _check_full(store: Store, acknowledged: int, make_room: Callable[[], object]) -> None:
    db = store.database("things")
    assert len(db.all_docs(limit=100_000)) == acknowledged
    assert db.info()["doc_count"] == acknowledged
    with pytest.raises(DiskFull):
        db.put({"_id": "more", "x": os.urandom(20_000).hex()})
    assert db.get("more") is None
    seq = store.update_seq
    make_room()
    db.put({"_id": "more", "x": os.urandom(20_000).hex()})
    assert store.update_seq == seq + 1
    assert len(db.all_docs(limit=100_000)) == acknowledged + 1


def test_a_full_file_refuses_and_recovers(store: Store) -> None:
    with store.transaction() as txn:
        txn.connection.pragma("max_page_count", 300)

    def room() -> None:
        with store.transaction() as txn:
            txn.connection.pragma("max_page_count", 3000)

    _check_full(store, _fill(store), room)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a small disk takes root")
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
    ).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_refuses_and_recovers(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 700_000)
    with Store.open(small_disk / "store.sqlite") as store:
        _check_full(store, _fill(store), ballast.unlink)
        acknowledged = store.database("things").info()["doc_count"]
    with Store.open(small_disk / "store.sqlite", create=False) as store, store.read() as connection:
        assert store.database("things").info()["doc_count"] == acknowledged
        assert connection.pragma("integrity_check") == "ok"


def test_no_store_is_made_on_a_full_disk(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 2_000_000)
    with pytest.raises(DiskFull):
        Store.open(small_disk / "store.sqlite")
    assert not (small_disk / "store.sqlite").exists()
