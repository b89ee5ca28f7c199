"""Makes a store's file, and opens one that is there: never a newer version's, another program's, or an empty one. Holds no
document.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import apsw

from sync.errors import BadStore, StoreMissing, StoreTooNew, WrongKey
from sync.store import connection as sqlite
from sync.store import encryption, schema


def create(path: Path, key: bytes | None, random: Callable[[int], bytes]) -> None:
    """Makes the file under another name and moves it into place: a crash leaves a whole store or none."""
    for stray in ("-wal", "-journal"):
        if path.with_name(path.name + stray).exists():
            raise StoreMissing(
                f"{path} is gone, but {path.name}{stray} is there and may hold its last records. Put the store back beside"
                " it, or move it away to begin anew."
            )
    fresh = path.with_name(path.name + ".new")
    for leftover in (fresh, path.with_name(path.name + ".new-wal"), path.with_name(path.name + ".new-shm")):
        leftover.unlink(missing_ok=True)
    try:
        connection = sqlite.connect(fresh, key, create=True)
        try:
            schema.migrate(sqlite.set_up(connection))
            facts = {"uuid": random(16).hex(), "epoch": base64.b32encode(random(5)).decode().lower()}
            connection.executemany("INSERT INTO store VALUES (?, ?)", list(facts.items()))
        finally:
            connection.close()
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    encryption.durable_folder(path)


def open_writer(path: Path, key: bytes | None) -> apsw.Connection:
    """Looks at the file without changing it; only when it is one of ours is it encrypted, set up and migrated."""
    if path.stat().st_size == 0:
        raise BadStore(f"{path} is empty: what was in it has been lost. It was not overwritten.")
    if key is None and encryption.is_encrypted(path):
        raise WrongKey(f"{path} is encrypted, and it was opened without a key.")
    if key is not None and encryption.is_plain(path):
        _look(path, None).close()
        encryption.encrypt(path, key)
    connection = _look(path, key)
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        sqlite.set_up(connection)
        schema.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _look(path: Path, key: bytes | None) -> apsw.Connection:
    """A connection to a store of this or an earlier version, of which nothing was changed."""
    connection = sqlite.connect(path, key)
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        application, version = connection.pragma("application_id"), connection.pragma("user_version")
        if application != schema.APPLICATION_ID:
            raise BadStore(f"{path} is another program's database.")
        if version > schema.VERSION:
            raise StoreTooNew(
                f"{path} was written by a newer version (shape {version}, this program knows {schema.VERSION})."
                " It was left as it was."
            )
    except BaseException:
        connection.close()
        raise
    return connection
