"""The values that travel between the lifecycle's parts and its users. No rule is here or will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

from schemas.problems import Problem
from schemas.tables import NEW, Item, Station, Transition

Document = Mapping[str, Any]

CHINA: Final = timezone(timedelta(hours=8))
"""Asia/Shanghai; no summer time since 1991, so a fixed offset will do."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, where. roles: all that the person holds, or the one under which a recorded event was done;
    staff: employee number, "" for the system and the public."""

    station: Station
    roles: frozenset[str]
    staff: str


class Entry(NamedTuple):
    """An event that counted, and what it did."""

    event: Document
    from_state: str
    to_state: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One transition out of the present state. problem says why this actor may not take it, None: take it;
    role is the one to record the event under, None if it may not be taken."""

    transition: Transition
    problem: Problem | None
    role: str | None


@dataclass(slots=True)
class CaseState:
    """What a case's events add up to. Made by fold; treat it as a value and do not change it.

    Datetimes carry the offset +08:00; dates are Chinese calendar days, due through 23:59:59. Nothing yet:
    None, "", or () where the field is a text or a tuple.

    state           as in transitions.csv, NEW if no valid create is known
    item, applicant the create event's mappings (corrections applied)
    decider         12-digit code of the station that decides such items ("" if unknown)
    acceptance_from when the acceptance clock that runs or ran last was started: receipt, or supply
    supplement_due  last natural day of the supplement period
    *_due           working-day due dates (domain.md §3 rules 3–9); None also where the calendar has a gap
    due             the one that runs now; None while the clock stands still and at the end
    suspensions     (from day, through day or None while it lasts) of each special procedure
    timeline        what counted, in fold order; set_aside: what did not, with the reason
    warnings        what a person should know though nothing is refused: calendar gaps, instant cases ended
                    late
    lamport         the largest seen in well-formed events of this case, counted or not; the next event
                    takes lamport+1
    final           no event leads to another state any more
    """

    case_no: str = ""
    state: str = NEW
    item: Document | None = None
    applicant: Document | None = None
    phone: str = ""
    address: str = ""
    form: str = ""
    channel: str = ""
    query_code: str = ""
    materials: tuple[Document, ...] = ()
    origin_station: str = ""
    current_station: str = ""
    decider: str = ""
    created_at: datetime | None = None
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    decided_at: datetime | None = None
    concluded_at: datetime | None = None
    delivered_at: datetime | None = None
    created_by: str = ""
    accepted_by: str = ""
    decided_by: str = ""
    concluded_by: str = ""
    supplement_asked_at: datetime | None = None
    supplement_gaps: tuple[str, ...] = ()
    supplements: int = 0
    assigned_to: str = ""
    steps_passed: int = 0
    result: str | None = None
    decision_reason: str = ""
    receiver: str = ""
    evaluations: tuple[Document, ...] = ()
    urges: int = 0
    acceptance_from: datetime | None = None
    clock_from: date | None = None
    suspensions: tuple[tuple[date, date | None], ...] = ()
    extended_days: int = 0
    acceptance_due: date | None = None
    supplement_due: date | None = None
    promise_due: date | None = None
    legal_due: date | None = None
    delivery_due: date | None = None
    due: date | None = None
    timeline: tuple[Entry, ...] = ()
    set_aside: tuple[tuple[Document, Problem], ...] = ()
    warnings: tuple[Problem, ...] = ()
    lamport: int = 0
    final: bool = False


def case_item(item: Item) -> dict[str, Any]:
    """The frozen copy of a catalogue item that a create event carries as data["item"]."""
    return {
        "code": item.item_code,
        "version": item.version,
        "name": item.name,
        "department": item.department,
        "zone": item.zone or "",
        "division_code": item.division_code,
        "category_code": item.category_code,
        "instant": item.instant,
        "promised_days": item.promised_days,
        "legal_days": item.legal_days,
    }
