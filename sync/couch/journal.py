"""What this web node has heard from the cluster, in one SQLite file: every document's winner, in one sequence over all
databases, as ServedStore's `changes` gives it. Asks nobody anything; holds nothing that is not in the cluster.

CouchDB counts each database for itself, in strings that cannot be compared; the register and the pages want one number
that grows. So a node numbers what it hears in the order in which it hears it. The numbers mean nothing to anybody else.

It may be deleted at any time and is made again from the cluster. A new journal begins its sequence at the microseconds
since 1970: beyond any number of the journal before, so that whoever had read that one up to some place reads all of
the new one, and overlooks nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from sync import strict_json
from sync.errors import StoreClosed
from sync.event_ids import PREFIX, event_id, parse_event_id
from sync.peer import Seq
from sync.serving import DatabaseUpdate, StoreChange
from sync.store import connection as sqlite

VERSION: Final = 1

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;    -- version, cluster, seq
CREATE TABLE databases (
    db INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, incarnation TEXT NOT NULL,
    since TEXT NOT NULL);            -- CouchDB's sequence up to which its changes are in here, as JSON
CREATE TABLE documents (
    seq INTEGER PRIMARY KEY, db INTEGER NOT NULL, id TEXT NOT NULL, winner TEXT NOT NULL, deleted INTEGER NOT NULL,
    UNIQUE (db, id));
CREATE TABLE runs (                  -- how far each writer's numbers reach without a gap; held: how many there are
    db INTEGER NOT NULL, writer TEXT NOT NULL, epoch TEXT NOT NULL, n INTEGER NOT NULL, held INTEGER NOT NULL,
    PRIMARY KEY (db, writer, epoch)) WITHOUT ROWID;
CREATE TABLE updates (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, type TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE locals (name TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (name, id)) WITHOUT ROWID;
                                     -- _local documents written here, for servers that cannot list them
"""


class Heard(NamedTuple):
    """A document's winner as CouchDB tells it. `rev` "": it was purged."""

    id: str
    rev: str
    deleted: bool


