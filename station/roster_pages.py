"""The duty roster on pages (节假日值班): who serves at the reader's unit on the days off to come; at the hub, who serves anywhere on one of them.

    GET  /duty     the next days off with who is on duty; at the hub for who oversees, `on` a day: the units that serve then
    POST /duty     who serves on a day; sent again, the newer word counts

Views only: which days those are is schemas.roster's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for

from schemas import feedback, roster, tables
from schemas.problems import DomainError, Problem
from schemas.roster import KINDS
from schemas.workdays import HOLIDAYS
from station import forms
from station.pages import in_reach, me, name_of, person_of, window
from station.web import may, parts, staff_only

blueprint = Blueprint("roster", __name__)

TYPE: Final = "duty_roster"
WITHIN: Final = 45
"""Days ahead that the page shows."""
MOST: Final = 3000
"""Units of a city that may serve on one day."""


@blueprint.get("/duty")
@staff_only("cases")
def show() -> str:
    return _page(None)


@blueprint.post("/duty")
@staff_only("act")
def serve() -> Any:
    now, day = parts().clock().date(), feedback.day(request.form.get("date", ""))
    calendar = parts().almanac.calendar()
    off = roster.day_off(day, calendar) if day is not None and calendar.covers(day.year) else None
    said = roster.served(
        off,
        now,
        forms.people(request.form, "staff"),
        forms.text(request.form, "hours", 100),
    )
    if isinstance(said, Problem):
        return _page(said), 409
    form = hashlib.sha256(f"{me().station}:duty:{said['date']}".encode()).hexdigest()[:32]
    try:
        parts().keeper.keep(
            me().station,
            me(),
            TYPE,
            form,
            lambda _txn, before: before if before and _same(before, said) else said,
        )
    except DomainError as error:
        return _page(error.problem), 409
    return redirect(url_for("roster.show"), 303)


def _same(before: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    return all(before.get(name) == said.get(name) for name in ("kind", "staff", "hours"))


def _page(problem: Problem | None) -> str:
    register, today = parts().register, parts().clock().date()
    register.catch_up()
    days = list(roster.days_off(today, WITHIN, parts().almanac.calendar()))
    known = register.logbook.select(
        "station = ? AND type = ? AND at >= ?", [window(), TYPE, today.isoformat()], limit=WITHIN * 2
    )
    on = feedback.day(request.args.get("on", "")) or (days[0].day if days else None)
    everywhere: list[dict[str, Any]] = []
    if parts().here.level == "city" and may("oversee") and on is not None:
        found = register.logbook.select(
            "subject = ? AND type = ?", [on.isoformat(), TYPE], order="station", limit=MOST
        )
        everywhere = [each for each in found if each["staff"] and in_reach(str(each["station"]))]
    return render_template(
        "roster.html", days=days, known={each["date"]: each for each in known}, kinds=KINDS, holidays=HOLIDAYS, problem=problem, on=on, everywhere=everywhere,
        city=parts().here.level == "city" and may("oversee"), names=name_of, people=person_of, own=tables.station(window()).level != "city",
    )  # fmt: skip
