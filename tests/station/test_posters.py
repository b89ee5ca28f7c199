"""The eight disclosures on the pages: of one item on A4 and for a screen, of a department or zone in one go. What they say of
every item is tests/schemas/test_posters.py's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from schemas import offers, tables
from schemas.publishing import DISCLOSURES
from tests.test_journey import PERMIT
from tests.world import BUREAU, HUB, VILLAGE, Visitor, World, small_city


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("posters")) as world:
        yield world


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def said(page: str) -> list[tuple[str, str]]:
    """(field, text) of each line."""
    found = re.findall(r'data-field="(\w+)">(.*?)</td>', page, re.DOTALL)
    return [(key, unescape(re.sub(r"<[^>]+>", " ", value)).strip()) for key, value in found]


def titles(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r"<article.*?<h1>(.*?)</h1>", page, re.DOTALL)]


@pytest.mark.parametrize("kind", ["poster", "screen"])
def test_a_poster_shows_all_eight_and_the_telephone_for_complaints(clerk: Visitor, kind: str) -> None:
    page = clerk.open(f"/items/{PERMIT.item_code}/{kind}")
    assert clerk.status == 200
    lines = said(page)
    assert [key for key, _ in lines] == list(DISCLOSURES)
    assert all(text for _, text in lines)
    assert all(label in page for label in DISCLOSURES.values())
    assert "投诉举报电话：<strong>12345</strong>" in page
    assert all(line.name in page for line in tables.materials(PERMIT.item_code))


def test_the_screen_shows_citizens_nothing_of_the_staff(clerk: Visitor) -> None:
    page = clerk.open(f"/items/{PERMIT.item_code}/screen")
    assert "王芳" not in page
    assert "<form" not in page and "<a " not in page


def test_the_guide_of_an_item_has_the_telephone_for_complaints(clerk: Visitor) -> None:
    page = clerk.open(f"/items/{PERMIT.item_code}")
    assert "投诉举报电话</dt><dd>12345" in page
    assert f"/items/{PERMIT.item_code}/poster" in page


def test_all_items_of_a_department_or_a_zone_are_printed_in_one_go(city: World, clerk: Visitor) -> None:
    here = [item for item, _ in offers.offers(tables.station(VILLAGE))]
    of_department = [item.name for item in here if item.department == PERMIT.department]
    assert len(of_department) > 1
    assert titles(clerk.open("/posters", department=PERMIT.department)) == of_department
    examiner = city.visit(HUB).sign_in("E001")
    bureau = [item for item, _ in offers.offers(tables.station(BUREAU))]
    of_zone = [item.name for item in bureau if item.zone == PERMIT.zone]
    assert titles(examiner.open("/posters", zone=PERMIT.zone or "")) == of_zone
    assert len(said(examiner.page)) == 8 * len(of_zone)


def test_the_choice_names_every_department_that_this_window_offers(clerk: Visitor) -> None:
    page = clerk.open("/posters")
    offered = {item.department for item, _ in offers.offers(tables.station(VILLAGE))}
    assert all(f">{name}</span>" in page for name in offered)
    assert not titles(page)


@pytest.mark.parametrize("asked", [{"department": "没有这个部门"}, {"zone": "没有这个区"}])
def test_a_department_or_zone_that_is_not_offered_here_is_not_found(
    clerk: Visitor, asked: dict[str, str]
) -> None:
    assert "没有找到" in clerk.open("/posters", **asked)
    assert clerk.status == 404


def test_a_poster_stays_chinese_on_english_pages(clerk: Visitor) -> None:
    clerk.open("/items")
    clerk.send("/language/en")
    page = clerk.open(f"/items/{PERMIT.item_code}/poster")
    assert "Back to the item" in page
    assert all(label in page for label in DISCLOSURES.values())
    assert "Posters of the eight disclosures" in clerk.open("/posters")
