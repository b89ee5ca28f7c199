"""Signing in and out, the choice of a password, and the switches for language and size of type. Who someone is, is station.accounts; what they may do, schemas."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for

from schemas.problems import N_, DomainError, Problem
from station import web

blueprint = Blueprint("signin", __name__)


@blueprint.get("/sign-in")
def sign_in() -> str:
    return _sign_in_page(next=_back(request.args.get("next", "")))


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
        return _sign_in_page(next=back, employee_no=employee_no, problem=error.problem), 403
    if web.parts().accounts.choosing(secret):
        back = url_for("signin.password", next=back or None)
    return web.begin_session(_redirect(back or url_for("pages.home")), secret)


@blueprint.get("/sign-in/password")
def password() -> Any:
    """Open to who has just shown a start code, and to nobody else."""
    who = web.choosing()
    if who is None:
        return redirect(url_for("signin.sign_in"))
    return render_template("password.html", who=who, next=_back(request.args.get("next", "")))


@blueprint.post("/sign-in/password")
def password_post() -> Any:
    who = web.choosing()
    if who is None:
        return redirect(url_for("signin.sign_in"))
    back, chosen = _back(request.form.get("next", "")), request.form.get("password", "")
    try:
        if chosen != request.form.get("again", ""):
            raise DomainError(Problem("password_differs", N_("两次输入的密码不一样，请再输一次")))
        secret = web.parts().accounts.choose(request.cookies.get(web.COOKIE, ""), chosen)
    except DomainError as error:
        return render_template("password.html", who=who, next=back, problem=error.problem), 422
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


@blueprint.post("/type")
def size_of_type() -> Any:
    size = "large" if request.form.get("size") == "large" else "usual"
    return web.set_type(_redirect(_back(request.form.get("next", "")) or url_for("pages.home")), size)


def _sign_in_page(**given: Any) -> str:
    unheard = web.parts().appointments.staff_list() is None
    return render_template("sign_in.html", locked=web.locked(), unheard=unheard, **given)


def _redirect(where: str) -> Any:
    return redirect(where, 303)


def _back(where: str) -> str:
    """A page of this server, whatever a link says; without its query, which may name a person."""
    return web.own_path(where.partition("?")[0])
