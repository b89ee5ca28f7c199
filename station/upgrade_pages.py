"""The page of the program's version at a station (程序版本): what runs, what is offered and how far it has come; take it now, or go back.

Views only; what is done about it is station.upgrading's. Whoever opens a page is somebody at work, and nothing is taken meanwhile.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from schemas.problems import DomainError, Problem
from station.web import parts, staff_only

blueprint = Blueprint("upgrade", __name__)


@blueprint.after_app_request
def somebody_works(answer: Response) -> Response:
    """What staff ask for, and what the public sends at a screen; what a screen shows by itself is no work."""
    if g.get("staff") is not None or (request.method == "POST" and request.blueprint == "touch"):
        parts().upgrading.used()
    return answer


@blueprint.get("/program")
@staff_only("sync")
def page() -> str:
    return _page()


@blueprint.post("/program")
@staff_only("wake")
def take() -> Any:
    """What is installed aside, now."""
    try:
        parts().upgrading.take()
    except DomainError as error:
        return _page(error.problem), 409
    return redirect(url_for("upgrade.page"), 303)


@blueprint.post("/program/back")
@staff_only("wake")
def go_back() -> Any:
    """The version before, now."""
    try:
        parts().upgrading.go_back()
    except DomainError as error:
        return _page(error.problem), 409
    return redirect(url_for("upgrade.page"), 303)


def _page(problem: Problem | None = None) -> str:
    upgrading = parts().upgrading
    return render_template(
        "upgrade.html", now=upgrading.standing(), problem=problem, restarting=upgrading.restarting
    )
