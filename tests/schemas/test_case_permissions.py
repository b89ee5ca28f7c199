"""Who may do what when: every state × event × role against transitions.csv, then the finer rules one by one."""

from __future__ import annotations

import pytest

from schemas.lifecycle import (
    EVENT_NAMES,
    EVENTS,
    FINAL,
    NEW,
    ROLE_NAMES,
    STATE_NAMES,
    STATES,
    acting_role,
    choices,
    problem,
)
from schemas.lifecycle.permissions import QUALIFIERS, ROLES
from schemas.tables import station, stations, transitions
from tests.schemas.histories import (
    BUREAU,
    ELSEWHERE,
    HUB,
    NEIGHBOUR,
    NOON,
    TABLE,
    TOWNSHIP,
    VILLAGE,
    actor,
    ask,
    case_at,
    code,
    forms,
    moment,
    the_table_lets,
    village_item,
)

# The table's words for a role that are not the role's name; a clerk enters for the author and the applicant.
WORDS = {
    "station_head": ["station head"],
    "city_supervisor": ["city_supervisor", "hub supervisor"],
    "hub_administrator": ["hub administrator"],
    "applicant": ["applicant", "author"],
    "village_clerk": ["village_clerk", "author", "through any station"],
    "township_window": ["township_window", "author", "through any station"],
    "district_window": ["district_window", "author", "through any station"],
    "city_window": ["city_window", "author", "through any station"],
}
PLACE = {
    "applicant": VILLAGE,
    "village_clerk": VILLAGE,
    "courier": VILLAGE,
    "station_head": VILLAGE,
    "system": VILLAGE,
    "township_window": TOWNSHIP,
    "district_window": BUREAU,
    "examiner": BUREAU,
    "zone_head": BUREAU,
    "bureau_head": BUREAU,
    "district_supervisor": BUREAU,
    "city_window": HUB,
    "city_supervisor": HUB,
    "hub_administrator": HUB,
}
EARLY = {"wrong_state", "no_case", "not_your_role"}


def the_table_names(event: str, role: str) -> bool:
    cell = TABLE[event]["actors"].replace("applicant (through any station)", "applicant|through any station")
    alternatives = [part.strip() for part in cell.replace(";", "|").split("|")]
    return any(part.startswith(word) for part in alternatives for word in WORDS.get(role, [role]))


# --- the table --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", PLACE)
@pytest.mark.parametrize("event", TABLE)
def test_state_event_and_role_are_as_the_table_says(event: str, role: str) -> None:
    for state in STATES:
        case = None if state == NEW else case_at(PLACE[role], state)
        found = ask(case, event, role, PLACE[role])
        if not the_table_lets(event, state):
            assert found == ("no_case" if state == NEW else "wrong_state"), state
        elif not the_table_names(event, role):
            assert found == "not_your_role", state
        else:
            assert found not in EARLY, state


@pytest.mark.parametrize("event", TABLE)
def test_a_role_counts_only_at_a_station_of_its_level(event: str) -> None:
    state = next(state for state in STATES if the_table_lets(event, state))
    for role in (
        "village_clerk",
        "township_window",
        "district_window",
        "city_window",
        "examiner",
        "zone_head",
    ):
        for where in (VILLAGE, TOWNSHIP, BUREAU, HUB):
            if station(where).level not in ROLES[role].levels:
                case = None if state == NEW else case_at(where, state)
                assert ask(case, event, role, where) == "not_your_role", (role, where)


def test_every_word_of_the_case_machine_is_understood_and_named() -> None:
    rows = [row for row in transitions() if row.machine == "case"]
    assert tuple(row.event for row in rows) == EVENTS == tuple(EVENT_NAMES)
    assert (
        set(STATES)
        == set(STATE_NAMES)
        == {NEW} | {s for r in rows for s in (*r.from_states, r.to_state) if s}
    )
    assert {rule.qualifier for row in rows for rule in row.actors} <= set(QUALIFIERS)
    assert {rule.role for row in rows for rule in row.actors} - {"author"} <= set(ROLES)
    assert set(ROLES) == set(ROLE_NAMES) == set(PLACE)


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


@pytest.mark.parametrize("event", ["supply", "withdraw", "deliver"])
def test_the_applicant_may_come_back_to_the_window_where_the_case_began(event: str) -> None:
    state = {"supply": "supplementing", "withdraw": "reviewing", "deliver": "concluded"}[event]
    case = case_at(VILLAGE, state, current_station=BUREAU)
    assert ask(case, event, "village_clerk", VILLAGE) is None
    assert ask(case, event, "township_window", TOWNSHIP) is None
    assert ask(case, event, "village_clerk", NEIGHBOUR) == "not_your_case"


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