class Journal:
    """Every method may be called from any thread."""

    def __init__(self, path: str | os.PathLike[str], cluster: str) -> None:
        """The journal at `path`; emptied if it is of another cluster or shape. StoreLocked if another process has it."""
        self.path = Path(path)
        self._lock = threading.RLock()
        self._changed = threading.Condition()
        self._watchers: dict[object, Callable[[frozenset[str]], None]] = {}
        self._closed = False
        with sqlite.translated(self.path):
            self._file_lock = sqlite.FileLock(self.path)
            try:
                self._connection = sqlite.connect(self.path, None, create=True)
                sqlite.set_up(self._connection)
                # What is lost here is heard again.
                self._connection.execute("PRAGMA synchronous=NORMAL")
                self._begin(cluster)
                self._seq: int = self._fact("seq")
                self._durable = self._seq
                self._last: dict[str, int] = {}
                self._keys: dict[str, tuple[int, str]] = {
                    name: (db, incarnation)
                    for db, name, incarnation in self._rows("SELECT db, name, incarnation FROM databases")
                }
            except BaseException:
                self._file_lock.release()
                raise

    def _begin(self, cluster: str) -> None:
        there = sqlite.scalar(self._connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'facts'")
        if there and (self._fact("version"), self._fact("cluster")) == (VERSION, cluster):
            return
        with self._transaction():
            for (name,) in self._rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
                self._connection.execute(f'DROP TABLE "{name}"')
            self._connection.execute(_SCHEMA)
            facts = {"version": VERSION, "cluster": cluster, "seq": time.time_ns() // 1000}
            self._connection.executemany("INSERT INTO facts VALUES (?, ?)", list(facts.items()))

    def close(self) -> None:
        """Closes the file; wakes everybody who waits."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        with self._lock, sqlite.translated(self.path):
            self._connection.close()
            self._file_lock.release()

    # -- databases ------------------------------------------------------------------------------------------------

    def databases(self) -> list[str]:
        """The names, sorted."""
        return sorted(self._keys.copy())

    def incarnation(self, name: str) -> str | None:
        """Which database of that name is known; None if there is none."""
        entry = self._keys.get(name)
        return entry[1] if entry else None

    def add(self, name: str, incarnation: str) -> None:
        """From now on there is a database of that name; what was known of an earlier one is forgotten."""
        with self._lock:
            if self.incarnation(name) == incarnation:
                return
            with self._transaction():
                if name in self._keys:
                    self._forget(name)
                self._connection.execute(
                    "INSERT INTO databases (name, incarnation, since) VALUES (?, ?, '0')", (name, incarnation)
                )
                key = self._connection.last_insert_rowid()
                self._note_update(name, "created")
            self._keys[name] = key, incarnation
        self._tell(name)

    def drop(self, name: str) -> None:
        """There is no such database any more."""
        with self._lock:
            if name not in self._keys:
                return
            with self._transaction():
                self._forget(name)
                self._note_update(name, "deleted")
            del self._keys[name]
        self._tell(name)

    def _forget(self, name: str) -> None:
        key = self._keys[name][0]
        for table in ("documents", "runs", "databases"):
            self._connection.execute(f"DELETE FROM {table} WHERE db = ?", (key,))  # noqa: S608  # names from above
        self._connection.execute("DELETE FROM locals WHERE name = ?", (name,))

    # -- documents ------------------------------------------------------------------------------------------------

    def since(self, name: str) -> Seq:
        """CouchDB's sequence of that database up to which its changes are in here; 0 for one that is not known."""
        with self._lock:
            found = self._rows("SELECT since FROM databases WHERE name = ?", (name,))
        return strict_json.loads_own(found[0][0].encode()) if found else 0

    def note(self, name: str, heard: Sequence[Heard], since: Seq | None = None) -> None:
        """Takes in winners, and where CouchDB's feed has come to. What is known already changes nothing."""
        with self._lock:
            entry = self._keys.get(name)
            if entry is None:
                return
            with self._transaction():
                fresh = self._fresh(entry[0], heard)
                if fresh:
                    self._take_in(entry[0], fresh)
                    self._note_update(name, "updated")
                if since is not None:
                    told = strict_json.dumps(since).decode()
                    self._connection.execute("UPDATE databases SET since = ? WHERE db = ?", (told, entry[0]))
        if fresh:
            self._tell(name)

    def _fresh(self, db: int, heard: Sequence[Heard]) -> list[Heard]:
        newest = {each.id: each for each in heard}
        known: dict[str, tuple[str, int]] = {}
        ids = list(newest)
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            sql = f"SELECT id, winner, deleted FROM documents WHERE db = ? AND id IN ({','.join('?' * len(some))})"  # noqa: S608
            known.update({id: (winner, deleted) for id, winner, deleted in self._rows(sql, (db, *some))})
        return [each for each in newest.values() if known.get(each.id, ("", 0)) != (each.rev, each.deleted)]

    def _take_in(self, db: int, fresh: Sequence[Heard]) -> None:
        arrived: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for each in fresh:
            event = parse_event_id(each.id) if each.id.startswith(PREFIX) and not each.deleted else None
            if event is not None and each.rev and not self._holds(db, each.id):
                arrived[event.writer, event.epoch].add(event.n)
        self._connection.executemany(
            "DELETE FROM documents WHERE db = ? AND id = ?", [(db, each.id) for each in fresh]
        )
        # A purged document leaves no row, but moves the sequence.
        rows = [(self._next_seq(), db, each.id, each.rev, int(each.deleted)) for each in fresh]
        self._connection.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?)", [row for row in rows if row[3]]
        )
        for (writer, epoch), numbers in arrived.items():
            self._extend_run(db, writer, epoch, numbers)

    def _extend_run(self, db: int, writer: str, epoch: str, numbers: set[int]) -> None:
        found = self._rows(
            "SELECT n, held FROM runs WHERE db = ? AND writer = ? AND epoch = ?", (db, writer, epoch)
        )
        n, held = found[0] if found else (0, 0)
        held += len(numbers)
        while n + 1 in numbers or (n < held and self._holds(db, event_id(writer, epoch, n + 1))):
            n += 1
        self._connection.execute(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)", (db, writer, epoch, n, held)
        )

    def _holds(self, db: int, id: str) -> bool:
        return bool(self._rows("SELECT 1 FROM documents WHERE db = ? AND id = ?", (db, id)))

    def runs(self, name: str) -> dict[tuple[str, str], int]:
        """For each (writer, epoch) with events in that database, its contiguous n."""
        with self._lock:
            entry = self._keys.get(name)
            found = self._rows("SELECT writer, epoch, n FROM runs WHERE db = ?", (entry[0],)) if entry else []
        return {(writer, epoch): n for writer, epoch, n in found}

    # -- the feed -------------------------------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """The number of the last thing heard."""
        return int(self._durable)

    def last(self, name: str) -> int:
        """The number of the last thing heard of one database since this process began."""
        return self._last.get(name, 0)

    def changes(self, since: int, limit: int) -> list[StoreChange]:
        """What was heard after `since`, oldest first."""
        with self._lock:
            found = self._rows(
                "SELECT d.seq, n.name, d.id, d.winner, d.deleted FROM documents AS d CROSS JOIN databases AS n USING (db)"
                " WHERE d.seq > ? ORDER BY d.seq LIMIT ?",
                (since, limit),
            )
        return [StoreChange(seq, db, id, winner, bool(deleted)) for seq, db, id, winner, deleted in found]

    def updates(self, since: int) -> list[DatabaseUpdate]:
        """The last thing that happened to each database after `since`, oldest first."""
        with self._lock:
            found = self._rows("SELECT seq, name, type FROM updates WHERE seq > ? ORDER BY seq", (since,))
        return [DatabaseUpdate(*row) for row in found]

    def wait(self, until: Callable[[], bool], timeout: float) -> bool:
        """True as soon as `until` says so, which is asked after everything heard; False in the end, or when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or until(), timeout)
            return until()

    def watch(self, told: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """`told` hears the names of databases that changed. Returns what ends it."""
        key = object()
        self._watchers[key] = told

        def end() -> None:
            self._watchers.pop(key, None)

        return end

    def _tell(self, name: str) -> None:
        with self._changed:
            self._changed.notify_all()
        for told in list(self._watchers.values()):
            told(frozenset((name,)))

    # -- names of _local documents --------------------------------------------------------------------------------

    def note_local(self, name: str, id: str, there: bool) -> None:
        """Remembers, or forgets, that this node wrote a `_local` document."""
        sql = (
            "INSERT OR IGNORE INTO locals VALUES (?, ?)"
            if there
            else "DELETE FROM locals WHERE name = ? AND id = ?"
        )
        with self._lock, self._transaction():
            self._connection.execute(sql, (name, id))

    def locals(self, name: str, prefix: str) -> list[str]:
        """The `_local` documents this node wrote there, whose name begins so, in order."""
        with self._lock:
            found = self._rows("SELECT id FROM locals WHERE name = ? ORDER BY id", (name,))
        return [id for (id,) in found if id.startswith(prefix)]

    # -- the file -------------------------------------------------------------------------------------------------

    def _note_update(self, name: str, what: str) -> None:
        self._last[name] = self._next_seq() if what != "updated" else self._seq
        self._connection.execute(
            "INSERT OR REPLACE INTO updates VALUES (?, ?, ?)", (name, self._last[name], what)
        )

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        before = getattr(self, "_seq", 0)
        if self._closed:
            raise StoreClosed(f"{self.path} has been closed.")
        with sqlite.translated(self.path):
            try:
                with self._connection:
                    yield
                    if before:
                        self._connection.execute(
                            "UPDATE facts SET value = ? WHERE name = 'seq'", (self._seq,)
                        )
                self._durable = self._seq if before else 0
            except BaseException:
                if before:
                    self._seq = before
                raise

    def _rows(self, sql: str, bindings: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        if self._closed:
            raise StoreClosed(f"{self.path} has been closed.")
        with sqlite.translated(self.path):
            return sqlite.rows(self._connection, sql, tuple(bindings))

    def _fact(self, name: str) -> Any:
        return sqlite.scalar(self._connection, "SELECT value FROM facts WHERE name = ?", (name,))
