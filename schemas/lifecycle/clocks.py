"""Due dates and used days of a case from the moments its events fixed (domain.md §3, clock rules 3–11; Licensing Law
art. 32, 42–45).

    receive          accept                suspend     resume              grant          deliver
      |-- acceptance --|------- promise, legal ···|  stand still  |··· + those days ---|-- delivery --|
                       |-------- used days -------|               |--------------------|

Reads no clock: `today` is nowhere in it. Which event starts or stops what is effects'.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from schemas.lifecycle import limits
from schemas.lifecycle.state import CaseState, Document
from schemas.problems import Problem
from schemas.workdays import Calendar, CalendarGap

ACCEPTANCE_DAYS: Final = limits.ACCEPTANCE
"""Working days to accept, or to tell everything that is missing (art. 32(4))."""
DELIVERY_DAYS: Final = limits.DELIVERY
"""Working days to deliver a decision (art. 44)."""

Stretch = tuple[date, date]
"""The days after the first through the last."""


class Dues:
    """Due dates on a calendar. What lies beyond it is None, and `gaps` says which year is missing."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._gaps: dict[int, Problem] = {}

    @property
    def gaps(self) -> tuple[Problem, ...]:
        """One warning for each missing year."""
        return tuple(self._gaps.values())

    def after(self, day: date, n: int) -> date | None:
        """The n-th working day after `day`; the day itself for 0."""
        try:
            return self._calendar.add(day, n) if n else day
        except CalendarGap as gap:
            self._gaps[gap.year] = gap.problem
            return None

    def count(self, *stretches: Stretch) -> int | None:
        """The working days of these stretches together."""
        try:
            return sum(self._calendar.count(first, last) for first, last in stretches)
        except CalendarGap as gap:
            self._gaps[gap.year] = gap.problem
            return None


def set_dues(state: CaseState, calendar: Calendar) -> None:
    """Fill in state's due dates and days. Where the calendar has a gap, they stay None and a warning says so."""
    dues = Dues(calendar)
    if state.submitted_at is not None:
        state.pre_review_due = dues.after(state.submitted_at.date(), limits.PRE_REVIEW)
    if state.acceptance_from is not None:
        state.acceptance_due = dues.after(state.acceptance_from.date(), ACCEPTANCE_DAYS)
        if state.item is not None and state.clock_from is None:
            state.predicted_due = dues.after(state.acceptance_from.date(), _promised(state.item))
    if state.supplement_asked_at is not None:
        state.supplement_due = _natural(state.supplement_asked_at.date(), _supplement_days(state))
    if state.clock_from is not None and state.item is not None:
        # (6) The days of a special procedure are added whole, to both dues.
        suspended = dues.count(*_stretches(state, None))
        if suspended is not None:
            state.suspended_days = suspended
            shift = state.extended_days + suspended
            state.promise_due = dues.after(state.clock_from, _promised(state.item) + shift)
            state.legal_due = dues.after(state.clock_from, state.item["legal_days"] + shift)
        if state.ended_at is not None:
            end = state.ended_at.date()
            stood = dues.count(*_stretches(state, end))
            spent = dues.count((state.clock_from, end))
            state.used_days = None if spent is None or stood is None else spent - stood
    if state.decided_at is not None:
        state.delivery_due = dues.after(state.decided_at.date(), DELIVERY_DAYS)
    if state.rated_at is not None:
        state.amend_until = dues.after(state.rated_at.date(), limits.AMENDMENT)
    state.due = _running(state)
    state.warnings += dues.gaps


def _promised(item: Document) -> int:
    """(11) An instant case is due on the day of acceptance itself, though its promise counts as one day."""
    return 0 if item["instant"] else int(item["promised_days"])


def used_days(state: CaseState, calendar: Calendar, through: date) -> int | None:
    """Working days used since acceptance through a day, or the end if that came first: net of special
    procedures, 0 for the day of acceptance, never negative; None for a case not accepted. Raises CalendarGap.
    """
    if state.clock_from is None:
        return None
    end = through if state.ended_at is None else min(through, state.ended_at.date())
    stood = sum(calendar.count(first, last) for first, last in _stretches(state, end))
    return calendar.count(state.clock_from, end) - stood


def _stretches(state: CaseState, through: date | None) -> list[Stretch]:
    """The special procedures after acceptance without overlap, through a day; None: those that have ended.

    Station clocks may be wrong, so a procedure may seem to begin before acceptance or before the last one
    ended; no day stands still twice.
    """
    assert state.clock_from is not None
    found, edge = [], state.clock_from
    for first, last in sorted(state.suspensions, key=lambda each: each[0]):
        until = through if last is None or (through is not None and last > through) else last
        if until is not None and until > (begin := max(first, edge)):
            found.append((begin, until))
            edge = until
    return found


def _running(state: CaseState) -> date | None:
    """The due date of our clock that runs in this state; while supplementing, only the applicant's does."""
    if state.state == "submitted":
        return state.pre_review_due
    if state.state == "received":
        return state.acceptance_due
    if state.state in ("accepted", "reviewing"):
        return state.promise_due
    if state.state in ("decided", "concluded"):
        return state.delivery_due
    return None


def _supplement_days(state: CaseState) -> int:
    """The item's own period if its copy tells one, else the usual."""
    own = None if state.item is None else state.item.get("supplement_days")
    return own if type(own) is int and 1 <= own <= 365 else limits.SUPPLEMENT


def _natural(day: date, n: int) -> date | None:
    try:
        return day + timedelta(days=n)
    except OverflowError:  # a station clock in the year 9999
        return None
