"""Which signals are due for a case at a moment, each with the numbers that explain it.

    events, arrivals ─> what the hub knew, step by step ─> fold ─> measures ─> rules ─> Card, the first time each is due

        known:    e1 ──────── e2 ─────────── e3 ······ moment
        asked at:             ^ just before  ^          ^

Asking of every step, and not only of the last, makes cards stand: what was due once can be explained at any
later moment from the same documents, though an extension has moved the date meanwhile or a late record shows
that the work had been done in time. Such a card carries `late_evidence` and charges nothing until a person has
confirmed it: offline time does not excuse, but the hub could not know.

Laws (tests/schemas/test_supervision_laws.py): cards at t are among the cards at any later moment, whatever
arrives in between, with the same evidence.

Writes nothing and reads no clock. Where the calendar has a gap a rule gives no card; the case's own warnings
say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.arrival import known_from
from schemas.feedback import day
from schemas.lifecycle import fold
from schemas.lifecycle.state import CaseState
from schemas.supervision.measures import MEASURES, Circumstances, Evidence, Fact, Span, china_day
from schemas.supervision.rules import Colour, Rule, Scheme, rules, scheme
from schemas.workdays import Calendar, CalendarGap

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Card:
    """A reminder, card or flag that is due.

    case_no     "" for a station's; incident tells two cards of one rule, colour and case apart
    staff       employee number of who is asked, "" for a station's
    raised_on   the first day on which it was due
    evidence    the numbers used
    late_evidence  something of the case happened by the due date and reached the hub after it
    """

    rule: str
    colour: Colour
    points: Decimal
    case_no: str
    station: str
    staff: str
    incident: str
    raised_on: date
    evidence: Evidence
    note: str
    late_evidence: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it this card and no other."""
        return (self.rule, self.colour, self.case_no or self.station, self.incident)


def cards(
    events: Iterable[Document],
    moment: datetime,
    around: Circumstances | None = None,
    by: Sequence[Rule] | None = None,
) -> tuple[Card, ...]:
    """Every signal that has been due for one case up to `moment` (with an offset), in the order raised.

    events  the case's events; those that reached the hub after `moment` are not looked at
    by      the rules; the shipped ones by default
    """
    around = Circumstances() if around is None else around
    table = rules() if by is None else by
    known = sorted(
        ((arrived, doc) for doc in events if (arrived := known_from(doc, around.arrivals)) <= moment),
        key=lambda pair: pair[0],
    )
    steps = [*dict.fromkeys(arrived for arrived, _ in known), moment]
    found: dict[tuple[str, str, str, str], Card] = {}
    state = None
    for n, now in enumerate(steps[:-1]):
        until = steps[n + 1]
        state = fold([doc for arrived, doc in known if arrived <= now], around.calendar)
        raised = sorted(_due(state, china_day(until), around, table), key=lambda card: card.raised_on)
        for card in raised:
            found.setdefault(card.key, card)
    return tuple(
        replace(card, late_evidence=state is not None and _late(card, state, around))
        for card in sorted(found.values(), key=lambda card: (card.raised_on, card.key))
    )


def station_cards(
    code: str,
    last_sync: datetime,
    moment: datetime,
    days: Calendar,
    *,
    link_fault: bool = False,
    by: Sequence[Rule] | None = None,
) -> tuple[Card, ...]:
    """The signals due for a station that last synced at `last_sync`. link_fault: a fault of its line is on
    record."""
    found = []
    since = china_day(last_sync)
    excused = {"link_fault"} if link_fault else set()
    for rule in rules() if by is None else by:
        if rule.cases == "station" and rule.measure == "silence" and rule.unless not in excused:
            span = Span(since.isoformat(), since, since, None, "", {"last_sync": since.isoformat()})
            raised_on = _reached(span, rule, days)
            if raised_on is not None and raised_on <= china_day(moment):
                found.append(_card(rule, span, raised_on, "", code))
    return tuple(found)


