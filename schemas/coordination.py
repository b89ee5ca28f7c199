"""Coordination requests (协调联动; seed row 37): one unit asks another, a department, or the centre for something, and gets an answer in time.

    asked by a unit, with a day ─> answered by whom it went to       (a department has no desk here: who asked writes down what it said)
            └─ the day is over ─> a card (supervision rule R14)

Words are coordination documents of one form, kept in the database of the lower of the two units; which of them count is said here as for
cards (schemas.supervision.words). Writes nothing and reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from schemas import tables
from schemas.problems import N_, Problem
from schemas.tables import HUB

Document = Mapping[str, Any]

KINDS: Final[Mapping[str, str]] = {
    "centre_department": N_("中心与部门"), "centre_window": N_("中心与窗口"), "window_department": N_("窗口与部门"),
}  # fmt: skip
DAYS: Final = 5
"""Working days to answer, where who asks names no other day; a proposal, no rule says how many."""
_DEPTH: Final = {"city": 0, "district": 1, "township": 2, "village": 3}
_ASKED: Final = ("kind", "station", "from", "to", "content", "due", "case")


def partners(code: str) -> tuple[str, ...]:
    """The units that one may ask: those above it and right below it; of the hub and the bureaus, which share one, also each other."""
    own = tables.station(code)
    desks = tuple(each.code for each in tables.stations().values() if each.level in ("city", "district"))
    beside = desks if own.level in ("city", "district") else ()
    around = (*tables.ancestors(code), *tables.children(code), *beside)
    return tuple(dict.fromkeys(each for each in around if each != code))


def asked(from_: str, to: str, content: str, due: date, case: str = "") -> dict[str, Any] | Problem:
    """The request as it is kept, `to` the code of a unit or the name of a department; or what is missing."""
    if not to or (to in tables.stations() and to not in partners(from_)):
        return Problem("no_partner", N_("请选择受理单位，或者填写主管部门名称"))
    if not content:
        return Problem("no_request", N_("请写明要协调什么"))
    unit = to in tables.stations()
    if unit:
        kind = "centre_window"
    else:
        kind = "centre_department" if tables.station(from_).level == "city" else "window_department"
    home = max((from_, to), key=lambda code: _DEPTH[tables.station(code).level]) if unit else from_
    return {
        "kind": kind, "station": home, "from": from_, "to": to, "content": content, "due": due.isoformat(), **({"case": case} if case else {}),
    }  # fmt: skip


def answers(doc: Document, code: str) -> bool:
    """Whether it is for this unit to answer, or to write down what a department said."""
    to = str(doc.get("to"))
    return not doc.get("answered_at") and code == (to if to in tables.stations() else doc.get("from"))


def answered(doc: Document, text: str, at: str, by: str) -> dict[str, Any] | Problem:
    """The request, answered."""
    if doc.get("answered_at"):
        return Problem("request_answered", N_("这件事已经答复"))
    if not text:
        return Problem("no_answer", N_("请填写答复内容"))
    return {**doc, "answer": text, "answered_at": at, "answered_by": by}


def other(doc: Document) -> str:
    """The party in whose database it is not: a code, or a department's name."""
    return str(doc.get("to") if doc.get("from") == doc.get("station") else doc.get("from"))


def counted(words: Iterable[tuple[str, Document]]) -> Document | None:
    """The request as it stands, of (writer, word) in the order in which they were said; None if who it is from never wrote it."""
    doc: Document | None = None
    for writer, word in words:
        if doc is None:
            if not word.get("answered_at") and writer == _server(str(word.get("from"))):
                doc = word
        elif (
            not doc.get("answered_at")
            and word.get("answered_at")
            and all(doc.get(name) == word.get(name) for name in _ASKED)
            and writer == _server(str(doc["to"] if doc["to"] in tables.stations() else doc["from"]))
        ):
            doc = word
    return doc


def _server(code: str) -> str:
    """Whose server writes for a unit; "" for none."""
    unit = tables.stations().get(code)
    if unit is None:
        return ""
    return HUB if unit.level in ("city", "district") else code
