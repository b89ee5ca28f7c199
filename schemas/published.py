"""What the hub publishes of the catalogue, read back: a service_item document as a version of its item, and so on.

    public/item:<code>:<version>      one document a version, never changed; the newest in force counts (schemas.catalogue)
    public/transfer:<item>            an item's passing to a bureau; may be put right until it begins
    public/med:<code>                 an intermediary service, as it is now
    public/cert:<code>:<day>          what counts of a village certificate from that day on

Reads alone: what may be published says schemas.publishing, whether it is the hub's says who hands it in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any, Final, TypeAlias, cast

from schemas.catalogue import Catalogue, Transfer, Version
from schemas.tables import Certificate, Intermediary, Item, Level, Material, Mode, items

PREFIX: Final = "item:"
TRANSFERS: Final = "transfer:"
SERVICES: Final = "med:"
CERTIFICATES: Final = "cert:"
FOLDED: Final = (PREFIX, TRANSFERS)
"""What of it the meaning of a case depends on."""
SOURCE: Final = "published"

Entry: TypeAlias = Version | Transfer | Intermediary | Certificate
"""What one document says."""


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
        doc.get("where") or "",
        doc.get("hours") or "",
        doc.get("phone") or "",
        tuple((each["question"], each["answer"]) for each in doc.get("faq") or ()),
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


def transfer_of(doc: Mapping[str, Any]) -> Transfer | None:
    """As version_of, of a transfer_record."""
    from schemas import documents

    if documents.problems(doc):
        return None
    trial = doc.get("trial_from")
    return Transfer(
        doc["item"], doc["from_department"], doc["to_bureau"], date.fromisoformat(trial) if trial else None,
        date.fromisoformat(doc["formal_from"]), doc.get("document") or "",
    )  # fmt: skip


def service_of(doc: Mapping[str, Any]) -> Intermediary | None:
    """As version_of, of an intermediary_service."""
    from schemas import documents

    if documents.problems(doc) or doc["status"] not in ("published", "withdrawn"):
        return None
    return Intermediary(
        doc["_id"].removeprefix(SERVICES), doc["name"], doc["approval_item"], doc["department"], doc.get("legal_basis") or "",
        doc.get("process") or "", tuple(doc.get("materials") or ()), doc.get("service_days"), doc.get("fee_basis") or "",
        doc.get("fee_standard") or "", doc.get("provider_requirement") or "", SOURCE, SOURCE, doc.get("service_time") or "",
        doc["status"] == "withdrawn",
    )  # fmt: skip


def certificate_of(doc: Mapping[str, Any]) -> Certificate | None:
    """As version_of, of a certificate_entry."""
    from schemas import documents

    if documents.problems(doc):
        return None
    return Certificate(
        doc["_id"].split(":")[1], doc["status"], doc["name"], doc.get("purpose") or "", doc.get("requesting_unit") or "",
        doc.get("issuer_level") or "village", doc.get("legal_basis"), doc.get("check_method"), doc.get("validity_days"),
        date.fromisoformat(doc["effective_from"]), doc.get("replaced_by"), SOURCE,
    )  # fmt: skip


READ: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Entry | None]]]] = {
    PREFIX: ("service_item", version_of), TRANSFERS: ("transfer_record", transfer_of), SERVICES: ("intermediary_service", service_of),
    CERTIFICATES: ("certificate_entry", certificate_of),
}  # fmt: skip
"""By what ids begin with: the type that lies there, and how it is read."""


def entry_of(doc: Mapping[str, Any]) -> Entry | None:
    """What a published document says, of any of these kinds; None of any other, and where it is not understood."""
    found = READ.get(str(doc.get("_id")).partition(":")[0] + ":")
    return found[1](doc) if found is not None and doc.get("type") == found[0] else None


def added(book: Catalogue, entries: Iterable[Entry]) -> Catalogue:
    """A catalogue and what was published since."""
    found = list(entries)
    return (
        book.with_versions(each for each in found if isinstance(each, Version))
        .with_transfers(each for each in found if isinstance(each, Transfer))
        .with_services(each for each in found if isinstance(each, Intermediary))
        .with_certificates(each for each in found if isinstance(each, Certificate))
    )


@cache
def categories() -> Mapping[str, str]:
    """What each kind of item is called (GB/T 39046 A.1)."""
    return {each.category_code: each.category for each in items().values()}
