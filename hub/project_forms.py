"""What forms about projects bring: read, trimmed, turned into the data of an event. As station.forms; whether a step is allowed is
schemas.lifecycle.projects'. Reads a mapping of strings, writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from schemas import tables
from schemas.catalogue import InForce
from schemas.lifecycle.projects import ProjectState
from schemas.lifecycle.projects.guards import outcome_of
from schemas.problems import N_, Problem
from station.forms import FORM_TOKEN, LONGEST, PHONE, identity, text

ROWS: Final = 10
"""Approvals that a plan's form has room for; what is planned already has a row each besides."""


class Step(NamedTuple):
    fields: tuple[str, ...]
    style: str = "bm"


STEPS: Final[dict[str, Step]] = {
    "plan": Step(("sub_items", "joint_days", "shared")), "accept_jointly": Step(("materials",), "success"), "dispatch": Step(("items",), "success"),
    "opinion": Step(("item", "opinion", "words")), "request_supplement": Step(("gaps",), "warning"), "suspend": Step(("kind", "days"), "warning"),
    "resume": Step(()), "extend": Step(("days", "reason"), "outline-secondary"), "conclude": Step((), "success"),
    "stop": Step(("reason",), "outline-danger"),
}  # fmt: skip
"""The steps of a project's page, in the order of buttons; `open` has a form of its own."""


def opened(form: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Problem]]:
    """(data, problems by field) of the form that opens a project. What the rules ask besides, they say themselves."""
    problems: dict[str, Problem] = {}
    if not FORM_TOKEN.fullmatch(form.get("form", "")):
        problems[""] = Problem("form_token", N_("页面不完整，请重新打开登记表"), {})
    name, owner = text(form, "name", LONGEST), text(form, "owner", LONGEST)
    if not name:
        problems["name"] = Problem("no_name", N_("请填写项目名称"), {})
    if not owner:
        problems["owner"] = Problem("owner_missing", N_("请填写项目业主"), {})
    kind, number, problem = identity(text(form, "id_no", 30).upper().replace(" ", ""))
    if problem is not None:
        problems["id_no"] = problem
    phone = text(form, "phone", 20).replace(" ", "")
    if not PHONE.fullmatch(phone):
        problems["phone"] = Problem("phone_wrong", N_("请填写 11 位手机号，或带区号的座机号"), {})
    data: dict[str, Any] = {
        "name": name, "owner": {"name": owner, "id_type": kind, "id_no": number}, "phone": phone, "address": text(form, "address", 100),
        "lead_department": text(form, "lead_department", 100),
    }  # fmt: skip
    data |= {key: value for key in ("project_code", "lead_officer") if (value := text(form, key, 40))}
    if form.get("vip") == "1":
        data["vip"] = True
    return data, problems


def step(
    event: str, form: Mapping[str, str], state: ProjectState, of: InForce
) -> tuple[dict[str, Any], Problem | None]:
    """The data of a step as entered on a project's page, or what is missing. Of `dispatch` the items alone: their cases are made as it is done."""
    if event not in STEPS:
        return {}, Problem("step_unknown", N_("没有这一步"), {})
    if event == "plan":
        return _plan(form, state, of)
    if event == "accept_jointly":
        return {"materials": _checklist(form, state)}, None
    if event == "dispatch":
        items = [
            each.item for each in state.sub_items if not each.case and form.get(f"item-{each.item}") == "1"
        ]
        return {"items": items}, None if items else Problem("no_items", N_("请勾选要转办的审批事项"), {})
    if event == "opinion":
        said = {"item": text(form, "item", 40), "opinion": form.get("opinion", "")}
        return {**said, **({"text": words} if (words := text(form, "words", 2000)) else {})}, None
    if event == "request_supplement":
        return {"gaps": _gaps(form, state)}, None
    if event == "conclude":
        return {"outcomes": outcomes(state)}, None
    data: dict[str, Any] = {}
    for name in STEPS[event].fields:
        value = text(form, name, 2000)
        data[name] = _whole(value) if name == "days" else value
    return data, None


def outcomes(state: ProjectState) -> dict[str, str]:
    """How each approval has ended, as its case says; those that have not are left out."""
    found = {
        each.item: outcome_of(case)
        for each in state.sub_items
        if (case := state.cases.get(each.case)) is not None
    }
    return {item: outcome for item, outcome in found.items() if outcome}


def _plan(form: Mapping[str, str], state: ProjectState, of: InForce) -> tuple[dict[str, Any], Problem | None]:
    """Department, deciding unit and, where nothing else is said, the days are the catalogue's."""
    lines: list[dict[str, Any]] = []
    for n in range(ROWS):
        code = text(form, f"item-{n}", 60).split(" ")[0].upper()
        if not code:
            continue
        found = of.offered(code, tables.station(state.home))
        if found is None:
            return {}, Problem("unknown_item", N_("事项目录中没有“{item}”"), {"item": code})
        item, offer = found
        days = text(form, f"days-{n}", 3)
        lines.append({
            "item": item.item_code, "department": item.department, "station": offer.decided_at, "stage": _whole(text(form, f"stage-{n}", 1)) or 1,
            "promised_days": _whole(days) if days else item.promised_days,
        })  # fmt: skip
    shared = [line.strip() for line in text(form, "shared", 2000).splitlines() if line.strip()]
    return {
        "sub_items": lines,
        "promised_days": _whole(text(form, "joint_days", 2)),
        "materials": shared,
    }, None


def _checklist(form: Mapping[str, str], state: ProjectState) -> list[dict[str, Any]]:
    return [
        {"seq": n, "name": name, "required": True, "got": form.get(f"material-{n}") == "1", "mode": "copy"}
        for n, name in enumerate(state.shared_materials, 1)
    ]


def _gaps(form: Mapping[str, str], state: ProjectState) -> list[dict[str, str]]:
    """Of every department at once, a line each."""
    return [
        {"item": each.item, "text": line.strip()[:500]}
        for each in state.sub_items
        for line in text(form, f"gaps-{each.item}", 5000).splitlines()
        if line.strip()
    ]


def _whole(value: str) -> int:
    """0 for what is none: the rules refuse it."""
    return int(value) if value.isascii() and value.isdecimal() else 0
