"""Screens turned to the public: what they open and what they never do, how they are taken back, and what the next person finds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from station import board
from station.accounts import SCREEN
from tests.rights.tables import PROGRAMS, routes
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import HUB, PASSWORD, VILLAGE, Visitor, World

PUBLIC = ("/touch", "/board", "/screens/leave", "/static", "/bootstrap", "/up", "/language")


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def turned(clerk: Visitor, screen: str = "touch") -> Visitor:
    clerk.open("/screens")
    clerk.send("/screens", screen=screen)
    assert clerk.status == 200, clerk.page
    return clerk


def elsewhere(app: Flask) -> list[tuple[str, str]]:
    return [
        (method, route)
        for method, route in sorted(routes(app))
        if not route.startswith((*PUBLIC, *PROGRAMS)) and method in ("GET", "POST")
    ]


def test_a_screen_opens_the_public_pages_and_nothing_else(city: World, clerk: Visitor) -> None:
    case_no = record(city, PERMIT)
    turned(clerk)
    assert clerk.path == "/touch"
    before = city[VILLAGE].parts.store.update_seq
    token = {"csrf_token": clerk.page.partition('name="csrf_token" value="')[2].partition('"')[0]}
    tried = elsewhere(city[VILLAGE].app)
    assert len(tried) > 80
    for method, route in tried:
        path = (
            route.replace("<case_no>", case_no).replace("<code>", PERMIT.item_code).replace("<kind>", "mine")
        )
        answer = clerk.client.request(method, path, data=token if method == "POST" else None)
        assert answer.status_code in (303, 404, 405), (method, route)
        if answer.status_code == 303:
            assert answer.headers["location"] == "/touch?anew=1", (method, route)
    assert city[VILLAGE].parts.store.update_seq == before


def test_the_session_that_began_it_is_over(city: World, clerk: Visitor) -> None:
    kept = dict(clerk.client.cookies)
    turned(clerk)
    thief = city.visit(VILLAGE)
    thief.client.cookies.update(kept)
    assert "请用本人工号登录" in thief.open("/cases")


def test_whoever_turned_it_takes_it_back_with_their_password_and_nobody_else(clerk: Visitor) -> None:
    turned(clerk).open("/screens/leave")
    assert "工号或密码不对" in clerk.send("/screens/leave", password="wrong", employee_no="T001")
    assert clerk.status == 403
    assert clerk.open("/cases") and clerk.path == "/touch", "still a screen"
    clerk.open("/screens/leave")
    clerk.send("/screens/leave", password=PASSWORD)
    assert (clerk.path, clerk.status) == ("/", 200)
    assert "王芳" in clerk.page


def test_guesses_of_the_password_are_slowed_as_at_sign_in(clerk: Visitor) -> None:
    turned(clerk)
    for _ in range(6):
        clerk.open("/screens/leave")
        clerk.send("/screens/leave", password="wrong")
    assert "秒后再试" in clerk.page


def test_a_screen_says_what_it_is_for(clerk: Visitor) -> None:
    clerk.open("/screens")
    assert "请选择要打开的屏幕" in clerk.send("/screens")
    assert clerk.status == 422
    assert "王芳" in clerk.open("/"), "nothing was turned"


def test_a_screen_stays_on_for_weeks_and_ends_where_it_shows_nothing(city: World, clerk: Visitor) -> None:
    turned(clerk, "board")
    city.time.now += timedelta(days=20)
    assert "办理进度" in clerk.open("/board")
    city.time.now += SCREEN
    assert "请用本人工号登录" in clerk.open("/board")


def test_a_screen_of_somebody_who_signs_out_of_work_shows_no_pages_of_work(
    city: World, clerk: Visitor
) -> None:
    turned(clerk)
    secret = clerk.client.cookies["bianmin_session"]
    accounts = city[VILLAGE].parts.accounts
    assert accounts.session(secret) is None
    assert accounts.locked(secret, timedelta(0)) is None
    assert accounts.choosing(secret) is None
    staff, screen = accounts.screen(secret) or (None, "")
    assert (staff and staff.employee_no, screen) == ("V001", "touch")


def test_each_page_comes_back_after_a_minute(clerk: Visitor) -> None:
    turned(clerk)
    for path in (
        "/touch",
        "/touch/items",
        f"/touch/items/{PERMIT.item_code}",
        "/touch/query",
        "/touch/voice",
    ):
        page = clerk.open(path)
        assert 'data-idle="60" data-to="/touch?anew=1"' in page, path
        assert '<noscript><meta http-equiv="refresh" content="60; url=/touch?anew=1"></noscript>' in page, (
            path
        )
    answer = clerk.client.get("/touch/items/nothing")
    assert (answer.status_code, answer.headers["refresh"]) == (404, "60; url=/touch?anew=1")


def test_staff_who_look_first_are_not_sent_away(clerk: Visitor) -> None:
    assert "data-idle" not in clerk.open("/touch")
    assert "王芳" not in clerk.page, "no name of staff on a page for the public"
    assert "refresh" not in clerk.client.get("/touch/items/nothing").headers


# -- what citizens do ------------------------------------------------------------------------------------------------


def test_an_item_is_found_by_plain_words_and_by_situation(clerk: Visitor) -> None:
    page = turned(clerk).open("/touch/items")
    assert "户口要办哪一样？" in page and "娃儿出生上户口" in page
    assert "户口登记（出生）收件代办" in clerk.open("/touch/items", q="娃儿上户口")
    assert "没有找到“没有这种事”" in clerk.open("/touch/items", q="没有这种事")


def test_a_guide_has_the_eight_disclosures_and_the_telephone(clerk: Visitor) -> None:
    page = turned(clerk).open(f"/touch/items/{PERMIT.item_code}")
    assert page.count("data-field=") == 8
    assert "申报材料" in page and "12345" in page
    assert clerk.open("/touch/items/nothing") and clerk.status == 404


def test_a_case_is_told_by_number_and_code_and_to_nobody_after(city: World, clerk: Visitor) -> None:
    case_no = record(city, PERMIT)
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state
    turned(clerk).open("/touch/query")
    kept = {"csrf_token": clerk.page.partition('name="csrf_token" value="')[2].partition('"')[0]}
    page = clerk.send("/touch/query", case_no=case_no, code=state.query_code)
    assert PERMIT.name in page and "赵**" in page and "赵小明" not in page
    clerk.open("/touch", anew="1")
    again = clerk.client.post("/touch/query", data={**kept, "case_no": case_no, "code": state.query_code})
    assert (again.status_code, again.headers["location"]) == (303, "/touch?anew=1"), (
        "sent again by the next person"
    )
    clerk.open("/touch/query")
    assert "办件编号或查询码不对" in clerk.send("/touch/query", case_no=case_no, code="000000")


def test_the_next_person_finds_the_language_of_the_server(clerk: Visitor) -> None:
    turned(clerk)
    assert "What would you like to do?" in clerk.send("/language/en", next="/touch")
    assert "您想办什么？" in clerk.open("/touch", anew="1")


def test_a_suggestion_needs_no_name_and_reaches_the_station(city: World, clerk: Visitor) -> None:
    turned(clerk).open("/touch/voice")
    assert "请填写诉求内容" in clerk.send("/touch/voice", form=clerk.form, content=" ")
    page = clerk.send("/touch/voice", form=clerk.form, content="希望赶集日多开一个窗口")
    assert "谢谢您的意见" in page
    other = city.visit(VILLAGE).sign_in("V001")
    assert "希望赶集日多开一个窗口" in other.open("/voice")
    assert "意见建议" in other.page and "意见箱" in other.page


def test_who_sends_suggestions_all_afternoon_is_slowed(clerk: Visitor) -> None:
    turned(clerk)
    for n in range(22):
        clerk.open("/touch/voice")
        clerk.send("/touch/voice", form=f"{n:032x}", content=f"意见{n}")
    assert "提交次数太多" in clerk.page and clerk.status == 422


# -- the board -------------------------------------------------------------------------------------------------------


def test_the_board_masks_names_and_turns_its_pages(city: World, clerk: Visitor) -> None:
    made = [record(city, INSTANT) for _ in range(board.ROWS + 2)]
    answer = turned(clerk, "board").client.get("/board")
    assert answer.headers["refresh"] == f"{board.SECONDS}; url=/board?page=2"
    assert answer.text.count("赵**") == board.ROWS
    assert "赵小明" not in answer.text
    assert not any(case_no in answer.text for case_no in made)
    last = clerk.client.get("/board?page=2")
    assert last.text.count("赵**") == 2
    assert last.headers["refresh"] == f"{board.SECONDS}; url=/board?page=1", "and begins anew"


def test_the_board_leaves_out_what_is_old_or_was_taken_back(city: World, clerk: Visitor) -> None:
    taken_back = record(city, INSTANT)
    clerk.open(f"/cases/{taken_back}")
    clerk.send(f"/cases/{taken_back}/undo", reason="登记错了")
    assert clerk.status == 200, clerk.page
    assert "近 30 天没有办件" in clerk.open("/board")
    record(city, INSTANT)
    assert "赵**" in clerk.open("/board")
    city.time.now += timedelta(days=31)
    clerk.sign_in("V001")
    assert "近 30 天没有办件" in clerk.open("/board")


def test_at_the_hub_a_bureau_sees_its_own_window(city: World) -> None:
    record(city, PERMIT)
    examiner = city.visit(HUB).sign_in("E001")
    assert "近 30 天没有办件" in turned(examiner, "board").open("/board")
