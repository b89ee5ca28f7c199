"""Notices of the hub, and the weekly summary and monthly bulletin among them (seed row 36): to whom, of which days, in which words.

    figures of a period, of the city and of its districts ─> composed(…) ─> title and text ─ edited by the office ─> problems(…): none ─> signed
    what a sent one said, what is known now ─> changed(…)

Writes nothing, computes no figure (schemas.statistics) and reads no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from schemas.problems import N_, Problem
from schemas.statistics import Figure, Period, Target
from schemas.tables import Station

KINDS: Final[Mapping[str, str]] = {
    "weekly_summary": N_("周小结"), "monthly_bulletin": N_("月通报"), "notice": N_("通知"), "rule_change": N_("规则变更"),
}  # fmt: skip
MADE: Final = ("weekly_summary", "monthly_bulletin")
"""Of a period, from its figures."""
AUDIENCES: Final[Mapping[str, str]] = {
    "all": N_("各单位"), "township": N_("各乡镇（街道）便民服务中心"), "village": N_("各村（社区）便民服务站"), "district": N_("各区县政务服务中心"),
}  # fmt: skip
"""Besides the six digits of a district: everybody in it."""
TO_FILL: Final = "（请填写）"
"""What a person has to write where figures say nothing."""
MOST_TITLE: Final = 100
MOST_BODY: Final = 20_000
SAID: Final[Mapping[str, str]] = {
    "on_time_rate": N_("按时办结率"), "early_rate": N_("提前办结率"), "on_site_rate": N_("现场办结率"), "handling_speedup": N_("办理提速"),
    "instant_case_share": N_("即办件比例"), "at_most_one_visit_cases": N_("最多跑一次比例"),
}  # fmt: skip
"""The rates that a bulletin names, in this order."""
COUNTS: Final[Mapping[str, str]] = {
    "accepted_cases": N_("受理件"), "concluded_cases": N_("办结件"), "overdue_cases": N_("超过承诺时限的办件"),
}  # fmt: skip


def addressed(audience: str, station: Station) -> bool:
    """Whether a station is among those whom a notice is for; the hub, which sends it, never is."""
    if station.level == "city":
        return False
    return audience == "all" or audience in (station.level, station.district_code)


def period(kind: str, name: str) -> Period | None:
    """The days of "2018-02" or, from Monday, of "2018-W07"; None for what is none."""
    try:
        if kind == "monthly_bulletin" and re.fullmatch(r"\d{4}-\d{2}", name, re.ASCII):
            first = date(int(name[:4]), int(name[5:]), 1)
            return Period(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        if kind == "weekly_summary" and re.fullmatch(r"\d{4}-W\d{2}", name, re.ASCII):
            monday = date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
            return Period(monday, monday + timedelta(days=6))
    except ValueError:
        pass
    return None


def last(kind: str, today: date) -> str:
    """The name of the newest period that is over."""
    if kind == "monthly_bulletin":
        return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    year, week, _ = (today - timedelta(days=7)).isocalendar()
    return f"{year}-W{week:02}"


def before(kind: str, name: str) -> str:
    """The name of the period before one. Raises ValueError for what is none."""
    days = period(kind, name)
    if days is None:
        raise ValueError(name)
    return last(kind, days.first if kind == "monthly_bulletin" else days.last)


@dataclass(frozen=True)
class Told:
    """What a bulletin is made from: figures by metric, of the whole city and, by name, of each district, and of the period before;
    cards issued in the period by colour; complaints received, and those of them that were answered."""

    city: Mapping[str, Figure]
    before: Mapping[str, Figure]
    districts: Sequence[tuple[str, Mapping[str, Figure]]]
    judged: Mapping[str, tuple[Target, bool | None]]
    cards: Mapping[str, int]
    complaints: tuple[int, int]


def composed(kind: str, name: str, told: Told, at: datetime) -> tuple[str, str]:
    """(title, text) in the words of an official paper; what a person has to add is TO_FILL. `at`: up to when the hub had heard."""
    days, weekly = period(kind, name), kind == "weekly_summary"
    assert days is not None
    called = f"{name[:4]}年第{int(name[6:])}周" if weekly else f"{name[:4]}年{int(name[5:])}月"
    title = f"遂宁市政务服务{'周小结' if weekly else '工作情况通报'}（{called}）"
    by_district = [
        f"{district}：受理{_count(made, 'accepted_cases')}件，办结{_count(made, 'concluded_cases')}件，"
        f"按时办结率{_rate(made, 'on_time_rate')}，超过承诺时限{_count(made, 'overdue_cases')}件。"
        for district, made in told.districts
    ]
    received, answered = told.complaints
    cards = "、".join(
        f"{word}{told.cards.get(colour, 0)}张" for colour, word in (("yellow", "黄牌"), ("red", "红牌"))
    )
    text = [
        "各区县政务服务中心，各乡镇（街道）便民服务中心，各村（社区）便民服务站：",
        f"现将{called}（{_day(days.first)}至{_day(days.last)}）全市政务服务工作情况{'小结' if weekly else '通报'}如下。"
        f"数据按市中心截至{_day(at.date())}{at:%H:%M}已收到的办件计算。",
        "",
        "一、总体情况",
        f"全市受理{_count(told.city, 'accepted_cases')}件（{_more(told, 'accepted_cases', weekly)}），"
        f"办结{_count(told.city, 'concluded_cases')}件（{_more(told, 'concluded_cases', weekly)}），"
        f"超过承诺时限的办件{_count(told.city, 'overdue_cases')}件。",
        "；".join(
            f"{label}{_rate(told.city, metric)}{_light(told, metric)}" for metric, label in SAID.items()
        )
        + "。",
        "",
        "二、各区县情况",
        *by_district,
        "",
        "三、效能监察和群众意见",
        f"发出{cards}、提醒{told.cards.get('reminder', 0)}次；收到投诉、举报和意见{received}件，已答复{answered}件。",
        "",
        f"四、存在的问题和{'下周' if weekly else '下月'}工作要求",
        TO_FILL,
    ]
    return title, "\n".join(text)


def problems(doc: Mapping[str, Any], today: date) -> tuple[Problem, ...]:
    """Why a notice may not be signed; () if it may."""
    found = []
    if not doc.get("title") or not str(doc.get("body", "")).strip():
        found.append(Problem("notice_empty", N_("请写明标题和正文"), {}))
    if TO_FILL in str(doc.get("body", "")):
        found.append(Problem("notice_to_fill", N_("正文中还有“（请填写）”，请写明或删去"), {}))
    days = period(doc["kind"], str(doc.get("period", ""))) if doc["kind"] in MADE else None
    if days is not None and days.last >= today:
        found.append(Problem("period_open", N_("{last}还没有过完，不能通报"), {"last": str(days.last)}))
    valid_to = str(doc.get("valid_to") or "")
    if valid_to and valid_to < today.isoformat():
        found.append(Problem("notice_over", N_("有效期不能早于今天"), {}))
    return tuple(found)


@dataclass(frozen=True)
class Change:
    """A figure that says otherwise now. part: "" for the city, or a district's six digits."""

    metric: str
    part: str
    then: Figure
    now: Figure


