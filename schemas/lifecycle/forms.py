"""Reading the form of an event: one value at a time, whatever JSON may carry, and what must be said in any machine.

No rule of a machine is here; each has its own guards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, TypeVar

from schemas import numbers
from schemas.lifecycle.machine import Ask, Guard
from schemas.lifecycle.state import Folded
from schemas.lifecycle.words import MEDIA_TYPES
from schemas.problems import N_, DomainError, Problem

Data = Mapping[str, Any]
S = TypeVar("S", bound=Folded)
DIGEST: Final = re.compile(r"[0-9a-f]{64}")
FILE_BYTES: Final = 10 * 1024 * 1024
"""Of a scan (domain.md §4)."""
FILES: Final = 50
"""In one event."""
INDEX: Final = 8
"""Pieces that a file's index has at most."""


def text(data: Data, key: str) -> str:
    """data[key] stripped if it is text, else ""."""
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""


def whole(data: Data, key: str, low: int, high: int) -> int | None:
    """data[key] if it is a whole number from low to high, else None. True is no number."""
    value = data.get(key)
    return value if type(value) is int and low <= value <= high else None


def day(data: Data, key: str) -> date | None:
    """data[key] if it is a day written YYYY-MM-DD, else None."""
    value = data.get(key)
    if not isinstance(value, str):
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if found.isoformat() == value else None


def texts(data: Data, key: str) -> tuple[str, ...]:
    """data[key] if it is a list of non-blank texts, else ()."""
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(part, str) and part.strip() for part in value):
        return ()
    return tuple(value)


def mappings(data: Data, key: str) -> tuple[Data, ...]:
    """data[key] if it is a list of mappings, else ()."""
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        return ()
    return tuple(value)


def material_lines(data: Data) -> tuple[Data, ...]:
    """data["materials"] if it is a list of {"name", "required", "got", …}, else ()."""
    found = mappings(data, "materials")
    for line in found:
        if not (text(line, "name") and type(line.get("got")) is bool and type(line.get("required")) is bool):
            return ()
    return found


def file_lines(data: Data) -> tuple[Data, ...]:
    """data["files"] if it is a list of {"material", "name", "media_type", "size", "sha256", "index"}, else ()."""
    found = mappings(data, "files")[: FILES + 1]
    sound = len(found) <= FILES and all(map(_is_file, found))
    return found if sound else ()


def _is_file(line: Data) -> bool:
    index = texts(line, "index")
    return (
        whole(line, "material", 1, 1000) is not None
        and 0 < len(text(line, "name")) <= 120
        and text(line, "media_type") in MEDIA_TYPES
        and whole(line, "size", 1, FILE_BYTES) is not None
        and 0 < len(index) <= INDEX
        and all(DIGEST.fullmatch(each) for each in (text(line, "sha256"), *index))
    )


def says(key: str, code: str, sentence: str) -> Callable[[Ask[S]], Problem | None]:
    """A guard: the form must say something under `key`."""
    missing = Problem(code, sentence)
    return lambda ask: None if text(ask.data, key) else missing


def both(first: Guard[S], second: Guard[S]) -> Guard[S]:
    """A guard: what the first finds wrong, else what the second does."""
    return lambda ask: first(ask) or second(ask)


def applicant_problem(applicant: object) -> Problem | None:
    """What is wrong with {"name", "id_type", "id_no"}; type 111: identity card, 001: unified credit code."""
    if not isinstance(applicant, dict) or not 1 <= len(text(applicant, "name")) <= 100:
        return Problem("no_applicant", N_("请填写申请人姓名或者名称（不超过100字）"))
    number = text(applicant, "id_no")
    if not text(applicant, "id_type") or not number:
        return Problem("no_id_no", N_("请填写申请人的证件类型和证件号码"))
    try:
        if applicant["id_type"] == "111":
            numbers.id_no(number)
        elif applicant["id_type"] == "001":
            numbers.uscc(number)
    except DomainError as error:
        return error.problem
    return None


def reason(ask: Ask[S]) -> Problem | None:
    """A guard: the form must give a reason."""
    return None if text(ask.data, "reason") else Problem("no_reason", N_("请填写理由"))
