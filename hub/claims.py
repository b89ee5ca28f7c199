"""Claims: which examiner holds which case, so that two never work on one. Also the hub's rules of who sees a case.

    desk/claim:<case_no>   one mutable document a case; its revision decides who was first, on one web node or two.
                           It counts in one stage: what the window claimed for acceptance is free for examiners after.
                           And until its term is over, which working on the case puts off: nobody need be waited for

The database `desk` never leaves the hub: who claimed what is work organisation, not part of a case's history.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from hub.healing import Healing
from schemas import tables
from schemas.lifecycle import CaseState
from schemas.problems import N_, DomainError, Problem
from schemas.worklists import place
from station.databases import DESK
from station.house import HouseRules
from station.moment import Clock, read, stamp
from station.register import Register
from station.staff import Staff
from sync.errors import Conflict
from sync.serving import ServedStore

TERM: Final = timedelta(minutes=30)
"""How long a case is in somebody's hands without their doing anything to it."""
FRESH: Final = timedelta(minutes=25)
"""What is left of a term that need not be renewed: a page that is looked at again writes nothing."""
ASSIGNED: Final = timedelta(days=1)
"""The term of a case that a head put into somebody's hands, who may not be at their desk yet."""
HEADS = frozenset({"zone_head", "bureau_head"})
CLAIMANTS = HEADS | {"district_window", "examiner"}


