"""What every page of a server shares: who is signed in, language, size of type, form tokens, headers, and errors as pages.

Holds no page of its own. Decisions about cases are made elsewhere; here is only what HTTP and browsers need.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from flask import (
    Flask,
    Request,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.sessions import SecureCookieSessionInterface
from flask_babel import Babel, gettext
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_cookie
from werkzeug.routing import RoutingException

from schemas import numbers
from schemas.problems import DomainError, Problem
from station import duties, words
from station.agent import DIALECT
from station.duties import Duty
from station.guessing import Guard
from station.staff import Staff
from station.transport import is_loopback
from sync.errors import OurFault, SyncError
from sync.exchange.message import CONTENT_TYPE
from sync.scratch import ScratchFile

if TYPE_CHECKING:
    from station.app import Parts

COOKIE = "bianmin_session"
HSTS_SECONDS = 365 * 86400
LANGUAGES = {"zh": "zh_Hans_CN", "en": "en"}
# Everything a page needs comes from its own server; of scripts that is one file (static/bianmin.js), which may ask nobody else
# for anything. Nobody may frame a page. `data:` are the ticks and arrows inside Bootstrap's own style sheet.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
STATIC = Path(__file__).parent / "static"
YEAR = 365 * 86400  # seconds


TOO_LARGE = "bianmin.too_large"
"""Set in the environment of a request whose body was not read for its size."""
WITH_FILES = re.compile(r"/items/[^/]+/(record|draft|missing)|/cases/[^/]+/(files|supply)|/paper")


class PageRequest(Request):
    """A request whose uploaded files wait where nobody can read them (Werkzeug's own place is a plain temporary file)."""

    def _get_file_stream(self, *_: Any, **__: Any) -> Any:
        return ScratchFile()


csrf = CSRFProtect()
babel = Babel()


def parts() -> Parts:
    """The parts that create_app put together."""
    return cast("Parts", current_app.extensions["bianmin"])


def signed_in() -> Staff | None:
    """Who sent this request, from the session cookie; looked up once a request."""
    if "staff" not in g:
        secret = request.cookies.get(COOKIE, "")
        g.staff = parts().accounts.session(secret, idle()) if secret else None
    return cast("Staff | None", g.staff)


def may_send_files(parts: Parts, environ: Mapping[str, Any]) -> bool:
    """Whether a form may be as large as files make it: where files are taken in, of somebody who is signed in, or was until the
    page locked."""
    if environ["REQUEST_METHOD"] != "POST" or not WITH_FILES.fullmatch(environ["PATH_INFO"]):
        return False
    secret = parse_cookie(environ.get("HTTP_COOKIE")).get(COOKIE, "")
    unused = timedelta(seconds=parts.settings.idle_lock)
    accounts = parts.accounts
    return bool(secret) and (accounts.session(secret, unused) or accounts.locked(secret, unused)) is not None


def on_screen() -> tuple[Staff, str] | None:
    """Who turned this browser to the public, and what it shows first (station.screens); looked up once a request."""
    if "screen" not in g:
        secret = request.cookies.get(COOKIE, "")
        g.screen = parts().accounts.screen(secret) if secret and signed_in() is None else None
    return cast("tuple[Staff, str] | None", g.screen)


def idle() -> timedelta:
    """How long a session may go unused before it asks for the password again."""
    return timedelta(seconds=parts().settings.idle_lock)


def locked() -> Staff | None:
    """Whose session this browser has, if it is locked."""
    secret = request.cookies.get(COOKIE, "")
    return parts().accounts.locked(secret, idle()) if secret else None


def choosing() -> Staff | None:
    """Who has shown a start code in this browser, and has to choose a password."""
    secret = request.cookies.get(COOKIE, "")
    return parts().accounts.choosing(secret) if secret else None


def own_path(path: str) -> str:
    """`path` if a page of this server is there and nothing in it but codes of ours; else "". So no redirect leads to
    another host, and none carries on what somebody typed into an address."""
    try:
        endpoint, given = current_app.url_map.bind("").match(path, "GET")
    except (HTTPException, RoutingException):
        return ""
    if endpoint.startswith(("db.", "static", "bootstrap.")) or not all(map(_is_code, given.values())):
        return ""
    return path


def _is_code(value: str) -> bool:
    if parts().published.book().item(value):
        return True
    for read in (numbers.parse_case_no, numbers.parse_errand_no):
        with suppress(DomainError):
            return bool(read(value))
    return False


def _send_to_sign_in() -> Any:
    """To the sign-in page, and back here afterwards. A form that came too late is kept for its sender."""
    if request.method != "POST":
        return redirect(url_for("signin.sign_in", next=own_path(request.path) or None))
    if (person := locked()) is None:
        return redirect(url_for("signin.sign_in", next=url_for("pages.home")))
    if request.files:
        from station.scans import put_aside

        put_aside(person)
    fields = [[name, value] for name, value in request.form.items(multi=True) if name != "csrf_token"]
    parts().accounts.hold(request.cookies[COOKIE], {"path": request.path, "fields": fields})
    return redirect(url_for("signin.sign_in", next=url_for("signin.go_on")))


def staff_only(duty: Duty | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A page for signed-in staff with this duty; a stranger is sent to sign in and comes back afterwards."""

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            staff = signed_in()
            if staff is None:
                return _send_to_sign_in()
            here = parts().here
            if not (_has(staff, duty) if duty else duties.works_at(staff, here)):
                abort(403)
            if duty in duties.LEASED and (over := parts().appointments.problem()):
                return page(403, gettext("现在只能查看"), say(over))
            if request.method == "POST" and "held" in request.form:
                parts().accounts.drop_held(request.cookies[COOKIE])
            return view(*args, **kwargs)

        return guarded

    return guard


def say(problem: Problem) -> str:
    """A problem in the reader's language, with the names of states, steps and roles inside it."""
    params = {
        key: _in_words(value) if isinstance(value, str) else value for key, value in problem.params.items()
    }
    return str(gettext(problem.text).format(**params))


def _in_words(value: str) -> str:
    """A name that a problem quotes, or several joined by 、; what is no known name stays as it is."""
    return gettext("、").join(gettext(part) for part in value.split("、")) if value else ""


def locale() -> str:
    """The language a person chose, else the server's."""
    chosen = request.cookies.get("language") or parts().settings.language
    return LANGUAGES.get(chosen, LANGUAGES["zh"])


class _Sessions(SecureCookieSessionInterface):
    """Flask's, with cookies that never leave TLS once they came by it."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def install(app: Flask) -> None:
    """Adds all of the above to an application."""
    app.request_class = PageRequest
    app.before_request(_refuse_too_large)  # before anything looks for the form that was not read
    csrf.init_app(app)
    babel.init_app(app, locale_selector=locale, default_locale=LANGUAGES["zh"])
    app.session_interface = _Sessions()
    guard = Guard(app.extensions["bianmin"].accounts.attempts, DIALECT)
    app.before_request(_refuse_other_hosts)
    app.before_request(guard.before)
    app.after_request(_headers)
    app.after_request(guard.after)
    app.context_processor(_context)
    app.url_defaults(_fingerprinted)
    app.add_template_filter(_day, "day")
    app.add_template_filter(_moment, "moment")
    app.add_template_filter(_who, "who")
    app.add_template_filter(_size, "size")
    app.add_template_filter(_no_numbers, "no_numbers")
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(SyncError, _sync_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _our_fault)


def _has(staff: Staff, duty: Duty) -> bool:
    if parts().practice and duty in duties.NOT_IN_PRACTICE:
        return False
    return duties.may(staff, duty, parts().here)


def may(duty: Duty) -> bool:
    """Whether whoever sent this request has that duty here."""
    staff = signed_in()
    if staff is None or not _has(staff, duty):
        return False
    return duty not in duties.LEASED or parts().appointments.problem() is None


def _context() -> dict[str, Any]:
    try:
        staff = signed_in()
    except SyncError:
        # A hub whose CouchDB is away does not know who asks; the page says what is wrong all the same.
        if not g.get("plain"):
            raise
        staff = None
    return {
        "me": staff, "may": may, "here": parts().here, "say": say, "words": words, "lang": locale()[:2], "large_type": large_type(),
        "lamp": parts().lamp() if staff and not g.get("plain") else None, "is_hub": parts().here.level == "city",
        "practice": parts().practice, "today": parts().clock().date().isoformat(),
        "unread": parts().notices.unread(staff.station) if staff and not g.get("plain") else 0,
        "lease_over": parts().appointments.problem() if staff and not g.get("plain") else None,
    }  # fmt: skip


def reader() -> Literal["work", "watch"]:
    """What whoever sent this request sees of citizens on pages."""
    staff = signed_in()
    return duties.reader(staff, parts().here) if staff is not None else "watch"


def _who(name: str) -> str:
    """A citizen's name as this reader may see it in a list."""
    return numbers.mask_numbers(name) if reader() == "work" else numbers.mask_name(name)


def _size(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1000))} KB"


