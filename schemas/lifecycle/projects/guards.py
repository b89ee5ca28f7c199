"""What each event of a project asks, beyond state and role. READY, FILLED, TIMELY as in lifecycle.guards.

Forms (`data` of an event):

    open                {"name", "owner": {"name", "id_type", "id_no"}, "lead_department", "lead_officer"?,
                         "project_code"?, "vip"?: true, then with lead_officer}
    plan                {"sub_items": [{"item", "department", "stage", "promised_days", "station"?}],
                         "promised_days": 1–45, "materials"?: [text]}
    accept_jointly      {"materials": checklist as in `receive`}
    dispatch            {"cases": {item: case number}}, as stages come up
    opinion             {"item", "opinion": agree | conditions | disagree, "text"; needed unless agreed}
    request_supplement  {"gaps": [{"item", "text"}]}: those of all departments
    suspend             {"kind", "days"}    resume {}    extend {"days", "reason"}
    conclude            {"outcomes": {item: decided | withdrawn | dropped}}: every sub-item
    stop                {"reason"}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.lifecycle import limits
from schemas.lifecycle.forms import (
    applicant_problem,
    mappings,
    material_lines,
    reason,
    text,
    whole,
)
from schemas.lifecycle.machine import Ask, Guard
from schemas.lifecycle.projects.state import ProjectState
from schemas.lifecycle.projects.words import OPINIONS, OUTCOMES, SUSPEND_KINDS
from schemas.lifecycle.state import CaseState
from schemas.problems import N_, Problem
from schemas.tables import stations

ProjectAsk = Ask[ProjectState]
Guards = Mapping[str, Guard[ProjectState]]


def outcome_of(case: CaseState) -> str:
    """How a sub-item's case has ended, "" while it is open (words.OUTCOMES)."""
    if case.decided_at is not None:
        return "decided"
    if case.state == "withdrawn":
        return "withdrawn"
    return "dropped" if case.final else ""


# --- is the project ready? --------------------------------------------------------------------------------


def _one_notice_only(ask: ProjectAsk) -> Problem | None:
    if ask.state.supplement_asked_at is not None:
        return Problem("second_supplement", N_("各部门的补正内容须合并一次告知，本项目已告知过"))
    return None


def _extended_once(ask: ProjectAsk) -> Problem | None:
    if ask.state.extended_days:
        return Problem("second_extension", N_("并联审批期限只能延长一次，本项目已延期"))
    return None


def _something_to_dispatch(ask: ProjectAsk) -> Problem | None:
    if all(each.case for each in ask.state.sub_items):
        return Problem("all_dispatched", N_("各审批事项均已转办"))
    return None


READY: Final[Guards] = {
    "dispatch": _something_to_dispatch,
    "request_supplement": _one_notice_only,
    "extend": _extended_once,
}


# --- is the form filled? ----------------------------------------------------------------------------------


def _open(ask: ProjectAsk) -> Problem | None:
    if not text(ask.data, "name"):
        return Problem("no_name", N_("请填写项目名称"))
    if not text(ask.data, "lead_department"):
        return Problem("no_lead", N_("请填写牵头部门"))
    if ask.data.get("vip") is True and not text(ask.data, "lead_officer"):
        return Problem("no_officer", N_("VIP项目须由专人负责，请填写负责人工号"))
    return applicant_problem(ask.data.get("owner"))


def _plan(ask: ProjectAsk) -> Problem | None:
    lines = mappings(ask.data, "sub_items")
    items = [text(line, "item") for line in lines]
    if not lines or len(set(items)) < len(items):
        return Problem("no_sub_items", N_("请列出各审批事项，同一事项只列一次"))
    for line, item in zip(lines, items, strict=True):
        if ask.catalogue.item(item) is None:
            return Problem("unknown_item", N_("事项目录中没有“{item}”"), {"item": item})
        station = line.get("station", ask.state.home)
        sound = (
            text(line, "department") and whole(line, "stage", 1, 9) and whole(line, "promised_days", 1, 365)
        )
        if not sound or not isinstance(station, str) or station not in stations():
            return Problem("bad_sub_item", N_("请填写“{item}”的审批部门、阶段和承诺时限"), {"item": item})
    if whole(ask.data, "promised_days", 1, limits.JOINT) is None:
        return Problem("bad_joint_promise", N_("联合承诺时限为1至{max}个工作日"), {"max": limits.JOINT})
    return None


