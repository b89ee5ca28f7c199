"""A small world of cases for the tests of the lifecycle: places, people, filled forms, and events as stations
write them. Times are Chinese; a history is a list of event documents.
"""

from __future__ import annotations

import copy
import csv
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from importlib import resources
from typing import Any, Self

from schemas import numbers, tables
from schemas.lifecycle import FINAL, NEW, Actor, CaseState, case_item, fold, problem
from schemas.problems import Problem
from schemas.tables import Item
from schemas.workdays import Calendar, calendar

HUB = "510900000000"
BUREAU = "510903000000"
TOWNSHIP = "510903001000"
VILLAGE = "510903001001"
NEIGHBOUR = "510903001002"
ELSEWHERE = next(
    s.code for s in tables.stations().values() if s.district_code == "510922" and s.level == "village"
)

ID_NO = "11010519491231002X"
CASE = numbers.case_no(VILLAGE, date(2018, 2, 9), 7)
NOON = "2018-02-09T12:00:00+08:00"


def an_item(**wanted: object) -> Item:
    """The first catalogue item that has these values."""
    return next(
        item
        for item in tables.items().values()
        if all(getattr(item, key) == value for key, value in wanted.items())
    )


def permit() -> Item:
    """A licence the pilot bureau decides, not instant: L=20, P=3."""
    return an_item(
        level="district",
        division_code="510903",
        instant=False,
        category_code="01",
        legal_days=20,
        promised_days=3,
    )


def village_item() -> Item:
    return an_item(village_mode="direct", instant=True)


def township_item() -> Item:
    return an_item(village_mode="agency", township_mode="direct", instant=True)


def lines(*got: bool) -> list[dict[str, Any]]:
    return [
        {"seq": i, "name": f"材料{i}", "required": True, "got": each, "mode": "copy"}
        for i, each in enumerate(got, 1)
    ]


def a_file(**change: object) -> dict[str, Any]:
    """A scan of the first material."""
    return {
        "material": 1,
        "name": "身份证.jpg",
        "media_type": "image/jpeg",
        "size": 40_000,
        "sha256": "0" * 64,
        "index": ["1" * 64],
        **change,
    }


def forms(item: Item) -> dict[str, dict[str, Any]]:
    """For each event a form filled as it should be."""
    return {
        "create": {
            "item": case_item(item),
            "applicant": {"name": "张三丰", "id_type": "111", "id_no": ID_NO},
            "phone": "13800000000",
            "address": "船山区",
            "channel": "1",
            "form": "0" * 32,
        },
        "discard": {},
        "submit_online": {"materials": lines(True)},
        "pre_review_pass": {"query_code": "123456"},
        "pre_review_return": {"reason": "照片不清", "gaps": ["申请表"]},
        "receive": {"materials": lines(True, True), "privacy_notice": True, "query_code": "123456"},
        "forward": {"to": BUREAU},
        "correct_on_spot": {"changes": {"phone": "13900000000"}},
        "notify_supplement": {"gaps": ["营业执照"]},
        "supply": {"materials": lines(True, True)},
        "attach": {"files": [a_file()]},
        "detach": {"material": 1, "sha256": "0" * 64, "reason": "扫错了人"},
        "lapse": {},
        "deemed_accept": {},
        "accept": {},
        "refuse": {"reason_code": "not_competent", "reason": "本事项由水务部门办理，请向其申请"},
        "instant_conclude": {"result": "已办理"},
        "assign": {"to": "E2"},
        "pass_step": {"opinion": "符合条件"},
        "return_step": {"reason": "现场核查记录不全"},
        "suspend": {"kind": "hearing", "days": 5, "approved_by": "E3"},
        "resume": {"result": "听证结束"},
        "extend": {"days": 10, "reason": "案情复杂"},
        "grant": {},
        "deny": {"reason": "不符合条件", "remedy": "可在六十日内申请行政复议"},
        "submit_upward": {"to": HUB},
        "conclude": {"result": "证照编号1"},
        "deliver": {"receiver": "张三丰"},
        "withdraw": {},
        "void": {"reason": "重复登记"},
        "evaluate": {"level": 1},
        "urge": {"reason": "临近到期"},
        "correct_record": {"note": "证照编号更正", "cosigned_by": "S1"},
    }


def actor(station: str, *roles: str, staff: str = "E1") -> Actor:
    return Actor(tables.station(station), frozenset(roles), staff)


