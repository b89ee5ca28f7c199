"""Many cases at once at a window: send them up, accept them, conclude what is instant; and what came back for all its villages.

Each case is one step of its own: what the rules refuse is named with the reason, and the others go. Views only; whether a
case may be forwarded or decided here is schemas.lifecycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from flask import Blueprint, render_template, request

from schemas import tables
from schemas.lifecycle import CaseState
from schemas.problems import N_, DomainError, Problem
from station import forms
from station.pages import DUE_FIRST, HERE, PAGE, dressed, me, page_asked, visible, window
from station.web import parts, staff_only

blueprint = Blueprint("bulk", __name__)

Steps = list[tuple[str, Mapping[str, Any]]]
ACTIONS: Final = {
    "forward": N_("上报到决定机关"),
    "accept": N_("受理"),
    "conclude": N_("受理并即时办结"),
}


class Refused(NamedTuple):
    """A case that did not go, and why."""

    row: dict[str, Any]
    problem: Problem


@blueprint.get("/bulk")
@staff_only("act")
def show() -> str:
    return _page()


@blueprint.post("/bulk")
@staff_only("act")
def do() -> Any:
    action, chosen = request.form.get("action", ""), list(dict.fromkeys(request.form.getlist("case")))
    if action not in ACTIONS or not chosen:
        return _page(problem=Problem("nothing_chosen", N_("请先勾选要办理的件"), {})), 422
    done, refused = 0, []
    for case_no in chosen[:PAGE]:
        state = visible(case_no)
        try:
            steps = _steps(action, state, forms.text(request.form, "result", 2000))
            parts().casework.act(case_no, me(), steps, check=parts().house.check)
            done += 1
        except DomainError as error:
            refused.append(Refused(parts().register.case(case_no) or {}, error.problem))
    return _page(action=action, done=done, refused=refused)


def _steps(action: str, state: CaseState, result: str) -> Steps:
    """What happens to one case of many. The rules judge each step where it is written."""
    if action == "forward":
        way = forms.destinations("forward", state, me())
        return [("forward", {"to": way[-1] if way else ""})]
    if action == "accept":
        return [("accept", {}), *forms.following("accept", state, me())]
    first: Steps = [] if state.state == "accepted" else [("accept", {})]
    return [*first, ("instant_conclude", {"result": result})]


def _page(
    *, action: str = "", done: int = 0, refused: list[Refused] | None = None, problem: Problem | None = None
) -> str:
    register, page = parts().register, page_asked()
    register.catch_up()
    rows = register.select(HERE, [window()], order=DUE_FIRST, limit=PAGE, offset=(page - 1) * PAGE)
    codes = below(window())
    back = register.select(
        f"origin IN ({','.join('?' * len(codes))}) AND list IN ('supplement', 'result')",
        codes,
        order=DUE_FIRST,
        limit=PAGE,
    )
    return render_template(
        "bulk.html", rows=dressed(rows), back=dressed(back), actions=ACTIONS, action=action, done=done,
        refused=refused or [], problem=problem, found=register.count(HERE, [window()]), page=page, size=PAGE,
        places={code: tables.station(code).name for code in codes},
        result=request.form.get("result", "") if refused or problem else "",
    )  # fmt: skip


@cache
def below(code: str) -> tuple[str, ...]:
    """A station and those right below it."""
    return code, *(each.code for each in tables.stations().values() if each.parent_code == code)
