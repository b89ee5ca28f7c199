"""What the catalogue must say before anybody reads it: rules for items, materials, intermediary services,
certificates (domain.md §1 rows 3, 21–26, 30, 56–58).

    document (schemas.documents) ─> item_problems, material_problems, intermediary_problems   () : publish
    certificate and a day        ─> issue_problem, demand_problem                            None: go on
    the whole catalogue          ─> count_problems                                           () : as the seed says
    a granted case               ─> follow_up                                                the inspection to plan

A document comes as it is stored, so that what a person left blank is found and not raised on. Limits are
data/promise_limits.csv and data/catalogue_counts.csv. Holds no list of items; shape is documents'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from schemas.catalogue import Catalogue
from schemas.lifecycle.state import CaseState
from schemas.problems import N_, Problem
from schemas.shipped import rows
from schemas.tables import Certificate, Intermediary, Item, Material, certificates
from schemas.workdays import Calendar

Document = Mapping[str, Any]

DISCLOSURES: Final[Mapping[str, str]] = {
    "name": N_("项目名称"),
    "legal_basis": N_("审批依据"),
    "implementer": N_("实施主体"),
    "materials": N_("申报材料"),
    "procedure": N_("办理程序"),
    "fee_standard": N_("收费标准"),
    "fee_basis": N_("收费依据"),
    "promised_days": N_("承诺时限"),
}
"""八公开 (seed row 30)."""

GUIDE_FIELDS: Final[Mapping[str, str]] = {
    "where": N_("办理地点"),
    "hours": N_("办公时间"),
    "phone": N_("咨询电话"),
}
"""What a guide says besides the eight (domain.md §4, guide); the telephone for complaints is everybody's (schemas.posters)."""

INTERMEDIARY_FIELDS: Final[Mapping[str, str]] = {
    "legal_basis": N_("设立依据"),
    "process": N_("办理流程"),
    "materials": N_("所需材料"),
    "service_days": N_("服务时限"),
    "fee_basis": N_("收费依据"),
    "fee_standard": N_("收费标准"),
}
"""The six public fields of an intermediary service (seed row 21)."""

CATCH_ALLS: Final = ("其他材料", "其它材料", "其他有关材料", "其它有关材料", "其他资料", "其他相关材料")
"""Names under which anything could be demanded (seed row 23)."""

FOLLOW_UP_DAYS: Final = 20
"""Working days from a grant to the inspection that follows it; a proposal, no rule says how many."""


# --- items ------------------------------------------------------------------------------------------------

ItemRule = Callable[[Document], tuple[Problem, ...]]


def _blank(doc: Document, key: str) -> bool:
    value = doc.get(key)
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())


def _whole(doc: Document, key: str) -> int | None:
    value = doc.get(key)
    return value if type(value) is int else None


def _disclosures(doc: Document) -> tuple[Problem, ...]:
    """An item without a fee discloses just that, so its two fee fields may stay blank."""
    free = doc.get("fee") is False
    blank = [
        label
        for key, label in DISCLOSURES.items()
        if _blank(doc, key) and not (free and key.startswith("fee_"))
    ]
    text = N_("“八公开”不完整，缺少{label}，不能发布")
    return tuple(Problem("disclosure_missing", text, {"label": label}) for label in blank)


def _within_the_law(doc: Document) -> tuple[Problem, ...]:
    promised, legal = _whole(doc, "promised_days"), _whole(doc, "legal_days")
    if promised is None or legal is None or promised <= legal:
        return ()
    text = N_("承诺时限{promised}个工作日超过法定时限{legal}个工作日，不能发布")
    return (Problem("promise_beyond_law", text, {"promised": promised, "legal": legal}),)


@cache
def promise_limits() -> Mapping[str, int]:
    """The most working days an item of a level may promise without an exception. Levels without a row have no
    such limit: the seed speaks of municipal and transferred items, and some grassroots services (a subsidy
    listed once a month) take what they take."""
    return {row["level"]: int(row["max_promised_days"]) for row in rows("promise_limits")}


def has_exception(doc: Document) -> bool:
    """Whether more than the limit is promised with a reason and somebody who approved it."""
    return (
        _over_limit(doc) and not _blank(doc, "exception_reason") and not _blank(doc, "exception_approved_by")
    )


def _over_limit(doc: Document) -> bool:
    promised, limit = _whole(doc, "promised_days"), promise_limits().get(str(doc.get("level")))
    return promised is not None and limit is not None and promised > limit


