"""The centre's office in a real browser: a month's bulletin from its figures to signed, read at a village, and what is otherwise since."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import browser, picture, sign_in, window
from tests.hub.test_bulletins import FILLED, worked
from tests.world import HUB, TOWNSHIP, VILLAGE, small_city


@pytest.mark.browser
def test_a_bulletin_goes_from_the_figures_to_the_village_and_its_receipt_comes_back(
    tmp_path: Path, chromium: str
) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        worked(city)
        office, head, clerk = (window(started, strangers) for _ in range(3))

        sign_in(office, city, HUB, "S001")
        office.get_by_role("link", name="通报通知").click()
        office.get_by_label("月通报").fill("2018-02")
        office.get_by_role("button", name="按数据生成").nth(1).click()
        expect(office.get_by_text("正文中还有")).to_be_visible()
        picture(office, "95-bulletin-made")
        text = office.get_by_label("正文")
        text.fill(text.input_value().replace("（请填写）", FILLED))
        office.get_by_role("button", name="保存草稿").click()
        expect(office.get_by_text("请另一位负责人打开本页签发")).to_be_visible()

        sign_in(head, city, HUB, "S009")
        head.goto(office.url)
        head.get_by_role("button", name="签发").click()
        expect(head.get_by_text("0 个单位已阅")).to_be_visible()
        city.sync(TOWNSHIP, VILLAGE)

        sign_in(clerk, city, VILLAGE, "V001")
        clerk.get_by_role("link", name="通知").click()
        clerk.get_by_role("link", name="遂宁市政务服务工作情况通报（2018年2月）").click()
        expect(clerk.get_by_text(FILLED)).to_be_visible()
        picture(clerk, "96-bulletin-at-a-village")
        clerk.get_by_role("button", name="已阅，发回执").click()
        expect(clerk.get_by_text("未阅")).to_have_count(0)

        city.sync(VILLAGE, TOWNSHIP)
        head.reload()
        expect(head.get_by_text("1 个单位已阅")).to_be_visible()
        picture(head, "97-bulletin-receipts")
    assert strangers == []
