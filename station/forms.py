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

from schemas import numbers, opinions, tables
from schemas.lifecycle import CaseState
from schemas.problems import N_, DomainError, Problem
from schemas.tables import Material
from station import found_by
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


# Every step that somebody at a window, in a bureau or overseeing it may take; the order is the order of buttons. The rest of the
# transition table is done elsewhere (tests/station/test_steps.py says where).
STEPS: dict[str, Step] = {
    "pre_review_pass": Step(style="success"),
    "pre_review_return": Step(("reason", "gaps"), "warning"),
    "receive": Step(("materials", "privacy_notice")),
    "accept": Step(),
    "notify_supplement": Step(("gaps", "note"), "warning"),
    "forward": Step(("to",), "outline-primary"),
    "correct_on_spot": Step(("name", "id_no", "phone", "address", "note"), "outline-secondary"),
    "refuse": Step(("reason_code", "reason"), "outline-danger"),
    "assign": Step(("assignee",)),
    "pass_step": Step(("opinion",)),
    "return_step": Step(("reason",), "warning"),
    "grant": Step(("opinion",), "success"),
    "deny": Step(("reason", "remedy"), "danger"),
    "suspend": Step(("kind", "days", "approved_by"), "outline-secondary"),
    "resume": Step(("result",)),
    "extend": Step(("days", "reason"), "outline-secondary"),
    "submit_upward": Step(("to", "reason"), "outline-secondary"),
    "instant_conclude": Step(("result",), "success"),
    "conclude": Step(("result",), "success"),
    "supply": Step(("materials", "note")),
    "lapse": Step(style="outline-danger"),
    "deliver": Step(("receiver",), "success"),
    "urge": Step(("reason",), "warning"),
    "correct_record": Step(("note", "cosigned_by"), "outline-secondary"),
    "withdraw": Step(("reason",), "outline-secondary"),
    "void": Step(("reason", "successor"), "outline-danger"),
    "discard": Step(style="outline-danger"),
}
# What ends a case for good is never open before somebody opens it, nor done by one click.
ENDS = frozenset({"withdraw", "void", "discard", "lapse"})
# What those who supervise may do, and nothing else (domain.md §3).
OVERSEEN = frozenset({"urge", "void"})


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
    try:
        for name in STEPS[event].fields:
            # A phrase that was chosen where no script could put it into the field.
            if not text(form, name, 2000) and (
                phrase := opinions.chosen(event, name, state, form.get(f"{name}_as", ""))
            ):
                form = {**form, name: phrase}
            data |= READERS.get(name, _one(name))(form, state)
        if event == "correct_on_spot":
            data = _corrected(data, state)
    except DomainError as error:
        return data, error.problem
    return data, None


def destinations(event: str, state: CaseState, staff: Staff) -> tuple[str, ...]:
    """The stations that a case may be sent to by this step, the nearest first: upward, and no further than who decides."""
    above = tables.ancestors(staff.station)
    if event == "forward" and state.decider in above:
        return above[: above.index(state.decider) + 1]
    return above[:1] if event == "forward" else above


def following(event: str, state: CaseState, staff: Staff) -> list[tuple[str, dict[str, Any]]]:
    """Steps the program takes right after a person's: an accepted case that needs review goes to its zone's examiners."""
    item = state.item or {}
    if event != "accept" or item.get("instant"):
        return []
    return [("assign", {"to": item.get("zone") or staff.employee_no})]


def search(asked: str) -> tuple[str, list[Any]]:
    """(where, args) for the register: by case number, identity number, or a part of a name."""
    plain = "".join(asked.split()).upper()
    if re.fullmatch(r"\d{17}[\dX]|(?=.*\d)[0-9A-Z]{18}", plain, re.ASCII):
        return "id_digest = ?", [id_digest(plain)]
    if re.fullmatch(r"[0-9A-Z]{12,25}", asked):
        return "case_no >= ? AND case_no < ?", [asked, asked + "~"]
    return found_by.condition(asked)


def token(form: Mapping[str, str]) -> str:
    """The form's own token, under which it is kept once however often it is sent; DomainError where the page was not whole."""
    found = form.get("form", "")
    if not FORM_TOKEN.fullmatch(found):
        raise DomainError(Problem("form_token", N_("页面不完整，请重新打开登记表"), {}))
    return found


def people(form: Mapping[str, str], name: str) -> list[str]:
    """Staff numbers or names, as they were typed with commas of any kind between them."""
    typed = re.split(r"[、，,]", text(form, name, 500))
    return [each.strip()[:40] for each in typed if each.strip()]


def day(value: str | None) -> date | None:
    """A register's date, or None."""
    return date.fromisoformat(value) if value else None


def _one(name: str) -> Callable[[Mapping[str, str], CaseState], dict[str, Any]]:
    return lambda form, _state: {name: value} if (value := text(form, name, 2000)) else {}


def _gaps(form: Mapping[str, str], _state: CaseState) -> dict[str, Any]:
    return {"gaps": [line.strip() for line in text(form, "gaps", 2000).splitlines() if line.strip()]}


def _supplied(form: Mapping[str, str], state: CaseState) -> dict[str, Any]:
    """The list that was checked at the window, not the one in force by now."""
    now = ticked(form)
    return {"materials": [{**each, "got": each["got"] or each["seq"] in now} for each in state.materials]}


def _whole(name: str) -> Callable[[Mapping[str, str], CaseState], dict[str, Any]]:
    def read(form: Mapping[str, str], _state: CaseState) -> dict[str, Any]:
        value = text(form, name, 10)
        return {name: int(value)} if value.isascii() and value.isdigit() else {}

    return read


def _assignee(form: Mapping[str, str], _state: CaseState) -> dict[str, Any]:
    return {"to": value} if (value := text(form, "assignee", 40)) else {}


def _notice(form: Mapping[str, str], _state: CaseState) -> dict[str, Any]:
    return {"privacy_notice": form.get("privacy_notice") == "1"}


def _successor(form: Mapping[str, str], _state: CaseState) -> dict[str, Any]:
    """The number of the case that takes its place, if there is one."""
    value = text(form, "successor", 40)
    if value:
        numbers.parse_case_no(value)
    return {"successor": value} if value else {}


def _corrected(entered: Mapping[str, Any], state: CaseState) -> dict[str, Any]:
    """What was filled in is changed; what was left empty stays as it is."""
    changes: dict[str, Any] = {name: entered[name] for name in ("phone", "address") if name in entered}
    if "phone" in changes and not PHONE.fullmatch(changes["phone"]):
        raise DomainError(Problem("phone_wrong", N_("请填写 11 位手机号，或带区号的座机号"), {}))
    if "name" in entered or "id_no" in entered:
        before = dict(state.applicant or {})
        changes["applicant"] = {**before, "name": entered.get("name", before.get("name", ""))[:LONGEST]}
        if "id_no" in entered:
            kind, number, problem = identity(entered["id_no"].upper().replace(" ", ""))
            if problem is not None:
                raise DomainError(problem)
            changes["applicant"] |= {"id_type": kind, "id_no": number}
    return {"changes": changes} | ({"note": entered["note"]} if "note" in entered else {})


READERS: dict[str, Callable[[Mapping[str, str], CaseState], dict[str, Any]]] = {
    "gaps": _gaps,
    "materials": _supplied,
    "days": _whole("days"),
    "assignee": _assignee,
    "privacy_notice": _notice,
    "successor": _successor,
}