def _no_numbers(text: object) -> str:
    """A text from elsewhere without citizens' numbers in it."""
    return numbers.mask_numbers(str(text))


def _day(value: date | datetime | str | None) -> str:
    if not value:
        return "—"
    return str(value)[:10]


def _moment(value: datetime | str | None) -> str:
    if not value:
        return "—"
    return str(value)[:16].replace("T", " ")


@functools.cache
def _fingerprint(filename: str) -> str:
    """Names what is in a file of the program's; "" for one that it does not have."""
    path = (STATIC / filename).resolve()
    if not path.is_relative_to(STATIC) or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _fingerprinted(endpoint: str, values: dict[str, Any]) -> None:
    """Every address of such a file carries that, so that a browser takes the new one after an upgrade and no other."""
    if endpoint == "static" and (v := _fingerprint(str(values.get("filename", "")))):
        values["v"] = v


def _refuse_other_hosts() -> None:
    # A page on the internet whose name is pointed at this laptop must not reach it (DNS rebinding).
    name = request.host.rsplit(":", 1)[0].strip("[]")
    if name not in (*parts().settings.hosts, parts().settings.host, *parts().tls.names):
        abort(421)


def _refuse_too_large() -> None:
    if TOO_LARGE in request.environ:
        abort(413)


def _headers(response: Response) -> Response:
    if response.mimetype == CONTENT_TYPE:  # no browser reads a message, and on a bad link each word costs
        return response
    if request.endpoint == "static" or (request.endpoint or "").endswith(".static"):
        named = (request.view_args or {}).get("filename", "")
        # Its address names what is in it, so it never changes under that address.
        lasting = request.endpoint == "static" and request.args.get("v") == _fingerprint(named)
        response.cache_control.no_cache = None if lasting else True
        response.cache_control.max_age = YEAR if lasting else 3600
        response.cache_control.public = True
    else:
        # A laptop is shared: what one person saw must not be in the next one's cache or back button.
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Cookie")
    if request.is_secure and not is_loopback(request.host.rsplit(":", 1)[0]):
        response.headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def page(status: int, title: str, text: str) -> tuple[str, int]:
    """A page that says what is the matter, and asks the store nothing."""
    # A page that reports trouble must not ask again what may just have failed.
    g.plain = True
    return render_template("error.html", title=title, text=text), status


