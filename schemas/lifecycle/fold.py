"""From a case's events to its state: the same on every node, in whatever order and however often they come.

    events ─> each id once ─> read ─> in order ─> problem? ─none─> apply ─> clocks ─> CaseState
                   │            │                     │
                   └────────────┴──── set_aside ──────┘

Order: by Lamport number (what the writer had seen), then authority of the writer's level, high first, then
writer, epoch and number. No wall clock has a say. What is not allowed when its turn comes is kept in
set_aside with its Problem, for a person to settle; so is what cannot be read. Nothing an event may hold
makes fold raise.

Decides nothing itself: whether an event is allowed is permissions.problem, when a case is due is clocks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from schemas.lifecycle import guards
from schemas.lifecycle.clocks import set_dues
from schemas.lifecycle.permissions import FINAL, problem, to_state
from schemas.lifecycle.state import CHINA, Actor, CaseState, Document, Entry
from schemas.offers import offer
from schemas.problems import N_, Problem
from schemas.tables import LEVELS, ancestors, items, stations
from schemas.workdays import Calendar

AUTHORITY: Final[Mapping[str, int]] = {level: rank for rank, level in enumerate(LEVELS)}
"""Rank of a level, greatest for the city: who comes first where two wrote without knowing of each other."""

MAX_LAMPORT: Final = 10**9
"""A greater number counts nothing real; taken at its word it would leave the case none to go on with."""

SCHEMA: Final = 1

_EVENT_ID: Final = re.compile(r"ev:([0-9]{12}):([0-9a-z]+):([1-9][0-9]{0,15})")


class _Event(NamedTuple):
    """An event whose shape is sound. key: place in the order."""

    key: tuple[int, int, str, str, int]
    case: str
    event: str
    at: datetime
    actor: Actor
    data: Mapping[str, Any]
    doc: Document


def fold(events: Iterable[Document], calendar: Calendar) -> CaseState:
    """What these events of one case add up to.

    events    case_event documents (schemas.documents) with their `_id`; order and repetition do not
              matter. Events of another case than that of the first in order (the first create, if any) are
              set aside.
    calendar  for due dates; where it has a gap, the date is None and state.warnings says so
    """
    known, set_aside = _read_all(events)
    state = CaseState()
    first = next((event for event in known if event.event == "create"), known[0] if known else None)
    if first is not None:
        state.case_no = first.case
    timeline: list[Entry] = []
    for event in known:
        if event.case != state.case_no:
            set_aside.append((event.doc, Problem("other_case", N_("记录属于另一办件"))))
            continue
        state.lamport = event.key[0]  # in order, so the last is the largest
        wrong = problem(state, event.event, event.actor, event.data)
        if wrong is not None:
            set_aside.append((event.doc, wrong))
            continue
        before = state.state
        apply = _APPLY.get(event.event)
        if apply is not None:
            apply(state, event)
        state.state = to_state(event.event, before)
        timeline.append(Entry(event.doc, before, state.state))
    state.timeline = tuple(timeline)
    state.set_aside = tuple(set_aside)
    state.final = state.state in FINAL
    set_dues(state, calendar)
    return state


# --- reading ----------------------------------------------------------------------------------------------


def _read_all(events: Iterable[Document]) -> tuple[list[_Event], list[tuple[Document, Problem]]]:
    """Sound events in order, each id once; and the others, in the order of their own text."""
    by_id: dict[str, Document] = {}
    others: dict[str, tuple[Document, Problem]] = {}
    for doc in events:
        name = doc.get("_id") if isinstance(doc, Mapping) else None
        if not isinstance(name, str):
            others[_text(doc)] = (doc, _bad("_id"))
            continue
        held = by_id.setdefault(name, doc)
        if held is not doc and _text(held) != _text(doc):
            # The store quarantines a second revision of an event, so two texts under one id mean that a
            # store was bypassed. Every node must keep the same one: the lesser text.
            by_id[name], other = (held, doc) if _text(held) < _text(doc) else (doc, held)
            others[_text(other)] = (other, Problem("twin", N_("同一编号有两份不同的记录")))
    known = []
    for doc in by_id.values():
        found = _read(doc)
        if isinstance(found, Problem):
            others[_text(doc)] = (doc, found)
        else:
            known.append(found)
    known.sort(key=lambda event: event.key)
    return known, [others[text] for text in sorted(others)]


def _read(doc: Document) -> _Event | Problem:
    """Check a document's shape and whether its writer may speak for its station."""
    name = _EVENT_ID.fullmatch(doc["_id"])
    if name is None:
        return _bad("_id")
    schema = doc.get("schema")
    if type(schema) is int and schema > SCHEMA:
        return Problem("needs_update", N_("记录由新版本程序写成，请升级本站程序后查看"))
    if doc.get("type") != "case_event" or type(schema) is not int or schema < 1:
        return _bad("type")
    case, event, data = doc.get("case"), doc.get("event"), doc.get("data")
    lamport, at = doc.get("lamport"), _moment(doc.get("at"))
    if not isinstance(case, str) or not case:
        return _bad("case")
    if not isinstance(event, str):
        return _bad("event")
    if type(lamport) is not int or not 1 <= lamport <= MAX_LAMPORT:
        return _bad("lamport")
    if at is None:
        return _bad("at")
    if not isinstance(data, Mapping):
        return _bad("data")
    person = doc.get("actor")
    if not isinstance(person, Mapping):
        return _bad("actor")
    role, staff = person.get("role"), person.get("staff")
    if not isinstance(role, str) or not isinstance(staff, str):
        return _bad("actor")
    code = doc.get("station")
    station = stations().get(code) if isinstance(code, str) else None
    writer = stations().get(name[1])
    if station is None or writer is None:
        return _bad("station")
    # A server speaks for its own station and for those below it that it hosts; never for one above.
    if writer is not station and writer.code not in ancestors(station.code):
        return Problem("not_its_station", N_("写入者无权代“{station}”记录"), {"station": station.name})
    key = (lamport, -AUTHORITY[writer.level], name[1], name[2], int(name[3]))
    return _Event(key, case, event, at, Actor(station, frozenset((role,)), staff), data, doc)


