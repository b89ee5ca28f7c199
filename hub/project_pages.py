"""Pages of projects approved in parallel (并联审批).

    GET  /projects                         of the reader's district, the next due first; `list`: open, vip, closed
    GET  /projects/new, POST               opens one
    GET  /projects/<project_no>            all of it on one page, with what the reader may do next;  POST /<event> does it, /log notes VIP service
    GET  /projects/<project_no>/notice     the merged supplement notice, to print
    GET  /query/project, POST              how it stands, for its owner with number and code

Views only.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for

from hub import project_forms
from hub.project_picture import picture
from hub.projects import Projects
from schemas import documents, numbers, tables
from schemas.documents.views import project_view
from schemas.lifecycle.projects import (
    EVENT_NAMES,
    OPINIONS,
    OUTCOMES,
    STATE_NAMES,
    SUSPEND_KINDS,
    ProjectState,
)
from schemas.problems import N_, DomainError, Problem
from station import forms, vip
from station.attempts import ADDRESS, NAME
from station.casework import days_left
from station.pages import PAGE, in_reach, me, name_of, new_form, page_asked, person_of
from station.query import CODE
from station.web import parts, reader, staff_only

blueprint = Blueprint("projects", __name__)

SERVICE: Final = "bianmin-projects"
LISTS: Final = {"open": N_("办理中"), "vip": N_("VIP项目"), "closed": N_("已结束")}
_WHERE: Final = {"open": "open = 1", "vip": "vip = 1 AND open = 1", "closed": "open = 0"}


def service() -> Projects:
    found: Projects = current_app.extensions[SERVICE]
    return found


@blueprint.get("/projects")
@staff_only("desk")
def listed() -> str:
    name, page, rows = request.args.get("list", "open"), page_asked(), parts().register.projects
    if name not in LISTS:
        abort(404)
    parts().register.catch_up()
    own, today, calendar = tables.station(me().station), parts().clock().date(), parts().almanac.calendar()
    scope, args = ("1", []) if own.level == "city" else ("home = ?", [own.code])
    found = rows.select(f"{scope} AND {_WHERE[name]}", args, limit=PAGE, offset=(page - 1) * PAGE)
    return render_template(
        "projects.html", rows=[{**each, "left": days_left(forms.day(each["due"]), today, calendar)} for each in found], lists=LISTS, current=name,
        counts={each: rows.count(f"{scope} AND {where}", args) for each, where in _WHERE.items()}, page=page, size=PAGE, states=STATE_NAMES,
        names=name_of, may_open=_may_open(),
    )  # fmt: skip


@blueprint.get("/projects/new")
@staff_only("act")
def new() -> str:
    if not _may_open():
        abort(403)
    return _new_page({"form": new_form(), "lead_department": name_of(me().station)}, {})


@blueprint.post("/projects/new")
@staff_only("act")
def open_one() -> Any:
    if not _may_open():
        abort(403)
    data, problems = project_forms.opened(request.form)
    if not problems:
        try:
            project_no = service().open(me(), request.form["form"], data)
            return redirect(url_for("projects.one", project_no=project_no), 303)
        except DomainError as error:
            problems = {"": error.problem}
    return _new_page(request.form, problems), 422


@blueprint.get("/projects/<project_no>")
@staff_only("desk")
def one(project_no: str) -> str:
    return _page(project_no)


@blueprint.get("/projects/<project_no>/notice")
@staff_only("desk")
def notice(project_no: str) -> str:
    """What the owner has to add, of all departments on one paper."""
    state = _visible(project_no)
    if state.supplement_asked_at is None:
        abort(404)
    parts().access.note("paper", me(), case_no=project_no, address=request.remote_addr or "")
    return render_template("project_notice.html", **_shown(state))


@blueprint.post("/projects/<project_no>/log")
@staff_only("act")
def log(project_no: str) -> Any:
    state = _visible(project_no)
    if not state.vip or state.home != me().station:
        abort(404)
    if problem := vip.note(project_no, request.form):
        return _page(project_no, problem=problem, failed="log"), 422
    return redirect(url_for("projects.one", project_no=project_no), 303)


@blueprint.post("/projects/<project_no>/<event>")
@staff_only("act")
def act(project_no: str, event: str) -> Any:
    state = _visible(project_no)
    if me().station not in {state.home, *(each.station for each in state.sub_items)}:
        abort(403)
    data, problem = project_forms.step(event, request.form, state, parts().published.in_force())
    if problem is None:
        try:
            if event == "dispatch":
                service().dispatch(project_no, me(), data["items"])
            else:
                service().act(project_no, me(), event, data)
        except DomainError as error:
            problem = error.problem
    if problem is not None:
        return _page(project_no, problem=problem, failed=event), 409
    return redirect(url_for("projects.one", project_no=project_no), 303)


@blueprint.get("/query/project")
def ask() -> str:
    return render_template("project_query.html", entered="")


@blueprint.post("/query/project")
def answer() -> Any:
    """By POST, so that no code is in an address."""
    typed, code = forms.text(request.form, "project_no", 60), forms.text(request.form, "code", 10)
    try:
        state = _whose(typed, code)
    except DomainError as error:
        return render_template("project_query.html", entered=typed, problem=error.problem), 422
    return render_template("project_query.html", entered=typed, **_shown(state, "public"))


# -- what views share ----------------------------------------------------------------------------------------------------


def _may_open() -> bool:
    own = tables.station(me().station)
    return own.level == "district" and "district_window" in me().roles


def _new_page(entered: Mapping[str, str], problems: Mapping[str, Problem]) -> str:
    return render_template("project_new.html", entered=entered, problems=problems)


def _visible(project_no: str) -> ProjectState:
    try:
        numbers.parse_project_no(project_no)
    except DomainError:
        abort(404)
    state = service().project(project_no)
    if state is None or not in_reach(project_no[1:13]):
        abort(404)
    return state


def _whose(typed: str, code: str) -> ProjectState:
    """The project of whoever has its number and code; DomainError, the same for a wrong number and a wrong code."""
    attempts, place = parts().accounts.attempts, f"query from {request.remote_addr}"
    wrong = DomainError(Problem("query_wrong", N_("项目编号或查询码不对，请对照项目登记表核对"), {}))
    try:
        read = numbers.parse_project_no(typed)
    except DomainError:
        raise wrong from None
    project_no = numbers.project_no(read.station, read.day, read.serial)
    what = f"query {project_no}"
    if wait := attempts.count(place, ADDRESS) or attempts.count(what, NAME):
        raise DomainError(Problem("query_wait", N_("查询次数太多，请 {seconds} 秒后再试"), {"seconds": wait}))
    state = service().project(project_no)
    right = _code(state) if state else ""
    if state is None or len(right) != CODE or not hmac.compare_digest(right.encode(), code.encode()):
        raise wrong
    attempts.forget(what)
    attempts.take_back(place)
    return state


def _code(state: ProjectState) -> str:
    return str(state.timeline[0].event["data"].get("query_code", "")) if state.timeline else ""


def _shown(state: ProjectState, who: Any = None) -> dict[str, Any]:
    """What the pages have in common, as the reader may see it."""
    of, today, calendar = parts().published.in_force(), parts().clock().date(), parts().almanac.calendar()
    names = {each.item: item.name for each in state.sub_items if (item := of.book.item(each.item))}
    return {
        "state": project_view(state, who or reader()), "cases": state.cases, "items": names, "states": STATE_NAMES, "events": EVENT_NAMES, "opinions": OPINIONS,
        "outcomes": OUTCOMES, "ended": project_forms.outcomes(state), "picture": picture(state, today, names), "names": name_of, "people": person_of,
        "left": days_left(state.due, today, calendar), "lefts": {each.item: days_left(each.due, today, calendar) for each in state.sub_items},
    }  # fmt: skip


def _page(project_no: str, *, problem: Problem | None = None, failed: str = "") -> str:
    state = _visible(project_no)
    parts().access.note("view", me(), case_no=project_no, address=request.remote_addr or "")
    found = {each.transition.event: each for each in service().choices(state, me())}
    log = [documents.mask(each, reader()) for each in vip.log_of(project_no)]
    return render_template(
        "project.html", **_shown(state), steps=project_forms.STEPS, problem=problem, failed=failed, entered=request.form if failed else {},
        choices=[found[event] for event in project_forms.STEPS if event in found], rows=project_forms.ROWS, kinds=SUSPEND_KINDS, log=log,
        services=vip.KINDS, form=new_form(), may_log=state.vip and not state.final and state.home == me().station,
        offered=_offered(state) if "plan" in found and found["plan"].problem is None else [], code=_code(state) if _may_open() else "",
    )  # fmt: skip


def _offered(state: ProjectState) -> list[tables.Item]:
    """The items that the leading bureau takes in, for its plan."""
    of, home = parts().published.in_force(), tables.station(state.home)
    return [
        found[0]
        for code in of.book.codes()
        if (found := of.offered(code, home)) and found[0].level in ("district", "city")
    ]
