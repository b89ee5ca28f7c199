"""All three machines against transitions.csv, read here by other means: every transition × every role × every state
is allowed exactly where the table says. What form and case must say besides is in the tests of each machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from schemas.lifecycle import permissions
from schemas.lifecycle.errands import machine as errands
from schemas.lifecycle.errands.state import ErrandState
from schemas.lifecycle.machine import StateMachine
from schemas.lifecycle.projects import machine as projects
from schemas.lifecycle.projects.state import ProjectState, SubItem
from schemas.lifecycle.state import Folded
from schemas.lifecycle.words import ROLE_NAMES
from schemas.shipped import rows
from schemas.tables import NEW, station
from tests.schemas.histories import BUREAU, HUB, TOWNSHIP, VILLAGE, actor, case_at

# A station of each level a role exists at, where the subject of `at` is that role's to touch.
PLACES: Mapping[str, Mapping[str, str]] = {
    "case": {
        **dict.fromkeys(("applicant", "village_clerk", "courier", "station_head", "system"), VILLAGE),
        "township_window": TOWNSHIP,
        **dict.fromkeys(
            ("district_window", "examiner", "zone_head", "bureau_head", "district_supervisor"), BUREAU
        ),
        **dict.fromkeys(("city_window", "city_supervisor", "hub_administrator"), HUB),
    },
    "project": {
        **dict.fromkeys(
            ("vip_agent", "district_window", "lead_department", "lead_window", "examiner"), BUREAU
        ),
        **dict.fromkeys(("government_head", "system"), BUREAU),
        "owner": VILLAGE,
    },
    "agency": {
        **dict.fromkeys(("applicant", "village_clerk", "agent"), VILLAGE),
        **dict.fromkeys(("township_window", "station_head"), TOWNSHIP),
    },
}
# The table's words for a role that are not the role's name; a clerk enters for an author and an applicant.
WORDS = {
    "station_head": ("station head",),
    "city_supervisor": ("city_supervisor", "hub supervisor"),
    "hub_administrator": ("hub administrator",),
    "lead_window": ("lead window",),
    "government_head": ("head of the government at that level",),
    "applicant": ("applicant", "author"),
    **{clerk: (clerk, "author", "through any station") for clerk in permissions.CLERKS},
}
DELETED = {"(deleted draft)": "discarded"}
EARLY = {"wrong_state", "no_case", "not_your_role"}
ONE_SUB_ITEM = (SubItem("SN-903-0001", "环保局", BUREAU, 1, 3, case="C1"),)

At = Callable[[str, str], Folded]
MACHINES: Mapping[str, tuple[StateMachine[Any], At]] = {
    "case": (permissions.MACHINE, lambda state, where: case_at(where, state)),
    "project": (
        projects.MACHINE,
        lambda state, where: replace(ProjectState(state=state), home=BUREAU, sub_items=ONE_SUB_ITEM),
    ),
    "agency": (
        errands.MACHINE,
        lambda state, where: replace(ErrandState(state=state), home=VILLAGE, agent="E1"),
    ),
}
TABLE = list(rows("transitions"))
CELLS = [(row, role) for row in TABLE for role in PLACES[row["machine"]]]


def final(machine: str) -> set[str]:
    mine = [row for row in TABLE if row["machine"] == machine]
    named = {DELETED.get(row["to_state"], row["to_state"]) for row in mine}
    left = {
        state
        for row in mine
        for state in row["from_state"].split("|")
        if row["to_state"] not in ("(same)", state)
    }
    return named - left - {"(same)"}


def the_table_lets(row: Mapping[str, str], state: str) -> bool:
    wanted = row["from_state"]
    return (
        state not in {NEW, *final(row["machine"])}
        if wanted == "any non-final"
        else state in wanted.split("|")
    )


def the_table_names(row: Mapping[str, str], role: str) -> bool:
    cell = row["actors"].replace("applicant (through any station)", "applicant|through any station")
    alternatives = [part.strip() for part in cell.replace(";", "|").split("|")]
    return any(part.startswith(word) for part in alternatives for word in WORDS.get(role, (role,)))


@pytest.mark.parametrize(
    ("row", "role"), CELLS, ids=lambda each: each if isinstance(each, str) else each["event"]
)
def test_an_event_is_allowed_exactly_where_the_table_says(row: Mapping[str, str], role: str) -> None:
    machine, at = MACHINES[row["machine"]]
    where = PLACES[row["machine"]][role]
    for state in machine.states:
        subject = None if state == NEW else at(state, where)
        found = machine.problem(subject, row["event"], actor(where, role), {})
        told = None if found is None else found.code
        if not the_table_lets(row, state):
            assert told == ("no_case" if state == NEW else "wrong_state"), state
        elif not the_table_names(row, role):
            assert told == "not_your_role", state
        else:
            assert told not in EARLY, state


@pytest.mark.parametrize("name", MACHINES)
def test_choices_are_all_ways_out_of_a_state_with_a_reason_for_each_that_is_closed(name: str) -> None:
    machine, at = MACHINES[name]
    for role, where in PLACES[name].items():
        for state in machine.states[1:]:
            found = {
                each.transition.event: each for each in machine.choices(at(state, where), actor(where, role))
            }
            assert set(found) == {
                row["event"] for row in TABLE if row["machine"] == name and the_table_lets(row, state)
            }
            for event, choice in found.items():
                [row] = [row for row in TABLE if row["machine"] == name and row["event"] == event]
                assert (choice.role == role) == (choice.problem is None)
                if choice.problem is None:
                    assert the_table_names(row, role)
                elif not the_table_names(row, role):
                    assert choice.problem.code == "not_your_role"


@pytest.mark.parametrize("name", MACHINES)
def test_a_role_counts_only_at_a_station_of_its_level(name: str) -> None:
    machine, at = MACHINES[name]
    for row in TABLE:
        if row["machine"] != name:
            continue
        state = next(state for state in machine.states if the_table_lets(row, state))
        for role, meant in machine.meaning.roles.items():
            for where in (VILLAGE, TOWNSHIP, BUREAU, HUB):
                if station(where).level not in meant.levels:
                    subject = None if state == NEW else at(state, where)
                    found = machine.problem(subject, row["event"], actor(where, role), {})
                    assert found is not None
                    assert found.code == "not_your_role", (row["event"], role, where)


@pytest.mark.parametrize("name", MACHINES)
def test_every_word_of_the_table_is_understood_and_named(name: str) -> None:
    machine, _ = MACHINES[name]
    meaning = machine.meaning
    mine = [row for row in TABLE if row["machine"] == name]
    assert machine.events == tuple(row["event"] for row in mine) == tuple(meaning.event_names)
    assert set(machine.states) == set(meaning.state_names)
    assert machine.final == final(name)
    assert {rule.qualifier for each in machine.rules.values() for rule in each.actors} <= set(
        meaning.qualifiers
    )
    assert {rule.role for each in machine.rules.values() for rule in each.actors} == set(meaning.roles)
    assert set(meaning.roles) == set(PLACES[name])
    assert set(meaning.roles) <= set(ROLE_NAMES)
    for guards in (meaning.ready, meaning.filled, meaning.timely, meaning.warned):
        assert set(guards) <= set(machine.events)


def test_what_settles_a_matter() -> None:
    assert permissions.MACHINE.decisive == {
        *("discard", "lapse", "refuse", "instant_conclude", "grant", "deny", "submit_upward", "conclude"),
        *("deliver", "withdraw", "void"),
    }
    assert projects.MACHINE.decisive == {"conclude", "stop"}
    assert errands.MACHINE.decisive == {"decline", "hand_over", "cancel"}
