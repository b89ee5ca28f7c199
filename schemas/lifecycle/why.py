"""Why something is due on that day: each clock of a case with the days it counts and the days it does not (domain.md §3).

    since 2月9日 ─> 2月11日 第1天 (made up) ─> 2月12日 第2天 ─> … 2月15日 Spring Festival, not counted ─> 2月22日 due

Tells what clocks set; sets nothing itself, and reads no clock on the wall.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from schemas.lifecycle import limits
from schemas.lifecycle.clocks import ACCEPTANCE_DAYS, DELIVERY_DAYS
from schemas.lifecycle.state import CaseState
from schemas.problems import N_
from schemas.workdays import Calendar, CalendarGap

CLOCKS: Final = {
    "pre_review": N_("预审期限"),
    "acceptance": N_("受理期限"),
    "promise": N_("承诺期限"),
    "legal": N_("法定期限"),
    "delivery": N_("送达期限"),
}
LONGEST: Final = 60
"""Days of a clock that are told one by one; of a longer one only those that do not count."""


class Day(NamedTuple):
    """A day after the first. n: the how many-th working day it is, 0 where it does not count; why: "" for a usual working day,
    "weekend", "suspended", or the kind of a day that differs (workdays.KINDS); name: of the holiday, "" if unknown."""

    day: date
    n: int
    why: str
    name: str


class Clock(NamedTuple):
    """name: of CLOCKS; since: the day it counts from, which does not count itself; days: its working days; extended, suspended:
    working days by which due moved."""

    name: str
    since: date
    days: int
    extended: int
    suspended: int
    due: date
    course: tuple[Day, ...]

    @property
    def told(self) -> tuple[Day, ...]:
        """The days worth telling."""
        if len(self.course) <= LONGEST:
            return self.course
        return tuple(each for each in self.course if each.why not in ("", "weekend"))


def clocks(state: CaseState, calendar: Calendar) -> list[Clock]:
    """The clocks of a case that have a due date, the one that runs now first; [] where the calendar does not reach."""
    item = state.item or {}
    extended, suspended = state.extended_days, state.suspended_days
    promised = 0 if item.get("instant") else item.get("promised_days", 0)
    every: tuple[tuple[str, date | None, int, int, int, date | None], ...] = (
        ("pre_review", _day(state.submitted_at), limits.PRE_REVIEW, 0, 0, state.pre_review_due),
        ("acceptance", _day(state.acceptance_from), ACCEPTANCE_DAYS, 0, 0, state.acceptance_due),
        ("promise", state.clock_from, promised, extended, suspended, state.promise_due),
        ("legal", state.clock_from, item.get("legal_days", 0), extended, suspended, state.legal_due),
        ("delivery", _day(state.decided_at), DELIVERY_DAYS, 0, 0, state.delivery_due),
    )
    found = []
    for name, since, days, more, stood, due in every:
        if since is not None and due is not None:
            try:
                course = _course(state, since, due, calendar, stood > 0)
            except CalendarGap:
                continue
            found.append(Clock(name, since, days, more, stood, due, course))
    return sorted(found, key=lambda each: each.due != state.due)


def _course(state: CaseState, since: date, due: date, calendar: Calendar, stands: bool) -> tuple[Day, ...]:
    course, n, day = [], 0, since
    while day < due:
        day += timedelta(days=1)
        kind, name = calendar.special(day)
        still = stands and any(first < day <= last for first, last in state.suspensions if last is not None)
        if not calendar.is_workday(day):
            course.append(Day(day, 0, kind or "weekend", name))
        elif still:
            course.append(Day(day, 0, "suspended", ""))
        else:
            n += 1
            course.append(Day(day, n, kind, name))
    return tuple(course)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
