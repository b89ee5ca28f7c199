"""Between units, in a real browser: a village asks its township and has its answer; the township's duty on a day off; and a bureau's
results on their way to the department whose items they were.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import browser, picture, sign_in, window
from tests.hub.test_liaison import ITEM, concluded
from tests.world import HUB, TOWNSHIP, VILLAGE, small_city

ASKED = (
    "材料预审中发现三组四户的宅基地权属登记与现场不一致，请明确踏勘时间，并告知由哪一方通知申请人到场。" * 4
)


@pytest.mark.browser
def test_a_village_asks_its_township_and_reads_the_answer(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        clerk, township = window(started, strangers), window(started, strangers)
        sign_in(clerk, city, VILLAGE, "V001")
        clerk.get_by_role("link", name="监察牌").click()
        clerk.get_by_role("link", name="协调联动").click()
        expect(clerk.get_by_text("没有协调事项。")).to_be_visible()
        clerk.get_by_text("提出协调事项").click()
        clerk.get_by_label("受理单位").select_option(TOWNSHIP)
        clerk.get_by_role("textbox", name="协调事项").fill(ASKED)
        clerk.get_by_label("答复期限").fill("后天")
        clerk.get_by_role("button", name="提出").click()
        expect(clerk.get_by_role("alert")).to_be_visible()
        expect(clerk.get_by_role("textbox", name="协调事项")).to_have_value(ASKED)
        clerk.get_by_label("答复期限").fill("")
        clerk.get_by_role("button", name="提出").click()
        expect(clerk.get_by_text("还剩 5 个工作日")).to_be_visible()
        picture(clerk, "86-coordination-asked")

        city.sync(VILLAGE)
        sign_in(township, city, TOWNSHIP, "T001")
        township.goto(f"{city[TOWNSHIP].url}/coordination")
        township.get_by_label("答复内容").fill("周三上午，由镇上通知")
        township.get_by_role("button", name="保存答复").click()
        expect(township.get_by_text("已答复")).to_be_visible()

        township.get_by_role("link", name="节假日值班").click()
        first = township.locator("tbody tr").first
        first.get_by_label("值班人员").fill("T001、李明")
        first.get_by_label("值班时间").fill("9:00–12:00")
        first.get_by_role("button", name="保存").click()
        expect(township.locator("tbody tr").first).to_contain_text("李明 · 9:00–12:00")
        picture(township, "87-roster")

        city.sync(VILLAGE)
        clerk.reload()
        expect(clerk.get_by_text("周三上午，由镇上通知")).to_be_visible()
    assert strangers == []


@pytest.mark.browser
def test_a_bureau_sends_results_to_the_department_and_settles_its_doubt(
    tmp_path: Path, chromium: str
) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        cases = concluded(city)
        examiner = window(started, strangers)
        sign_in(examiner, city, HUB, "E001")
        examiner.get_by_role("link", name="结果推送").click()
        waiting = examiner.get_by_role("row", name=ITEM.department)
        waiting.get_by_role("button", name="生成推送单").click()
        expect(examiner.get_by_text("待签收")).to_be_visible()
        expect(examiner.locator("tbody tr")).to_have_count(len(cases))

        examiner.get_by_label("主管部门签收人").fill("农业局 何静")
        examiner.get_by_role("button", name="登记签收").click()
        expect(examiner.get_by_text("农业局 何静")).to_be_visible()
        row = examiner.get_by_role("row", name=cases[1])
        row.get_by_text("登记异议").click()
        row.get_by_label("异议内容").fill("未附现场照片")
        row.get_by_role("button", name="保存").click()
        row.get_by_label("核查结果").fill("照片在案，已补送")
        row.get_by_role("button", name="回复").click()
        expect(row).to_contain_text("照片在案，已补送")
        picture(examiner, "88-push-settled")
    assert strangers == []
