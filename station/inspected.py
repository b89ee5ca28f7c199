"""Patrols and visits on a station's pages (检查整改): what was found at the reader's station, what is put right; and the station's own daily patrol.

    GET  /inspections               those at the reader's station, at a township those of its villages too; what is to be put right first
    POST /inspections               the daily patrol, with what was found
    GET  /inspections/<key>         one of them, to read and to print
    POST /inspections/<key>/fix     one finding is put right: its place, and how

Views only: what may be said is schemas.inspections'. An unannounced visit is here once who supervises has released it (hub.visits).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from schemas import feedback, inspections
from schemas.inspections import CODES, KINDS, SEVERITIES
from schemas.problems import N_, DomainError, Problem
from station import forms
from station.bulk import below
from station.casework import days_left
from station.logbook import Document
from station.moment import read, stamp
from station.pages import PAGE, me, name_of, new_form, page_asked, person_of, window
from station.supervised import found
from station.web import parts, staff_only

blueprint = Blueprint("inspections", __name__)

TYPE: Final = "inspection"
ROWS: Final = 3
"""Findings in the form of a patrol."""


@blueprint.get("/inspections")
@staff_only("cases")
def listed() -> str:
    return _page(None, {})


@blueprint.post("/inspections")
@staff_only("act")
def patrol() -> Any:
    form, station = request.form, request.form.get("station") or me().station
    try:
        token = forms.token(form)
        if station not in _places():
            raise DomainError(Problem("no_such_station", N_("请选择本站或所属的服务站")))
        said = _patrolled(form, station)
        parts().keeper.keep(station, me(), TYPE, token, lambda _txn, before: before or said)
    except DomainError as error:
        return _page(error.problem, form), 422
    return redirect(url_for("inspections.listed"), 303)


@blueprint.get("/inspections/<key>")
@staff_only("cases")
def one(key: str) -> str:
    return _one(key)


@blueprint.post("/inspections/<key>/fix")
@staff_only("act")
def fix(key: str) -> Any:
    doc, now = found(key, TYPE), stamp(parts().clock())
    if doc["station"] != me().station:  # nobody puts right what is another's
        abort(404)
    n, text = request.form.get("n", type=int), forms.text(request.form, "text", 1000)

    def content(_txn: object, before: Document | None) -> Document:
        return checked(inspections.fixed(before or doc, -1 if n is None else n, text, now, me().employee_no))

    try:
        parts().keeper.keep(str(doc["station"]), me(), TYPE, str(doc["form"]), content)
    except DomainError as error:
        return _one(key, error.problem), 409
    return redirect(url_for("inspections.one", key=key), 303)


# -- what the supervisor's pages share -----------------------------------------------------------------------------------


def checked(said: dict[str, Any] | Problem) -> dict[str, Any]:
    """What may be said; DomainError where it may not."""
    if isinstance(said, Problem):
        raise DomainError(said)
    return said


def finding(form: Mapping[str, str], row: str = "") -> dict[str, Any] | None:
    """What a row of a form says was found; None for an empty row. DomainError says what is missing."""
    code, note = form.get(f"code{row}", ""), forms.text(form, f"note{row}", 1000)
    if not code and not note:
        return None
    due = _day(form.get(f"due{row}", "")) or parts().almanac.calendar().add(
        parts().clock().date(), inspections.FIX_DAYS
    )
    return checked(inspections.finding(code, form.get(f"severity{row}", ""), note, due))


def dressed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With what is still to be put right, and the working days left for the first of it."""
    today, calendar = parts().clock().date(), parts().almanac.calendar()
    return [
        {
            **each,
            "open": inspections.open_findings(each),
            "left": days_left(feedback.day(inspections.due(each)), today, calendar),
        }
        for each in rows
    ]


def words() -> dict[str, Any]:
    """What every template of inspections needs."""
    return {"kinds": KINDS, "codes": CODES, "severities": SEVERITIES, "names": name_of, "people": person_of}


# -- what views share ----------------------------------------------------------------------------------------------------


def _places() -> tuple[str, ...]:
    """Whose inspections the reader sees: at the hub those of their own house, at a township also of its villages."""
    return (window(),) if parts().here.level == "city" else below(window())


def _patrolled(form: Mapping[str, str], station: str) -> dict[str, Any]:
    now = parts().clock()
    rows = [each for row in range(ROWS) if (each := finding(form, str(row)))]
    doc: dict[str, Any] = {
        "station": station, "kind": "daily_patrol", "planned_on": read(stamp(now)).date().isoformat(), "inspectors": [me().employee_no],
        "findings": rows,
    }  # fmt: skip
    if place := forms.text(form, "window", 40):
        doc["window"] = place
    return checked(inspections.done(doc, stamp(now), "发现问题，见清单" if rows else "未发现问题"))


def _day(text: str) -> date | None:
    """A day from a form; DomainError where it is none or is over."""
    if not text:
        return None
    found = feedback.day(text)
    if found is None or found < parts().clock().date():
        raise DomainError(Problem("finding_due", N_("整改期限请填写今天或以后的日期，如 2018-02-13")))
    return found


def _page(problem: Problem | None, entered: Mapping[str, str]) -> str:
    register, page, places = parts().register, page_asked(), _places()
    register.catch_up()
    where, args = f"type = ? AND station IN ({','.join('?' * len(places))})", [TYPE, *places]
    rows = register.logbook.select(
        where, args, order="due IS NULL, due, at DESC, key", limit=PAGE, offset=(page - 1) * PAGE
    )
    return render_template(
        "inspections.html", rows=dressed(rows), found=register.logbook.count(where, args), page=page, size=PAGE, problem=problem,
        entered=entered, form=entered.get("form") or new_form(), places={code: name_of(code) for code in places}, many=ROWS, **words(),
    )  # fmt: skip


def _one(key: str, problem: Problem | None = None) -> str:
    doc = found(key, TYPE)
    return render_template(
        "inspection.html", doc=dressed([doc])[0], problem=problem, mine=doc["station"] == me().station, **words(),
    )  # fmt: skip
