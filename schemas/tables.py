"""The shipped tables as typed, frozen rows: stations, districts, items, materials, certificates,
intermediaries, transitions. Read once from data/*.csv (domain.md §5) and cached.

Holds facts and their parsing. What follows from them (who may do what, what is offered where, when
something is due) is in lifecycle, offers and workdays, and never here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final, Literal

from schemas.problems import N_, DomainError, Problem
from schemas.shipped import rows
from schemas.transitions import NEW, ActorRule, Machine, Transition, parse_actors, transitions

__all__ = [
    "HUB",
    "LEVELS",
    "NEW",
    "ActorRule",
    "Certificate",
    "District",
    "Intermediary",
    "Item",
    "Level",
    "Machine",
    "Material",
    "Mode",
    "Station",
    "Transition",
    "ancestors",
    "certificates",
    "districts",
    "intermediaries",
    "items",
    "materials",
    "parse_actors",
    "rows",
    "station",
    "stations",
    "transitions",
]

Level = Literal["city", "district", "township", "village"]
Mode = Literal["direct", "agency", "assist", "inform", "own"]
"""What a station does with an item: 直办, 代办, 协办, 告知; own: the bureau or hub whose item it is."""

HUB: Final = "510900000000"
LEVELS: Final[tuple[Level, ...]] = ("village", "township", "district", "city")
"""From the least to the greatest authority."""


@dataclass(frozen=True, slots=True)
class Station:
    """A place of service: village point, township centre, district bureau or centre, or the city hub.

    code           12 digits: 6 district, 3 township, 3 village
    name           display name, e.g. 电江路社区便民服务站 (rule: domain.md §5)
    division_name  name of the division as the statistics bureau writes it, e.g. 电江路社区居委会
    district_code  6 digits; 510900 for the hub
    """

    code: str
    level: Level
    name: str
    division_name: str
    parent_code: str | None
    district_code: str
    district_name: str


@dataclass(frozen=True, slots=True)
class District:
    """One of the five districts. role is approval_bureau (the two pilots, founded on bureau_founded) or
    service_centre."""

    code: str
    name: str
    division_name: str
    parent_code: str
    role: str
    bureau_founded: date | None


@dataclass(frozen=True, slots=True)
class Item:
    """A service item (事项). Days are working days; blank cells are None.

    level          whose item it is; division_code 4 digits (every station of the city) or 6 (city or one
                   district)
    category_code  GB/T 39046 A.1, e.g. 01 行政许可; applicant: GB/T 39046 A.4, 1 natural person, 2 enterprise
    zone           one of the five 审批服务区, district items only
    runs           promised number of visits; online_depth 0–3: none, consult, pre-review, full
    village_mode, township_mode  grassroots items only; what the others do there is in data/offers.csv
    version        of this catalogue entry; the shipped catalogue is version 1 throughout
    """

    item_code: str
    level: Level
    division_code: str
    name: str
    department: str
    zone: str | None
    category_code: str
    category: str
    applicant: str
    legal_days: int
    legal_basis_kind: str
    promised_days: int
    day_unit: str
    instant: bool
    runs: int
    online_depth: int
    fee: bool
    fee_note: str | None
    village_mode: Mode | None
    township_mode: Mode | None
    legal_basis: str | None
    limit_check: str | None
    source: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Material:
    """One line of an item's material list. form is original or copy, copies a count."""

    item_code: str
    seq: int
    name: str
    required: bool
    form: str
    copies: int
    source_channel: str
    source: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """A village certificate (证明事项), retained or abolished from effective_from on. validity_days are
    natural days, None for abolished ones."""

    cert_code: str
    status: Literal["retained", "abolished"]
    name: str
    purpose: str
    requesting_unit: str
    issuer_level: Level
    legal_basis: str | None
    check_method: str | None
    validity_days: int | None
    effective_from: date
    replaced_by: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Intermediary:
    """An intermediary service (中介服务) with its six public fields. service_days are working days, None
    where the work lasts as long as the project, or as service_time says. withdrawn: not offered any more.
    """

    service_code: str
    name: str
    approval_item: str
    department: str
    legal_basis: str
    process: str
    materials: tuple[str, ...]
    service_days: int | None
    fee_basis: str
    fee_standard: str
    provider_requirement: str
    source: str
    detail_source: str
    service_time: str = ""
    withdrawn: bool = False


# --- stations ---------------------------------------------------------------------------------------------

# Longest first. 委员会 is for the one village written 东山村委员会.
_VILLAGE_SUFFIXES = ("村民委员会", "居民委员会", "村委会", "居委会", "委员会")


def _display_name(level: str, division_name: str) -> str:
    if level == "township":
        return division_name + "便民服务中心"
    stem = division_name
    for suffix in _VILLAGE_SUFFIXES:
        if stem.endswith(suffix):
            stem = stem.removesuffix(suffix)
            break
    return stem + "便民服务站"


@cache
def stations() -> Mapping[str, Station]:
    """Every station by its code: the hub, then 5 districts, 118 townships, 2,206 villages."""
    found: dict[str, Station] = {}
    for row in rows("districts"):
        found[row["code"]] = Station(
            code=row["code"],
            level=_level(row["level"]),
            name=row["name"],
            division_name=row["division_name"],
            parent_code=row["parent_code"] or None,
            district_code=row["code"][:6],
            district_name=row["division_name"],
        )
    listed = sorted(
        rows("stations"), key=lambda row: row["level"]
    )  # township before village; sorted is stable
    for row in listed:
        found[row["code"]] = Station(
            code=row["code"],
            level=_level(row["level"]),
            name=_display_name(row["level"], row["name"]),
            division_name=row["name"],
            parent_code=row["parent_code"],
            district_code=row["district_code"],
            district_name=row["district_name"],
        )
    return found


