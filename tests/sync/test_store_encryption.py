"""Encryption: nothing readable on the disk, no way in without the key, and plain stores of yesterday moved over whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from sync.errors import BadStore, DiskFull, StoreLocked, StoreTooNew, WrongKey
from sync.ledger import Ledger
from sync.store import Store, encryption

KEY = bytes(range(32))
NAME, FILE = "张三丰", b"the scan of a permit " * 40_000  # a file of several chunks and pages
# `BIANMIN_TEST_ENCRYPTION_KILLS=2000` searches longer for a moment at which a power cut does harm.
KILLS = int(os.environ.get("BIANMIN_TEST_ENCRYPTION_KILLS", "24"))


def fill(store: Store) -> None:
    db = store.database("things", create=True)
    db.put({"_id": "a", "name": NAME})
    for n in range(300):
        db.put({"_id": f"b{n}", "name": f"{NAME}{n}", "more": "x" * 500})
    ledger = Ledger(store, "510903001001")
    ledger.append("station-510903001001", lambda txn: [{"serial": txn.counter("case"), "name": NAME}])


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def whole(store: Store) -> None:
    """The store says everything that `fill` wrote, and is sound."""
    db = store.database("things")
    assert (db.get("a") or {})["name"] == NAME
    assert db.info()["doc_count"] == 301
    assert Ledger(store, "510903001001").append("station-510903001001", lambda txn: [{"serial": 2}])
    with store.read() as connection:
        assert connection.pragma("integrity_check") == "ok"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A store as it was before there was encryption, closed."""
    with Store.open(tmp_path / "store.sqlite") as store:
        fill(store)
    return tmp_path / "store.sqlite"


def test_a_store_opens_with_its_key_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with Store.open(path, key=KEY) as store:
        fill(store)
    before = path.read_bytes()
    with pytest.raises(WrongKey, match="encrypted with another key"):
        Store.open(path, key=bytes(32))
    with pytest.raises(WrongKey, match="opened without a key"):
        Store.open(path)
    assert path.read_bytes() == before
    with Store.open(path, key=KEY) as store:
        whole(store)


def test_nothing_that_was_written_can_be_read_from_the_disk(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.sqlite", key=KEY) as store:
        fill(store)
        assert (tmp_path / "store.sqlite-wal").stat().st_size > 0, "the WAL is looked at too"
        found = on_disk(tmp_path)
    for said in (NAME.encode(), b"510903001001", b"things", b"CREATE TABLE"):
        assert said not in found
        assert said not in on_disk(tmp_path)


def test_without_a_key_it_can(plain: Path) -> None:
    assert NAME.encode() in on_disk(plain.parent)


def test_an_altered_page_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with Store.open(path, key=KEY) as store:
        fill(store)
    data = bytearray(path.read_bytes())
    for at in range(4096 + 100, len(data), 4096):
        data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadStore, match="damaged"), Store.open(path, key=KEY) as store:
        store.database("things").all_docs()


def test_a_key_has_32_bytes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Store.open(tmp_path / "store.sqlite", key=b"short")
    assert not (tmp_path / "store.sqlite").exists()


