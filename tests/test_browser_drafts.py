"""What a clerk types is kept while they type it, in a real browser: reloaded, left, and with the program stopped in between."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.browser import browser, picture, sign_in, window
from tests.scans import photo
from tests.test_journey import INSTANT, PERMIT
from tests.world import VILLAGE, World, application, small_city


def record_somebody(city: World) -> None:
    """From now on the village knows 赵小明."""
    before = city.visit(VILLAGE).sign_in("V001")
    before.open(f"/items/{PERMIT.item_code}/record")
    before.send(f"/items/{PERMIT.item_code}/record", **application(before.form))


@pytest.mark.browser
def test_a_draft_is_kept_while_it_is_typed_and_the_keyboard_alone_saves_it(
    tmp_path: Path, chromium: str
) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        clerk = window(started, strangers)
        sign_in(clerk, city, VILLAGE, "V001")
        clerk.goto(f"{city[VILLAGE].url}/items/{PERMIT.item_code}/record")
        keys = clerk.keyboard
        expect(clerk.get_by_label("姓名")).to_be_focused()
        with clerk.expect_response(lambda each: "赵小明" in unquote(each.request.post_data or "")):
            keys.type("赵小明")
        expect(clerk.get_by_text("已存草稿")).to_be_visible()
        clerk.reload()
        expect(clerk.get_by_label("姓名")).to_have_value("赵小明")
        clerk.get_by_label("姓名").focus()
        keys.press("Enter")
        expect(clerk.get_by_label("身份证号码")).to_be_focused()
        keys.type("510903199003070012")
        keys.press("Enter")
        keys.type("13800001234")
        keys.press("Enter")
        keys.type("三组12号")
        first = clerk.get_by_label("扫描件或照片").first
        first.set_input_files(
            [{"name": "身份证.jpg", "mimeType": "image/jpeg", "buffer": photo(width=300, height=200)}]
        )
        expect(clerk.locator("#kept-1").get_by_text("身份证.jpg")).to_be_visible()
        assert first.input_value() == "", "it is at the server, and is not sent again"
        picture(clerk, "50-record-draft")

        city.take_down(VILLAGE)
        clerk.get_by_label("住址").fill("四组1号")
        expect(clerk.get_by_text("没有存上")).to_be_visible()
        picture(clerk, "51-record-not-kept")
    assert strangers == []


@pytest.mark.browser
def test_the_keyboard_alone_finds_a_known_person_and_saves(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        record_somebody(city)
        clerk = window(started, strangers)
        sign_in(clerk, city, VILLAGE, "V001")
        keys = clerk.keyboard
        expect(clerk.get_by_label("查找事项")).to_be_focused()
        keys.type(INSTANT.name)
        expect(clerk.get_by_role("link", name=f"登记：{INSTANT.name}").first).to_be_visible()
        keys.press("ArrowDown")
        keys.press("Tab")
        keys.press("Enter")
        expect(clerk.get_by_label("姓名")).to_be_focused()
        keys.type("zxm")
        expect(clerk.locator("#people button")).to_have_count(1)
        with clerk.expect_response(lambda each: "name=zxm" in (each.request.post_data or "")) as kept:
            keys.press("ArrowDown")
        kept.value.finished()
        expect(clerk.locator("#people button")).to_be_focused()
        keys.press("Enter")
        expect(clerk.get_by_label("身份证号码")).to_have_value("510903199003070012")
        expect(clerk.get_by_text("号码无误：男")).to_be_visible()
        clerk.wait_for_load_state()  # until the page's script runs, Enter sends the form
        clerk.get_by_label("姓名").focus()
        while not clerk.evaluate("document.activeElement.id === 'privacy_notice'"):
            keys.press("Enter")
            if clerk.evaluate("document.activeElement.type === 'checkbox'"):
                keys.press("Space")
        keys.press("Enter")
        expect(clerk.get_by_text("已保存在本机")).to_be_visible()
    assert strangers == []


@pytest.mark.browser
def test_whoever_has_gone_into_the_list_of_people_stays_there_when_it_is_answered_once_more(
    tmp_path: Path, chromium: str
) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        record_somebody(city)
        clerk = window(started, strangers)
        sign_in(clerk, city, VILLAGE, "V001")
        clerk.goto(f"{city[VILLAGE].url}/items/{PERMIT.item_code}/record")
        name, found = clerk.get_by_label("姓名"), clerk.locator("#people button")
        name.press_sequentially("赵小")
        expect(found).to_have_count(1)
        people = clerk.locator("#people")
        people.evaluate("each => each.dataset.shown = 'before'")
        name.press_sequentially("明")
        clerk.keyboard.press("ArrowDown")  # leaving the field saves it, and the list is answered
        expect(people).not_to_have_attribute("data-shown", "before")
        expect(found).to_be_focused()
    assert strangers == []
