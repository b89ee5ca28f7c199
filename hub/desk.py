"""The desk: claiming a case and putting it back, healing, and all cases of the city.

Views only. The queue's page is queues'; a case's own page and its steps are the station's.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext

from hub.claims import Claims
from hub.healing import WHO_OPENS, Healing
from schemas import numbers, tables
from schemas.problems import DomainError, Problem
from station import pages, personal
from station.pages import me
from station.staff import Staff
from station.web import parts, staff_only

blueprint = Blueprint("desk", __name__)

PAGE = 50


@blueprint.route("/desk/all", methods=["GET", "POST"])
@staff_only("desk")
def everything() -> str:
    """All cases of the city, by district: also the three districts without a bureau."""
    districts, district, where, args = _districts()
    asked = request.form.get("q", "").strip()
    if asked:
        condition, more = pages.searched(asked)
        where, args = f"({where}) IS TRUE AND {condition}", [*args, *more]
    register = parts().register
    register.catch_up()
    page = pages.page_asked()
    by_district = register.tally("district")
    found = (
        register.count(where, args)
        if asked
        else sum(by_district.values())
        if where == "1"
        else by_district.get(args[0], 0)
    )
    rows = register.select(where, args, order=pages.NEWEST, limit=PAGE, offset=(page - 1) * PAGE)
    return render_template(
        "everything.html", rows=pages.dressed(rows), found=found, page=page, size=PAGE,
        districts=districts, district=district, asked=numbers.mask_numbers(asked), by_district=by_district,
    )  # fmt: skip


@blueprint.get("/desk/healing")
@staff_only("desk")
def healing() -> str:
    """Which stations are still to be heard before the desk opens."""
    return _healing_page()


@blueprint.post("/desk/healing")
@staff_only("claim")
def open_anyway() -> Any:
    """Opens the desk with a reason, before all stations have been heard."""
    closed = healing_now()
    try:
        if closed is not None:  # else the last station was heard a moment ago
            closed.open_anyway(me(), request.form.get("reason", ""))
    except DomainError as error:
        return _healing_page(error.problem), 409
    return redirect(url_for("queues.queue"), 303)


def healing_now() -> Healing | None:
    """What keeps the desk closed; None while it is open."""
    healing = cast("Claims", parts().house).healing
    return None if healing is None or healing.is_open() else healing


def _healing_page(problem: Problem | None = None) -> str:
    closed = healing_now()
    missing = [tables.station(code) for code in closed.missing()] if closed else []
    may_open = bool(me().roles & WHO_OPENS)
    return render_template(
        "healing.html", closed=bool(closed), missing=missing, may_open=may_open, problem=problem
    )


@blueprint.post("/desk/all/export")
@staff_only("export")
def export_everything() -> Any:
    """The same, as a file."""
    districts, district, where, args = _districts()
    called = next((each.division_name for each in districts if each.code == district), gettext("全市办件"))
    return personal.exported(called, where, args)


def _districts() -> tuple[list[tables.District], str, str, list[Any]]:
    """(the districts this person sees, the one chosen, and their cases as where and args for the register)."""
    own = tables.station(me().station)
    districts = list(tables.districts())
    if own.level == "district":
        districts = [each for each in districts if each.code == own.code]
    district = request.args.get("district", "")
    if district and district not in [each.code for each in districts]:
        abort(404)
    if not district and own.level == "city":
        return districts, district, "1", []  # all there are: nothing need be merged
    return districts, district, "district = ?", [(district or districts[0].code)[:6]]


@blueprint.post("/desk/<case_no>/claim")
@staff_only("claim")
def claim(case_no: str) -> Any:
    return _claiming(case_no, me(), "claim")


@blueprint.post("/desk/<case_no>/release")
@staff_only("claim")
def release(case_no: str) -> Any:
    return _claiming(case_no, me(), "release")


def _claiming(case_no: str, staff: Staff, what: str) -> Any:
    state = pages.visible(case_no)
    claims = cast("Claims", parts().house)
    try:
        claims.claim(state, staff) if what == "claim" else claims.release(state, staff)
    except DomainError as error:
        return pages.case_page(case_no, problem=error.problem), 409
    return redirect(url_for("pages.case", case_no=case_no), 303)
