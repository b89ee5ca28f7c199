"""The desk: the combined approval queue of the pilot bureaus by zone and due date, claims, and all cases of the city.

Views only. A queue is a query of the register; a case's own page and its steps are the station's.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext

from hub.claims import Claims
from hub.healing import WHO_OPENS, Healing
from schemas import numbers, tables
from schemas.problems import DomainError, Problem
from station import pages, personal, words
from station.pages import me
from station.staff import Staff
from station.web import parts, staff_only

blueprint = Blueprint("desk", __name__)

PAGE = 50
ORDER = "due NULLS LAST, received_at, case_no"


def bureaus() -> list[tables.District]:
    """The districts whose approval bureau works at this hub (domain.md §1 row 49)."""
    return [each for each in tables.districts() if each.role == "approval_bureau"]


@blueprint.get("/desk")
@staff_only("desk")
def queue() -> str:
    """The queue: `bureau`, `zone`, `mine`, `page`. A bureau's staff see their own; the city sees both together."""
    staff = me()
    codes = [
        each.code
        for each in bureaus()
        if tables.station(staff.station).level == "city" or each.code == staff.station
    ]
    bureau, zone = request.args.get("bureau", ""), request.args.get("zone", "")
    if (bureau and bureau not in codes) or (zone and zone not in words.ZONES):
        abort(404)
    mine, stage = request.args.get("mine") == "1", request.args.get("stage", "")
    where, args = (
        f"current IN ({','.join('?' * len(codes))}) AND stage > ''",
        list(codes),
    )
    register = parts().register
    register.catch_up()
    by_bureau, by_zone = register.groups("current", where, args), {}
    if bureau:
        where, args = where + " AND current = ?", [*args, bureau]
    by_zone = register.groups("zone", where, args)
    if zone:
        where, args = where + " AND zone = ?", [*args, zone]
    if stage:
        where, args = where + " AND stage = ?", [*args, stage]
    if mine:
        where, args = where + " AND claims.staff = ?", [*args, staff.employee_no]
    page = pages.page_asked()
    rows = register.select(where, args, order=ORDER, limit=PAGE, offset=(page - 1) * PAGE)
    return render_template(
        "queue.html", rows=pages.dressed(rows), found=register.count(where, args), page=page, size=PAGE,
        bureaus=[each for each in bureaus() if each.code in codes], zones=list(words.ZONES), by_bureau=by_bureau, by_zone=by_zone,
        bureau=bureau, zone=zone, mine=mine, closed=_healing() is not None,
        none_left="none" in request.args,
    )  # fmt: skip


@blueprint.route("/desk/all", methods=["GET", "POST"])
@staff_only("desk")
def everything() -> str:
    """All cases of the city, by district: also the three districts without a bureau."""
    districts, district, where, args = _districts()
    asked = request.form.get("q", "").strip()
    if asked:
        found, more = pages.searched(asked)
        where, args = f"({where}) IS TRUE AND {found}", [*args, *more]
    register = parts().register
    register.catch_up()
    page = pages.page_asked()
    rows = register.select(where, args, order="last_at DESC, case_no", limit=PAGE, offset=(page - 1) * PAGE)
    return render_template(
        "everything.html", rows=pages.dressed(rows), found=register.count(where, args), page=page, size=PAGE,
        districts=districts, district=district, asked=numbers.mask_numbers(asked), by_district=register.groups("district"),
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
    closed = _healing()
    try:
        if closed is not None:  # else the last station was heard a moment ago
            closed.open_anyway(me(), request.form.get("reason", ""))
    except DomainError as error:
        return _healing_page(error.problem), 409
    return redirect(url_for("desk.queue"), 303)


def _healing() -> Healing | None:
    """What keeps the desk closed; None while it is open."""
    healing = cast("Claims", parts().house).healing
    return None if healing is None or healing.is_open() else healing


def _healing_page(problem: Problem | None = None) -> str:
    closed = _healing()
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
    chosen = [district] if district else [each.code for each in districts]
    return districts, district, f"district IN ({','.join('?' * len(chosen))})", [code[:6] for code in chosen]


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
