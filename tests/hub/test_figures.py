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
from typing import Any, NamedTuple

import pytest
from openpyxl import load_workbook

from hub.figures import DAYS, METRICS, Asked, behind_it, made, of_period
from hub.marks import Marks
from schemas import numbers
from schemas.feedback import Rating, ratings
from schemas.lifecycle.state import CHINA
from schemas.statistics import CaseFacts, Figure, Period, cases, facts_of
from schemas.statistics.sums import Sums
from schemas.workdays import calendar
from station.app import Parts
from station.databases import of_case
from station.fact_rows import Facts, Part
from station.moment import stamp
from station.moments import Known
from station.ratings import form_of
from tests.schemas.histories import BUREAU, TOWNSHIP, VILLAGE, History, permit, township_item, village_item
from tests.world import HUB, PEOPLE, World

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
            if draw.random() < 0.6:
                told.add("evaluate", "applicant", station, later(2), level=draw.randrange(1, 6))
            if draw.random() < 0.05:
                told.add("void", role, station, later())
    return told


def called_back(hub: Parts, draw: random.Random, case_no: str) -> None:
    """Somebody was asked away from the clerk, perhaps a second time, perhaps before the case has come."""
    said = {
        "case": case_no,
        "level": draw.randrange(1, 6),
        "channel": "back_to_back",
        "at": an_hour(LATE),
    }
    form = form_of(case_no)
    hub.keeper.keep(case_no[:12], PEOPLE["S001"], "evaluation", form, lambda _txn, _before: said)


def reference(events: dict[str, list[dict[str, Any]]], today: date) -> list[CaseFacts]:
    """Slowly: every document folded anew."""
    return list(facts_of(events.values(), today, calendar()))


class Heard(NamedTuple):
    """What the hub knows at one stage: of cases, and how they were rated."""

    cases: list[CaseFacts]
    ratings: dict[str, Rating]


def rated(hub: Parts, events: dict[str, list[dict[str, Any]]]) -> dict[str, Rating]:
    """Slowly, and with what was said away from the cases."""
    words = hub.register.logbook.select("type = 'evaluation'", limit=-1)
    return ratings((hub.register.fold(each) for each in events.values()), words)


