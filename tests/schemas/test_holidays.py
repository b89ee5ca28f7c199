"""A year's list of holidays: read by lines, checked against the calendar that counts, told as what it changes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import holidays
from schemas.workdays import Calendar, calendar

NEW = "date,kind,name\n2027-01-01,holiday,元旦\n2027-01-09,makeup_workday,元旦\n"
TODAY = date(2018, 2, 9)
DAYS_OF_2027 = st.dates(date(2027, 1, 1), date(2027, 12, 31))


def told(text: str, year: int, known: Calendar | None = None, today: date = TODAY) -> list[str]:
    lines, wrong = holidays.read(text)
    return [each.code for each in wrong or holidays.problems(lines, year, known or calendar(), today)]


def published(text: str, year: int, known: Calendar) -> Calendar:
    lines, wrong = holidays.read(text)
    assert wrong == ()
    return known.with_days(holidays.documents(holidays.changes(lines, year, known)))


def test_a_new_year_may_be_published_and_is_known_then() -> None:
    assert told(NEW, 2027) == []
    after = published(NEW, 2027, calendar())
    assert after.covers(2027) and not calendar().covers(2027)
    assert not after.is_workday(date(2027, 1, 1)) and after.is_workday(date(2027, 1, 9))


@pytest.mark.parametrize(
    ("text", "codes", "lines"),
    [
        ("", ["days_none"], [None]),
        ("date,kind,name\n2027-02-30,holiday,x\n2027-01-01,party,x\n\n2027-1-1,holiday,x", ["day_wrong", "kind_wrong", "day_wrong"], [2, 3, 5]),
        ("date,kind,name\n2026-01-01,holiday,元旦", ["other_year"], [2]),
        (NEW + "2027-01-01,holiday,元旦", ["day_twice"], [4]),
        ("2027-01-04,makeup_workday,元旦", ["usual_workday"], [1]),
    ],
)  # fmt: skip
def test_each_line_that_is_wrong_is_named(text: str, codes: list[str], lines: list[int | None]) -> None:
    found, wrong = holidays.read(text)
    problems = wrong or holidays.problems(found, 2027, calendar(), TODAY)
    assert [each.code for each in problems] == codes
    assert [each.params.get("line") for each in problems] == lines


def test_kinds_may_be_chinese_and_the_names_of_the_columns_left_out() -> None:
    same = "2027-01-01，放假，元旦\n2027-01-09，上班，元旦"
    assert [each[1:] for each in holidays.read(same)[0]] == [each[1:] for each in holidays.read(NEW)[0]]


def test_what_is_over_stays_as_it_was() -> None:
    text = holidays.written(2018, calendar())
    assert told(text, 2018) == ["nothing_changes"]
    assert told(text + "\n2018-02-08,holiday,临时", 2018) == ["day_over"]
    assert told(text + "\n2018-02-09,holiday,临时", 2018) == []
    assert told("2027-01-01,holiday,元旦", 2027, today=date(2027, 3, 1)) == [], "nobody knew that year yet"


def test_a_day_that_is_left_out_is_a_usual_one_again() -> None:
    known = calendar()
    day = known.special_days(2026)[-1][0]
    text = "\n".join(line for line in holidays.written(2026, known).splitlines() if str(day) not in line)
    assert [(each.day, each.after) for each in holidays.changes(holidays.read(text)[0], 2026, known)] == [
        (day, ("", ""))
    ]
    after = published(text, 2026, known)
    assert after.special(day) == ("", "") and after.is_workday(day) == (day.weekday() < 5)
    assert after.covers(2026)


@given(st.dictionaries(DAYS_OF_2027, st.booleans(), min_size=1), st.dictionaries(DAYS_OF_2027, st.booleans(), min_size=1))  # fmt: skip
def test_what_was_published_last_is_the_whole_year(first: dict[date, bool], last: dict[date, bool]) -> None:
    def text(days: dict[date, bool]) -> str:
        return "\n".join(f"{day},{'holiday' if free else 'makeup_workday'},x" for day, free in days.items())

    after = published(text(last), 2027, published(text(first), 2027, calendar()))
    assert {day: kind == "holiday" for day, kind, _ in after.special_days(2027)} == last
    for n in range(365):
        day = date(2027, 1, 1) + timedelta(n)
        assert after.is_workday(day) == (not last[day] if day in last else day.weekday() < 5)


@pytest.mark.parametrize("year", calendar().years())
def test_a_year_as_it_is_written_is_the_year(year: int) -> None:
    assert holidays.changes(holidays.read(holidays.written(year, calendar()))[0], year, calendar()) == []
