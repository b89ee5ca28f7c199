"""Figures: the seed's rates on the shipped catalogue to the last digit, and rates of cases reckoned by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import statistics, tables
from schemas.feedback import Complaint, Rating, complaints, ratings
from schemas.lifecycle.projects import ProjectState
from schemas.statistics import Figure, Period, Target, cases, items, parse_target, percent
from schemas.tables import Item
from tests.schemas.histories import (
    CASE,
    HUB,
    NOON,
    TOWNSHIP,
    VILLAGE,
    History,
    moment,
    permit,
    township_item,
    village_item,
)
from tests.schemas.records import sound
from tests.schemas.test_statistics_facts import at, bureau_case, fact

YEAR = statistics.year(2017)
CITY = [item for item in tables.items().values() if item.level == "city"]
PILOT = [item for item in tables.items().values() if item.division_code == "510903"]


def told(figure: Figure) -> tuple[Fraction, int | None]:
    return figure.numerator, figure.denominator


# --- a figure ---------------------------------------------------------------------------------------------------


def test_a_rate_over_nothing_is_null_and_never_a_hundred_per_cent() -> None:
    nothing = statistics.share("on_time_rate", 0, 0, "办结件", YEAR)
    assert nothing.value is None
    assert nothing.as_dict()["value"] is None
    assert nothing.text() == "—"
    assert statistics.mean("handling_speedup", [], "办结件", YEAR).value is None


def test_a_figure_travels_with_its_numbers() -> None:
    assert statistics.share("on_time_rate", 2, 3, "市级事项办结件", YEAR).as_dict() == {
        "metric": "on_time_rate",
        "value": 0.666667,
        "numerator": 2,
        "denominator": 3,
        "base": "市级事项办结件",
        "period": "2017-01-01/2017-12-31",
    }
    assert statistics.total("items", 227, "市级事项", YEAR).as_dict()["value"] == 227
    assert statistics.total("overdue_cases", 1, "", YEAR, ["b", "a"]).as_dict()["cases"] == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "text"), [(Fraction(151, 227), "66.52"), (Fraction(1, 800), "0.13"), (Fraction(1), "100.00")]
)
def test_per_cents_are_rounded_as_in_school(value: Fraction, text: str) -> None:
    assert percent(value) == text


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_rounding_is_never_off_by_more_than_half_a_hundredth(part: int, whole: int) -> None:
    value = Fraction(part, whole)
    assert abs(Fraction(percent(value)) - value * 100) <= Fraction(1, 200)


# --- the catalogue ----------------------------------------------------------------------------------------------


def test_the_promise_of_the_city_is_faster_than_the_law_in_two_ways() -> None:
    by_item, by_days = items.promise_speedup(CITY, "市级事项", YEAR)
    assert by_item.value is not None
    assert round(float(by_item.value), 6) == 0.639392
    assert (by_item.text(), by_item.denominator) == ("63.94%", 227)
    assert by_days.text() == "89.25%"
    assert told(by_days) == (
        sum(i.legal_days - i.promised_days for i in CITY),
        sum(i.legal_days for i in CITY),
    )


def test_the_catalogue_gives_the_rates_of_the_specification() -> None:
    assert told(items.instant_share(CITY, "", YEAR)) == (151, 227)
    assert items.instant_share(CITY, "", YEAR).text() == "66.52%"
    assert [told(each) for each in items.online(CITY, "", YEAR)] == [(227, 227), (210, 227), (46, 227)]
    assert [each.text() for each in items.online(CITY, "", YEAR)] == ["100.00%", "92.51%", "20.26%"]
    assert [told(each) for each in items.visits(PILOT, "", YEAR)] == [(39, 130), (13, 130)]
    assert [each.text() for each in items.visits(PILOT, "", YEAR)] == ["30.00%", "10.00%"]


def test_items_are_counted_by_department_and_zone() -> None:
    assert len(items.departments(PILOT)) == 19
    assert items.department_count(PILOT, "", YEAR).value == 19
    assert sum(items.zones(PILOT).values()) == 130
    assert len(items.zones(PILOT)) == 5
    assert items.zones(CITY) == {}


def flipped(count: int) -> list[Item]:
    """The city's items with so many of the instant ones made committed."""
    instant = [item.item_code for item in CITY if item.instant][:count]
    return [replace(item, instant=item.item_code not in instant and item.instant) for item in CITY]


