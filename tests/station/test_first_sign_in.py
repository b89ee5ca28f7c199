"""Taking up an account: a start code, a password of one's own, and when either opens nothing any more. Over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub import staff
from station.staff import Staff
from station.web import COOKIE
from tests.world import HUB, NEIGHBOUR, PASSWORD, TOWNSHIP, TRAINED, VILLAGE, Visitor, World

NEW = Staff("V003", "刘平", VILLAGE, frozenset({"village_clerk"}), trained_on=TRAINED)


@pytest.fixture
def code(city: World) -> str:
    """The start code of somebody new, of whom the village has heard."""
    hub = city[HUB].parts
    drawn = staff.add(hub.store, hub.identity.signer, NEW, hub.random)
    city.sync(TOWNSHIP, VILLAGE)
    return drawn


def changed(city: World, person: Staff) -> None:
    hub = city[HUB].parts
    staff.change(hub.store, hub.identity.signer, person)


def renewed(city: World, number: str) -> str:
    hub = city[HUB].parts
    return staff.new_code(hub.store, hub.identity.signer, number, hub.random)


def left(city: World, number: str) -> None:
    hub = city[HUB].parts
    staff.leave(hub.store, hub.identity.signer, number, city.time(), city.time())


def test_a_start_code_leads_to_the_choice_of_a_password_and_on(city: World, code: str) -> None:
    clerk = city.visit(VILLAGE).sign_in("V003", code)
    assert clerk.path == "/sign-in/password"
    assert "刘平" in clerk.page
    clerk.send("/sign-in/password", password="battery staple", again="battery staple")
    assert (clerk.path, clerk.status) == ("/", 200)
    assert city.visit(VILLAGE).sign_in("V003", "battery staple").path == "/"


def test_until_a_password_is_chosen_nothing_else_opens(city: World, code: str) -> None:
    clerk = city.visit(VILLAGE).sign_in("V003", code)
    for path in ("/", "/items", "/cases", "/sync", "/sign-in/go-on"):
        clerk.open(path)
        assert clerk.path == "/sign-in", path
    assert clerk.open("/sign-in/password") and clerk.path == "/sign-in/password", "the choice is still open"


def test_the_page_of_the_choice_opens_to_nobody_else(city: World) -> None:
    stranger = city.visit(VILLAGE)
    stranger.open("/sign-in/password")
    assert stranger.path == "/sign-in"
    stranger.send("/sign-in/password", password="battery staple", again="battery staple")
    assert stranger.path == "/sign-in"
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open("/sign-in/password")
    assert clerk.path == "/sign-in"
    assert city.visit(VILLAGE).sign_in("V001").path == "/", "the password is as it was"


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "short", "密码至少 8 位"),
        ("battery staple", "battery stapel", "两次输入的密码不一样"),
        ("", "", "密码至少 8 位"),
        ("the code", "the code", "密码不能用启用码或工号"),
    ],
)
def test_a_password_that_will_not_do_is_asked_for_again(
    city: World, code: str, password: str, again: str, said: str
) -> None:
    clerk = city.visit(VILLAGE).sign_in("V003", code)
    given = {"password": password, "again": again}
    if password == "the code":
        given = dict.fromkeys(given, code.lower())
    assert said in clerk.send("/sign-in/password", **given)
    assert clerk.status == 422
    clerk.send("/sign-in/password", password=PASSWORD, again=PASSWORD)
    assert clerk.path == "/"


def test_a_code_works_once_where_a_password_was_chosen(city: World, code: str) -> None:
    slow = city.visit(VILLAGE).sign_in("V003", code)
    assert city.visit(VILLAGE).take_up("V003", code).path == "/"
    again = city.visit(VILLAGE).sign_in("V003", code)
    assert again.status == 403
    slow.send("/sign-in/password", password="another one", again="another one")
    assert slow.path == "/sign-in", "who was slower chooses no password over the other's"
    assert city.visit(VILLAGE).sign_in("V003").path == "/"


def test_the_choice_is_open_for_half_an_hour(city: World, code: str) -> None:
    clerk = city.visit(VILLAGE).sign_in("V003", code)
    city.time.pass_(minutes=31)
    clerk.send("/sign-in/password", password=PASSWORD, again=PASSWORD)
    assert clerk.path == "/sign-in"


def test_a_code_is_guessed_as_slowly_as_a_password(city: World, code: str) -> None:
    for _ in range(5):
        assert "工号或密码不对" in city.visit(VILLAGE).sign_in("V003", "K3V7-Q2MH-8RTY-0ZB4").page
    assert "秒后再试" in city.visit(VILLAGE).sign_in("V003", code).page


def test_a_code_opens_nothing_where_its_owner_does_not_work(city: World, code: str) -> None:
    city.carry(NEIGHBOUR)
    city.carry(TOWNSHIP)
    for where in (NEIGHBOUR, TOWNSHIP, HUB):
        clerk = city.visit(where).sign_in("V003", code)
        assert clerk.status == 403
        assert "您的工号不属于本站" in clerk.page


def test_nobody_is_known_whom_the_hub_did_not_appoint(city: World) -> None:
    village = city[VILLAGE].parts
    forged = {"_id": "staff:V009", "type": "staff", "schema": 1, "employee_no": "V009", "status": "active"}
    village.store.database("public").put(forged)
    assert village.appointments.staff("V009") is None
    assert city.visit(VILLAGE).sign_in("V009").status == 403


# -- what changes ------------------------------------------------------------------------------------------------------


def clerk_of(city: World, code: str) -> Visitor:
    return city.visit(VILLAGE).take_up("V003", code)


def test_a_new_code_voids_the_password_and_the_session_of_the_old_one(city: World, code: str) -> None:
    clerk = clerk_of(city, code)
    again = renewed(city, "V003")
    assert clerk.open("/cases") and clerk.path == "/cases", "the village has not heard of it yet"
    city.sync(TOWNSHIP, VILLAGE)
    assert clerk.open("/cases") and clerk.path == "/sign-in"
    assert city.visit(VILLAGE).sign_in("V003").status == 403
    assert city.visit(VILLAGE).sign_in("V003", code).status == 403
    assert city.visit(VILLAGE).take_up("V003", again, "battery staple").path == "/"


def test_whose_rights_were_narrowed_signs_in_anew_with_the_same_password(city: World, code: str) -> None:
    clerk = clerk_of(city, code)
    assert clerk.open("/items") and clerk.path == "/items"
    changed(city, replace(NEW, roles=frozenset({"auditor"})))
    city.sync(TOWNSHIP, VILLAGE)
    assert clerk.open("/items") and clerk.path == "/sign-in"
    clerk.sign_in("V003")
    clerk.open("/cases")
    assert clerk.status == 403


def test_who_moves_to_another_station_is_let_in_here_no_more(city: World, code: str) -> None:
    clerk_of(city, code)
    changed(city, replace(NEW, station=NEIGHBOUR))
    city.sync(TOWNSHIP, VILLAGE)
    assert "您的工号不属于本站" in city.visit(VILLAGE).sign_in("V003").page


def test_who_left_is_out_at_the_next_contact(city: World, code: str) -> None:
    clerk = clerk_of(city, code)
    left(city, "V003")
    city.sync(TOWNSHIP, VILLAGE)
    assert clerk.open("/cases") and clerk.path == "/sign-in"
    assert "工号或密码不对" in city.visit(VILLAGE).sign_in("V003").page


def test_who_left_opens_the_stations_key_no_more(city: World, code: str) -> None:
    village = city[VILLAGE].parts
    wraps = village.settings.data / "wraps.json"
    clerk_of(city, code)
    assert '"V003"' in wraps.read_text()
    left(city, "V003")
    city.sync(TOWNSHIP, VILLAGE)
    assert '"V003"' not in wraps.read_text()
    assert '"V001"' in wraps.read_text()
    assert village.store.database("here").get("account:V003") is None


def test_a_voided_password_opens_the_stations_key_no_more(city: World, code: str) -> None:
    wraps = city[VILLAGE].parts.settings.data / "wraps.json"
    clerk_of(city, code)
    again = renewed(city, "V003")
    city.sync(TOWNSHIP, VILLAGE)
    assert '"V003"' not in wraps.read_text()
    city.visit(VILLAGE).take_up("V003", again)
    assert '"V003"' in wraps.read_text()


def test_an_examiner_who_left_decides_nothing_though_their_page_is_still_open(city: World) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    kept = examiner.client.cookies[COOKIE]
    left(city, "E001")
    before = city[HUB].parts.store.update_seq
    examiner.client.cookies.set(COOKIE, kept, domain="127.0.0.1")
    examiner.send("/desk/" + VILLAGE + "201802090001X/claim")
    assert examiner.path == "/sign-in"
    assert city.visit(HUB).sign_in("E001").status == 403
    assert city[HUB].parts.store.update_seq == before
