"""Which documents a case, an errand or a logged record is made of: tables of the register. Bodies stay in the store.

    subjects   the number of each, once; every other table of the register that has millions of rows says the short key
    events     by whom (`runs`, station.proofs) and as which number of theirs: an event's id, and the database it is in

At a city's hub there are seven million: each is three small integers here, twice. Knows nothing of what events mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import apsw

from station.databases import of_case
from sync.event_ids import EventId
from sync.seals import Run

SCHEMA: Final = """
CREATE TABLE subjects (subject INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE);
CREATE TABLE events (
    run INTEGER NOT NULL, n INTEGER NOT NULL, subject INTEGER NOT NULL,
    PRIMARY KEY (run, n)) WITHOUT ROWID;                               -- what waits for a receipt is found by it
CREATE INDEX events_of ON events (subject);
"""
SUBJECT: Final = "(SELECT subject FROM subjects WHERE number = ?)"
ID: Final = "'ev:' || writer || ':' || epoch || ':' || events.n"  # sync.event_ids
_RUN: Final = "(SELECT run FROM runs WHERE writer = ? AND epoch = ? AND db = ?)"

# Events of this station or one below it that count and that no receipt covers yet. One range of each run: with an OR in it, a city's seven
# million would be looked at for every page.
WAITING: Final = """FROM runs CROSS JOIN events USING (run) JOIN subjects USING (subject)
    WHERE runs.writer <> ? AND events.n > runs.confirmed AND events.n <= iif(mine, 9e15, runs.n)"""


class EventRows:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def note(self, db: str, events: Iterable[tuple[EventId, str]]) -> None:
        """(whose and which number, what it is about) of events of a database; their runs are known (`Proofs.note`)."""
        events = list(events)
        self._connection.executemany(
            "INSERT OR IGNORE INTO subjects (number) VALUES (?)", [(about,) for about in {each[1] for each in events}]
        )  # fmt: skip
        self._connection.executemany(
            f"INSERT OR REPLACE INTO events VALUES ({_RUN}, ?, {SUBJECT})",  # noqa: S608 - our own words
            [(number.writer, number.epoch, db, number.n, about) for number, about in events],
        )

    def ids(self, about: str, *, counting: bool = True) -> list[str]:
        """The ids of its events in the database it belongs to; `counting`: of those that are proven or this server's own."""
        proven = "AND (mine OR events.n <= runs.n)" if counting else ""
        sql = f"SELECT {ID} FROM events JOIN runs USING (run) WHERE subject = {SUBJECT} AND db = ? {proven}"  # noqa: S608 - our own words
        return [str(row[0]) for row in self._connection.execute(sql, (about, of_case(about)))]

    def about(self, db: str, run: Run, after: int, until: int | None = None) -> set[str]:
        """What the events after a number, up to another, of a run are about."""
        sql = f"SELECT DISTINCT number FROM events JOIN subjects USING (subject) WHERE run = {_RUN} AND n > ? AND n <= ?"  # noqa: S608 - our own words
        most = 2**62 if until is None else until
        return {str(row[0]) for row in self._connection.execute(sql, (*run, db, after, most))}

    def forget(self, db: str, run: Run, after: int) -> None:
        """The events of a run beyond `after` are not there any more."""
        self._connection.execute(f"DELETE FROM events WHERE run = {_RUN} AND n > ?", (*run, db, after))  # noqa: S608 - our own words

    def gone(self, about: str) -> None:
        """None of its events is there any more, in the database it belongs to."""
        self._connection.execute(
            f"DELETE FROM events WHERE subject = {SUBJECT} AND run IN (SELECT run FROM runs WHERE db = ?)",  # noqa: S608 - our own words
            (about, of_case(about)),
        )

    # -- what waits ----------------------------------------------------------------------------------------------

    def waiting(self, but: str) -> dict[str, int]:
        """{what: how many of its events} count and have no receipt yet; not those that `but` wrote."""
        rows: Iterable[Any] = self._connection.execute(
            f"SELECT number, count(*) {WAITING} GROUP BY 1", (but,)
        )
        return {number: count for number, count in rows}  # noqa: C416

    def waiting_ids(self, but: str) -> dict[str, list[str]]:
        """The ids of those by database, of each writer the oldest first."""
        sql = f"SELECT db, {ID} {WAITING} ORDER BY writer, epoch, db, events.n"
        found: dict[str, list[str]] = {}
        rows: Iterable[Any] = self._connection.execute(sql, (but,))
        for db, id in rows:
            found.setdefault(db, []).append(id)
        return found
