"""What those who oversee do at the hub: a supervisor urges a case or voids one that should not have been accepted; the
administrator adds a correction to the record of one that is over, which a supervisor signs as well.

Views only, for people who have no other step. What each may do, and when, is schemas.lifecycle.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from schemas import numbers
from schemas.problems import N_, DomainError, Problem
from station import forms, pages
from station.pages import me
from station.web import parts, staff_only

blueprint = Blueprint("overseeing", __name__)

COSIGNS = "city_supervisor"


@blueprint.post("/desk/<case_no>/oversee/<event>")
@staff_only("oversee")
def step(case_no: str, event: str) -> Any:
    state = pages.visible(case_no)
    if event not in forms.OVERSEEN:
        abort(404)
    data, problem = forms.step(event, request.form, state)
    if problem is None:
        try:
            parts().casework.act(case_no, me(), [(event, data)])
        except DomainError as error:
            problem = error.problem
    if problem is not None:
        return pages.case_page(case_no, problem=problem, failed=event, entered=request.form), 409
    return redirect(url_for("pages.case", case_no=case_no), 303)


@blueprint.get("/corrections")
@staff_only("correct")
def corrections() -> str:
    """Of a case that is over. Nothing of it is shown: whoever looks after the computers need not see it."""
    return render_template("corrections.html", entered={}, problem=None, done=request.args.get("done", ""))


@blueprint.post("/corrections")
@staff_only("correct")
def correct() -> Any:
    case_no = request.form.get("case_no", "").strip()
    try:
        numbers.parse_case_no(case_no)
        state = parts().casework.case(case_no)
        if state is None:
            raise DomainError(Problem("case_unknown", N_("没有这个办件：{case_no}"), {"case_no": case_no}))
        data, problem = forms.step("correct_record", request.form, state)
        if problem is None:
            problem = _cosigned(data)
        if problem is not None:
            raise DomainError(problem)
        parts().casework.act(case_no, me(), [("correct_record", data)])
    except DomainError as error:
        return render_template("corrections.html", entered=request.form, problem=error.problem, done=""), 409
    return redirect(url_for("overseeing.corrections", done=case_no), 303)


def _cosigned(data: dict[str, Any]) -> Problem | None:
    """Whoever signs as well is a supervisor who works here, by their number."""
    number = data.get("cosigned_by", "")
    found = parts().appointments.staff(number) if number else None
    if number and (found is None or COSIGNS not in found.roles):
        return Problem("no_supervisor", N_("工号“{number}”不是市级监察人员，不能会签"), {"number": number})
    return None
