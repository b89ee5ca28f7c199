"""schemas.bulletins: of which days, to whom, in which words, and what may be signed."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import bulletins, tables
from schemas.bulletins import (
    COUNTS,
    SAID,
    TO_FILL,
    Told,
    addressed,
    changed,
    composed,
    period,
    problems,
    written,
)
from schemas.lifecycle.state import CHINA
from schemas.statistics import Figure, Period, targets
from tests.schemas.histories import BUREAU, TOWNSHIP, VILLAGE

FEBRUARY = Period(date(2018, 2, 1), date(2018, 2, 28))
AT = datetime(2018, 3, 1, 8, 0, tzinfo=CHINA)
DRAFT: dict[str, Any] = {
    "kind": "monthly_bulletin",
    "period": "2018-02",
    "title": "通报",
    "body": "全市平稳。",
    "valid_to": "",
}


def figures(accepted: int = 12, on_time: tuple[int, int] = (9, 10)) -> dict[str, Figure]:
    counts = {"accepted_cases": accepted, "concluded_cases": 10, "overdue_cases": 1}
    made = {metric: Figure(metric, Fraction(counts[metric]), None, "全市", FEBRUARY) for metric in COUNTS}
    rates = {metric: Figure(metric, Fraction(3), 10, "全市", FEBRUARY) for metric in SAID}
    return {
        **made,
        **rates,
        "on_time_rate": Figure("on_time_rate", Fraction(on_time[0]), on_time[1], "全市", FEBRUARY),
    }


def told(**said: Any) -> Told:
    target = next(each for each in targets() if (each.year, each.metric) == (2018, "on_time_rate"))
    return Told(**{
        "city": figures(), "before": figures(15), "districts": [("船山区", figures())], "judged": {"on_time_rate": (target, False)},
        "cards": {"yellow": 2}, "complaints": (3, 2), **said,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "days"),
    [
        ("monthly_bulletin", "2018-02", FEBRUARY),
        ("monthly_bulletin", "2017-12", Period(date(2017, 12, 1), date(2017, 12, 31))),
        ("weekly_summary", "2018-W07", Period(date(2018, 2, 12), date(2018, 2, 18))),
        ("weekly_summary", "2020-W53", Period(date(2020, 12, 28), date(2021, 1, 3))),
        ("monthly_bulletin", "2018-13", None), ("weekly_summary", "2018-W54", None), ("weekly_summary", "2018-02", None), ("notice", "2018-02", None),
        ("monthly_bulletin", "２０１８-02", None), ("monthly_bulletin", "0000-01", None),
    ],
)  # fmt: skip
def test_a_name_of_a_period_is_its_days(kind: str, name: str, days: Period | None) -> None:
    assert period(kind, name) == days


@given(st.dates(date(2017, 1, 1), date(2035, 12, 31)), st.sampled_from(bulletins.MADE))
def test_the_last_period_is_over_and_follows_the_one_before(today: date, kind: str) -> None:
    name = bulletins.last(kind, today)
    days, past = period(kind, name), period(kind, bulletins.before(kind, name))
    assert days is not None and past is not None
    assert days.last < today and (today - days.last).days <= 31
    assert (days.first - past.last).days == 1


@pytest.mark.parametrize(
    ("audience", "who"),
    [("all", {VILLAGE, TOWNSHIP, BUREAU}), ("village", {VILLAGE}), ("township", {TOWNSHIP}), ("district", {BUREAU}),
     ("510903", {VILLAGE, TOWNSHIP, BUREAU}), ("510922", set()), ("nobody", set())],
)  # fmt: skip
def test_a_notice_is_for_whom_it_says_and_never_for_the_hub(audience: str, who: set[str]) -> None:
    assert {
        code for code in (VILLAGE, TOWNSHIP, BUREAU, tables.HUB) if addressed(audience, tables.station(code))
    } == who


def test_a_bulletin_says_its_figures_with_what_they_are_made_of() -> None:
    title, text = composed("monthly_bulletin", "2018-02", told(), AT)
    assert title == "遂宁市政务服务工作情况通报（2018年2月）"
    for said in (
        "2018年2月1日至2018年2月28日", "截至2018年3月1日08:00", "受理12件（比上月减少3件）", "办结10件（与上月持平）",
        "按时办结率90.00%（9/10），目标100%，未达标", "船山区：受理12件", "黄牌2张、红牌0张", "意见3件，已答复2件", TO_FILL,
    ):  # fmt: skip
        assert said in text, said


def test_a_week_is_told_as_a_week_and_nothing_over_nothing_is_a_dash() -> None:
    title, text = composed("weekly_summary", "2018-W07", told(city=figures(on_time=(0, 0))), AT)
    assert title == "遂宁市政务服务周小结（2018年第7周）"
    assert "按时办结率—" in text and "比上周减少3件" in text and "下周工作要求" in text


@pytest.mark.parametrize(
    ("change", "code"),
    [({}, None), ({"title": ""}, "notice_empty"), ({"body": " \n"}, "notice_empty"), ({"body": f"四、{TO_FILL}"}, "notice_to_fill"),
     ({"period": "2018-03"}, "period_open"), ({"valid_to": "2018-02-28"}, "notice_over"), ({"valid_to": "2018-03-01"}, None),
     ({"kind": "notice", "period": ""}, None)],
)  # fmt: skip
def test_what_may_be_signed(change: dict[str, Any], code: str | None) -> None:
    assert [each.code for each in problems({**DRAFT, **change}, AT.date())] == ([code] if code else [])


def test_what_is_otherwise_by_now_is_told_and_the_rest_is_not() -> None:
    said = written("", figures().values())
    now = {(metric, ""): figure for metric, figure in figures(accepted=14).items()}
    assert [(each.metric, each.then.text(), each.now.text()) for each in changed(said, now)] == [
        ("accepted_cases", "12", "14")
    ]
    assert changed(said, {}) == []


@given(st.fractions(0, 10**6, max_denominator=10**6), st.one_of(st.none(), st.integers(0, 10**6)))
def test_a_figure_that_was_written_is_the_same_figure(numerator: Fraction, denominator: int | None) -> None:
    figure = Figure("handling_speedup", numerator, denominator, "全市", FEBRUARY)
    assert changed(written("510903", [figure]), {("handling_speedup", "510903"): figure}) == []
