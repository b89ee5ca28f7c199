"""When the agent tries next: pure, so the whole of it can be looked at."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from station import plan
from station.plan import Outlook

chances = st.floats(0, 1, exclude_max=True)
intervals = st.floats(0.2, 3600)


@given(interval=intervals, chance=chances)
def test_an_idle_station_comes_once_an_interval_give_or_take_a_quarter(
    interval: float, chance: float
) -> None:
    assert 0.75 * interval <= plan.pause(Outlook(), interval, chance) <= 1.25 * interval


@given(interval=intervals, chance=chances)
def test_what_was_moved_is_followed_up_soon(interval: float, chance: float) -> None:
    assert plan.pause(Outlook(moved=True), interval, chance) <= 1.0


@given(failures=st.integers(1, 1000), interval=intervals, chance=chances)
def test_after_failures_it_waits_longer_but_never_too_long(
    failures: int, interval: float, chance: float
) -> None:
    pause = plan.pause(Outlook(failures=failures), interval, chance)
    assert pause >= plan.LEAST_RETRY
    assert pause <= min(max(interval, plan.FIRST_RETRY), plan.LONGEST_RETRY)
    assert pause <= plan.pause(Outlook(failures=failures + 1), interval, chance)


@given(interval=intervals)
def test_after_a_failure_stations_come_back_all_over_the_time_and_not_at_once(interval: float) -> None:
    outlook = Outlook(failures=12)
    assert plan.pause(outlook, interval, 0.0) == plan.LEAST_RETRY
    assert plan.pause(outlook, interval, 0.999999) > 0.99 * min(
        max(interval, plan.FIRST_RETRY), plan.LONGEST_RETRY
    )


@given(interval=intervals, chance=chances, moved=st.booleans())
def test_who_is_told_of_news_asks_less_often_and_still_does(
    interval: float, chance: float, moved: bool
) -> None:
    pause = plan.pause(Outlook(moved=moved), interval, chance, listening=True)
    assert pause >= plan.pause(Outlook(), interval, chance) or interval > plan.LONGEST_LISTENING
    assert pause <= 1.25 * max(interval, plan.LONGEST_LISTENING)


def test_a_parent_that_does_not_answer_is_asked_after_the_others_for_a_while_that_grows() -> None:
    parents = ("township", "hub")
    health = {"township": plan.health_after(plan.WELL, answered=False, now=100.0)}
    assert plan.order(parents, health, 100.5) == ["hub", "township"]
    assert plan.order(parents, health, 101.5) == ["township", "hub"]
    again = plan.health_after(health["township"], answered=False, now=101.5)
    assert again.rests_until - 101.5 > health["township"].rests_until - 100.0
    for _ in range(100):
        again = plan.health_after(again, answered=False, now=0.0)
    assert again.rests_until == plan.LONGEST_RETRY
    assert plan.health_after(again, answered=True, now=0.0) == plan.WELL


def test_where_nobody_answers_all_are_asked_in_order() -> None:
    health = {name: plan.Health(3, 1000.0) for name in ("township", "hub")}
    assert plan.order(("township", "hub"), health, 1.0) == ["township", "hub"]


def test_a_round_that_reached_nobody_counts_and_one_that_did_forgets() -> None:
    outlook = plan.after(plan.after(Outlook(), reached=False, moved=False), reached=False, moved=False)
    assert outlook.failures == 2
    assert plan.after(outlook, reached=True, moved=True) == Outlook(failures=0, moved=True)


@given(seconds=st.floats(0, 1e6))
def test_the_next_parent_is_asked_as_well_once_a_receipt_is_long_overdue(seconds: float) -> None:
    assert plan.ask_further(seconds) is (seconds > plan.PATIENCE)


@given(interval=intervals, chance=chances, asked=st.floats(1, 120))
def test_who_is_asked_to_come_later_comes_then_and_no_sooner(
    interval: float, chance: float, asked: float
) -> None:
    assert asked < plan.pause(Outlook(failures=3), interval, chance, asked=asked) <= asked + 1.0
