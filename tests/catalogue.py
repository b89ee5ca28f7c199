"""Versions of items to publish: what the shipped table says of one, made whole; drafts of the other lists. For tests of what publishing does."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from schemas import tables
from schemas.publishing import shipped_item
from station import keys

if TYPE_CHECKING:
    from tests.world import World

HUB = "510900000000"
LAW = "《中华人民共和国行政许可法》第三十四条"
PROCEDURE = [{"step": "受理", "role": "窗口人员", "days": 0}, {"step": "审查", "role": "审查人员", "days": 1}]

GUIDE = {"where": "区政务服务中心一楼 3 号窗口", "hours": "工作日 9:00—17:00", "phone": "0825-2310000"}


def version(code: str, number: int, starts: str, **said: Any) -> dict[str, Any]:
    """The document of a version that may be published. `said`: what it says besides the shipped table, or instead."""
    doc = shipped_item(tables.items()[code], tables.materials(code))
    doc["materials"] = [
        {**line, "legal_basis": LAW, "source_channel": "applicant"} for line in doc["materials"]
    ]
    return {
        **doc, "_id": f"item:{code}:{number}", "version": number, "effective_from": starts, "status": "published", "procedure": PROCEDURE,
        "legal_basis": doc["legal_basis"] or LAW, "fee_basis": (doc["fee"] and LAW) or "", "station": HUB, **GUIDE,
        "created_at": "2018-02-09T09:00:00+08:00", "created_by": "C001", **said,
    }  # fmt: skip


def publish(city: World, *docs: dict[str, Any]) -> None:
    """Straight into the hub's `public`, signed, as the catalogue office does."""
    hub = city[HUB].parts
    for doc in docs:
        keys.publish(hub.store, hub.identity.signer, doc)


CITY_ITEMS = [
    each for each in tables.items().values() if each.level == "city" and each.category_code == "01" and not each.instant
]  # fmt: skip
"""Items of the city's departments, which nobody has transferred."""


def drafts_of_lists(number: int) -> dict[str, tuple[dict[str, str], dict[str, Any]]]:
    """By list: what begins a draft, and what it says that it may be published; another for each number."""
    day, item = date(2027, 1, 1) + timedelta(days=number % 300), CITY_ITEMS[number % len(CITY_ITEMS)]
    transfer = {
        "items": [item.item_code], "from_department": item.department, "to_bureau": "510903000000", "formal_from": "2018-03-01",
        "document": "市政府令第1号",
    }  # fmt: skip
    gone = {"status": "abolished", "replaced_by": "部门核查", "effective_from": str(date(2019, 1, 1) + timedelta(days=number))}  # fmt: skip
    return {
        "days": ({"key": "2027"}, {"lines": f"{day},holiday,元旦"}),
        "transfers": ({}, transfer),
        "services": ({"key": "MED-01"}, {"fee_standard": f"每次 {number} 元"}),
        "certificates": ({"name": f"新证明（第{number}种）", "status": "abolished"}, gone),
    }
