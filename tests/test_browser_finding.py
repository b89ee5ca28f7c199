"""A clerk finds an item with the keyboard alone: plain talk, initials, a question, and a list to take home."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import browser, picture, sign_in, window
from tests.world import VILLAGE, small_city


@pytest.mark.browser
def test_a_clerk_finds_an_item_with_the_keyboard_alone(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        clerk = window(started, strangers)
        sign_in(clerk, city, VILLAGE, "V001")
        clerk.goto(f"{city[VILLAGE].url}/items")
        keys = clerk.keyboard
        expect(clerk.get_by_role("searchbox")).to_be_focused()
        keys.insert_text("盖房子")
        keys.press("Enter")
        expect(clerk.get_by_text("“盖房子” →").first).to_be_visible()
        picture(clerk, "40-find-plain-talk")

        # The box has the focus again; a button follows, then the answers, then what was found.
        expect(clerk.get_by_role("searchbox")).to_be_focused()
        for _ in range(2):
            keys.press("Tab")
        expect(clerk.get_by_role("link", name="申请新的宅基地")).to_be_focused()
        keys.press("Enter")
        expect(clerk.get_by_role("heading", level=1)).to_have_text("农村村民宅基地用地申请审核")
        picture(clerk, "41-find-item")
        clerk.get_by_role("link", name="打印材料清单").focus()
        keys.press("Enter")
        expect(clerk.get_by_role("heading", level=1)).to_have_text("材料清单")
        picture(clerk, "42-find-list-of-materials")

        for asked, name in (
            ("spjyxk", "43-find-initials"),
            ("外地的补偿", "44-find-nothing"),
            ("", "45-find-all"),
        ):
            clerk.goto(f"{city[VILLAGE].url}/items")
            expect(clerk.get_by_role("searchbox")).to_be_focused()
            keys.insert_text(asked)
            keys.press("Enter")
            expect(clerk.get_by_role("searchbox")).to_have_value(asked)
            picture(clerk, name)
        clerk.get_by_role("button", name="English").click()
        clerk.goto(f"{city[VILLAGE].url}/items?q=dibao")
        picture(clerk, "46-find-english")
    assert strangers == []
