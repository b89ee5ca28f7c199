"""A project approved in parallel in a real browser: registered, planned, accepted jointly, answered, told once what it lacks, concluded; seen by its owner."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import browser, picture, sign_in, window
from tests.hub.test_project_pages import FORM
from tests.hub.test_projects import cases, decide, items
from tests.world import HUB, small_city


@pytest.mark.browser
def test_a_project_goes_from_its_registration_to_the_joint_conclusion(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        url = city[HUB].url
        clerk, head, examiner, owner = (window(started, strangers) for _ in range(4))

        sign_in(clerk, city, HUB, "E003")
        clerk.get_by_role("link", name="并联审批").click()
        clerk.get_by_role("link", name="登记项目").click()
        for label, value in (
            ("项目名称", FORM["name"]), ("项目业主", FORM["owner"]), ("统一社会信用代码或身份证号码", FORM["id_no"]), ("联系电话", FORM["phone"]),
            ("专人负责（工号）", "E003"),
        ):  # fmt: skip
            clerk.get_by_label(label).fill(value)
        clerk.get_by_label("VIP项目").check()
        clerk.get_by_role("button", name="登记").click()
        expect(clerk.get_by_text("筹备中")).to_be_visible()
        no = clerk.url.rsplit("/", 1)[1]

        sign_in(head, city, HUB, "B001")
        head.goto(f"{url}/projects/{no}")
        for n, each in enumerate(items(city), 1):
            head.get_by_label(f"第 {n} 项事项").fill(each.item_code)
        head.get_by_label("联合承诺时限").fill("20")
        head.get_by_label("共用材料").fill("营业执照\n项目建议书")
        head.get_by_role("button", name="确认：确定方案").click()
        expect(head.get_by_text("方案已定")).to_be_visible()

        clerk.reload()
        for shared in ("营业执照", "项目建议书"):
            clerk.get_by_label(shared).check()
        clerk.get_by_role("button", name="确认：统一受理").click()
        clerk.get_by_role("button", name="确认：转办").click()
        expect(clerk.get_by_text("审查中")).to_have_count(2)

        sign_in(examiner, city, HUB, "E001")
        examiner.goto(f"{url}/projects/{no}")
        examiner.locator("summary", has_text="出具意见").click()
        examiner.get_by_role("button", name="确认：出具意见").click()
        expect(examiner.get_by_text("同意").first).to_be_visible()

        clerk.reload()
        clerk.locator("summary", has_text="一次性告知补正").click()
        clerk.locator("textarea[name^=gaps]").first.fill("总平面图")
        clerk.get_by_role("button", name="确认：一次性告知补正").click()
        clerk.get_by_role("link", name="打印补正告知书").click()
        expect(clerk.get_by_text("总平面图")).to_be_visible()
        picture(clerk, "98-project-notice")
        clerk.go_back()
        code = (
            clerk.locator("dt", has_text="业主查询码").locator("xpath=following-sibling::dd[1]").inner_text()
        )

        owner.goto(f"{url}/query/project")
        owner.get_by_label("项目编号").fill(no)
        owner.get_by_label("查询码").fill(code)
        owner.get_by_role("button", name="查询").click()
        expect(owner.get_by_text("并联审批中")).to_be_visible()
        picture(owner, "99-project-owner")

        for case_no in cases(city, no):
            decide(city, case_no)
        head.reload()
        head.locator("summary", has_text="统一办结").click()
        head.get_by_role("button", name="确认：统一办结").click()
        expect(head.get_by_text("用时 0 个工作日")).to_be_visible()
    assert strangers == []
