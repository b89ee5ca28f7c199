"""What every page of every server owes a browser, asked of all routes of the URL maps as every role.

Content policy, no inline script or style in any page, caches, framing, sniffing, form tokens, host names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from werkzeug.test import Client, TestResponse

from station.web import STATIC
from tests.rights.tables import AT, PROGRAMS, routes
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World, small_city

PEOPLE = {"village": ["V001"], "township": ["T001"], "hub": ["E001", "E003", "S001", "A001"]}
# Whatever a page may be made of; none of them runs anything but the one script, which stands in a file of the program's.
SCRIPT = re.compile(r"/static/bianmin\.js\?v=[0-9a-f]{16}")
ELEMENTS = """html head script meta title link body a header footer main div nav span form input button h1 h2 p ul ol li dl dt dd
    table thead tbody tr th td small strong section article label select option textarea details summary fieldset legend datalist br hr
    svg path rect line text title"""
ADDRESSES = {"href", "src", "action", "formaction"}


class Scanner(HTMLParser):
    """Notes what a page must not contain."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS.split():
            self.found.append(f"<{tag}>")
        self._in_script = tag == "script"
        if tag == "script" and not SCRIPT.fullmatch(dict(attrs).get("src") or ""):
            self.found.append(f"<script {attrs}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.found.append(f"<{tag} {name}={value}>")
            if name in ADDRESSES and re.match(r"(?i)\s*[a-z][a-z0-9+.-]*:|//", value or ""):
                self.found.append(f"<{tag} {name}={value}>")
            if name == "http-equiv":
                self.found.append(f"<meta {name}>")

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.found.append(f"a script in the page: {data}")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("web")) as world:
        yield world


@pytest.fixture(scope="module")
def case_no(city: World) -> str:
    made = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    return made


def client(city: World, at: str, employee_no: str = "") -> Client:
    """A browser; signed in where a number is given."""
    opened = Client(city[AT[at]].app)
    if employee_no:
        cookie = city.visit(AT[at]).sign_in(employee_no).client.cookies["bianmin_session"]
        opened.set_cookie("bianmin_session", cookie, domain="127.0.0.1")
    return opened


def paths(city: World, at: str, method: str, case_no: str) -> list[str]:
    """An address of every page's route that takes this method."""
    filled = []
    for found, route in routes(city[AT[at]].app):
        if found != method or route.startswith(PROGRAMS) or "filename" in route:
            continue
        path = route.replace("<code>", PERMIT.item_code).replace("<case_no>", case_no)
        filled.append(
            path.replace("<event>", "withdraw")
            .replace("<any(zh, en):language>", "en")
            .replace("<station>", VILLAGE)
        )
    return sorted(filled)


def check_headers(answer: TestResponse, where: str) -> None:
    headers = answer.headers
    policy = {each.split()[0]: each.split()[1:] for each in headers["Content-Security-Policy"].split(";")}
    assert policy["default-src"] == ["'none'"], where
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"], where
    assert policy["form-action"] == ["'self'"], where
    for directive, sources in policy.items():
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} & set(sources), (
            where,
            directive,
        )
    assert policy["script-src"] == policy["connect-src"] == ["'self'"], where
    assert headers["Cache-Control"] == "no-store", where
    assert "Cookie" in headers["Vary"], where
    assert headers["X-Content-Type-Options"] == "nosniff", where
    assert headers["Referrer-Policy"] == "same-origin", where
    assert headers["X-Frame-Options"] == "DENY", where
    assert "Server" not in headers, where


@pytest.mark.parametrize(("at", "who"), [(at, who) for at, them in PEOPLE.items() for who in ["", *them]])
def test_every_page_for_every_role_keeps_the_policy_and_holds_no_script_but_the_one_file(
    city: World, case_no: str, at: str, who: str
) -> None:
    browser = client(city, at, who)
    for path in [
        *paths(city, at, "GET", case_no),
        f"/items/{INSTANT.item_code}",
        "/nowhere",
        "/cases?list=none",
    ]:
        answer = browser.get(path, base_url="http://127.0.0.1")
        check_headers(answer, path)
        if answer.mimetype == "text/html":
            scanner = Scanner()
            scanner.feed(answer.text)
            assert scanner.found == [], (path, scanner.found)


@pytest.mark.parametrize("at", AT)
def test_every_form_without_its_token_is_refused_and_changes_nothing(
    city: World, case_no: str, at: str
) -> None:
    for who in ["", *PEOPLE[at]]:
        browser = client(city, at, who)
        store = city[AT[at]].parts.store
        before = store.update_seq
        for path in paths(city, at, "POST", case_no):
            for token in ({}, {"csrf_token": "made up"}):
                answer = browser.post(path, data=token, base_url="http://127.0.0.1")
                assert answer.status_code == 400, (who, path)
                check_headers(answer, path)
        assert store.update_seq == before


@pytest.mark.parametrize("at", AT)
def test_a_token_of_one_browser_is_worth_nothing_in_another(city: World, case_no: str, at: str) -> None:
    theirs = re.search(r'name="csrf_token" value="([^"]+)"', client(city, at).get("/sign-in").text)
    assert theirs
    browser = client(city, at, PEOPLE[at][0])
    browser.get("/sign-in", base_url="http://127.0.0.1")
    for path in paths(city, at, "POST", case_no):
        answer = browser.post(path, data={"csrf_token": theirs[1]}, base_url="http://127.0.0.1")
        assert answer.status_code == 400, path


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "[::1]", ""]
)
@pytest.mark.parametrize("at", AT)
def test_every_route_answers_under_its_own_names_alone(city: World, case_no: str, at: str, host: str) -> None:
    browser = Client(city[AT[at]].app)
    for method, route in routes(city[AT[at]].app):
        path = re.sub(r"<[^>]+>", "zh" if "language" in route else "x", route)
        answer = browser.open(path, method=method, headers={"Host": host}, buffered=True)
        assert answer.status_code in (400, 421), (method, path)
        assert answer.mimetype == "text/plain" or answer.status_code == 400
        if host:
            assert host not in answer.text


def test_what_is_served_of_the_program_itself_may_be_cached_and_is_not_sniffed(city: World) -> None:
    browser = Client(city[HUB].app)
    page = browser.get("/sign-in").text
    for name in ("bianmin.css", "bianmin.js"):
        found = re.search(rf'"(/static/{re.escape(name)}\?v=[0-9a-f]{{16}})"', page)
        assert found, "its address names what is in it"
        answer = browser.get(found[1], buffered=True)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert set(answer.headers["Cache-Control"].split(", ")) == {"public", "max-age=31536000"}
        for other in (f"/static/{name}", f"/static/{name}?v=0123456789abcdef"):
            assert "no-cache" in browser.get(other, buffered=True).headers["Cache-Control"], other


def test_the_one_script_makes_nothing_from_text(city: World) -> None:
    """It puts in what the server has rendered; none of the ways in which a text becomes code or markup is in it."""
    script = (STATIC / "bianmin.js").read_text(encoding="utf-8")
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval",
        "Function(",
        "import(",
        "//",
    ):
        assert way not in script, way
    assert sorted(each.name for each in STATIC.glob("**/*.js")) == ["bianmin.js"]
