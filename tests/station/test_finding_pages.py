"""The search box and the list of materials over HTTP: what is found, why, and what is offered where nothing is."""

from __future__ import annotations

import pytest

from schemas import finding, tables
from tests.test_journey import PERMIT
from tests.world import BUREAU, HUB, TOWNSHIP, VILLAGE, Visitor, World

BIRTH = next(each for each in tables.items().values() if each.name == "户口登记（出生）收件代办")
SHOP = next(each for each in tables.items().values() if each.name == "个体工商户设立登记")


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def test_plain_talk_finds_an_item_says_why_and_what_the_station_may_do(clerk: Visitor) -> None:
    page = clerk.open("/items", q="盖房子")
    assert "“盖房子” →" in page
    assert "农村村民宅基地用地申请审核" in page
    assert ">代办</span>" in page
    assert "“低保” →" in clerk.open("/items", q="dibao") and "按拼音" in clerk.page
    assert "按拼音首字母" in clerk.open("/items", q="spjyxk")
    assert "相近" in clerk.open("/items", q="食品经营许克")


@pytest.mark.parametrize("asked", [BIRTH.name, BIRTH.item_code, "户口登记（出", "出生）收件"])
def test_the_one_item_that_is_named_is_opened_at_once(clerk: Visitor, asked: str) -> None:
    clerk.open("/items", q=asked)
    assert clerk.path == f"/items/{BIRTH.item_code}"


def test_what_was_found_by_something_else_is_shown_first_with_the_reason(clerk: Visitor) -> None:
    page = clerk.open("/items", q="准生证")
    assert clerk.path == "/items"
    assert "“准生证” →" in page


@pytest.mark.parametrize("asked", ["外地的补偿", "qqqqqqq", "<b>囧</b>", "囧" * 500])
def test_nothing_found_is_never_the_end(clerk: Visitor, asked: str) -> None:
    page = clerk.open("/items", q=asked)
    assert clerk.status == 200
    assert "没有找到" in page
    assert "或者按部门、分区找" in page
    assert "社会事务" in page
    assert ("是不是这些？" in page) == bool(finding.nearest(asked, tables.station(VILLAGE)))


def test_of_several_situations_the_page_asks_which_and_each_answer_has_its_list(clerk: Visitor) -> None:
    page = clerk.open("/items", q="户口")
    assert "户口要办哪一样？" in page
    assert f'href="/items/{BIRTH.item_code}" title="{BIRTH.name}">娃儿出生上户口</a>' in page
    page = clerk.open(f"/items/{BIRTH.item_code}")
    assert "人过世了销户口" in page, "who came by another way can still say that it is something else"
    clerk.open(f"/items/{BIRTH.item_code}/list")
    for each in tables.materials(BIRTH.item_code):
        assert each.name in clerk.page
    record = clerk.open(f"/items/{BIRTH.item_code}/record")
    assert record.count('type="checkbox" name="material-') == len(tables.materials(BIRTH.item_code))


def test_a_list_to_take_home_says_where_to_bring_it(city: World, clerk: Visitor) -> None:
    assert "请带齐上面的材料到本站办理" in clerk.open(f"/items/{SHOP.item_code}/list")
    assert tables.station(VILLAGE).name in clerk.page
    told = next(each for each in tables.items().values() if each.level == "city")
    assert f"请带齐上面的材料到{tables.station(HUB).name}办理" in clerk.open(f"/items/{told.item_code}/list")
    wedding = next(each for each in tables.items().values() if each.name == "婚姻登记预约与指引")
    assert f"请告知申请人到{tables.station(BUREAU).name}办理" in clerk.open(f"/items/{wedding.item_code}")
    assert "没有找到" in clerk.open("/items/none/list") and clerk.status == 404


def test_an_item_of_another_district_is_neither_found_nor_printed(city: World) -> None:
    other = next(each for each in tables.items().values() if each.division_code == "510922")
    clerk = city.visit(TOWNSHIP).sign_in("T001")
    assert other.item_code not in clerk.open("/items", q=other.name)
    clerk.open(f"/items/{other.item_code}/list")
    assert clerk.status == 404


def test_the_box_speaks_english(clerk: Visitor) -> None:
    clerk.open("/items", q="gfz")
    clerk.send("/language/en")
    assert "how people say it" in clerk.open("/items", q="gfz")
    assert "by initials" in clerk.page


def test_while_somebody_types_only_what_was_found_is_answered_and_nothing_is_opened(clerk: Visitor) -> None:
    found = clerk.open("/items", q=PERMIT.name, part="1")
    assert clerk.path == "/items", "the one item that was named is opened with the Enter key"
    assert found.lstrip().startswith('<div id="found"')
    assert "<html" not in found
    assert f'href="/items/{PERMIT.item_code}"' in found
    assert f'href="/items/{PERMIT.item_code}/record"' in found, "and the form is one step away"
    assert "没有找到“&lt;qqqqqq&gt;”" in clerk.open("/items", q="<qqqqqq>", part="1")
