"""Pages of the liaison with supervising departments (衔接): what waits to be told, each list to print, received, doubted, answered. Views only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for

from hub.liaison import Liaison, Push, open_doubts
from schemas import tables
from schemas.problems import DomainError, Problem
from station import forms, pages
from station.pages import PAGE, me, name_of, page_asked, person_of
from station.web import parts, signed_in, staff_only

blueprint = Blueprint("liaison", __name__)

SERVICE: Final = "bianmin-liaison"


def service() -> Liaison:
    found: Liaison = current_app.extensions[SERVICE]
    return found


@blueprint.app_context_processor
def pilots() -> dict[str, bool]:
    """Whether the reader has such lists at all, for the bar of links."""
    # A page that says what went wrong asks for nobody: the store may be what is away.
    return {"pilots": not g.get("plain") and signed_in() is not None and bool(_bureaus())}


@blueprint.get("/liaison")
@staff_only("desk")
def start() -> Any:
    """At a bureau its own; the city's people choose one."""
    bureaus = _bureaus()
    if not bureaus:
        abort(404)
    return redirect(url_for("liaison.listed", bureau=bureaus[0].code))


@blueprint.get("/liaison/<bureau>")
@staff_only("desk")
def listed(bureau: str) -> str:
    return _listed(_district(bureau))


@blueprint.post("/liaison/<bureau>")
@staff_only("claim")
def push(bureau: str) -> Any:
    district = _district(bureau)
    try:
        number = service().push(me(), district, forms.text(request.form, "department", 100))
    except DomainError as error:
        return _listed(district, error.problem), 409
    return redirect(url_for("liaison.one", bureau=bureau, number=number), 303)


@blueprint.get("/liaison/<bureau>/<number>")
@staff_only("desk")
def one(bureau: str, number: str) -> str:
    return _page(bureau, number, _push(bureau, number))


@blueprint.post("/liaison/<bureau>/<number>/<event>")
@staff_only("claim")
def step(bureau: str, number: str, event: str) -> Any:
    found, case_no, text = (
        _push(bureau, number),
        request.form.get("case", ""),
        forms.text(request.form, "text", 1000),
    )
    events: dict[str, Callable[[], None]] = {
        "receive": lambda: service().receive(me(), found, text[:100]),
        "doubt": lambda: service().doubt(me(), found, case_no, text),
        "settle": lambda: service().settle(me(), found, case_no, text),
    }
    if event not in events:
        abort(404)
    try:
        events[event]()
    except DomainError as error:
        return _page(bureau, number, found, error.problem), 409
    return redirect(url_for("liaison.one", bureau=bureau, number=number), 303)


# -- what views share ----------------------------------------------------------------------------------------------------


def _bureaus() -> list[tables.District]:
    """Those whose lists the reader may see: of districts whose items were handed to an approval bureau."""
    own = tables.station(me().station)
    return [
        each for each in tables.districts() if each.role == "approval_bureau" and (own.level == "city" or own.code == each.code)
    ]  # fmt: skip


def _district(bureau: str) -> str:
    if bureau not in {each.code for each in _bureaus()}:
        abort(404)
    return bureau[:6]


def _push(bureau: str, number: str) -> Push:
    return service().of(_district(bureau), number) or abort(404)


def _listed(district: str, problem: Problem | None = None) -> str:
    page, rows, bureau = page_asked(), service().all(district), f"{district}000000"
    return render_template(
        "liaison.html", waiting=service().waiting(district), rows=[(row, open_doubts(row)) for row in rows[(page - 1) * PAGE : page * PAGE]],
        found=len(rows), page=page, size=PAGE, bureau=bureau, bureaus=_bureaus(), names=name_of, people=person_of, problem=problem,
        acts=me().station == bureau,
    )  # fmt: skip


def _page(bureau: str, number: str, found: Push, problem: Problem | None = None) -> str:
    register = parts().register
    register.catch_up()
    return render_template(
        "push.html", push=found, number=number, bureau=bureau, rows=pages.dressed(register.of(found["cases"])), names=name_of, people=person_of,
        problem=problem, acts=me().station == bureau,
    )  # fmt: skip
