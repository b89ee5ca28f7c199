"""Liaison with the supervising departments (衔接机制; seed row 50): what a bureau decided on items that were a department's is told to it.

    cases concluded on a department's items, in no list yet ─ push ─> a list ─> received, by whom
                                                                       └──────> a case doubted ─> what became of it

    here/push:<district>:<number>    a list: {"department", "cases": [numbers], "received_by", "doubts": {number: {"text", "answer"}}}

A department has no desk here: the bureau hands over the printed list and writes down what the department said. Keeps; shows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from schemas import tables
from schemas.problems import N_, DomainError, Problem
from station.databases import HERE
from station.fact_rows import Part
from station.moment import Clock, stamp
from station.register import Register
from station.staff import Staff
from sync.errors import Conflict
from sync.serving import ServedStore, starting

PREFIX: Final = "push:"
BACK: Final = timedelta(days=120)
"""How long ago something may have been concluded and still be told: what a village brought late is."""
MOST: Final = 500
"""Cases of one list."""
CHANGED: Final = Problem("push_changed", N_("这份推送单刚被别人改过，请重新打开"))

Push = Mapping[str, Any]


class Liaison:
    """Of one hub."""

    def __init__(self, store: ServedStore, register: Register, clock: Clock) -> None:
        self._here = store.database(HERE, create=True)
        self._register = register
        self._clock = clock

    def all(self, district: str) -> list[Push]:
        """The lists of a district, the newest first."""
        kept = starting(self._here, f"{PREFIX}{district}:").values()
        return sorted(kept, key=lambda each: str(each["_id"]), reverse=True)

    def of(self, district: str, number: str) -> Push | None:
        return self._here.get(f"{PREFIX}{district}:{number}")

    def waiting(self, district: str) -> dict[str, int]:
        """{department: how many concluded cases it has not been told of}, of those with any."""
        self._register.catch_up()
        told = self._told(self.all(district))
        names = {each.department for each in tables.items().values() if each.division_code == district}
        found = {each: len(self._untold(district, each, told.get(each, set()))) for each in sorted(names)}
        return {department: n for department, n in found.items() if n}

    def push(self, staff: Staff, district: str, department: str) -> str:
        """Makes a list of what a department has not been told of, the oldest first; its number. DomainError where there is nothing."""
        self._register.catch_up()
        pushes = self.all(district)
        numbers = self._untold(district, department, self._told(pushes).get(department, set()))[:MOST]
        if not numbers:
            raise DomainError(Problem("nothing_to_push", N_("这个部门没有待推送的办件")))
        number = f"{1 + max((int(str(each['_id']).rpartition(':')[2]) for each in pushes), default=0):06}"
        self._put({
            "_id": f"{PREFIX}{district}:{number}", "type": "push", "schema": 1, "district": district, "department": department,
            "cases": numbers, "at": stamp(self._clock()), "by": staff.employee_no, "doubts": {},
        })  # fmt: skip
        return number

    def receive(self, staff: Staff, push: Push, who: str) -> None:
        """Somebody of the department has it. DomainError where nobody is named, or it was received before."""
        if push.get("received_by"):
            raise DomainError(Problem("push_received", N_("这份推送单已经签收")))
        if not who:
            raise DomainError(Problem("no_receiver", N_("请填写主管部门的签收人")))
        self._put(
            {**push, "received_by": who, "received_at": stamp(self._clock()), "noted_by": staff.employee_no}
        )

    def doubt(self, staff: Staff, push: Push, case_no: str, text: str) -> None:
        """The department doubts a case. DomainError where it is none of the list, was doubted before, or nothing is said."""
        if case_no not in push["cases"] or case_no in push["doubts"]:
            raise DomainError(Problem("no_such_case", N_("请选择单内还没有异议的办件")))
        if not text:
            raise DomainError(Problem("no_doubt", N_("请写明主管部门的异议")))
        said = {"text": text, "at": stamp(self._clock()), "by": staff.employee_no}
        self._put({**push, "doubts": {**push["doubts"], case_no: said}})

    def settle(self, staff: Staff, push: Push, case_no: str, text: str) -> None:
        """What became of it. DomainError where nobody doubts it any more, or nothing is said."""
        doubt = push["doubts"].get(case_no)
        if doubt is None or doubt.get("answer"):
            raise DomainError(Problem("no_open_doubt", N_("这件没有待回复的异议")))
        if not text:
            raise DomainError(Problem("no_settling", N_("请写明核查结果")))
        answer = {"answer": text, "answered_at": stamp(self._clock()), "answered_by": staff.employee_no}
        self._put({**push, "doubts": {**push["doubts"], case_no: {**doubt, **answer}}})

    @staticmethod
    def _told(pushes: list[Push]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for push in pushes:
            found.setdefault(push["department"], set()).update(push["cases"])
        return found

    def _untold(self, district: str, department: str, told: set[str]) -> list[str]:
        where, args = Part(district=district, level="district", department=department).where()
        first = (self._clock().date() - BACK).isoformat()
        concluded = self._register.facts.cases(
            f"concluded_on >= ? AND {where}", [first, *args], "concluded_on", -1
        )
        return [each for each in concluded if each not in told]

    def _put(self, push: Push) -> None:
        try:
            self._here.put(push)
        except Conflict:
            raise DomainError(CHANGED) from None


def open_doubts(push: Push) -> int:
    """How many doubts wait for an answer."""
    return sum(not each.get("answer") for each in push["doubts"].values())
