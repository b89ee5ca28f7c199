"""The annual report: the invented year against what the seed printed, a small year by hand, and the hub's own store."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub import report
from hub.cli import main
from hub.report import Year
from hub.year import events_of_year, projects_of_year
from schemas import documents
from schemas.lifecycle import fold, projects
from schemas.shipped import rows
from schemas.workdays import calendar
from station.moment import stamp
from tests.schemas.histories import BUREAU, CASE, NOON, TOWNSHIP, History, township_item, village_item
from tests.schemas.records import sound
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import HUB, PEOPLE, VILLAGE, World

# The seed's own figures that no number of its 227 items gives (domain.md §1 rows 5 and 29).
OF_ANOTHER_BASE = {"即办件比例（按事项）", "网上预审率", "网上办结率"}


@pytest.fixture(scope="module")
def demo() -> dict[str, Any]:
    run = CliRunner().invoke(main, ["report", "2017", "--demo", "--json"])
    assert run.exit_code == 0, run.output
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_every_figure_of_the_seed_stands_in_the_table(demo: dict[str, Any]) -> None:
    printed = {line["name"]: line for line in demo["lines"]}
    assert list(printed) == [row["name"] for row in rows("annual_report")]
    for line in demo["lines"]:
        assert {"section", "value", "numerator", "denominator", "base", "period"} <= line.keys()
        assert line["base"]
        assert line["period"] == "2017-01-01/2017-12-31"
    seed = {name: line["seed"] for name, line in printed.items() if line["seed"]}
    assert set(seed.values()) == {
        *("227", "66.67%", "63.94%", "99.84%", "100%", "99.94%", "0", "118", "2206", "28", "32"),
        *("92.43%", "20.17%", "130", "19", "5", "30%", "10%", "122", "22", "13", "253"),
    }


def test_the_invented_year_comes_out_as_the_seed_says_where_it_can(demo: dict[str, Any]) -> None:
    for line in demo["lines"]:
        if not line["seed"] or line["name"] in OF_ANOTHER_BASE:
            continue
        if line["seed"].endswith("%"):
            assert round(line["value"] * 100, 2) == float(line["seed"].rstrip("%")), line
        else:
            assert line["value"] == int(line["seed"]), line


def test_the_invented_years_numbers_are_those_it_was_made_of(demo: dict[str, Any]) -> None:
    found = {line["name"]: (line["numerator"], line["denominator"]) for line in demo["lines"]}
    assert found["即办件比例（按办件）"] == (1110, 1665)
    assert found["办理提速（逐件平均）"] == (1665 - 53 / 20, 1665)
    assert found["现场办结率"] == (1664, 1665)
    assert found["小事不出村"] == (480, 600)
    assert found["大事不出乡镇"] == (570, 600)
    assert found["差评回访率"] == (0, 0)
    assert demo["targets"] == [
        {"metric": "instant_item_share", "op": ">=", "target": 0.65, "base": "市级事项", "met": True}
    ]


def test_nothing_of_the_invented_year_is_set_aside_and_all_of_it_is_well_filled() -> None:
    shown = set()
    for n, events in enumerate(events_of_year(2017, calendar())):
        if n % 40 == 0:
            state = fold(events, calendar())
            assert state.set_aside == ()
            assert state.state == "delivered"
            assert [problem for event in events for problem in documents.problems(event)] == []
            shown.add((state.item or {})["code"][:4])
    assert shown == {"SN-C", "SN-G", "SN-9"}
    for events in projects_of_year(2017, calendar()):
        assert projects.fold(events, calendar()).set_aside == ()
        assert [problem for event in events for problem in documents.problems(event)] == []


def test_people_read_a_table(demo: dict[str, Any]) -> None:
    run = CliRunner().invoke(main, ["report", "2017", "--demo"])
    assert run.exit_code == 0, run.output
    lines = run.stdout.splitlines()
    assert lines[0] == "2017年度政务服务工作情况"
    (promise,) = [line.split() for line in lines if "承诺提速（逐项平均）" in line]
    assert promise[2:6] == ["63.94%", "145.142063", "227", "63.94%"]
    assert lines[-1] == "目标  即办件比例（按事项） >= 65%：达标"
    assert len(lines) == 3 + len(demo["lines"])


def test_a_year_whose_holidays_nobody_knows_is_a_sentence() -> None:
    run = CliRunner().invoke(main, ["report", "2030", "--demo"])
    assert run.exit_code == 2
    assert "2030" in run.stderr
    assert "Traceback" not in run.stderr


# --- a small year by hand ---------------------------------------------------------------------------------------


def number(n: int) -> str:
    return CASE.replace("0007", f"{n:04}")


def test_a_small_year_by_hand() -> None:
    village = History(village_item(), number(1)).received(NOON).add("accept", "village_clerk", at=NOON)
    village.add("instant_conclude", "village_clerk", at=NOON).add("deliver", "village_clerk", at=NOON)
    village.add("evaluate", "applicant", at=NOON, level=4)
    township = History(township_item(), number(2)).received(NOON)
    township.add("forward", "village_clerk", at=NOON, to=TOWNSHIP).add(
        "accept", "township_window", TOWNSHIP, NOON
    )
    township.add("instant_conclude", "township_window", TOWNSHIP, NOON)
    late = "2018-02-22T09:00:00+08:00"
    permit = History(case=number(3)).reviewing(NOON).add("pass_step", "examiner", BUREAU, late)
    permit.add("grant", "zone_head", BUREAU, late).add("conclude", "district_window", BUREAU, late)
    year = Year()
    for history in (village, township, permit):
        year.add(history.events, date(2018, 12, 31), calendar())
    year.add([], date(2018, 12, 31), calendar())
    year.docs.append(
        {**sound("complaint"), "_id": "cmp:1", "matter": "solicitation", "upheld": True, "upheld_at": NOON}
    )
    found = {line.name: line.figure for line in year.lines(2018)}

    def told(name: str) -> tuple[object, object]:
        return found[name].numerator, found[name].denominator

    assert told("小事不出村") == (1, 3)
    assert told("大事不出乡镇") == (2, 3)
    assert (told("超时件"), found["超时件"].cases) == ((1, None), (number(3),))
    assert (told("吃拿卡要"), found["吃拿卡要"].cases) == ((1, None), ("cmp:1",))
    assert (told("满意率"), told("评议率"), told("差评回访率")) == ((0, 1), (1, 3), (0, 1))
    # None of the three is an item of the city.
    assert found["按时办结率"].value is None
    assert {line.figure.value for line in year.lines(2017) if line.name in ("小事不出村", "满意率")} == {None}


def test_what_was_rated_away_from_the_window_goes_first() -> None:
    history = History(village_item()).received(NOON).add("accept", "village_clerk", at=NOON)
    history.add("instant_conclude", "village_clerk", at=NOON).add("deliver", "village_clerk", at=NOON)
    year = Year()
    year.add(history.add("evaluate", "applicant", at=NOON, level=1).events, date(2018, 12, 31), calendar())
    year.docs.append({**sound("evaluation"), "level": 5, "channel": "back_to_back"})
    (figure,) = [line.figure for line in year.lines(2018) if line.name == "满意率"]
    assert (figure.numerator, figure.denominator) == (0, 1)


# --- the hub's store --------------------------------------------------------------------------------------------


def test_the_hub_reports_what_its_stations_sent(city: World) -> None:
    instant = record(city, INSTANT)
    record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", instant, "accept", "instant_conclude", result="已核发")
    store = city[HUB].parts.store
    year = report.from_store(store, 2018, calendar())
    states = {each.state: each.case_no for each in year.cases}
    assert states.keys() == {"concluded", "received"}
    assert states["concluded"] == instant != states["received"]
    found = {line.name: line.figure for line in year.lines(2018)}
    assert (found["小事不出村"].numerator, found["小事不出村"].denominator) == (0, 1)
    assert found["投资建设项目并联审批"].value == 0


def test_complaints_and_ratings_that_stations_kept_are_counted_by_their_last_word(city: World) -> None:
    village, form = city[VILLAGE].parts, "1" * 32
    case_no = record(city, INSTANT)
    at = stamp(city.time())
    said = {
        "kind": "complaint",
        "channel": "box",
        "content": "索要财物",
        "matter": "solicitation",
        "received_at": at,
    }
    words = [
        {**said, "state": "received"},
        {**said, "state": "answered", "answer": "已处理", "upheld": True, "upheld_at": at},
    ]
    for word in words:
        village.keeper.keep(VILLAGE, PEOPLE["V001"], "complaint", form, lambda _txn, _before, word=word: word)
    rated = {"case": case_no, "level": 2, "channel": "back_to_back", "anonymous_to_staff": True, "at": at}
    village.keeper.keep(VILLAGE, PEOPLE["V001"], "evaluation", "2" * 32, lambda _txn, _before: rated)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    year = report.from_store(city[HUB].parts.store, 2018, calendar())
    found = {line.name: line.figure for line in year.lines(2018)}
    assert (found["吃拿卡要"].value, found["有效投诉"].value) == (1, 1)
    assert (found["满意率"].numerator, found["满意率"].denominator) == (1, 1)


def test_whatever_the_hub_holds_is_well_filled(city: World) -> None:
    """The shapes say what servers really write, not what once was planned."""
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept")
    store, kinds = city[HUB].parts.store, set()
    for name in store.databases():
        if name == "here":
            continue
        ids = [change.id for change in store.database(name).changes(0, 500).results]
        for body in store.bodies(name, ids).values():
            assert [str(each) for each in documents.problems(body)] == [], body
            kinds.add(body["type"])
    assert kinds == {"case_event", "device", "hub_key", "claim", "staff", "staff_list"}


def test_the_command_reads_the_store(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["--data", str(tmp_path / "hub"), "report", "2018", "--json"])
    assert run.exit_code == 0, run.output
    found = {line["name"]: line for line in json.loads(run.stdout)["lines"]}
    assert found["市直部门保留行政审批事项"]["value"] == 227
    assert found["办理提速（逐件平均）"]["value"] is None
