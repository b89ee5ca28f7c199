"""What statistics need to know of a case, and nothing else: a small value per case, so that a year's cases fit into
memory, and two of the same case can be compared.

    events ─> fold ─> CaseState ─> facts(state, through) ─> CaseFacts ─> cases.*

No applicant is in it. Counts nothing; that is cases'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from schemas import lifecycle
from schemas.lifecycle import clocks
from schemas.lifecycle.state import CHINA, CaseState
from schemas.tables import items, stations
from schemas.workdays import Calendar, CalendarGap

_ONLINE: Final = ("2", "3")
"""Channels GB/T 39046 A.5: PC, mobile."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """One case. Days are Chinese calendar days; None: has not happened.

    item_level    whose item it is (city, district, township, village), "" if nobody knows
    used_days     working days used net of special procedures, through the end or the day asked for; None
                  before acceptance and where the calendar has a gap
    allowed_days  that many are within the promise: P, with what was extended; 0 for an instant case, which is
                  due on the day of acceptance
    online_depth  0 none, 1 applied for online, 2 and pre-reviewed, 3 and concluded without a visit
    visits        how often the applicant came
    on_site       accepted, decided and issued in one hall; None before it is concluded
    highest       the highest level of station that had it in hand
    """

    case_no: str
    item_code: str
    item_level: str
    department: str
    zone: str
    district: str
    origin_level: str
    highest: str
    instant: bool
    promised_days: int
    legal_days: int
    allowed_days: int
    received_on: date | None
    accepted_on: date | None
    decided_on: date | None
    concluded_on: date | None
    used_days: int | None
    online_depth: int
    visits: int
    on_site: bool | None
    state: str
    result: str

    @property
    def on_time(self) -> bool | None:
        """A ≤ P; None where nothing is known of A."""
        return None if self.used_days is None else self.used_days <= self.allowed_days

    @property
    def early(self) -> bool | None:
        """A < P: for an instant case, whose promise counts as one day, the same day (domain.md §2.4)."""
        return (
            None if self.used_days is None else self.used_days < self.promised_days and self.on_time is True
        )

    @property
    def overdue(self) -> bool:
        """超时件: concluded or open with A > P; what was withdrawn or voided is none."""
        return self.on_time is False and self.state not in ("withdrawn", "voided")


def facts(state: CaseState, through: date, calendar: Calendar) -> CaseFacts | None:
    """The facts of a case as they stand at the end of a day; None if no valid case was opened.

    state  folded from what was known then (as_of.known)
    """
    item = state.item
    if item is None:
        return None
    known = items().get(item["code"])
    origin = stations()[state.origin_station]
    instant, promised = item["instant"], item["promised_days"]
    return CaseFacts(
        case_no=state.case_no,
        item_code=item["code"],
        item_level="" if known is None else known.level,
        department=item.get("department", ""),
        zone=item.get("zone", ""),
        district=origin.district_code,
        origin_level=origin.level,
        highest=_highest(state),
        instant=instant,
        promised_days=promised,
        legal_days=item["legal_days"],
        allowed_days=(0 if instant else promised) + state.extended_days,
        received_on=_day(state.received_at),
        accepted_on=_day(state.accepted_at),
        decided_on=_day(state.decided_at),
        concluded_on=_day(state.concluded_at),
        used_days=_used(state, through, calendar),
        online_depth=_online_depth(state),
        visits=state.visits,
        on_site=_on_site(state),
        state=state.state,
        result=state.result or "",
    )


def facts_of(
    cases: Iterable[Iterable[Mapping[str, Any]]], through: date, calendar: Calendar
) -> Iterator[CaseFacts]:
    """The facts of many cases, each given as its events; one at a time, so that memory stays flat."""
    for events in cases:
        found = facts(lifecycle.fold(events, calendar), through, calendar)
        if found is not None:
            yield found


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.astimezone(CHINA).date()


def _used(state: CaseState, through: date, calendar: Calendar) -> int | None:
    try:
        return clocks.used_days(state, calendar, through)
    except CalendarGap:
        return None


_RANK: Final = {"village": 0, "township": 1, "district": 2, "city": 3}


def _highest(state: CaseState) -> str:
    """Where the case was sent or worked on; the hub's program and its supervisors are no place of work."""
    places = {state.origin_station, state.current_station} & stations().keys()
    return max((stations()[code].level for code in places), key=_RANK.__getitem__)


def _online_depth(state: CaseState) -> int:
    if state.channel not in _ONLINE:
        return 0
    if not any(entry.event["event"] == "pre_review_pass" for entry in state.timeline):
        return 1
    return 3 if state.concluded_at is not None and state.visits == 0 else 2


_HALL_STEPS: Final = ("accept", "deemed_accept", "grant", "deny", "instant_conclude", "conclude")


def _on_site(state: CaseState) -> bool | None:
    """Every step from acceptance to issue at one station, none of them marked as done elsewhere."""
    if state.concluded_at is None:
        return None
    steps = [entry.event for entry in state.timeline if entry.event["event"] in _HALL_STEPS]
    inside = all(event["data"].get("place", "hall") == "hall" for event in steps)
    return inside and len({event["station"] for event in steps}) == 1