def expected(heard: Heard, period: Period, part: Part) -> dict[str, Figure]:
    found = heard.cases
    mine = [
        each for each in found
        if part.district in ("", each.district) and part.department in ("", each.department) and part.zone in ("", each.zone)
        and each.case_no.startswith(part.origin)
    ]  # fmt: skip
    made = (
        *cases.handling_speedup(mine, "", period), *cases.punctuality(mine, "", period), *cases.acceptance(mine, "", period),
        *cases.visits(mine, "", period), *cases.local_conclusion(mine, period), cases.zero_indicators(mine, (), "", period)[1],
        *cases.satisfaction(mine, heard.ratings, "", period)[:2],
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


def agree(draw: random.Random, rows: Facts, found: Heard, today: date) -> int:
    """A random period and part: each figure, the lists behind it and the slow count say the same; how many cases were over."""
    period, part = a_period(draw), a_part(draw)
    wanted = expected(found, period, part)
    sums = of_period(rows.months(period.first.year, part), period)
    shown = {each.metric: each for each in made(sums, rows, period, part, today, "")}
    for metric, figure in wanted.items():
        said, about = shown[metric], (SEED, metric, period, part)
        assert (said.numerator, said.denominator) == (figure.numerator, figure.denominator), about
        listed = [
            rows.cases(*where, METRICS[metric].day, 10_000) if (where := behind_it(metric, period, part, today, rest=rest)) else []
            for rest in (False, True)
        ]  # fmt: skip
        if metric in DAYS:
            assert metric != "handling_speedup" or len(listed[0]) == figure.denominator, about
            continue
        assert len(listed[0]) == figure.numerator, about
        assert figure.denominator is None or len(listed[0]) + len(listed[1]) == figure.denominator, about
        if metric == "overdue_cases":
            assert sorted(listed[0]) == list(figure.cases), about
    return int(shown["concluded_cases"].numerator)


def test_a_figure_its_list_and_a_slow_count_over_the_documents_agree_now_and_as_of_what_the_hub_knew(
    city: World,
) -> None:
    draw, hub = random.Random(SEED), city[HUB].parts
    marks = Marks(hub.store, hub.register, hub.clock, hub.random)
    told = [history(draw, n) for n in range(60, 180)]
    waiting = [
        (told_by.case, {name: value for name, value in event.items() if name != "_id"})
        for told_by in told for event in told_by.events
    ]  # fmt: skip
    today, concluded = LATE + timedelta(days=1), 0
    then: list[tuple[Known, Heard]] = []
    for stage in range(STAGES):
        # What comes of a case comes in its order, and of different cases in any.
        arriving = waiting if stage == STAGES - 1 else waiting[: len(waiting) // (STAGES - stage)]
        waiting = waiting[len(arriving) :]
        for case_no, event in arriving:
            hub.ledger.append(of_case(case_no), lambda _txn, event=event: [event])
        hub.register.catch_up()
        for each in draw.sample(told, 12):
            called_back(hub, draw, each.case)
        events = {each.case: list(hub.register.events(each.case)) for each in told}
        events = {case_no: those for case_no, those in events.items() if those}
        found = Heard(reference(events, today), rated(hub, events))
        concluded += sum(agree(draw, hub.register.facts, found, today) for _ in range(ASKED // STAGES))
        moment = marks.mark()
        assert moment is not None
        then.append((moment, found))
    assert concluded > 100, "there was something to count"

    def as_of() -> list[Any]:
        parts = (Part(), Part(district="510903"), Part(origin=VILLAGE[:9]))
        rows = [hub.register.facts, *(hub.register.facts.as_of(moment.n) for moment, _ in then)]
        return [each.months(year, part) for each in rows for year in (2017, 2018) for part in parts]

    for _ in range(ASKED):
        moment, found = draw.choice(then)
        agree(draw, hub.register.facts.as_of(moment.n), found, today)
    before = as_of()
    assert before[6] != before[-6]
    hub.register.rebuild()
    assert as_of() == before, "the register is made from the documents, and from the order in which they came"


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


def without_tokens(page: str) -> str:
    """A page but for what says in which second it was made."""
    return re.sub(r'(name="csrf_token" value=")[^"]+', r"\1", page)


def test_a_page_tells_what_was_known_at_an_earlier_moment_and_when_that_is(full: World) -> None:
    hub, supervisor = full[HUB].parts, full.visit(HUB).sign_in("S001")
    moment = Marks(hub.store, hub.register, hub.clock, hub.random).mark()
    assert moment is not None
    asked = {"period": "2018", "as_of": stamp(moment.at)}
    before = supervisor.open("/figures/accepted_cases", **asked)
    told = History(village_item(), numbers.case_no(VILLAGE, date(2018, 1, 9), 999)).received(
        an_hour(date(2018, 1, 9))
    )
    for event in told.add("accept", "village_clerk", VILLAGE, an_hour(date(2018, 1, 9), 10)).events:
        hub.ledger.append(
            of_case(told.case), lambda _txn, event=event: [{k: v for k, v in event.items() if k != "_id"}]
        )
    now = supervisor.open("/figures/accepted_cases", period="2018")
    counts = [int(re.findall(r"共 (\d+) 件", page)[0]) for page in (before, now)]
    assert counts[1] == counts[0] + 1
    again = supervisor.open("/figures/accepted_cases", **asked)
    assert without_tokens(again) == without_tokens(before) and "已收到的办件计算" in before
    page = supervisor.open("/figures", **asked)
    assert moment.at.strftime("%Y-%m-%d %H:%M") in page and f">{counts[0]}</a>" in page
    path = next(unescape(each) for each in re.findall(r'action="(/figures/accepted_cases[^"]+)"', before))
    token = re.findall(r'name="csrf_token" value="([^"]+)"', before)[0]
    answer = supervisor.client.post(path, data={"csrf_token": token, "as": "xlsx"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None and sheet.max_row == counts[0] + 1


def test_a_day_of_which_nothing_was_kept_is_said_and_not_made_up(full: World) -> None:
    page = full.visit(HUB).sign_in("S001").open("/figures", period="2018", as_of="2017-06-01")
    assert "没有留下记录" in page and "按市中心现在收到的办件计算" in page


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
     "/figures/overdue_cases?rest=1", "/figures?period=x", "/figures?as_of=yesterday"],
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
