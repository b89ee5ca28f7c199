"""What becomes of a card, what a month costs, and what a supervisor looks at unasked (domain.md §2.6; seed rows
34, 47, 60).

    issued ─answer─> answered ─uphold─> upheld ─rectify─> rectified
      └──────────────┴─revoke─> revoked                              data/card_steps.csv

Cards come as supervision_card documents. Writes nothing and draws nothing by chance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple

from schemas.feedback import day
from schemas.lifecycle.state import CaseState
from schemas.problems import N_, Problem
from schemas.shipped import rows
from schemas.supervision.rules import Scheme, scheme

Document = Mapping[str, Any]

CARD_STATE_NAMES: Final[Mapping[str, str]] = {
    "issued": N_("已发牌"),
    "answered": N_("已答复"),
    "upheld": N_("维持"),
    "revoked": N_("撤销"),
    "rectified": N_("已整改"),
}
COLOUR_NAMES: Final[Mapping[str, str]] = {
    "reminder": N_("提醒"),
    "yellow": N_("黄牌"),
    "red": N_("红牌"),
    "flag": N_("标记"),
}


class _Step(NamedTuple):
    to_state: str
    actor: str
    guard: str


@cache
def _steps() -> Mapping[tuple[str, str], _Step]:
    return {
        (state, row["event"]): _Step(row["to_state"], row["actor"], row["guard"])
        for row in rows("card_steps")
        for state in row["from_state"].split("|")
    }


def card_step(doc: Document, event: str, actor: str, text: str, on: date) -> str | Problem:
    """The state a card comes into, or why not.

    event  answer, uphold, revoke, rectify     actor  charged: the station the card is about; supervisor
    text   the answer, reason or measure       on     the Chinese day it is done
    """
    state = str(doc.get("outcome", ""))
    step = _steps().get((state, event))
    if step is None:
        name = CARD_STATE_NAMES.get(state, state)
        return Problem("wrong_card_state", N_("监察牌现为“{state}”，不能这样处理"), {"state": name})
    if step.actor != actor:
        return Problem("not_your_card", N_("监察牌由被监察单位答复、整改，由监察人员裁定"))
    if step.guard == "answer_period_over":
        due = day(doc.get("answer_due"))
        if due is None or on <= due:
            return Problem("answer_period_runs", N_("答复期限未满，须等被监察单位答复"))
    elif step.guard and not text.strip():
        return Problem("no_card_text", N_("请写明答复、理由或者整改措施"))
    return step.to_state


@dataclass(frozen=True, slots=True)
class Score:
    """A month's score: value = base − the sum of deductions, each (card _id, points); unanswered: reminders
    that nobody answered, with what they cost together."""

    value: Decimal
    base: Decimal
    deductions: tuple[tuple[str, Decimal], ...]
    unanswered: tuple[str, ...]
    unanswered_points: Decimal


def month_score(docs: Iterable[Document], year: int, month: int, on: date, by: Scheme | None = None) -> Score:
    """The score of whoever these cards are about, for the cards issued in a month, as it stands on a day.

    A revoked card costs nothing; one with late evidence only once it is upheld; every three (scheme) reminders
    unanswered past their time cost as the scheme says.
    """
    rule = scheme() if by is None else by
    deductions: list[tuple[str, Decimal]] = []
    unanswered: list[str] = []
    for doc in docs:
        issued = day(doc.get("issued_at"))
        if issued is None or (issued.year, issued.month) != (year, month):
            continue
        name, outcome = str(doc.get("_id", "")), doc.get("outcome")
        due = day(doc.get("answer_due"))
        if doc.get("colour") == "reminder" and outcome == "issued" and due is not None and due < on:
            unanswered.append(name)
        points = Decimal(str(doc.get("points", "0")))
        confirmed = outcome in ("upheld", "rectified")
        if points and outcome != "revoked" and (confirmed or doc.get("late_evidence") is not True):
            deductions.append((name, points))
    together = rule.unanswered_points * (len(unanswered) // rule.unanswered_reminders)
    value = rule.base - sum((points for _, points in deductions), Decimal(0)) - together
    return Score(value, rule.base, tuple(deductions), tuple(unanswered), together)


def draw(seed: str, case_nos: Iterable[str], size: int) -> tuple[str, ...]:
    """`size` cases of a population, the same for the same seed whoever draws: those whose SHA-256 of
    "<seed>:<case number>" comes first. A seed agreed before the month ends (a lottery's numbers) proves that
    nobody chose."""
    ranked = sorted(set(case_nos), key=lambda each: hashlib.sha256(f"{seed}:{each}".encode()).digest())
    return tuple(ranked[:size])


def doubles(states: Iterable[CaseState]) -> tuple[tuple[str, ...], ...]:
    """Case numbers of open cases of one applicant for one item (两头受理), each group in order."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for state in states:
        applicant, item = state.applicant or {}, state.item or {}
        if not state.final and state.concluded_at is None and applicant.get("id_no"):
            key = (str(applicant.get("id_type")), str(applicant["id_no"]), str(item.get("code")))
            groups.setdefault(key, []).append(state.case_no)
    return tuple(tuple(sorted(same)) for _, same in sorted(groups.items()) if len(same) > 1)