def test_a_backup_is_encrypted_under_the_same_key(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.sqlite", key=KEY) as store:
        fill(store)
        store.backup(tmp_path / "copy.sqlite")
    assert NAME.encode() not in on_disk(tmp_path)
    with pytest.raises(WrongKey):
        Store.open(tmp_path / "copy.sqlite")
    with Store.open(tmp_path / "copy.sqlite", key=KEY) as copy:
        whole(copy)


def test_two_stores_of_one_key_have_no_page_in_common(tmp_path: Path) -> None:
    pages: list[set[bytes]] = []
    for name in ("one", "other"):
        with Store.open(tmp_path / name, key=KEY, random=lambda n: bytes(n), clock=lambda: 0.0) as store:
            store.database("things", create=True)
        data = (tmp_path / name).read_bytes()
        pages.append({data[at : at + 4096] for at in range(0, len(data), 4096)})
    assert not pages[0] & pages[1]


# -- plain stores of yesterday ---------------------------------------------------------------------------------------------


def test_a_plain_store_opened_with_a_key_is_encrypted_in_its_place(plain: Path) -> None:
    with Store.open(plain) as store:
        was = store.uuid, store.epoch, store.update_seq, store.database("things").identity
        changes = store.changes()
    with Store.open(plain, key=KEY) as store:
        assert (store.uuid, store.epoch, store.update_seq, store.database("things").identity) == was
        assert store.changes() == changes
        whole(store)
    assert NAME.encode() not in on_disk(plain.parent)
    assert sorted(file.name for file in plain.parent.iterdir()) == ["store.sqlite", "store.sqlite.lock"]
    with pytest.raises(WrongKey):
        Store.open(plain)


def test_what_lay_in_the_wal_comes_along(plain: Path, tmp_path: Path) -> None:
    with Store.open(plain) as store:
        store.database("things").put({"_id": "late", "name": "李四"})
        # As a power cut leaves it: the last records are in the WAL alone.
        cut = tmp_path / "cut"
        cut.mkdir()
        for file in plain.parent.glob("store.sqlite*"):
            if file.suffix != ".lock":
                (cut / file.name).write_bytes(file.read_bytes())
    assert (cut / "store.sqlite-wal").stat().st_size > 0
    with Store.open(cut / "store.sqlite", key=KEY) as store:
        assert store.database("things").get("late")
    assert "李四".encode() not in on_disk(cut)


def test_where_the_plain_file_lay_are_zeroes(plain: Path) -> None:
    if os.name != "posix":
        pytest.skip("here a file that is open cannot be replaced")
    with plain.open("rb") as old:
        Store.open(plain, key=KEY).close()
        old.seek(0)
        left = old.read()
    assert left.count(0) == len(left) > 4096


def _newer(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()


def _another_programs(path: Path) -> None:
    path.unlink()
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE mail (x)")
    connection.close()


def _damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8192:-8192] = os.urandom(len(data) - 16384)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("done", "fault"), [(_newer, StoreTooNew), (_another_programs, BadStore), (_damaged, BadStore)]
)
def test_what_is_no_sound_store_of_ours_is_not_encrypted(
    plain: Path, done: Callable[[Path], None], fault: type[Exception]
) -> None:
    done(plain)
    before = plain.read_bytes()
    with pytest.raises(fault):
        Store.open(plain, key=KEY)
    assert encryption.is_plain(plain)
    assert (
        plain.read_bytes()[100:] == before[100:]
    )  # SQLite may note in the head that it is no WAL file any more
    assert not plain.with_name("store.sqlite.new").exists()


def test_a_store_that_another_program_looks_into_is_not_encrypted(plain: Path) -> None:
    looking = apsw.Connection(str(plain))
    looking.execute("BEGIN; SELECT * FROM documents").fetchall()
    try:
        with pytest.raises(StoreLocked):
            Store.open(plain, key=KEY)
    finally:
        looking.close()
    with Store.open(plain) as store:
        whole(store)


def test_without_room_for_the_copy_the_store_stays_plain(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as no_room, pytest.raises(DiskFull):
        no_room.setattr(encryption, "_durable", full)
        Store.open(plain, key=KEY)
    assert not plain.with_name("store.sqlite.new").exists()
    with Store.open(plain) as store:
        whole(store)


def test_killed_at_any_moment_the_store_is_there_whole_plain_or_encrypted(
    plain: Path, tmp_path: Path
) -> None:
    """A process is killed while it encrypts, at moments spread over the time that it takes, found by halving."""
    original = plain.read_bytes()
    seen = {"plain": 0, "encrypted": 0}
    low, high = 0.0, 0.2
    for n in range(KILLS):
        folder = tmp_path / str(n)
        folder.mkdir()
        path = folder / "store.sqlite"
        path.write_bytes(original)
        # Half of the kills spread evenly, half close in on the moment of the renaming.
        delay = (low + high) / 2 if n % 2 else 0.2 * (n + 1) / KILLS
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.sync.encrypter", str(path), KEY.hex()], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"opening\n"
        try:
            child.wait(delay)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()
        if encryption.is_plain(path):
            seen["plain"] += 1
            low = max(low, delay) if delay < high else low
            with Store.open(path) as store:
                whole(store)
        else:
            seen["encrypted"] += 1
            high = min(high, delay) if delay > low else high
        with Store.open(path, key=KEY) as store:
            assert store.database("things").info()["doc_count"] == 301
            with store.read() as connection:
                assert connection.pragma("integrity_check") == "ok"
        assert not path.with_name("store.sqlite.new").exists()
        assert NAME.encode() not in on_disk(folder)
    assert all(seen.values()), seen
