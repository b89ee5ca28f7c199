"""A citizen's way in a real browser: apply from home, ask how it stands, mend what was returned, and hear that it was received."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import browser, picture, sign_in, window
from tests.hub.test_online import APPLY, ITEM, REQUIRED
from tests.scans import pdf
from tests.world import HUB, small_city


@pytest.mark.browser
def test_a_citizen_applies_from_home_is_returned_mends_it_and_asks_how_it_stands(
    tmp_path: Path, chromium: str
) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        home, desk = window(started, strangers), window(started, strangers)
        home.goto(f"{city[HUB].url}/services")
        home.get_by_label("查找事项").fill(ITEM.name)
        home.keyboard.press("Enter")
        home.get_by_role("link", name=ITEM.name, exact=True).click()
        home.get_by_role("link", name="网上申请").click()
        assert home.url.endswith(APPLY)
        for label, typed in (
            ("姓名", "赵小明"),
            ("身份证号码", "510903199003070012"),
            ("联系电话", "13800001234"),
            ("住址", "三组12号"),
        ):
            home.get_by_label(label).fill(typed)
        home.get_by_role("button", name="提交申请").click()
        expect(home.get_by_text("还没有上传：")).to_be_visible()
        picture(home, "70-online-missing")
        for n in REQUIRED:
            choose(home, n, seed=n)
        home.get_by_label("我已知晓").check()
        home.get_by_role("button", name="提交申请").click()
        expect(home.get_by_text("已提交，等待预审")).to_be_visible()
        picture(home, "71-online-sent")
        case_no, code = home.locator("dd.bm-no").all_inner_texts()

        sign_in(desk, city, HUB, "E001")
        desk.goto(f"{city[HUB].url}/cases/{case_no}")
        desk.get_by_role("button", name="取为我办").or_(
            desk.locator("form[action$='/claim'] button")
        ).first.click()
        returning = desk.locator("form[action$='/pre_review_return']")
        if not returning.is_visible():
            desk.locator("details:has(form[action$='/pre_review_return']) > summary").click()
        returning.get_by_label("理由").fill("申请表没有签名")
        returning.locator("[name=gaps]").fill("申请表签名后重新上传")
        returning.get_by_role("button").click()
        desk.wait_for_url(f"**/cases/{case_no}")

        ask(home, city[HUB].url, case_no, code)
        home.get_by_role("link", name="预审已退回").click()
        home.get_by_label("办件编号").fill(case_no)
        home.get_by_label("查询码").fill(code)
        home.get_by_role("button", name="打开").click()
        expect(home.get_by_text("申请表签名后重新上传")).to_be_visible()
        picture(home, "72-online-returned")
        choose(home, REQUIRED[0], seed=99)
        home.get_by_role("button", name="重新提交").click()
        expect(home.get_by_text("已重新提交，等待预审")).to_be_visible()

        desk.goto(f"{city[HUB].url}/cases/{case_no}")
        desk.locator("form[action$='/pre_review_pass'] button").click()
        desk.wait_for_url(f"**/cases/{case_no}")
        ask(home, city[HUB].url, case_no, code)
        expect(home.locator("#answer")).to_contain_text("已收件")
        picture(home, "73-online-received")
    assert strangers == []


def choose(page: Page, material: int, seed: int) -> None:
    file = {"name": "材料.pdf", "mimeType": "application/pdf", "buffer": pdf(600, seed=seed)}
    page.locator(f"#scan-{material}").set_input_files([file])


def ask(page: Page, hub: str, case_no: str, code: str) -> None:
    page.goto(f"{hub}/query")
    page.get_by_label("办件编号").fill(case_no)
    page.get_by_label("查询码").fill(code)
    page.get_by_role("button", name="查询").click()