class Claims(HouseRules):
    """Who holds which case."""

    def __init__(self, store: ServedStore, register: Register, clock: Clock) -> None:
        self._store = store
        self._db = store.database(DESK, create=True)
        self._register = register
        self._clock = clock
        self.healing: Healing | None = None
        """Whether the desk is open at all; a hub on a cluster is not put back from a file."""
        self.turn = threading.Lock()
        self.tried: set[str] = set()
        """Under the lock `turn`: cases that somebody at this web node is taking by “next case” right now."""

    def claim(self, state: CaseState, staff: Staff) -> None:
        """Takes the case for the stage it is in; DomainError names who was first. Taking it again renews its term."""
        self._check_place(state, staff)
        kept = self.kept(state.case_no)
        holder = self._holder(kept, state)
        if kept and holder and holder != staff.employee_no:
            raise _taken(kept["name"])
        self._write(state, kept, staff)

    def claim_free(self, state: CaseState, staff: Staff, seen: Mapping[str, Any] | None) -> None:
        """Takes a case that is in nobody's hands, not even their own: who asks for the next case at two windows is not given one twice. `seen`:
        its claim as it was looked at (`kept`), and who claimed since wins. DomainError."""
        self._check_place(state, staff)
        if seen and self._holder(seen, state):
            raise _taken(seen["name"])
        self._write(state, seen, staff, name=False)

    @staticmethod
    def _check_place(state: CaseState, staff: Staff) -> None:
        if (
            not staff.roles & CLAIMANTS
            or not place(state.state).stage
            or state.current_station != staff.station
        ):
            raise DomainError(Problem("claim_not_open", N_("本件现在不由您的岗位办理，不能认领"), {}))

    def assign(self, state: CaseState, head: Staff, to: Staff | None) -> None:
        """A head of the bureau puts the case into somebody's hands, for a day; DomainError says why not."""
        if not head.roles & HEADS or state.current_station != head.station:
            raise DomainError(Problem("assign_who", N_("只有审批区、审批局负责人可以分派本局的件"), {}))
        if to is None or to.station != head.station or not to.roles & CLAIMANTS:
            raise DomainError(Problem("assign_whom", N_("接收人不是本局的窗口或审查人员，请核对工号"), {}))
        if not place(state.state).stage:
            raise DomainError(Problem("assign_over", N_("本件现在没有要在本局办理的环节"), {}))
        kept = self.kept(state.case_no)
        holder = self._holder(kept, state)
        if holder and holder != to.employee_no:
            assert kept is not None
            raise _taken(kept["name"])
        self._write(state, kept, to, term=ASSIGNED)

    def release(self, state: CaseState, staff: Staff) -> None:
        """Puts the case back into the queue: who holds it can, and a head of the bureau whose people are away."""
        kept = self.kept(state.case_no)
        head = bool(staff.roles & HEADS) and state.current_station == staff.station
        holder = self._holder(kept, state)
        if not holder or (holder != staff.employee_no and not head):
            raise DomainError(Problem("claim_not_yours", N_("本件不在您手上，不能放回队列"), {}))
        self._write(state, kept, None, was=holder)

    def working(self, staff: Staff, row: Mapping[str, Any], state: CaseState) -> None:
        if row.get("claimed_by") != staff.employee_no:
            return
        kept = self.kept(state.case_no)
        if (
            kept
            and _of_stage(kept, state)
            and kept["staff"] == staff.employee_no
            and self._left(kept) < FRESH
        ):
            try:
                self._write(state, kept, staff)
            except DomainError:
                return  # somebody took it when its term was over; the step says so

    def kept(self, case_no: str) -> dict[str, Any] | None:
        """The claim of a case as it is kept now, if there is any."""
        return self._db.get(f"claim:{case_no}")

    def holds(self, kept: Mapping[str, Any] | None, stage: str) -> bool:
        """Whether by this claim somebody holds its case in a stage."""
        return bool(kept and kept["staff"] and kept["stage"] == stage and self._left(kept) > timedelta())

    def _write(
        self,
        state: CaseState,
        kept: Mapping[str, Any] | None,
        staff: Staff | None,
        was: str = "",
        term: timedelta = TERM,
        *,
        name: bool = True,
    ) -> None:
        """On top of the very revision that was looked at: whoever came between wins, and is named unless nobody asks by whom."""
        id_, now = f"claim:{state.case_no}", self._clock()
        body = {
            "_id": id_,
            "type": "claim",
            "schema": 1,
            "case": state.case_no,
            "stage": place(state.state).stage,
            "staff": staff.employee_no if staff else "",
            "name": staff.name if staff else "",
            "at": stamp(now),
            "until": stamp(now + term if staff else now),
            **({"was": was} if was else {}),
        }
        try:
            self._db.put({**body, "_rev": kept["_rev"]} if kept else body)
        except Conflict:
            winner = self.kept(state.case_no) if name else None
            raise _taken(winner["name"] if winner else "") from None

    def _holder(self, kept: Mapping[str, Any] | None, state: CaseState) -> str:
        """Employee number of who holds the case now; "" for nobody."""
        return (
            str(kept["staff"]) if kept and _of_stage(kept, state) and self._left(kept) > timedelta() else ""
        )

    def _left(self, kept: Mapping[str, Any]) -> timedelta:
        """What is left of a claim's term; of one from before there were terms, nothing."""
        return read(kept["until"]) - self._clock() if kept.get("until") else timedelta()

    # -- house rules ---------------------------------------------------------------------------------------------

    def may_see(self, staff: Staff, state: CaseState) -> bool:
        """A bureau sees the cases of its district; the city sees all; villages and townships look at their own servers."""
        own, origin = tables.station(staff.station), tables.stations().get(state.origin_station)
        return own.level == "city" or (
            own.level == "district" and origin is not None and origin.district_code == own.district_code
        )

    def claim_needed(self, staff: Staff, row: Mapping[str, Any], state: CaseState) -> bool:
        return (
            bool(staff.roles & CLAIMANTS)
            and state.current_station == staff.station
            and bool(place(state.state).stage)
            and row.get("claimed_by") != staff.employee_no
        )

    def check(self, staff: Staff, state: CaseState) -> None:
        if self.healing is not None:
            self.healing.check()
        if not self.may_see(staff, state):
            raise DomainError(Problem("not_your_district", N_("本件不属于您的辖区"), {}))
        # The claim itself and not the register's row, which may not have heard yet of a claim at another web node.
        kept = self.kept(state.case_no)
        holder = self._holder(kept, state)
        if self.claim_needed(staff, {"claimed_by": holder}, state):
            if kept and holder:
                raise _taken(kept["name"])
            raise DomainError(Problem("claim_first", N_("请先点“由我办理”，再办这一步"), {}))


def _of_stage(kept: Mapping[str, Any], state: CaseState) -> bool:
    """A claim of an earlier stage is void, so that nobody need give a case back."""
    return bool(kept["stage"] == place(state.state).stage)


def _taken(name: str) -> DomainError:
    return DomainError(Problem("claim_taken", N_("{name}已在办理本件"), {"name": name}))
