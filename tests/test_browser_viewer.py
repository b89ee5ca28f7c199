"""An examiner looks through the scans of a case with the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from station.files import Scan
from tests import scans
from tests.browser import browser, picture, sign_in, window
from tests.test_journey import PERMIT, record
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, small_city


def shown(page: Page) -> int:
    """The width of the scan that is shown, in pixels of its file; 0 is one that did not load."""
    image = page.locator("img.bm-look")
    expect(image).to_have_js_property("complete", True)
    return int(image.evaluate("image => image.naturalWidth"))


@pytest.mark.browser
def test_the_arrows_go_from_scan_to_scan_and_escape_back_to_the_case(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        case_no = record(city, PERMIT)
        casework = city[VILLAGE].parts.casework
        photos = [
            Scan(1, "正面.jpg", "image/jpeg", scans.photo(width=800, height=600)),
            Scan(1, "反面.jpg", "image/jpeg", scans.photo(width=700, height=500, seed=2)),
            Scan(2, "合同.pdf", "application/pdf", scans.pdf()),
        ]
        casework.attach(case_no, PEOPLE["V001"], photos)
        city.sync(VILLAGE, TOWNSHIP)
        examiner = window(started, strangers)
        sign_in(examiner, city, HUB, "E001")
        examiner.goto(f"{city[HUB].url}/cases/{case_no}")
        examiner.get_by_role("link", name="逐份查看").click()
        expect(examiner.get_by_text("第 1／3 份")).to_be_visible()
        examiner.wait_for_load_state()
        first = shown(examiner)
        picture(examiner, "95-look")
        examiner.keyboard.press("ArrowRight")
        expect(examiner.get_by_text("第 2／3 份")).to_be_visible()
        examiner.wait_for_load_state()
        assert {first, shown(examiner)} == {800, 700}
        examiner.keyboard.press("ArrowRight")
        expect(examiner.get_by_text("第 3／3 份")).to_be_visible()
        expect(examiner.get_by_role("link", name="打开 PDF")).to_be_visible()
        examiner.wait_for_load_state()
        examiner.keyboard.press("ArrowLeft")
        expect(examiner.get_by_text("第 2／3 份")).to_be_visible()
        examiner.wait_for_load_state()
        examiner.keyboard.press("Escape")
        expect(examiner.get_by_role("heading", name="办理过程")).to_be_visible()
    assert strangers == []
