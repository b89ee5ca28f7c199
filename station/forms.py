"""What forms bring: read, trimmed, checked field by field, turned into the data of an event.

A check here is about typing (an empty field, a wrong digit); whether a step is allowed is schemas.lifecycle.
Reads a mapping of strings, writes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas import numbers
from schemas.lifecycle import CaseState
from schemas.problems import N_, DomainError, Problem
from schemas.tables import Material
from station.casework import checklist
from station.register import id_digest
from station.staff import Staff

# Characters of a name or an address.
LONGEST = 100
FORM_TOKEN = re.compile(r"[0-9a-f]{32}")
MATERIAL = re.compile(r"material-\d{1,3}", re.ASCII)
PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}", re.ASCII)

PHONE_WRONG = Problem("phone_wrong", N_("请填写 11 位手机号，或带区号的座机号"), {})


@dataclass(frozen=True)
class Step:
    """How one event is entered: the button's colour, and the fields to fill."""

    fields: tuple[str, ...] = ()
    style: str = "primary"


# The steps that pages offer so far; the order is the order of buttons.
STEPS: dict[str, Step] = {
    "accept": Step(),
    "notify_supplement": Step(("gaps", "note"), "warning"),
    "refuse": Step(("reason_code", "reason"), "outline-danger"),
    "pass_step": Step(("opinion",)),
    "grant": Step(("opinion",), "success"),
    "deny": Step(("reason", "remedy"), "danger"),
    "instant_conclude": Step(("result",), "success"),
    "conclude": Step(("result",), "success"),
    "supply": Step(("materials", "note")),
    "deliver": Step(("receiver",), "success"),
    "withdraw": Step(("reason",), "outline-secondary"),
}


def text(form: Mapping[str, str], name: str, longest: int) -> str:
    """A field's text in NFC, trimmed, without control and format characters, cut to its limit. Rare characters of names
    stay, also those this Python's Unicode tables do not know yet."""
    value = unicodedata.normalize("NFC", form.get(name, ""))
    value = "".join(ch for ch in value if ch in "\n\t" or unicodedata.category(ch) not in ("Cc", "Cf", "Cs"))
    return value.strip()[:longest]


def application(
    form: Mapping[str, Any], materials: Sequence[Material], scanned: Collection[int] = ()
) -> tuple[dict[str, Any], set[int], dict[str, Problem]]:
    """(fields, ticked materials, problems by field) of the record form. What is `scanned` was handed in, ticked or not."""
    entered: dict[str, Any] = {
        "form": form.get("form", ""),
        "name": text(form, "name", LONGEST),
        "id_no": text(form, "id_no", 30).upper().replace(" ", ""),
        "phone": text(form, "phone", 20).replace(" ", ""),
        "address": text(form, "address", LONGEST),
        "privacy_notice": form.get("privacy_notice") == "1",
    }
    ticked = {
        each.seq for each in materials if form.get(f"material-{each.seq}") == "1" or each.seq in scanned
    }
    problems: dict[str, Problem] = {}
    if not FORM_TOKEN.fullmatch(entered["form"]):
        problems[""] = Problem("form_token", N_("页面不完整，请从事项页面重新打开登记表"), {})
    for name in ("name", "address"):
        if len(text(form, name, LONGEST + 1)) > LONGEST:
            problems[name] = Problem("too_long", N_("最多 {max} 个字，请缩短"), {"max": LONGEST})
    if not entered["name"]:
        problems["name"] = Problem("name_missing", N_("请填写申请人姓名"), {})
    entered["id_type"], entered["id_no"], problem = identity(entered["id_no"])
    if problem is not None:
        problems["id_no"] = problem
    if not PHONE.fullmatch(entered["phone"]):
        problems["phone"] = PHONE_WRONG
    if not entered["privacy_notice"]:
        problems["privacy_notice"] = Problem(
            "privacy_missing", N_("请先向申请人告知个人信息的用途，并勾选"), {}
        )
    missing = [each.name for each in materials if each.required and each.seq not in ticked]
    if missing:
        problems["materials"] = Problem(
            "materials_missing", N_("还缺必交材料：{names}"), {"names": "、".join(missing)}
        )
    return entered, ticked, problems


