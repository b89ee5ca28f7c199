"""Projects approved in parallel: the walking line, the joint clock, who may speak, what must be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from schemas.lifecycle import CaseState, projects
from schemas.workdays import Calendar, calendar
from tests.schemas.histories import BUREAU, HUB, NOON, VILLAGE, actor, code, moment
from tests.schemas.works import OWNER, PROJECT, A, B, Project

JAN_10 = "2018-01-10T09:00:00+08:00"


def aside(state: projects.ProjectState) -> list[tuple[str, str]]:
    return [(doc["event"], problem.code) for doc, problem in state.set_aside]


def a_case(*stood: tuple[str, str | None], ended: str | None = None) -> CaseState:
    """A sub-item's case, suspended in these stretches and maybe decided."""
    stops = tuple((date.fromisoformat(a), None if b is None else date.fromisoformat(b)) for a, b in stood)
    end = None if ended is None else datetime.fromisoformat(f"{ended}T09:00:00+08:00")
    return CaseState(state="reviewing", suspensions=stops, decided_at=end, ended_at=end)


def test_a_project_walks_from_registration_to_one_hand_over() -> None:
    walk = Project().running(JAN_10).does("opinion").does("request_supplement")
    walk.does("opinion", item=B, opinion="conditions", text="须先做环评").does("conclude")
    state = walk.folded()
    assert (state.set_aside, state.state, state.final) == ((), "concluded", True)
    assert (state.project, state.name, state.owner, state.home) == (PROJECT, "某厂房", OWNER, BUREAU)
    assert (state.lead_department, state.lead_officer, state.vip) == ("经信局", "E5", False)
    first, second = state.sub_items
    assert (first.item, first.department, first.case, first.outcome) == (A, "国土局", "C1", "decided")
    assert (second.opinions[-1]["opinion"], second.outcome) == ("conditions", "dropped")
    assert [gap["item"] for gap in state.supplement_gaps] == [A, B]
    assert (state.shared_materials, state.due) == (("申请表",), None)


def test_the_joint_clock_is_the_plans_promise_and_45_days_by_law() -> None:
    state = Project().running(JAN_10).folded()
    assert state.joint_due == state.due == calendar().add(date(2018, 1, 10), 20)
    assert state.joint_legal_due == date(2018, 3, 19)
    assert [each.due for each in state.sub_items] == [date(2018, 1, 15), state.joint_due]


def test_a_sub_item_is_due_by_its_own_promise_as_its_case_has_it() -> None:
    own = replace(a_case(), promise_due=date(2018, 1, 20))
    late = replace(a_case(), promise_due=date(2018, 12, 20))
    state = Project().running(JAN_10).folded(C1=own, C2=late)
    assert [each.due for each in state.sub_items] == [date(2018, 1, 20), state.joint_due]


def test_an_extension_moves_the_joint_due_once() -> None:
    walk = Project().running(JAN_10).does("extend", days=15)
    state = walk.folded()
    assert state.joint_due == calendar().add(date(2018, 1, 10), 35)
    assert state.joint_legal_due == calendar().add(date(2018, 1, 10), 60)
    assert aside(walk.does("extend").folded()) == [("extend", "second_extension")]


WEEK = (("2018-01-15", "2018-01-19"),)  # Tue to Fri: four working days


@pytest.mark.parametrize(
    ("first", "second", "days"),
    [
        (a_case(*WEEK), a_case(*WEEK), 4),
        (a_case(*WEEK), a_case(), 0),  # an open sub-item that runs keeps the clock running
        (a_case(*WEEK), a_case(("2018-01-17", "2018-01-25")), 2),
        (a_case(*WEEK), a_case(("2018-01-12", None)), 4),
        (a_case(*WEEK), a_case(ended="2018-01-12"), 4),  # decided: not open any more
        (a_case(*WEEK), a_case(ended="2018-01-16"), 3),
        (a_case(("2018-01-15", "2018-01-16"), ("2018-01-18", None)), a_case(*WEEK), 2),
        (a_case(ended="2018-01-12"), a_case(ended="2018-01-12"), 0),  # nothing is open
        (a_case(*WEEK), None, 0),  # a case nobody knows here counts as running
    ],
)
def test_the_joint_clock_stands_only_while_every_open_sub_item_does(
    first: CaseState, second: CaseState | None, days: int
) -> None:
    walk = Project().running(JAN_10)
    walk.does("suspend", "2018-01-15T09:00:00+08:00").does("resume", "2018-01-19T09:00:00+08:00")
    cases = {"C1": first} if second is None else {"C1": first, "C2": second}
    state = walk.folded(**cases)
    assert state.stopped_days == days
    assert state.joint_due == calendar().add(date(2018, 1, 10), 20 + days)


