"""Which cases are archived here, and which may be: a table of the register. What archiving is, and does: station.archive.

here/archived:<case_no>   {"case", "item", "at"}      what stays of a case; also after a rebuild
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import apsw

from schemas import tables
from station.event_rows import EventRows
from station.found_by import FoundBy

ARCHIVED: Final = "archived:"
COLUMNS: Final = ("case_no", "item_name", "at")

SCHEMA: Final = """
CREATE TABLE archived (              -- cases whose records were given up here; the hub has them
    case_no TEXT PRIMARY KEY, item_name TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
"""

# An event that the hub has neither confirmed nor, being its own, sealed.
_UNSURE: Final = """SELECT 1 FROM events JOIN runs USING (run) WHERE events.subject = c.subject
    AND events.n > CASE WHEN writer = ?1 THEN runs.n ELSE runs.confirmed END"""
_DUE: Final = f"""
    SELECT case_no FROM cases AS c
        WHERE state = 'delivered' AND last_at < ?2 AND set_aside = 0 AND NOT EXISTS ({_UNSURE})
        AND 'station-' || substr(case_no, 1, 12) NOT IN (SELECT db FROM disputes)
    UNION SELECT case_no FROM (SELECT case_no, subject FROM archived JOIN subjects ON number = case_no) AS c
        WHERE EXISTS (SELECT 1 FROM events WHERE events.subject = c.subject) AND NOT EXISTS ({_UNSURE})
    LIMIT ?3"""  # noqa: S608 - our own words


class Archived:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection, events: EventRows, found_by: FoundBy) -> None:
        self._execute = connection.execute
        self._events = events
        self._found_by = found_by

    def note(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """These documents say that their cases are archived."""
        rows = [(body["case"], body["item"], body["at"]) for body in bodies]
        for row in rows:
            self._execute("INSERT OR REPLACE INTO archived VALUES (?,?,?)", row)
            self._execute("DELETE FROM cases WHERE case_no = ?", row[:1])
        self._found_by.forget(row[0] for row in rows)

    def known(self, case_no: str) -> dict[str, str] | None:
        """What stayed of a case, or None if it is not archived."""
        rows = self._execute("SELECT * FROM archived WHERE case_no = ?", (case_no,)).fetchall()
        return dict(zip(COLUMNS, map(str, rows[0]), strict=True)) if rows else None

    def newest(self, limit: int) -> tuple[list[dict[str, str]], int]:
        """The newest, and how many there are."""
        rows = self._execute("SELECT * FROM archived ORDER BY at DESC, case_no LIMIT ?", (limit,)).fetchall()
        total = self._execute("SELECT count(*) FROM archived").fetchall()
        return [dict(zip(COLUMNS, map(str, row), strict=True)) for row in rows], int(str(total[0][0]))

    def due(self, delivered_before: str, limit: int) -> list[tuple[str, list[str]]]:
        """(case, ids of its events) of cases that were delivered before that moment, with nothing set aside or disputed, of
        which the hub has every event; and of archived ones to which more has come that it has."""
        found = [str(row[0]) for row in self._execute(_DUE, (tables.HUB, delivered_before, limit)).fetchall()]
        return [(each, self._events.ids(each, counting=False)) for each in found]