def _accept(ask: ProjectAsk) -> Problem | None:
    lines = material_lines(ask.data)
    if not lines:
        return Problem("no_checklist", N_("请逐项核对材料清单"))
    missing = [str(line["name"]) for line in lines if line["required"] and not line["got"]]
    if missing:
        return Problem(
            "materials_missing", N_("必要材料不齐，不能受理：{names}"), {"names": "、".join(missing)}
        )
    return None


def _dispatch(ask: ProjectAsk) -> Problem | None:
    cases = ask.data.get("cases")
    waiting = {each.item for each in ask.state.sub_items if not each.case}
    if not isinstance(cases, dict) or not cases or not cases.keys() <= waiting:
        return Problem("not_in_plan", N_("只能转办方案中尚未转办的审批事项"))
    numbers = list(cases.values())
    taken = {each.case for each in ask.state.sub_items}
    if not all(isinstance(each, str) and each and each not in taken for each in numbers) or len(
        set(numbers)
    ) < len(numbers):
        return Problem("no_cases", N_("每个审批事项须有自己的办件编号"))
    return None


def _opinion(ask: ProjectAsk) -> Problem | None:
    found = ask.state.sub_item(ask.data.get("item"))
    if found is None or not found.case:
        return Problem("not_dispatched", N_("本事项尚未转办，不能出具意见"))
    if found.station != ask.actor.station.code or ask.actor.department not in ("", found.department):
        return Problem(
            "other_department", N_("本事项的意见须由“{department}”出具"), {"department": found.department}
        )
    if text(ask.data, "opinion") not in OPINIONS:
        return Problem("no_opinion", N_("请选择同意、附条件同意或者不同意"))
    if ask.data["opinion"].strip() != "agree" and not text(ask.data, "text"):
        return Problem("no_reason", N_("请填写理由"))
    return None


def _gaps(ask: ProjectAsk) -> Problem | None:
    gaps = mappings(ask.data, "gaps")
    if not gaps or not all(text(gap, "text") and ask.state.sub_item(gap.get("item")) for gap in gaps):
        return Problem("no_gaps", N_("请一次列明各部门需要补正的全部内容"))
    return None


def _suspend(ask: ProjectAsk) -> Problem | None:
    if text(ask.data, "kind") not in SUSPEND_KINDS:
        return Problem("no_suspend_kind", N_("请选择特别程序的种类"))
    if whole(ask.data, "days", 1, 365) is None:
        return Problem("no_suspend_days", N_("请填写特别程序预计所需的工作日数，并书面告知申请人"))
    return None


def _extend(ask: ProjectAsk) -> Problem | None:
    if whole(ask.data, "days", 1, limits.JOINT_EXTENSION) is None:
        return Problem("bad_extension", N_("延长期限为1至{max}个工作日"), {"max": limits.JOINT_EXTENSION})
    return reason(ask)


def _conclude(ask: ProjectAsk) -> Problem | None:
    outcomes = ask.data.get("outcomes")
    told = outcomes if isinstance(outcomes, dict) else {}
    for each in ask.state.sub_items:
        if text(told, each.item) not in OUTCOMES:
            return Problem(
                "sub_item_open", N_("“{item}”尚未决定、撤回或者取消，不能统一办结"), {"item": each.item}
            )
    return None


FILLED: Final[Guards] = {
    "open": _open,
    "plan": _plan,
    "accept_jointly": _accept,
    "dispatch": _dispatch,
    "opinion": _opinion,
    "request_supplement": _gaps,
    "suspend": _suspend,
    "extend": _extend,
    "conclude": _conclude,
    "stop": reason,
}


# --- is today the day, by what is known of the cases? -------------------------------------------------------


def _before_joint_due(ask: ProjectAsk) -> Problem | None:
    if ask.day is not None and ask.state.joint_due is not None and ask.day > ask.state.joint_due:
        return Problem("joint_due_passed", N_("联合承诺期限已过，不能延期"))
    return None


def _cases_closed(ask: ProjectAsk) -> Problem | None:
    for each in ask.state.sub_items:
        case = ask.state.cases.get(each.case)
        if case is not None and not outcome_of(case):
            return Problem(
                "sub_item_open", N_("“{item}”尚未决定、撤回或者取消，不能统一办结"), {"item": each.item}
            )
    return None


TIMELY: Final[Guards] = {"extend": _before_joint_due, "conclude": _cases_closed}