def all_seen(events: Iterable[dict[str, Any]]) -> dict[str, int]:
    """What somebody who holds these events writes under `seen`: how far each stream is held without a gap."""
    held: dict[str, set[int]] = {}
    for doc in events:
        _, writer, epoch, n = doc["_id"].split(":")
        held.setdefault(f"{writer}:{epoch}", set()).add(int(n))
    return {
        stream: next(n for n in range(len(numbers), -1, -1) if set(range(1, n + 1)) <= numbers)
        for stream, numbers in held.items()
    }


class History:
    """Events of one case (project, errand), each written by somebody who had seen all the earlier ones, unless
    told otherwise. They do not say `seen` unless `tells` or told to: so did the first program."""

    type, key = "case_event", "case"

    def __init__(self, item: Item | None = None, case: str = CASE, *, tells: bool = False) -> None:
        self.item = permit() if item is None else item
        self.case = case
        self.tells = tells
        self.events: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}

    def forms(self) -> dict[str, dict[str, Any]]:
        return forms(self.item)

    def add(
        self,
        event: str,
        role: str,
        station: str = VILLAGE,
        at: str = NOON,
        *,
        staff: str = "E1",
        lamport: int | None = None,
        writer: str | None = None,
        seen: Iterable[dict[str, Any]] | None = None,
        **data: object,
    ) -> Self:
        writer = writer or (HUB if station.endswith("000000") else station)
        n = self._numbers[writer] = self._numbers.get(writer, 0) + 1
        before = self.events if seen is None else list(seen)
        if lamport is None:
            lamport = 1 + max((each["lamport"] for each in before), default=0)
        doc = {
            "_id": f"ev:{writer}:abcdefgh:{n}",
            "type": self.type,
            "schema": 1,
            self.key: self.case,
            "event": event,
            "lamport": lamport,
            "at": at,
            "station": station,
            "actor": {"staff": staff, "name": "", "role": role},
            "data": {**copy.deepcopy(self.forms().get(event, {})), **data},
        }
        if self.tells or seen is not None:
            doc["seen"] = all_seen(before)
        self.events.append(doc)
        return self

    def received(self, at: str = NOON) -> Self:
        return self.add("create", "village_clerk", at=at).add("receive", "village_clerk", at=at)

    def at_bureau(self, at: str = NOON) -> Self:
        return self.received(at).add("forward", "village_clerk", at=at)

    def accepted(self, at: str = NOON) -> Self:
        return self.at_bureau(at).add("accept", "district_window", BUREAU, at, staff="E9")

    def reviewing(self, at: str = NOON) -> Self:
        return self.accepted(at).add("assign", "zone_head", BUREAU, at)

    def granted(self, at: str = NOON) -> Self:
        return (
            self.reviewing(at).add("pass_step", "examiner", BUREAU, at).add("grant", "zone_head", BUREAU, at)
        )

    def state(self, days: Calendar | None = None) -> CaseState:
        return fold(self.events, calendar() if days is None else days)

    def sound(self) -> CaseState:
        """The state, once nothing was set aside."""
        state = self.state()
        assert [(doc["event"], str(problem)) for doc, problem in state.set_aside] == []
        return state


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- one question, one case as it stands -----------------------------------------------------------------------

_TEXT = (resources.files("schemas") / "data" / "transitions.csv").read_text(encoding="utf-8").splitlines()
TABLE = {row["event"]: row for row in csv.DictReader(_TEXT) if row["machine"] == "case"}


def the_table_lets(event: str, state: str) -> bool:
    wanted = TABLE[event]["from_state"]
    return state not in {NEW, *FINAL} if wanted == "any non-final" else state in wanted.split("|")


def case_at(where: str, state: str = "received", item: Item | None = None, **more: object) -> CaseState:
    """A case that began at a place and is there now."""
    item = item or permit()
    fields = {
        "state": state,
        "item": case_item(item),
        "origin_station": where,
        "current_station": where,
        "created_by": "E1",
        "decider": BUREAU,
        "accepted_at": moment(NOON),
        "materials": tuple(lines(True)),
        "steps_passed": 1,
    }
    return replace(CaseState(), **{**fields, **more})


def code(found: Problem | None) -> str | None:
    return None if found is None else found.code


def ask(
    state: CaseState | None, event: str, role: str, where: str, at: str | None = None, **data: object
) -> str | None:
    item = permit() if state is None or state.item is None else an_item(item_code=state.item["code"])
    form = {**forms(item)[event], **data}
    return code(problem(state, event, actor(where, role), form, at=None if at is None else moment(at)))
