"""Which papers have been given a number, by which station, when: tables of the register. What papers are: schemas.papers.

Knows every event that names a number, also one that did not count in the end: its paper may have been printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import apsw

from schemas.document_numbers import parse_document_no
from schemas.problems import DomainError
from station.databases import subject_of
from station.event_rows import SUBJECT

SCHEMA: Final = """
CREATE TABLE series (                -- what a station's papers of a kind count on in a year
    series INTEGER PRIMARY KEY, station TEXT NOT NULL, word TEXT NOT NULL, year INTEGER NOT NULL, UNIQUE (station, word, year));
CREATE TABLE issued (                -- a number on a paper; day: 20180209
    series INTEGER NOT NULL, serial INTEGER NOT NULL, subject INTEGER NOT NULL, day INTEGER NOT NULL,
    PRIMARY KEY (series, serial, subject)) WITHOUT ROWID;
CREATE INDEX issued_on ON issued (series, day, subject);                      -- the papers of a day
"""


class Issued:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def note(self, events: Iterable[Mapping[str, Any]]) -> None:
        """The numbers that these events name. One that is no number, or not its writer's, is none."""
        rows = []
        for event in events:
            data, at, case_no = event.get("data"), event.get("at"), subject_of(event)
            number = data.get("document_no") if isinstance(data, Mapping) else event.get("number")
            at = event.get("issued_at") if at is None else at
            if isinstance(number, str) and isinstance(at, str) and isinstance(case_no, str):
                try:
                    read = parse_document_no(number)
                except DomainError:
                    continue
                if read.station == event.get("station"):
                    rows.append((read.station, read.word, read.year, read.serial, case_no, _day(at)))
        self._connection.executemany(
            "INSERT OR IGNORE INTO series VALUES (NULL,?,?,?)", {row[:3] for row in rows}
        )
        series = "(SELECT series FROM series WHERE station = ? AND word = ? AND year = ?)"
        self._connection.executemany(f"INSERT OR IGNORE INTO issued VALUES ({series},?,{SUBJECT},?)", rows)  # noqa: S608 - our own words

    def last(self, station: str, word: str, year: int) -> int:
        """The largest serial, 0 for none."""
        sql = "SELECT coalesce(max(serial), 0) FROM issued JOIN series USING (series) WHERE station = ? AND word = ? AND year = ?"
        return int(str(self._connection.execute(sql, (station, word, year)).fetchall()[0][0]))

    def of_day(self, station: str, day: str, limit: int, after: str) -> list[str]:
        """The cases in which that station made papers on a day, by their numbers, from the one after `after` on."""
        # A letter begins the numbers of what is no case (station.databases).
        sql = (
            "SELECT DISTINCT number FROM issued JOIN subjects USING (subject) WHERE day = ?"
            " AND series IN (SELECT series FROM series WHERE station = ?) AND number > ? AND number < 'A'"
            " ORDER BY number LIMIT ?"
        )
        return [str(row[0]) for row in self._connection.execute(sql, (_day(day), station, after, limit))]


def _day(at: str) -> int:
    """20180209 of a moment or a day; 0 of what is none."""
    digits = at[:10].replace("-", "")
    return int(digits) if len(digits) == 8 and digits.isascii() and digits.isdigit() else 0
