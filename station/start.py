"""The first page of a station that is not enrolled yet: the hub's address and the one-time code. Every other page leads here until
then, and this one to nobody but who sits at the station.

Views only; what enrolment is, is station.enrolment's.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Final

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from schemas.problems import DomainError
from station import enrolment, transport, web
from station.agent import DIALECT
from sync import errors
from sync.exchange.route import PATH

log = logging.getLogger("bianmin.start")

blueprint = Blueprint("start", __name__)

# A code that was scanned comes with the hub's address before it (hub.stations).
_SCANNED: Final = re.compile(r"\s*(https?://\S+)\s+(\S.*)", re.DOTALL)
_OPEN: Final = (
    "start.page",
    "start.join",
    "signin.language",
    "signin.size_of_type",
    "pages.up",
    "practice.page",
    "practice.begin",
    "static",
    "bootstrap.static",
)
_PROGRAMS: Final = (DIALECT + "/", "/trust/", PATH)


@blueprint.before_app_request
def lead_here() -> Any:
    """A station that nobody knows can't send anything anywhere, and should not take in what it can't send."""
    if request.endpoint is None or request.endpoint in _OPEN or request.path.startswith(_PROGRAMS):
        return None
    return None if web.parts().identity.root else redirect(url_for("start.page"))


@blueprint.get("/start")
def page() -> Any:
    if web.parts().identity.root:
        return redirect(url_for("signin.sign_in"))
    if not is_here():
        return elsewhere()
    parents = web.parts().settings.parents
    return render_template("start.html", url=parents[-1] if parents else "", code="", problem="")


@blueprint.post("/start")
def join() -> Any:
    if web.parts().identity.root:
        return redirect(url_for("signin.sign_in"))
    if not is_here():
        return elsewhere()
    url, code = request.form.get("url", "").strip(), request.form.get("code", "")[:300]
    if scanned := _SCANNED.fullmatch(code):
        url, code = scanned[1], scanned[2]
    try:
        number = enrolment.let_in(web.parts(), url.rstrip("/"), code)
    except DomainError as error:
        return _again(url, code, web.say(error.problem)), 422
    except errors.TheirFault as error:
        current_app.logger.info("not enrolled: %s %s", type(error).__name__, error.word)
        return _again(url, code, _in_words(error, url)), 409
    log.info("enrolled as device %d", number)
    web.parts().agent.wake()
    return render_template("joined.html", number=number)


@blueprint.get("/start/print")
def test_print() -> Any:
    """A page to print, for the printer and its settings."""
    return render_template("test_print.html") if is_here() else elsewhere()


@blueprint.get("/start/people")
def people() -> Any:
    """Who may sign in here first; once somebody has, whoever sits here need not be told any more."""
    if not is_here():
        return elsewhere()
    if web.parts().accounts.are_taken_up():
        return redirect(url_for("signin.sign_in"))
    known = web.parts().appointments.of(web.parts().here.code)
    shown = make_response(render_template("first_people.html", people=known))
    if not known:
        shown.headers["Refresh"] = "5"
    return shown


def _again(url: str, code: str, problem: str) -> str:
    return render_template("start.html", url=url, code=code, problem=problem)


def is_here() -> bool:
    """Whether this request was made on this computer; what came through a proxy was not."""
    by_proxy = any(name in request.environ for name in transport.FORWARDED)
    return transport.is_loopback(request.remote_addr or "") and not by_proxy


def elsewhere() -> Any:
    return web.page(
        403, gettext("本站还没有注册"), gettext("请在本站的电脑上打开便民系统，完成首次使用的注册。")
    )


def _in_words(error: errors.TheirFault, url: str) -> Any:
    """What went wrong and what to do, for a person at a window."""
    if error.word == "code_expired":
        return gettext("这个注册码已经过期。请市中心重新发码。")
    if error.word == "code_used":
        return gettext("这个注册码已经用过了。如不是本站用的，请立即告知市中心；要继续请市中心重新发码。")
    if isinstance(error, errors.Untrusted):
        return gettext(
            "连上的不是市中心：对方的证书与注册码对应的市中心不符，或没有加密。请核对地址；地址没错就请告知市中心，线路上可能有人冒充。"
        )
    if isinstance(error, errors.Unreachable):
        return gettext("连不上 {url}。请检查网线、无线网和地址，再试一次。").format(url=url)
    if isinstance(error, errors.PeerFailed):
        if error.retry_after:
            return gettext("试得太多了，请 {n} 秒后再试。").format(n=int(error.retry_after))
        return gettext("市中心的系统现在有故障，请稍后再试。")
    if isinstance(error, errors.NotAPeer | errors.NotFound):
        return gettext(
            "这个地址上答话的不是发出注册码的市中心。可能是上网登录页面（请先在浏览器里登录网络），也可能地址有误。"
        )
    return gettext("市中心没有接受这个注册码。请核对有没有输错、是不是发给本站的；还不行，请市中心重新发码。")
