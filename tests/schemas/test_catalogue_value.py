"""The catalogue as a value: versions by date, offers, transfers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from schemas import offers, tables
from schemas.catalogue import Catalogue, Transfer, Version, shipped
from schemas.offers import OfferRule
from schemas.tables import station
from tests.schemas.histories import BUREAU, ELSEWHERE, HUB, TOWNSHIP, VILLAGE, an_item, permit

FIRST = permit()
SECOND, THIRD = replace(FIRST, version=2), replace(FIRST, version=3)
CODE = FIRST.item_code


def test_the_shipped_catalogue_is_every_item_at_version_one_without_bound() -> None:
    assert shipped().codes() == tuple(tables.items())
    for code, item in tables.items().items():
        assert shipped().item(code) is shipped().in_force(code, date(2018, 2, 9)) is item


def test_the_shipped_offers_are_those_of_the_tables() -> None:
    day = date(2018, 2, 9)
    for where in (VILLAGE, TOWNSHIP, BUREAU, HUB):
        assert tuple(shipped().offers(station(where), day)) == offers.offers(station(where))
        for code in list(tables.items())[::25]:
            assert shipped().decides(code, station(where)) == offers.decides(code, station(where))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2017-12-31", None),
        ("2018-01-01", FIRST),
        ("2018-02-28", FIRST),
        ("2018-03-01", SECOND),
        ("2018-06-30", SECOND),
        ("2018-07-01", None),
    ],
)
def test_each_day_has_its_version(day: str, expected: tables.Item | None) -> None:
    book = Catalogue(
        [
            Version(SECOND, date(2018, 3, 1), date(2018, 6, 30)),
            Version(FIRST, date(2018, 1, 1), date(2018, 2, 28)),
        ]
    )
    assert book.in_force(CODE, date.fromisoformat(day)) is expected
    offered = [item for item, _ in book.offers(station(VILLAGE), date.fromisoformat(day))]
    assert offered == ([] if expected is None else [expected])


def test_of_versions_that_overlap_the_newest_is_in_force() -> None:
    book = Catalogue([Version(FIRST), Version(SECOND, date(2018, 3, 1))])
    assert book.in_force(CODE, date(2018, 2, 28)) is FIRST
    assert book.in_force(CODE, date(2018, 3, 1)) is SECOND


def test_an_item_is_found_in_its_version_else_in_its_newest() -> None:
    book = Catalogue([Version(FIRST), Version(THIRD)])
    assert [book.item(CODE, version) for version in (1, 2, 3, None, "x", [])] == [
        *(FIRST, THIRD, THIRD, THIRD, THIRD, THIRD)
    ]
    assert book.item("SN-X-1") is book.item(None) is book.item(["x"]) is None
    assert not book.decides("SN-X-1", station(BUREAU))


def test_adding_versions_leaves_the_catalogue_as_it_was() -> None:
    before = shipped()
    after = before.with_versions([Version(SECOND, date(2018, 3, 1))])
    assert len(before.versions(CODE)) == 1
    assert [each.item.version for each in after.versions(CODE)] == [1, 2]
    closed = after.with_versions([Version(FIRST, None, date(2018, 2, 28))])
    assert [each.effective_to for each in closed.versions(CODE)] == [date(2018, 2, 28), None]
    assert after.transfers() == before.transfers()


def test_who_offers_what_is_part_of_the_value() -> None:
    item = an_item(level="city")
    open_to_townships = Catalogue(
        [Version(item)], rules={("city", "township"): OfferRule(False, "agency", "city")}
    )
    made = open_to_townships.offer(item, station(TOWNSHIP))
    assert made == offers.Offer("agency", HUB)
    assert open_to_townships.offer(item, station(HUB)) is None


# --- transfers ----------------------------------------------------------------------------------------------------


def test_the_bureaus_took_over_130_items_of_19_departments_and_122_of_22() -> None:
    found = shipped().transfers()
    assert Counter(each.to_bureau for each in found) == {BUREAU: 130, "510922000000": 122}
    for bureau, departments in ((BUREAU, 19), ("510922000000", 22)):
        assert len({each.from_department for each in found if each.to_bureau == bureau}) == departments


def test_every_transfer_follows_from_items_and_districts() -> None:
    trials = {BUREAU: date(2017, 11, 20)}
    bureaus = {each.code: each.bureau_founded for each in tables.districts() if each.bureau_founded}
    expected = [
        Transfer(item.item_code, item.department, bureau, trials.get(bureau), founded)
        for item in tables.items().values()
        for bureau, founded in bureaus.items()
        if item.level == "district" and bureau.startswith(item.division_code)
    ]
    assert list(shipped().transfers()) == expected


@pytest.mark.parametrize(
    ("division", "day", "expected"),
    [
        ("510903", "2017-11-19", "department"),
        ("510903", "2017-11-20", "trial"),
        ("510903", "2018-01-09", "trial"),
        ("510903", "2018-01-10", "bureau"),
        ("510922", "2018-01-15", "department"),
        ("510922", "2018-01-16", "bureau"),
    ],
)
def test_who_exercises_a_power_on_a_day(division: str, day: str, expected: str) -> None:
    item = an_item(level="district", division_code=division)
    assert shipped().standing(item.item_code, date.fromisoformat(day)) == expected


def test_a_city_item_was_not_transferred_until_somebody_transfers_it() -> None:
    code = an_item(level="city").item_code
    assert (
        shipped().standing(code, date(2018, 2, 9))
        is shipped().transfer(code)
        is shipped().transfer(None)
        is None
    )
    moved = shipped().with_transfers([Transfer(code, "市教育局", HUB, None, date(2018, 5, 1))])
    assert moved.standing(code, date(2018, 5, 1)) == "bureau"
    assert len(moved.transfers()) == 253


CITY_ITEM = an_item(level="city")
TO_A_DISTRICT = shipped().with_transfers(
    [Transfer(CITY_ITEM.item_code, CITY_ITEM.department, BUREAU, date(2018, 2, 12), date(2018, 3, 1))]
)


@pytest.mark.parametrize(
    ("where", "day", "mode", "decided_at"),
    [
        (VILLAGE, "2018-02-28", "inform", HUB),  # on trial the city still decides
        (VILLAGE, "2018-03-01", "agency", BUREAU),
        (TOWNSHIP, "2018-03-01", "agency", BUREAU),
        (BUREAU, "2018-02-28", "inform", HUB),
        (BUREAU, "2018-03-01", "own", BUREAU),
        ("510922000000", "2018-03-01", "inform", HUB),  # another district: nothing changed
        (HUB, "2018-03-01", "own", HUB),
    ],
)
def test_what_a_districts_bureau_took_over_from_the_city_is_its_own_from_that_day(
    where: str, day: str, mode: str, decided_at: str
) -> None:
    on = date.fromisoformat(day)
    assert TO_A_DISTRICT.offer(CITY_ITEM, station(where), on) == offers.Offer(mode, decided_at)
    assert TO_A_DISTRICT.decides(CITY_ITEM.item_code, station(where), None, on) == (mode == "own")
    assert shipped().offer(CITY_ITEM, station(where), on) == offers.offer(CITY_ITEM, station(where))


def test_what_a_bureau_took_over_in_its_own_district_is_offered_as_before() -> None:
    for moved in shipped().transfers():
        item = tables.items()[moved.item_code]
        assert shipped().handed(item, station(HUB), date.max) == moved, "also as the city sees it"
        for where in (VILLAGE, ELSEWHERE, moved.to_bureau, HUB):
            assert shipped().offer(item, station(where), date.max) == offers.offer(item, station(where))


# --- the lists ----------------------------------------------------------------------------------------------------


def test_of_a_certificate_the_newest_entry_that_has_begun_counts() -> None:
    first = tables.certificates()[0]
    gone = replace(first, status="abolished", replaced_by="部门核查", effective_from=date(2018, 3, 1))
    book = shipped().with_certificates([gone])
    for day, status in ((date(2018, 2, 28), "retained"), (date(2018, 3, 1), "abolished")):
        found = {each.cert_code: each.status for each in book.certificates_on(day)}
        assert found[first.cert_code] == status and len(found) == 266
    assert len(book.certificates()) == 267 and shipped().certificates() == tables.certificates()
    assert len(shipped().certificates_on(date(2017, 1, 1))) == 266, "as on the first day of the list"


def test_a_service_is_replaced_by_its_code_and_no_longer_offered_once_it_is_withdrawn() -> None:
    first = tables.intermediaries()[0]
    book = shipped().with_services([replace(first, name="新名称")])
    assert book.service(first.service_code) == replace(first, name="新名称") and len(book.services()) == 28
    book = book.with_services([replace(first, withdrawn=True)])
    assert len(book.services()) == 27 and len(book.service_codes()) == 28 and book.service(None) is None
    assert book.transfers() == shipped().transfers() and book.certificates() == shipped().certificates()
