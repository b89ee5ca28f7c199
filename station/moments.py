"""Moments (as-of): marks in a store's feed of changes, by which the register can still say what it knew at each: a table of the register.

    here/heard:<random>   {"at", "subjects": of how many cases, errands and records the register knew before it}

    feed:  e1 e2 ─ heard 1 ─ e3 e4 e5 ─ heard 2 ─ e6        known at moment 2: e1 … e5, whenever they happened

What a document says is nowhere said to have arrived when; its place in the feed says it. Where the feed was made anew in another order (a
CouchDB web node without its journal), `subjects` tells, and such a mark counts for nothing. A station makes no marks.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import apsw

from station.databases import HERE
from station.moment import read
from sync.serving import StoreChange

HEARD: Final = "heard:"
SCHEMA: Final = """
CREATE TABLE moments (n INTEGER PRIMARY KEY, id TEXT NOT NULL, at TEXT NOT NULL, seq INTEGER NOT NULL, sound INTEGER NOT NULL);
"""


class Known(NamedTuple):
    """A moment of which it is still known what was known then. n: its number, from 1; id: of its mark, the same at every web node;
    seq: its place in the feed here."""

    n: int
    id: str
    at: datetime
    seq: int


class Moments:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def passed(self, seq: int, mark: Mapping[str, Any]) -> int:
        """A mark was met in the feed; the number of its moment."""
        row = (mark["_id"], mark["at"], seq, mark.get("subjects") == self.subjects())
        self._connection.execute("INSERT INTO moments (id, at, seq, sound) VALUES (?, ?, ?, ?)", row)
        return self._connection.last_insert_rowid()

    def passed_by(self) -> int:
        """How many moments have passed."""
        return self._number("SELECT ifnull(max(n), 0) FROM moments")

    def newest(self, limit: int) -> list[Known]:
        """The newest first."""
        return self._select("ORDER BY n DESC LIMIT ?", limit)

    def of(self, id: str) -> Known | None:
        """That of a mark."""
        return next(iter(self._select("AND id = ?", id)), None)

    def first(self, since: str) -> Known | None:
        """The oldest that was not before a stamp; of one second the last."""
        return next(iter(self._select("AND at >= ? ORDER BY at, n DESC LIMIT 1", since)), None)

    def last(self, until: str) -> Known | None:
        """The newest that was not after a stamp."""
        return next(iter(self._select("AND at <= ? ORDER BY at DESC, n DESC LIMIT 1", until)), None)

    def subjects(self) -> int:
        """Of how many cases, errands and records anything is known."""
        return self._number("SELECT ifnull(max(subject), 0) FROM subjects")

    def _number(self, sql: str) -> int:
        with self._lock:
            return int(str(self._connection.execute(sql).fetchall()[0][0]))

    def _select(self, rest: str, value: object) -> list[Known]:
        sql = f"SELECT n, id, at, seq FROM moments WHERE sound {rest}"  # noqa: S608 - our own words
        with self._lock:
            rows = self._connection.execute(sql, (value,)).fetchall()
        return [Known(int(str(n)), str(id), read(str(at)), int(str(seq))) for n, id, at, seq in rows]


def parted(changes: Sequence[StoreChange]) -> Iterator[tuple[Sequence[StoreChange], StoreChange | None]]:
    """Changes up to each mark, with it; None after those behind the last."""
    start = 0
    for n, change in enumerate(changes):
        if change.db == HERE and change.id.startswith(HEARD):
            yield changes[start:n], change
            start = n + 1
    yield changes[start:], None
