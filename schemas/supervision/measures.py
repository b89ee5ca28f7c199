"""What e-supervision measures of a case: spans, which grow by themselves day after day until something stops
them, and facts, which happened on a day and stay.

    Span   begin ···· origin ────────> until      value on a day = days (of the rule's unit) past the origin;
                      (the due date)              negative before it
    Fact   day, value

Each measure tells its numbers as evidence, so that a person can check a card with pencil and calendar. Reads
only the state it is given; when a signal is due is cards'.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from schemas import tables
from schemas.feedback import Complaint, Rating, day
from schemas.lifecycle.state import CHINA, CaseState
from schemas.workdays import Calendar, calendar

Evidence = Mapping[str, object]
"""Numbers by name: int, or str for days, moments and words."""


class Span(NamedTuple):
    """incident: tells two spans of one case apart; until: None while it runs; staff: who holds the case."""

    incident: str
    begin: date
    origin: date
    until: date | None
    staff: str
    evidence: Evidence


class Fact(NamedTuple):
    """Something of a value that happened on a day. incident: as in Span."""

    incident: str
    day: date
    value: int
    staff: str
    evidence: Evidence


def _names(item_code: str) -> Collection[str]:
    return frozenset(line.name for line in tables.materials(item_code))


def _charges(item_code: str) -> bool:
    item = tables.items().get(item_code)
    return item is None or item.fee


@dataclass(frozen=True)
class Circumstances:
    """What is known beside a case's own events.

    calendar   working days
    arrivals   event _id -> when the hub got it (with an offset); what is not in it was written at the hub
    ratings    rating by case number; complaints: those about any case
    materials  item code -> names of its material list, empty where nothing is known
    charges    item code -> whether the catalogue lets a fee be taken
    """

    calendar: Calendar = field(default_factory=calendar)
    arrivals: Mapping[str, datetime] = field(default_factory=dict)
    ratings: Mapping[str, Rating] = field(default_factory=dict)
    complaints: Collection[Complaint] = ()
    materials: Callable[[str], Collection[str]] = _names
    charges: Callable[[str], bool] = _charges


Measure = Callable[[CaseState, Circumstances], Iterator[Span | Fact]]


def responsible(state: CaseState) -> str:
    """Employee number of whose hands the case is in: the reviewer, else who accepted, else who met the
    applicant first."""
    return state.assigned_to or state.accepted_by or state.created_by


def _ended(state: CaseState) -> date | None:
    return None if state.ended_at is None else state.ended_at.date()


def _decision_clock(state: CaseState, due: date | None, kind: str) -> Iterator[Span]:
    """The promise or legal clock: from acceptance to the decision, still while suspended."""
    if due is None or state.clock_from is None or state.item is None:
        return
    still = state.suspensions[-1][0] if state.state == "suspended" else None
    # The same deadline, moved by a special procedure or an extension, is another one.
    incident = f"{len(state.suspensions)}-{state.extended_days}"
    evidence: dict[str, object] = {
        "clock": kind,
        "accepted_on": state.clock_from.isoformat(),
        "promised_days": state.item["promised_days"],
        "legal_days": state.item["legal_days"],
        "extended_days": state.extended_days,
        "suspensions": len(state.suspensions),
    }
    yield Span(incident, state.clock_from, due, still or _ended(state), responsible(state), evidence)


def _promise_overdue(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    return _decision_clock(state, state.promise_due, "promise")


def _legal_overdue(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    return _decision_clock(state, state.legal_due, "legal")


def _acceptance_overdue(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    if state.acceptance_due is not None and state.acceptance_from is not None:
        stopped = _ended(state) if state.accepted_at is None else state.accepted_at.date()
        since = state.acceptance_from.date()
        evidence = {"received_on": since.isoformat(), "supplements": state.supplements}
        yield Span(str(state.supplements), since, state.acceptance_due, stopped, responsible(state), evidence)


def _instant_open(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    if state.accepted_at is not None:
        since = state.accepted_at.date()
        evidence = {"accepted_on": since.isoformat()}
        yield Span("", since, since, _ended(state), responsible(state), evidence)


def _suspension_overrun(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    told = [entry.event for entry in state.timeline if entry.event["event"] == "suspend"]
    for n, (event, (first, last)) in enumerate(zip(told, state.suspensions, strict=False)):
        days = event["data"]["days"]
        evidence = {"suspended_on": first.isoformat(), "told_days": days, "kind": event["data"]["kind"]}
        stopped = last or _ended(state)
        yield Span(str(n), first, around.calendar.add(first, days), stopped, _staff(event, state), evidence)


def _reason_length(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    """Reasons as given, also of refusals that were set aside for their shortness."""
    given = [entry.event for entry in state.timeline if entry.event["event"] in ("refuse", "deny")]
    given += [doc for doc, problem in state.set_aside if problem.code == "reason_too_short"]
    for event in given:
        reason = _data(event).get("reason")
        length = len(reason.strip()) if isinstance(reason, str) else 0
        yield from _fact(event, state, length, {"event": str(event.get("event")), "length": length})


def _second_supplements(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    for doc, problem in state.set_aside:
        if problem.code == "second_supplement":
            yield from _fact(doc, state, 1, {"supplements": state.supplements})


def _outside_materials(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    known = around.materials(str((state.item or {}).get("code", "")))
    outside = [str(line["name"]) for line in state.materials if line["name"] not in known]
    if known and outside and state.received_at is not None:
        evidence = {"materials": "、".join(outside), "count": len(outside)}
        yield Fact("", state.received_at.date(), len(outside), responsible(state), evidence)


def _fee_outside(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    if around.charges(str((state.item or {}).get("code", ""))):
        return
    for entry in state.timeline:
        fee = _data(entry.event).get("fee_fen")
        if type(fee) is int and fee > 0:
            yield from _fact(entry.event, state, fee, {"fee_fen": fee})


def _unreviewed(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    permit = state.item is not None and state.item.get("category_code") == "01"
    if permit and state.concluded_at is not None and not state.steps_passed:
        evidence = {"steps_passed": state.steps_passed, "result": state.result or ""}
        yield Fact("", state.concluded_at.date(), 1, state.concluded_by, evidence)


def _unrectified(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    rating = around.ratings.get(state.case_no)
    if rating is not None and rating.bad:
        evidence: dict[str, object] = {"level": rating.level, "rated_on": rating.on.isoformat()}
        yield Span("rating", rating.on, rating.on, rating.rectified_on, responsible(state), evidence)
    for each in around.complaints:
        if each.case_no == state.case_no and each.upheld_on is not None:
            evidence = {"complaint": each.id, "upheld_on": each.upheld_on.isoformat()}
            since = each.upheld_on
            yield Span(each.id, since, since, each.rectified_on, responsible(state), evidence)


def _backdated(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    before: datetime | None = None
    for entry in state.timeline:
        at = datetime.fromisoformat(entry.event["at"])
        if before is not None and at < before:
            minutes = -(-int((before - at).total_seconds()) // 60)
            evidence = {"at": at.isoformat(), "previous": before.isoformat(), "minutes": minutes}
            yield from _fact(entry.event, state, minutes, evidence)
        before = at


def _ahead(state: CaseState, around: Circumstances) -> Iterator[Span | Fact]:
    for entry in state.timeline:
        arrived = around.arrivals.get(str(entry.event.get("_id")))
        at = datetime.fromisoformat(entry.event["at"])
        if arrived is not None and at > arrived:
            minutes = int((at - arrived).total_seconds()) // 60
            evidence = {"at": at.isoformat(), "arrived": arrived.isoformat(), "minutes": minutes}
            yield from _fact(entry.event, state, minutes, evidence)


MEASURES: Final[Mapping[str, Measure]] = {
    "promise_overdue": _promise_overdue,
    "legal_overdue": _legal_overdue,
    "acceptance_overdue": _acceptance_overdue,
    "instant_open": _instant_open,
    "suspension_overrun": _suspension_overrun,
    "reason_length": _reason_length,
    "second_supplements": _second_supplements,
    "outside_materials": _outside_materials,
    "fee_outside": _fee_outside,
    "unreviewed": _unreviewed,
    "unrectified": _unrectified,
    "backdated": _backdated,
    "ahead": _ahead,
}
"""The measures of a case. `silence` is a station's, `unanswered` a request's: both stand in cards."""


def _data(event: Mapping[str, Any]) -> Mapping[str, Any]:
    data = event.get("data")
    return data if isinstance(data, Mapping) else {}


def _staff(event: Mapping[str, Any], state: CaseState) -> str:
    actor = event.get("actor")
    staff = actor.get("staff") if isinstance(actor, Mapping) else None
    return staff if isinstance(staff, str) and staff else responsible(state)


def _fact(event: Mapping[str, Any], state: CaseState, value: int, evidence: Evidence) -> Iterator[Fact]:
    """A fact of an event, on its own day; none if it does not say on which."""
    on = day(event.get("at"))
    if on is not None:
        yield Fact(str(event.get("_id", "")), on, value, _staff(event, state), evidence)


def china_day(at: datetime) -> date:
    """The Chinese calendar day of a moment."""
    return at.astimezone(CHINA).date()
