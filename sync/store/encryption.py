"""Tells plain files from encrypted ones, and turns a plain one into an encrypted one. Never the other way, and it keeps
no key.

The cipher is ChaCha20-Poly1305, of SQLite3 Multiple Ciphers' the one that fits: every page of the file and of the WAL
has a nonce of its own and a tag, so that an altered page is an error and not another record (AES-CBC, the other old
choice, has no tag); it takes 32 raw bytes, where AEGIS and Ascon derive a key from words at every opening; it is quick
on laptops whose processors know no AES. What it costs is told by `python -m bench save`.
https://utelle.github.io/SQLite3MultipleCiphers/docs/ciphers/cipher_chacha20/

    plain file ─> WAL folded in ─> encrypted copy beside it, made durable ─> copy read and compared ─> renamed over it

Up to the renaming a power cut leaves the plain file as it was; after it, the encrypted one is there whole.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import apsw

from sync.errors import BadStore, StoreLocked

CIPHER: Final = "chacha20"
KEY_BYTES: Final = 32
_PLAIN: Final = b"SQLite format 3\0"
# What stays readable of an encrypted file's head: SQLite's own three fractions, after the 32 bytes a page keeps back.
_FRACTIONS: Final = bytes((32, 64, 32, 32))


def is_plain(path: Path) -> bool:
    """Whether the file is an SQLite database that anybody can read."""
    return _head(path)[:16] == _PLAIN


def is_encrypted(path: Path) -> bool:
    """Whether the file looks like one of ours under some key."""
    head = _head(path)
    return head[:16] != _PLAIN and head[20:24] == _FRACTIONS


def opens(path: Path, key: bytes) -> bool:
    """Whether this is the key of the encrypted file. Changes nothing."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        unlock(connection, key)
        connection.pragma("application_id")
    except apsw.NotADBError:
        return False
    finally:
        connection.close()
    return True


def opened(path: Path, key: bytes | None, setup: str) -> apsw.Connection:
    """A connection to a file of our own beside the store, under the store's key, `setup` done; made where there is none."""
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(10_000)
        if key is not None:
            unlock(connection, key)
        connection.execute(setup).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def unlock(connection: apsw.Connection, key: bytes) -> None:
    """Gives a connection its key, before it has read anything."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a store's key has {KEY_BYTES} bytes")
    connection.pragma("cipher", CIPHER)
    connection.pragma("key", "raw:" + key.hex())


def parse_key(text: str) -> bytes | None:
    """The key that is written as 64 hexadecimal digits; None if it is not."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def encrypt(path: Path, key: bytes) -> None:
    """Puts an encrypted file in the place of the plain one at `path`. The caller keeps everybody else away from it.

    StoreLocked where another program has the file open; BadStore where it is damaged, or the copy is not what it was.
    """
    path = path.absolute()
    fresh = path.with_name(path.name + ".new")
    _remove(fresh)
    try:
        wanted = _copy(path, fresh, key)
        _check(path, fresh, key, wanted)
        _durable(fresh)
        durable_folder(path)  # the WAL is gone for good before another file takes its database's name
        _replace(path, fresh)
    except BaseException:
        _remove(fresh)
        raise
    durable_folder(path)


def durable_folder(path: Path) -> None:
    """Makes a renaming in the file's folder survive a power cut, where the system has a way to say so."""
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _copy(path: Path, fresh: Path, key: bytes) -> dict[str, Any]:
    """Writes the encrypted copy; returns how many rows each table of the original has."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI)
    try:
        connection.set_busy_timeout(10_000)
        connection.execute("PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF").fetchall()
        # A WAL left behind would be taken for the encrypted file's own.
        if connection.pragma("journal_mode", "delete") != "delete":
            raise StoreLocked(f"{path} is held by another program.")
        rows = _rows(connection)
        connection.execute(
            "VACUUM INTO ?", (f"{fresh.as_uri()}?cipher={CIPHER}&key=raw:{key.hex()}",)
        ).fetchall()
        return rows
    finally:
        connection.close()


def _check(path: Path, fresh: Path, key: bytes, wanted: dict[str, Any]) -> None:
    if not is_encrypted(fresh):
        raise BadStore(f"The copy of {path} is not encrypted; the file was left as it was.")
    connection = apsw.Connection(str(fresh), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        unlock(connection, key)
        if connection.pragma("integrity_check") != "ok" or _rows(connection) != wanted:
            raise BadStore(f"{path} could not be copied whole; it was left as it was.")
    finally:
        connection.close()


def _rows(connection: apsw.Connection) -> dict[str, Any]:
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()  # noqa: S608 - the file's own tables
        for name in names
    }


def _replace(path: Path, fresh: Path) -> None:
    """Renames, then writes nothing but zeroes where the plain file lay. A disk may keep old blocks all the same, as SSDs
    do: docs/running.md says so."""
    if os.name != "posix":  # elsewhere a file that is open cannot be renamed over
        fresh.replace(path)
        return
    old = os.open(path, os.O_WRONLY)
    try:
        fresh.replace(path)
        durable_folder(path)
        left = os.fstat(old).st_size
        while left > 0:
            left -= os.write(old, bytes(min(left, 1024 * 1024)))
        os.fsync(old)
    finally:
        os.close(old)


def _durable(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _remove(fresh: Path) -> None:
    for tail in ("", "-journal", "-wal", "-shm"):
        fresh.with_name(fresh.name + tail).unlink(missing_ok=True)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(24)
