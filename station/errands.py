"""Errandwork (代办): from a filled form to events of an errand that are durable. The same rules are asked here, inside the write
transaction, as when the events are folded. Holds no rule of its own: who may do what is schemas.lifecycle.errands, how it is
kept is sync.ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas import lifecycle, numbers, tables
from schemas.lifecycle import Actor, errands
from schemas.lifecycle.errands import ErrandState
from schemas.problems import N_, DomainError, Problem
from station.databases import of_case, of_station
from station.identity import Identity
from station.moment import Clock, stamp
from station.numbering import next_document_no, next_number
from station.register import Register
from station.staff import Staff
from sync.ledger import EventLedger, LedgerTxn

# The list of what an agent took from an applicant is signed by both, and so it has a number (材料交接单).
HANDOVER: Final = "交"
WINDOW: Final = frozenset({"village_clerk", "township_window", "city_window", "district_window"})


class Errands:
    """Takes in and moves errands on one server."""

    def __init__(
        self,
        ledger: EventLedger,
        register: Register,
        identity: Identity,
        *,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._register = register
        self._identity = identity
        self._clock = clock

    def errand(self, errand_no: str) -> ErrandState | None:
        """The errand as its events tell it, or None where no event of it is here."""
        self._register.catch_up()
        return self._register.errand(errand_no)

    def choices(self, state: ErrandState, staff: Staff) -> tuple[lifecycle.Choice, ...]:
        """What this person could do with the errand now, and why the rest is not open to them."""
        return errands.choices(state, actor_of(staff), self._clock(), self._register.catalogue())

    def request(self, staff: Staff, form: str, data: Mapping[str, Any]) -> str:
        """Takes an errand in; its number, the same one for a form that was sent before. DomainError says what to mend."""
        errand_no = ""

        def build(txn: LedgerTxn) -> list[dict[str, Any]]:
            nonlocal errand_no
            self._register.catch_up(must=True)
            errand_no = self._register.errands.of_form(form) or ""
            if errand_no:
                return []
            errand_no = self._new_no(txn, staff.station)
            return [self._event(txn, errand_no, None, staff, "request", {**data, "form": form})]

        self._ledger.append(of_station(staff.station), build)
        return errand_no

    def act(self, errand_no: str, staff: Staff, event: str, data: Mapping[str, Any]) -> None:
        """Does one step; DomainError where it is not allowed, and nothing is done."""

        def build(txn: LedgerTxn) -> list[dict[str, Any]]:
            self._register.catch_up(must=True)
            case_no = data.get("case")
            state = self._register.errand(errand_no, *([case_no] if isinstance(case_no, str) else []))
            if state is None:
                text = N_("没有这个代办：{errand_no}")
                raise DomainError(Problem("errand_unknown", text, {"errand_no": errand_no}))
            return [self._event(txn, errand_no, state, staff, event, data)]

        self._ledger.append(of_case(errand_no), build)

    def _event(
        self,
        txn: LedgerTxn,
        errand_no: str,
        state: ErrandState | None,
        staff: Staff,
        event: str,
        data: Mapping[str, Any],
    ) -> dict[str, Any]:
        actor, at = actor_of(staff), self._clock()
        book = self._register.catalogue()
        problem = errands.problem(state, event, actor, data, at, book)
        if problem is not None:
            raise DomainError(problem)
        role = errands.acting_role(state, event, actor, book)
        said = dict(data)
        if event == "collect" and said.get("materials"):
            said["document_no"] = next_document_no(txn, self._register, HANDOVER, staff.station, at.year)
        return {
            "type": "errand_event", "schema": 1, "errand": errand_no, "event": event,
            "seen": self._register.seen(of_case(errand_no)), "lamport": (state.lamport if state else 0) + 1,
            "at": stamp(at), "station": staff.station,
            "actor": {"staff": staff.employee_no, "name": staff.name, "role": role or ""}, "data": said,
        }  # fmt: skip

    def _new_no(self, txn: LedgerTxn, station: str) -> str:
        return next_number(
            txn, "errand", station, self._clock().date(), self._ledger.epoch, self._identity, numbers.errand_no,
            lambda number: bool(self._register.errands.count("errand_no = ?", (number,))),
        )  # fmt: skip


def actor_of(staff: Staff) -> Actor:
    """The member of staff as the rules of errands see them. Whoever is sent is the agent of that errand; and what applicants
    ask for by telephone or at the counter, who serves them enters."""
    roles = staff.roles | {"agent"}
    if staff.roles & WINDOW:
        roles |= {"applicant"}
    return Actor(tables.station(staff.station), roles, staff.employee_no)
