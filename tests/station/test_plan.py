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
    assert pause >= plan.FIRST_RETRY / 2 or pause >= interval / 2
    assert pause <= min(max(interval, plan.FIRST_RETRY), plan.LONGEST_RETRY)
    assert pause <= plan.pause(Outlook(failures=failures + 1), interval, chance)


def test_a_round_that_reached_nobody_counts_and_one_that_did_forgets() -> None:
    outlook = plan.after(plan.after(Outlook(), reached=False, moved=False), reached=False, moved=False)
    assert outlook.failures == 2
    assert plan.after(outlook, reached=True, moved=True) == Outlook(failures=0, moved=True)


@given(seconds=st.floats(0, 1e6))
def test_the_next_parent_is_asked_as_well_once_a_receipt_is_long_overdue(seconds: float) -> None:
    assert plan.ask_further(seconds) is (seconds > plan.PATIENCE)
