"""From an errand's events to its state and clocks (domain.md §3).

    request   assign    collect      lodge             (case)         fetch_result   hand_over
      |- 1 wd -|           |-- 1 wd --|   the case's own clocks govern     |--- 2 wd ---|
                                          notice of supplement ─ 1 wd ─> relay_supplement, then lodge again

The case is folded elsewhere and handed in. Lodging is recorded on the agent's laptop, with or without a network, so
its day is a working day like any other. A pure function of the events of the errand and of its case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from schemas.catalogue import Catalogue
from schemas.lifecycle import limits
from schemas.lifecycle.clocks import Dues
from schemas.lifecycle.errands.machine import MACHINE
from schemas.lifecycle.errands.state import ErrandState
from schemas.lifecycle.folding import Folder
from schemas.lifecycle.forms import day, mappings, text
from schemas.lifecycle.reading import Event, Kind
from schemas.lifecycle.state import CaseState, Document
from schemas.workdays import Calendar


def fold(
    events: Iterable[Document],
    calendar: Calendar,
    cases: Mapping[str, CaseState] | None = None,
    catalogue: Catalogue | None = None,
) -> ErrandState:
    """What these events of one errand add up to.

    events  errand_event documents: the envelope of reading with "errand" in place of "case"
    cases   folded cases by number: the one lodged, or those that might be, as far as they are known here
    """
    state, about = _FOLDER.fold(events, catalogue, ErrandState(cases=dict(cases or {})))
    state.errand = about
    _set_dues(state, calendar)
    return state


# --- what each event does ---------------------------------------------------------------------------------


def _request(state: ErrandState, event: Event) -> None:
    data = event.data
    state.kind, state.applicant = text(data, "kind"), data["applicant"]
    state.phone, state.address, state.item = text(data, "phone"), text(data, "address"), text(data, "item")
    state.entrusted_by = text(data, "entrusted_by")
    if data.get("green_channel") is True:
        state.green_reason, state.green_approved_by = (
            text(data, "green_reason"),
            text(data, "green_approved_by"),
        )
    state.home = event.actor.station.code
    state.requested_at, state.requested_by = event.at, event.actor.staff


def _assign(state: ErrandState, event: Event) -> None:
    state.assigned_at, state.agent = event.at, text(event.data, "agent")
    state.visit_on, state.visit_slot = day(event.data, "visit_on"), text(event.data, "visit_slot")


def _decline(state: ErrandState, event: Event) -> None:
    state.ended_at = event.at
    state.reason, state.other_way = text(event.data, "reason"), text(event.data, "other_way")


def _take(state: ErrandState, event: Event) -> None:
    lines = mappings(event.data, "materials")
    state.materials += lines
    state.originals += tuple(text(line, "name") for line in lines if line["original"])


def _collect(state: ErrandState, event: Event) -> None:
    _take(state, event)
    state.collected_at, state.submit_from = event.at, event.at.date()
    state.entrusted_by = state.entrusted_by or text(event.data, "entrusted_by")


def _lodge(state: ErrandState, event: Event) -> None:
    _take(state, event)
    state.lodged_at, state.case = event.at, text(event.data, "case")


def _relay(state: ErrandState, event: Event) -> None:
    """From here on it is the applicant who is waited for."""
    state.relayed_at, state.submit_from = event.at, None


def _fetch(state: ErrandState, event: Event) -> None:
    state.fetched_at = event.at


def _hand_over(state: ErrandState, event: Event) -> None:
    state.ended_at, state.receiver, state.originals = event.at, text(event.data, "receiver"), ()


def _cancel(state: ErrandState, event: Event) -> None:
    state.ended_at, state.originals = event.at, ()


_FOLDER: Final = Folder(
    MACHINE,
    Kind("errand_event", "errand", "request"),
    ErrandState,
    {
        "request": _request,
        "assign": _assign,
        "decline": _decline,
        "collect": _collect,
        "lodge": _lodge,
        "relay_supplement": _relay,
        "fetch_result": _fetch,
        "hand_over": _hand_over,
        "cancel": _cancel,
    },
)


# --- clocks -----------------------------------------------------------------------------------------------


def _set_dues(state: ErrandState, calendar: Calendar) -> None:
    dues = Dues(calendar)
    if state.requested_at is not None:
        state.response_due = dues.after(state.requested_at.date(), limits.ERRAND_RESPONSE)
    if state.submit_from is not None:
        state.submit_due = dues.after(state.submit_from, limits.ERRAND_SUBMIT)
    if state.fetched_at is not None:
        state.hand_over_due = dues.after(state.fetched_at.date(), limits.ERRAND_HAND_OVER)
    case = state.cases.get(state.case)
    if case is not None and case.supplement_asked_at is not None:
        state.told_due = dues.after(case.supplement_asked_at.date(), limits.ERRAND_TOLD)
    waiting = case is not None and case.state == "supplementing"
    running = {
        "requested": state.response_due,
        "collected": state.submit_due,
        "lodged": state.told_due if waiting else None,
        "result_held": state.hand_over_due,
    }
    state.due = running.get(state.state)
    state.warnings += dues.gaps
