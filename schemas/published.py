"""What the hub publishes of the catalogue, read back: a service_item document as a version of its item.

    public/item:<code>:<version>      one document a version, never changed; the newest in force counts (schemas.catalogue)

Reads alone: what may be published says schemas.publishing, whether it is the hub's says who hands it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final, cast

from schemas.catalogue import Version
from schemas.tables import Item, Level, Material, Mode, items

PREFIX: Final = "item:"
SOURCE: Final = "published"


def doc_id(code: str, version: int) -> str:
    return f"{PREFIX}{code}:{version}"


def version_of(doc: Mapping[str, Any]) -> Version | None:
    """The version that a published document holds; None for one that is badly filled, or written by a newer program."""
    from schemas import documents  # with marshmallow, which a station without published items never needs

    if documents.problems(doc) or doc["status"] not in ("published", "withdrawn"):
        return None
    item = Item(
        item_code=doc["code"], level=cast("Level", doc["level"]), division_code=doc["division_code"], name=doc["name"],
        department=doc["department"], zone=doc.get("zone") or None, category_code=doc["category_code"],
        category=categories().get(doc["category_code"], ""), applicant=next(iter(doc.get("applicant_kinds") or ()), "1"),
        legal_days=doc["legal_days"], legal_basis_kind=doc["legal_basis_kind"], promised_days=doc["promised_days"],
        day_unit=doc["day_unit"], instant=doc["instant"], runs=doc["runs"], online_depth=doc["online_depth"], fee=doc["fee"],
        fee_note=doc.get("fee_standard") or None, village_mode=cast("Mode | None", doc.get("village_mode") or None),
        township_mode=cast("Mode | None", doc.get("township_mode") or None), legal_basis=doc["legal_basis"],
        limit_check=None, source=SOURCE, version=doc["version"],
    )  # fmt: skip
    ends = doc.get("effective_to")
    return Version(
        item,
        date.fromisoformat(doc["effective_from"]),
        date.fromisoformat(ends) if ends else None,
        tuple(_line(doc["code"], seq, each) for seq, each in enumerate(doc["materials"], 1)),
        doc["status"] == "withdrawn",
        tuple(f"{each['step']}：{each['role']}，{each['days']}个工作日" for each in doc["procedure"]),
        doc.get("fee_basis") or "",
        doc["implementer"],
    )


def _line(code: str, seq: int, line: Mapping[str, Any]) -> Material:
    return Material(
        code,
        seq,
        line["name"],
        line["required"],
        line["form"],
        line["copies"],
        line["source_channel"],
        SOURCE,
    )


@cache
def categories() -> Mapping[str, str]:
    """What each kind of item is called (GB/T 39046 A.1)."""
    return {each.category_code: each.category for each in items().values()}
