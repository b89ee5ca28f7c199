"""Figures agree: what a page says, the list behind it, the table to take away, and a slow reference over the raw documents."""

from __future__ import annotations

import io
import os
import random
import re
import secrets
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from openpyxl import load_workbook

from hub.figures import DAYS, METRICS, Asked, behind_it, made, of_period
from schemas import numbers
from schemas.lifecycle.state import CHINA
from schemas.statistics import CaseFacts, Figure, Period, cases, facts_of
from schemas.statistics.sums import Sums
from schemas.workdays import calendar
from station.databases import of_case
from station.fact_rows import FactRows, Part
from tests.schemas.histories import BUREAU, TOWNSHIP, VILLAGE, History, permit, township_item, village_item
from tests.world import HUB, World

ASKED = int(os.environ.get("BIANMIN_TEST_FIGURES", "50"))
SEED = int(os.environ.get("BIANMIN_TEST_SEED") or secrets.randbelow(10**9))
EARLY, LATE = date(2017, 11, 6), date(2018, 2, 8)
STAGES = 5
"""Moments at which the hub has heard so much and no more."""


def an_hour(day: date, hour: int = 9) -> str:
    return datetime(day.year, day.month, day.day, hour, tzinfo=CHINA).isoformat()


def history(draw: random.Random, n: int) -> History:
    """A case of some kind that came so far, by people who take their time."""
    day = EARLY + timedelta(days=draw.randrange((LATE - EARLY).days))
    item = draw.choice((village_item, township_item, permit, permit))()
    online = item == permit() and draw.random() < 0.2
    told = History(item, numbers.case_no(BUREAU if online else VILLAGE, day, n))

    def later(most: int = 9) -> str:
        nonlocal day
        day = min(day + timedelta(days=draw.choice((0, 0, 0, 1, draw.randrange(most)))), LATE)
        return an_hour(day, 9 + draw.randrange(8))

    if item == permit():
        if online:
            told.add("create", "applicant", BUREAU, later(), channel="2").add(
                "submit_online", "applicant", BUREAU, later()
            )
            told.add("pre_review_pass", "district_window", BUREAU, later(), staff="E9")
        else:
            told.received(later()).add("forward", "village_clerk", at=later())
        if draw.random() < 0.15:
            told.add("withdraw", "applicant", BUREAU, later())
            return told
        told.add("accept", "district_window", BUREAU, later(), staff="E9").add(
            "assign", "zone_head", BUREAU, later()
        )
        if draw.random() < 0.25:
            told.add("suspend", "examiner", BUREAU, later())
            if draw.random() < 0.5:
                return told
            told.add("resume", "examiner", BUREAU, later())
        if draw.random() < 0.15:
            told.add("extend", "bureau_head", BUREAU, later())
        if draw.random() < 0.3:
            return told
        told.add("pass_step", "examiner", BUREAU, later(30)).add("grant", "zone_head", BUREAU, later())
        if draw.random() < 0.8:
            told.add("conclude", "district_window", BUREAU, later())
        return told
    told.received(later())
    station, role = VILLAGE, "village_clerk"
    if item == township_item():
        told.add("forward", "village_clerk", at=later(), to=TOWNSHIP)
        station, role = TOWNSHIP, "township_window"
    if draw.random() < 0.85:
        told.add("accept", role, station, later())
        if draw.random() < 0.85:
            told.add("instant_conclude", role, station, later(4))
            if draw.random() < 0.05:
                told.add("void", role, station, later())
    return told


def reference(events: dict[str, list[dict[str, Any]]], today: date) -> list[CaseFacts]:
    """Slowly: every document folded anew."""
    return list(facts_of(events.values(), today, calendar()))


def expected(found: list[CaseFacts], period: Period, part: Part) -> dict[str, Figure]:
    mine = [
        each for each in found
        if part.district in ("", each.district) and part.department in ("", each.department) and part.zone in ("", each.zone)
        and each.case_no.startswith(part.origin)
    ]  # fmt: skip
    made = (
        *cases.handling_speedup(mine, "", period), *cases.punctuality(mine, "", period), *cases.acceptance(mine, "", period),
        *cases.visits(mine, "", period), *cases.local_conclusion(mine, period), cases.zero_indicators(mine, (), "", period)[1],
    )  # fmt: skip
    return {each.metric: each for each in made}


def a_period(draw: random.Random) -> Period:
    """A month, a quarter or a year, as the page has them; most of them where there are cases."""
    named = draw.choice(
        (
            *(f"2017-{month}" for month in (10, 11, 12)),
            *(f"2018-0{month}" for month in (1, 2, 3)),
            "2017-Q4",
            "2018-Q1",
            "2017",
            "2018",
        )
    )
    return Asked(named, Part()).days


def a_part(draw: random.Random) -> Part:
    return draw.choice((
        Part(), Part(district="510903"), Part(district="510922"), Part(department=permit().department), Part(zone=permit().zone or ""),
        Part(origin=VILLAGE[:9]), Part(district="510903", zone=permit().zone or ""), Part(origin="510922001"),
    ))  # fmt: skip


