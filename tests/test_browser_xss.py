"""Fifty payloads in every text that citizens, clerks, examiners or other servers can fill, seen in a real browser.

By forms, and by replication with bodies that no form would let through. No script runs, no element appears that the
templates do not make, and the text stands there as it was typed.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from schemas import numbers
from station import forms
from tests import payloads
from tests.browser import browser
from tests.payloads import poisoned
from tests.rights.tables import Credentials
from tests.rights.test_web import ELEMENTS
from tests.test_journey import INSTANT, PERMIT
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, Visitor, World, application, small_city

EVERYWHERE = os.environ.get("BIANMIN_TEST_XSS") == "all"
PAYLOADS = payloads.PAYLOADS if EVERYWHERE else payloads.PAYLOADS[::4]
T = TypeVar("T")
LOOK = """allowed => {
    const found = window.ran ? ['a script ran'] : [];
    for (const element of document.querySelectorAll('*')) {
        const tag = element.tagName.toLowerCase();
        if (!allowed.includes(tag)) found.push('<' + tag + '>');
        if (tag === 'script' && (element.text || !/^\\/static\\/bianmin\\.js\\?v=[0-9a-f]{16}$/.test(element.getAttribute('src'))))
            found.push(element.outerHTML);
        for (const {name, value} of element.attributes) {
            if (name.startsWith('on') || ['style', 'srcdoc', 'http-equiv'].includes(name)) found.push(tag + ' ' + name);
            if (/^(href|src|action|formaction|xlink:href|data)$/.test(name) && /^\\s*([a-z][a-z0-9+.-]*:|\\/\\/)/i.test(value))
                found.push(tag + ' ' + name + '=' + value);
        }
    }
    const typed = [...document.querySelectorAll('input, textarea')].map(each => each.value);
    return {found, text: [document.documentElement.textContent, ...typed].join('\\n')};
}"""


TYPE = "(box, text) => { box.value = text; box.dispatchEvent(new Event('input')); }"


class Eyes:
    """A browser window that notes dialogs and refuses to leave its servers."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.dialogs: list[str] = []
        self.strangers: list[str] = []
        self.doors: tuple[str, ...] = ()
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.strangers.append(request.url))

    def sign_in(self, url: str, employee_no: str) -> Eyes:
        self.url = url
        self.page.goto(url)
        self.page.locator("#employee_no").fill(employee_no)
        self.page.locator("#password").fill("correct horse")
        self.page.locator("main form button").click()
        return self

    def see(self, path: str, *texts: str) -> None:
        """Opens a page: nothing runs, nothing foreign is in it, and these texts are."""
        self.page.goto(self.url + path, wait_until="domcontentloaded")
        self.check(path, *texts)

    def check(self, what: str, *texts: str) -> None:
        seen = self.page.evaluate(LOOK, ELEMENTS.split())
        assert seen["found"] == [], (what, seen["found"])
        assert self.dialogs == [], (what, self.dialogs)
        for text in texts:
            # The parser of HTML drops the first line break of a textarea, and carriage returns everywhere.
            assert text.replace("\r", "") in seen["text"], (what, text)
        assert [url for url in self.strangers if not url.startswith((self.url, *self.doors))] == [], what


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("xss"), sockets=True) as world:
        yield world


@pytest.fixture(scope="module")
def started(chromium: str) -> Iterator[Browser]:
    with browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def eyes(started: Browser, city: World) -> dict[str, Eyes]:
    """A clerk's, an examiner's and a stranger's window."""
    clerk, examiner, stranger = (Eyes(started.new_context(locale="zh-CN")) for _ in range(3))
    stranger.url = city[HUB].url
    return {
        "clerk": clerk.sign_in(city[VILLAGE].url, "V001"),
        "examiner": examiner.sign_in(city[HUB].url, "E001"),
        "stranger": stranger,
    }


