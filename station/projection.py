"""The file of a projection: tables that follow the store, may be deleted at any time, and are made anew from its documents. Encrypted
like the store, with synchronous=NORMAL. Knows no table and reads no document.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from sync.store import encryption
from sync.store.connection import translated

log = logging.getLogger("bianmin.projection")

SETUP: Final = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;"
)


def opened(path: Path, key: bytes | None, more: str = "") -> apsw.Connection:
    """The file, made where there is none. A plain one is encrypted in its place, for it may know that the store went back
    in time; one that this key does not open is of no use to anybody, and is made anew. `more`: further pragmas."""
    with translated(path):
        try:
            if key is not None and path.exists() and encryption.is_plain(path):
                encryption.encrypt(path, key)
            return encryption.opened(path, key, SETUP + more)
        except (apsw.NotADBError, apsw.CorruptError):
            log.warning("%s does not open with this station's key; it is made anew from the store", path)
            for tail in ("", "-wal", "-shm", "-journal"):
                path.with_name(path.name + tail).unlink(missing_ok=True)
            return encryption.opened(path, key, SETUP + more)


def empty(connection: apsw.Connection) -> None:
    """Drops every table; part of whoever's transaction this is."""
    for (name,) in list(connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")):
        connection.execute(f'DROP TABLE "{name}"')


@contextmanager
def passed_over(number: str) -> Iterator[None]:
    """One that this version can't read must not keep all others from being seen."""
    try:
        yield
    except Exception:
        log.exception("%s can't be shown; it is kept and passed over", number)