@pytest.mark.parametrize(("flips", "met"), [(0, True), (3, True), (4, False)])
def test_the_target_of_65_per_cent_fails_once_four_items_are_flipped(flips: int, met: bool) -> None:
    figure = items.instant_share(flipped(flips), "市级事项", YEAR)
    ((target, _, found),) = statistics.judge([figure], 2017)
    assert target == Target(2017, "instant_item_share", ">=", Fraction(13, 20))
    assert found is met
    assert flips != 4 or figure.text() == "64.76%"


def test_the_targets_of_2018_are_the_seeds() -> None:
    assert {(each.metric, each.op, each.value) for each in statistics.targets() if each.year == 2018} == {
        ("instant_item_share", ">=", Fraction(65, 100)),
        ("handling_speedup", ">=", Fraction(98, 100)),
        ("on_time_rate", "=", 1),
        ("on_site_rate", "=", 1),
    }


def test_an_edited_target_changes_the_light() -> None:
    figure = items.instant_share(CITY, "市级事项", YEAR)

    def light(value: str, op: str = ">=") -> bool | None:
        doc = {**sound("target"), "year": 2017, "metric": "instant_item_share", "op": op, "value": value}
        ((_, _, met),) = statistics.judge([figure], 2017, [parse_target(doc)])
        return met

    assert (light("66.5"), light("66.6"), light("66.6", "<="), light("66.5", "=")) == (
        True,
        False,
        True,
        False,
    )
    nothing = statistics.share("instant_item_share", 0, 0, "", YEAR)
    assert statistics.judge([nothing], 2017)[0][2] is None


def test_two_centralisations_are_three_shares_a_department() -> None:
    docs = [
        {"department": "市水务局", "in_hall": True, "window_authorised": True, "decided_at_window": False},
        {"department": "市水务局", "in_hall": True},
        {"department": "市教育局"},
    ]
    found = items.two_centralisations(docs, YEAR)
    assert [told(each) for each in found["市水务局"]] == [(2, 2), (1, 2), (0, 2)]
    assert [told(each) for each in found["市教育局"]] == [(0, 1), (0, 1), (0, 1)]


# --- rates of cases, by hand ------------------------------------------------------------------------------------

IN_2018 = statistics.year(2018)


def village_case(case: str) -> History:
    history = (
        History(village_item(), case).received(at("02-09")).add("accept", "village_clerk", at=at("02-09"))
    )
    return history.add("instant_conclude", "village_clerk", at=at("02-09"))


def township_case(case: str) -> History:
    history = History(township_item(), case).received(at("02-09"))
    history.add("forward", "village_clerk", at=at("02-09"), to=TOWNSHIP)
    history.add("accept", "township_window", TOWNSHIP, at("02-12"))
    return history.add("instant_conclude", "township_window", TOWNSHIP, at("02-12"))


def number(n: int) -> str:
    return CASE.replace("0007", f"{n:04}")


HISTORIES = [
    village_case(number(1)),
    township_case(number(2)),
    bureau_case(at("02-09"), at("02-12"), case=number(3)),  # A=2 of P=3, L=20: early
    bureau_case(at("02-09"), at("02-14"), case=number(4)),  # A=4: late
    bureau_case(
        at("02-09"), at("02-13"), case=number(5), place="department"
    ),  # A=3: on time, outside the hall
    bureau_case(at("02-09"), None, case=number(6)),  # still open
    History(case=number(7)).reviewing(at("02-09")).add("withdraw", "village_clerk", at=at("02-12")),
]
FACTS = [fact(each) for each in HISTORIES]