def as_kept(payload: str, longest: int = 2000) -> str:
    """What a form makes of a payload."""
    return forms.text({"x": payload}, "x", longest)


def as_shown(payload: str, longest: int = 2000) -> str:
    return as_kept(payload, longest)


def entered(city: World, clerk: Visitor, payload: str, item: Any) -> str:
    clerk.open(f"/items/{item.item_code}/record")
    clerk.send(f"/items/{item.item_code}/record", **application(clerk.form, name=payload, address=payload))
    assert clerk.status == 200, clerk.page
    return clerk.path.removeprefix("/cases/")


def done(visitor: Visitor, case_no: str, *steps: str, **fields: str) -> None:
    visitor.open(f"/cases/{case_no}")
    if visitor.client.base_url.port and "由我办理" in visitor.page:
        visitor.send(f"/desk/{case_no}/claim")
    for each in steps:
        visitor.send(f"/cases/{case_no}/{each}", **fields)
        assert (visitor.status, visitor.path) == (200, f"/cases/{case_no}"), visitor.page


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_what_people_type_into_forms_stays_text(city: World, eyes: dict[str, Eyes]) -> None:
    clerk = city.visit(VILLAGE).sign_in("V001")
    first, second = city.visit(HUB).sign_in("E001"), city.visit(HUB).sign_in("E002")
    permits = {payload: entered(city, clerk, payload, PERMIT) for payload in PAYLOADS}
    instants = {payload: entered(city, clerk, payload, INSTANT) for payload in PAYLOADS}
    city.sync(VILLAGE, TOWNSHIP)
    for payload in PAYLOADS:
        done(first, permits[payload], "notify_supplement", gaps=payload, note=payload)
        done(first, instants[payload], "accept", "instant_conclude", result=payload)
    city.sync(TOWNSHIP, VILLAGE)
    for payload in PAYLOADS:
        done(clerk, permits[payload], "supply", note=payload, **{f"material-{n}": "1" for n in range(1, 30)})
        done(clerk, instants[payload], "deliver", receiver=payload)
    city.sync(VILLAGE, TOWNSHIP)
    for payload in PAYLOADS:
        long = payload + "，经核查与申报材料不符"
        done(first, permits[payload], "accept")
        done(second, permits[payload], "pass_step", "deny", opinion=payload, reason=long, remedy=payload)
    city.sync(TOWNSHIP, VILLAGE)
    for payload in PAYLOADS:
        name, text = as_shown(payload, 100), as_shown(payload)
        # Both see the same template; the other half of each is seen as it comes by replication.
        eyes["examiner"].see(f"/cases/{permits[payload]}", name, text)
        eyes["clerk"].see(f"/cases/{instants[payload]}", name, text)
    for path in (
        "/",
        "/cases",
        "/cases?list=closed",
        "/cases?list=result",
        "/cases?list=supplement",
        "/sync",
    ):
        eyes["clerk"].see(path)
    for path in ("/desk", "/desk?mine=1", "/desk/all", "/desk/all?page=2"):
        eyes["examiner"].see(path)


