"""Projects approved in parallel (并联审批): from a filled form to events of a project that are durable, and the cases of its approvals with them.
The same rules are asked here, inside the write transaction, as when the events are folded. Holds no rule of its own: who may do what is
schemas.lifecycle.projects, how it is kept is sync.ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas import lifecycle, numbers, tables
from schemas.lifecycle import Actor, projects
from schemas.lifecycle.projects import ProjectState
from schemas.problems import N_, DomainError, Problem
from station.casework import Application, Casework
from station.databases import of_case, of_station
from station.identity import Identity
from station.moment import Clock, stamp
from station.numbering import next_number
from station.register import Register
from station.staff import Staff
from sync.ledger import EventLedger, LedgerTxn

AS: Final[Mapping[str, frozenset[str]]] = {
    "district_window": frozenset({"vip_agent", "lead_window", "owner", "system"}), "zone_head": frozenset({"lead_department", "examiner"}),
    "bureau_head": frozenset({"lead_department", "government_head"}),
}  # fmt: skip
"""What a bureau's people are in a project besides what they are: its window speaks for the owner who stands at it and dispatches for the program."""


class Projects:
    """Opens and moves projects on one hub."""

    def __init__(
        self, ledger: EventLedger, register: Register, casework: Casework, identity: Identity, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._register = register
        self._casework = casework
        self._identity = identity
        self._clock = clock

    def project(self, project_no: str) -> ProjectState | None:
        """The project as its events tell it, or None where no event of it is here."""
        self._register.catch_up()
        return self._register.project(project_no)

    def choices(self, state: ProjectState, staff: Staff) -> tuple[lifecycle.Choice, ...]:
        """What this person could do with the project now, and why the rest is not open to them."""
        return projects.choices(state, actor_of(staff), self._clock(), self._register.catalogue())

    def open(self, staff: Staff, form: str, data: Mapping[str, Any]) -> str:
        """Opens a project; its number, the same one for a form that was sent before. DomainError says what to mend."""
        project_no = ""

        def build(txn: LedgerTxn) -> list[dict[str, Any]]:
            nonlocal project_no
            self._register.catch_up(must=True)
            project_no = self._register.projects.of_form(form) or ""
            if project_no:
                return []
            project_no = self._new_no(txn, staff.station)
            said = {**data, "form": form, "query_code": self._casework.query_code()}
            return [self._event(project_no, None, staff, "open", said)]

        self._ledger.append(of_station(staff.station), build)
        return project_no

    def act(self, project_no: str, staff: Staff, event: str, data: Mapping[str, Any]) -> None:
        """Does one step; DomainError where it is not allowed, and nothing is done."""

        def build(_txn: LedgerTxn) -> list[dict[str, Any]]:
            return [self._event(project_no, self._state(project_no), staff, event, data)]

        self._ledger.append(of_case(project_no), build)

    def dispatch(self, project_no: str, staff: Staff, items: Sequence[str]) -> None:
        """Opens the cases of these approvals and hands them on, all or none. Raises DomainError."""

        def build(txn: LedgerTxn) -> list[dict[str, Any]]:
            state = self._state(project_no)
            applications = [self._application(state, item) for item in items]
            cases, events = self._casework.of_project(txn, staff, project_no, applications)
            return [*events, self._event(project_no, state, staff, "dispatch", {"cases": cases})]

        self._ledger.append(of_case(project_no), build)

    def _state(self, project_no: str) -> ProjectState:
        self._register.catch_up(must=True)
        state = self._register.project(project_no)
        if state is None:
            text = N_("没有这个项目：{project_no}")
            raise DomainError(Problem("project_unknown", text, {"project_no": project_no}))
        return state

    def _application(self, state: ProjectState, item: str) -> Application:
        """One form and one set of materials for all (一表、一套材料): what the joint acceptance found complete is handed in for each."""
        owner, opened = state.owner or {}, state.timeline[0].event["data"]
        token = hashlib.sha256(f"{state.project}:{item}".encode()).hexdigest()[:32]
        lines = self._casework.in_force(self._clock().date()).materials(item)
        return Application(
            token, item, str(owner.get("name", "")), str(owner.get("id_type", "")), str(owner.get("id_no", "")), str(opened.get("phone", "")),
            str(opened.get("address", "")), frozenset(each.seq for each in lines if each.required), True,
        )  # fmt: skip

    def _event(
        self, project_no: str, state: ProjectState | None, staff: Staff, event: str, data: Mapping[str, Any]
    ) -> dict[str, Any]:
        actor, at, book = actor_of(staff), self._clock(), self._register.catalogue()
        problem = projects.problem(state, event, actor, data, at, book)
        if problem is not None:
            raise DomainError(problem)
        role = projects.acting_role(state, event, actor, book)
        return {
            "type": "project_event", "schema": 1, "project": project_no, "event": event,
            "seen": self._register.seen(of_case(project_no)), "lamport": (state.lamport if state else 0) + 1,
            "at": stamp(at), "station": staff.station,
            "actor": {"staff": staff.employee_no, "name": staff.name, "role": role or ""}, "data": dict(data),
        }  # fmt: skip

    def _new_no(self, txn: LedgerTxn, station: str) -> str:
        return next_number(
            txn, "project", station, self._clock().date(), self._ledger.epoch, self._identity, numbers.project_no,
            lambda number: bool(self._register.projects.count("project_no = ?", (number,))),
        )  # fmt: skip


def actor_of(staff: Staff) -> Actor:
    """The member of staff as the rules of projects see them."""
    roles = staff.roles.union(*(AS.get(role, frozenset()) for role in staff.roles))
    return Actor(tables.station(staff.station), roles, staff.employee_no)
