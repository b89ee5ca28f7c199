"""Bad ratings (差评整改): each is rectified within fifteen working days and the applicant called back, without a clerk learning who rated.

    GET  /supervision/ratings              those that wait, or with `list=over` those that are done
    POST /supervision/ratings/<case_no>    what was done about it, and what the applicant said when called back

A word on the rating in the logbook of the station it is about. Views; what may be said is schemas.feedback's.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from schemas import feedback, tables
from schemas.feedback import LEVELS, RECTIFY_DAYS, Rating
from schemas.lifecycle.clocks import Dues
from schemas.problems import DomainError, Problem
from station import forms
from station.casework import days_left
from station.logbook import Document
from station.moment import stamp
from station.pages import PAGE, in_reach, me, name_of, page_asked
from station.ratings import form_of
from station.web import parts, staff_only

blueprint = Blueprint("bad_ratings", __name__)


@blueprint.get("/supervision/ratings")
@staff_only("oversee")
def listed() -> str:
    return _page()


@blueprint.post("/supervision/ratings/<case_no>")
@staff_only("oversee")
def rectify(case_no: str) -> Any:
    rating = _rating(case_no)
    if rating is None or not in_reach(case_no[:12]):
        abort(404)
    action, callback = forms.text(request.form, "action", 1000), forms.text(request.form, "callback", 500)
    now, due = parts().clock(), _due(rating)

    def content(_txn: object, before: Document | None) -> Document:
        word = feedback.rectified(before, rating, due, action, callback, stamp(now), me().employee_no)
        if isinstance(word, Problem):
            raise DomainError(word)
        return word

    try:
        parts().keeper.keep(case_no[:12], me(), "evaluation", form_of(case_no), content)
    except DomainError as error:
        return _page(error.problem, failed=case_no), 409
    return redirect(url_for("bad_ratings.listed"), 303)


def waiting() -> int:
    """How many wait for the reader. The register has caught up."""
    return parts().register.logbook.count_bad(_district(), over=False)


# -- what views share ----------------------------------------------------------------------------------------------------


def _district() -> str:
    own = tables.station(me().station)
    return own.district_code if own.level == "district" else ""


def _page(problem: Problem | None = None, failed: str = "") -> str:
    register, over, page = parts().register, request.args.get("list") == "over", page_asked()
    register.catch_up()
    found = register.logbook.bad(_district(), over=over, limit=PAGE, offset=(page - 1) * PAGE)
    today, calendar, rows = parts().clock().date(), parts().almanac.calendar(), []
    for case_no, word in found:
        rating = _rating(case_no)
        if rating is not None:
            due = _due(rating)
            rows.append({
                "case_no": case_no, "rating": rating, "word": word or {}, "done": (word or {}).get("rectification") or {}, "due": due,
                "left": days_left(due, today, calendar), "case": register.case(case_no) or {},
            })  # fmt: skip
    return render_template(
        "bad_ratings.html", rows=rows, found=register.logbook.count_bad(_district(), over=over), page=page, size=PAGE, over=over, levels=LEVELS,
        names=name_of, problem=problem, failed=failed, entered=request.form if failed else {}, days=RECTIFY_DAYS,
    )  # fmt: skip


def _rating(case_no: str) -> Rating | None:
    register = parts().register
    register.catch_up()
    events = register.events(case_no)
    words = register.logbook.select("subject = ? AND type = 'evaluation'", (case_no,))
    states = [register.fold(events)] if events else []
    return feedback.ratings(states, words).get(case_no)


def _due(rating: Rating) -> Any:
    return Dues(parts().almanac.calendar()).after(rating.on, RECTIFY_DAYS)
