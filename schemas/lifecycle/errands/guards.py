"""What each event of an errand asks, beyond state and role. READY, FILLED, TIMELY as in lifecycle.guards.

Forms (`data` of an event):

    request           {"kind", "applicant": {"name", "id_type", "id_no"}, "phone"?, "address"?, "item"?,
                       "entrusted_by"?, "green_channel"?: true with "green_reason" and "green_approved_by"}
    assign            {"agent": employee number}; a home visit also {"visit_on": day, "visit_slot"}
    decline           {"reason", "other_way"}
    collect           {"materials": [{"name", "copies": 1–99, "original": bool, "signed_for": true}],
                       "entrusted_by"; unless the request had it}
    lodge             {"case": number, "materials"?: as above, what came in for a supplement}
    relay_supplement  {"gaps": [text]}    fetch_result {}
    hand_over         {"receiver", "returned": [name]}: every original
    cancel            {"returned": [name]}: every original

A request by telephone has no signature yet, so the mandate (委托书) is asked for with the papers at the latest.
Whether an agent is on duty is the roster's to say, and for a page to ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.lifecycle.errands.state import ErrandState
from schemas.lifecycle.errands.words import KINDS, MANDATES
from schemas.lifecycle.forms import (
    applicant_problem,
    both,
    day,
    mappings,
    reason,
    says,
    text,
    texts,
    whole,
)
from schemas.lifecycle.machine import Ask, Guard
from schemas.lifecycle.state import CaseState
from schemas.problems import N_, Problem

ErrandAsk = Ask[ErrandState]
Guards = Mapping[str, Guard[ErrandState]]

READY: Final[Guards] = {}


# --- is the form filled? ----------------------------------------------------------------------------------


def _request(ask: ErrandAsk) -> Problem | None:
    data = ask.data
    if text(data, "kind") not in KINDS:
        return Problem("no_kind", N_("请选择服务方式：代办、导办、上门服务或者VIP服务"))
    if "item" in data and ask.catalogue.item(data["item"]) is None:
        return Problem("unknown_item", N_("事项目录中没有“{item}”"), {"item": str(data["item"])})
    if "entrusted_by" in data and text(data, "entrusted_by") not in MANDATES:
        return _NO_MANDATE
    if data.get("green_channel") is True and not (
        text(data, "green_reason") and text(data, "green_approved_by")
    ):
        return Problem("no_green_reason", N_("绿色通道须写明理由和批准人"))
    return applicant_problem(data.get("applicant"))


def _assign(ask: ErrandAsk) -> Problem | None:
    if not text(ask.data, "agent"):
        return Problem("no_agent", N_("请选择代办员"))
    if ask.state.kind == "home_visit" and not (day(ask.data, "visit_on") and text(ask.data, "visit_slot")):
        return Problem("no_visit", N_("上门服务须约定日期和时段"))
    return None


def _lines_sound(lines: tuple[Mapping[str, object], ...]) -> bool:
    return all(
        text(line, "name") and whole(line, "copies", 1, 99) and type(line.get("original")) is bool
        and line.get("signed_for") is True
        for line in lines
    )  # fmt: skip


def _collect(ask: ErrandAsk) -> Problem | None:
    """An agent takes papers; whoever only guides or visits may leave without any."""
    lines = mappings(ask.data, "materials")
    if not _lines_sound(lines) or (not lines and ask.state.kind in ("agency", "vip")):
        return Problem("no_handover_list", N_("请逐项登记收取的材料，注明是否原件，并由双方签收"))
    if not ask.state.entrusted_by and text(ask.data, "entrusted_by") not in MANDATES:
        return _NO_MANDATE
    return None


def _lodge(ask: ErrandAsk) -> Problem | None:
    if not text(ask.data, "case"):
        return Problem("no_case_no", N_("请填写办件编号"))
    if not _lines_sound(mappings(ask.data, "materials")):
        return Problem("no_handover_list", N_("请逐项登记收取的材料，注明是否原件，并由双方签收"))
    return None


def _gaps(ask: ErrandAsk) -> Problem | None:
    if not texts(ask.data, "gaps"):
        return Problem("no_gaps", N_("请一次列明需要补正的全部内容"))
    return None


def _all_returned(ask: ErrandAsk) -> Problem | None:
    back = texts(ask.data, "returned")
    kept = [name for name in ask.state.originals if name not in back]
    if kept:
        return Problem("originals_kept", N_("下列原件尚未交还：{names}"), {"names": "、".join(kept)})
    return None


_NO_MANDATE: Final = Problem("no_mandate", N_("请选择委托方式：签名、照片或者指印"))
_receiver: Guard[ErrandState] = says("receiver", "no_receiver", N_("请填写签收人"))

FILLED: Final[Guards] = {
    "request": _request,
    "assign": _assign,
    "decline": both(reason, says("other_way", "no_other_way", N_("请告知其他办理途径"))),
    "collect": _collect,
    "lodge": _lodge,
    "relay_supplement": _gaps,
    "hand_over": both(_receiver, _all_returned),
    "cancel": _all_returned,
}


# --- is today the day, by what is known of the case? --------------------------------------------------------


def _visit_to_come(ask: ErrandAsk) -> Problem | None:
    visit = day(ask.data, "visit_on")
    if visit is not None and ask.day is not None and visit < ask.day:
        return Problem("visit_past", N_("上门日期已过"))
    return None


def _case_received(ask: ErrandAsk) -> Problem | None:
    number = text(ask.data, "case")
    case = ask.state.cases.get(number)
    if not number:
        return None  # no form yet: which case it will be is not known
    if case is None or case.received_at is None or case.final:
        return Problem("case_not_received", N_("办件“{case}”尚未收件，或者已经结束"), {"case": number})
    return None


def _linked(ask: ErrandAsk) -> CaseState | None:
    return ask.state.cases.get(ask.state.case)


def _case_supplementing(ask: ErrandAsk) -> Problem | None:
    case = _linked(ask)
    if case is not None and case.state != "supplementing":
        return Problem("no_supplement", N_("办件没有需要补正的内容"))
    return None


def _case_concluded(ask: ErrandAsk) -> Problem | None:
    case = _linked(ask)
    if case is not None and case.state not in ("concluded", "delivered"):
        return Problem("case_open", N_("办件尚未办结"))
    return None


TIMELY: Final[Guards] = {
    "assign": _visit_to_come,
    "lodge": _case_received,
    "relay_supplement": _case_supplementing,
    "fetch_result": _case_concluded,
}
