"""What a station does with an item: decides it, takes it in for another, helps, or only tells where to go.

items.csv says so for grassroots items (village_mode, township_mode); data/offers.csv says it for the rest,
one row for each level of item and level of station; where there is no row, the item is not offered:

    division    same: only in the item's own district; any: wherever the station is
    mode        a mode, or the column of items.csv that holds it
    decided_by  city, district, or first_direct: the first station from here upwards whose column says
                `direct`, and the district's bureau or centre if none does

Holds no rule about cases; whether an event is allowed is lifecycle. `decides` and `offers` ask the shipped
items; for any other catalogue ask schemas.catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from schemas.tables import HUB, Item, Mode, Station, items, rows

OPENS_CASES: Final[frozenset[Mode]] = frozenset({"direct", "agency", "assist", "own"})
"""Modes in which a station may open a case; with `inform` it only tells where to go."""

DECIDES: Final[frozenset[Mode]] = frozenset({"direct", "own"})
"""Modes in which the station itself accepts and decides."""

_MODES: Final[Mapping[str, Mode]] = {
    "direct": "direct",
    "agency": "agency",
    "assist": "assist",
    "inform": "inform",
    "own": "own",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """How a station offers an item, and the 12-digit code of the station that decides it."""

    mode: Mode
    decided_at: str


@dataclass(frozen=True, slots=True)
class OfferRule:
    """One row of offers.csv: what stations of a level do with items of a level. Words: see above."""

    same_division: bool
    mode: str
    decided_by: str


@cache
def rules() -> Mapping[tuple[str, str], OfferRule]:
    """The shipped rules, by level of item and level of station."""
    return {
        (row["item_level"], row["station_level"]): OfferRule(
            row["division"] == "same", row["mode"], row["decided_by"]
        )
        for row in rows("offers")
    }


def offer(
    item: Item, station: Station, by: Mapping[tuple[str, str], OfferRule] | None = None
) -> Offer | None:
    """How `station` offers `item` by these rules, the shipped ones by default; None if it has nothing to do
    with it."""
    rule = (rules() if by is None else by).get((item.level, station.level))
    if rule is None or (rule.same_division and item.division_code != station.district_code):
        return None
    mode = _mode(rule.mode, item)
    if mode is None:
        return None
    return Offer(mode, _decided_at(rule.decided_by, item, station))


def decides(item_code: object, station: Station) -> bool:
    """Whether `station` itself accepts and decides this item; False for one nobody knows."""
    item = items().get(item_code) if isinstance(item_code, str) else None
    found = None if item is None else offer(item, station)
    return found is not None and found.mode in DECIDES


def offers(station: Station) -> tuple[tuple[Item, Offer], ...]:
    """All a station offers, in catalogue order."""
    found = ((item, offer(item, station)) for item in items().values())
    return tuple((item, made) for item, made in found if made is not None)


def _mode(word: str, item: Item) -> Mode | None:
    if word == "village_mode":
        return item.village_mode
    if word == "township_mode":
        return item.township_mode
    return _MODES[word]


def _decided_at(word: str, item: Item, station: Station) -> str:
    if word == "city":
        return HUB
    if word == "first_direct":
        if station.level == "village" and item.village_mode == "direct":
            return station.code
        if item.township_mode == "direct":
            return station.code[:9] + "000"
    # A district's item is decided in that district, though the hub, which is in none, asks.
    return (item.division_code if item.level == "district" else station.district_code) + "000000"
