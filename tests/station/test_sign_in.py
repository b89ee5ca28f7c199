"""Signing in over HTTP: one answer for whoever is not let in, cookies, fixation, the idle lock, guessing by address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from station.accounts import Accounts
from station.attempts import ADDRESS, NAME
from station.web import COOKIE
from sync.store import Store
from tests.office import Office
from tests.test_journey import INSTANT
from tests.world import PASSWORD, PEOPLE, QUICK, VILLAGE, Time, Visitor, World, application


class Counting:
    """The real hasher, with a count of how often it worked."""

    def __init__(self) -> None:
        self.verified = 0

    def hash(self, password: str) -> str:
        return QUICK.hash(password)

    def verify(self, kept: str, password: str) -> bool:
        self.verified += 1
        return QUICK.verify(kept, password)


def answer(city: World, employee_no: str, password: str) -> httpx.Response:
    visitor = city.visit(VILLAGE)
    visitor.open("/sign-in")
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.page)
    assert token
    fields = {"csrf_token": token[1], "employee_no": employee_no, "password": password}
    return visitor.client.post("/sign-in", data=fields)


def without_tokens(answer: httpx.Response, employee_no: str) -> tuple[int, str, list[str]]:
    page = re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text).replace(employee_no, "")
    headers = sorted(name for name in answer.headers if name != "content-length")
    return answer.status_code, page, headers


def test_an_unknown_name_and_a_wrong_password_get_the_same_page(city: World) -> None:
    known, unknown = answer(city, "V001", "wrong"), answer(city, "V777", "wrong")
    assert without_tokens(known, "V001") == without_tokens(unknown, "V777")
    assert known.status_code == 403


@pytest.mark.parametrize("employee_no", ["V001", "V777", "", "x" * 5000, "staff:V001", "V001\x00"])
@pytest.mark.parametrize("password", ["wrong", "", "x" * 5000])
def test_each_refusal_costs_one_hash_whether_the_name_exists_or_not(
    tmp_path: Path, employee_no: str, password: str
) -> None:
    hasher = Counting()
    with Store.open(tmp_path / "store.sqlite") as store:
        accounts = Office(store, Time()).accounts(VILLAGE, hasher, PEOPLE["V001"])
        hasher.verified = 0
        with pytest.raises(Exception, match=r".*") as caught:
            accounts.sign_in(employee_no, password)
        assert caught.value.problem.code == "sign_in_wrong"  # type: ignore[attr-defined]
        assert hasher.verified == 1


def test_a_name_that_does_not_exist_has_to_wait_as_one_that_does(city: World) -> None:
    for employee_no in ("V001", "V777"):
        codes = [answer(city, employee_no, "wrong").text.count("秒后再试") for _ in range(NAME.free + 1)]
        assert codes == [0] * NAME.free + [1], employee_no


def test_many_names_from_one_address_have_to_wait_too_and_still_do_after_a_restart(tmp_path: Path) -> None:
    time = Time()

    def tried(
        accounts: Accounts, employee_no: str, password: str = "wrong", address: str = "10.0.0.7"
    ) -> str:
        try:
            accounts.sign_in(employee_no, password, address=address)
        except Exception as error:
            return str(error.problem.code)  # type: ignore[attr-defined]
        return "in"

    with Store.open(tmp_path / "store.sqlite") as store:
        office = Office(store, time)
        accounts = office.accounts(VILLAGE, QUICK, PEOPLE["V001"])
        assert [tried(accounts, f"N{n}") for n in range(ADDRESS.free)] == ["sign_in_wrong"] * ADDRESS.free
        assert tried(accounts, "V001", PASSWORD) == "sign_in_wait"
        assert tried(accounts, "V001", PASSWORD, "10.0.0.8") == "in", "another laptop is not held up"
        again = office.accounts(VILLAGE, QUICK)
        assert tried(again, "V001", PASSWORD) == "sign_in_wait"
        time.pass_(seconds=61)
        assert tried(again, "V001", PASSWORD) == "in"
        time.pass_(hours=2)
        assert [tried(again, f"M{n}") for n in range(3)] == ["sign_in_wrong"] * 3


def test_those_who_know_their_password_use_up_nobodys_patience(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.sqlite") as store:
        accounts = Office(store, Time()).accounts(VILLAGE, QUICK, PEOPLE["V001"])
        for _ in range(ADDRESS.free + 5):
            assert accounts.sign_in("V001", PASSWORD, address="10.0.0.7")


# -- cookies and sessions ---------------------------------------------------------------------------------------------


def cookies(answer: httpx.Response) -> dict[str, str]:
    return {each.partition("=")[0]: each for each in answer.headers.get_list("set-cookie")}


def test_cookies_are_out_of_reach_of_scripts_other_sites_and_plain_lines(city: World) -> None:
    for scheme in ("http", "https"):
        client = httpx.Client(
            base_url=f"{scheme}://127.0.0.1",
            transport=httpx.WSGITransport(app=city[VILLAGE].app),
            verify=False,
        )
        given = cookies(client.get("/sign-in"))
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
        assert token
        fields = {"csrf_token": token[1], "employee_no": "V001", "password": PASSWORD}
        headers = {"Referer": f"{scheme}://127.0.0.1/sign-in"}
        given |= cookies(client.post("/sign-in", data=fields, headers=headers))
        given |= cookies(client.post("/language/en", data={"csrf_token": token[1]}, headers=headers))
        assert {COOKIE, "session"} <= set(given)
        for cookie in given.values():
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie or cookie.startswith("language=")
            assert ("Secure" in cookie) is (scheme == "https"), cookie
            assert "Domain" not in cookie


def test_signing_in_gives_a_new_session_and_ends_the_one_the_browser_had(city: World) -> None:
    accounts = city[VILLAGE].parts.accounts
    visitor = city.visit(VILLAGE)
    visitor.client.cookies.set(COOKIE, "chosen by somebody else", domain="127.0.0.1")
    visitor.sign_in("V001")
    first = visitor.client.cookies[COOKIE]
    assert first != "chosen by somebody else"
    visitor.sign_in("V001")
    assert visitor.client.cookies[COOKIE] != first
    assert accounts.session(first) is None


def test_signing_out_ends_the_session_at_the_server(city: World) -> None:
    visitor = city.visit(VILLAGE).sign_in("V001")
    kept = visitor.client.cookies[COOKIE]
    visitor.send("/sign-out")
    visitor.client.cookies.set(COOKIE, kept, domain="127.0.0.1")
    assert "请用本人工号登录" in visitor.open("/cases")


# -- the idle lock ----------------------------------------------------------------------------------------------------


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def test_a_session_that_is_used_stays_open(city: World, clerk: Visitor) -> None:
    for _ in range(8):
        city.time.pass_(minutes=9)
        clerk.open("/cases")
        assert clerk.path == "/cases"


def test_after_ten_minutes_the_password_is_asked_and_the_same_page_opens(city: World, clerk: Visitor) -> None:
    clerk.open("/items")
    city.time.pass_(minutes=10)
    page = clerk.open("/items")
    assert "页面已锁定" in page
    assert 'value="V001"' in page
    clerk.send("/sign-in", employee_no="V001", password=PASSWORD, next="/items")
    assert clerk.path == "/items"


def late_form(city: World, clerk: Visitor) -> None:
    """A clerk who opened a form, was long about it, and sends it when the session has locked."""
    path = f"/items/{INSTANT.item_code}/record"
    clerk.open(path)
    form = application(clerk.form)
    city.time.pass_(minutes=15)
    page = clerk.send(path, **form)
    assert "页面已锁定" in page
    assert "赵小明" not in page


def sent_again(clerk: Visitor) -> dict[str, Any]:
    return dict(re.findall(r'<input type="hidden" name="(?!csrf)([^"]+)" value="([^"]*)">', clerk.page))


def test_a_form_that_came_too_late_is_kept_and_sent_on_by_its_clerk(city: World, clerk: Visitor) -> None:
    late_form(city, clerk)
    clerk.send("/sign-in", employee_no="V001", password=PASSWORD, next="/sign-in/go-on")
    assert "您刚才填的内容还在" in clerk.page
    clerk.send(f"/items/{INSTANT.item_code}/record", **sent_again(clerk))
    assert clerk.status == 200
    assert "赵小明" in clerk.page
    assert clerk.open("/sign-in/go-on") and clerk.path == "/", "it is held no longer"


def test_nobody_else_gets_to_see_what_was_kept(city: World, clerk: Visitor) -> None:
    late_form(city, clerk)
    from dataclasses import replace

    city.appoint(VILLAGE, replace(PEOPLE["V001"], employee_no="V003", name="刘平"))
    clerk.send("/sign-in", employee_no="V003", password=PASSWORD, next="/sign-in/go-on")
    assert "赵小明" not in clerk.page
    assert clerk.path == "/"


def test_a_locked_session_opens_with_the_right_password_alone(city: World, clerk: Visitor) -> None:
    city.time.pass_(minutes=11)
    clerk.open("/cases")
    clerk.send("/sign-in", employee_no="V001", password="wrong")
    assert clerk.status == 403
    assert "页面已锁定" in clerk.open("/cases")


def test_a_locked_session_ends_with_its_hours(city: World, clerk: Visitor) -> None:
    city.time.pass_(hours=13)
    assert "页面已锁定" not in clerk.open("/cases")
