"""Which papers have been given a number, by which station, when: a table of the register. What papers are: schemas.papers.

Knows every event that names a number, also one that did not count in the end: its paper may have been printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import apsw

from schemas.document_numbers import parse_document_no
from schemas.problems import DomainError
from station.databases import subject_of

SCHEMA: Final = """
CREATE TABLE issued (                -- a number on a paper: the serial of this station, word and year
    station TEXT NOT NULL, word TEXT NOT NULL, year INTEGER NOT NULL, serial INTEGER NOT NULL,
    case_no TEXT NOT NULL, day TEXT NOT NULL, PRIMARY KEY (station, word, year, serial, case_no)) WITHOUT ROWID;
CREATE INDEX issued_on ON issued (station, day, case_no);                     -- the papers of a day
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
                    rows.append((read.station, read.word, read.year, read.serial, case_no, at[:10]))
        self._connection.executemany("INSERT OR IGNORE INTO issued VALUES (?,?,?,?,?,?)", rows)

    def last(self, station: str, word: str, year: int) -> int:
        """The largest serial, 0 for none."""
        sql = "SELECT coalesce(max(serial), 0) FROM issued WHERE station = ? AND word = ? AND year = ?"
        return int(str(self._connection.execute(sql, (station, word, year)).fetchall()[0][0]))

    def of_day(self, station: str, day: str, limit: int, after: str) -> list[str]:
        """The cases in which that station made papers on a day, by their numbers, from the one after `after` on."""
        # A letter begins the numbers of what is no case (station.databases).
        sql = (
            "SELECT DISTINCT case_no FROM issued WHERE station = ? AND day = ? AND case_no > ? AND case_no < 'A'"
            " ORDER BY case_no LIMIT ?"
        )
        return [str(row[0]) for row in self._connection.execute(sql, (station, day, after, limit))]
