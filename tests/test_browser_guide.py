"""The guide for new staff goes on two sheets of A4, in both languages, with nothing cut off."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser import browser, picture, sign_in, window
from tests.world import VILLAGE, small_city


@pytest.mark.browser
def test_the_guide_is_printed_on_two_sheets(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        clerk = window(started, strangers)
        sign_in(clerk, city, VILLAGE, "V001")
        clerk.goto(f"{city[VILLAGE].url}/help")
        clerk.get_by_role("link", name="十分钟上手").click()
        for language in ("zh", "en"):
            picture(clerk, f"48-guide-{language}")
            assert clerk.locator("article h2").count() == 9
            printed = clerk.pdf(format="A4", prefer_css_page_size=True)
            assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
            clerk.get_by_role("button", name="English" if language == "zh" else "中文").click()
    assert strangers == []