def written(part: str, figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """The figures of a part as a notice carries them."""
    return [
        {
            "metric": each.metric, "part": part, "numerator": str(each.numerator),
            **({} if each.denominator is None else {"denominator": each.denominator}),
        }
        for each in figures
    ]  # fmt: skip


def changed(said: Iterable[Mapping[str, Any]], now: Mapping[tuple[str, str], Figure]) -> list[Change]:
    """The figures of a notice that are others now; `now` by (metric, part). What it can't be compared with is left out."""
    found = []
    for line in said:
        figure = now.get((str(line.get("metric")), str(line.get("part", ""))))
        if figure is None:
            continue
        numerator, denominator = Fraction(str(line["numerator"])), line.get("denominator")
        if (numerator, denominator) != (figure.numerator, figure.denominator):
            then = Figure(figure.metric, numerator, denominator, figure.base, figure.period)
            found.append(Change(figure.metric, str(line.get("part", "")), then, figure))
    return found


def _count(made: Mapping[str, Figure], metric: str) -> str:
    return made[metric].text()


def _rate(made: Mapping[str, Figure], metric: str) -> str:
    figure = made[metric]
    if figure.denominator and figure.numerator.denominator == 1 and metric != "handling_speedup":
        return f"{figure.text()}（{figure.numerator}/{figure.denominator}）"
    return figure.text()


def _more(told: Told, metric: str, weekly: bool) -> str:
    than, less = (
        f"比上{'周' if weekly else '月'}",
        told.city[metric].numerator - told.before[metric].numerator,
    )
    return (
        f"与上{'周' if weekly else '月'}持平"
        if not less
        else f"{than}{'增加' if less > 0 else '减少'}{abs(less)}件"
    )


def _light(told: Told, metric: str) -> str:
    if metric not in told.judged:
        return ""
    target, met = told.judged[metric]
    wanted = f"，目标{'' if target.op == '=' else target.op.replace('>=', '不低于').replace('<=', '不高于')}{float(target.value * 100):g}%"
    return wanted + {True: "，达标", False: "，未达标", None: "，无数据"}[met]


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
