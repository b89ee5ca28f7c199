"""A small world of projects and errands for the tests of their machines; people and places are those of histories."""

from __future__ import annotations

from typing import Any, Self

from schemas.lifecycle import CaseState, errands, projects
from schemas.workdays import calendar
from tests.schemas.histories import BUREAU, ID_NO, NOON, TOWNSHIP, VILLAGE, History, lines

PROJECT, ERRAND = "project:1", "agency:1"
A, B = "SN-903-0001", "SN-903-0002"
"""Two items of the pilot bureau, approved in this project."""
OWNER = {"name": "遂宁某公司", "id_type": "001", "id_no": "91110000600037341L"}
PERSON = {"name": "张三丰", "id_type": "111", "id_no": ID_NO}


class Project(History):
    """Events of one project, led by the pilot bureau; written, like those of a case, by the hub."""

    type, key = "project_event", "project"

    def __init__(self, *, tells: bool = False) -> None:
        super().__init__(case=PROJECT, tells=tells)

    def forms(self) -> dict[str, dict[str, Any]]:
        return {
            "open": {"name": "某厂房", "owner": OWNER, "lead_department": "经信局", "lead_officer": "E5"},
            "plan": {
                "sub_items": [
                    {"item": A, "department": "国土局", "stage": 1, "promised_days": 3},
                    {"item": B, "department": "环保局", "stage": 1, "promised_days": 40},
                ],
                "promised_days": 20,
                "materials": ["申请表"],
            },
            "accept_jointly": {"materials": lines(True, True)},
            "dispatch": {"cases": {A: "C1", B: "C2"}},
            "opinion": {"item": A, "opinion": "agree"},
            "request_supplement": {"gaps": [{"item": A, "text": "红线图"}, {"item": B, "text": "环评表"}]},
            "suspend": {"kind": "joint_survey", "days": 5},
            "resume": {},
            "extend": {"days": 15, "reason": "案情复杂"},
            "conclude": {"outcomes": {A: "decided", B: "dropped"}},
            "stop": {"reason": "业主放弃投资"},
        }

    def does(self, event: str, at: str = NOON, **data: object) -> Self:
        """An event by the first role of the bureau that may do it."""
        return self.add(event, PROJECT_ROLES[event], BUREAU, at, **data)

    def planned(self, at: str = NOON) -> Self:
        return self.does("open", at).does("plan", at)

    def running(self, at: str = NOON) -> Self:
        return self.planned(at).does("accept_jointly", at).does("dispatch", at)

    def folded(self, **cases: CaseState) -> projects.ProjectState:
        return projects.fold(self.events, calendar(), cases)


PROJECT_ROLES = {
    "open": "vip_agent",
    "plan": "lead_department",
    "accept_jointly": "lead_window",
    "dispatch": "system",
    "opinion": "examiner",
    "request_supplement": "lead_window",
    "suspend": "lead_department",
    "resume": "lead_department",
    "extend": "government_head",
    "conclude": "lead_department",
    "stop": "lead_department",
}
PAPERS = [
    {"name": "身份证", "copies": 1, "original": True, "signed_for": True},
    {"name": "申请表", "copies": 2, "original": False, "signed_for": True},
]


class Errand(History):
    """Events of one errand asked for in the village; A1 is its agent."""

    type, key = "errand_event", "errand"

    def __init__(self, *, tells: bool = False) -> None:
        super().__init__(case=ERRAND, tells=tells)

    def forms(self) -> dict[str, dict[str, Any]]:
        return {
            "request": {"kind": "agency", "applicant": PERSON, "phone": "13800000000", "item": A},
            "assign": {"agent": "A1"},
            "decline": {"reason": "不属于代办范围", "other_way": "可在网上申请"},
            "collect": {"materials": PAPERS, "entrusted_by": "fingerprint"},
            "lodge": {"case": "C1"},
            "relay_supplement": {"gaps": ["营业执照"]},
            "fetch_result": {},
            "hand_over": {"receiver": "张三丰", "returned": ["身份证"]},
            "cancel": {"returned": ["身份证"]},
        }

    def does(self, event: str, at: str = NOON, **data: object) -> Self:
        """An event by somebody who may do it."""
        role, where, staff = ERRAND_ROLES.get(event, ("agent", VILLAGE, "A1"))
        return self.add(event, role, where, at, staff=staff, **data)

    def all(self, *events: str) -> Self:
        for event in events:
            self.does(event)
        return self

    def folded(self, **cases: CaseState) -> errands.ErrandState:
        return errands.fold(self.events, calendar(), cases)


ERRAND_ROLES = {
    "request": ("village_clerk", VILLAGE, "E1"),
    "assign": ("township_window", TOWNSHIP, "T1"),
    "decline": ("township_window", TOWNSHIP, "T1"),
    "cancel": ("applicant", VILLAGE, ""),
}
