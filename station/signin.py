"""Signing in and out, and the language switch. Who someone is, is station.accounts; what they may do, schemas."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for

from schemas.problems import DomainError
from station import web

blueprint = Blueprint("signin", __name__)


@blueprint.get("/sign-in")
def sign_in() -> str:
    return render_template("sign_in.html", next=_back(request.args.get("next", "")), locked=web.locked())


@blueprint.post("/sign-in")
def sign_in_post() -> Any:
    employee_no = request.form.get("employee_no", "").strip()
    back = _back(request.form.get("next", ""))
    try:
        secret = web.parts().accounts.sign_in(
            employee_no,
            request.form.get("password", ""),
            address=request.remote_addr or "",
            before=request.cookies.get(web.COOKIE, ""),
        )
    except DomainError as error:
        page = render_template(
            "sign_in.html", next=back, employee_no=employee_no, problem=error.problem, locked=web.locked()
        )
        return page, 403
    return web.begin_session(_redirect(back or url_for("pages.home")), secret)


@blueprint.get("/sign-in/go-on")
@web.staff_only()
def go_on() -> Any:
    """The form that came when the session had locked already: shown as kept, and sent again by its owner's hand."""
    accounts, secret = web.parts().accounts, request.cookies[web.COOKIE]
    held = accounts.held(secret)
    if held is None:
        return redirect(url_for("pages.home"))
    return render_template("go_on.html", action=held["path"], fields=held["fields"])


@blueprint.post("/sign-out")
def sign_out() -> Any:
    web.parts().accounts.sign_out(request.cookies.get(web.COOKIE, ""))
    session.clear()
    response = _redirect(url_for("signin.sign_in"))
    response.delete_cookie(web.COOKIE)
    return response


@blueprint.post("/language/<any(zh, en):language>")
def language(language: str) -> Any:
    return web.set_language(_redirect(_back(request.form.get("next", "")) or url_for("pages.home")), language)


def _redirect(where: str) -> Any:
    return redirect(where, 303)


def _back(where: str) -> str:
    """A page of this server, whatever a link says; without its query, which may name a person."""
    return web.own_path(where.partition("?")[0])
