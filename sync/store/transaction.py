"""What may be done between BEGIN and COMMIT, and what is noted meanwhile. Begins and ends none itself: that is `store.py`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

from sync.store import connection as sqlite


class Transaction:
    """What may be done between BEGIN and COMMIT. Reads through `connection` see what was written so far."""

    def __init__(self, connection: apsw.Connection, seq: int, now: float) -> None:
        self.connection = connection
        self.now = now
        self.seq = seq
        self.touched: dict[int, int] = {}
        self.afterwards: list[Callable[[], None]] = []
        self.undoing: list[Callable[[], None]] = []
        self.gathers = False
        """Whether it holds several threads' work, and may be nested."""
        self.thread = threading.get_ident()
        self._counts: dict[int, tuple[int, int]] = {}

    def next_seq(self, db: int, count: int = 1) -> int:
        """The next sequence of the store, given to database `db`; with `count` the first of so many."""
        self.seq += count
        self.touched[db] = self.seq
        return self.seq - count + 1

    def note_database(self, name: str, what: str) -> None:
        """Gives the making or deletion of a database its place in the feed of databases."""
        self.connection.execute(
            "INSERT OR REPLACE INTO updates VALUES (?, ?, ?, ?)",
            (name, self.counter("updates"), self.seq, what),
        )

    def count(self, db: int, documents: int, deletions: int) -> None:
        """Notes by how much database `db` grew."""
        living, dead = self._counts.get(db, (0, 0))
        self._counts[db] = living + documents, dead + deletions

    def counter(self, name: str, step: int = 1) -> int:
        """The named counter, `step` further."""
        value = sqlite.scalar(
            self.connection,
            "INSERT INTO counters VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = value + ?2 RETURNING value",
            (name, step),
        )
        return int(value)

    @contextmanager
    def inner(self) -> Iterator[Transaction]:
        """What the block does is undone, and nothing else, if it raises."""
        counts, after, undoing = self._counts.copy(), len(self.afterwards), len(self.undoing)
        self.connection.execute("SAVEPOINT part")
        try:
            yield self
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO part")
                self.connection.execute("RELEASE part")
            self._counts = counts
            del self.afterwards[after:]
            self.undo(undoing)
            raise
        self.connection.execute("RELEASE part")

    def undo(self, since: int = 0) -> None:
        """Takes back, the last first, what was noted in memory."""
        while len(self.undoing) > since:
            self.undoing.pop()()

    def settle(self) -> None:
        """Writes what was only counted along the way."""
        if self.touched:
            self.connection.execute("INSERT OR REPLACE INTO counters VALUES ('seq', ?)", (self.seq,))
        self.connection.executemany(
            "UPDATE databases SET doc_count = doc_count + ?, del_count = del_count + ? WHERE db = ?",
            [(living, dead, db) for db, (living, dead) in self._counts.items()],
        )