def station(code: str) -> Station:
    """The station with this 12-digit code. Raises DomainError "unknown_station"."""
    found = stations().get(code)
    if found is None:
        raise DomainError(Problem("unknown_station", N_("没有编号为“{code}”的服务站"), {"code": code}))
    return found


def named(text: str) -> tuple[Station, ...]:
    """The stations that a code or a name, of the station or its division, means: () for none; names of villages repeat."""
    found = stations().get(text)
    if found is not None:
        return (found,)
    return tuple(each for each in stations().values() if text and text in (each.name, each.division_name))


@cache
def ancestors(code: str) -> tuple[str, ...]:
    """The codes above a station, nearest first, ending with the hub; () for the hub. Raises as `station`."""
    parent = station(code).parent_code
    return () if parent is None else (parent, *ancestors(parent))


@cache
def _children() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in stations().values():
        if each.parent_code is not None:
            found[each.parent_code] = (*found.get(each.parent_code, ()), each.code)
    return found


def children(code: str) -> tuple[str, ...]:
    """The codes right below a station; () for a village, and where there is no such station."""
    return _children().get(code, ())


@cache
def districts() -> tuple[District, ...]:
    """The five districts (the hub's own row is only among the stations)."""
    return tuple(
        District(
            code=row["code"],
            name=row["name"],
            division_name=row["division_name"],
            parent_code=row["parent_code"],
            role=row["role"],
            bureau_founded=date.fromisoformat(row["bureau_founded"]) if row["bureau_founded"] else None,
        )
        for row in rows("districts")
        if row["level"] == "district"
    )


# --- catalogue --------------------------------------------------------------------------------------------


@cache
def items() -> Mapping[str, Item]:
    """Every service item by its code, in catalogue order."""
    return {
        row["item_code"]: Item(
            item_code=row["item_code"],
            level=_level(row["level"]),
            division_code=row["division_code"],
            name=row["name"],
            department=row["department"],
            zone=row["zone"] or None,
            category_code=row["category_code"],
            category=row["category"],
            applicant=row["applicant"],
            legal_days=int(row["legal_days"]),
            legal_basis_kind=row["legal_basis_kind"],
            promised_days=int(row["promised_days"]),
            day_unit=row["day_unit"],
            instant=_flag(row["instant"]),
            runs=int(row["runs"]),
            online_depth=int(row["online_depth"]),
            fee=_flag(row["fee"]),
            fee_note=row["fee_note"] or None,
            village_mode=_mode(row["village_mode"]),
            township_mode=_mode(row["township_mode"]),
            legal_basis=row["legal_basis"] or None,
            limit_check=row["limit_check"] or None,
            source=row["source"],
        )
        for row in rows("items")
    }


@cache
def _materials() -> Mapping[str, tuple[Material, ...]]:
    found: dict[str, list[Material]] = {}
    for row in rows("materials"):
        found.setdefault(row["item_code"], []).append(
            Material(
                item_code=row["item_code"],
                seq=int(row["seq"]),
                name=row["material"],
                required=_flag(row["required"]),
                form=row["form"],
                copies=int(row["copies"]),
                source_channel=row["source_channel"],
                source=row["source"],
            )
        )
    return {code: tuple(sorted(lines, key=lambda line: line.seq)) for code, lines in found.items()}


def materials(item_code: str) -> tuple[Material, ...]:
    """The material list of an item in the order of its seq; () for an item nobody knows."""
    return _materials().get(item_code, ())


@cache
def certificates() -> tuple[Certificate, ...]:
    """The certificate list (遂府办函〔2017〕209号): 13 retained, 253 abolished."""
    return tuple(
        Certificate(
            cert_code=row["cert_code"],
            status="retained" if row["status"] == "retained" else "abolished",
            name=row["name"],
            purpose=row["purpose"],
            requesting_unit=row["requesting_unit"],
            issuer_level=_level(row["issuer_level"]),
            legal_basis=row["legal_basis"] or None,
            check_method=row["check_method"] or None,
            validity_days=int(row["validity_days"]) or None,
            effective_from=date.fromisoformat(row["effective_from"]),
            replaced_by=row["replaced_by"] or None,
            source=row["source"],
        )
        for row in rows("certificates")
    )


@cache
def intermediaries() -> tuple[Intermediary, ...]:
    """The 28 intermediary services of investment projects."""
    return tuple(
        Intermediary(
            service_code=row["service_code"],
            name=row["name"],
            approval_item=row["approval_item"],
            department=row["department"],
            legal_basis=row["legal_basis"],
            process=row["process"],
            materials=tuple(row["materials"].split(";")),
            service_days=int(row["service_days"]) if row["service_days"] else None,
            fee_basis=row["fee_basis"],
            fee_standard=row["fee_standard"],
            provider_requirement=row["provider_requirement"],
            source=row["source"],
            detail_source=row["detail_source"],
        )
        for row in rows("intermediary")
    )


# --- cells: a word the tables do not know is a KeyError at load -------------------------------------------

_LEVELS: Final[Mapping[str, Level]] = {level: level for level in LEVELS}
_MODES: Final[Mapping[str, Mode]] = {
    "direct": "direct",
    "agency": "agency",
    "assist": "assist",
    "inform": "inform",
}


def _flag(cell: str) -> bool:
    return {"0": False, "1": True}[cell]


def _level(cell: str) -> Level:
    return _LEVELS[cell]


def _mode(cell: str) -> Mode | None:
    return _MODES[cell] if cell else None
