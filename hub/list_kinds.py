"""The lists that are tables: transfers, intermediary services and village certificates, as the catalogue office drafts and shows them.

Says of each which fields it has, how a draft of it begins and how it is told; what may be published is schemas.listings'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import gettext

from hub.drafting import Draft
from hub.list_forms import Field
from hub.list_office import Document, Known, Shown
from schemas import listings, tables
from schemas.problems import N_, DomainError, Problem
from schemas.tables import Certificate
from station.forms import text

Changes = list[tuple[str, list[str], list[str]]]


class _Table:
    """What they do the same way."""

    fields: tuple[Field, ...] = ()

    def _compared(self, before: Document, doc: Document) -> Changes:
        """Field by field, what is there and what is drafted."""
        return [
            (field.label, field.told(before.get(field.name)), field.told(doc.get(field.name)))
            for field in self.fields
            if field.told(before.get(field.name)) != field.told(doc.get(field.name))
        ]


class Transfers(_Table):
    """A draft is an order by which items of one department pass to one bureau; it is kept by a number."""

    name: Final = "transfers"
    title: Final = N_("权力划转")
    fields = (
        Field("items", N_("划转的事项"), 8000, 12, rows=6, each=True, hint=N_("每行一个事项编号。")),
        Field("from_department", N_("原实施部门"), 200, hint=N_("与事项目录中的部门一致。")),
        Field("to_bureau", N_("承接审批局"), 12, options=tuple((code, tables.station(code).name) for code in listings.bureaus()), empty=N_("请选择")),
        Field("trial_from", N_("试运行日期"), 10, 3, type="date", hint=N_("没有试运行的不填。")),
        Field("formal_from", N_("正式划转日期"), 10, 3, type="date", hint=N_("自这一天起原部门不再受理。")),
        Field("document", N_("划转文件"), 200),
    )  # fmt: skip

    def begun(self, entered: Mapping[str, str], known: Known, drafts: Mapping[str, Draft]) -> Document:
        """`key`: an item whose transfer is to be put right."""
        number = str(1 + max((int(key) for key in drafts if key.isdecimal()), default=0))
        code = text(entered, "key", 40)
        moved = known.book.transfer(code)
        if not code:
            return {"key": number}
        if moved is None:
            raise DomainError(Problem("not_transferred", N_("这个事项没有划转记录"), {}))
        return {"key": number, **listings.transfer_draft(moved)}

    def problems(self, doc: Document, known: Known) -> tuple[Problem, ...]:
        return listings.transfer_problems(doc, known.book, known.today)

    def documents(self, doc: Document, _known: Known) -> list[dict[str, Any]]:
        return listings.transfer_documents(doc)

    def changes(self, doc: Document, known: Known) -> Changes:
        """An item a line: who exercises its power now, and who will."""
        found = []
        for code in doc.get("items", ()):
            item, before = known.book.item(code), known.book.transfer(code)
            name = f"{item.name} {code}" if item else str(code)
            found.append(
                (name, _passing(listings.transfer_draft(before)) if before else [_of(item)], _passing(doc))
            )
        return found  # fmt: skip

    def heading(self, doc: Document, known: Known) -> str:
        codes = doc.get("items") or []
        item = known.book.item(codes[0]) if codes else None
        if item is None:
            return str(gettext("第 %(n)s 号划转", n=doc["key"]))
        return (
            item.name
            if len(codes) == 1
            else str(gettext("%(item)s等 %(n)s 项", item=item.name, n=len(codes)))
        )

    def listing(self, asked: Mapping[str, str], known: Known) -> Shown:
        """`q`: words of an item's name, its code or its department; `bureau`. Those to come first, then the newest."""
        q, bureau = asked.get("q", "").strip(), asked.get("bureau", "")
        rows = []
        for moved in sorted(known.book.transfers(), key=lambda each: each.formal_from, reverse=True):
            item = known.book.item(moved.item_code)
            name = item.name if item else moved.item_code
            found = not q or q in name or q == moved.item_code or q in moved.from_department
            if found and bureau in ("", moved.to_bureau):
                said = {"moved": moved, "name": name, "bureau": tables.station(moved.to_bureau).name}
                rows.append({**said, "standing": moved.standing(known.today), "open": moved.begins > known.today})  # fmt: skip
        known_bureaus = {
            moved.to_bureau: tables.station(moved.to_bureau).name for moved in known.book.transfers()
        }
        return Shown(rows, {"asked": q, "bureau": bureau, "bureaus": known_bureaus})  # fmt: skip


