"""What each level of station does with each kind of item."""

from __future__ import annotations

import pytest

from schemas import tables
from schemas.offers import DECIDES, Offer, decides, offer, offers
from schemas.tables import station
from tests.schemas.histories import BUREAU, ELSEWHERE, HUB, TOWNSHIP, VILLAGE, an_item

CITY = {"level": "city"}
DISTRICT = {"level": "district", "division_code": "510903"}
DIRECT_AT_VILLAGE = {"village_mode": "direct"}
DIRECT_AT_TOWNSHIP = {"village_mode": "agency", "township_mode": "direct"}
DIRECT_AT_NEITHER = {"village_mode": "agency", "township_mode": "assist"}
GUIDANCE = {"village_mode": "inform"}


@pytest.mark.parametrize(
    ("wanted", "where", "expected"),
    [
        (CITY, VILLAGE, Offer("inform", HUB)),
        (CITY, TOWNSHIP, Offer("inform", HUB)),
        (CITY, BUREAU, Offer("inform", HUB)),
        (CITY, HUB, Offer("own", HUB)),
        (DISTRICT, VILLAGE, Offer("agency", BUREAU)),
        (DISTRICT, TOWNSHIP, Offer("agency", BUREAU)),
        (DISTRICT, BUREAU, Offer("own", BUREAU)),
        (DISTRICT, HUB, Offer("inform", BUREAU)),
        (DISTRICT, ELSEWHERE, None),
        (DISTRICT, "510904000000", None),
        (DIRECT_AT_VILLAGE, VILLAGE, Offer("direct", VILLAGE)),
        (DIRECT_AT_VILLAGE, TOWNSHIP, Offer("direct", TOWNSHIP)),
        (DIRECT_AT_VILLAGE, BUREAU, None),
        (DIRECT_AT_TOWNSHIP, VILLAGE, Offer("agency", TOWNSHIP)),
        (DIRECT_AT_TOWNSHIP, TOWNSHIP, Offer("direct", TOWNSHIP)),
        (DIRECT_AT_NEITHER, VILLAGE, Offer("agency", BUREAU)),
        (DIRECT_AT_NEITHER, TOWNSHIP, Offer("assist", BUREAU)),
        (GUIDANCE, VILLAGE, Offer("inform", BUREAU)),
    ],
)
def test_an_item_is_offered_as_the_tables_say(wanted: dict, where: str, expected: Offer | None) -> None:
    assert offer(an_item(**wanted), station(where)) == expected


def test_who_decides_an_item_is_itself_one_that_decides_it() -> None:
    for where in (VILLAGE, TOWNSHIP, BUREAU, HUB, ELSEWHERE):
        for item, made in offers(station(where)):
            decider = offer(item, station(made.decided_at))
            if (
                decider is not None
            ):  # grassroots items nobody below decides: the bureau takes them as they come
                assert decider.mode in DECIDES, (item.item_code, where)


def test_a_village_in_a_pilot_district_offers_city_district_and_grassroots_items() -> None:
    found = offers(station(VILLAGE))
    assert len(found) == 227 + 130 + 99
    assert [item.item_code for item, _ in found] == sorted(
        (item.item_code for item, _ in found), key=list(tables.items()).index
    )


def test_an_item_nobody_knows_is_decided_nowhere() -> None:
    assert not decides("SN-X-0000", station(HUB))
    assert not decides(None, station(HUB))
    assert decides(an_item(**CITY).item_code, station(HUB))
