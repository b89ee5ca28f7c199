"""Who may do what to a case: the finer rules one by one. State × event × role is test_machine_tables."""

from __future__ import annotations

import pytest

from schemas.lifecycle import (
    EVENTS,
    FINAL,
    STATES,
    acting_role,
    choices,
    problem,
)
from schemas.lifecycle.permissions import ROLES
from schemas.tables import stations
from tests.schemas.histories import (
    BUREAU,
    ELSEWHERE,
    HUB,
    NEIGHBOUR,
    NOON,
    TABLE,
    TOWNSHIP,
    VILLAGE,
    a_file,
    actor,
    ask,
    case_at,
    code,
    forms,
    moment,
    the_table_lets,
    village_item,
)


def test_seven_states_are_final() -> None:
    assert {
        *("discarded", "delivered", "not_accepted", "terminated", "withdrawn", "voided", "transferred")
    } == FINAL


def test_an_event_nobody_knows_is_a_problem() -> None:
    assert code(problem(None, "approve", actor(VILLAGE, "village_clerk"), {})) == "unknown_event"


# --- whose case, and where it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "where", "origin", "current", "expected"),
    [
        ("village_clerk", VILLAGE, VILLAGE, VILLAGE, None),
        ("village_clerk", NEIGHBOUR, VILLAGE, VILLAGE, "not_your_case"),
        ("village_clerk", VILLAGE, VILLAGE, TOWNSHIP, "not_at_hand"),
        ("township_window", TOWNSHIP, TOWNSHIP, TOWNSHIP, None),
        ("township_window", TOWNSHIP, VILLAGE, TOWNSHIP, None),
        ("township_window", TOWNSHIP, VILLAGE, VILLAGE, "not_at_hand"),
        ("township_window", TOWNSHIP, ELSEWHERE, TOWNSHIP, "not_your_case"),
        ("district_window", BUREAU, VILLAGE, BUREAU, None),
        ("district_window", BUREAU, VILLAGE, TOWNSHIP, "not_at_hand"),
        ("district_window", BUREAU, ELSEWHERE, ELSEWHERE, "not_your_case"),
        ("examiner", BUREAU, VILLAGE, BUREAU, None),
        ("examiner", BUREAU, VILLAGE, VILLAGE, "not_your_case"),
        ("examiner", "510922000000", VILLAGE, BUREAU, "not_your_case"),
    ],
)
def test_a_case_is_handled_by_who_has_it(
    role: str, where: str, origin: str, current: str, expected: str
) -> None:
    case = case_at(origin, current_station=current)
    assert ask(case, "notify_supplement", role, where) == expected


@pytest.mark.parametrize("event", ["supply", "attach", "withdraw", "deliver"])
def test_the_applicant_may_come_back_to_the_window_where_the_case_began(event: str) -> None:
    state = {
        "supply": "supplementing",
        "attach": "reviewing",
        "withdraw": "reviewing",
        "deliver": "concluded",
    }[event]
    case = case_at(VILLAGE, state, current_station=BUREAU)
    assert ask(case, event, "village_clerk", VILLAGE) is None
    assert ask(case, event, "township_window", TOWNSHIP) is None
    assert ask(case, event, "village_clerk", NEIGHBOUR) == "not_your_case"


def test_a_scan_is_taken_off_by_who_added_it_or_has_the_case() -> None:
    scan = {**a_file(), "at": None, "station": VILLAGE}
    case = case_at(VILLAGE, "reviewing", current_station=BUREAU)
    case.files = (scan,)
    assert ask(case, "detach", "village_clerk", VILLAGE) is None
    assert ask(case, "detach", "district_window", BUREAU) is None
    assert ask(case, "detach", "township_window", TOWNSHIP) is None, "its village's"
    case.files = ({**scan, "station": BUREAU},)
    assert ask(case, "detach", "township_window", TOWNSHIP) == "not_your_scan"
    assert ask(case, "detach", "village_clerk", VILLAGE) == "not_your_scan"
    case.files = ()
    assert ask(case, "detach", "village_clerk", VILLAGE) == "no_such_scan"


