"""Papers over random histories: each is of an event that counted, says the same however much came afterwards, and no history
keeps a case's page from opening. What each kind says of a real case is tests/station/test_papers.py's."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given

from schemas import papers
from schemas.lifecycle import fold, replay
from schemas.workdays import calendar
from tests.schemas.histories import BUREAU, CASE, HUB, NOON, TOWNSHIP, VILLAGE, forms, township_item
from tests.schemas.test_case_fold_laws import histories


@given(histories())
def test_each_event_that_counted_and_calls_for_a_paper_has_one(events: list[dict[str, Any]]) -> None:
    state = fold(events, calendar())
    found = papers.of_case(state, calendar())
    called = [
        (kind.kind, entry.event["station"])
        for entry in state.timeline
        if (kind := papers.kind_of(entry.event["event"], state.item))
    ]
    assert [(each.kind.kind, each.station) for each in found] == called


@given(histories())
def test_a_paper_is_not_changed_by_what_happens_afterwards(events: list[dict[str, Any]]) -> None:
    state = fold(events, calendar())
    whole = papers.of_case(state, calendar())
    counted = [entry.event for entry in state.timeline]
    for n in range(len(counted) + 1):
        earlier = papers.of_case(replay(counted[:n], calendar()), calendar())
        assert earlier == whole[: len(earlier)]


@given(histories())
def test_what_counted_adds_up_to_the_same_state_when_it_is_taken_in_that_order(
    events: list[dict[str, Any]],
) -> None:
    state = fold(events, calendar())
    again = replay([entry.event for entry in state.timeline], calendar())
    assert (
        dataclasses.replace(again, lamport=state.lamport, set_aside=state.set_aside, case_no=state.case_no)
        == state
    )


def test_a_paper_is_of_its_own_event_though_fewer_events_would_have_another_order() -> None:
    """A second opening, of which nobody knew, puts the urging after the conclusion; without it the urging comes first."""
    item, seen = township_item(), {"510903001001:abcdefgh": 3}
    told = (
        (VILLAGE, 1, "create", VILLAGE, "village_clerk", {}, 1), (VILLAGE, 2, "receive", VILLAGE, "village_clerk", {f"{VILLAGE}:abcdefgh": 1}, 2),
        (VILLAGE, 3, "forward", VILLAGE, "village_clerk", {f"{VILLAGE}:abcdefgh": 2}, 5),
        (TOWNSHIP, 1, "accept", TOWNSHIP, "township_window", seen, 6),
        (TOWNSHIP, 2, "instant_conclude", TOWNSHIP, "township_window", {**seen, f"{TOWNSHIP}:abcdefgh": 1}, 7),
        (VILLAGE, 4, "create", VILLAGE, "applicant", None, 6), (HUB, 1, "urge", BUREAU, "district_supervisor", {f"{VILLAGE}:abcdefgh": 4}, 7),
    )  # fmt: skip
    events: list[dict[str, Any]] = [
        {
            "_id": f"ev:{writer}:abcdefgh:{n}", "type": "case_event", "schema": 1, "case": CASE, "event": name, "lamport": lamport, "at": NOON,
            "station": station, "actor": {"staff": "E1", "name": "", "role": role}, "data": {**forms(item)[name], **({"to": TOWNSHIP} if name == "forward" else {})},
            **({} if seen_by is None else {"seen": seen_by}),
        }
        for writer, n, name, station, role, seen_by, lamport in told
    ]  # fmt: skip
    state = fold(events, calendar())
    assert [entry.event["event"] for entry in state.timeline][-2:] == ["instant_conclude", "urge"]
    assert [(each.kind.kind, each.station) for each in papers.of_case(state, calendar())][-2:] == [
        ("conclude", TOWNSHIP),
        ("urge", BUREAU),
    ]