def rates(found: Sequence[Figure]) -> dict[str, tuple[Fraction, int | None]]:
    return {figure.metric: told(figure) for figure in found}


def test_handling_is_faster_than_the_law_in_two_ways() -> None:
    village, township = village_item().legal_days, township_item().legal_days
    by_case, by_days = cases.handling_speedup(FACTS, "", IN_2018)
    # 1 and 1 for the instant ones; 18/20, 16/20, 17/20.
    assert told(by_case) == (2 + Fraction(51, 20), 5)
    assert told(by_days) == (village + township + 51, village + township + 60)


def test_punctuality_by_hand() -> None:
    assert rates(cases.punctuality(FACTS, "", IN_2018)) == {
        "on_time_rate": (4, 5),
        "early_rate": (3, 5),
        "early_rate_committed": (1, 3),
        "on_site_rate": (4, 5),
        "same_day_rate": (2, 5),
    }


def test_acceptance_by_hand() -> None:
    assert rates(cases.acceptance(FACTS, "", IN_2018)) == {
        "instant_case_share": (2, 7),
        "same_day_acceptance_rate": (6, 7),
        "online_apply_cases": (0, 7),
        "online_pre_review_cases": (0, 7),
        "online_conclude_cases": (0, 7),
    }


def test_small_things_stay_in_the_village_and_large_ones_in_the_township() -> None:
    assert rates(cases.local_conclusion(FACTS, IN_2018)) == {
        "concluded_in_village": (1, 5),
        "concluded_in_township": (2, 5),
    }


def test_what_a_township_took_in_itself_counts_among_the_large_things() -> None:
    own = replace(FACTS[1], origin_level="township")
    district = replace(FACTS[2], origin_level="district")
    assert rates(cases.local_conclusion([own, district], IN_2018)) == {
        "concluded_in_village": (0, 0),
        "concluded_in_township": (1, 1),
    }


def test_visits_are_measured() -> None:
    """Everybody came once with their papers."""
    assert rates(cases.visits(FACTS, "", IN_2018)) == {
        "at_most_one_visit_cases": (5, 5),
        "zero_visit_cases": (0, 5),
    }


def test_another_year_has_nothing_to_say() -> None:
    for figures in (cases.punctuality, cases.acceptance, cases.visits, cases.handling_speedup):
        assert {figure.value for figure in figures(FACTS, "", YEAR)} == {None}


def test_cases_are_counted_by_department_and_zone() -> None:
    assert cases.by_zone(FACTS, IN_2018) == {permit().zone: 3}
    assert cases.by_department(FACTS, IN_2018)[permit().department] == 3
    assert sum(cases.by_department(FACTS, IN_2018).values()) == 5


# --- ratings and complaints -------------------------------------------------------------------------------------

DAY = date(2018, 3, 1)


def test_satisfaction_is_of_the_rated_and_nobody_is_rated_by_silence() -> None:
    said = {
        number(1): Rating(number(1), 1, DAY),
        number(2): Rating(number(2), 3, DAY),
        number(3): Rating(number(3), 4, DAY, rectified_on=DAY),
        number(4): Rating(number(4), 5, DAY, called_back=True),
        number(6): Rating(number(6), 1, DAY),  # not concluded
    }
    assert rates(cases.satisfaction(FACTS, said, "", IN_2018)) == {
        "satisfaction_rate": (2, 4),
        "rated_rate": (4, 5),
        "call_back_rate": (1, 2),
        "rectification_rate": (1, 2),
    }
    assert rates(cases.satisfaction(FACTS, {}, "", IN_2018))["satisfaction_rate"] == (0, 0)


