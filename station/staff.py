"""A member of staff: who, where, as what, for which items; and what makes a sound record of one. Pure.

    {"employee_no", "name", "station", "roles", "zones", "item_groups", "trained_on"?, "code_sha256", "status"}

Appointed by the hub (hub.staff), carried in `public`, believed where the hub signed it (station.appointments). What a role
may do is station.duties' and schemas.lifecycle's to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from schemas import tables, training
from schemas.documents.others import EMPLOYEE_NO
from schemas.problems import N_, Problem
from schemas.tables import Level

_AT: Final[Mapping[str, Level]] = {
    "village_clerk": "village", "township_window": "township", "district_window": "district", "examiner": "district",
    "zone_head": "district", "bureau_head": "district", "district_supervisor": "district", "city_window": "city",
    "city_supervisor": "city", "hub_administrator": "city", "catalogue_editor": "city",
}  # fmt: skip
ROLES: Final = (
    "village_clerk", "township_window", "district_window", "examiner", "zone_head", "bureau_head", "city_window",
    "city_supervisor", "district_supervisor", "auditor", "hub_administrator", "catalogue_editor",
    "station_head",
)  # fmt: skip
"""Every role; an auditor and the head of a station may be anywhere, each other one has its level (`_AT`)."""

_NUMBER: Final = re.compile(EMPLOYEE_NO)


@dataclass(frozen=True)
class Staff:
    """One member of staff: `station` is where they act (for a bureau the bureau's code), `zones` what they handle, `groups`
    the item groups they may take in (schemas.training); no zone and no group named means all."""

    employee_no: str
    name: str
    station: str
    roles: frozenset[str]
    zones: frozenset[str] = frozenset()
    trained_on: date | None = None
    groups: frozenset[str] = frozenset()


def is_number(employee_no: str) -> bool:
    """Whether that can be an employee number."""
    return _NUMBER.fullmatch(employee_no) is not None


def read(doc: Mapping[str, Any]) -> Staff:
    """The person of a record that the hub signed."""
    day = doc.get("trained_on")
    return Staff(
        doc["employee_no"], doc["name"], doc["station"], frozenset(doc["roles"]), frozenset(doc["zones"]),
        date.fromisoformat(day) if day else None, frozenset(doc["item_groups"]),
    )  # fmt: skip


def fields(staff: Staff) -> dict[str, Any]:
    """What a record says of the person."""
    said = {
        "employee_no": staff.employee_no, "name": staff.name, "station": staff.station, "roles": sorted(staff.roles),
        "zones": sorted(staff.zones), "item_groups": sorted(staff.groups),
    }  # fmt: skip
    return {**said, "trained_on": staff.trained_on.isoformat()} if staff.trained_on else said


def problem(staff: Staff) -> Problem | None:
    """Why nobody can be appointed like this; None if they can."""
    if not is_number(staff.employee_no):
        return Problem(
            "number_form",
            N_("工号“{number}”不能用：请用字母、数字和“-”，最多 40 个"),
            {"number": staff.employee_no},
        )
    if not 0 < len(staff.name.strip()) <= 100:
        return Problem("name_form", N_("请写姓名，最多 100 个字"))
    if not staff.roles:
        return Problem("role_missing", N_("请至少给出一个岗位"))
    if unknown := staff.roles - set(ROLES):
        return Problem("role_unknown", N_("没有这个角色：{roles}"), {"roles": ", ".join(sorted(unknown))})
    if staff.station not in tables.stations():
        return Problem("unknown_station", N_("没有编号为“{code}”的服务站"), {"code": staff.station})
    level = tables.station(staff.station).level
    if misplaced := sorted(role for role in staff.roles if _AT.get(role, level) != level):
        return Problem("role_misplaced", N_("“{station}”没有这个岗位：{roles}"),
                       {"station": tables.station(staff.station).name, "roles": ", ".join(misplaced)})  # fmt: skip
    if unknown := staff.zones - {item.zone for item in tables.items().values()}:
        return Problem(
            "zone_unknown", N_("没有这个审批服务区：{zones}"), {"zones": "、".join(sorted(unknown))}
        )
    if unknown := staff.groups - training.groups():
        return Problem(
            "group_unknown", N_("没有这个事项组：{groups}"), {"groups": "、".join(sorted(unknown))}
        )
    return None
