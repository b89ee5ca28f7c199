"""Days off on which somebody may serve, and what a roster says."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.problems import Problem
from schemas.roster import MOST, DayOff, day_off, days_off, served
from schemas.workdays import calendar

TODAY = date(2018, 2, 9)
SATURDAY = DayOff(date(2018, 2, 10), "weekend", "")


def test_the_days_off_around_the_spring_festival() -> None:
    found = {each.day.day: each.kind for each in days_off(TODAY, 14, calendar())}
    assert found[10] == "weekend"
    assert 11 not in found, "a Sunday that is made up for"
    assert {found[day] for day in (15, 16, 19, 20, 21)} == {"holiday"}


def test_beyond_the_calendar_no_day_off_is_known() -> None:
    assert list(days_off(date(2090, 1, 1), 30, calendar())) == []


@given(st.integers(0, 300))
def test_a_day_off_is_none_on_which_people_work(n: int) -> None:
    day = date(2018, 1, 1) + timedelta(days=n)
    assert (day_off(day, calendar()) is None) is calendar().is_workday(day)


def test_a_roster_as_it_is_kept() -> None:
    said = {"date": "2018-02-10", "kind": "weekend", "staff": ["V001"]}
    assert served(SATURDAY, TODAY, ["V001"], "") == said
    assert served(SATURDAY, TODAY, ["V001"], "9:00–12:00") == {**said, "hours": "9:00–12:00"}
    assert served(SATURDAY, TODAY, [], "") == {**said, "staff": []}


@pytest.mark.parametrize(
    ("off", "today", "staff", "code"),
    [
        (None, TODAY, ["V001"], "duty_day"),
        (SATURDAY, date(2018, 2, 11), ["V001"], "duty_day"),
        (SATURDAY, TODAY, ["V001"] * (MOST + 1), "many_on_duty"),
    ],
)
def test_what_is_wrong_with_a_roster_is_said(
    off: DayOff | None, today: date, staff: list[str], code: str
) -> None:
    problem = served(off, today, staff, "")
    assert isinstance(problem, Problem)
    assert problem.code == code
