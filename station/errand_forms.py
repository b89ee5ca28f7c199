"""What forms about errands bring: read, trimmed, turned into the data of an event. As station.forms; whether a step is allowed is
schemas.lifecycle.errands. Reads a mapping of strings, writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas import numbers
from schemas.lifecycle.errands import ErrandState
from schemas.problems import N_, DomainError, Problem
from station.forms import FORM_TOKEN, LONGEST, PHONE, Step, identity, text

STEPS: Final[dict[str, Step]] = {
    "assign": Step(("agent", "visit_on", "visit_slot")),
    "collect": Step(("materials", "entrusted_by")),
    "lodge": Step(("case",)),
    "relay_supplement": Step(("gaps",), "warning"),
    "fetch_result": Step(style="success"),
    "hand_over": Step(("receiver", "returned"), "success"),
    "decline": Step(("reason", "other_way"), "outline-danger"),
    "cancel": Step(("returned",), "outline-secondary"),
}
"""The steps of an errand's page, in the order of buttons; `request` has a form of its own."""
LINES: Final = 12
"""Materials on one handover list."""


def request(form: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Problem]]:
    """(data, problems by field) of the form that opens an errand. What the rules ask besides, they say themselves."""
    problems: dict[str, Problem] = {}
    if not FORM_TOKEN.fullmatch(form.get("form", "")):
        problems[""] = Problem("form_token", N_("页面不完整，请重新打开登记表"), {})
    name = text(form, "name", LONGEST)
    if not name:
        problems["name"] = Problem("name_missing", N_("请填写申请人姓名"), {})
    kind, number, problem = identity(text(form, "id_no", 30).upper().replace(" ", ""))
    if problem is not None:
        problems["id_no"] = problem
    phone = text(form, "phone", 20).replace(" ", "")
    if not PHONE.fullmatch(phone):
        problems["phone"] = Problem("phone_wrong", N_("请填写 11 位手机号，或带区号的座机号"), {})
    data: dict[str, Any] = {
        "kind": form.get("kind", ""),
        "applicant": {"name": name, "id_type": kind, "id_no": number},
        "phone": phone,
        "address": text(form, "address", LONGEST),
    }
    data |= {key: value for key in ("item", "entrusted_by") if (value := text(form, key, 40))}
    if form.get("green_channel") == "1":
        data |= {
            "green_channel": True,
            "green_reason": text(form, "green_reason", 500),
            "green_approved_by": text(form, "green_approved_by", 40),
        }
    return data, problems


def step(event: str, form: Mapping[str, str], state: ErrandState) -> tuple[dict[str, Any], Problem | None]:
    """The data of a step as entered on an errand's page, or what is missing."""
    if event not in STEPS:
        return {}, Problem("step_unknown", N_("没有这一步"), {})
    data: dict[str, Any] = {}
    for name in STEPS[event].fields:
        if name == "materials":
            data["materials"] = _materials(form)
        elif name == "gaps":
            data["gaps"] = [line.strip() for line in text(form, "gaps", 2000).splitlines() if line.strip()]
        elif name == "returned":
            data["returned"] = [
                each for n, each in enumerate(state.originals) if form.get(f"returned-{n}") == "1"
            ]
        elif value := text(form, name, 500):
            data[name] = value
    if "case" in data:
        try:
            numbers.parse_case_no(data["case"])
        except DomainError as error:
            return data, error.problem
    return data, None


def _materials(form: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lines that have a name; both sign for the whole list."""
    signed = form.get("signed_for") == "1"
    lines = []
    for n in range(LINES):
        if name := text(form, f"material-{n}", 200):
            copies = text(form, f"copies-{n}", 2) or "1"
            lines.append(
                {
                    "name": name,
                    "copies": int(copies) if copies.isascii() and copies.isdigit() else 0,
                    "original": form.get(f"original-{n}") == "1",
                    "signed_for": signed,
                }
            )
    return lines
