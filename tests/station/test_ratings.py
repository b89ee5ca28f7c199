"""Ratings over HTTP: five levels and none chosen, nobody told who rated how, by the code of the receipt too, totals from five on."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from schemas import tables
from schemas.feedback import LEVELS
from tests.schemas.histories import NOON
from tests.test_journey import record
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World

DIRECT = next(each for each in tables.items().values() if each.village_mode == "direct" and each.instant)


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def concluded(city: World, clerk: Visitor) -> tuple[str, str]:
    """(case, query code) of a case that this village concluded."""
    case_no = record(city, DIRECT)
    clerk.open(f"/cases/{case_no}")
    clerk.send(f"/cases/{case_no}/accept")
    clerk.send(f"/cases/{case_no}/instant_conclude", result="已办理")
    assert clerk.status == 200, clerk.page
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state is not None
    return case_no, state.query_code


def test_five_levels_are_offered_none_is_chosen_and_staff_are_not_named(city: World, clerk: Visitor) -> None:
    case_no, _ = concluded(city, clerk)
    assert "请申请人评价" in clerk.open(f"/cases/{case_no}")
    page = clerk.open(f"/rate/{case_no}")
    assert re.findall(r'name="level" value="(\d)"', page) == [str(level) for level in LEVELS]
    assert "checked" not in page
    assert "王芳" not in page
    assert "请选择满意度" in clerk.send(f"/rate/{case_no}")
    assert clerk.status == 409


def test_what_was_pressed_is_on_no_page_of_the_clerk(city: World, clerk: Visitor) -> None:
    case_no, _ = concluded(city, clerk)
    before = clerk.open(f"/cases/{case_no}")
    clerk.open(f"/rate/{case_no}")
    assert "谢谢您的评价" in clerk.send(f"/rate/{case_no}", level="5")
    after = clerk.open(f"/cases/{case_no}")
    assert tokens(after) == tokens(before), "not even that it was rated"
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state is not None
    assert state.timeline[-1].event["actor"] == {"staff": "", "name": "", "role": "applicant"}
    clerk.open(f"/rate/{case_no}")
    clerk.send(f"/rate/{case_no}", level="1")
    clerk.open(f"/rate/{case_no}")
    assert "已评价并已修改过一次" in clerk.send(f"/rate/{case_no}", level="2")


def tokens(page: str) -> str:
    """A page without its form tokens."""
    return re.sub(r'value="[^"]{20,}"', "", page)


def test_a_case_that_is_not_over_is_not_rated(city: World, clerk: Visitor) -> None:
    case_no = record(city, DIRECT)
    assert "办结后再评价" in clerk.open(f"/rate/{case_no}")
    clerk.send(f"/rate/{case_no}", level="1")
    assert clerk.status == 409


def test_whoever_has_the_receipt_rates_blind_once_and_amends_once(city: World, clerk: Visitor) -> None:
    case_no, code = concluded(city, clerk)
    citizen = city.visit(VILLAGE)
    citizen.open("/rate")
    assert "办件编号或查询码不对" in citizen.send("/rate", case_no=case_no, code="xxxxxx", level="4")
    assert "请选择满意度" in citizen.send("/rate", case_no=case_no, code=code)
    for level in ("4", "5"):
        assert "谢谢您的评价" in citizen.send(
            "/rate", case_no=case_no, code=code, level=level, text="等了很久"
        )
        citizen.open("/rate")
    assert "已评价并已修改过一次" in citizen.send("/rate", case_no=case_no, code=code, level="1")
    found = city[VILLAGE].parts.register.logbook.select("type = 'evaluation'")
    assert [(each["level"], each["amended"], each["anonymous_to_staff"]) for each in found] == [
        (5, True, True)
    ]
    for path in (f"/cases/{case_no}", "/voice", "/ratings", "/work"):
        assert "等了很久" not in clerk.open(path)


def test_guessing_a_code_slows_down(city: World, clerk: Visitor) -> None:
    case_no, code = concluded(city, clerk)
    citizen = city.visit(VILLAGE)
    citizen.open("/rate")
    for _ in range(6):
        citizen.send("/rate", case_no=case_no, code="xxxxxx", level="1")
    assert "查询次数太多" in citizen.send("/rate", case_no=case_no, code=code, level="1")


def test_totals_are_shown_from_five_ratings_on_here_and_above(city: World, clerk: Visitor) -> None:
    for n in range(5):
        page = clerk.open("/ratings")
        assert "不满 5 次" in page
        case_no, code = concluded(city, clerk)
        clerk.open("/rate")
        if n % 2:
            clerk.send("/rate", case_no=case_no, code=code, level="2")
        else:
            clerk.open(f"/rate/{case_no}")
            clerk.send(f"/rate/{case_no}", level="1")
    assert city[VILLAGE].parts.register.logbook.totals(VILLAGE) == {1: 3, 2: 2, 3: 0, 4: 0, 5: 0}
    assert "<td>3</td><td>2</td>" in clerk.open("/ratings")
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    hub = city[HUB].parts.register
    hub.catch_up()
    assert hub.logbook.totals(VILLAGE) == {1: 3, 2: 2, 3: 0, 4: 0, 5: 0}
    assert city[VILLAGE].parts.register.waiting() == {}
    assert "<td>3</td><td>2</td>" in city.visit(TOWNSHIP).sign_in("T001").open("/ratings")
    assert city[VILLAGE].parts.register.rebuild()
    assert city[VILLAGE].parts.register.logbook.totals(VILLAGE) == {1: 3, 2: 2, 3: 0, 4: 0, 5: 0}


def test_a_line_that_nobody_can_read_keeps_no_other_from_being_seen(city: World, clerk: Visitor) -> None:
    parts, person = city[VILLAGE].parts, PEOPLE["V001"]
    odd: list[tuple[str, dict[str, object]]] = [
        ("evaluation", {"case": "1" * 25, "level": 99, "at": NOON}),
        ("evaluation", {"case": "1" * 25, "level": True, "at": 7}),
        ("complaint", {"due": {}, "against": [], "state": []}),
        ("certificate_issue", {"number": {}, "holder_id_no": 1, "issued_at": []}),
    ]
    for n, (kind, said) in enumerate(odd):
        with suppress(TypeError):
            parts.keeper.keep(VILLAGE, person, kind, f"{n:032x}", lambda _txn, _before, said=said: said)
    clerk.open("/guidance")
    assert "到三号窗口" in clerk.send("/guidance", form="f" * 32, note="到三号窗口")
    for path in ("/ratings", "/voice", "/certificates", "/work", "/sync"):
        clerk.open(path)
        assert clerk.status == 200, path
    assert parts.register.rebuild() > 0
    assert list(parts.register._execute("SELECT * FROM ratings")) == []


def test_what_was_said_away_from_the_clerk_goes_before_what_was_pressed_at_the_window(
    city: World, clerk: Visitor
) -> None:
    case_no, code = concluded(city, clerk)
    clerk.open("/rate")
    clerk.send("/rate", case_no=case_no, code=code, level="5")
    clerk.open(f"/rate/{case_no}")
    clerk.send(f"/rate/{case_no}", level="1")
    register = city[VILLAGE].parts.register
    register.catch_up()
    assert list(register._execute("SELECT level, blind FROM ratings")) == [(5, 1)]