def test_a_case_is_rated_once_and_what_was_said_away_from_the_clerk_goes_first() -> None:
    history = village_case(CASE).add("deliver", "village_clerk", at=at("02-09"))
    history.add("evaluate", "applicant", at=at("02-10"), level=1)
    assert ratings([history.sound()]) == {CASE: Rating(CASE, 1, date(2018, 2, 10))}
    history.add("evaluate", "applicant", at=at("02-11"), level=2)
    assert ratings([history.sound()])[CASE].level == 2
    doc = {**sound("evaluation"), "channel": "back_to_back", "level": 4, "at": NOON}
    doc["rectification"] = {"due": "2018-03-12", "at": at("03-05"), "callback_result": "已当面说明"}
    found = ratings([history.sound()], [doc, sound("complaint")])[CASE]
    assert found == Rating(CASE, 4, moment(NOON).date(), True, date(2018, 3, 5), True)


def test_fewer_than_five_blind_ratings_are_nobodys_business() -> None:
    said = [Rating(number(n), 1 + n % 5, DAY, blind=True) for n in range(5)]
    found = cases.blind_satisfaction(said, "", IN_2018)
    assert found is not None
    assert told(found) == (3, 5)
    assert cases.blind_satisfaction(said[1:], "", IN_2018) is None
    seen = [*said[1:], replace(said[0], blind=False)]
    assert cases.blind_satisfaction(seen, "", IN_2018) is None


def complaint(**change: Any) -> Complaint:
    doc = {**sound("complaint"), "_id": "cmp:1", "matter": "solicitation", "upheld": True, "upheld_at": NOON}
    (found,) = complaints([{**doc, **change}])
    return found


def test_the_three_that_should_be_nought_name_what_is_behind_them() -> None:
    solicited, late, upheld = cases.zero_indicators(FACTS, [complaint()], "", IN_2018)
    assert (solicited.value, solicited.cases) == (1, ("cmp:1",))
    assert (late.value, late.cases) == (2, (number(4), number(6)))
    assert (upheld.value, upheld.cases) == (1, ("cmp:1",))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"matter": "attitude"}, (0, 1)),
        ({"upheld": False}, (0, 0)),
        ({"upheld_at": "2017-12-31T23:00:00+08:00"}, (0, 0)),
        # In China it was 2018 already.
        ({"upheld_at": "2017-12-31T16:30:00+00:00"}, (1, 1)),
    ],
)
def test_only_what_was_found_true_in_the_period_counts(
    change: dict[str, Any], expected: tuple[int, int]
) -> None:
    solicited, _, upheld = cases.zero_indicators([], [complaint(**change)], "", IN_2018)
    assert (solicited.value, upheld.value) == expected


def test_suggestions_and_questions_are_no_complaints() -> None:
    assert complaints([{**sound("complaint"), "kind": "suggestion"}, sound("notice")]) == ()


# --- projects ---------------------------------------------------------------------------------------------------


def test_projects_are_counted_by_the_day_they_were_taken_on() -> None:
    def project(name: str, **fields: Any) -> ProjectState:
        return ProjectState(project=name, **fields)

    states = [
        project("P1", opened_at=moment(NOON), vip=True, accepted_at=moment(NOON)),
        project("P2", opened_at=moment(NOON), accepted_at=moment("2019-01-02T09:00:00+08:00")),
        project("P3", opened_at=moment("2017-06-01T09:00:00+08:00"), vip=True, accepted_at=moment(NOON)),
        project("P4"),
    ]
    parallel, vip = cases.projects(states, IN_2018)
    assert (parallel.value, parallel.cases) == (2, ("P1", "P3"))
    assert (vip.value, vip.cases) == (1, ("P1",))


@pytest.mark.parametrize("ask", [lambda: parse_target({**sound("target"), "op": "~"})])
def test_a_target_nobody_understands_is_a_mistake_of_the_caller(ask: Callable[[], Target]) -> None:
    with pytest.raises(ValueError, match="unknown op"):
        ask()


def test_a_period_is_a_day_or_a_stretch() -> None:
    assert str(Period(DAY, DAY)) == "2018-03-01"
    assert DAY in IN_2018
    assert date(2019, 1, 1) not in IN_2018
    assert None not in IN_2018
    assert HUB not in IN_2018
    assert VILLAGE not in IN_2018
