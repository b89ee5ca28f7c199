"""The eight disclosures of every item at every kind of station: none is blank, and none says more than is known."""

from __future__ import annotations

from datetime import date

import pytest

from schemas import catalogue, offers, posters, tables
from schemas.posters import disclosures, guide, questions
from schemas.published import version_of
from schemas.publishing import DISCLOSURES
from tests.catalogue import GUIDE, version
from tests.schemas.histories import BUREAU, HUB, TOWNSHIP, VILLAGE

DAY = date(2018, 2, 9)
OTHER_BUREAU = "510922000000"
NO_BUREAU = next(each.code for each in tables.districts() if each.role != "approval_bureau")
PLACES = (HUB, BUREAU, OTHER_BUREAU, NO_BUREAU, TOWNSHIP, VILLAGE)


def said(code: str, station: str, day: date = DAY) -> dict[str, tuple[str, ...]]:
    item, place = tables.items()[code], tables.station(station)
    offer = offers.offer(item, place)
    assert offer is not None
    return {each.key: each.lines for each in disclosures(item, offer, place, day)}


def test_every_item_is_offered_at_one_of_these_places() -> None:
    offered = {item.item_code for place in PLACES for item, _ in offers.offers(tables.station(place))}
    assert offered == tables.items().keys()
    assert len(offered) == 578


@pytest.mark.parametrize("place", PLACES)
def test_no_item_leaves_one_of_the_eight_blank(place: str) -> None:
    station = tables.station(place)
    for item, offer in offers.offers(station):
        found = disclosures(item, offer, station, DAY)
        assert [(each.key, each.label) for each in found] == list(DISCLOSURES.items())
        blank = [each.label for each in found if not each.lines or not all(map(str.strip, each.lines))]
        assert not blank, item.item_code
        assert "None" not in str(found)


def test_what_costs_nothing_says_so_and_what_costs_something_says_where_its_basis_is_to_be_found() -> None:
    free = next(each.item_code for each in tables.items().values() if not each.fee and each.level == "city")
    assert said(free, HUB)["fee_standard"] == ("不收费",)
    passport = said("SN-C-0039", HUB)
    assert passport["fee_standard"] == ("160元/本（2017年标准）",)
    assert passport["fee_basis"] == (posters.BASIS_NOT_PUBLISHED,)


def test_the_implementer_of_a_transferred_item_is_the_bureau_from_its_day_on() -> None:
    before, after = (
        said("SN-903-0001", BUREAU, day)["implementer"][0] for day in (date(2018, 1, 9), date(2018, 1, 10))
    )
    assert before == "船山区市场监督管理局"
    assert after == "船山区行政审批局（划转前：船山区市场监督管理局）"


def test_the_procedure_says_who_decides_and_what_this_window_does() -> None:
    village, bureau = said("SN-903-0001", VILLAGE), said("SN-903-0001", BUREAU)
    assert "报船山区行政审批局" in village["procedure"][0]
    assert "本窗口收件" in bureau["procedure"][0]
    assert any("5个工作日内决定是否受理" in line for line in village["procedure"])


def test_the_promise_stands_beside_the_limit_of_the_law() -> None:
    item = next(each for each in tables.items().values() if each.level == "city" and each.instant)
    assert said(item.item_code, HUB)["promised_days"][0].startswith("即办")
    free = next(
        each
        for each in tables.items().values()
        if each.level == "city" and not each.instant and each.legal_basis_kind != "none"
    )
    assert f"法定时限{free.legal_days}个工作日" in said(free.item_code, HUB)["promised_days"][0]


def test_a_guide_says_where_to_go_once_that_was_published_and_the_eight_stay_the_eight() -> None:
    item = next(each for each in tables.items().values() if each.division_code == "510903")
    place = tables.station("510903000000")
    offer = offers.offer(item, place)
    assert offer is not None
    eight = disclosures(item, offer, place, DAY)
    assert guide(item, offer, place, DAY) == eight
    second = version_of(
        version(item.item_code, 2, "2018-03-01", faq=[{"question": "能代办吗？", "answer": "能。"}])
    )
    assert second is not None
    book = catalogue.shipped().with_versions([second])
    found = guide(second.item, offer, place, DAY, book)
    assert {each.key: each.lines[0] for each in found[8:]} == GUIDE
    assert questions(second.item, book) == (("能代办吗？", "能。"),) and questions(item, book) == ()
