"""The work list over HTTP: each kind of work is where it belongs, counted, with its next step; each count has its index."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest

from schemas import tables
from station.worklist import KINDS, Asked
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import BEGIN, HUB, TOWNSHIP, VILLAGE, World

DIRECT = next(each for each in tables.items().values() if each.village_mode == "direct" and each.instant)


def counts(page: str) -> dict[str, int]:
    """What the page counts of each kind."""
    found = re.findall(r'href="/work/(\w+)">\s*<span class="bm-count[^"]*">(\d+)<', page)
    return {kind: int(count) for kind, count in found}


def test_an_empty_station_has_nothing_to_do(city: World) -> None:
    page = city.visit(VILLAGE).sign_in("V001").open("/work")
    assert set(counts(page).values()) == {0}
    assert set(counts(page)) == {*KINDS, "unsynced"}
    assert "现在没有等您办理的办件" in page


def test_each_case_is_in_the_work_of_whoever_has_it(city: World) -> None:
    own, sent = record(city, DIRECT), record(city, PERMIT)
    clerk = city.visit(VILLAGE).sign_in("V001")
    found = counts(clerk.open("/work"))
    assert (found["here"], found["mine"], found["unsynced"]) == (1, 2, 2)
    assert "审核材料：受理，或一次告知补正" in clerk.page
    clerk.open("/work/here")
    assert clerk.cases == [own]
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", sent, "notify_supplement", gaps="户口簿")
    city.sync(TOWNSHIP, VILLAGE)
    found = counts(clerk.open("/work"))
    assert (found["supplement"], found["unsynced"]) == (1, 0)
    assert "本站的记录已全部送达市中心" in clerk.open("/work/unsynced")
    clerk.open("/work/supplement")
    assert clerk.cases == [sent]


def test_what_was_concluded_above_is_to_be_fetched_here(city: World) -> None:
    case_no = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert counts(clerk.open("/work"))["result"] == 1
    assert "通知申请人来取，登记送达" in clerk.open("/work/result")


def test_due_dates_sort_cases_into_overdue_today_and_this_week(city: World) -> None:
    case_no = record(city, DIRECT)
    due = city[VILLAGE].parts.register.case(case_no)
    assert due is not None
    day = date.fromisoformat(due["due"])
    register = city[VILLAGE].parts.register

    def kinds(on: date) -> set[str]:
        asked = Asked("V001", VILLAGE, datetime.combine(on, BEGIN.timetz()), False)
        return {name for name in ("overdue", "today", "week") if register.count(*KINDS[name].cases(asked))}

    assert kinds(day) == {"today"}
    assert kinds(day + timedelta(days=1)) == {"overdue"}
    assert kinds(day - timedelta(days=1)) == {"week"}, day
    assert kinds(day - timedelta(days=8)) == set()


def test_at_the_hub_ones_own_work_is_what_one_claimed(city: World) -> None:
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    examiner = city.visit(HUB).sign_in("E001")
    assert counts(examiner.open("/work"))["mine"] == 0
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    assert counts(examiner.open("/work"))["mine"] == 1


def test_a_made_up_kind_is_not_found(city: World) -> None:
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open("/work/nothing")
    assert clerk.status == 404


@pytest.mark.parametrize("is_hub", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_no_count_reads_all_cases(city: World, kind: str, is_hub: bool) -> None:
    register = city[VILLAGE].parts.register
    register.catch_up()
    where, args = KINDS[kind].cases(Asked("V001", VILLAGE, BEGIN, is_hub))
    plan = register._execute(
        f"EXPLAIN QUERY PLAN SELECT count(*) FROM cases LEFT JOIN claims USING (case_no, stage) WHERE {where}",
        tuple(args),
    )
    steps = [row[3] for row in plan]
    assert not [each for each in steps if re.match(r"SCAN (?!claims)", each)], steps