def _domain_error(error: DomainError) -> tuple[str, int]:
    return page(409, gettext("这一步没有办成"), say(error.problem))


def _csrf_error(_error: CSRFError) -> Any:
    if on_screen():  # a form of somebody who has left
        from station.screens import first_page

        return redirect(first_page(), 303)
    return page(
        400,
        gettext("页面已经过期"),
        gettext("这个页面打开太久了。请返回上一页，刷新后再提交；填过的内容没有提交。"),
    )


def _http_error(error: HTTPException) -> Any:
    # Redirects are HTTPExceptions too, and travel as they are.
    if error.code is None or error.code < 400:
        return error
    texts = {
        403: (gettext("没有权限"), gettext("您的岗位不能办这一步。需要时请联系站长或窗口负责人。")),
        404: (gettext("没有找到"), gettext("没有这个页面或办件。请检查编号，或从首页查找。")),
        405: (gettext("不能这样打开"), gettext("这个地址不能直接打开，请从页面上的按钮操作。")),
        410: (gettext("已归档"), gettext("本件送达满 90 日，记录已从本站移除，在市中心可查。")),
        413: (
            gettext("内容太大"),
            gettext("提交的内容太大，请减少后再试。扫描件一次最多 10 个，每个最大 20 MB。"),
        ),
        421: (gettext("地址不对"), gettext("请用本机地址打开本站。")),
    }
    title, text = texts.get(error.code, (error.name, error.description or ""))
    if error.code == 421:
        return Response(text, status=421, mimetype="text/plain")
    return page(error.code, title, text)


def _sync_error(error: SyncError) -> tuple[str, int]:
    # What is wrong with our store names files; what is wrong with a request may name people.
    said = error.reason if isinstance(error, OurFault) else ""
    current_app.logger.error("store: %s %s", type(error).__name__, said)
    return page(
        503,
        gettext("没有保存成功"),
        gettext("本机存储出了问题：{reason}。已保存的办件不受影响。").format(reason=error.reason),
    )


def _our_fault(error: Exception) -> tuple[str, int]:
    # The log gets the trace (station.logs keeps its words out), the page only a sentence.
    current_app.logger.exception("unexpected: %s", type(error).__name__)
    return page(
        500,
        gettext("系统出错"),
        gettext("系统出了意外的错误，已记入日志。已保存的办件不受影响，请返回重试。"),
    )


def set_language(response: Response, language: str) -> Response:
    """Remembers the chosen language in this browser for a year."""
    return _remember(response, "language", language)


def set_type(response: Response, size: str) -> Response:
    """Remembers the size of type in this browser for a year."""
    return _remember(response, "type", size)


def large_type() -> bool:
    """Whether this browser shows pages in large type."""
    return request.cookies.get("type") == "large"


def _remember(response: Response, name: str, value: str) -> Response:
    response.set_cookie(name, value, max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def begin_session(response: Response, secret: str) -> Response:
    """Hands the browser a fresh session; what it had before is worth nothing from now on."""
    session.clear()
    response.set_cookie(COOKIE, secret, httponly=True, samesite="Strict", secure=request.is_secure)
    return response