class Services(_Table):
    """A draft is what an intermediary service is to say from its publishing on; it is kept by the service's code."""

    name: Final = "services"
    title: Final = N_("中介服务")
    fields = (
        Field("name", N_("中介服务事项"), 200),
        Field("approval_item", N_("对应审批事项"), 200),
        Field("department", N_("主管部门"), 200),
        Field("provider_requirement", N_("机构要求"), 500),
        Field("legal_basis", N_("设立依据"), 1000, 12, rows=2),
        Field("process", N_("办理流程"), 1000, 12, rows=2),
        Field("materials", N_("所需材料"), 4000, 12, rows=4, each=True, hint=N_("每行一份。")),
        Field("service_days", N_("服务时限（工作日）"), 4, 3, whole=True),
        Field("service_time", N_("服务时限说明"), 200, 9, hint=N_("时限不是天数的在这里说明，如与工程施工期相同。")),
        Field("fee_standard", N_("收费标准"), 500),
        Field("fee_basis", N_("收费依据"), 500),
        Field("status", N_("公布状态"), 10, 3, options=(("withdrawn", N_("停止公布")),), empty=N_("公布")),
    )  # fmt: skip

    def begun(self, entered: Mapping[str, str], known: Known, drafts: Mapping[str, Draft]) -> Document:
        """`key`: of one that is there; else `name` of a new one."""
        code, name = text(entered, "key", 20), text(entered, "name", 200)
        service = known.book.service(code)
        if service is not None:
            return listings.service_draft(service)
        if not name:
            raise DomainError(Problem("service_name", N_("请填写中介服务事项的名称"), {}))
        return {"key": listings.next_service([*known.book.service_codes(), *drafts]), "name": name}

    def problems(self, doc: Document, known: Known) -> tuple[Problem, ...]:
        return listings.service_problems(doc, known.book)

    def documents(self, doc: Document, _known: Known) -> list[dict[str, Any]]:
        return [listings.service_document(doc)]

    def changes(self, doc: Document, known: Known) -> Changes:
        before = known.book.service(doc["key"])
        return self._compared(listings.service_draft(before) if before else {}, doc)

    def heading(self, doc: Document, _known: Known) -> str:
        return str(doc.get("name") or doc["key"])

    def listing(self, asked: Mapping[str, str], known: Known) -> Shown:
        """`q`: words of its name or of the item it is for."""
        q = asked.get("q", "").strip()
        every = [service for code in known.book.service_codes() if (service := known.book.service(code))]
        rows = [{"service": each} for each in every if not q or q in each.name or q in each.approval_item]
        return Shown(rows, {"asked": q, "offered": len(known.book.services())})


class Certificates(_Table):
    """A draft is what is to count of a village certificate from a day on; it is kept by the certificate's code."""

    name: Final = "certificates"
    title: Final = N_("村级证明")
    fields = (
        Field("name", N_("证明名称"), 200, 9),
        Field("status", N_("清理结果"), 10, 3, options=(("retained", N_("保留")), ("abolished", N_("取消")))),
        Field("effective_from", N_("执行日期"), 10, 3, type="date"),
        Field("validity_days", N_("有效天数"), 4, 3, whole=True, hint=N_("保留的须填写。")),
        Field("replaced_by", N_("替代方式"), 200, 6, hint=N_("取消的须写明用什么代替，如部门核查、户口簿。")),
        Field("purpose", N_("证明用途"), 200),
        Field("requesting_unit", N_("索要单位"), 200),
        Field("legal_basis", N_("设定依据"), 1000, 12, rows=2),
        Field("check_method", N_("核查办法"), 500, 12, rows=2),
    )  # fmt: skip

    def begun(self, entered: Mapping[str, str], known: Known, drafts: Mapping[str, Draft]) -> Document:
        """`key`: of one that is there; else `name` of a new one, and its `status`."""
        code, name, status = text(entered, "key", 20), text(entered, "name", 200), entered.get("status", "")
        entry = newest(known, code)
        if entry is not None:
            return listings.certificate_draft(entry)
        if not name or status not in ("retained", "abolished"):
            raise DomainError(Problem("certificate_new", N_("请填写证明名称，并选择保留或者取消"), {}))
        taken = [*(each.cert_code for each in known.book.certificates()), *drafts]
        return {"key": listings.next_certificate(taken, status), "name": name, "status": status}

    def problems(self, doc: Document, known: Known) -> tuple[Problem, ...]:
        return listings.certificate_problems(doc, known.book, known.today)

    def documents(self, doc: Document, _known: Known) -> list[dict[str, Any]]:
        return [listings.certificate_document(doc)]

    def changes(self, doc: Document, known: Known) -> Changes:
        before = newest(known, doc["key"])
        said = (
            {**listings.certificate_draft(before), "effective_from": str(before.effective_from)}
            if before
            else {}
        )
        return self._compared(said, doc)  # fmt: skip

    def heading(self, doc: Document, _known: Known) -> str:
        return str(doc.get("name") or doc["key"])

    def listing(self, asked: Mapping[str, str], known: Known) -> Shown:
        """`q`: words of its name; `status`: retained, abolished; without one both."""
        q, status = asked.get("q", "").strip(), asked.get("status", "")
        now = {each.cert_code: each for each in known.book.certificates_on(known.today)}
        later = {each.cert_code: each for each in known.book.certificates() if each.effective_from > known.today}  # fmt: skip
        every = [now.get(code) or later[code] for code in {**now, **later}]
        every.sort(key=lambda each: (each.cert_code not in later, each.status != "retained"))
        rows = [
            {"entry": each, "later": later.get(each.cert_code)}
            for each in every
            if (not q or q in each.name) and (not status or each.status == status)
        ]
        counts = {name: sum(each.status == name for each in now.values()) for name in ("retained", "abolished")}  # fmt: skip
        return Shown(rows, {"asked": q, "status": status, "counts": counts})


def newest(known: Known, code: str) -> Certificate | None:
    """The last entry of a certificate, also one that is still to begin."""
    return next((each for each in reversed(known.book.certificates()) if each.cert_code == code), None)


def _of(item: tables.Item | None) -> str:
    return item.department if item else ""


def _passing(doc: Document) -> list[str]:
    """Who takes over and from when, a line each."""
    bureau = str(doc.get("to_bureau", ""))
    name = tables.station(bureau).name if bureau in listings.bureaus() else bureau
    trial, formal = doc.get("trial_from"), doc.get("formal_from")
    return [
        name,
        *([gettext("试运行：%(day)s", day=trial)] if trial else []),
        *([gettext("正式划转：%(day)s", day=formal)] if formal else []),
    ]
