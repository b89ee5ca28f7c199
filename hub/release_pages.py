"""Pages of releases (程序版本): kits that wait to be published, which version is offered where, how many stations run which.

Views only; what is published and offered is hub.releases'.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, cast

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from hub.releases import Office
from schemas import releases, tables
from schemas.problems import DomainError, Problem
from station import upgrades
from station.forms import text
from station.pages import me, person_of
from station.reporting import REPORT
from station.web import parts, staff_only

blueprint = Blueprint("releases", __name__)

OFFICE: Final = "bianmin-releases"
NOTES: Final = 500
LEVELS: Final = ("township", "village")


def office() -> Office:
    return cast("Office", current_app.extensions[OFFICE])


@blueprint.get("/stations/releases")
@staff_only("devices")
def listed() -> str:
    return _page()


@blueprint.post("/stations/releases")
@staff_only("devices")
def publish() -> Any:
    """A kit of the folder, with what is new in it in words."""
    try:
        office().publish(me(), text(request.form, "kit", 100), text(request.form, "notes", NOTES))
    except DomainError as error:
        return _page(error.problem), 422
    return redirect(url_for("releases.listed"), 303)


@blueprint.post("/stations/releases/<version>/offer")
@staff_only("devices")
def offer(version: str) -> Any:
    """`to`: parts of the city, all that are ticked; `station`: codes besides, with blanks between."""
    to = [*request.form.getlist("to"), *text(request.form, "station", 500).split()]
    try:
        office().offer(version, to)
    except DomainError as error:
        return _page(error.problem), 422
    return redirect(url_for("releases.listed"), 303)


@blueprint.post("/stations/releases/<version>/withdraw")
@staff_only("devices")
def withdraw(version: str) -> Any:
    try:
        office().withdraw(version)
    except DomainError as error:
        return _page(error.problem), 422
    return redirect(url_for("releases.listed"), 303)


def _page(problem: Problem | None = None) -> str:
    run = _running()
    known = parts().releases.all()
    return render_template(
        "releases.html", problem=problem, kits=office().kits(), releases=[(each, sum(line["size"] for line in each["content"])) for each in known],
        run=sorted(run.items(), key=lambda each: releases.order(each[0]), reverse=True), counts=run, stations=sum(run.values()),
        places=[(each.code[:6], each.division_name) for each in tables.districts()], whole=releases.WHOLE_CITY, here=upgrades.running(), folder=office().folder.name,
        people=person_of, notes=NOTES,
    )  # fmt: skip


def _running() -> Counter[str]:
    """How many stations run which version, as they said last; "" of those that said nothing yet."""
    register = parts().register
    register.catch_up()
    codes = [code for code, each in tables.stations().items() if each.level in LEVELS]
    told = {
        each["station"]: str(each.get("program", ""))
        for each in register.logbook.select("type = ?", [REPORT], limit=len(codes))
    }
    return Counter(told.get(code, "") for code in codes)
