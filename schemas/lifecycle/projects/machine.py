"""The project machine: what the table's words mean for a project: who leads it, which departments take part.

Here is only what roles and provisos mean; how the table is asked is lifecycle.machine, what an event asks of
project and form is guards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.lifecycle.machine import Guard, Meaning, Role, StateMachine, no_proviso
from schemas.lifecycle.permissions import ALL, BUREAU
from schemas.lifecycle.projects.guards import FILLED, READY, TIMELY, ProjectAsk
from schemas.lifecycle.projects.state import ProjectState
from schemas.lifecycle.projects.words import EVENT_NAMES, STATE_NAMES
from schemas.problems import N_, Problem
from schemas.tables import Station, ancestors


def _anything(state: ProjectState, station: Station) -> bool:
    return True


def _leads(state: ProjectState, station: Station) -> bool:
    return state.home == station.code


def _leads_or_above(state: ProjectState, station: Station) -> bool:
    return _leads(state, station) or station.code in ancestors(state.home)


def _takes_part(state: ProjectState, station: Station) -> bool:
    return any(each.station == station.code for each in state.sub_items)


ROLES: Final[Mapping[str, Role[ProjectState]]] = {
    "vip_agent": Role(BUREAU, _leads),
    "district_window": Role(frozenset({"district"}), _leads),
    "lead_department": Role(BUREAU, _leads),
    "lead_window": Role(BUREAU, _leads),
    "examiner": Role(BUREAU, _takes_part),
    "government_head": Role(BUREAU, _leads),  # of the level that leads: a county's for a county's project
    "owner": Role(ALL, _anything),
    "system": Role(BUREAU, _leads_or_above),
}
"""The roles of the project machine (domain.md §3)."""


def _of_a_department(ask: ProjectAsk) -> Problem | None:
    """Somebody who belongs to a department speaks only for one of the plan's; for which, the form tells."""
    mine = ask.actor.department
    if mine and mine not in {each.department for each in ask.state.sub_items}:
        return Problem("other_department", N_("本部门不参与本项目的审批"))
    return None


QUALIFIERS: Final[Mapping[str, Guard[ProjectState]]] = {
    "": no_proviso,
    "only": no_proviso,
    "of each department": _of_a_department,
}

MACHINE: Final = StateMachine(
    Meaning(
        machine="project",
        nothing=ProjectState(),
        state_names=STATE_NAMES,
        event_names=EVENT_NAMES,
        not_open=N_("项目尚未登记，不能“{event}”"),
        wrong_state=N_("项目现为“{state}”，不能“{event}”"),
        not_yours=N_("本项目不归本单位办理"),
        roles=ROLES,
        qualifiers=QUALIFIERS,
        ready=READY,
        filled=FILLED,
        timely=TIMELY,
    )
)
