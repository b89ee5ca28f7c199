"""Pages of visits (明查暗访): planned, carried out, released to the visited; and every patrol and visit of the reader's part of the city.

    GET  /supervision/visits                    those that are planned or not told yet, and with `list=all` all
    POST /supervision/visits                    plan one
    GET  /supervision/visits/<key>              one of them
    POST /supervision/visits/<key>/<event>      finding, finish, release, drop

Views only: what may be said is schemas.inspections', where it is kept until it is told hub.visits'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for

from hub.visits import Visits, may_see
from schemas import feedback, inspections, tables
from schemas.inspections import FIX_DAYS, PLANNED
from schemas.problems import N_, DomainError, Problem
from station import forms, inspected
from station.moment import stamp
from station.pages import PAGE, in_reach, me, new_form, page_asked
from station.web import parts, staff_only

blueprint = Blueprint("visits", __name__)

SERVICE: Final = "bianmin-visits"
LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "planned": (N_("待检查"), "json_extract(body, '$.done_at') IS NULL"), "open": (N_("待整改"), "due IS NOT NULL"), "all": (N_("全部"), "1"),
}  # fmt: skip


def service() -> Visits:
    found: Visits = current_app.extensions[SERVICE]
    return found


@blueprint.get("/supervision/visits")
@staff_only("oversee")
def listed() -> str:
    return _listed(None, {})


@blueprint.post("/supervision/visits")
@staff_only("oversee")
def plan() -> Any:
    form = request.form
    try:
        key = service().plan(
            me(), forms.token(form), form.get("kind", ""), _station(forms.text(form, "station", 100)), feedback.day(form.get("planned_on", "")),
            forms.people(form, "inspectors"), forms.text(form, "reason", 500),
        )  # fmt: skip
    except DomainError as error:
        return _listed(error.problem, form), 409
    return redirect(url_for("visits.one", key=key), 303)


@blueprint.get("/supervision/visits/<key>")
@staff_only("oversee")
def one(key: str) -> str:
    return _page(_mine(key))


@blueprint.post("/supervision/visits/<key>/<event>")
@staff_only("oversee")
def step(key: str, event: str) -> Any:
    visit, now, form = _mine(key), parts().clock(), request.form
    try:
        if event == "finding":
            found = inspected.finding(form)
            if found is None:
                raise DomainError(Problem("no_finding_code", N_("请选择问题类别")))
            service().say(me(), key, lambda doc: _still_open(doc) or inspections.with_finding(doc, found))
        elif event == "finish":
            conclusion = forms.text(form, "conclusion", 1000)
            service().say(me(), key, lambda doc: inspections.done(doc, stamp(now), conclusion))
        elif event == "release":
            service().release(me(), key)
        elif event == "drop":
            service().drop(key)
            return redirect(url_for("visits.listed"), 303)
        else:
            abort(404)
    except DomainError as error:
        return _page(visit, error.problem), 409
    return redirect(url_for("visits.one", key=key), 303)


# -- what views share ----------------------------------------------------------------------------------------------------


def _mine(key: str) -> dict[str, Any]:
    visit = service().of(key)
    if visit is None or not may_see(me(), visit):
        abort(404)
    return visit


def _still_open(doc: Mapping[str, Any]) -> Problem | None:
    return Problem("inspection_done", N_("这次检查已经结束")) if doc.get("done_at") else None


def _station(text: str) -> str:
    """The station that is meant; DomainError where it is none of the reader's, or may be several."""
    found = [each for each in tables.named(text) if each.level != "city" and in_reach(each.code)]
    if not found:
        raise DomainError(Problem("visit_station", N_("没有这个单位，请填写全称或者12位代码")))
    if len(found) > 1:
        raise DomainError(
            Problem(
                "visit_stations", N_("有{n}个单位叫这个名字，请填写12位代码：{codes}"),
                {"n": len(found), "codes": "、".join(f"{each.code}（{_above(each)}）" for each in found[:5])},
            )
        )  # fmt: skip
    return found[0].code


def _above(station: tables.Station) -> str:
    return tables.station(station.parent_code).name if station.parent_code else ""


def _listed(problem: Problem | None, entered: Mapping[str, str]) -> str:
    register, name, page = parts().register, request.args.get("list", "planned"), page_asked()
    if name not in LISTS:
        abort(404)
    register.catch_up()
    where, args = _where(LISTS[name][1])
    hidden = [each for each in service().hidden() if may_see(me(), {**each, "hidden": True})]
    rows = register.logbook.select(where, args, order="at DESC, key", limit=PAGE, offset=(page - 1) * PAGE)
    return render_template(
        "visits.html", rows=inspected.dressed(rows), hidden=inspected.dressed([{**each, "hidden": True} for each in hidden]), current=name, lists=LISTS,
        counts={each: register.logbook.count(*_where(condition)) for each, (_, condition) in LISTS.items()}, page=page, size=PAGE,
        problem=problem, entered={"station": request.args.get("station", ""), **entered}, form=entered.get("form") or new_form(),
        planned=PLANNED, **inspected.words(),
    )  # fmt: skip


def _where(condition: str) -> tuple[str, list[str]]:
    own = tables.station(me().station)
    reach, args = (
        ("1", [])
        if own.level == "city"
        else ("station BETWEEN ? AND ?", [own.district_code, own.district_code + "~"])
    )
    return f"type = ? AND {reach} AND {condition}", [inspected.TYPE, *args]


def _page(visit: dict[str, Any], problem: Problem | None = None) -> str:
    return render_template(
        "visit.html", doc=inspected.dressed([visit])[0], problem=problem, entered=request.form if problem else {}, days=FIX_DAYS, **inspected.words(),
    )  # fmt: skip
