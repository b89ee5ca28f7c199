"""The walking city as two people see it: a clerk at a cut-off village, an examiner in a second window.

Real processes, a real browser, the hub switched off while the clerk records.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hub.demo.city import City, Server
from schemas import tables
from tests.browser import browser, picture, window

ITEM = next(
    each
    for each in tables.items().values()
    if each.division_code == "510903" and each.category_code != "01" and not each.instant
)


def sign_in(page: Page, server: Server, employee_no: str, password: str) -> None:
    page.goto(server.url)
    page.get_by_label("工号").fill(employee_no)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def take(page: Page, step: str, **fields: str) -> None:
    """Opens the step's box, fills its fields, confirms; what has nothing to fill is one click."""
    if not fields and page.get_by_role("button", name=step, exact=True).count():
        page.get_by_role("button", name=step, exact=True).click()
        return
    box = page.locator("details", has=page.get_by_text(step, exact=True))
    if not box.evaluate("box => box.open"):
        box.locator("summary").click()
    for label, text in fields.items():
        box.get_by_label(label).fill(text)
    box.get_by_role("button", name=f"确认：{step}", exact=True).click()


@pytest.mark.browser
def test_a_clerk_records_with_the_hub_off_and_sees_the_decision_after_it_is_on(
    tmp_path: Path, chromium: str
) -> None:
    city = City(tmp_path, interval=0.5)
    village = next(
        each for each in city.stations if each.code[:6] == "510903" and not each.code.endswith("000")
    )
    township = next(each for each in city.stations if each.code == village.code[:9] + "000")
    strangers: list[str] = []
    try:
        city.prepare()
        city.start([village, township])
        with browser(chromium) as started:
            clerk = window(started, strangers)
            sign_in(clerk, village, village.who[0][0], city.password)
            picture(clerk, "01-village-home-empty")

            clerk.get_by_role("link", name="登记新办件").click()
            clerk.get_by_label("查找事项").fill(ITEM.name[:4])
            clerk.get_by_role("button", name="查找").click()
            picture(clerk, "02-village-find-item")
            clerk.get_by_role("link", name=ITEM.name).first.click()
            picture(clerk, "03-village-item")
            clerk.get_by_role("link", name="开始登记").click()
            clerk.get_by_label("姓名").fill("赵小明")
            clerk.get_by_label("身份证号码").fill("510903199003070011")
            clerk.get_by_role("button", name="收件并保存").click()
            expect(clerk.get_by_text("身份证号码有误")).to_be_visible()
            picture(clerk, "04-village-record-problems")

            clerk.get_by_label("身份证号码").fill("510903199003070012")
            clerk.get_by_label("联系电话").fill("13800001234")
            clerk.get_by_label("住址").fill("三组12号")
            for box in clerk.get_by_role("checkbox").all():
                box.check()
            clerk.get_by_role("button", name="收件并保存").click()
            expect(clerk.get_by_text("已保存在本机")).to_be_visible()
            expect(clerk.get_by_text("待传 1 件")).to_be_visible()
            picture(clerk, "05-village-saved-offline")
            case_page = clerk.url.split("?")[0]
            clerk.get_by_role("link", name="打印收件凭证").click()
            picture(clerk, "06-village-receipt")

            city.start([city.hub])
            examiner = window(started, strangers)
            sign_in(examiner, city.hub, "E001", city.password)
            row = examiner.get_by_role("link", name=ITEM.name)
            for _ in range(100):
                if row.count():
                    break
                examiner.wait_for_timeout(100)
                examiner.reload()
            picture(examiner, "07-hub-queue")
            row.first.click()
            examiner.get_by_role("button", name="由我办理").click()
            picture(examiner, "08-hub-case-claimed")
            take(examiner, "受理")
            examiner.get_by_role("button", name="由我办理").click()
            take(examiner, "审查通过", 意见="材料齐全，符合法定条件")
            picture(examiner, "09-hub-case-reviewed")
            take(examiner, "准予许可")
            picture(examiner, "10-hub-case-granted")

            clerk.goto(case_page)
            for _ in range(100):
                if clerk.get_by_text("已准予许可").count():
                    break
                clerk.wait_for_timeout(100)
                clerk.reload()
            expect(clerk.get_by_text("已准予许可")).to_be_visible()
            expect(clerk.get_by_text("本站的记录已全部送达市中心")).to_be_visible()
            picture(clerk, "11-village-decision")
            clerk.get_by_role("link", name="今日工作").click()
            picture(clerk, "12-village-home")
            clerk.get_by_role("link", name="同步", exact=True).click()
            picture(clerk, "13-village-sync")
            clerk.get_by_role("button", name="English").click()
            picture(clerk, "14-village-sync-english")
            clerk.goto(case_page)
            picture(clerk, "15-village-case-english")
    finally:
        city.stop()
    assert strangers == [], "a page asked another host for something"
