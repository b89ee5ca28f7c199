"""Screens that are turned to the public: what starts one, what keeps it to the public's pages, and how staff get it back.

    /screens ─ a member of staff ─> a session that opens station.touch and station.board alone ─ their password ─> their own session

Views only: what such a session is, is station.accounts'. Nothing of work or of staff is on a page that a screen shows; the
same pages open for staff, who look before they turn it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for

from schemas import tables
from schemas.problems import N_, DomainError, Problem
from schemas.tables import Station
from station import web
from station.agent import DIALECT
from station.web import on_screen, parts, staff_only
from sync.errors import SyncError
from sync.exchange.route import PATH

blueprint = Blueprint("screens", __name__)

SCREENS: Final = {"touch": "touch.first", "board": "board.page"}
"""What a screen may be for, and the page it shows first."""
_OPEN: Final = (
    "touch.",
    "board.",
    "screens.leave",
    "signin.language",
    "static",
    "bootstrap.static",
    "pages.up",
)
_PROGRAMS: Final = (DIALECT + "/", "/trust/", PATH)
IDLE: Final = 60
"""Seconds without a touch after which a screen forgets who stood before it."""


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """A page for a screen, and for staff who may see cases."""
    for_staff = staff_only("cases")(view)

    @functools.wraps(view)
    def shown(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if on_screen() else for_staff(*args, **kwargs)

    return shown


def station() -> Station:
    """Whose screen it is: this station's, and at the hub, where bureaus work too, that of whoever turned it."""
    turned = on_screen()
    staff = turned[0] if turned else web.signed_in()
    assert staff is not None
    return tables.station(staff.station) if parts().here.level == "city" else parts().here


@blueprint.before_app_request
def keep_to_public() -> Any:
    """Whatever else a citizen types into the address, or presses in an old window, leads to the first page."""
    if request.endpoint is not None and request.endpoint.startswith(_OPEN):
        return None
    if request.path.startswith(_PROGRAMS) or not on_screen():
        return None
    return go(first_page())


@blueprint.after_app_request
def come_back(response: Response) -> Response:
    """An error page does not stay on a screen. Its own pages come back by themselves (touch_base.html, station.board)."""
    if response.status_code >= 400 and response.mimetype == "text/html":
        # Where the store can't be asked, the page says that, and nobody is known to be on a screen.
        with suppress(SyncError):
            if on_screen():
                response.headers["Refresh"] = f"{IDLE}; url={first_page()}"
    return response


def first_page() -> str:
    """Where a screen begins anew, for the next person."""
    turned = on_screen()
    return url_for(SCREENS[turned[1]], anew=1) if turned else url_for("touch.first")


def forget(response: Response) -> Response:
    """Nothing of the person before is left: forms they filled in can't be sent again, and the language is the server's."""
    session.clear()
    response.delete_cookie("language")
    return response


def go(where: str) -> Any:
    """To another page, by a GET."""
    return redirect(where, 303)


@blueprint.get("/screens")
@staff_only("cases")
def choose() -> str:
    return _choice(None)


@blueprint.post("/screens")
@staff_only("cases")
def turn() -> Any:
    """From here on this browser shows nothing but the screen."""
    screen = request.form.get("screen", "")
    if screen not in SCREENS:
        return _choice(Problem("no_screen", N_("请选择要打开的屏幕"))), 422
    secret = parts().accounts.turn(request.cookies[web.COOKIE], screen)
    return web.begin_session(go(url_for(SCREENS[screen])), secret)


@blueprint.get("/screens/leave")
@public
def leave() -> str:
    return _leaving(None)


@blueprint.post("/screens/leave")
@public
def leave_post() -> Any:
    """Who turned the screen takes it back, and nobody else."""
    turned = on_screen()
    if turned is None:
        return go(url_for("pages.home"))
    try:
        secret = parts().accounts.sign_in(
            turned[0].employee_no, request.form.get("password", ""),
            address=request.remote_addr or "", before=request.cookies[web.COOKIE],
        )  # fmt: skip
    except DomainError as error:
        return _leaving(error.problem), 403
    if parts().accounts.choosing(secret):  # they were given a new code meanwhile
        abort(403)
    return web.begin_session(go(url_for("pages.home")), secret)


def _choice(problem: Problem | None) -> str:
    return render_template("screens.html", problem=problem)


def _leaving(problem: Problem | None) -> str:
    turned = on_screen()
    return render_template(
        "touch_leave.html", problem=problem, name=turned[0].name if turned else "", first=first_page()
    )