def _within_the_limit(doc: Document) -> tuple[Problem, ...]:
    if not _over_limit(doc) or has_exception(doc):
        return ()
    text = N_("承诺时限原则上不超过{limit}个工作日；确需超过的，须写明理由并经批准")
    return (Problem("exception_missing", text, {"limit": promise_limits()[doc["level"]]}),)


def _instant_promise(doc: Document) -> tuple[Problem, ...]:
    if doc.get("instant") is True and doc.get("promised_days") != 1:
        return (Problem("instant_promise", N_("即办件当日办结，承诺时限应填1")),)
    return ()


def _delegation_trained(doc: Document) -> tuple[Problem, ...]:
    """接得住 (seed row 26): who takes an item over has been trained for it."""
    delegated = doc.get("delegated")
    if isinstance(delegated, Mapping) and _blank(delegated, "trained_on"):
        return (Problem("not_trained", N_("下放事项的承接人员尚未培训，不能发布")),)
    return ()


ITEM_RULES: Final[Mapping[str, ItemRule]] = {
    "disclosures": _disclosures,
    "within_the_law": _within_the_law,
    "within_the_limit": _within_the_limit,
    "instant_promise": _instant_promise,
    "delegation_trained": _delegation_trained,
}

SHIPPED_RULES: Final = ("within_the_law", "within_the_limit", "instant_promise", "delegation_trained")
"""The rules of ITEM_RULES that items.csv can answer. Not `disclosures`: its rows have no procedure and no fee
basis, nobody having published them; `shipped_disclosures` asks for the other six."""


def item_problems(doc: Document, rules: Iterable[str] = tuple(ITEM_RULES)) -> tuple[Problem, ...]:
    """Why a service_item may not be published; () if it may."""
    return tuple(problem for rule in rules for problem in ITEM_RULES[rule](doc))


def shipped_item(item: Item, lines: Sequence[Material]) -> dict[str, Any]:
    """A row of items.csv as the service_item it would become, with what the row can say and no more.

    The department is taken for the implementer, and fee_note for the fee standard.
    """
    return {
        "type": "service_item",
        "schema": 1,
        "code": item.item_code,
        "name": item.name,
        "category_code": item.category_code,
        "level": item.level,
        "division_code": item.division_code,
        "department": item.department,
        "legal_basis": item.legal_basis or "",
        "implementer": item.department,
        "legal_days": item.legal_days,
        "legal_basis_kind": item.legal_basis_kind,
        "promised_days": item.promised_days,
        "day_unit": item.day_unit,
        "instant": item.instant,
        "runs": item.runs,
        "online_depth": item.online_depth,
        "fee": item.fee,
        "fee_standard": item.fee_note or "",
        "materials": [shipped_material(line) for line in lines],
        "version": item.version,
        "status": "draft",
        **({} if item.zone is None else {"zone": item.zone}),
    }


def shipped_disclosures(doc: Document) -> tuple[Problem, ...]:
    """Like the disclosures rule, for the six of eight that shipped_item can fill."""
    return _disclosures({**doc, "procedure": ["…"], "fee_basis": "…"})


@dataclass(frozen=True, slots=True)
class Change:
    """A field that two versions of an item say differently, and what each says."""

    field: str
    before: object
    after: object


def version_changes(before: Document, after: Document) -> tuple[Change, ...]:
    """What a new version of an item changes of its disclosures, limits and preconditions (seed rows 1, 22–25), in
    the order of the fields here."""
    fields = (
        *DISCLOSURES,
        "legal_days",
        "preconditions",
        "runs",
        "online_depth",
        "instant",
        *GUIDE_FIELDS,
        "faq",
    )
    return tuple(
        Change(name, before.get(name), after.get(name))
        for name in fields
        if before.get(name) != after.get(name) and not (_blank(before, name) and _blank(after, name))
    )


# --- materials --------------------------------------------------------------------------------------------


def material_problems(
    doc: Document, on: date, entries: Sequence[Certificate] | None = None
) -> tuple[Problem, ...]:
    """Why a material may not be asked for from `on`; () if it may.

    entries  the certificate list; the shipped one by default
    """
    found: list[Problem] = []
    if doc.get("required") is True and _blank(doc, "legal_basis"):
        found.append(
            Problem("no_material_basis", N_("材料“{name}”没有法律依据，不能列为必要材料"), _named(doc))
        )
    if str(doc.get("name", "")).strip().rstrip("等") in CATCH_ALLS:
        found.append(Problem("catch_all", N_("材料目录不得使用“{name}”等兜底条款"), _named(doc)))
    if doc.get("source_channel") == "village_certificate":
        known = str(doc.get("certificate_id", "")).removeprefix("cert:")
        wrong = demand_problem(known, on, entries)
        if wrong is not None:
            found.append(wrong)
    return tuple(found)


