"""The page on which cases are taken away as a department's own system wants them: its columns in its order, over a period.

Masked as pages are; with all numbers for a reason, each case then noted in the access log. Which columns, schemas.sheets;
how a file is made, station.export; who may, station.duties.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext

from schemas import sheets
from schemas.lifecycle import CaseState
from schemas.problems import N_, DomainError, Problem
from station import forms, reasons
from station.pages import me, seen_as, window
from station.personal import asked_reason, note, table
from station.web import may, parts, reader, say, staff_only

blueprint = Blueprint("sheets", __name__)

MOST: Final = 5_000
"""Cases of one file: each is folded, which takes a second for about two thousand."""


@blueprint.get("/sheets")
@staff_only("export")
def page() -> str:
    today = parts().clock().date()
    return _page(sheet=sheets.ALL, since=today.replace(day=1).isoformat(), until=today.isoformat())


@blueprint.post("/sheets")
@staff_only("export")
def taken() -> Any:
    """The file, or the page again with what is to be mended."""
    sheet = request.form.get("sheet", "")
    if sheet not in sheets.sheets():
        abort(400)
    full = request.form.get("full") == "1" and may("full")
    try:
        since, until = _period(request.form.get("since", ""), request.form.get("until", ""))
        reason = asked_reason(reasons.FULL) if full else ""
        states = _cases(sheet, since, until)
    except DomainError as error:
        return _page(problem=say(error.problem), **_entered()), 422
    shown = [seen_as(state, "personal" if full else reader()) for state in states]
    if full:
        for state in states:
            note("full", case_no=state.case_no, reason=reason, durable=False)
    called = gettext("{name}，{since} 至 {until}，{n} 件").format(
        name=sheet, since=since, until=until, n=len(shown)
    )
    note("list", reason=f"{called}；{reason}" if full else called)
    lines = (list(sheets.line(sheet, n, state)) for n, state in enumerate(shown, start=1))
    return table("sheet", [each.heading for each in sheets.sheets()[sheet]], lines)  # type: ignore[arg-type]


def _entered() -> dict[str, str]:
    return {name: forms.text(request.form, name, 20) for name in ("sheet", "since", "until", "full")}


def _page(**given: Any) -> str:
    counted = {name: [each.heading for each in columns] for name, columns in sheets.sheets().items()}
    return render_template("sheets.html", sheets=counted, reasons=reasons.FULL, **given)


def _period(since: str, until: str) -> tuple[str, str]:
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
    except ValueError:
        raise DomainError(Problem("period_missing", N_("请填写起止日期，例如 2018-02-01"), {})) from None
    if first > last:
        raise DomainError(Problem("period_reversed", N_("开始日期在结束日期之后，请改正"), {}))
    return first.isoformat(), last.isoformat()


def _cases(sheet: str, since: str, until: str) -> list[CaseState]:
    """The window's cases of these departments that were received in the period, oldest first, that the reader may see."""
    register, known = parts().register, sorted(sheets.departments(sheet))
    where = "(origin = ? OR current = ?) AND received_at >= ? AND received_at < ?"
    args: list[Any] = [
        window(),
        window(),
        since,
        until + "U",
    ]  # after every moment of that day: T is before U
    if sheet != sheets.ALL:
        where += f" AND department IN ({','.join('?' * len(known))})"
        args += known
    register.catch_up()
    rows = register.select(where, args, order="received_at, case_no", limit=MOST + 1)
    if len(rows) > MOST:
        raise DomainError(
            Problem("period_large", N_("这段时间的办件超过 {max} 件，请分几段导出"), {"max": MOST})
        )
    found = (parts().casework.case(row["case_no"]) for row in rows)
    return [state for state in found if state is not None and parts().house.may_see(me(), state)]
