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
    staff: employee number, "" for the system and the public; department: of a department's own staff, its
    name, "" for a centre's and a bureau's."""

    station: Station
    roles: frozenset[str]
    staff: str
    department: str = ""


class Entry(NamedTuple):
    """An event that counted, and what it did."""

    event: Document
    from_state: str
    to_state: str


class Occasion(NamedTuple):
    """A time the applicant had to come: to which station, on which Chinese day."""

    station: str
    day: date


@dataclass(frozen=True, slots=True)
class Choice:
    """One transition out of the present state. problem says why this actor may not take it, None: take it;
    role is the one to record the event under, None if it may not be taken; warning is what the actor should
    know before taking it."""

    transition: Transition
    problem: Problem | None
    role: str | None
    warning: Problem | None = None


@dataclass(slots=True)
class Folded:
    """What a fold says of its subject, whatever that is.

    state      as in transitions.csv, NEW if no valid opening event is known
    timeline   what counted, in fold order; set_aside: what did not, with the reason
    warnings   what a person should know though nothing is refused, e.g. calendar gaps
    lamport    the largest seen in well-formed events of this subject, counted or not; the next event takes
               lamport+1
    final      no event leads to another state any more
    """

    state: str = NEW
    timeline: tuple[Entry, ...] = ()
    set_aside: tuple[tuple[Document, Problem], ...] = ()
    warnings: tuple[Problem, ...] = ()
    lamport: int = 0
    final: bool = False

    @property
    def conflict(self) -> bool:
        """Whether two acted without knowing of each other so that only one of their events could count."""
        return any(problem.code == "conflict" for _, problem in self.set_aside)


@dataclass(slots=True)
class CaseState(Folded):
    """What a case's events add up to. Made by fold; treat it as a value and do not change it.

    Datetimes carry the offset +08:00; dates are Chinese calendar days, due through 23:59:59. Nothing yet:
    None, "", or () where the field is a text or a tuple.

    item, applicant the create event's mappings (corrections applied)
    decider         12-digit code of the station that decides such items ("" if unknown)
    files           scans: as documents.events.File, with "at", when it was recorded, and "station", which added it; of one that
                    was taken off "detached_at" and "detached_why"
    ended_at        when the decision clock stopped: the decision, or the event that ended the case without one
    acceptance_from when the acceptance clock that runs or ran last was started: receipt, or supply
    supplement_due  last natural day of the supplement period
    *_due           working-day due dates (domain.md §3 rules 3–9); None also where the calendar has a gap
    amend_until     last day on which the applicant may amend their rating
    due             the one that runs now; None while the clock stands still and at the end
    suspensions     (from day, through day or None while it lasts) of each special procedure
    predicted_due   when the promise would end, were a received case accepted on the day its papers came
    suspended_days  working days of ended special procedures, by which both dues moved
    used_days       working days from acceptance to the end, net of special procedures; None before the end,
                    without acceptance, and where the calendar has a gap. Of a running case: clocks.used_days
    occasions       the applicant's visits (what counts as one: effects.occasion)
    """

    case_no: str = ""
    item: Document | None = None
    applicant: Document | None = None
    phone: str = ""
    address: str = ""
    form: str = ""
    channel: str = ""
    project: str = ""
    errand: str = ""
    query_code: str = ""
    materials: tuple[Document, ...] = ()
    files: tuple[Document, ...] = ()
    origin_station: str = ""
    current_station: str = ""
    decider: str = ""
    created_at: datetime | None = None
    submitted_at: datetime | None = None
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    decided_at: datetime | None = None
    concluded_at: datetime | None = None
    delivered_at: datetime | None = None
    ended_at: datetime | None = None
    created_by: str = ""
    accepted_by: str = ""
    decided_by: str = ""
    concluded_by: str = ""
    deemed_accepted: bool = False
    predicted_due: date | None = None
    supplement_asked_at: datetime | None = None
    supplement_gaps: tuple[str, ...] = ()
    supplements: int = 0
    assigned_to: str = ""
    steps_passed: int = 0
    result: str | None = None
    decision_reason: str = ""
    receiver: str = ""
    evaluations: tuple[Document, ...] = ()
    rated_at: datetime | None = None
    urges: int = 0
    occasions: tuple[Occasion, ...] = ()
    acceptance_from: datetime | None = None
    clock_from: date | None = None
    suspensions: tuple[tuple[date, date | None], ...] = ()
    extended_days: int = 0
    suspended_days: int = 0
    used_days: int | None = None
    pre_review_due: date | None = None
    acceptance_due: date | None = None
    supplement_due: date | None = None
    promise_due: date | None = None
    legal_due: date | None = None
    delivery_due: date | None = None
    amend_until: date | None = None
    due: date | None = None

    @property
    def visits(self) -> int:
        """How often the applicant had to come so far (measured runs)."""
        return len(self.occasions)


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