def chosen(places: Sequence[T], n: int) -> Sequence[T]:
    """Addresses are read by few lines of code: one after the other in turn, or all with BIANMIN_TEST_XSS=all."""
    return places if EVERYWHERE else [places[n % len(places)]]


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_what_is_searched_for_and_what_is_refused_stays_text(city: World, eyes: dict[str, Eyes]) -> None:
    clerk, examiner, stranger = eyes["clerk"], eyes["examiner"], eyes["stranger"]
    stranger.doors = (city[HUB].url, city[TOWNSHIP].url, city[NEIGHBOUR].url)
    for n, payload in enumerate(PAYLOADS):
        clerk.page.goto(f"{clerk.url}/items/{PERMIT.item_code}/record", wait_until="domcontentloaded")
        # A page comes back with what was typed, in attributes and in sentences.
        for name, longest in (("name", 100), ("address", 100), ("id_no", 30), ("phone", 20)):
            clerk.page.locator(f"#{name}").evaluate("(box, text) => box.value = text", payload[:longest])
        clerk.page.get_by_role("button", name="收件并保存").click()
        clerk.check(payload, as_shown(payload, 100))
        asked = payload.strip()
        # The script of the page asks while somebody types, and puts the answer in.
        clerk.page.goto(clerk.url + "/items")
        with clerk.page.expect_response(lambda answer: "part=1" in answer.url) as answered:
            clerk.page.locator("input[name=q]").evaluate(TYPE, payload)
        answered.value.finished()
        clerk.check(payload)
        clerk.see("/items?q=" + quote(payload), asked)
        for eye, path in chosen(((clerk, "/cases"), (examiner, "/desk/all")), n):
            eye.page.goto(eye.url + path)
            eye.page.locator("input[name=q]").evaluate("(box, text) => box.value = text", payload)
            eye.page.locator("main form[role=search] button").click()
            eye.check(payload)
        odd = quote(payload, safe="")
        desks = (f"/desk?zone={odd}", f"/desk?stage={odd}&mine={odd}&page={odd}", f"/desk/all?district={odd}")
        for path in chosen(desks, n):
            examiner.see(path)
        for path in chosen((f"/sign-in?next=/{odd}", f"/sign-in?next={odd}", f"/{odd}", f"/cases/{odd}"), n):
            stranger.see(path)
        # Each door stays open for the other tests: 30 wrong passwords from one address would close it for a while.
        stranger.url = stranger.doors[n % len(stranger.doors)]
        stranger.page.goto(stranger.url + "/sign-in")
        stranger.page.locator("#employee_no").fill(payload)
        stranger.page.locator("#password").fill("x")
        stranger.page.locator("main form button").click()
        stranger.check(payload)


@pytest.mark.browser
def test_what_got_into_a_page_all_the_same_would_not_run(city: World, eyes: dict[str, Eyes]) -> None:
    """The content policy, tried by putting scripts into a page from outside."""
    page = eyes["clerk"].page
    page.goto(eyes["clerk"].url + "/items", wait_until="load")
    refused = page.evaluate("""async () => {
        const refused = [];
        document.addEventListener('securitypolicyviolation', event => refused.push(event.effectiveDirective));
        const put = (tag, more) => document.body.append(Object.assign(document.createElement(tag), more));
        put('script', {text: 'window.ran = 1'});
        put('script', {src: 'data:text/javascript,window.ran=2'});
        put('script', {src: 'http://127.0.0.1:9/x.js'});
        put('img', {src: 'data:,', onerror: null});
        document.body.lastChild.setAttribute('onerror', 'window.ran = 3');
        document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = 4"><iframe srcdoc="<script>parent.ran=5</script>"></iframe>');
        await fetch('http://127.0.0.1:9/stolen').catch(() => {});
        await new Promise(done => setTimeout(done, 300));
        return refused;
    }""")
    assert page.evaluate("window.ran") is None
    assert {"script-src-elem", "script-src-attr", "connect-src"} <= set(refused)
    assert eyes["clerk"].dialogs == []
    eyes["clerk"].strangers.clear()


# -- by replication ----------------------------------------------------------------------------------------------------


