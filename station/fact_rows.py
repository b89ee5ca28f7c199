"""What statistics need of each case, and what it adds up to by day: tables of the register.

    facts      one row a case that was opened (schemas.statistics.CaseFacts), for lists and for what is asked of a part of the city
    facts_past what such a row said before, for whoever asks as of an earlier moment (station.moments)
    added      sums by day, district, department, zone, level and legal days of items: a city's year of a million cases is a tenth as many rows

A figure of a page is a sum of a few of these; none is computed by looking at all cases. What is added up, and what becomes of it, is
schemas.statistics.sums'.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import apsw

from schemas.feedback import BAD_LEVEL
from schemas.lifecycle import CaseState
from schemas.statistics import CaseFacts, Period, facts
from schemas.statistics.sums import ACCEPTED, CONCLUDED, Sums, marks
from schemas.workdays import Calendar
from station.event_rows import SUBJECT

_ADDED: Final = (*CONCLUDED, *ACCEPTED)
_MARKS: Final = tuple(name for name in _ADDED if name not in ("done", "used", "taken"))
SCHEMA: Final = f"""
CREATE TABLE facts (
    subject INTEGER PRIMARY KEY, origin TEXT NOT NULL, district TEXT NOT NULL, department TEXT NOT NULL, zone TEXT NOT NULL,
    level TEXT NOT NULL, legal INTEGER NOT NULL, used INTEGER, accepted_on TEXT, concluded_on TEXT,
    late_on TEXT,                    -- from when on it is overdue
    {", ".join(f"{name} INTEGER NOT NULL" for name in _MARKS)},
    since INTEGER NOT NULL);         -- after which moment it was written, 0 before the first
