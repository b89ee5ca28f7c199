"""A hub that was put back to an earlier day decides nothing before its stations have told, or a person answers for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub import app as hub_app
from tests.test_journey import INSTANT
from tests.world import HUB, NEIGHBOUR, QUICK, TOWNSHIP, VILLAGE, Server, World, application, small_city


@pytest.fixture
def city(tmp_path: Path) -> Iterator[World]:
    with small_city(tmp_path) as world:
        yield world


def put_back(city: World) -> None:
    """The hub as of now works on for a moment, and then its folder is put back to now."""
    parts = city[HUB].parts
    kept = parts.settings.data.with_name("kept")
    kept.mkdir()
    parts.store.backup(kept / "store.sqlite")
    record(city, VILLAGE)
    record(city, NEIGHBOUR)
    city.sync(VILLAGE, NEIGHBOUR, TOWNSHIP)
    assert parts.lives is not None
    parts.lives.note(parts.store.update_seq, 1e9)
    city.close()
    for file in parts.settings.data.glob("store*"):
        file.unlink()
    shutil.copy(kept / "store.sqlite", parts.settings.data)


def start(city: World, code: str, module: object) -> None:
    settings = replace(city[code].parts.settings)
    parts = module.build_parts(settings, clock=city.time, hasher=QUICK, transport_for=city.way)  # type: ignore[attr-defined]
    city.servers[code] = Server(parts, module.create_app(parts), city[code].url)  # type: ignore[attr-defined]


def record(city: World, code: str) -> str:
    clerk = city.visit(code).sign_in("V001" if code == VILLAGE else "V002")
    clerk.open(f"/items/{INSTANT.item_code}/record")
    clerk.send(f"/items/{INSTANT.item_code}/record", **application(clerk.form))
    assert clerk.status == 200, clerk.page
    return clerk.path.removeprefix("/cases/")


def put_back_and_start(city: World) -> None:
    from station import app as station_app

    put_back(city)
    for code in (HUB, TOWNSHIP, VILLAGE, NEIGHBOUR):
        start(city, code, hub_app if code == HUB else station_app)


def test_the_desk_is_open_at_a_hub_that_was_never_put_back(city: World) -> None:
    case_no = record(city, VILLAGE)
    city.sync(VILLAGE, TOWNSHIP)
    examiner = city.visit(HUB).sign_in("E001")
    assert "从备份恢复" not in examiner.open("/desk")
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    examiner.send(f"/cases/{case_no}/accept")
    assert examiner.status == 200


def test_a_hub_that_was_put_back_decides_when_every_station_has_told(city: World) -> None:
    case_no = record(city, VILLAGE)
    record(city, NEIGHBOUR)
    city.sync(VILLAGE, NEIGHBOUR, TOWNSHIP)
    put_back_and_start(city)
    examiner = city.visit(HUB).sign_in("E001")
    assert "从备份恢复" in examiner.open("/desk")
    assert "电江路社区" in examiner.open("/desk/healing")
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    examiner.send(f"/cases/{case_no}/accept")
    assert (examiner.status, "尚未补报，暂不能办理" in examiner.page) == (409, True)

    city.sync(VILLAGE, NEIGHBOUR, TOWNSHIP)
    assert "从备份恢复" not in examiner.open("/desk")
    assert "没有需要补报的站点" in examiner.open("/desk/healing")
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/cases/{case_no}/accept")
    assert examiner.status == 200
    assert city[HUB].parts.register.totals()["cases"] == 4


def test_one_station_that_is_silent_keeps_the_desk_closed_until_a_head_answers_for_it(city: World) -> None:
    case_no = record(city, VILLAGE)
    record(city, NEIGHBOUR)
    city.sync(VILLAGE, NEIGHBOUR, TOWNSHIP)
    put_back_and_start(city)
    city[TOWNSHIP].parts.store.delete_database(f"station-{NEIGHBOUR}")
    city.sync(VILLAGE)
    city[VILLAGE].parts.agent._parents = lambda: (city[HUB].url,)
    city.sync(VILLAGE)

    head = city.visit(HUB).sign_in("B001")
    assert "北固街社区" in head.open("/desk/healing") or NEIGHBOUR in head.page
    assert VILLAGE not in head.page.partition("<ul>")[2].partition("</ul>")[0]
    head.send("/desk/healing", reason="急")
    assert (head.status, "理由" in head.page) == (409, True)
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open("/desk/healing")
    assert "提前开放的理由" not in examiner.page
    examiner.open(f"/cases/{case_no}")
    examiner.send("/desk/healing", reason="我想现在就办")
    assert (examiner.status, "只有审批局负责人" in examiner.page) == (409, True)

    head.send("/desk/healing", reason="邻村断网，已电话核实无在办件")
    assert head.path == "/desk"
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    examiner.send(f"/cases/{case_no}/accept")
    assert examiner.status == 200
    kept = city[HUB].parts.store.database("here").get("healing")
    assert kept is not None
    assert (kept["staff"], kept["reason"]) == ("B001", "邻村断网，已电话核实无在办件")
    examiner.send("/desk/healing", reason="再开一次队列")
    assert examiner.path == "/desk"
    assert city[HUB].parts.store.database("here").get("healing") == kept