def hostile(
    template: list[dict[str, Any]], payload: str, case_no: str, keep: set[str] | None
) -> list[dict[str, Any]]:
    """A case's events as a server that was taken over may write them: every text says the payload."""
    actor = {"staff": payload, "name": payload, "role": payload}
    odd = {**template[-1], "event": payload, "lamport": 99, "actor": actor}
    made = []
    for event in (*template, odd):
        body = {name: each for name, each in event.items() if not name.startswith("_")}
        body = poisoned(body, payload) if keep is None else poisoned(body, payload, keep)
        made.append({**body, "case": case_no, "seen": {}})
    return made


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_what_another_server_brings_stays_text(city: World, eyes: dict[str, Eyes]) -> None:
    clerk = city.visit(VILLAGE).sign_in("V001")
    template = list(city[VILLAGE].parts.register.events(entered(city, clerk, "赵小明", PERMIT)))
    template.sort(key=lambda event: event["lamport"])
    cases: dict[str, tuple[str, str]] = {}
    written: list[dict[str, Any]] = []
    for n, payload in enumerate(PAYLOADS, 1):
        plain, wild = (numbers.case_no(VILLAGE, date(2018, 2, 8), n * 2 + way) for way in (0, 1))
        cases[payload] = (plain, wild)
        written += hostile(template, payload, plain, None)
        written += hostile(template, payload, wild, {"type", "at"})
    # Its own key seals them, so that they count above; no form and no rule of the village was asked.
    city[VILLAGE].parts.ledger.append(f"station-{VILLAGE}", lambda _txn: written)
    city.sync(VILLAGE, TOWNSHIP)
    for payload, (plain, wild) in cases.items():
        eyes["examiner"].see(f"/cases/{plain}", payload)
        eyes["clerk"].see(f"/cases/{wild}")
        eyes["clerk"].see(f"/cases/{plain}/receipt", payload)
        eyes["clerk"].see(f"/cases/{plain}/papers", payload)
    for path in ("/", "/cases", "/sync"):
        eyes["clerk"].see(path)
    for path in ("/desk", "/desk/all"):
        eyes["examiner"].see(path)


# -- files -------------------------------------------------------------------------------------------------------------

PAGE = b"<!doctype html><script>window.ran=1;alert(1)</script><body onload=alert(2)>"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
FILES = [
    ("text/html", PAGE), ("image/jpeg", PAGE), ("image/svg+xml", DRAWING), ("image/png", DRAWING), ("text/plain", PAGE),
    ("application/xhtml+xml", PAGE), ("text/xml", DRAWING), ("application/pdf", PAGE), ("", PAGE), ("x", PAGE),
    ("text/html;charset=utf-7", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-"), ("multipart/x-mixed-replace", PAGE),
    ("text/javascript", b"alert(1)"), ("text/html\r\nX-Frame-Options: ALLOW", PAGE), ("网页", PAGE), ("message/rfc822", PAGE), ("application/octet-stream", PAGE),
]  # fmt: skip


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_a_file_is_never_a_page_of_ours(city: World, started: Browser) -> None:
    """HTML that calls itself a picture, drawings with scripts, and names that are payloads: all are downloads."""
    hub = city[HUB]
    db = hub.parts.store.database(f"station-{VILLAGE}", create=True)
    names = [
        *(payload.replace("\t", " ") for payload in PAYLOADS),
        "a.html",
        "x.jpg.svg",
        "..",
        "CON",
        "%2e%2e%2fetc",
    ]
    files = {f"{n} {name}": FILES[n % len(FILES)] for n, name in enumerate(names)}
    db.put({"_id": "papers", "_attachments": {
        name: {"content_type": kind or "application/octet-stream", "data": base64.b64encode(data).decode()}
        for name, (kind, data) in files.items()
    }})  # fmt: skip
    headers = Credentials(city).headers("hub", "village")
    eye = Eyes(started.new_context(extra_http_headers=headers, accept_downloads=True))
    eye.url = hub.url
    for name, (_, data) in files.items():
        address = f"{hub.url}/db/{db.name}/papers/{quote(name, safe='')}"
        with eye.page.expect_download() as begun, contextlib.suppress(Error):
            eye.page.goto(address)
        assert Path(begun.value.path()).read_bytes() == data
        answer = httpx.get(address, headers=headers, verify=False, trust_env=False)
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
    for path in (f"/db/{db.name}/papers?attachments=true", f"/db/{db.name}/_all_docs?include_docs=true"):
        eye.page.goto(hub.url + path)
    assert eye.dialogs == []
    assert eye.page.evaluate("window.ran") is None