def shipped_material(line: Material) -> dict[str, Any]:
    """A row of materials.csv as a line of a service_item. The table has no legal basis for its lines: of a shipped
    row it can be asked whether its name is a catch-all and whether it is a village certificate, not why it is
    required. A 死亡证明 in it is a hospital's, so a name alone makes no village certificate: the channel does.
    """
    return {
        "name": line.name,
        "required": line.required,
        "form": line.form,
        "copies": line.copies,
        "source_channel": line.source_channel,
    }


def _named(doc: Document) -> dict[str, object]:
    return {"name": str(doc.get("name", ""))}


# --- a version, as it is to be published ------------------------------------------------------------------


def version_problems(doc: Document, book: Catalogue, today: date) -> tuple[Problem, ...]:
    """Why this service_item may not become the next version of its item; () if it may.

    All of what item_problems and material_problems say, unless the item is withdrawn by it; and besides: it follows the newest
    version, begins after that one and on a day that is not over, and is the same item.
    """
    found = [*item_problems(doc), *_guide(doc)] if doc.get("status") != "withdrawn" else []
    start = _day(doc.get("effective_from"))
    if start is None:
        found.append(Problem("no_start", N_("请填写生效日期")))
    elif start < today:
        found.append(Problem("starts_in_the_past", N_("生效日期不能早于今天")))
    lines = doc.get("materials") or ()
    names = [str(line.get("name", "")).strip() for line in lines]
    for name in sorted({each for each in names if names.count(each) > 1}):
        found.append(Problem("material_twice", N_("材料“{name}”列了两次"), {"name": name}))
    if doc.get("status") != "withdrawn":
        entries = book.certificates()
        found += [problem for line in lines for problem in material_problems(line, start or today, entries)]
    known = book.versions(doc.get("code"))
    if known and doc.get("version") != known[-1].item.version + 1:
        text = N_("第{version}版已经发布，请在它的基础上重新起草")
        found.append(Problem("not_the_next", text, {"version": known[-1].item.version}))
    elif not known and doc.get("version") != 1:
        found.append(Problem("not_the_first", N_("新事项应从第1版开始")))
    if known and start is not None and known[-1].effective_from and start <= known[-1].effective_from:
        text = N_("上一版自{day}起生效，新版应晚于这一天")
        found.append(Problem("not_after", text, {"day": known[-1].effective_from}))
    if known and any(doc.get(name) != getattr(known[-1].item, name) for name in ("level", "division_code")):
        found.append(Problem("other_item", N_("事项的层级和行政区划不能变更，请另立新事项")))
    return tuple(found)


def _guide(doc: Document) -> Iterable[Problem]:
    """A guide that does not say where to go is none."""
    text = N_("办事指南缺少{label}，不能发布")
    return (
        Problem("guide_missing", text, {"label": label})
        for key, label in GUIDE_FIELDS.items()
        if _blank(doc, key)
    )


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


# --- village certificates ---------------------------------------------------------------------------------


def issue_problem(code: str, on: date, entries: Sequence[Certificate] | None = None) -> Problem | None:
    """Why a village may not give out this certificate on a day; None if it may (遂府办函〔2017〕209号)."""
    return _certificate(code, on, entries, N_("“{name}”已取消，自{date}起不得出具"))


def issued_problem(doc: Document) -> Problem | None:
    """Why a certificate_issue may not be given out as it is filled, whatever it certifies; None if it may. Two people have
    verified the facts, each of them by themselves."""
    if _blank(doc, "holder"):
        return Problem("no_holder", N_("请填写被证明人姓名"))
    if _blank(doc, "facts"):
        return Problem("no_facts", N_("请写明核实的事实"))
    if _blank(doc, "second_checker"):
        return Problem("no_second_checker", N_("证明须由两人核实，请填写复核人工号"))
    if str(doc.get("second_checker")) == str(doc.get("checker")):
        return Problem("same_checker", N_("复核人不能与核实人是同一人"))
    return None


def demand_problem(code: str, on: date, entries: Sequence[Certificate] | None = None) -> Problem | None:
    """Why nobody may be asked for this certificate on a day; None if they may."""
    return _certificate(code, on, entries, N_("“{name}”已取消，自{date}起不得要求群众提供"))


