"""Errands on pages: taken in, on lists, one by one with its steps, log and papers; and the log of the guide desk.

Views only: what may be done with an errand is schemas.lifecycle.errands, what forms bring station.errand_forms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from schemas import numbers, papers, tables
from schemas.lifecycle.errands import KINDS, MANDATES, ErrandState
from schemas.problems import N_, DomainError, Problem
from station import errand_forms, forms, vip
from station.bulk import below
from station.case_rows import id_digest
from station.casework import days_left
from station.errand_forms import STEPS
from station.moment import stamp
from station.pages import PAGE, in_reach, me, name_of, new_form, page_asked, person_of, window
from station.web import parts, reader, staff_only

blueprint = Blueprint("errands", __name__)

LISTS: Final = {
    "open": N_("办理中"), "mine": N_("我代办的"), "held": N_("持有原件"), "visits": N_("上门服务"), "closed": N_("已结束"),
}  # fmt: skip


def condition(name: str) -> tuple[str, list[Any]]:
    """(where, args) of a list of errands for the reader."""
    if name == "mine":
        return "agent = ? AND open = 1", [me().employee_no]
    where, args = scope()
    what = {
        "open": "open = 1",
        "held": "originals > 0",
        "visits": "visit_on IS NOT NULL AND open = 1",
        "closed": "open = 0",
    }[name]
    return f"{where} AND {what}", args


def scope() -> tuple[str, list[Any]]:
    """Whose errands the reader sees: of their station and those below it; at the hub a bureau those of its district, the city all."""
    own = tables.station(window())
    if own.level == "city":
        return "1", []
    if own.level == "district":
        return "district = ?", [own.code[:6]]
    codes = below(own.code)
    return f"home IN ({','.join('?' * len(codes))})", list(codes)


@blueprint.get("/errands")
@staff_only("cases")
def listed() -> str:
    name, page = request.args.get("list", "open"), page_asked()
    if name not in LISTS:
        abort(404)
    register = parts().register
    register.catch_up()
    where, args = condition(name)
    order = "visit_on, errand_no" if name == "visits" else "green DESC, due IS NULL, due, errand_no"
    rows = register.errands.select(where, args, order=order, limit=PAGE, offset=(page - 1) * PAGE)
    return render_template(
        "errands.html", rows=dressed(rows), lists=LISTS, current=name, kinds=KINDS, page=page, size=PAGE,
        found=register.errands.count(where, args), counts={each: register.errands.count(*condition(each)) for each in LISTS if each != "closed"},
    )  # fmt: skip


def dressed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with working days left."""
    today, calendar = parts().clock().date(), parts().almanac.calendar()
    return [{**row, "left": days_left(forms.day(row["due"]), today, calendar)} for row in rows]


@blueprint.get("/errands/new")
@staff_only("record")
def new() -> str:
    return _form({"form": new_form(), "item": request.args.get("item", ""), "kind": "agency"}, {})


@blueprint.post("/errands/new")
@staff_only("record")
def take_in() -> Any:
    data, problems = errand_forms.request(request.form)
    if not problems:
        try:
            errand_no = parts().errands.request(me(), request.form["form"], data)
            return redirect(url_for("errands.one", errand_no=errand_no), 303)
        except DomainError as error:
            problems = {"": error.problem}
    return _form(request.form, problems), 422


def _form(entered: Mapping[str, str], problems: Mapping[str, Problem]) -> str:
    item = parts().published.in_force().item(entered.get("item", ""))
    return render_template(
        "errand_new.html", entered=entered, problems=problems, kinds=KINDS, mandates=MANDATES, item=item
    )


@blueprint.get("/errands/<errand_no>")
@staff_only("cases")
def one(errand_no: str) -> str:
    return _page(errand_no)


@blueprint.post("/errands/<errand_no>/<event>")
@staff_only("record")
def act(errand_no: str, event: str) -> Any:
    state = _visible(errand_no)
    data, problem = errand_forms.step(event, request.form, state)
    if problem is None:
        try:
            parts().errands.act(errand_no, me(), event, data)
        except DomainError as error:
            problem = error.problem
    if problem is not None:
        return _page(errand_no, problem=problem, failed=event), 409
    if event == "hand_over" and state.case:
        # Whoever brought the result has delivered it; where that may not be recorded here, it stays on the list of results.
        with suppress(DomainError):
            delivered = {"receiver": data["receiver"], "visit": False}
            parts().casework.act(state.case, me(), [("deliver", delivered)], check=parts().house.check)
    return redirect(url_for("errands.one", errand_no=errand_no), 303)


@blueprint.post("/errands/<errand_no>/log")
@staff_only("record")
def log(errand_no: str) -> Any:
    """What was done for the applicant one to one: consult, assist, agency, urge (VIP)."""
    _visible(errand_no)
    if problem := vip.note(errand_no, request.form):
        return _page(errand_no, problem=problem, failed="log"), 422
    return redirect(url_for("errands.one", errand_no=errand_no), 303)


