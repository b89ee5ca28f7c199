"""Opens SQLite connections and tells in our words what goes wrong with them. Knows no table.

Every connection of a store is set up here, the same way (pragmas below), and every apsw error that leaves the store
passes `translated`. The lock is a file of its own beside the store: SQLite's own locks come and go with transactions,
and what must be held off is a second process for as long as this one lives.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from sync.errors import BadStore, DiskFull, OurFault, StoreClosed, StoreLocked, WrongKey
from sync.store import encryption

BUSY_TIMEOUT: Final = 10_000  # ms; a virus scanner may hold the file for a while

# Failing to read, or to make durable, is damage. Failing to write more is a full disk, which passes.
_DAMAGE: Final = frozenset(
    (
        apsw.SQLITE_IOERR_READ,
        apsw.SQLITE_IOERR_SHORT_READ,
        apsw.SQLITE_IOERR_CORRUPTFS,
        apsw.SQLITE_IOERR_DATA,
        apsw.SQLITE_IOERR_FSYNC,
        apsw.SQLITE_IOERR_DIR_FSYNC,
    )
)
FSYNC_FAILED: Final = frozenset((apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC))

# WAL: readers and the writer do not wait for each other. FULL: what was acknowledged survives a power cut (NORMAL
# loses it). temp_store: what SQLite sorts and spills stays in memory. secure_delete: what was deleted is gone from the file. trusted_schema and DEFENSIVE: a file prepared by
# somebody else runs no code and cannot have its tables bent. mmap 0: an I/O error is an error, not a dead process.
# wal_autocheckpoint: a last resort at 32 MB; a server moves the log into the file between two saves (`Store.tend`), since the
# commit that happens to do it takes ten times as long as others.
_PRAGMAS = f"""
    PRAGMA busy_timeout={BUSY_TIMEOUT};
    PRAGMA journal_mode=WAL;
    PRAGMA synchronous=FULL;
    PRAGMA foreign_keys=ON;
    PRAGMA trusted_schema=OFF;
    PRAGMA cell_size_check=ON;
    PRAGMA mmap_size=0;
    PRAGMA secure_delete=ON;
    PRAGMA temp_store=MEMORY;
    PRAGMA cache_size=-16384;
    PRAGMA wal_autocheckpoint=8000;
"""

_LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: 64 * 1024 * 1024,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    apsw.SQLITE_LIMIT_ATTACHED: 1,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 50,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 10,
}


def connect(path: Path, key: bytes | None, *, create: bool = False) -> apsw.Connection:
    """A connection with the key given but nothing else done yet, so that looking at a file does not change it."""
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    connection = apsw.Connection(str(path), flags=flags)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    for limit, value in _LIMITS.items():
        connection.limit(limit, value)
    if key is not None:
        encryption.unlock(connection, key)
    return connection


def set_up(connection: apsw.Connection, *, query_only: bool = False) -> apsw.Connection:
    """Applies the pragmas every connection of a store has."""
    connection.execute(
        _PRAGMAS
    ).fetchall()  # read to the end: some pragmas answer, and apsw waits to be asked
    if query_only:
        connection.execute("PRAGMA query_only=ON")
    return connection


def rows(connection: apsw.Connection, sql: str, bindings: Any = ()) -> list[tuple[Any, ...]]:
    """All rows. Read whole: nothing waits on an open statement."""
    return connection.execute(sql, bindings).fetchall()


def scalar(connection: apsw.Connection, sql: str, bindings: Any = ()) -> Any:
    """The first column of the first row; None if there is no row."""
    found = connection.execute(sql, bindings).fetchall()
    return found[0][0] if found else None


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """apsw's and the operating system's errors as ours, with the file's name and the cause chained."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise fault(error, path) from error


def fault(error: Exception, path: Path) -> OurFault:
    """What `error` means to whoever must act."""
    code = getattr(error, "extendedresult", None)
    if isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and code not in _DAMAGE):
        return DiskFull(f"There is no room left for {path}; nothing was written and nothing is lost.")
    if isinstance(error, OSError):
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            return DiskFull(f"There is no room left for {path}; nothing was written and nothing is lost.")
        return BadStore(f"{path} cannot be opened: {error.strerror}.")
    if isinstance(error, apsw.NotADBError):
        if encryption.is_encrypted(path):
            return WrongKey(f"{path} is encrypted with another key, or its first page is damaged.")
        return BadStore(f"{path} is not a store.")
    if isinstance(error, (apsw.CorruptError, apsw.IOError)):
        return BadStore(f"{path} is damaged: {error}.")
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return StoreLocked(f"{path} is held by another program.")
    if isinstance(error, (apsw.ConnectionClosedError, apsw.CursorClosedError)):
        return StoreClosed(f"{path} has been closed.")
    if isinstance(error, (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.AuthError)):
        return BadStore(f"{path} cannot be opened for writing: {error}.")
    return OurFault(f"{path}: {type(error).__name__}: {error}.")


class FileLock:
    """Holds `<store>.lock` for as long as the store is open. The operating system lets go when the process ends.

    The file stays: removing it would let two processes hold two files of one name.
    """

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(store.name + ".lock")
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(self._fd)
        except OSError as error:
            os.close(self._fd)
            raise StoreLocked(f"Another process has {store} open.") from error

    def release(self) -> None:
        os.close(self._fd)


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
