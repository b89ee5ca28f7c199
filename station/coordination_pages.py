"""Coordination requests on pages (协调联动): those from and to the reader's unit, what is still to be answered first.

    GET  /coordination                  them, and a form for another
    POST /coordination                  ask another unit, or a department
    POST /coordination/<key>/answer     answer, or write down what the department said

Views only: whom a unit may ask, and which words count, is schemas.coordination's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from schemas import coordination, feedback, tables
from schemas.coordination import DAYS, KINDS
from schemas.problems import N_, DomainError, Problem
from station import forms
from station.casework import days_left
from station.inspected import checked
from station.logbook import Document
from station.moment import stamp
from station.pages import PAGE, logged, me, name_of, new_form, page_asked, person_of, window
from station.web import parts, staff_only

blueprint = Blueprint("coordination", __name__)

TYPE: Final = "coordination"


@blueprint.get("/coordination")
@staff_only("cases")
def listed() -> str:
    return _page(None, {})


@blueprint.post("/coordination")
@staff_only("act")
def ask() -> Any:
    form = request.form
    try:
        token = forms.token(form)
        said = _said(form)
        parts().keeper.keep(str(said["station"]), me(), TYPE, token, lambda _txn, before: before or said)
    except DomainError as error:
        return _page(error.problem, form), 422
    return redirect(url_for("coordination.listed"), 303)


@blueprint.post("/coordination/<key>/answer")
@staff_only("act")
def answer(key: str) -> Any:
    doc = logged(key)
    if doc is None or doc.get("type") != TYPE or not _is_party(doc):
        abort(404)
    text, now = forms.text(request.form, "text", 2000), stamp(parts().clock())

    def content(_txn: object, before: Document | None) -> Document:
        found = before or doc
        if not found.get("answered_at") and not coordination.answers(found, me().station):
            raise DomainError(Problem("not_yours_to_answer", N_("由受理单位答复")))
        return checked(coordination.answered(found, text, now, me().employee_no))

    try:
        parts().keeper.keep(str(doc["station"]), me(), TYPE, str(doc["form"]), content)
    except DomainError as error:
        return _page(error.problem, {}), 409
    return redirect(url_for("coordination.listed"), 303)


# -- what views share ----------------------------------------------------------------------------------------------------


def _is_party(doc: Mapping[str, Any]) -> bool:
    return me().station in (doc.get("from"), doc.get("to"))


def _said(form: Mapping[str, str]) -> dict[str, Any]:
    """The request as entered; DomainError says what to mend."""
    now, due = parts().clock().date(), None
    if given := form.get("due", ""):
        due = feedback.day(given)
        if due is None or due < now:
            raise DomainError(Problem("request_due", N_("答复期限请填写今天或以后的日期，如 2018-02-13")))
    to = form.get("to", "") or forms.text(form, "department", 100)
    if form.get("to", "") and form["to"] not in tables.stations():
        raise DomainError(Problem("no_partner", N_("请选择受理单位，或者填写主管部门名称")))
    return checked(
        coordination.asked(
            me().station,
            to,
            forms.text(form, "content", 2000),
            due or parts().almanac.calendar().add(now, DAYS),
        )
    )


def _page(problem: Problem | None, entered: Mapping[str, str]) -> str:
    register, page, code = parts().register, page_asked(), window()
    register.catch_up()
    # The one in whose database it is, and the other one: an index each.
    where, args = "type = ? AND (station = ? OR subject = ?)", [TYPE, code, code]
    rows = register.logbook.select(
        where, args, order="due IS NULL, due, at DESC, key", limit=PAGE, offset=(page - 1) * PAGE
    )
    today, calendar = parts().clock().date(), parts().almanac.calendar()
    return render_template(
        "coordination.html", found=register.logbook.count(where, args), page=page, size=PAGE, problem=problem, entered=entered, kinds=KINDS, days=DAYS,
        rows=[
            {**each, "left": days_left(feedback.day(each.get("due")), today, calendar), "mine": coordination.answers(each, me().station)}
            for each in rows
        ],
        form=entered.get("form") or new_form(), partners={each: name_of(each) for each in coordination.partners(code)}, units=tables.stations(),
        names=name_of, people=person_of,
    )  # fmt: skip