def test_without_the_projects_own_procedure_the_joint_clock_does_not_stand() -> None:
    state = Project().running(JAN_10).folded(C1=a_case(*WEEK), C2=a_case(*WEEK))
    assert state.stopped_days == 0


def test_a_suspended_project_has_no_due_date_until_it_goes_on() -> None:
    walk = Project().running(JAN_10).does("suspend", "2018-01-15T09:00:00+08:00")
    state = walk.folded(C1=a_case(("2018-01-15", None)), C2=a_case(("2018-01-15", None)))
    assert (state.state, state.due, state.stopped_days) == ("suspended", None, 0)
    stopped = walk.does("stop", "2018-01-19T09:00:00+08:00")
    ended = stopped.folded(C1=a_case(("2018-01-15", None)), C2=a_case(("2018-01-15", None)))
    assert (ended.state, ended.used_days, ended.stop_reason) == ("stopped", 3, "业主放弃投资")


def test_used_days_are_net_of_stops() -> None:
    walk = Project().running(JAN_10)
    walk.does("suspend", "2018-01-15T09:00:00+08:00").does("resume", "2018-01-19T09:00:00+08:00")
    walk.does("conclude", "2018-01-22T09:00:00+08:00")
    assert walk.folded(C1=a_case(*WEEK), C2=a_case(*WEEK)).used_days == 4
    assert walk.folded().used_days == 8


def test_a_year_without_calendar_leaves_dues_open_and_says_so() -> None:
    only_2018 = Calendar([(date(2018, 1, 1), "holiday")])
    state = projects.fold(Project().running("2018-12-24T09:00:00+08:00").events, only_2018)
    assert (state.joint_due, state.joint_legal_due) == (None, None)
    assert state.sub_items[0].due == date(2018, 12, 27)
    assert [warning.params["year"] for warning in state.warnings] == [2019]


def test_what_the_bureau_did_not_know_of_does_not_undo_its_conclusion() -> None:
    walk = Project(tells=True).running()
    early = list(walk.events)
    walk.does("opinion").does("conclude")
    walk.add("stop", "owner", VILLAGE, seen=early)
    state = walk.folded()
    assert (state.state, aside(state), state.conflict) == ("concluded", [("stop", "conflict")], True)


# --- who, and what must be said -------------------------------------------------------------------------------------


def ask(
    event: str,
    role: str,
    where: str = BUREAU,
    walk: Project | None = None,
    at: str | None = None,
    **data: object,
) -> str | None:
    walk = walk or Project().running()
    state = walk.folded()
    when = None if at is None else moment(at)
    return code(projects.problem(state, event, actor(where, role), {**walk.forms()[event], **data}, when))


@pytest.mark.parametrize(
    ("event", "role", "where", "expected"),
    [
        ("request_supplement", "lead_window", HUB, "not_your_case"),
        ("request_supplement", "examiner", BUREAU, "not_your_role"),
        ("extend", "government_head", HUB, "not_your_case"),
        ("extend", "government_head", BUREAU, None),
        ("opinion", "examiner", HUB, "not_your_case"),
        ("stop", "owner", VILLAGE, None),
        ("conclude", "vip_agent", BUREAU, "not_your_role"),
    ],
)
def test_who_leads_and_who_takes_part(event: str, role: str, where: str, expected: str | None) -> None:
    assert ask(event, role, where) == expected


