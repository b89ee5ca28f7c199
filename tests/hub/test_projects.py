"""Projects approved in parallel: opened, planned, accepted jointly, dispatched as cases, answered side by side, concluded together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from hub.projects import Projects
from schemas import tables
from schemas.lifecycle import projects
from schemas.problems import DomainError
from station.staff import Staff
from tests.test_journey import PERMIT
from tests.world import BUREAU, HUB, PEOPLE, World

OWNER = {"name": "遂宁某某建设有限公司", "id_type": "001", "id_no": "91510900MA6260001N"}
OPENED = {
    "name": "河东新区标准厂房建设项目",
    "owner": OWNER,
    "lead_department": "船山区行政审批局",
    "phone": "13800004321",
    "address": "船山区",
}
WINDOW, EXAMINER, HEAD = PEOPLE["E003"], PEOPLE["E001"], PEOPLE["B001"]


def of(city: World) -> Projects:
    hub = city[HUB].parts
    return Projects(hub.ledger, hub.register, hub.casework, hub.identity, hub.clock)


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(DomainError) as error:
        yield
    assert error.value.problem.code == code


def items(city: World, many: int = 2) -> list[Any]:
    """Items that the bureau decides itself, of different departments."""
    book, found = city[HUB].parts.published.in_force(), {}
    for code in tables.items():
        offered = book.offered(code, tables.station(BUREAU))
        if offered and offered[1].decided_at == BUREAU and not offered[0].instant:
            found.setdefault(offered[0].department, offered[0])
    return list(found.values())[:many]


def plan(city: World, promised: int = 20) -> dict[str, Any]:
    lines = [
        {"item": each.item_code, "department": each.department, "stage": n, "promised_days": each.promised_days} for n, each in enumerate(items(city), 1)
    ]  # fmt: skip
    return {"sub_items": lines, "promised_days": promised, "materials": ["营业执照", "项目建议书"]}


def accepted(city: World) -> str:
    """A project that was accepted jointly and dispatched; its number."""
    works = of(city)
    no = works.open(WINDOW, "1" * 32, OPENED)
    works.act(no, HEAD, "plan", plan(city))
    materials = [{"seq": 1, "name": "营业执照", "required": True, "got": True, "mode": "copy"}]
    works.act(no, WINDOW, "accept_jointly", {"materials": materials})
    works.dispatch(no, WINDOW, [each.item_code for each in items(city)])
    return no


def cases(city: World, no: str) -> list[str]:
    state = of(city).project(no)
    assert state is not None
    return [each.case for each in state.sub_items]


def decide(city: World, case_no: str) -> None:
    said = {"opinion": "符合条件"}
    city[HUB].parts.casework.act(case_no, PEOPLE["E002"], [("pass_step", said), ("grant", {})])


def test_a_form_that_is_sent_twice_makes_one_project(city: World) -> None:
    works = of(city)
    assert works.open(WINDOW, "1" * 32, OPENED) == works.open(WINDOW, "1" * 32, OPENED)
    assert works.open(WINDOW, "2" * 32, OPENED).startswith(f"P{BUREAU}")
    city[HUB].parts.register.catch_up()
    assert city[HUB].parts.register.projects.count("open = 1") == 2


def test_each_approval_becomes_a_case_of_the_same_moment_in_one_step(city: World) -> None:
    no = accepted(city)
    hub = city[HUB].parts
    for case_no in cases(city, no):
        state = hub.casework.case(case_no)
        assert state is not None and state.project == no
        assert state.state == "reviewing" and state.accepted_at == hub.clock()
        assert (state.applicant or {})["name"] == OWNER["name"]
    with refused("all_dispatched"):
        of(city).dispatch(no, WINDOW, [items(city)[0].item_code])


def test_what_can_not_be_dispatched_opens_no_case(city: World) -> None:
    works = of(city)
    no = works.open(WINDOW, "1" * 32, OPENED)
    with refused("wrong_state"):
        works.dispatch(no, WINDOW, [PERMIT.item_code])
    assert city[HUB].parts.register.count() == 0
    with refused("project_unknown"):
        works.act("P" + no[1:-1] + ("0" if no[-1] != "0" else "1"), WINDOW, "stop", {"reason": "业主撤回"})


def test_departments_answer_side_by_side_and_all_is_concluded_together(city: World) -> None:
    no, works = accepted(city), of(city)
    first, second = items(city)
    works.act(no, EXAMINER, "opinion", {"item": first.item_code, "opinion": "agree"})
    works.act(
        no,
        EXAMINER,
        "opinion",
        {"item": second.item_code, "opinion": "conditions", "text": "须先取得用地批准"},
    )
    outcomes = {each.item_code: "decided" for each in (first, second)}
    with refused("sub_item_open"):
        works.act(no, HEAD, "conclude", {"outcomes": outcomes})
    for case_no in cases(city, no):
        decide(city, case_no)
    works.act(no, HEAD, "conclude", {"outcomes": outcomes})
    state = works.project(no)
    assert state is not None and state.state == "concluded" and state.used_days == 0
    row = city[HUB].parts.register.projects.select("project_no = ?", [no])[0]
    assert (row["open"], row["approvals"], row["over"]) == (0, 2, 2)


def test_the_joint_clock_follows_the_cases_and_a_rebuild_says_the_same(city: World) -> None:
    no, works = accepted(city), of(city)
    before = works.project(no)
    assert before is not None and before.joint_due is not None
    works.act(no, HEAD, "suspend", {"kind": "joint_survey", "days": 5})
    hub = city[HUB].parts
    for case_no in cases(city, no):
        hub.casework.act(
            case_no,
            PEOPLE["E002"],
            [("suspend", {"kind": "expert_review", "days": 5, "approved_by": "B001"})],
        )
    city.time.now += timedelta(days=7)
    for case_no in cases(city, no):
        hub.casework.act(case_no, PEOPLE["E002"], [("resume", {"result": "评审通过"})])
    works.act(no, HEAD, "resume", {})
    after = works.project(no)
    assert after is not None and after.joint_due is not None and after.joint_due > before.joint_due
    row = hub.register.projects.select("project_no = ?", [no])
    assert row[0]["due"] == after.joint_due.isoformat()
    hub.register.rebuild()
    assert hub.register.projects.select("project_no = ?", [no]) == row and works.project(no) == after


@pytest.mark.parametrize(
    ("who", "event", "data", "code"),
    [
        (EXAMINER, "plan", {}, "no_sub_items"), (WINDOW, "plan", {}, "not_your_role"), (PEOPLE["X001"], "plan", {}, "not_your_case"),
        (HEAD, "plan", {"promised_days": 46}, "bad_joint_promise"), (HEAD, "stop", {"reason": ""}, "no_reason"),
    ],
)  # fmt: skip
def test_who_may_do_what_is_said(
    city: World, who: Staff, event: str, data: dict[str, Any], code: str
) -> None:
    works = of(city)
    no = works.open(WINDOW, "1" * 32, OPENED)
    said = {**plan(city), **data} if data and event == "plan" else data
    with refused(code):
        works.act(no, who, event, said)


def test_what_a_person_may_do_is_offered_with_why_the_rest_is_not(city: World) -> None:
    works = of(city)
    no = works.open(WINDOW, "1" * 32, OPENED)
    state = works.project(no)
    assert state is not None
    open_to = {each.transition.event for each in works.choices(state, HEAD) if each.problem is None}
    assert "plan" in open_to and set(open_to) <= set(projects.EVENTS)
