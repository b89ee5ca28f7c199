"""Two who did not know of each other: what counts, what is set aside as a conflict, and that a decided case stays so."""

from __future__ import annotations

import itertools

from schemas.lifecycle import CaseState, fold
from schemas.workdays import calendar
from tests.schemas.histories import BUREAU, HUB, TOWNSHIP, VILLAGE, History, township_item


def aside(state: CaseState) -> list[tuple[str, str]]:
    return [(doc["event"], problem.code) for doc, problem in state.set_aside]


def counted(state: CaseState) -> list[str]:
    return [entry.event["event"] for entry in state.timeline]


def told() -> History:
    """A case in review; everybody says what they had seen."""
    walk = History(tells=True).reviewing()
    return walk.add("pass_step", "examiner", BUREAU)


def test_a_withdrawal_the_bureau_could_not_know_of_does_not_undo_its_decision() -> None:
    walk = told()
    early = walk.events[:3]  # the village has been without a network since it sent the case up
    walk.add("grant", "zone_head", BUREAU).add("withdraw", "village_clerk", seen=early)
    state = walk.state()
    assert walk.events[-1]["lamport"] < walk.events[-2]["lamport"]  # by number alone it would come first
    assert (state.state, state.result) == ("decided", "granted")
    assert aside(state) == [("withdraw", "conflict")]
    assert state.conflict
    assert (
        str(state.set_aside[0][1]) == "“撤回”与“船山区行政审批局”的“准予许可”互不知情，以后者为准，请核实处理"
    )


def test_without_saying_what_was_seen_the_numbers_decide_as_before() -> None:
    walk = History().reviewing().add("pass_step", "examiner", BUREAU)
    walk.add("grant", "zone_head", BUREAU).add("withdraw", "village_clerk", lamport=4)
    state = walk.state()
    assert (state.state, state.conflict) == ("withdrawn", False)


def test_an_old_event_that_says_nothing_is_barred_by_a_decision_that_does() -> None:
    walk = told().add("grant", "zone_head", BUREAU)
    old = History().reviewing().add("withdraw", "village_clerk", lamport=4).events[-1]
    state = fold([*walk.events, old], calendar())
    assert (state.state, aside(state)) == ("decided", [("withdraw", "conflict")])


def test_a_withdrawal_the_bureau_knew_of_stands_before_a_decision_it_should_not_have_taken() -> None:
    walk = told().add("withdraw", "village_clerk").add("grant", "zone_head", BUREAU)
    state = walk.state()
    assert (state.state, aside(state)) == ("withdrawn", [("grant", "wrong_state")])


def test_who_saw_the_decision_and_acts_nevertheless_is_wrong_and_no_conflict() -> None:
    walk = told().add("grant", "zone_head", BUREAU).add("withdraw", "village_clerk")
    assert aside(walk.state()) == [("withdraw", "wrong_state")]


def test_of_two_terminal_events_the_higher_authority_wins_whoever_was_first() -> None:
    for bureau_first in (True, False):
        walk = History(tells=True).at_bureau()
        before = list(walk.events)
        steps = [("refuse", "examiner", BUREAU), ("withdraw", "village_clerk", VILLAGE)]
        for event, role, where in steps if bureau_first else reversed(steps):
            walk.add(event, role, where, seen=before)
        state = walk.state()
        assert (state.state, aside(state)) == ("not_accepted", [("withdraw", "conflict")])


def test_a_township_does_not_know_better_than_the_bureau_but_better_than_the_village() -> None:
    walk = History(township_item(), tells=True).received().add("forward", "village_clerk", to=TOWNSHIP)
    early = list(walk.events)
    walk.add("accept", "township_window", TOWNSHIP).add("instant_conclude", "township_window", TOWNSHIP)
    walk.add("withdraw", "village_clerk", seen=early)
    assert (walk.state().state, aside(walk.state())) == ("concluded", [("withdraw", "conflict")])


def test_what_is_allowed_after_a_decision_too_counts_there() -> None:
    walk = told()
    early = list(walk.events)
    walk.add("grant", "zone_head", BUREAU)
    walk.add("urge", "district_supervisor", BUREAU, writer=BUREAU, seen=early[:5])
    state = walk.state()
    assert (state.state, aside(state), counted(state)[-2:]) == ("decided", [], ["grant", "urge"])


def test_a_decision_that_was_wrong_when_it_was_taken_moves_nobody() -> None:
    walk = History(tells=True).received()
    early = list(walk.events)
    walk.add("grant", "zone_head", BUREAU)  # of a case nobody had accepted
    walk.add("forward", "village_clerk", seen=early)
    state = walk.state()
    assert (counted(state), aside(state)) == (["create", "receive", "forward"], [("grant", "wrong_state")])


def test_a_decision_whose_past_is_not_all_here_yet_moves_nobody_until_it_is() -> None:
    walk = told()
    early = walk.events[:3]
    walk.add("grant", "zone_head", BUREAU).add("withdraw", "village_clerk", seen=early)
    without_review = [doc for doc in walk.events if doc["event"] != "pass_step"]
    assert fold(without_review, calendar()).state == "withdrawn"
    assert walk.state().state == "decided"


def test_whoever_saw_the_barred_event_comes_after_it() -> None:
    walk = told()
    early = walk.events[:3]
    walk.add("grant", "zone_head", BUREAU)
    walk.add("urge", "district_supervisor", BUREAU, writer=BUREAU, seen=early)
    walk.add("withdraw", "village_clerk", seen=[*early, walk.events[-1]])
    state = walk.state()
    assert counted(state)[-2:] == ["grant", "urge"]
    assert aside(state) == [("withdraw", "conflict")]


def test_of_bars_that_would_close_a_circle_the_higher_authority_s_holds() -> None:
    """The city knew of the village's last step and not of the township's; the district the other way about."""
    walk = History(tells=True).at_bureau()
    early = list(walk.events)
    walk.add("correct_on_spot", "township_window", TOWNSHIP, seen=early)
    walk.add("correct_on_spot", "village_clerk", VILLAGE, seen=early)
    township, village = walk.events[-2:]
    walk.add("void", "city_supervisor", HUB, seen=[*early, village])
    walk.add("refuse", "examiner", BUREAU, writer=BUREAU, seen=[*early, township])
    for order in itertools.permutations(walk.events[3:]):
        state = fold([*early, *order], calendar())
        assert (state.state, counted(state)) == ("voided", ["create", "receive", "forward", "void"])
        assert [doc["station"] for doc, _ in state.set_aside] == [VILLAGE, TOWNSHIP, BUREAU]
        assert aside(state)[-1] == ("refuse", "conflict")


def test_a_malformed_word_of_what_was_seen_is_badly_filled() -> None:
    walk = History(tells=True).received().add("forward", "village_clerk")
    for seen in ([], {"a": "1"}, {"a": True}, {"a": -1}, "x"):
        broken = {**walk.events[-1], "seen": seen}
        assert aside(fold([*walk.events[:-1], broken], calendar())) == [("forward", "badly_filled")]
    none = {**walk.events[-1], "seen": None}
    assert fold([*walk.events[:-1], none], calendar()).set_aside == ()