def draft(form: Mapping[str, str], materials: Sequence[Material]) -> dict[str, str]:
    """What stands in the record form, well filled or not, by the form's own names; only what is filled."""
    typed = {name: text(form, name, LONGEST) for name in ("name", "id_no", "phone", "address")}
    boxes = ["privacy_notice", *(f"material-{each.seq}" for each in materials)]
    return {name: value for name, value in typed.items() if value} | {
        name: "1" for name in boxes if form.get(name) == "1"
    }


def card(form: Mapping[str, str], relations: Collection[str]) -> tuple[dict[str, str], dict[str, Problem]]:
    """(fields, problems by field) of a household card; what may be empty there, may be."""
    fields = {name: text(form, name, LONGEST) for name in ("name", "phone", "address", "relation")}
    fields["phone"] = fields["phone"].replace(" ", "")
    problems: dict[str, Problem] = {}
    if fields["phone"] and not PHONE.fullmatch(fields["phone"]):
        problems["phone"] = PHONE_WRONG
    if fields["relation"] not in ("", *relations):
        problems["relation"] = Problem("relation_unknown", N_("请从列表中选择与户主的关系"), {})
    return fields, problems


def ticked(form: Mapping[str, str]) -> set[int]:
    """The numbers of the materials that are ticked in a form."""
    return {int(key[9:]) for key, value in form.items() if MATERIAL.fullmatch(key) and value == "1"}


def identity(entered: str) -> tuple[str, str, Problem | None]:
    """(type, number, problem): 111 an identity card, 001 an enterprise's credit code; both have 18 characters."""
    try:
        return "111", numbers.id_no(entered).text, None
    except DomainError as not_a_person:
        try:
            return "001", numbers.uscc(entered), None
        except DomainError:
            return "111", entered, not_a_person.problem


def step(
    event: str, form: Mapping[str, str], state: CaseState, scanned: Collection[int] = ()
) -> tuple[dict[str, Any], Problem | None]:
    """The data of an event as entered on a case's page, or what is missing. `scanned`: materials of which scans came along."""
    if event not in STEPS:
        return {}, Problem("step_unknown", N_("没有这一步"), {})
    data: dict[str, Any] = {}
    form = {**form, **{f"material-{seq}": "1" for seq in scanned}}
    for name in STEPS[event].fields:
        data |= READERS.get(name, _one(name))(form, state)
    return data, None


def following(event: str, state: CaseState, staff: Staff) -> list[tuple[str, dict[str, Any]]]:
    """Steps the program takes right after a person's: an accepted case that needs review goes to its zone's examiners."""
    item = state.item or {}
    if event != "accept" or item.get("instant"):
        return []
    return [("assign", {"to": item.get("zone") or staff.employee_no})]


def search(asked: str) -> tuple[str, list[Any]]:
    """(where, args) for the register: by case number, identity number, or a part of a name."""
    plain = "".join(asked.split()).upper()
    if re.fullmatch(r"\d{17}[\dX]|[0-9A-Z]{18}", plain, re.ASCII):
        return "id_digest = ?", [id_digest(plain)]
    if re.fullmatch(r"[0-9A-Z]{12,25}", asked):
        return "case_no >= ? AND case_no < ?", [asked, asked + "~"]
    return "(instr(applicant, ?) OR instr(item_name, ?))", [asked, asked]


def day(value: str | None) -> date | None:
    """A register's date, or None."""
    return date.fromisoformat(value) if value else None


def _one(name: str) -> Callable[[Mapping[str, str], CaseState], dict[str, Any]]:
    return lambda form, _state: {name: value} if (value := text(form, name, 2000)) else {}


def _gaps(form: Mapping[str, str], _state: CaseState) -> dict[str, Any]:
    return {"gaps": [line.strip() for line in text(form, "gaps", 2000).splitlines() if line.strip()]}


def _supplied(form: Mapping[str, str], state: CaseState) -> dict[str, Any]:
    code = str((state.item or {}).get("code", ""))
    before = {each["seq"] for each in state.materials if each["got"]}
    return {"materials": checklist(code, frozenset(before | ticked(form)))}


READERS: dict[str, Callable[[Mapping[str, str], CaseState], dict[str, Any]]] = {
    "gaps": _gaps,
    "materials": _supplied,
}
