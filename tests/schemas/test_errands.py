"""Errands: the walking line with and without supplements, its clocks, the originals, who may and what must be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from schemas.lifecycle import CaseState, errands
from schemas.workdays import Calendar
from tests.schemas.histories import NEIGHBOUR, NOON, TOWNSHIP, VILLAGE, actor, code, moment
from tests.schemas.works import ERRAND, PAPERS, PERSON, A, Errand

FRIDAY = "2018-02-09T12:00:00+08:00"  # the next working day is Sunday 11
RECEIVED = CaseState(state="received", received_at=moment(NOON))
ASKED = replace(RECEIVED, state="supplementing", supplement_asked_at=moment(NOON))


def aside(state: errands.ErrandState) -> list[tuple[str, str]]:
    return [(doc["event"], problem.code) for doc, problem in state.set_aside]


def test_an_errand_walks_from_the_request_to_the_applicants_hand() -> None:
    walk = Errand().all("request", "assign", "collect")
    held = walk.folded()
    assert (held.state, held.originals, held.entrusted_by) == ("collected", ("身份证",), "fingerprint")
    state = walk.all("lodge", "fetch_result", "hand_over").folded()
    assert (state.set_aside, state.state, state.final) == ((), "closed", True)
    assert (state.errand, state.kind, state.applicant, state.item) == (ERRAND, "agency", PERSON, A)
    assert (state.home, state.agent, state.case) == (VILLAGE, "A1", "C1")
    assert (state.originals, state.receiver, state.due) == ((), "张三丰", None)


def test_a_supplement_goes_back_to_the_applicant_and_is_lodged_again() -> None:
    more = [{"name": "营业执照", "copies": 1, "original": True, "signed_for": True}]
    walk = Errand().all("request", "assign", "collect", "lodge", "relay_supplement")
    assert (walk.folded().state, walk.folded().due) == ("collected", None)
    state = walk.does("lodge", materials=more).folded()
    assert (state.state, state.originals, len(state.materials)) == ("lodged", ("身份证", "营业执照"), 3)
    walk.all("fetch_result", "hand_over")
    assert aside(walk.folded()) == [("hand_over", "originals_kept")]
    assert walk.does("hand_over", returned=["营业执照", "身份证"]).folded().state == "closed"


def test_each_stretch_has_its_clock() -> None:
    walk = Errand()
    for event, due in (
        ("request", date(2018, 2, 11)),
        ("assign", None),
        ("collect", date(2018, 2, 11)),
        ("lodge", None),
        ("fetch_result", date(2018, 2, 12)),
        ("hand_over", None),
    ):
        assert walk.does(event, FRIDAY).folded().due == due, event


def test_while_the_case_waits_for_supplements_the_applicant_is_told_within_a_day() -> None:
    walk = Errand().all("request", "assign", "collect", "lodge")
    assert walk.folded(C1=ASKED).due == walk.folded(C1=ASKED).told_due == date(2018, 2, 11)
    assert walk.folded(C1=RECEIVED).due is None


def test_a_year_without_calendar_leaves_dues_open_and_says_so() -> None:
    state = errands.fold(Errand().does("request").events, Calendar([], [2020]))
    assert (state.due, [warning.code for warning in state.warnings]) == (None, ["calendar_gap"])


@pytest.mark.parametrize("until", [("request",), ("request", "assign"), ("request", "assign", "collect")])
def test_it_may_be_cancelled_until_it_is_lodged_if_the_originals_are_given_back(
    until: tuple[str, ...],
) -> None:
    assert Errand().all(*until, "cancel").folded().state == "cancelled"
    kept = Errand().all(*until).does("cancel", returned=[]).folded()
    assert kept.state == ("collected" if "collect" in until else "cancelled")


def test_who_declines_names_another_way() -> None:
    state = Errand().all("request", "decline").folded()
    assert (state.state, state.other_way) == ("declined", "可在网上申请")


def test_a_home_visit_has_a_day_and_a_slot() -> None:
    walk = Errand().does("request", kind="home_visit").does("assign")
    assert aside(walk.folded()) == [("assign", "no_visit")]
    state = walk.does("assign", visit_on="2018-02-12", visit_slot="上午").folded()
    assert (state.state, state.visit_on, state.visit_slot) == ("assigned", date(2018, 2, 12), "上午")


def test_a_green_channel_has_a_reason_and_an_approver_and_no_errand_has_a_fee() -> None:
    green = {"green_channel": True, "green_reason": "孕妇", "green_approved_by": "T9"}
    state = Errand().does("request", **green).folded()
    assert (state.green_reason, state.green_approved_by) == ("孕妇", "T9")
    assert not [name for name in dir(state) if "fee" in name]


def test_what_the_township_did_not_know_of_does_not_undo_its_word() -> None:
    walk = Errand(tells=True).does("request")
    early = list(walk.events)
    walk.does("decline").add("cancel", "applicant", VILLAGE, staff="", seen=early)
    state = walk.folded()
    assert (state.state, aside(state)) == ("declined", [("cancel", "conflict")])


# --- who, and what must be said ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "where", "staff", "expected"),
    [
        ("agent", VILLAGE, "A1", None),
        ("agent", TOWNSHIP, "A1", None),
        ("agent", VILLAGE, "A2", "not_the_agent"),
        ("agent", NEIGHBOUR, "A1", "not_your_case"),
        ("village_clerk", VILLAGE, "A1", "not_your_role"),
    ],
)
def test_the_agent_is_the_one_assigned(role: str, where: str, staff: str, expected: str | None) -> None:
    walk = Errand().all("request", "assign")
    found = errands.problem(
        walk.folded(), "collect", actor(where, role, staff=staff), walk.forms()["collect"]
    )
    assert code(found) == expected


STEPS = ("request", "assign", "collect", "lodge", "fetch_result")
BAD_PAPERS = [{**PAPERS[0], "signed_for": False}]


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        ("assign", {"agent": ""}, "no_agent"),
        ("collect", {"materials": []}, "no_handover_list"),
        ("collect", {"materials": BAD_PAPERS}, "no_handover_list"),
        ("collect", {"materials": [{**PAPERS[0], "copies": 0}]}, "no_handover_list"),
        ("collect", {"materials": "x"}, "no_handover_list"),
        ("collect", {"entrusted_by": "word of mouth"}, "no_mandate"),
        ("lodge", {"case": ""}, "no_case_no"),
        ("lodge", {"materials": BAD_PAPERS}, "no_handover_list"),
        ("relay_supplement", {"gaps": []}, "no_gaps"),
        ("hand_over", {"receiver": ""}, "no_receiver"),
        ("hand_over", {"returned": None}, "originals_kept"),
    ],
)
def test_a_form_must_say_what_the_table_asks(event: str, data: dict[str, object], expected: str) -> None:
    before = {"relay_supplement": 4, "hand_over": 5}.get(event) or STEPS.index(event)
    walk = Errand().all(*STEPS[:before])
    assert walk.folded().set_aside == ()
    assert aside(walk.does(event, **data).folded()) == [(event, expected)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"kind": "chat"}, "no_kind"),
        ({"item": "SN-X-1"}, "unknown_item"),
        ({"item": ["x"]}, "unknown_item"),
        ({"entrusted_by": "x"}, "no_mandate"),
        ({"green_channel": True}, "no_green_reason"),
        ({"applicant": {"name": "张三"}}, "no_id_no"),
    ],
)
def test_a_request_must_say_who_and_what(data: dict[str, object], expected: str) -> None:
    assert aside(Errand().does("request", **data).folded()) == [("request", expected)]


def test_a_guide_may_leave_without_papers() -> None:
    walk = Errand().does("request", kind="guide", entrusted_by="signature").does("assign")
    assert walk.does("collect", materials=[], entrusted_by="").folded().set_aside == ()


@pytest.mark.parametrize(
    ("event", "before", "case", "expected"),
    [
        ("lodge", 3, RECEIVED, None),
        ("lodge", 3, CaseState(state="draft"), "case_not_received"),
        ("lodge", 3, None, "case_not_received"),
        ("relay_supplement", 4, ASKED, None),
        ("relay_supplement", 4, RECEIVED, "no_supplement"),
        ("fetch_result", 4, CaseState(state="concluded"), None),
        ("fetch_result", 4, RECEIVED, "case_open"),
    ],
)
def test_whoever_is_about_to_act_is_asked_for_the_case(
    event: str, before: int, case: CaseState | None, expected: str | None
) -> None:
    walk = Errand().all(*STEPS[:before])
    state = walk.folded(**({} if case is None else {"C1": case}))
    agent, form = actor(VILLAGE, "agent", staff="A1"), walk.forms()[event]
    assert code(errands.problem(state, event, agent, form, moment(NOON))) == expected
    assert errands.problem(state, event, agent, form) is None


def test_nobody_is_visited_yesterday() -> None:
    state, clerk = Errand().does("request").folded(), actor(TOWNSHIP, "township_window")
    form = {"agent": "A1", "visit_on": "2018-02-08", "visit_slot": "上午"}
    assert code(errands.problem(state, "assign", clerk, form, moment(NOON))) == "visit_past"
    [choice] = [
        each for each in errands.choices(state, clerk, moment(NOON)) if each.transition.event == "assign"
    ]
    assert (choice.problem, choice.role) == (None, "township_window")
