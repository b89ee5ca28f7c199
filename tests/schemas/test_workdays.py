"""Working days against the worked examples of domain.md §3 and against a slow reference."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.workdays import Calendar, CalendarGap, calendar

_TEXT = (resources.files("schemas") / "data" / "calendar.csv").read_text(encoding="utf-8").splitlines()
KINDS = {date.fromisoformat(row["date"]): row["kind"] for row in csv.DictReader(_TEXT)}
ANY_DAY = st.dates(date(2017, 1, 1), date(2026, 12, 31))


def plainly_a_workday(day: date) -> bool:
    return KINDS.get(day, "workday" if day.weekday() < 5 else "weekend") in ("workday", "makeup_workday")


@pytest.mark.parametrize(
    ("accepted", "n", "due"),
    [
        ("2018-02-09", 1, "2018-02-11"),
        ("2018-02-09", 2, "2018-02-12"),
        ("2018-02-09", 3, "2018-02-13"),
        ("2018-02-09", 5, "2018-02-22"),
        ("2018-09-29", 3, "2018-10-09"),
        ("2018-10-01", 3, "2018-10-10"),
        ("2018-01-10", 20, "2018-02-07"),
        ("2018-01-10", 45, "2018-03-19"),
    ],
)
def test_the_worked_examples_of_2018(accepted: str, n: int, due: str) -> None:
    assert calendar().add(date.fromisoformat(accepted), n) == date.fromisoformat(due)


@given(ANY_DAY)
def test_a_day_is_a_workday_as_the_notices_say(day: date) -> None:
    assert calendar().is_workday(day) is plainly_a_workday(day)


@given(ANY_DAY, st.integers(1, 90))
def test_add_agrees_with_counting_on_fingers(day: date, n: int) -> None:
    found, left = day, n
    while left:
        found += timedelta(days=1)
        left -= plainly_a_workday(found)
    assume(found.year <= 2026)
    assert calendar().add(day, n) == found


@given(ANY_DAY, ANY_DAY)
def test_count_agrees_with_counting_on_fingers(after: date, through: date) -> None:
    span = range(1, (through - after).days + 1)
    expected = sum(plainly_a_workday(after + timedelta(days=i)) for i in span)
    assert calendar().count(after, through) == expected


@given(ANY_DAY, st.integers(1, 90))
def test_count_undoes_add(day: date, n: int) -> None:
    assume(day.year < 2026)
    assert calendar().count(day, calendar().add(day, n)) == n


def test_only_ten_years_are_covered() -> None:
    assert [year for year in range(2010, 2035) if calendar().covers(year)] == list(range(2017, 2027))


@pytest.mark.parametrize(
    "ask", [lambda c: c.add(date(2026, 12, 31), 1), lambda c: c.add(date(2026, 1, 1), 300)]
)
def test_a_due_date_beyond_the_calendar_names_the_missing_year(ask) -> None:
    with pytest.raises(CalendarGap) as error:
        ask(calendar())
    assert error.value.year == 2027
    assert "2027" in str(error.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.is_workday(date(2016, 5, 5)),
        lambda c: c.add(date(2016, 12, 30), 1),
        lambda c: c.count(date(2016, 12, 30), date(2017, 1, 5)),
    ],
)
def test_a_question_about_an_unknown_year_is_not_guessed(ask) -> None:
    with pytest.raises(CalendarGap) as error:
        ask(calendar())
    assert error.value.year == 2016


def test_a_missing_year_between_two_known_ones_is_not_stepped_over() -> None:
    holey = Calendar([(date(2018, 1, 1), "holiday"), (date(2020, 1, 1), "holiday")])
    assert holey.add(date(2018, 12, 27), 1) == date(2018, 12, 28)
    assert holey.add(date(2020, 1, 1), 1) == date(2020, 1, 2)
    for ask in (
        lambda: holey.add(date(2018, 12, 31), 1),
        lambda: holey.count(date(2018, 12, 1), date(2020, 1, 5)),
    ):
        with pytest.raises(CalendarGap) as error:
            ask()
        assert error.value.year == 2019


def test_a_year_may_be_complete_without_exceptions() -> None:
    bare = Calendar([], years=[2030])
    assert bare.add(date(2030, 1, 4), 1) == date(2030, 1, 7)
    assert not bare.covers(2031)


def test_the_day_counted_from_is_never_the_answer() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        calendar().add(date(2018, 2, 9), 0)


# --- published days -------------------------------------------------------------------------------------------


def published(day: str, kind: str, **more: object) -> dict[str, object]:
    return {"_id": f"day:{day}", "type": "calendar_day", "schema": 1, "kind": kind, **more}


def test_a_published_day_goes_before_the_shipped_one() -> None:
    changed = calendar().with_days(
        [published("2018-02-11", "holiday"), published("2018-02-10", "makeup_workday")]
    )
    assert [changed.is_workday(date(2018, 2, day)) for day in (10, 11, 12)] == [True, False, True]
    assert changed.add(date(2018, 2, 9), 3) == date(2018, 2, 13)
    assert calendar().is_workday(date(2018, 2, 11))


def test_a_year_is_covered_once_one_of_its_days_says_it_is_complete() -> None:
    days = [published("2027-01-01", "holiday"), published("2027-02-07", "makeup_workday")]
    assert not calendar().with_days(days).covers(2027)
    whole = calendar().with_days([days[0], {**days[1], "year_complete": True}])
    assert whole.covers(2027)
    assert whole.add(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert whole.is_workday(date(2027, 2, 7))


@given(st.permutations(range(4)))
def test_the_order_of_published_days_does_not_matter(order: list[int]) -> None:
    days = [
        published("2027-01-01", "holiday", year_complete=True),
        published("2018-02-11", "holiday"),
        published("2018-03-03", "makeup_workday"),
        published("2018-03-05", "holiday"),
    ]
    found = calendar().with_days(days[i] for i in order)
    assert found.count(date(2018, 1, 1), date(2027, 6, 1)) == calendar().with_days(days).count(
        date(2018, 1, 1), date(2027, 6, 1)
    )


@pytest.mark.parametrize(
    "doc",
    [
        {},
        published("2018-02-11", "festival"),
        published("2018-02-30", "holiday"),
        published("20180211", "holiday"),
        {**published("2018-02-11", "holiday"), "type": "note"},
        {**published("2018-02-11", "holiday"), "kind": ["holiday"]},
        {**published("2018-02-11", "holiday"), "_id": "2018-02-11"},
    ],
)
def test_what_cannot_be_read_is_passed_over(doc: dict[str, object]) -> None:
    assert calendar().with_days([doc]).is_workday(date(2018, 2, 11))
