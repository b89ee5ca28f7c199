"""How far a case has come, for whoever has its number and query code: no account, at the window's computer and at the hub.

Shows what its state is and whose turn it is, the applicant masked; never a number, an address, a text or a name of staff. Guessing is
slowed for each case and each address (station.attempts); a wrong number and a wrong code get one answer.
"""

from __future__ import annotations

import hmac
from typing import Any, Final

import segno
from flask import Blueprint, render_template, request, url_for
from markupsafe import Markup

from schemas import numbers
from schemas.lifecycle import CaseState
from schemas.problems import N_, DomainError, Problem
from station import forms
from station.attempts import ADDRESS, NAME
from station.casework import days_left
from station.pages import name_of, seen_as
from station.web import parts

blueprint = Blueprint("query", __name__)

CODE: Final = 6  # digits
MASK: Final = 3
"""Which of the eight patterns is laid over a receipt's picture. Any can be read; to look for the most even one takes nine of the ten
milliseconds of a picture, and a day's papers are a page of many."""
WRONG: Final = N_("办件编号或查询码不对，请对照收件凭证核对")


@blueprint.get("/query")
def ask() -> str:
    return _page(None)


@blueprint.post("/query")
def answer() -> Any:
    """By POST, so that no code is in an address; a receipt's picture has both behind a #, which no server gets to see."""
    typed, code = forms.text(request.form, "case_no", 60), forms.text(request.form, "code", 10)
    try:
        return _page(whose(typed, code), entered=typed)
    except DomainError as error:
        return _page(error.problem, entered=typed), 422


def address_of(case_no: str, code: str, base: str) -> str:
    """What the picture on a receipt says: the page that answers, and what to fill in there."""
    return f"{base.rstrip('/')}{url_for('query.ask')}#{case_no}-{code}"


def picture(state: CaseState) -> Markup:
    """The receipt's picture, for a telephone or a scanner: the hub's address where one is known."""
    base = parts().identity.hub or request.host_url
    made = drawn(address_of(state.case_no, state.query_code, base))
    return Markup(made.svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None))  # noqa: S704  # segno's own drawing


def drawn(text: str) -> segno.QRCode:
    return segno.make(text, micro=False, error="m", mask=MASK)


def whose(typed: str, code: str) -> CaseState:
    """The case of whoever has its number and code; DomainError, the same for a wrong number and a wrong code."""
    attempts, place = parts().accounts.attempts, f"query from {request.remote_addr}"
    case_no = _number(typed)
    what = f"query {case_no}"
    if wait := attempts.count(place, ADDRESS) or attempts.count(what, NAME):
        text = N_("查询次数太多，请 {seconds} 秒后再试")
        raise DomainError(Problem("query_wait", text, {"seconds": wait}))
    state = parts().casework.case(case_no)
    right = state.query_code if state is not None else ""
    if state is None or len(right) != CODE or not hmac.compare_digest(right.encode(), code.encode()):
        raise DomainError(Problem("query_wrong", WRONG, {}))
    attempts.forget(what)
    attempts.take_back(place)
    return state


def _number(typed: str) -> str:
    try:
        read = numbers.parse_case_no(typed)
    except DomainError as error:
        raise DomainError(Problem("query_wrong", WRONG, {})) from error
    return numbers.case_no(read.station, read.day, read.serial)


def told(found: CaseState | Problem | None, entered: str = "") -> dict[str, Any]:
    """What a template says of a case that was asked for (answer.html), or why there is no answer."""
    state = found if isinstance(found, CaseState) else None
    today, calendar = parts().clock().date(), parts().almanac.calendar()
    return {
        "problem": found if isinstance(found, Problem) else None, "entered": entered, "state": state and seen_as(state, "public"),
        "left": days_left(state.due, today, calendar) if state else None, "names": name_of,
    }  # fmt: skip


def _page(found: CaseState | Problem | None, entered: str = "") -> str:
    return render_template("query.html", **told(found, entered))