def test_a_figure_its_list_and_a_slow_count_over_the_documents_agree_as_the_hub_hears_more(
    city: World,
) -> None:
    draw, hub = random.Random(SEED), city[HUB].parts
    told = [history(draw, n) for n in range(60, 180)]
    waiting = [
        (told_by.case, {name: value for name, value in event.items() if name != "_id"})
        for told_by in told for event in told_by.events
    ]  # fmt: skip
    heard: dict[str, list[dict[str, Any]]] = {}
    today = LATE + timedelta(days=1)
    concluded = 0
    for stage in range(STAGES):
        # What comes of a case comes in its order, and of different cases in any.
        arriving = waiting if stage == STAGES - 1 else waiting[: len(waiting) // (STAGES - stage)]
        waiting = waiting[len(arriving) :]
        for case_no, event in arriving:
            hub.ledger.append(of_case(case_no), lambda _txn, event=event: [event])
        hub.register.catch_up()
        heard = {each.case: list(hub.register.events(each.case)) for each in told}
        heard = {case_no: events for case_no, events in heard.items() if events}
        found = reference(heard, today)
        for _ in range(ASKED // STAGES):
            period, part = a_period(draw), a_part(draw)
            wanted = expected(found, period, part)
            rows = hub.register.facts
            shown = {
                each.metric: each
                for each in made(
                    of_period(rows.months(period.first.year, part), period), rows, period, part, today, ""
                )
            }
            concluded += int(shown["concluded_cases"].numerator)
            for metric, figure in wanted.items():
                said = shown[metric]
                assert (said.numerator, said.denominator) == (figure.numerator, figure.denominator), (
                    SEED,
                    stage,
                    metric,
                    period,
                    part,
                )
                listed = [
                    rows.cases(*where, METRICS[metric].day, 10_000)
                    if (where := behind_it(metric, period, part, today, rest=rest))
                    else []
                    for rest in (False, True)
                ]
                if metric in DAYS:
                    assert metric != "handling_speedup" or len(listed[0]) == figure.denominator
                else:
                    assert len(listed[0]) == figure.numerator, (SEED, metric)
                    assert (
                        figure.denominator is None or len(listed[0]) + len(listed[1]) == figure.denominator
                    ), (SEED, metric)
                if metric == "overdue_cases":
                    assert sorted(listed[0]) == list(figure.cases), (SEED, period, part)
    assert concluded > 100, "there was something to count"
    before = sums_of_both_years(hub.register.facts)
    hub.register.rebuild()
    assert before == sums_of_both_years(hub.register.facts)


def sums_of_both_years(rows: FactRows) -> list[list[Sums]]:
    return [rows.months(year, Part(district=name)) for year in (2017, 2018) for name in ("", "510903")]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from tests.world import small_city

    with small_city(tmp_path_factory.mktemp("figures")) as world:
        draw, hub = random.Random(5), world[HUB].parts
        for n in range(60, 160):
            for event in history(draw, n).events:
                hub.ledger.append(
                    of_case(event["case"]),
                    lambda _txn, event=event: [{k: v for k, v in event.items() if k != "_id"}],
                )
        hub.register.catch_up()
        yield world


def test_a_page_its_lists_and_their_tables_say_the_same_number(full: World) -> None:
    supervisor = full.visit(HUB).sign_in("S001")
    page = supervisor.open("/figures", period="2018-01")
    links = {
        unescape(path): int(n)
        for path, n in re.findall(r'href="(/figures/[a-z_]+\?[^"]+)"[^>]*>(\d+)</a>', page)
    }
    assert len(links) > 8, page
    rest = {
        unescape(path): int(n) for path, n in re.findall(r'href="(/figures/[^"]+)">其余 (\d+) 件</a>', page)
    }
    assert rest
    for path, n in {**links, **rest}.items():
        listed = supervisor.client.get(path).text
        assert f"共 {n} 件" in listed, path
        token = re.findall(r'name="csrf_token" value="([^"]+)"', listed)[0]
        answer = supervisor.client.post(path, data={"csrf_token": token, "as": "xlsx"})
        sheet = load_workbook(io.BytesIO(answer.content)).active
        assert sheet is not None and sheet.max_row == n + 1, path


def test_a_target_has_a_light_that_is_not_only_a_colour(full: World) -> None:
    page = full.visit(HUB).sign_in("S001").open("/figures", period="2018")
    assert "▲ 未达标" in page and "≥ 98%" in page and "= 100%" in page


def test_nothing_over_nothing_is_a_dash(full: World) -> None:
    page = full.visit(HUB).sign_in("S001").open("/figures", period="2018", district="510922")
    assert page.count("—</td>") > 8 and "100.00%" not in page


def test_names_are_masked_behind_a_figure(full: World) -> None:
    page = full.visit(HUB).sign_in("S001").open("/figures/concluded_cases", period="2018")
    assert "张三丰" not in page and "张" in page


@pytest.mark.parametrize(
    "path",
    ["/figures?period=2016", "/figures?period=2018-13", "/figures?district=999999", "/figures?department=无", "/figures?town=1", "/figures/nothing",
     "/figures/overdue_cases?rest=1", "/figures?period=x"],
)  # fmt: skip
def test_what_there_is_not_is_not_found(full: World, path: str) -> None:
    supervisor = full.visit(HUB).sign_in("S001")
    assert supervisor.client.get(path).status_code == 404


def test_every_metric_of_the_page_has_a_list(full: World) -> None:
    today = date(2018, 2, 9)
    names = {
        each.metric
        for each in made(Sums(), full[HUB].parts.register.facts, Period(EARLY, LATE), Part(), today, "")
    }
    assert names == set(METRICS)
