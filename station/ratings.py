"""Ratings (好差评): the screen that is turned to the applicant, the one for whoever has the query code, and totals for staff.

No clerk sees who rated how: a rating is on no page, is left out of a case's record as pages show it, and totals are shown
from FEWEST ratings on (station.logbook). Views only; when a case may be rated is schemas.lifecycle, what ratings are schemas.feedback.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from flask import Blueprint, render_template, request, url_for

from schemas import feedback, tables
from schemas.lifecycle import CaseState, limits
from schemas.lifecycle.clocks import Dues
from schemas.problems import N_, DomainError, Problem
from station import forms, query
from station.bulk import below
from station.logbook import FEWEST, Document
from station.moment import read, stamp
from station.pages import visible, window
from station.staff import Staff
from station.web import parts, staff_only

blueprint = Blueprint("ratings", __name__)

OVER: Final = frozenset({"concluded", "delivered"})
"""States in which there is something to rate."""


@blueprint.get("/rate/<case_no>")
@staff_only("record")
def turned(case_no: str) -> str:
    """The screen that the clerk turns to the applicant."""
    return _screen(visible(case_no), None)


@blueprint.post("/rate/<case_no>")
@staff_only("record")
def at_window(case_no: str) -> Any:
    """What the applicant pressed. It is recorded as theirs: no name of staff is on it."""
    state = visible(case_no)
    try:
        said = {"level": _level()}
        applicant = Staff("", "", window(), frozenset({"applicant"}))
        parts().casework.act(case_no, applicant, [("evaluate", said)])
    except DomainError as error:
        return _screen(state, error.problem), 409
    return _screen(state, None, done=True)


@blueprint.get("/rate")
def away() -> str:
    """For the applicant alone, wherever they are: by the number and the code on their receipt (背靠背评价)."""
    return _blind(None)


@blueprint.post("/rate")
def blind() -> Any:
    case_no, code = request.form.get("case_no", "").strip(), request.form.get("code", "").strip()
    try:
        state = _theirs(case_no, code)
        level, text = _level(), forms.text(request.form, "text", 500)
        parts().keeper.keep(
            state.origin_station or state.case_no[:12], _nobody(), "evaluation", form_of(state.case_no),
            lambda _txn, before: _said(state, before, level, text),
        )  # fmt: skip
    except DomainError as error:
        return _blind(error.problem), 422
    return _blind(None, done=True)


@blueprint.get("/ratings")
@staff_only("cases")
def totals() -> str:
    """Of this window and those below it, by level."""
    register = parts().register
    register.catch_up()
    found = [(tables.station(code).name, register.logbook.totals(code)) for code in below(window())]
    return render_template("ratings.html", found=found, levels=feedback.LEVELS, fewest=FEWEST)


def _level() -> int:
    """What was chosen; nothing is chosen beforehand."""
    chosen = request.form.get("level", "")
    if chosen not in map(str, feedback.LEVELS):
        raise DomainError(Problem("no_level", N_("请选择满意度"), {}))
    return int(chosen)


def _theirs(typed: str, code: str) -> CaseState:
    """The case of whoever knows its code, once it is over."""
    state = query.whose(typed, code)
    if state.state not in OVER:
        raise DomainError(Problem("not_over", N_("办件还没有办结，办结后再评价")))
    return state


def _said(state: CaseState, before: Document | None, level: int, text: str) -> Document:
    now = parts().clock()
    said: dict[str, Any] = {
        "case": state.case_no, "level": level, "channel": "back_to_back", "anonymous_to_staff": True, "at": stamp(now),
        **({"text": text} if text else {}),
    }  # fmt: skip
    if before is None:
        return said
    last = Dues(parts().almanac.calendar()).after(read(str(before["at"])).date(), limits.AMENDMENT)
    if before.get("amended") or (last is not None and now.date() > last):
        raise DomainError(Problem("rated_already", N_("本件已评价并已修改过一次，不能再评价")))
    # What was done about it stays known.
    kept = {name: before[name] for name in ("created_at", "rectification") if name in before}
    return {**said, "at": before["at"], "amended": True, **kept}


def form_of(case_no: str) -> str:
    """One case has one rating, at whichever server it was given."""
    return hashlib.sha256(f"evaluation:{case_no}".encode()).hexdigest()[:32]


def _nobody() -> Staff:
    return Staff("", "", parts().here.code, frozenset({"applicant"}))


def _screen(state: CaseState, problem: Problem | None, *, done: bool = False) -> str:
    if problem is None and state.state not in OVER:
        problem = Problem("not_over", N_("办件还没有办结，办结后再评价"))
    item = str((state.item or {}).get("name", ""))
    return render_template(
        "rate.html", levels=feedback.LEVELS, item=item, case_no=state.case_no, problem=problem, done=done,
        action=url_for("ratings.at_window", case_no=state.case_no), blind=False,
    )  # fmt: skip


def _blind(problem: Problem | None, *, done: bool = False) -> str:
    return render_template(
        "rate.html", levels=feedback.LEVELS, item="", case_no="", problem=problem, done=done,
        action=url_for("ratings.blind"), blind=True,
    )  # fmt: skip
