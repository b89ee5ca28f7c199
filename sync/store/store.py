"""One SQLite file with all databases of a server: opening it, its one writer, its readers, its feed.

What a file promises: an acknowledged write survives a power cut; a transaction is there whole or not at all; sequences
never go back; the file is never replaced by an empty one; a second process is told, not let in. Documents are
`database.py`'s, taking them in is `writing.py`'s.

    any thread ──> read()          a reader from a small pool; never waits for the writer
    any thread ──> transaction()   the writer, one at a time; COMMIT is durable when the block ends; waiters are woken
"""

from __future__ import annotations

import base64
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

import apsw

from sync import names
from sync.blobs import Blob, Lying
from sync.errors import BadStore, DatabaseExists, NotFound, StoreClosed, StoreMissing
from sync.peer import Seq
from sync.serving import DatabaseUpdate, ServedDatabase, StoreChange
from sync.store import connection as sqlite
from sync.store import opening, reading, writing
from sync.store.database import Database, seq_of
from sync.store.together import Together
from sync.store.transaction import Transaction

_LAST_SEQ: Final = "SELECT coalesce(max(seq), 0) FROM documents WHERE db = ?"
TEND_AFTER: Final = 300  # changes, about 2 MB of log
READERS: Final = 8


class _Entry(NamedTuple):
    """A database as the process remembers it. Safe to remember: the lock keeps every other process out."""

    key: int
    incarnation: str


