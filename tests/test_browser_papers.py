"""Papers and posters on real A4 sheets: chromium prints a sheet each; what is longer goes on, and none begins on another's."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page

from schemas import offers, tables
from tests.browser import browser, picture, sign_in, window
from tests.station.test_papers import CONCLUDED, driven
from tests.world import BUREAU, HUB, small_city

A4 = (595, 842)


def printed(page: Page, url: str, kept: str = "") -> list[tuple[int, int]]:
    """The sizes of the sheets, in points. `kept`: as what a picture of them is kept."""
    page.goto(url)
    page.emulate_media(media="print")
    if kept:
        picture(page, kept)
    pdf = page.pdf(prefer_css_page_size=True)
    page.emulate_media(media="screen")
    boxes = re.findall(rb"/Type /Page\b.*?/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf, re.DOTALL)
    return [(round(float(width)), round(float(height))) for width, height in boxes]


@pytest.mark.browser
def test_each_paper_and_poster_begins_on_a_sheet_of_its_own_and_a_long_paper_goes_on(
    tmp_path: Path, chromium: str
) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        gaps = [f"第{n}项材料" + "内容不完整" * 8 for n in range(1, 41)]
        long = driven(city, (("E001", "notify_supplement", {"gaps": gaps}),))
        whole = driven(city, (*CONCLUDED, ("E001", "deliver", {"receiver": "赵小明"})))
        page = window(started, strangers)
        sign_in(page, city, HUB, "E001")
        # The receipt too, with the notice on personal data.
        assert printed(page, f"{city[HUB].url}/cases/{whole}/papers", "papers") == [A4] * 6
        assert printed(page, f"{city[HUB].url}/cases/{long}/papers/supplement", "paper-long") == [A4] * 3
        # A poster is one sheet whatever the item asks for.
        zones = Counter(item.zone for item, _ in offers.offers(tables.station(BUREAU)) if item.zone)
        for zone, count in zones.items():
            assert printed(page, f"{city[HUB].url}/posters?zone={zone}") == [A4] * count
        page.goto(f"{city[HUB].url}/cases/{whole}")
        page.get_by_role("link", name="打印全部文书").click()
        assert page.locator("article.bm-paper").count() == 6
    assert strangers == []