@pytest.mark.parametrize("role", ["zone_head", "bureau_head"])
def test_heads_decide_only_what_lies_at_their_own_bureau(role: str) -> None:
    case = case_at(VILLAGE, "reviewing", current_station=BUREAU)
    assert ask(case, "grant", role, BUREAU) is None
    assert ask(case, "grant", role, "510922000000") == "not_your_case"
    assert ask(case, "grant", role, HUB) == "not_your_case"


def test_of_several_roles_that_all_fail_the_first_of_the_table_says_why() -> None:
    case = case_at(VILLAGE)
    found = problem(
        case, "notify_supplement", actor(BUREAU, "district_window", "examiner"), {"gaps": ["执照"]}
    )
    assert code(found) == "not_at_hand"
    assert ask(case, "notify_supplement", "examiner", BUREAU) == "not_your_case"


def test_the_system_acts_where_the_case_is_or_above() -> None:
    case = case_at(VILLAGE, "accepted", current_station=BUREAU)
    assert ask(case, "assign", "system", BUREAU) is None
    assert ask(case, "assign", "system", HUB) is None
    assert ask(case, "assign", "system", VILLAGE) == "not_your_case"


# --- choices ------------------------------------------------------------------------------------------------------


def test_choices_are_the_buttons_and_the_reasons_for_the_missing_ones() -> None:
    case = case_at(VILLAGE, "received", supplements=1)
    found = {choice.transition.event: choice for choice in choices(case, actor(VILLAGE, "village_clerk"))}
    assert set(found) == {event for event in TABLE if the_table_lets(event, "received")}
    assert found["forward"].problem is None
    assert found["forward"].role == "village_clerk"
    assert code(found["notify_supplement"].problem) == "second_supplement"
    assert found["notify_supplement"].role is None
    assert code(found["refuse"].problem) == "not_your_role"
    assert code(found["accept"].problem) == "not_decided_here"


@pytest.mark.parametrize("where", [VILLAGE, TOWNSHIP, BUREAU, HUB])
def test_a_choice_is_open_exactly_if_a_well_filled_form_is_taken(where: str) -> None:
    everyone = actor(where, *ROLES)
    for state in STATES[1:]:  # what may be created depends on the form alone
        case = case_at(where, state, village_item(), decider=BUREAU)
        to = {"forward": stations()[where].parent_code or "", "submit_upward": HUB}
        for choice in choices(case, everyone, at=moment(NOON)):
            event = choice.transition.event
            form = {**forms(village_item())[event], **({"to": to[event]} if event in to else {})}
            found = problem(case, event, everyone, form, at=moment(NOON))
            if where == HUB and event == "submit_upward":
                assert code(found) == "not_higher"  # nobody is above the city
            else:
                assert code(found) == code(choice.problem), (state, event)


def test_the_acting_role_is_the_one_that_lets_the_event_through() -> None:
    both = actor(BUREAU, "district_window", "examiner", "zone_head")
    assert acting_role(case_at(BUREAU), "accept", both) == "district_window"
    assert acting_role(case_at(BUREAU, "reviewing"), "grant", both) == "zone_head"
    assert acting_role(case_at(BUREAU, "decided"), "grant", both) is None
    assert acting_role(None, "create", actor(VILLAGE, "village_clerk", "station_head")) == "village_clerk"


def test_problems_are_told_in_chinese_with_nothing_left_open() -> None:
    case = case_at(TOWNSHIP, "received", current_station=BUREAU)
    told = [problem(case, event, actor(TOWNSHIP, "township_window"), {}) for event in EVENTS]
    told += [problem(None, event, actor(TOWNSHIP, "township_window"), {}) for event in EVENTS]
    sentences = [str(each) for each in told if each is not None]
    assert len(sentences) > 50
    assert not [each for each in sentences if "{" in each or each.isascii()]
    assert "本件现在“船山区行政审批局”，须由该处办理" in sentences
