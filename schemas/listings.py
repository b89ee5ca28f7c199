"""What may be published of the lists beside the items: transfers (划转), intermediary services (中介服务), village certificates (村级证明).

    draft, as it was filled ─> …_problems      () : publish
                            ─> …_documents     what is published of it, without who did it and when

A draft is a mapping with "key" and whatever was typed so far, so that what is left blank is found and not raised on. What the six fields of a
service are, and which certificates may be given out, is publishing's; how a document is read back, published's; its shape, documents'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from schemas import tables
from schemas.catalogue import Catalogue, Transfer
from schemas.problems import N_, Problem
from schemas.published import CERTIFICATES, SERVICES, TRANSFERS
from schemas.publishing import intermediary_problems, shipped_intermediary
from schemas.tables import HUB, Certificate, Intermediary

Draft = Mapping[str, Any]

KEPT, GONE = "KEEP", "GONE"
"""What the code of a certificate begins with: of one that was retained once, of one that was abolished from the first."""
RETAINED_NEEDS: Final[Mapping[str, str]] = {
    "purpose": N_("证明用途"), "requesting_unit": N_("索要单位"), "legal_basis": N_("设定依据"), "check_method": N_("核查办法"),
}  # fmt: skip
TRANSFER_NEEDS: Final[Mapping[str, str]] = {
    "items": N_("事项编号"), "from_department": N_("原实施部门"), "to_bureau": N_("承接审批局"), "document": N_("划转文件"),
}  # fmt: skip
TRANSFER_FIELDS: Final = ("from_department", "to_bureau", "trial_from", "formal_from", "document")
BLANK: Final = N_("“{label}”未填写")


# --- transfers --------------------------------------------------------------------------------------------


def bureaus() -> tuple[str, ...]:
    """Who may take an item over: the district's bureaus and centres, and the city's own."""
    return (HUB, *(each.code for each in tables.stations().values() if each.level == "district"))


def transfer_problems(draft: Draft, book: Catalogue, today: date) -> tuple[Problem, ...]:
    """Why these items may not be passed to that bureau; () if they may. An item passes once; until that has begun it may be put right."""
    found = [*_blank(draft, TRANSFER_NEEDS)]
    bureau, trial, formal = (
        str(draft.get("to_bureau", "")), _day(draft, "trial_from"), _day(draft, "formal_from")
    )  # fmt: skip
    if bureau and bureau not in bureaus():
        found.append(Problem("no_bureau", N_("请选择承接的审批局")))
    if formal is None:
        found.append(Problem("no_formal_day", N_("请填写正式划转日期")))
    elif (trial or formal) < today:
        found.append(Problem("transfer_past", N_("划转日期不能早于今天")))
    if draft.get("trial_from") and trial is None:
        found.append(Problem("trial_wrong", N_("试运行日期不对，应为 2027-01-01 的样子")))
    if trial is not None and formal is not None and trial >= formal:
        found.append(Problem("trial_late", N_("试运行应早于正式划转")))
    codes = _texts(draft, "items")
    for code in sorted({each for each in codes if codes.count(each) > 1}):
        found.append(Problem("item_twice", N_("事项“{code}”列了两次"), {"code": code}))
    for code in dict.fromkeys(codes):
        found += _item_problems(code, draft, bureau, book, today)
    return tuple(found)


def _item_problems(code: str, draft: Draft, bureau: str, book: Catalogue, today: date) -> Iterable[Problem]:
    item = book.item(code)
    if item is None:
        yield Problem("no_such_item", N_("目录中没有事项“{code}”"), {"code": code})
        return
    named = {"item": item.name, "code": code}
    own = item.division_code + "000000"
    if item.level not in ("city", "district"):
        yield Problem("no_bureau_item", N_("“{item}”（{code}）是基层事项，不由部门审批，不能划转"), named)
    elif item.level == "district" and bureau in bureaus() and bureau != own:
        where = {**named, "bureau": tables.station(own).name}
        yield Problem("other_district", N_("“{item}”（{code}）只能划转到“{bureau}”"), where)
    department = str(draft.get("from_department", ""))
    if department and department != item.department:
        text = N_("“{item}”（{code}）由“{department}”实施，与填写的原实施部门不一致")
        yield Problem("other_department", text, {**named, "department": item.department})
    before = book.transfer(code)
    # What says the same was published by this very draft, before it was interrupted.
    if before is not None and before.begins <= today and not _same(before, draft):
        text = N_("“{item}”（{code}）已自{day}起划转到“{bureau}”，不能再次划转")
        at = {"day": before.begins, "bureau": tables.station(before.to_bureau).name}
        yield Problem("transferred_already", text, {**named, **at})


def _same(before: Transfer, draft: Draft) -> bool:
    said = transfer_draft(before)
    return all(said.get(name, "") == draft.get(name, "") for name in TRANSFER_FIELDS)


def transfer_documents(draft: Draft) -> list[dict[str, Any]]:
    """One for each item."""
    said = {name: draft[name] for name in TRANSFER_FIELDS if draft.get(name)}
    return [
        {"_id": f"{TRANSFERS}{code}", "type": "transfer_record", "schema": 1, "item": code, **said}
        for code in _texts(draft, "items")
    ]


def transfer_draft(moved: Transfer) -> dict[str, Any]:
    """A transfer that was published as the draft of what puts it right."""
    said = {
        "items": [moved.item_code], "from_department": moved.from_department, "to_bureau": moved.to_bureau,
        "trial_from": str(moved.trial_from or ""), "formal_from": str(moved.formal_from), "document": moved.document,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


# --- intermediary services --------------------------------------------------------------------------------


def service_problems(draft: Draft, book: Catalogue) -> tuple[Problem, ...]:
    """Why an intermediary service may not be published as it is drafted; () if it may. One that is withdrawn need not be whole."""
    found = [*_blank(draft, {"name": N_("中介服务事项"), "approval_item": N_("对应审批事项"), "department": N_("主管部门")})]  # fmt: skip
    if draft.get("status") != "withdrawn":
        found += intermediary_problems(draft)
    before = book.service(draft["key"])
    if (
        before is not None
        and not found
        and service_document(draft) == service_document(service_draft(before))
    ):
        found.append(SAME)
    if draft.get("name") in {each.name for each in book.services() if each.service_code != draft["key"]}:
        found.append(_taken(draft))
    if before is None and draft.get("status") == "withdrawn":
        found.append(Problem("never_published", N_("还没有公布过，不用停止公布")))
    return tuple(found)


def service_document(draft: Draft) -> dict[str, Any]:
    said = {name: value for name, value in draft.items() if name != "key" and value not in ("", [], None)}
    return {
        "_id": f"{SERVICES}{draft['key']}", "type": "intermediary_service", "schema": 1, "status": "published", **said,
    }  # fmt: skip


def service_draft(service: Intermediary) -> dict[str, Any]:
    """A service as it counts, as the draft of what comes next."""
    said = shipped_intermediary(service)
    around = ("type", "schema", "status")
    more = {"provider_requirement": service.provider_requirement} if service.provider_requirement else {}
    status = {"status": "withdrawn"} if service.withdrawn else {}
    kept = {name: value for name, value in said.items() if name not in around}
    return {"key": service.service_code, **kept, **more, **status}


def next_service(taken: Iterable[str]) -> str:
    """The code of one more."""
    return f"MED-{_next(taken, 'MED'):02}"


# --- village certificates ---------------------------------------------------------------------------------

SAME: Final = Problem("nothing_changes", N_("与现行的相同，没有要发布的"))


def certificate_problems(draft: Draft, book: Catalogue, today: date) -> tuple[Problem, ...]:
    """Why an entry of a village certificate may not be published; () if it may (遂府办函〔2017〕209号)."""
    code, status, start = str(draft["key"]), draft.get("status"), _day(draft, "effective_from")
    found = [*_blank(draft, {"name": N_("证明名称")})]
    if status not in ("retained", "abolished"):
        found.append(Problem("no_status", N_("请选择保留或者取消")))
    if status == "retained":
        found += _blank(draft, RETAINED_NEEDS)
        if type(draft.get("validity_days")) is not int:
            found.append(Problem("no_validity", N_("请填写有效天数，为整数")))
        if code.startswith(GONE):
            found.append(Problem("gone_for_good", N_("已取消的证明不能恢复；确需保留的，请作为新的证明起草")))
    if status == "abolished":
        found += _blank(draft, {"replaced_by": N_("替代方式")})
    if start is None:
        found.append(Problem("no_start", N_("请填写执行日期")))
    elif start < today:
        found.append(Problem("starts_in_the_past", N_("执行日期不能早于今天")))
    if not found and start is not None:
        now = next((each for each in book.certificates_on(start) if each.cert_code == code), None)
        if now is not None and _said(certificate_draft(now)) == _said(draft):
            found.append(SAME)
    others = {each.name for each in book.certificates_on(start or today) if each.cert_code != code}
    if draft.get("name") in others:
        found.append(_taken(draft))
    return tuple(found)


def certificate_document(draft: Draft) -> dict[str, Any]:
    said = {name: value for name, value in draft.items() if name != "key" and value not in ("", None)}
    return {
        "_id": f"{CERTIFICATES}{draft['key']}:{draft.get('effective_from', '')}", "type": "certificate_entry", "schema": 1,
        "issuer_level": "village", **said,
    }  # fmt: skip


def certificate_draft(entry: Certificate) -> dict[str, Any]:
    """An entry as it counts, as the draft of what comes next; from which day on, its drafter says."""
    said = {
        "name": entry.name, "status": entry.status, "purpose": entry.purpose, "requesting_unit": entry.requesting_unit,
        "legal_basis": entry.legal_basis, "check_method": entry.check_method, "validity_days": entry.validity_days,
        "replaced_by": entry.replaced_by,
    }  # fmt: skip
    return {"key": entry.cert_code, **{name: value for name, value in said.items() if value}}


def next_certificate(taken: Iterable[str], status: str) -> str:
    """The code of one more, as it is to be retained or abolished."""
    return f"{KEPT}-{_next(taken, KEPT):02}" if status == "retained" else f"{GONE}-{_next(taken, GONE):03}"


# --- what they share --------------------------------------------------------------------------------------


def _said(draft: Draft) -> dict[str, Any]:
    return {name: value for name, value in draft.items() if name != "effective_from" and value not in ("", None)}  # fmt: skip


def _taken(draft: Draft) -> Problem:
    return Problem("name_taken", N_("清单中已有“{name}”，请在它的基础上起草"), {"name": draft["name"]})


def _blank(draft: Draft, labels: Mapping[str, str]) -> Iterable[Problem]:
    for name, label in labels.items():
        if not draft.get(name):
            yield Problem("missing", BLANK, {"label": label})


def _texts(draft: Draft, name: str) -> Sequence[str]:
    value = draft.get(name)
    return value if isinstance(value, list) else []


def _day(draft: Draft, name: str) -> date | None:
    try:
        return date.fromisoformat(str(draft.get(name, "")))
    except ValueError:
        return None


def _next(taken: Iterable[str], prefix: str) -> int:
    numbers = [each.removeprefix(f"{prefix}-") for each in taken if each.startswith(f"{prefix}-")]
    return 1 + max((int(each) for each in numbers if each.isdecimal()), default=0)
