"""Why a case is due on that day: told day by day, and the same day that the clocks set."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from schemas.lifecycle import CaseState, why
from schemas.lifecycle.clocks import set_dues
from schemas.workdays import calendar

MADE_UP = {"_id": "day:2018-02-11", "type": "calendar_day", "kind": "holiday", "name": "本市停电"}


def received(day: date, **more: object) -> CaseState:
    from datetime import datetime

    from schemas.lifecycle.state import CHINA

    at = datetime(day.year, day.month, day.day, 9, tzinfo=CHINA)
    state = CaseState(state="received", acceptance_from=at)
    for name, value in more.items():
        setattr(state, name, value)
    set_dues(state, calendar())
    return state


def accepted(day: date, promised: int, **more: object) -> CaseState:
    item = {"instant": False, "promised_days": promised, "legal_days": promised + 10}
    return received(day, state="reviewing", clock_from=day, item=item, **more)


def test_the_days_around_spring_festival_are_named_one_by_one() -> None:
    (clock,) = why.clocks(received(date(2018, 2, 9)), calendar())
    assert (clock.name, clock.days, clock.due) == ("acceptance", 5, date(2018, 2, 22))
    told = {each.day.day: (each.n, each.why, each.name) for each in clock.told}
    assert told[10] == (0, "weekend", "")
    assert told[11] == (1, "makeup_workday", "春节")
    assert told[12] == (2, "", "")
    assert told[15] == (0, "holiday", "春节")
    assert told[22] == (5, "", "")


def test_the_clock_that_runs_comes_first_and_days_of_a_special_procedure_stand_still() -> None:
    stood = ((date(2018, 3, 6), date(2018, 3, 9)),)
    promise, *others = why.clocks(accepted(date(2018, 3, 5), 3, suspensions=stood), calendar())
    assert (promise.name, promise.suspended, promise.due) == ("promise", 3, date(2018, 3, 13))
    assert [each.n for each in promise.course if each.why == "suspended"] == [0, 0, 0]
    assert max(each.n for each in promise.course) == 3
    assert {each.name for each in others} == {"acceptance", "legal"}


def test_a_published_day_keeps_its_name() -> None:
    published = calendar().with_days([MADE_UP])
    assert published.special(date(2018, 2, 11)) == ("holiday", "本市停电")
    assert published.special(date(2018, 2, 12)) == ("", "")


def test_of_a_long_clock_only_the_days_that_do_not_count_are_told() -> None:
    clock = why.clocks(accepted(date(2018, 1, 8), 60), calendar())[0]
    assert len(clock.course) > why.LONGEST
    assert {each.why for each in clock.told} == {"holiday", "makeup_workday"}


def test_a_case_without_a_clock_has_nothing_to_explain() -> None:
    assert why.clocks(CaseState(), calendar()) == []


@given(st.dates(date(2017, 1, 3), date(2025, 6, 1)), st.integers(1, 60))
def test_the_last_day_that_counts_is_the_day_it_is_due(day: date, promised: int) -> None:
    for clock in why.clocks(accepted(day, promised), calendar()):
        assert clock.course[-1].day == clock.due
        assert clock.course[-1].n == clock.days
        assert [each.n for each in clock.course if each.n] == list(range(1, clock.days + 1))
