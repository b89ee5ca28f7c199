"""Many cases at once at a township: those that may go, go; each of the others is named with its reason."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from schemas import tables
from tests.test_journey import PERMIT, record, step
from tests.world import BUREAU, HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, Visitor, World

DELEGATED = next(
    each
    for each in tables.items().values()
    if each.village_mode == "agency" and each.township_mode == "direct" and each.instant
)


@pytest.fixture
def window(city: World) -> Visitor:
    return city.visit(TOWNSHIP).sign_in("T001")


def choose(window: Visitor, action: str, cases: Sequence[str], **fields: str) -> str:
    """Ticks these cases and presses the button."""
    window.open("/bulk")
    token = window.page.split('name="csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "action": action, "case": list(cases), **fields}
    return window._take(window.client.post("/bulk", data=data))


def test_delegated_items_are_accepted_and_concluded_in_one_go_and_the_villages_see_it(
    city: World, window: Visitor
) -> None:
    ours, theirs = record(city, DELEGATED), record(city, DELEGATED, NEIGHBOUR, "V002")
    city.sync(VILLAGE, NEIGHBOUR)
    window.open("/bulk")
    assert set(window.cases) == {ours, theirs}
    page = choose(window, "conclude", [ours, theirs], result="已办理")
    assert "办成 2 件" in page
    assert "退回和办结的件" in page
    assert tables.station(NEIGHBOUR).name in page
    city.sync(VILLAGE)
    assert "已办结" in city.visit(VILLAGE).sign_in("V001").open(f"/cases/{ours}")


def test_what_is_refused_is_named_with_its_reason_and_the_others_go(city: World, window: Visitor) -> None:
    own = record(city, DELEGATED)
    gone = record(city, PERMIT)
    city.sync(VILLAGE)
    page = choose(window, "accept", [own, gone])
    assert "办成 1 件" in page
    assert "下列 1 件没有办成" in page
    assert "赵小明 · " + PERMIT.name in page
    assert "须由该处办理" in page


def test_without_a_result_nothing_is_concluded_and_without_a_tick_nothing_happens(
    city: World, window: Visitor
) -> None:
    own = record(city, DELEGATED)
    city.sync(VILLAGE)
    page = choose(window, "conclude", [own])
    assert "请填写办理结果" in page
    assert "已收件" in page, "the acceptance before it was not written either"
    assert "请先勾选" in choose(window, "accept", [])
    assert window.status == 422


def test_many_go_up_by_one_button_and_what_is_gone_already_is_named(city: World, window: Visitor) -> None:
    cases = [record(city, DELEGATED), record(city, DELEGATED, NEIGHBOUR, "V002"), record(city, PERMIT)]
    city.sync(VILLAGE, NEIGHBOUR)
    page = choose(window, "forward", cases)
    assert "办成 2 件" in page
    assert "须由该处办理" in page
    city.sync(TOWNSHIP)
    found = [city[HUB].parts.casework.case(each) for each in cases]
    assert {each.current_station for each in found if each} == {BUREAU}


def test_what_came_back_to_any_of_its_villages_is_on_one_list(city: World, window: Visitor) -> None:
    case_no = record(city, PERMIT, NEIGHBOUR, "V002")
    city.sync(NEIGHBOUR, TOWNSHIP)
    step(city, "E001", case_no, "notify_supplement", gaps="户口簿")
    city.sync(TOWNSHIP)
    page = window.open("/bulk")
    assert tables.station(NEIGHBOUR).name in page
    assert "请申请人补齐材料，来了就收" in page
