"""The supervisor's way in a real browser: from a rule to a card that was put right."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import browser, picture, sign_in, window
from tests.hub.test_supervision import overdue
from tests.world import HUB, small_city


@pytest.mark.browser
def test_a_supervisor_takes_a_card_from_its_rule_to_rectified(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        overdue(city)
        supervisor, bureau = window(started, strangers), window(started, strangers)
        sign_in(supervisor, city, HUB, "S001")
        supervisor.get_by_role("link", name="效能监察").click()
        supervisor.get_by_role("button", name="按规则核查").click()
        expect(supervisor.get_by_text("应办结日期").first).to_be_visible()
        picture(supervisor, "80-supervision-proposals")
        supervisor.get_by_role("button", name="发牌").first.click()
        supervisor.get_by_role("link", name="待答复 1").click()
        picture(supervisor, "81-supervision-issued")

        sign_in(bureau, city, HUB, "E001")
        bureau.get_by_role("link", name="监察牌").click()
        bureau.locator("tbody a").first.click()
        bureau.get_by_label("答复内容").fill("材料须现场核验，未及时登记特别程序")
        bureau.get_by_role("button", name="答复").click()
        expect(bureau.get_by_text("已答复")).to_be_visible()

        supervisor.get_by_role("link", name="待裁定").click()
        supervisor.locator("tbody a").first.click()
        picture(supervisor, "82-supervision-answered")
        supervisor.get_by_label("维持的理由").fill("特别程序应当登记")
        supervisor.get_by_role("button", name="维持").click()

        bureau.reload()
        bureau.get_by_label("整改措施和结果").fill("已补登记并培训窗口人员")
        bureau.get_by_role("button", name="报告整改").click()
        expect(bureau.get_by_text("已整改")).to_be_visible()
        supervisor.reload()
        expect(supervisor.get_by_text("已整改")).to_be_visible()
        picture(supervisor, "83-supervision-rectified")
    assert strangers == []
