"""The form in which a version of an item is drafted: what stands in a draft as fields, and what was typed as a draft. Pure.

    draft ─> rows(…) ─> the page ─> read(form, draft) ─> draft

A draft is a service_item document as far as it is filled; whether it may be published is schemas.publishing's to say, so nothing that was
typed is refused here: what is no number stays as it was typed, and is told with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from station.forms import text

TEXTS: Final[Mapping[str, int]] = {
    "name": 200, "department": 200, "implementer": 200, "zone": 20, "category_code": 2, "legal_basis": 1000, "legal_basis_kind": 20,
    "exception_reason": 500, "exception_approved_by": 40, "fee_standard": 500, "fee_basis": 500, "village_mode": 10, "township_mode": 10,
    "where": 200, "hours": 200, "phone": 40, "effective_from": 10,
}  # fmt: skip
"""Fields of one line or several, with the most characters of each."""
WHOLES: Final = ("legal_days", "promised_days", "runs", "online_depth")
FLAGS: Final = ("instant", "fee")
OPTIONAL: Final = (
    "zone",
    "exception_reason",
    "exception_approved_by",
    "fee_standard",
    "fee_basis",
    "village_mode",
    "township_mode",
    "where",
    "hours",
    "phone",
)
"""What is left out of the document where nothing is typed."""
STEP: Final[Mapping[str, int]] = {"step": 100, "role": 100, "days": 3}
LINE: Final[Mapping[str, int]] = {
    "name": 200, "legal_basis": 1000, "form": 20, "copies": 1, "source_channel": 30, "certificate_id": 30, "issuer": 200,
    "fill_notes": 500,
}  # fmt: skip
ASKED: Final[Mapping[str, int]] = {"question": 500, "answer": 2000}
MOST: Final = 40
"""Rows of a list that are read; a longer material list is no service to anybody."""
SPARE: Final = 2
"""Empty rows at its end, for what is added."""


def rows(filled: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A list's rows as the form shows them."""
    return [*filled[:MOST], *[{}] * min(SPARE, MOST - len(filled))]


def read(form: Mapping[str, str], draft: Mapping[str, Any]) -> dict[str, Any]:
    """The draft as the form brings it; what the form has no field for stays."""
    doc = dict(draft)
    for name, longest in TEXTS.items():
        doc[name] = text(form, name, longest)
    for name in OPTIONAL:
        if not doc[name]:
            del doc[name]
    for name in WHOLES:
        doc[name] = _whole(text(form, name, 4))
    for name in FLAGS:
        doc[name] = form.get(name) == "1"
    doc["status"] = "withdrawn" if form.get("withdrawn") == "1" else "draft"
    doc["procedure"] = [line for _, line in _numbered(form, "step", STEP, ("days",))]
    asked = [line for _, line in _numbered(form, "ask", ASKED, ())]
    doc = {
        **{name: value for name, value in doc.items() if name != "faq"},
        **({"faq": asked} if asked else {}),
    }
    doc["materials"] = [
        {**line, "required": form.get(f"line-{n}-required") == "1"}
        for n, line in _numbered(form, "line", LINE, ("copies",))
    ]
    return doc


def _numbered(
    form: Mapping[str, str], prefix: str, fields: Mapping[str, int], wholes: Sequence[str]
) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a list that are filled, each with its number on the page, by the order that was given them."""
    found, first = [], next(iter(fields))
    for n in range(MOST + SPARE):
        line: dict[str, Any] = {
            name: text(form, f"{prefix}-{n}-{name}", most) for name, most in fields.items()
        }
        if not line[first]:
            continue
        line = {name: _whole(value) if name in wholes else value for name, value in line.items() if value}
        place = text(form, f"{prefix}-{n}-order", 3)
        found.append((int(place) if place.isdecimal() and place.isascii() else n + 1, n, line))
    return [(n, line) for _, n, line in sorted(found, key=lambda each: each[:2])]


def _whole(typed: str) -> int | str:
    """A number, or what was typed instead."""
    return int(typed) if typed.isascii() and typed.isdecimal() else typed
