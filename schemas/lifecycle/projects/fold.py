"""From a project's events to its state and its joint clock (domain.md §3; Licensing Law art. 42).

    accept_jointly                                                       conclude
      |--------------- joint: the plan's promise, 45 wd at most ------------|
            |- sub-item 1: min(own promise, joint due) -|
            |- sub-item 2 ---------|          |---------|
                                   |  stands  |  its case is suspended
                                      ^ the joint clock stands only where the project and every open sub-item do

The cases of the sub-items are folded elsewhere and handed in; one that is not known here counts as running. A
pure function of the events of the project and of its cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from schemas.catalogue import Catalogue
from schemas.lifecycle import limits
from schemas.lifecycle.clocks import Dues, Stretch
from schemas.lifecycle.folding import Folder
from schemas.lifecycle.forms import mappings, material_lines, text, texts
from schemas.lifecycle.projects.guards import outcome_of
from schemas.lifecycle.projects.machine import MACHINE
from schemas.lifecycle.projects.state import ProjectState, SubItem
from schemas.lifecycle.reading import Event, Kind
from schemas.lifecycle.state import CaseState, Document
from schemas.workdays import Calendar


def fold(
    events: Iterable[Document],
    calendar: Calendar,
    cases: Mapping[str, CaseState] | None = None,
    catalogue: Catalogue | None = None,
) -> ProjectState:
    """What these events of one project add up to.

    events     project_event documents: the envelope of reading with "project" in place of "case"
    cases      the folded cases of its sub-items by number, as far as they are known here
    """
    state, about = _FOLDER.fold(events, catalogue, ProjectState(cases=dict(cases or {})))
    state.project = about
    _set_dues(state, calendar)
    return state


# --- what each event does ---------------------------------------------------------------------------------


def _open(state: ProjectState, event: Event) -> None:
    data = event.data
    state.name, state.owner = text(data, "name"), data["owner"]
    state.project_code, state.vip = text(data, "project_code"), data.get("vip") is True
    state.lead_department, state.lead_officer = text(data, "lead_department"), text(data, "lead_officer")
    state.home = event.actor.station.code
    state.opened_at, state.opened_by = event.at, event.actor.staff


def _plan(state: ProjectState, event: Event) -> None:
    state.planned_at = event.at
    state.sub_items = tuple(
        SubItem(
            text(line, "item"),
            text(line, "department"),
            line.get("station", state.home),
            line["stage"],
            line["promised_days"],
        )
        for line in mappings(event.data, "sub_items")
    )
    state.promised_days = event.data["promised_days"]
    state.shared_materials = texts(event.data, "materials")


def _accept(state: ProjectState, event: Event) -> None:
    state.accepted_at = event.at
    state.materials = material_lines(event.data)


def _change(state: ProjectState, change: Callable[[SubItem], SubItem]) -> None:
    state.sub_items = tuple(change(each) for each in state.sub_items)


def _dispatch(state: ProjectState, event: Event) -> None:
    _change(state, lambda each: replace(each, case=event.data["cases"].get(each.item, each.case)))


def _opinion(state: ProjectState, event: Event) -> None:
    _change(
        state,
        lambda each: (
            replace(each, opinions=(*each.opinions, event.data)) if each.item == event.data["item"] else each
        ),
    )


def _supplement(state: ProjectState, event: Event) -> None:
    state.supplement_asked_at = event.at
    state.supplement_gaps = mappings(event.data, "gaps")


def _suspend(state: ProjectState, event: Event) -> None:
    state.suspensions += ((event.at.date(), None),)


def _resume(state: ProjectState, event: Event) -> None:
    *earlier, (first, _) = state.suspensions
    state.suspensions = (*earlier, (first, event.at.date()))


def _extend(state: ProjectState, event: Event) -> None:
    state.extended_days = event.data["days"]


def _conclude(state: ProjectState, event: Event) -> None:
    state.concluded_at = state.ended_at = event.at
    _change(state, lambda each: replace(each, outcome=text(event.data["outcomes"], each.item)))


def _stop(state: ProjectState, event: Event) -> None:
    state.ended_at, state.stop_reason = event.at, text(event.data, "reason")


_FOLDER: Final = Folder(
    MACHINE,
    Kind("project_event", "project", "open"),
    ProjectState,
    {
        "open": _open,
        "plan": _plan,
        "accept_jointly": _accept,
        "dispatch": _dispatch,
        "opinion": _opinion,
        "request_supplement": _supplement,
        "suspend": _suspend,
        "resume": _resume,
        "extend": _extend,
        "conclude": _conclude,
        "stop": _stop,
    },
)


# --- the joint clock --------------------------------------------------------------------------------------


def _set_dues(state: ProjectState, calendar: Calendar) -> None:
    if state.accepted_at is None:
        return
    dues, start = Dues(calendar), state.accepted_at.date()
    stopped = dues.count(*_stands_still(state, start, None))
    if stopped is not None:
        state.stopped_days = stopped
        shift = stopped + state.extended_days
        state.joint_due = dues.after(start, state.promised_days + shift)
        state.joint_legal_due = dues.after(start, limits.JOINT + shift)
    if state.ended_at is not None:
        end = state.ended_at.date()
        spent, stood = dues.count((start, end)), dues.count(*_stands_still(state, start, end))
        state.used_days = None if spent is None or stood is None else spent - stood
    _change(state, lambda each: replace(each, due=_sub_due(state, each, dues, start)))
    state.due = state.joint_due if state.state == "in_progress" else None
    state.warnings += dues.gaps


def _sub_due(state: ProjectState, each: SubItem, dues: Dues, start: date) -> date | None:
    """min(own promise, joint due); the own promise as its case has it, where that is known."""
    case = state.cases.get(each.case)
    own = dues.after(start, each.promised_days) if case is None else case.promise_due
    return min((due for due in (own, state.joint_due) if due is not None), default=None)


def _stands_still(state: ProjectState, start: date, end: date | None) -> list[Stretch]:
    """The stretches in which the project was suspended and so was every open sub-item, at least one being open.

    end  None: only special procedures of the project that have ended, as for a case's dues
    """
    cases = [state.cases.get(each.case) for each in state.sub_items if each.case]
    if not cases or None in cases:
        return []
    known = [case for case in cases if case is not None]
    closed = [case.ended_at.date() if outcome_of(case) and case.ended_at else date.max for case in known]
    found = _joined(state.suspensions, start, min(end or date.max, max(closed)), ended=end is None)
    for case, closed_on in zip(known, closed, strict=True):
        stood = _joined(case.suspensions, start, closed_on, ended=False)
        if closed_on < date.max:
            stood.append((closed_on, date.max))
        found = [
            (max(first, begin), min(last, until))
            for first, last in found
            for begin, until in stood
            if max(first, begin) < min(last, until)
        ]
    return found


def _joined(
    procedures: Iterable[tuple[date, date | None]], start: date, end: date, *, ended: bool
) -> list[Stretch]:
    """Special procedures between two days without overlap, whatever the clocks said; `ended`: only those that
    have."""
    found, edge = [], start
    for first, last in sorted(procedures, key=lambda each: each[0]):
        if last is None and ended:
            continue
        begin, until = max(first, edge), min(last or end, end)
        if begin < until:
            found.append((begin, until))
            edge = until
    return found