@blueprint.get("/errands/<errand_no>/paper")
@staff_only("cases")
def paper(errand_no: str) -> str:
    """What is signed: mandate and handover list, and what was given back; then all that happened."""
    state = _visible(errand_no)
    parts().access.note("paper", me(), case_no=errand_no, address=request.remote_addr or "")
    return render_template("errand_paper.html", **_shown(errand_no, state), handed=_handed(state))


@blueprint.get("/guidance")
@staff_only("cases")
def guidance() -> str:
    return _guidance({}, None)


@blueprint.post("/guidance")
@staff_only("record")
def guide() -> Any:
    """Somebody was shown the way: a line of the log, without whom."""
    note, item = forms.text(request.form, "note", 500), forms.text(request.form, "item", 40)
    problem = None
    if not note:
        problem = Problem("no_note", N_("请填写导办内容"), {})
    elif item and not parts().published.in_force().item(item):
        problem = Problem("unknown_item", N_("事项目录中没有“{item}”"), {"item": item})
    elif not forms.FORM_TOKEN.fullmatch(request.form.get("form", "")):
        problem = Problem("form_token", N_("页面不完整，请重新打开登记表"), {})
    if problem is not None:
        return _guidance(request.form, problem), 422
    said = {
        "staff": me().employee_no,
        "at": stamp(parts().clock()),
        "note": note,
        **({"item": item} if item else {}),
    }
    parts().keeper.keep(
        window(), me(), "guidance_entry", request.form["form"], lambda _txn, before: before or said
    )
    return redirect(url_for("errands.guidance"), 303)


def _guidance(entered: Mapping[str, str], problem: Problem | None) -> str:
    from schemas import documents

    register, codes = parts().register, below(window())
    register.catch_up()
    where = f"station IN ({','.join('?' * len(codes))}) AND type = 'guidance_entry'"
    rows = register.logbook.select(where, codes, limit=PAGE)
    shown = [documents.mask(each, reader()) for each in rows]
    return render_template(
        "guidance.html", rows=shown, entered=entered, problem=problem, items=parts().published.in_force().items(),
        form=entered.get("form") or new_form(), names=name_of, people=person_of, found=register.logbook.count(where, codes),
    )  # fmt: skip


# -- what views share ------------------------------------------------------------------------------------------------


def _visible(errand_no: str) -> ErrandState:
    try:
        numbers.parse_errand_no(errand_no)
    except DomainError:
        abort(404)
    state = parts().errands.errand(errand_no)
    if state is None or not in_reach(errand_no[1:13]):
        abort(404)
    return state


def _shown(errand_no: str, state: ErrandState) -> dict[str, Any]:
    """What the errand's pages have in common, as the reader may see it."""
    from schemas import documents
    from schemas.documents.views import errand_view

    entries = vip.log_of(errand_no)
    return {
        "errand_no": errand_no, "state": errand_view(state, reader()), "names": name_of, "people": person_of, "chinese": papers.chinese, "kinds": KINDS, "mandates": MANDATES,
        "item": parts().published.book().item(state.item), "log": [documents.mask(each, reader()) for each in entries], "services": vip.KINDS,
    }  # fmt: skip


def _handed(state: ErrandState) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The number of the handover list, and its lines."""
    collected = [each.event["data"] for each in state.timeline if each.event["event"] == "collect"]
    return (str(collected[0].get("document_no", "")) if collected else ""), state.materials


def _lodgeable(state: ErrandState) -> str:
    """The newest open case of the same applicant, or "": most likely it is the one that was lodged for them."""
    number = str((state.applicant or {}).get("id_no", ""))
    if state.state != "collected" or not number:
        return ""
    rows = parts().register.select(
        "id_digest = ? AND final = 0", (id_digest(number),), order="received_at DESC", limit=1
    )
    return str(rows[0]["case_no"]) if rows else ""


def _page(errand_no: str, *, problem: Problem | None = None, failed: str = "") -> str:
    state, register = _visible(errand_no), parts().register
    parts().access.note("view", me(), case_no=errand_no, address=request.remote_addr or "")
    found = {each.transition.event: each for each in parts().errands.choices(state, me())}
    case = state.cases.get(state.case)
    today = parts().clock().date()
    return render_template(
        "errand.html", **_shown(errand_no, state), steps=STEPS, problem=problem, failed=failed,
        entered=request.form if failed else {}, choices=[found[event] for event in STEPS if event in found],
        left=days_left(state.due, today, parts().almanac.calendar()), case=case, lines=errand_forms.LINES,
        materials=parts().published.in_force().materials(state.item),
        waiting=errand_no in register.waiting(), form=new_form(), tomorrow=(today + timedelta(days=1)).isoformat(),
        lodgeable=_lodgeable(state), may_log=state.kind == "vip" and not state.final,
    )  # fmt: skip
