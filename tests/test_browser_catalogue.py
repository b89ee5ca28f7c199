"""The catalogue editor's way in a real browser: a version is drafted and mended, a second person publishes it, and a village shows it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import browser, picture, sign_in, window
from tests.catalogue import LAW
from tests.test_journey import PERMIT
from tests.world import HUB, TOWNSHIP, VILLAGE, small_city


@pytest.mark.browser
def test_an_editor_drafts_another_publishes_and_a_village_shows_the_new_version(
    tmp_path: Path, chromium: str
) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        editor, second, clerk = (window(started, strangers) for _ in range(3))
        sign_in(editor, city, HUB, "C001")
        editor.get_by_role("link", name="事项目录").click()
        editor.get_by_label("查找事项").fill(PERMIT.item_code)
        editor.keyboard.press("Enter")
        editor.get_by_role("link", name=PERMIT.name, exact=True).click()
        editor.get_by_role("button", name="起草新版").click()
        expect(editor.get_by_text("请填写生效日期")).to_be_visible()
        picture(editor, "60-catalogue-draft")
        fill(editor, city.time.now.date() + timedelta(days=3))
        editor.get_by_role("button", name="保存草稿并检查").click()
        expect(editor.get_by_text("“新式申请书”没有法律依据")).to_be_visible()
        editor.get_by_label("法律依据").first.fill(LAW)
        editor.get_by_role("button", name="保存草稿并检查").click()
        expect(editor.get_by_text("没有发现问题")).to_be_visible()
        expect(editor.get_by_role("button", name="发布第 2 版")).to_have_count(0)

        sign_in(second, city, HUB, "C002")
        second.get_by_role("link", name="事项目录").click()
        second.get_by_role("link", name="草稿 1").click()
        second.get_by_role("link", name="第 2 版草稿").click()
        picture(second, "61-catalogue-review")
        second.get_by_role("button", name="发布第 2 版").click()
        expect(second.get_by_text("第 2 版已经发布")).to_be_visible()
        picture(second, "62-catalogue-published")

        city.sync(TOWNSHIP, VILLAGE)
        city.time.now += timedelta(days=3)
        sign_in(clerk, city, VILLAGE, "V001")
        clerk.goto(f"{city[VILLAGE].url}/items/{PERMIT.item_code}")
        expect(clerk.get_by_text("第 2 版")).to_be_visible()
        expect(clerk.get_by_text("新式申请书")).to_be_visible()
        clerk.get_by_role("link", name="开始登记").click()
        expect(clerk.get_by_text("新式申请书")).to_be_visible()
        picture(clerk, "63-village-new-version")
    assert strangers == []


def fill(page: Page, starts: object) -> None:
    """One step, one paper, and from when on."""
    page.get_by_label("环节").first.fill("受理")
    page.get_by_label("办理岗位").first.fill("窗口人员")
    page.get_by_label("工作日", exact=True).first.fill("1")
    names = page.get_by_label("材料名称")
    for n in range(names.count()):
        names.nth(n).fill("")
    names.first.fill("新式申请书")
    page.get_by_label("法律依据").first.fill("")
    for label, said in (("办理地点", "三号窗口"), ("办公时间", "工作日"), ("咨询电话", "0825-2310000")):
        page.get_by_label(label).fill(said)
    page.get_by_label("生效日期").fill(str(starts))