def test_each_department_speaks_for_its_own_item_where_that_is_decided() -> None:
    walk = Project().planned()
    plan = walk.forms()["plan"]["sub_items"]
    at_hub = [plan[0], {**plan[1], "station": HUB}]
    walk = Project().does("open").does("plan", sub_items=at_hub).does("accept_jointly").does("dispatch")
    assert ask("opinion", "examiner", BUREAU, walk) is None
    assert ask("opinion", "examiner", BUREAU, walk, item=B) == "other_department"
    assert ask("opinion", "examiner", HUB, walk, item=B) is None
    state = walk.folded()
    for department, item, expected in (
        ("国土局", A, None),
        ("环保局", A, "other_department"),
        ("教育局", A, "other_department"),
    ):
        person = replace(actor(BUREAU, "examiner"), department=department)
        found = projects.problem(state, "opinion", person, {"item": item, "opinion": "agree"})
        assert code(found) == expected


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        ("opinion", {"item": "SN-903-0009"}, "not_dispatched"),
        ("opinion", {"item": ["x"]}, "not_dispatched"),
        ("opinion", {"opinion": "silence"}, "no_opinion"),
        ("opinion", {"opinion": "disagree"}, "no_reason"),
        ("opinion", {"opinion": "disagree", "text": "选址不符"}, None),
        ("request_supplement", {"gaps": []}, "no_gaps"),
        ("request_supplement", {"gaps": [{"item": "SN-903-0009", "text": "图"}]}, "no_gaps"),
        ("suspend", {"kind": "holiday"}, "no_suspend_kind"),
        ("suspend", {"days": 0}, "no_suspend_days"),
        ("extend", {"days": 16}, "bad_extension"),
        ("extend", {"reason": ""}, "no_reason"),
        ("conclude", {"outcomes": {A: "decided"}}, "sub_item_open"),
        ("conclude", {"outcomes": {A: "decided", B: "forgotten"}}, "sub_item_open"),
        ("conclude", {"outcomes": [A]}, "sub_item_open"),
        ("stop", {"reason": " "}, "no_reason"),
        ("dispatch", {}, "all_dispatched"),
    ],
)
def test_a_running_projects_form_must_say_what_the_table_asks(
    event: str, data: dict[str, object], expected: str | None
) -> None:
    role = {"opinion": "examiner", "request_supplement": "lead_window", "extend": "government_head"}.get(
        event, "system" if event == "dispatch" else "lead_department"
    )
    assert ask(event, role, **data) == expected


def test_before_it_runs_too() -> None:
    line = {"item": A, "department": "国土局", "stage": 1, "promised_days": 3}
    opened, planned = Project().does("open"), Project().planned()
    accepted = Project().planned().does("accept_jointly")
    for event, walk, data, expected in (
        ("plan", opened, {"sub_items": []}, "no_sub_items"),
        ("plan", opened, {"sub_items": [line, line]}, "no_sub_items"),
        ("plan", opened, {"sub_items": [{**line, "item": "SN-X-1"}]}, "unknown_item"),
        ("plan", opened, {"sub_items": [{**line, "stage": 0}]}, "bad_sub_item"),
        ("plan", opened, {"sub_items": [{**line, "station": ["x"]}]}, "bad_sub_item"),
        ("plan", opened, {"promised_days": 46}, "bad_joint_promise"),
        ("plan", opened, {"promised_days": 45}, None),
        ("accept_jointly", planned, {"materials": []}, "no_checklist"),
        (
            "accept_jointly",
            planned,
            {"materials": [{"name": "表", "required": True, "got": False}]},
            "materials_missing",
        ),
        ("dispatch", accepted, {"cases": {A: "C1"}}, None),  # stage by stage
        ("dispatch", accepted, {"cases": {}}, "not_in_plan"),
        ("dispatch", accepted, {"cases": {"SN-X-1": "C1"}}, "not_in_plan"),
        ("dispatch", accepted, {"cases": {A: "C1", B: "C1"}}, "no_cases"),
        ("dispatch", accepted, {"cases": {A: ["C1"]}}, "no_cases"),
    ):
        role = {"plan": "lead_department", "accept_jointly": "lead_window", "dispatch": "system"}[event]
        assert ask(event, role, walk=walk, **data) == expected, (event, data)  # type: ignore[arg-type]
    for data, expected in (
        ({"name": ""}, "no_name"),
        ({"lead_department": None}, "no_lead"),
        ({"vip": True, "lead_officer": ""}, "no_officer"),
        ({"vip": True}, None),
        ({"owner": {"name": "公司"}}, "no_id_no"),
    ):
        form = {**Project().forms()["open"], **data}
        assert code(projects.problem(None, "open", actor(BUREAU, "vip_agent"), form)) == expected


def test_whoever_is_about_to_act_is_asked_for_the_day_and_the_cases() -> None:
    walk = Project().running(JAN_10)
    assert ask("extend", "government_head", walk=walk, at="2018-02-07T23:00:00+08:00") is None
    assert ask("extend", "government_head", walk=walk, at="2018-02-08T00:00:00+08:00") == "joint_due_passed"
    form, lead = walk.forms()["conclude"], actor(BUREAU, "lead_department")
    for cases, expected in (
        ({}, None),
        ({"C1": a_case()}, "sub_item_open"),
        ({"C1": a_case(ended="2018-01-12")}, None),
        ({"C1": CaseState(state="withdrawn", final=True), "C2": CaseState(state="voided", final=True)}, None),
    ):
        state = walk.folded(**cases)
        assert code(projects.problem(state, "conclude", lead, form, moment(NOON))) == expected
        assert projects.problem(state, "conclude", lead, form) is None
        [choice] = [
            each
            for each in projects.choices(state, lead, moment(NOON))
            if each.transition.event == "conclude"
        ]
        assert code(choice.problem) == expected