def _certificate(
    code: str, on: date, entries: Sequence[Certificate] | None, abolished: str
) -> Problem | None:
    """Before the list came into force nothing is blocked; afterwards only what it retains is free to use. `entries` may have several of one
    certificate: the newest that has begun counts."""
    known = certificates() if entries is None else entries
    start = min((each.effective_from for each in known), default=date.max)
    if on < start:
        return None
    own = [each for each in known if each.cert_code == code and each.effective_from <= on]
    found = max(own, key=lambda each: each.effective_from, default=None)
    if found is None:
        text = N_("“{name}”未列入村（社区）证明保留清单，不得出具或者要求提供")
        return Problem("certificate_not_listed", text, {"name": code})
    if found.status == "abolished":
        return Problem("certificate_abolished", abolished, {"name": found.name, "date": found.effective_from})
    return None


# --- intermediary services --------------------------------------------------------------------------------


def intermediary_problems(doc: Document) -> tuple[Problem, ...]:
    """Why an intermediary_service may not be published; () if it may. In place of days it may say as long as
    what the service takes (service_time)."""
    text = N_("中介服务办事指南缺少{label}，不能公布")
    return tuple(
        Problem("intermediary_field_missing", text, {"label": label})
        for key, label in INTERMEDIARY_FIELDS.items()
        if _blank(doc, key) and not (key == "service_days" and not _blank(doc, "service_time"))
    )


def shipped_intermediary(service: Intermediary) -> dict[str, Any]:
    """A row of intermediary.csv as a document. Where it gives no days (the supervising of a building site), the
    service lasts as long as the approved work."""
    time = (
        {"service_time": service.service_time or "与工程施工期相同"} if service.service_days is None else {}
    )
    return {
        "type": "intermediary_service",
        "schema": 1,
        "name": service.name,
        "approval_item": service.approval_item,
        "department": service.department,
        "legal_basis": service.legal_basis,
        "process": service.process,
        "materials": list(service.materials),
        "fee_basis": service.fee_basis,
        "fee_standard": service.fee_standard,
        "status": "draft",
        **({} if service.service_days is None else {"service_days": service.service_days}),
        **time,
    }


# --- the whole catalogue ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Count:
    """How many items, departments and zones a division's catalogue has; None: no number is given."""

    division_code: str
    level: str
    items: int
    departments: int | None
    zones: int | None


@cache
def counts() -> tuple[Count, ...]:
    """The seed's counts."""
    return tuple(
        Count(
            row["division_code"],
            row["level"],
            int(row["items"]),
            int(row["departments"]) if row["departments"] else None,
            int(row["zones"]) if row["zones"] else None,
        )
        for row in rows("catalogue_counts")
    )


def count_problems(items: Iterable[Item], wanted: Iterable[Count] | None = None) -> tuple[Problem, ...]:
    """Where the catalogue differs from the counts; () if nowhere."""
    known = list(items)
    found: list[Problem] = []
    for each in counts() if wanted is None else wanted:
        mine = [
            item for item in known if (item.division_code, item.level) == (each.division_code, each.level)
        ]
        for what, number, expected in (
            (N_("事项"), len(mine), each.items),
            (N_("部门"), len({item.department for item in mine}), each.departments),
            (N_("审批服务区"), len({item.zone for item in mine} - {None}), each.zones),
        ):
            if expected is not None and number != expected:
                text = N_("{division}的{what}数为{number}，应为{expected}")
                params = {
                    "division": each.division_code,
                    "what": what,
                    "number": number,
                    "expected": expected,
                }
                found.append(Problem("wrong_count", text, params))
    return tuple(found)


# --- after the grant --------------------------------------------------------------------------------------


def follow_up(state: CaseState, delegated: Document | None, calendar: Calendar) -> dict[str, Any] | None:
    """The inspection that a granted case of a delegated item asks for (后续监管, seed row 26): an inspection
    document without what its keeper adds (created_at, created_by). None for every other case.

    delegated  the item's delegation, None if it was not handed down. The _id follows from the case, so that
               two servers that both notice make one document of it. Raises CalendarGap.
    """
    if delegated is None or state.result != "granted" or state.decided_at is None:
        return None
    item = state.item or {}
    return {
        "_id": f"insp:follow-up:{state.case_no}",
        "type": "inspection",
        "schema": 1,
        "kind": "supervision",
        "station": state.current_station,
        "case": state.case_no,
        "reason": f"{delegated.get('from', '')}下放事项“{item.get('name', '')}”准予后的监管检查",
        "planned_on": calendar.add(state.decided_at.date(), FOLLOW_UP_DAYS).isoformat(),
    }