def _moment(value: object) -> datetime | None:
    """ISO 8601 with an offset → the moment in Chinese time; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return None if at.tzinfo is None else at.astimezone(CHINA)
    except (ValueError, OverflowError):
        return None


def _bad(key: str) -> Problem:
    return Problem("badly_filled", N_("记录填写不完整或有误（{field}）"), {"field": key})


def _text(doc: object) -> str:
    return json.dumps(doc, sort_keys=True, ensure_ascii=True, default=repr)


# --- what each event does ---------------------------------------------------------------------------------
# An event that only moves the case to another state has no entry.


def _create(state: CaseState, event: _Event) -> None:
    data, station = event.data, event.actor.station
    state.item, state.applicant = data["item"], data["applicant"]
    state.phone, state.address = guards.text(data, "phone"), guards.text(data, "address")
    state.form, state.channel = guards.text(data, "form"), guards.text(data, "channel")
    state.origin_station = state.current_station = station.code
    made = offer(items()[data["item"]["code"]], station)
    state.decider = "" if made is None else made.decided_at
    state.created_at, state.created_by = event.at, event.actor.staff


def _receive(state: CaseState, event: _Event) -> None:
    state.received_at = state.acceptance_from = event.at
    state.materials = guards.material_lines(event.data) or state.materials
    state.query_code = guards.text(event.data, "query_code")


def _submit(state: CaseState, event: _Event) -> None:
    state.materials = guards.material_lines(event.data)


def _forward(state: CaseState, event: _Event) -> None:
    state.current_station = event.data["to"]


def _correct(state: CaseState, event: _Event) -> None:
    changes = event.data["changes"]
    state.applicant = changes.get("applicant", state.applicant)
    state.phone = changes.get("phone", state.phone)
    state.address = changes.get("address", state.address)


def _notify(state: CaseState, event: _Event) -> None:
    state.supplement_asked_at = event.at
    state.supplement_gaps = guards.texts(event.data, "gaps")
    state.supplements += 1
    state.acceptance_from = None  # (7) the clock stops, and starts anew with the supplements


def _supply(state: CaseState, event: _Event) -> None:
    state.materials = guards.material_lines(event.data)
    state.acceptance_from = event.at


def _accept(state: CaseState, event: _Event) -> None:
    state.accepted_at, state.accepted_by = event.at, event.actor.staff
    state.clock_from = event.at.date()


def _deemed_accept(state: CaseState, event: _Event) -> None:
    _accept(state, event)
    if state.acceptance_from is not None:  # (8) art. 32(4): accepted from the day of receipt
        state.clock_from = state.acceptance_from.date()


def _refuse(state: CaseState, event: _Event) -> None:
    state.decision_reason = guards.text(event.data, "reason")


def _assign(state: CaseState, event: _Event) -> None:
    state.assigned_to = guards.text(event.data, "to")


def _pass_step(state: CaseState, event: _Event) -> None:
    state.steps_passed += 1


def _return_step(state: CaseState, event: _Event) -> None:
    state.steps_passed = max(0, state.steps_passed - 1)


def _suspend(state: CaseState, event: _Event) -> None:
    state.suspensions += ((event.at.date(), None),)


def _resume(state: CaseState, event: _Event) -> None:
    *earlier, (first, _) = state.suspensions
    state.suspensions = (*earlier, (first, event.at.date()))


def _extend(state: CaseState, event: _Event) -> None:
    state.extended_days = event.data["days"]


def _grant(state: CaseState, event: _Event) -> None:
    state.decided_at, state.decided_by, state.result = event.at, event.actor.staff, "granted"


def _deny(state: CaseState, event: _Event) -> None:
    state.decided_at, state.decided_by, state.result = event.at, event.actor.staff, "denied"
    state.decision_reason = guards.text(event.data, "reason")


def _conclude(state: CaseState, event: _Event) -> None:
    state.concluded_at, state.concluded_by = event.at, event.actor.staff


def _instant_conclude(state: CaseState, event: _Event) -> None:
    _conclude(state, event)
    state.decided_at, state.decided_by, state.result = event.at, event.actor.staff, "concluded"
    late = guards.same_day(state, event.at.date())
    if late is not None:
        state.warnings += (late,)


def _deliver(state: CaseState, event: _Event) -> None:
    state.delivered_at = event.at
    state.receiver = guards.text(event.data, "receiver")


def _evaluate(state: CaseState, event: _Event) -> None:
    state.evaluations += (event.data,)


def _urge(state: CaseState, event: _Event) -> None:
    state.urges += 1


_APPLY: Final[Mapping[str, Callable[[CaseState, _Event], None]]] = {
    "create": _create,
    "submit_online": _submit,
    "pre_review_pass": _receive,
    "receive": _receive,
    "forward": _forward,
    "correct_on_spot": _correct,
    "notify_supplement": _notify,
    "supply": _supply,
    "accept": _accept,
    "deemed_accept": _deemed_accept,
    "refuse": _refuse,
    "assign": _assign,
    "pass_step": _pass_step,
    "return_step": _return_step,
    "suspend": _suspend,
    "resume": _resume,
    "extend": _extend,
    "grant": _grant,
    "deny": _deny,
    "conclude": _conclude,
    "instant_conclude": _instant_conclude,
    "deliver": _deliver,
    "evaluate": _evaluate,
    "urge": _urge,
}
