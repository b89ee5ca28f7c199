"""What each event does to a case. One that only moves the case to another state has no entry.

An event comes here after the machine has allowed it, so its form holds what guards ask. Nothing is allowed or
refused here, and no due date is computed: that is clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from schemas.catalogue import Catalogue
from schemas.lifecycle.forms import file_lines, material_lines, text, texts
from schemas.lifecycle.guards import same_day
from schemas.lifecycle.permissions import CLERKS
from schemas.lifecycle.reading import Event
from schemas.lifecycle.state import CaseState, Occasion
from schemas.problems import N_, Problem
from schemas.tables import station

_AWAY: Final = frozenset({"2", "3", "4"})
"""Channels that need no visit: computer, telephone, courier (GB/T 39046 A.5)."""


def opened(state: CaseState, catalogue: Catalogue) -> None:
    """Who decides the item, once a case is open: by the day it was opened, whatever is transferred later."""
    assert state.item is not None and state.created_at is not None
    item = catalogue.item(state.item["code"], state.item.get("version"))
    made = (
        None
        if item is None
        else catalogue.offer(item, station(state.origin_station), state.created_at.date())
    )
    state.decider = "" if made is None else made.decided_at


def occasion(state: CaseState, event: Event) -> Occasion | None:
    """The visit that an event was, None if the applicant did not have to come for it.

    A visit is one station on one day: papers handed in (receive, supply) and the result taken (deliver) over
    one counter on one day are one visit, at two counters two. None is what the applicant did themselves
    online, what a courier carried, what came through a channel without a counter, what an agent did in an
    errand, and where the event says "visit": false (a clerk who went to the applicant's home). Withdrawing,
    rating and asking are not counted: nobody had to come for them.
    """
    if event.actor.roles.isdisjoint(CLERKS) or state.errand or event.data.get("visit") is False:
        return None
    if (text(event.data, "channel") or (state.channel if event.event == "receive" else "")) in _AWAY:
        return None
    return Occasion(event.actor.station.code, event.at.date())


def _visit(state: CaseState, event: Event) -> None:
    found = occasion(state, event)
    if found is not None and found not in state.occasions:
        state.occasions += (found,)


def _create(state: CaseState, event: Event) -> None:
    data, here = event.data, event.actor.station.code
    state.item, state.applicant = data["item"], data["applicant"]
    state.phone, state.address = text(data, "phone"), text(data, "address")
    state.form, state.channel = text(data, "form"), text(data, "channel")
    state.origin_station = state.current_station = here
    state.project, state.errand = text(data, "project"), text(data, "errand")
    state.created_at, state.created_by = event.at, event.actor.staff
    if "on_paper" in data:
        state.warnings += (_from_paper(event),)


def _from_paper(event: Event) -> Problem:
    """What whoever looks at the case should know: its days are the ledger's, and nobody saw them pass."""
    paper = event.data.get("paper")
    no = paper.get("no") if isinstance(paper, Mapping) else None
    params = {"no": no if isinstance(no, str) else "", "day": str(event.doc["at"])[:10]}
    return Problem("from_paper", N_("本件由纸质台账（编号 {no}）补录，{day} 录入；各日期以台账为准"), params)


def _receive(state: CaseState, event: Event) -> None:
    state.received_at = state.acceptance_from = event.at
    state.materials = material_lines(event.data) or state.materials
    state.query_code = text(event.data, "query_code")


def _receive_here(state: CaseState, event: Event) -> None:
    _receive(state, event)
    _visit(state, event)


def _submit(state: CaseState, event: Event) -> None:
    state.submitted_at = event.at
    state.materials = material_lines(event.data)
    state.query_code = text(event.data, "query_code") or state.query_code


def _forward(state: CaseState, event: Event) -> None:
    state.current_station = event.data["to"]


def _correct(state: CaseState, event: Event) -> None:
    changes = event.data["changes"]
    state.applicant = changes.get("applicant", state.applicant)
    state.phone = changes.get("phone", state.phone)
    state.address = changes.get("address", state.address)


def _notify(state: CaseState, event: Event) -> None:
    state.supplement_asked_at = event.at
    state.supplement_gaps = texts(event.data, "gaps")
    state.supplements += 1
    state.acceptance_from = None  # (7) the clock stops, and starts anew with the supplements


def _supply(state: CaseState, event: Event) -> None:
    state.materials = material_lines(event.data)
    state.acceptance_from = event.at
    _visit(state, event)


def _attach(state: CaseState, event: Event) -> None:
    """The same file for the same material counts once, whoever brought it."""
    there = {(each["material"], each["sha256"]) for each in state.files if "detached_at" not in each}
    for line in file_lines(event.data):
        if (line["material"], line["sha256"]) not in there:
            state.files += ({**line, "at": event.at, "station": event.actor.station.code},)


def _detach(state: CaseState, event: Event) -> None:
    """It counts no more, and stays where it was: what was seen of the case before stays to be seen."""
    named = event.data["material"], event.data["sha256"]
    marks = {"detached_at": event.at, "detached_why": text(event.data, "reason")}
    state.files = tuple(
        {**each, **marks}
        if (each["material"], each["sha256"]) == named and "detached_at" not in each
        else each
        for each in state.files
    )


def _accept(state: CaseState, event: Event) -> None:
    state.accepted_at, state.accepted_by = event.at, event.actor.staff
    state.clock_from = event.at.date()


def _deemed_accept(state: CaseState, event: Event) -> None:
    _accept(state, event)
    if state.acceptance_from is not None:  # (8) art. 32(4): accepted from the day of receipt
        state.clock_from = state.acceptance_from.date()
    state.deemed_accepted = True


def _end(state: CaseState, event: Event) -> None:
    state.ended_at = event.at


def _refuse(state: CaseState, event: Event) -> None:
    _end(state, event)
    state.decision_reason = text(event.data, "reason")


def _assign(state: CaseState, event: Event) -> None:
    state.assigned_to = text(event.data, "to")


def _pass_step(state: CaseState, event: Event) -> None:
    state.steps_passed += 1


def _return_step(state: CaseState, event: Event) -> None:
    state.steps_passed = max(0, state.steps_passed - 1)


def _suspend(state: CaseState, event: Event) -> None:
    state.suspensions += ((event.at.date(), None),)


def _resume(state: CaseState, event: Event) -> None:
    *earlier, (first, _) = state.suspensions
    state.suspensions = (*earlier, (first, event.at.date()))


def _extend(state: CaseState, event: Event) -> None:
    state.extended_days = event.data["days"]


def _decide(state: CaseState, event: Event, result: str) -> None:
    _end(state, event)
    state.decided_at, state.decided_by, state.result = event.at, event.actor.staff, result


def _grant(state: CaseState, event: Event) -> None:
    _decide(state, event, "granted")


def _deny(state: CaseState, event: Event) -> None:
    _decide(state, event, "denied")
    state.decision_reason = text(event.data, "reason")


def _conclude(state: CaseState, event: Event) -> None:
    state.concluded_at, state.concluded_by = event.at, event.actor.staff


def _instant_conclude(state: CaseState, event: Event) -> None:
    _conclude(state, event)
    _decide(state, event, "concluded")
    late = same_day(state, event.at.date())
    if late is not None:
        state.warnings += (late,)


def _deliver(state: CaseState, event: Event) -> None:
    state.delivered_at = event.at
    state.receiver = text(event.data, "receiver")
    _visit(state, event)


def _evaluate(state: CaseState, event: Event) -> None:
    if not state.evaluations:
        state.rated_at = event.at
    state.evaluations += (event.data,)


def _urge(state: CaseState, event: Event) -> None:
    state.urges += 1


EFFECTS: Final[Mapping[str, Callable[[CaseState, Event], None]]] = {
    "create": _create,
    "submit_online": _submit,
    "pre_review_pass": _receive,
    "receive": _receive_here,
    "forward": _forward,
    "correct_on_spot": _correct,
    "notify_supplement": _notify,
    "supply": _supply,
    "attach": _attach,
    "detach": _detach,
    "lapse": _end,
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
    "submit_upward": _end,
    "conclude": _conclude,
    "instant_conclude": _instant_conclude,
    "deliver": _deliver,
    "withdraw": _end,
    "void": _end,
    "evaluate": _evaluate,
    "urge": _urge,
}
