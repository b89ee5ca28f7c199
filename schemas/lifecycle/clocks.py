"""Due dates of a case from the moments its events fixed (domain.md §3, clock rules 3–11; Licensing Law art.
32, 42–45).

Reads no clock: `today` is nowhere in it. Which event starts or stops what is fold's.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from schemas.lifecycle.guards import SUPPLEMENT_PERIOD
from schemas.lifecycle.state import CaseState
from schemas.problems import Problem
from schemas.workdays import Calendar, CalendarGap

ACCEPTANCE_DAYS: Final = 5
"""Working days to accept, or to tell everything that is missing (art. 32(4))."""
DELIVERY_DAYS: Final = 10
"""Working days to deliver a decision (art. 44)."""


def set_dues(state: CaseState, calendar: Calendar) -> None:
    """Fill in state's due dates. Where the calendar has a gap, the date stays None and a warning says so."""
    gaps: dict[int, Problem] = {}

    def after(day: date, n: int) -> date | None:
        try:
            return calendar.add(day, n) if n else day
        except CalendarGap as gap:
            gaps[gap.year] = gap.problem
            return None

    if state.acceptance_from is not None:
        state.acceptance_due = after(state.acceptance_from.date(), ACCEPTANCE_DAYS)
    if state.supplement_asked_at is not None:
        state.supplement_due = _natural(state.supplement_asked_at.date())
    if state.clock_from is not None and state.item is not None:
        shift = state.extended_days
        try:
            # (6) The days of a special procedure are added whole, to both dues.
            shift += sum(calendar.count(first, last) for first, last in state.suspensions if last is not None)
        except CalendarGap as gap:
            gaps[gap.year] = gap.problem
        else:
            # (11) An instant case is due on the day of acceptance itself, though its promise counts as one
            # day.
            promised = 0 if state.item["instant"] else state.item["promised_days"]
            state.promise_due = after(state.clock_from, promised + shift)
            state.legal_due = after(state.clock_from, state.item["legal_days"] + shift)
    if state.decided_at is not None:
        state.delivery_due = after(state.decided_at.date(), DELIVERY_DAYS)
    state.due = _running(state)
    state.warnings += tuple(gaps.values())


def _running(state: CaseState) -> date | None:
    """The due date of our clock that runs in this state; while supplementing, only the applicant's does."""
    if state.state == "received":
        return state.acceptance_due
    if state.state in ("accepted", "reviewing"):
        return state.promise_due
    if state.state in ("decided", "concluded"):
        return state.delivery_due
    return None


def _natural(day: date) -> date | None:
    try:
        return day + SUPPLEMENT_PERIOD
    except OverflowError:  # a station clock in the year 9999
        return None
