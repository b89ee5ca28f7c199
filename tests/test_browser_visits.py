"""An unannounced visit in a real browser: planned, carried out, released; put right where it was, by the village's own clerk; and somebody
held to account for what was found.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import browser, picture, sign_in, window
from tests.world import HUB, TOWNSHIP, VILLAGE, small_city


@pytest.mark.browser
def test_a_visit_goes_from_its_plan_to_what_was_put_right_and_who_answers_for_it(
    tmp_path: Path, chromium: str
) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        supervisor, clerk = window(started, strangers), window(started, strangers)
        sign_in(supervisor, city, HUB, "S001")
        supervisor.get_by_role("link", name="效能监察").click()
        supervisor.get_by_role("link", name="明查暗访").click()
        supervisor.get_by_text("安排检查").click()
        supervisor.get_by_label("检查方式").select_option(label="暗访")
        supervisor.get_by_label("被查单位").fill("没有这个村")
        supervisor.get_by_label("检查日期").fill("2018-02-09")
        supervisor.get_by_label("检查人员").fill("S001、李明")
        supervisor.get_by_label("检查事由").fill("有人反映下午没有人")
        supervisor.get_by_role("button", name="安排", exact=True).click()
        expect(supervisor.get_by_role("alert")).to_contain_text("没有这个单位")
        expect(supervisor.get_by_label("检查事由")).to_have_value("有人反映下午没有人")
        supervisor.get_by_label("被查单位").fill(VILLAGE)
        supervisor.get_by_role("button", name="安排", exact=True).click()
        expect(supervisor.get_by_text("未公布")).to_be_visible()

        supervisor.get_by_label("问题类别").select_option(index=1)
        supervisor.get_by_label("问题说明").fill("下午两点无人")
        supervisor.get_by_role("button", name="记下这个问题").click()
        expect(supervisor.get_by_text("下午两点无人")).to_be_visible()
        supervisor.get_by_label("检查结论").fill("限期整改")
        supervisor.get_by_role("button", name="结束检查").click()
        picture(supervisor, "84-visit-done")

        city.sync(VILLAGE, TOWNSHIP, VILLAGE)
        sign_in(clerk, city, VILLAGE, "V001")
        clerk.goto(f"{city[VILLAGE].url}/inspections")
        expect(clerk.get_by_text("还没有巡查和检查记录。")).to_be_visible()

        supervisor.get_by_role("button", name="公布给被查单位").click()
        expect(supervisor.get_by_text("未公布")).to_have_count(0)
        city.sync(VILLAGE, TOWNSHIP, VILLAGE)
        clerk.reload()
        expect(clerk.get_by_text("待整改 1 项")).to_be_visible()
        clerk.locator("tbody a").first.click()
        clerk.get_by_label("怎样整改、结果如何").fill("已安排两人轮岗")
        clerk.get_by_role("button", name="报告整改").click()
        expect(clerk.get_by_text("已安排两人轮岗")).to_be_visible()
        picture(clerk, "85-visit-put-right")

        city.sync(VILLAGE, TOWNSHIP)
        supervisor.reload()
        expect(supervisor.get_by_text("已安排两人轮岗")).to_be_visible()
        supervisor.get_by_role("link", name="追究责任").click()
        supervisor.get_by_label("责任人工号").fill("V001")
        supervisor.get_by_label("处理方式").select_option(label="约谈")
        supervisor.get_by_role("button", name="作出决定").click()
        expect(supervisor.get_by_role("alert")).to_be_visible()
        supervisor.get_by_label("理由").fill("多次脱岗")
        supervisor.get_by_role("button", name="作出决定").click()
        expect(supervisor.get_by_role("row", name="王芳（V001）")).to_contain_text("多次脱岗")
        picture(supervisor, "89-accountability")
    assert strangers == []