CREATE TABLE facts_past AS SELECT *, 0 AS until FROM facts;    -- until: after which moment it was written over; seen as of those between
CREATE INDEX facts_past_until ON facts_past (until);
CREATE INDEX facts_concluded ON facts (concluded_on, district) WHERE concluded_on IS NOT NULL;
CREATE INDEX facts_accepted ON facts (accepted_on, district) WHERE accepted_on IS NOT NULL;
CREATE INDEX facts_department ON facts (department, concluded_on);
CREATE INDEX facts_origin ON facts (origin, concluded_on);
CREATE INDEX facts_late ON facts (late_on, accepted_on) WHERE late_on IS NOT NULL;
CREATE TABLE added (
    day TEXT NOT NULL, district TEXT NOT NULL, department TEXT NOT NULL, zone TEXT NOT NULL, level TEXT NOT NULL, legal INTEGER NOT NULL,
    {", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in _ADDED)}, PRIMARY KEY (day, district, department, zone, level, legal)) WITHOUT ROWID;
"""  # noqa: S608 - our own words
LONGEST_HOLIDAYS: Final = 15
_DIMENSIONS: Final = ("district", "department", "zone", "level", "legal")

_PLAIN: Final = (
    "origin",
    "district",
    "department",
    "zone",
    "level",
    "legal",
    "used",
    "accepted_on",
    "concluded_on",
    "late_on",
)
COLUMNS: Final = (*_PLAIN, *_MARKS)


@dataclass(frozen=True)
class Part:
    """A part of the city: "" for all of it. origin: the first digits of stations' codes, nine for a township with its villages."""

    district: str = ""
    level: str = ""
    department: str = ""
    zone: str = ""
    origin: str = ""

    def where(self) -> tuple[str, list[str]]:
        """(where, args) for its rows."""
        found, args = "1", list[str]()
        for name in ("district", "level", "department", "zone"):
            if value := getattr(self, name):
                found, args = f"{found} AND {name} = ?", [*args, value]
        if self.origin:
            found, args = f"{found} AND origin >= ? AND origin < ?", [*args, self.origin, self.origin + "~"]
        return found, args


class Facts:
    """What is known of cases, now or at an earlier moment. Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection, lock: threading.RLock, moment: int | None = None) -> None:
        """moment: the number of the moment whose knowledge is asked for; None for what is known now."""
        self._connection = connection
        self._lock = lock
        self._now = moment is None
        # Who was written over after the moment, said until then what it says.
        columns = f"subject, {', '.join(COLUMNS)}"
        self.source = (
            "facts"
            if moment is None
            else (
                f"(SELECT {columns} FROM facts WHERE since < {moment:d} UNION ALL"  # noqa: S608 - our own words
                f" SELECT {columns} FROM facts_past WHERE since < {moment:d} AND until >= {moment:d})"
            )
        )
        """The rows, for FROM."""

    def months(self, year: int, part: Part) -> list[Sums]:
        """Of the cases concluded within each of its twelve months, and of those accepted within it."""
        found = self._by_month(f"{year}-01-01", f"{year}-12-31", part)
        return [found.get(f"{year}-{month:02}", Sums()) for month in range(1, 13)]

    def sums(self, period: Period, part: Part) -> Sums:
        """Likewise of any days."""
        return sum(self._by_month(str(period.first), str(period.last), part).values(), Sums())

    def _by_month(self, first: str, last: str, part: Part) -> dict[str, Sums]:
        found: dict[str, Sums] = {}
        where, args = part.where()
        asked: list[tuple[str, str, tuple[str, ...], str]] = [("added", "day", _ADDED, "")]
        if part.origin or not self._now:
            # Of one township there are few: all of them are looked at, by its index (hence the +).
            by = "+" if part.origin else ""
            asked = [
                (self.source, f"{by}concluded_on", CONCLUDED, "done"),
                (self.source, f"{by}accepted_on", ACCEPTED, "taken"),
            ]
        with self._lock:
            for table, day, names, count in asked:
                wanted = ", ".join("count(*)" if name == count else f"sum({name})" for name in names)
                sql = f"SELECT substr({day}, 1, 7), legal, {wanted} FROM {table} WHERE {day} BETWEEN ? AND ? AND {where} GROUP BY 1, 2"  # noqa: S608 - our own words
                for month, legal, *values in self._connection.execute(sql, (first, last, *args)):
                    read = dict(zip(names, (int(value or 0) for value in values), strict=True))
                    timed = read.get("timed", 0)
                    more = Sums(read, {int(legal): (timed, read["used"])} if timed else {})
                    found[str(month)] = found.get(str(month), Sums()) + more
        return found

    @staticmethod
    def overdue(period: Period, part: Part, today: date) -> tuple[str, list[str]]:
        """(where, args) of the cases that are overdue by `today` and were in hand within the period (schemas.statistics.cases)."""
        where, args = part.where()
        sql = f"late_on <= ? AND accepted_on <= ? AND (concluded_on IS NULL OR concluded_on >= ?) AND {where}"
        return sql, [str(today), str(period.last), str(period.first), *args]

    def count(self, where: str, args: Sequence[str]) -> int:
        row = self._one(f"SELECT count(*) FROM {self.source} WHERE {where}", args)  # noqa: S608 - our own words
        assert row is not None
        return int(row[0])

    def unknown_to(self, other: Facts, where: str, args: Sequence[str], limit: int) -> list[str]:
        """The numbers of those of these cases that are not among the same ones of another moment."""
        sql = (
            f"SELECT number FROM (SELECT subject FROM {self.source} WHERE {where}"  # noqa: S608 - our own words
            f" EXCEPT SELECT subject FROM {other.source} WHERE {where} LIMIT ?) JOIN subjects USING (subject) ORDER BY number"
        )
        with self._lock:
            return [str(number) for (number,) in self._connection.execute(sql, (*args, *args, limit))]

    def cases(self, where: str, args: Sequence[str], day: str, limit: int, offset: int = 0) -> list[str]:
        """The numbers of these cases by `day`, a column: in the order of its index, so that nothing is sorted."""
        order = f"{day}, district, subject"
        sql = (
            f"SELECT number FROM (SELECT subject, {day}, district FROM {self.source} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?)"  # noqa: S608 - our own words
            f" JOIN subjects USING (subject) ORDER BY {order}"
        )
        with self._lock:
            return [str(number) for (number,) in self._connection.execute(sql, (*args, limit, offset))]

    def _one(self, sql: str, args: Sequence[Any]) -> tuple[Any, ...] | None:
        with self._lock:
            return next(iter(self._connection.execute(sql, args)), None)


class FactRows(Facts):
    """Those of a register, and how they come there."""

    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        super().__init__(connection, lock)
        self.moment = 0
        """The number of the last moment that has passed."""

    def note(self, case_no: str, state: CaseState, calendar: Calendar, level: int | None = None) -> None:
        """What a folded case is now. level: how it was rated, if it was."""
        self.put(case_no, _row(state, calendar, level))

    def rate(self, levels: Mapping[str, int | None]) -> None:
        """How cases are rated, by words that are not their own; nothing for a case that is not known yet."""
        for case_no, level in levels.items():
            sql = f"SELECT {', '.join(COLUMNS)} FROM facts WHERE subject = {SUBJECT}"  # noqa: S608 - our own words
            kept = self._one(sql, (case_no,))
            if kept is not None:
                content = level is not None and level < BAD_LEVEL
                said = {"rated": int(level is not None), "content": int(content)}
                self.put(case_no, tuple({**dict(zip(COLUMNS, kept, strict=True)), **said}.values()))

    def put(self, case_no: str, found: tuple[Any, ...] | None) -> None:
        """The row of a case, in the order of COLUMNS; None for none. What it was before is taken off the sums."""
        columns = ", ".join(COLUMNS)
        kept = self._one(f"SELECT {columns}, since FROM facts WHERE subject = {SUBJECT}", (case_no,))  # noqa: S608 - our own words
        before, since = (kept[:-1], kept[-1]) if kept else (None, self.moment)
        if before == found:
            return
        if before is not None:
            self._add(dict(zip(COLUMNS, before, strict=True)), -1)
        if since < self.moment:
            sql = f"INSERT INTO facts_past SELECT *, ? FROM facts WHERE subject = {SUBJECT}"  # noqa: S608 - our own words
            self._connection.execute(sql, (self.moment, case_no))
        if found is None:
            self._connection.execute(f"DELETE FROM facts WHERE subject = {SUBJECT}", (case_no,))  # noqa: S608 - our own words
            return
        self._connection.execute(
            f"INSERT OR REPLACE INTO facts (subject, {columns}, since) VALUES ({SUBJECT}{', ?' * len(COLUMNS)}, ?)",  # noqa: S608 - our own words
            (case_no, *found, self.moment),
        )
        self._add(dict(zip(COLUMNS, found, strict=True)), 1)

    def forget(self, case_no: str) -> None:
        """Nothing is known of this case any more."""
        self.put(case_no, None)

    def as_of(self, moment: int) -> Facts:
        """What was known when that moment passed."""
        return Facts(self._connection, self._lock, moment)

    def _add(self, row: Mapping[str, Any], times: int) -> None:
        for day, names, count in (
            (row["concluded_on"], CONCLUDED, "done"),
            (row["accepted_on"], ACCEPTED, "taken"),
        ):
            if day is None:
                continue
            added = [times * (1 if name == count else row[name] or 0) for name in names]
            self._connection.execute(
                f"INSERT INTO added (day, {', '.join(_DIMENSIONS)}, {', '.join(names)}) VALUES (?,?,?,?,?,?{',?' * len(names)})"  # noqa: S608 - our own words
                f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in names)}",
                (day, *(row[name] for name in _DIMENSIONS), *added),
            )


def _row(state: CaseState, calendar: Calendar, level: int | None) -> tuple[Any, ...] | None:
    """In the order of COLUMNS; None if no valid case was opened."""
    if state.item is None:
        return None
    at = _far(state)
    found = facts(state, at, calendar)
    if found is None:
        return None
    done, taken = marks(found, level)
    added = {**done, **taken}
    plain = (
        state.origin_station, found.district, found.department, found.zone, found.item_level, found.legal_days,
        found.used_days if found.concluded_on else None, _text(found.accepted_on), _text(found.concluded_on),
        _text(_late_on(state, found, calendar)),
    )  # fmt: skip
    return (*plain, *(added[name] for name in _MARKS))


def _far(state: CaseState) -> date:
    """A day by which all that happened has happened."""
    days = [
        at.date()
        for at in (state.received_at, state.accepted_at, state.decided_at, state.concluded_at, state.ended_at)
        if at
    ]
    return max(days, default=date.min)


def _late_on(state: CaseState, found: CaseFacts, calendar: Calendar) -> date | None:
    """From which day on the case is overdue: the day of its acceptance where its clock stands still by now, and it was late before."""
    if found.overdue:
        return found.accepted_on
    if state.promise_due is None or state.ended_at is not None or state.final:
        return None
    # The next working day: no holidays last longer.
    for n in range(1, LONGEST_HOLIDAYS):
        late = state.promise_due + timedelta(days=n)
        if (after := facts(state, late, calendar)) is not None and after.overdue:
            return late
    return None


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