class Store:
    """Open one with `Store.open`. Every method may be called from any thread."""

    def __init__(
        self,
        path: Path,
        key: bytes | None,
        lock: sqlite.FileLock,
        writer: apsw.Connection,
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        self.path = path
        self._key = key
        self._file_lock = lock
        self._writer = writer
        self._clock = clock
        self._random = random
        self._write_lock = threading.RLock()
        self._open: Transaction | None = None
        self.gathered = Together(self, self._write_lock).gathered
        """Work of several threads, made durable at once (`sync.store.together`)."""
        self._changed = threading.Condition()
        self._watchers: dict[int, Callable[[frozenset[str]], None]] = {}
        self._readers: list[apsw.Connection] = []
        self._reader_slots = threading.BoundedSemaphore(READERS)
        self._closed = False
        self._unsure: str | None = None
        facts = dict(sqlite.rows(writer, "SELECT name, value FROM store"))
        self.uuid: str = facts["uuid"]
        self.epoch: str = facts["epoch"]
        self._tended = 0
        self._seq: int = sqlite.scalar(writer, "SELECT value FROM counters WHERE name = 'seq'") or 0
        self._databases: dict[str, _Entry] = {
            name: _Entry(key, incarnation)
            for name, key, incarnation in sqlite.rows(writer, "SELECT name, db, incarnation FROM databases")
        }
        self._names = {entry.key: name for name, entry in self._databases.items()}
        self._sorted: list[str] | None = None
        self._last: dict[int, int] = {}

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = secrets.token_bytes,
        key: bytes | None = None,
        create: bool = True,
    ) -> Store:
        """The store at `path`; `create` makes one where there is no file at all. `key`: 32 bytes, encrypts the file; one
        that was plain until today is encrypted in its place.

        StoreLocked: another process has it. StoreMissing: no file, and not to be made. StoreTooNew: written by a newer
        version; left as it was. WrongKey: encrypted with another key. BadStore: not a store, damaged or empty. DiskFull.
        """
        path = Path(path)
        with sqlite.translated(path):
            if not path.exists() and not create:
                raise StoreMissing(f"There is no store at {path}.")
            lock = sqlite.FileLock(path)
            try:
                if not path.exists():
                    opening.create(path, key, random)
                writer = opening.open_writer(path, key)
                try:
                    return cls(path, key, lock, writer, clock, random)
                except BaseException:
                    writer.close()
                    raise
            except BaseException:
                lock.release()
                raise

    def close(self) -> None:
        """Closes the file; wakes everybody who waits. Afterwards every method raises StoreClosed."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        for _ in range(READERS):  # readers finish what they are at
            self._reader_slots.acquire()
        with self._write_lock, sqlite.translated(self.path):
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            self._writer.close()
            self._file_lock.release()
        for _ in range(READERS):
            self._reader_slots.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- the two ways in ------------------------------------------------------------------------------------------

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[apsw.Connection]:
        """A connection for reading. `snapshot`: all statements in the block see the same state."""
        if (mine := self._mine()) is not None:  # sees what was written so far
            yield mine.connection
            return
        with self._reader_slots, sqlite.translated(self.path):
            if self._closed:
                raise StoreClosed(f"{self.path} has been closed.")
            try:
                reader = self._readers.pop()
            except IndexError:
                reader = sqlite.set_up(sqlite.connect(self.path, self._key), query_only=True)
            try:
                if snapshot:
                    reader.execute("BEGIN")
                yield reader
            finally:
                if reader.in_transaction:
                    reader.execute("ROLLBACK")
                self._readers.append(reader)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The one way to write. What the block did is durable when it ends, and undone whole if it raises.

        Not to be nested, but in work that is `gathered`, where it becomes durable with the rest of that.
        """
        if (mine := self._mine()) is not None:
            with mine.inner():
                yield mine
            return
        with self._write_lock, sqlite.translated(self.path):
            if self._closed:
                raise StoreClosed(f"{self.path} has been closed.")
            if self._unsure:
                raise BadStore(self._unsure)
            writer = self._writer
            if writer.in_transaction:
                raise RuntimeError("a transaction inside a transaction")
            try:
                writer.execute("BEGIN IMMEDIATE")
                self._open = txn = Transaction(writer, self._seq, self._clock())
                yield txn
                txn.settle()
                writer.execute("COMMIT")
            except BaseException as error:
                if getattr(error, "extendedresult", None) in sqlite.FSYNC_FAILED:
                    # After a failed fsync nobody knows what is on the disk, and asking again proves nothing.
                    self._unsure = f"{self.path} could not be made durable; open it again before writing."
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                if self._open is not None:
                    self._open.undo()
                raise
            finally:
                self._open = None
            with self._changed:
                self._seq = txn.seq
                self._last.update(txn.touched)
                if txn.touched:
                    self._changed.notify_all()
            if txn.touched and self._watchers:
                self._tell({self._names[key] for key in txn.touched if key in self._names})
            for each in txn.afterwards:
                each()

    @property
    def is_writing(self) -> bool:
        """Whether this very thread is at work that is gathered."""
        return self._mine() is not None

    def _mine(self) -> Transaction | None:
        """The transaction of several threads' work that this very thread does, if any."""
        txn = self._open
        return txn if txn is not None and txn.gathers and txn.thread == threading.get_ident() else None

    def last_of(self, db: int) -> int:
        """The newest sequence of a database, as whoever asks may see it; from memory once it was asked for."""
        mine = self._mine()
        found = mine.touched.get(db) if mine is not None else None
        if found is None and (found := self._last.get(db)) is None:
            with self.read() as connection:
                seen = int(sqlite.scalar(connection, _LAST_SEQ, (db,)))
            found = self._last.setdefault(db, seen) if mine is None else seen
        return found

    def afterwards(self, tell: Callable[[], None]) -> None:
        """Runs `tell` once what this thread is writing is durable, and not if that is undone; at once where it writes nothing."""
        txn = self._mine()
        if txn is None:
            tell()
        else:
            txn.afterwards.append(tell)

    @property
    def era(self) -> str:
        """Changes when the store goes on in a new epoch, and when something is taken back out of it: what was agreed on
        about its feed before says nothing any more."""
        with self.read() as connection:
            turns = sqlite.scalar(
                connection, "SELECT coalesce(sum(value), 0) FROM counters WHERE name GLOB 'turn/*'"
            )
        return f"{self.uuid}.{self.epoch}.{turns}"

    def tend(self) -> None:
        """Moves what the log has gathered into the file, if that is worth it; nobody who reads or writes waits for it."""
        if self._seq - self._tended >= TEND_AFTER:
            with self.read() as connection:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._tended = self._seq

    def backup(self, path: str | os.PathLike[str]) -> None:
        """A copy of the store as it is now, at `path`, encrypted as this one. Writers go on meanwhile.

        It appears there whole or not at all. Whoever opens a copy while the original lives has two stores of one name.
        """
        path = Path(path)
        fresh = path.with_name(path.name + ".new")
        with self.read(snapshot=True) as source, sqlite.translated(path):
            # Reading from now on, it sees this moment to the end; else each write would have it begin anew.
            sqlite.scalar(source, "SELECT count(*) FROM sqlite_schema")
            fresh.unlink(missing_ok=True)
            try:
                target = sqlite.connect(fresh, self._key, create=True)
                try:
                    with target.backup("main", source, "main") as copying:
                        while not copying.done:
                            copying.step(1000)
                finally:
                    target.close()
                fresh.replace(path)
            except BaseException:
                fresh.unlink(missing_ok=True)
                raise

    def renew_epoch(self) -> str:
        """A new epoch for this store's events: after it was put back to an earlier day, numbers it may have given out
        since are not given again. Durable at once; a Ledger must be made after it."""
        epoch = base64.b32encode(self._random(5)).decode().lower()
        with self.transaction() as txn:
            txn.connection.execute("UPDATE store SET value = ? WHERE name = 'epoch'", (epoch,))
        self.epoch = epoch
        return epoch

    # -- databases ------------------------------------------------------------------------------------------------

    def database(self, name: str, create: bool = False) -> Database:
        """The database of that name; NotFound unless it is there or `create`."""
        entry = self._databases.get(name)
        if entry is None:
            if not create:
                raise NotFound(f"There is no database {name!r} here.")
            try:
                return self.create_database(name)
            except DatabaseExists:
                entry = self._databases[name]
        return Database(self, name, entry.key, entry.incarnation)

    def create_database(self, name: str) -> Database:
        """A new database; DatabaseExists if there is one, BadRequest if the name has not the form."""
        names.check_database(name)
        incarnation = self._random(16).hex()
        with self._write_lock:
            if name in self._databases:
                raise DatabaseExists(f"The database {name!r} is there already.")
            with self.transaction() as txn:
                txn.connection.execute(
                    "INSERT INTO databases (name, incarnation, created) VALUES (?, ?, ?)",
                    (name, incarnation, int(self._clock() * 1e6)),
                )
                key = txn.connection.last_insert_rowid()
                txn.note_database(name, "created")
                txn.undoing.append(lambda: self._forget(name, key))
            self._databases[name] = _Entry(key, incarnation)
            self._names[key], self._sorted = name, None
            self.afterwards(lambda: self._tell((name,)))
        return Database(self, name, key, incarnation)

    def databases(self) -> list[str]:
        """The names, sorted."""
        found = self._sorted
        if found is None:
            with self._write_lock:  # nobody makes one while they are sorted
                found = self._sorted = sorted(self._databases)
        return found.copy()

    def delete_database(self, name: str) -> None:
        """Forgets the database and all in it. Its sequences, and the numbers of its events, are never given again."""
        with self._write_lock:
            entry = self._databases.get(name)
            if entry is None:
                raise NotFound(f"There is no database {name!r} here.")
            with self.transaction() as txn:
                writing.drop_database(txn.connection, entry.key)
                txn.note_database(name, "deleted")
            self._forget(name, entry.key)
            self._tell((name,))
        with self._changed:
            self._changed.notify_all()

    def _forget(self, name: str, key: int) -> None:
        self._databases.pop(name, None)
        self._names.pop(key, None)
        self._sorted = None

    # -- the feed over all databases ------------------------------------------------------------------------------

    @property
    def update_seq(self) -> int:
        """The sequence of the last durable change in any database."""
        mine = self._mine()
        return self._seq if mine is None else mine.seq

    def changes(self, since: int = 0, limit: int = 1000) -> list[StoreChange]:
        """The changes of all databases after `since`, oldest first, each document once, at its newest sequence."""
        with self.read() as connection:
            rows = sqlite.rows(
                connection,
                "SELECT d.seq, n.name, d.id, d.winner, d.deleted FROM documents AS d CROSS JOIN databases AS n USING (db)"
                " WHERE d.seq > ? ORDER BY d.seq LIMIT ?",
                (since, limit),
            )
            return [StoreChange(seq, db, id, winner, bool(deleted)) for seq, db, id, winner, deleted in rows]

    def updates(self, since: Seq = 0) -> tuple[list[DatabaseUpdate], Seq]:
        """What happened to databases after `since`: the last of each, oldest first; and where to go on.

        A place in this feed is `<sequence>-<n>`: every document's change up to the one, and every making and deletion
        of a database up to the other, have been told.
        """
        parts = str(since).partition("-")
        seen, made = seq_of(parts[0]), seq_of(parts[2] or "0")
        with self.read(snapshot=True) as connection:
            noted = sqlite.rows(connection, "SELECT name, n, seq, type FROM updates WHERE n > ?", (made,))
            written = sqlite.rows(
                connection,
                "SELECT name, (SELECT max(seq) FROM documents WHERE db = d.db) AS last FROM databases AS d"
                " WHERE last > ?",
                (seen,),
            )
        newest: dict[str, tuple[int, int, str]] = {name: (seq, n, kind) for name, n, seq, kind in noted}
        for name, seq in written:
            if name not in newest or seq > newest[name][0]:
                newest[name] = seq, 0, "updated"
        found = []
        for seq, n, name, kind in sorted((seq, n, name, kind) for name, (seq, n, kind) in newest.items()):
            seen, made = max(seen, seq), max(made, n)
            found.append(DatabaseUpdate(f"{seen}-{made}", name, kind))  # type: ignore[arg-type]  # the column's words
        return found, f"{seen}-{made}"

    def watch(self, told: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """`told` hears the names of databases that were written, made or deleted, once that is durable. It is called
        by whoever writes, so it must be quick. Returns what ends it."""
        key = id(told)
        self._watchers[key] = told

        def end() -> None:
            self._watchers.pop(key, None)

        return end

    def _tell(self, names: Iterable[str]) -> None:
        for told in list(self._watchers.values()):
            told(frozenset(names))

    def wait(self, seq: int, timeout: float) -> bool:
        """True as soon as `update_seq` > `seq`; False after `timeout` seconds, or when the store is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._seq > seq, timeout)
            return self._seq > seq

    def wait_database(self, db: Database, seq: int, timeout: float) -> bool:
        """As `wait`, for one database; also ends, with False, when it is deleted."""
        last = db.update_seq

        def changed() -> bool:
            return self._last.get(db.key, last) > seq

        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self.holds(db) or changed(), timeout)
            return changed()

    def holds(self, db: ServedDatabase) -> bool:
        """Whether this very incarnation of the database is still there."""
        entry = self._databases.get(db.name)
        return entry is not None and isinstance(db, Database) and entry.key == db.key

    def blob(self, sha256: str, length: int) -> Blob:
        """A file's bytes, read piece by piece when they are asked for. NotFound if it was forgotten meanwhile."""

        def read() -> Iterator[bytes]:
            n, left = 0, length
            while left > 0:
                with self.read() as connection:
                    piece = reading.chunk(connection, sha256, n)
                if piece is None:
                    raise NotFound("The attachment is not held any more.")
                yield piece
                n, left = n + 1, left - len(piece)

        return Lying(length, read)

    def bodies(self, db: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living winners among `ids`, as documents with `_id` and `_rev`, in one statement."""
        return self.database(db).bodies(ids)
