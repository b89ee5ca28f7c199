"""Working days: which days they are, the n-th one after a day, how many lie between two days (domain.md §3,
rule 2–6).

    day         Fri 9 Feb   Sat 10   Sun 11*   Mon 12   Tue 13        * made up for the Spring Festival
    add(9, n)                          n=1       n=2      n=3
    count(9, ·)     0          0        1         2        3

The day counted from never counts, whatever the hour (Licensing Law art. 82 and product rule, domain.md §2.1).
Holds no clock and no rule about which event starts or stops one: that is lifecycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, Literal

from schemas.problems import N_, DomainError, Problem
from schemas.shipped import rows

DayKind = Literal["holiday", "makeup_workday"]
KINDS: Final[Mapping[object, DayKind]] = {"holiday": "holiday", "makeup_workday": "makeup_workday"}
ORDINARY: Final = "ordinary"
"""The kind of a published day that differed once and does not any more."""

HOLIDAYS: Final = {
    "New Year's Day": N_("元旦"), "Spring Festival": N_("春节"), "Tomb-sweeping Day": N_("清明节"), "Labour Day": N_("劳动节"),
    "Dragon Boat Festival": N_("端午节"), "Mid-autumn Festival": N_("中秋节"), "National Day": N_("国庆节"),
}  # fmt: skip


class CalendarGap(DomainError):
    """The answer needs a year whose holidays are not loaded; .year is the first such year."""

    def __init__(self, year: int) -> None:
        text = N_("{year}年的节假日安排尚未载入，无法推算办理期限")
        super().__init__(Problem("calendar_gap", text, {"year": year}))
        self.year = year


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive covered years, so that every question inside them is two list look-ups.

    first     ordinal of the first day
    upto      for each day of the run, how many working days there are from the first day through it
    workdays  the working days in order
    """

    first: int
    last_year: int
    upto: list[int]
    workdays: list[date]


class Calendar:
    """Working days of some covered years: Monday to Friday, less holidays, plus made-up days.

    days   (date, kind) for every day that differs from Monday–Friday
    years  the years for which `days` is complete; by default every year that occurs in `days`
    names  of the holidays that days belong to, as far as they are known
    """

    def __init__(
        self,
        days: Iterable[tuple[date, DayKind]],
        years: Iterable[int] | None = None,
        names: Mapping[date, str] | None = None,
    ) -> None:
        kinds = self._kinds = dict(days)
        self._names = dict(names or {})
        covered = sorted({day.year for day in kinds} if years is None else set(years))
        self._runs: dict[int, _Run] = {}
        start = 0
        for i, year in enumerate(covered):
            if i + 1 == len(covered) or covered[i + 1] != year + 1:
                stretch = covered[start : i + 1]
                self._runs.update(dict.fromkeys(stretch, _run(stretch[0], stretch[-1], kinds)))
                start = i + 1

    def with_days(self, docs: Iterable[Mapping[str, Any]]) -> Calendar:
        """This calendar with what the hub has published since: `day:` documents (domain.md §4).

            {"_id": "day:2027-02-11", "type": "calendar_day", "kind": "makeup_workday", "year_complete": true, …}

        A published day goes before a shipped one: `makeup_workday` is worked, `holiday` is not, whatever the
        day of the week; `ordinary` is what it would be without a notice. A year is covered once one of its days says year_complete. What cannot be read is
        passed over: it was checked when it was published, and a station must count on. Order does not matter;
        two texts under one id cannot be in one store.
        """
        kinds, covered, names = dict(self._kinds), set(self._runs), dict(self._names)
        for doc in docs:
            day, kind = _published(doc.get("_id")), doc.get("kind")
            if (
                day is None
                or doc.get("type") != "calendar_day"
                or not isinstance(kind, str)
                or kind not in (*KINDS, ORDINARY)
            ):
                continue
            if kind == ORDINARY:
                kinds.pop(day, None)
            else:
                kinds[day] = KINDS[kind]
            names[day] = doc["name"] if isinstance(doc.get("name"), str) else ""
            if doc.get("year_complete") is True:
                covered.add(day.year)
        return Calendar(kinds.items(), covered, names)

    def covers(self, year: int) -> bool:
        """Whether the holidays of this year are known."""
        return year in self._runs

    def years(self) -> list[int]:
        """Those whose holidays are known, the first first."""
        return sorted(self._runs)

    def special_days(self, year: int) -> list[tuple[date, DayKind, str]]:
        """(day, kind, name of the holiday) of every day of a year that differs from Monday–Friday, the first first."""
        found = sorted((day, kind) for day, kind in self._kinds.items() if day.year == year)
        return [(day, kind, self._names.get(day, "")) for day, kind in found]

    def special(self, day: date) -> tuple[DayKind | Literal[""], str]:
        """(kind, name of the holiday) of a day that differs from Monday–Friday; ("", "") of a usual one."""
        kind = self._kinds.get(day)
        return (kind, self._names.get(day, "")) if kind else ("", "")

    def is_workday(self, day: date) -> bool:
        """Whether `day` is a working day. Raises CalendarGap."""
        run = self._run(day)
        i = day.toordinal() - run.first
        return run.upto[i] > (run.upto[i - 1] if i else 0)

    def add(self, day: date, n: int) -> date:
        """The n-th working day after `day`, n ≥ 1; `day` itself never counts.

        Raises CalendarGap if `day` or the answer lies outside the covered years, ValueError for n < 1.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1: {n}")
        run = self._run(day)
        k = run.upto[day.toordinal() - run.first] + n - 1
        if k < len(run.workdays):
            return run.workdays[k]
        raise CalendarGap(run.last_year + 1)

    def count(self, after: date, through: date) -> int:
        """How many working days d lie in after < d ≤ through; 0 if through ≤ after. Raises CalendarGap."""
        run = self._run(after)
        end = self._run(through)
        if through <= after:
            return 0
        if end is not run:
            raise CalendarGap(run.last_year + 1)
        return run.upto[through.toordinal() - run.first] - run.upto[after.toordinal() - run.first]

    def _run(self, day: date) -> _Run:
        run = self._runs.get(day.year)
        if run is None:
            raise CalendarGap(day.year)
        return run


def _run(first_year: int, last_year: int, kinds: dict[date, DayKind]) -> _Run:
    day = date(first_year, 1, 1)
    upto: list[int] = []
    workdays: list[date] = []
    first = day.toordinal()
    while day.year <= last_year:
        kind = kinds.get(day)
        if kind == "makeup_workday" or (kind is None and day.weekday() < 5):
            workdays.append(day)
        upto.append(len(workdays))
        day += timedelta(days=1)
    return _Run(first, last_year, upto, workdays)


@cache
def calendar() -> Calendar:
    """The shipped calendar, 2017–2026, from the State Council's notices."""
    names = {
        date.fromisoformat(row["date"]): HOLIDAYS.get(row["name"], row["name"]) for row in rows("calendar")
    }
    days = ((date.fromisoformat(row["date"]), KINDS[row["kind"]]) for row in rows("calendar"))
    return Calendar(days, names=names)


def _published(name: object) -> date | None:
    """The day a `day:` document is about; None for anything else."""
    if not isinstance(name, str) or not name.startswith("day:"):
        return None
    try:
        day = date.fromisoformat(name.removeprefix("day:"))
    except ValueError:
        return None
    return day if name == f"day:{day}" else None