def request_cards(
    doc: Document, form: str, moment: datetime, days: Calendar, by: Sequence[Rule] | None = None
) -> tuple[Card, ...]:
    """The signals due for a coordination request (schemas.coordination) that waits for the answer of a unit. form: under which it is kept."""
    due, begun = day(doc.get("due")), day(doc.get("created_at"))
    if doc.get("answered_at") or due is None or begun is None:
        return ()
    span = Span(form, begun, due, None, "", {"asked_on": begun.isoformat(), "from": str(doc.get("from"))})
    found = []
    for rule in rules() if by is None else by:
        if rule.cases == "request":
            raised_on = _reached(span, rule, days)
            if raised_on is not None and raised_on <= china_day(moment):
                found.append(_card(rule, span, raised_on, "", str(doc.get("to"))))
    return tuple(found)


def answer_due(issued_at: datetime, days: Calendar, by: Scheme | None = None) -> date:
    """Until when a card is to be answered. Raises CalendarGap."""
    return days.add(china_day(issued_at), (scheme() if by is None else by).answer_days)


def as_document(card: Card, issued_at: datetime, days: Calendar, by: Scheme | None = None) -> dict[str, Any]:
    """The supervision_card document to issue, without what its keeper adds (created_at, created_by). The _id
    follows from the card, so that two servers make one document of it. Raises CalendarGap."""
    return {
        "_id": ":".join(("card", *card.key)),
        "type": "supervision_card",
        "schema": 1,
        "rule": card.rule,
        "colour": card.colour,
        "station": card.station,
        **({"case": card.case_no} if card.case_no else {}),
        "staff": card.staff,
        "points": str(card.points),
        "evidence": dict(card.evidence),
        "issued_at": issued_at.isoformat(),
        "answer_due": answer_due(issued_at, days, by).isoformat(),
        "outcome": "issued",
        "late_evidence": card.late_evidence,
    }


# --- one state at one moment ------------------------------------------------------------------------------


def _due(state: CaseState, today: date, around: Circumstances, table: Sequence[Rule]) -> Iterator[Card]:
    instant = (state.item or {}).get("instant") is True
    for rule in table:
        if rule.cases in ("station", "request") or (
            rule.cases != "all" and (rule.cases == "instant") is not instant
        ):
            continue
        try:
            for found in MEASURES[rule.measure](state, around):
                if isinstance(found, Fact):
                    raised_on = found.day if rule.holds(found.value) else None
                else:
                    raised_on = _reached(found, rule, around.calendar)
                if raised_on is not None and raised_on <= today:
                    yield _card(rule, found, raised_on, state.case_no, state.current_station)
        except CalendarGap:
            continue


def _reached(span: Span, rule: Rule, days: Calendar) -> date | None:
    """The first day on which a span reaches the rule's threshold; None if it was stopped before."""
    n = rule.reached
    if rule.unit == "day":
        reached = span.origin + timedelta(days=n)
    elif n > 0:
        reached = days.add(span.origin, n)
    else:
        reached = _before(span.origin, -n, days)
    if n <= 0:
        # The day a clock is started never counts, so nobody is reminded on it.
        reached = max(reached, span.begin + timedelta(days=1))
    return reached if span.until is None or reached <= span.until else None


def _before(due: date, n: int, days: Calendar) -> date:
    """The first day with n working days left to `due`, or fewer."""
    found, left = due, 0
    while (left := left + days.is_workday(found)) <= n:
        found -= timedelta(days=1)
    return found


def _card(rule: Rule, found: Span | Fact, raised_on: date, case_no: str, station: str) -> Card:
    evidence: dict[str, object] = {
        "measure": rule.measure,
        "op": rule.op,
        "threshold": rule.threshold,
        "unit": rule.unit,
        "raised_on": raised_on.isoformat(),
        **found.evidence,
    }
    if isinstance(found, Span):
        evidence["due"] = found.origin.isoformat()
    else:
        evidence["value"] = found.value
    return Card(
        rule.rule,
        rule.colour,
        rule.points,
        case_no,
        station,
        found.staff,
        found.incident,
        raised_on,
        evidence,
        rule.note,
    )


# --- what the hub knew when -------------------------------------------------------------------------------


def _late(card: Card, state: CaseState, around: Circumstances) -> bool:
    due = card.evidence.get("due")
    if not isinstance(due, str):
        return False
    last = date.fromisoformat(due)
    for entry in state.timeline:
        arrived = around.arrivals.get(str(entry.event.get("_id")))
        if arrived is not None and china_day(datetime.fromisoformat(entry.event["at"])) <= last < china_day(
            arrived
        ):
            return True
    return False
