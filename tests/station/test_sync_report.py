"""What waits, how sync went and what the line is like: on the page, in a file, in a terminal, and the same in all three."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from station import sync_report
from station.cli import main
from station.rounds import REMEMBERED, Round, remember
from tests.test_journey import INSTANT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World, small_city


@pytest.fixture
def city(tmp_path: Path) -> Iterator[World]:
    with small_city(tmp_path) as world:
        world.sync(VILLAGE, TOWNSHIP, VILLAGE)
        yield world


def test_what_waits_is_counted_until_the_hub_has_confirmed_it(city: World) -> None:
    report = city[VILLAGE].parts.sync_report
    assert report.now()["waiting"] == {
        "cases": 0,
        "events": 0,
        "bytes": 0,
        "oldest": "",
        "pieces": 0,
        "piece_bytes": 0,
    }
    record(city, INSTANT)
    city.time.pass_(hours=1)
    record(city, INSTANT)
    waiting = report.now()["waiting"]
    assert (waiting["cases"], waiting["oldest"]) == (2, "2018-02-09T09:00:00+08:00")
    assert waiting["events"] >= 6
    assert 1000 < waiting["bytes"] < 20_000
    city.sync(VILLAGE)
    assert report.now()["waiting"]["cases"] == 2, "the township has it, and proves nothing"
    city.sync(TOWNSHIP, VILLAGE)
    said = report.now()
    assert said["waiting"]["events"] == 0
    assert said["confirmed_at"]
    assert said["link"]["parent"] == city[TOWNSHIP].url
    assert said["link"]["round_trip"] is not None


def test_the_page_says_it_in_plain_words(city: World) -> None:
    record(city, INSTANT)
    page = city.visit(VILLAGE).sign_in("V001").open("/sync")
    for word in (
        "等市中心确认",
        "涉及 1 件",
        "最早一条",
        "2018-02-09 09:00",
        "正在使用",
        city[TOWNSHIP].url,
        "同步经过",
    ):
        assert word in page, word
    city.take_down(TOWNSHIP)
    city.take_down(HUB)
    city.sync(VILLAGE)
    page = city.visit(VILLAGE).sign_in("V001").open("/sync")
    assert "连不上，请检查网线、无线网或路由器" in page
    assert "没有连上" in page


def test_the_file_tells_a_terminal_the_same_while_the_server_runs_and_when_it_does_not(city: World) -> None:
    record(city, INSTANT)
    parts = city[VILLAGE].parts
    asked = ["--data", str(parts.settings.data), "--code", VILLAGE, "status"]
    (parts.settings.data / sync_report.FILE).unlink(missing_ok=True)
    early = CliRunner().invoke(main, asked)
    assert early.exit_code == 1
    assert "start the station once" in early.output
    parts.sync_report.tend()
    said = json.loads(CliRunner().invoke(main, [*asked, "--json"]).output)
    assert said == parts.sync_report.now()
    text = CliRunner().invoke(main, asked).output
    assert f"station {VILLAGE}, as of" in text
    assert "events of 1 cases" in text
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    parts.sync_report.tend()
    assert "waiting: nothing" in CliRunner().invoke(main, asked).output
    (parts.settings.data / sync_report.FILE).write_text("{")
    broken = CliRunner().invoke(main, asked)
    assert (broken.exit_code, "can't be read" in broken.output) == (3, True)


def test_the_file_is_written_when_something_has_changed_and_holds_nobodys_name(city: World) -> None:
    parts = city[VILLAGE].parts
    parts.sync_report.tend()
    path = parts.settings.data / sync_report.FILE
    before = path.stat().st_mtime_ns
    parts.sync_report.tend()
    assert path.stat().st_mtime_ns == before
    record(city, INSTANT)
    parts.sync_report.tend()
    assert path.stat().st_mtime_ns != before
    text = path.read_text(encoding="utf-8")
    assert "赵小明" not in text
    assert "510903199003070012" not in text


def outcome(at: str, parent: str = "", pushed: int = 0, *trouble: str) -> Round:
    found = Round(at, parent, pushed)
    for each in trouble:
        found.note_trouble("http://hub", each, "why")
    return found


def test_a_night_without_a_line_is_one_entry_and_what_moved_is_one_each() -> None:
    history = remember([], outcome("08:00", "http://hub", 3))
    for n in range(200):
        history = remember(history, outcome(f"09:{n:03}", "", 0, "unreachable"))
    history = remember(history, outcome("10:00", "", 0, "not_a_peer"))
    history = remember(history, outcome("11:00", "http://hub", 5))
    assert [(each["at"], each["until"], each["rounds"], each["trouble"]) for each in history] == [
        ("08:00", "08:00", 1, []),
        ("09:000", "09:199", 200, ["unreachable"]),
        ("10:00", "10:00", 1, ["not_a_peer"]),
        ("11:00", "11:00", 1, []),
    ]


def test_a_history_has_an_end() -> None:
    history: list[dict[str, object]] = []
    for n in range(200):
        history = remember(history, outcome(str(n), "http://hub", 1))
    assert len(history) == REMEMBERED
    assert history[-1]["at"] == "199"
