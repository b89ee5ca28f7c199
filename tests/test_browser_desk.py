"""The bureau's people and the centre's office in a real browser: who heads a zone gives out cases, an examiner works from the queue to the
decision, who heads the bureau extends, and the office has the year's report made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import browser, picture, sign_in, window
from tests.test_browser_journey import take
from tests.test_journey import PERMIT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, small_city


@pytest.mark.browser
def test_the_desk_from_the_queue_to_the_decision_and_the_report(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city, browser(chromium) as started:
        cases = [record(city, PERMIT) for _ in range(2)]
        city.sync(VILLAGE, TOWNSHIP)
        url = city[HUB].url
        zone_head, examiner, bureau_head, office = (window(started, strangers) for _ in range(4))

        sign_in(zone_head, city, HUB, "E002")
        zone_head.goto(f"{url}/desk")
        for case_no in cases:
            zone_head.get_by_label(f"勾选 {case_no}").check()
        zone_head.get_by_label("勾选的件分派给（工号）").fill("E001")
        zone_head.get_by_role("button", name="分派", exact=True).click()
        expect(zone_head.get_by_text("已分派 2 件给")).to_be_visible()
        picture(zone_head, "90-desk-assigned")

        sign_in(examiner, city, HUB, "E001")
        examiner.goto(f"{url}/desk")
        examiner.get_by_role("link", name="我在办的（2）").click()
        examiner.locator(f"a[href='/cases/{cases[0]}']").click()
        picture(examiner, "91-desk-case")
        take(examiner, "受理")
        expect(examiner.locator("[data-state=accepted], [data-state=reviewing]")).to_be_visible()

        sign_in(bureau_head, city, HUB, "B001")
        hold(bureau_head, url, cases[0])
        extending = bureau_head.locator("form[action$='/extend']")
        bureau_head.locator("details:has(form[action$='/extend']) > summary").click()
        extending.locator("[name=days]").fill("5")
        extending.locator("[name=reason]").fill("案情复杂，须补充核查")
        extending.get_by_role("button").click()
        expect(bureau_head.get_by_text("案情复杂，须补充核查")).to_be_visible()
        picture(bureau_head, "92-desk-extended")
        bureau_head.locator("form[action$='/release'] button").first.click()

        # Who accepted does not review alone: a second pair of eyes.
        hold(zone_head, url, cases[0])
        passing = zone_head.locator("form[action$='/pass_step']")
        zone_head.locator("details:has(form[action$='/pass_step']) > summary").click()
        passing.get_by_label("常用语").select_option(label="符合条件")
        expect(passing.locator("[name=opinion]")).to_have_value(re.compile("申请材料齐全，符合法定形式"))
        passing.get_by_role("button").click()
        zone_head.wait_for_load_state()
        take(zone_head, "准予许可", 意见="准予许可")
        expect(zone_head.locator("[data-state=decided]")).to_be_visible()
        picture(zone_head, "93-desk-decided")

        sign_in(office, city, HUB, "S001")
        office.goto(f"{url}/annual?year=2018")
        office.get_by_role("button", name=re.compile("汇总")).click()
        expect(office.get_by_text("按时办结率").first).to_be_visible(timeout=90_000)
        picture(office, "94-annual-report")
    assert strangers == []


def hold(page: Page, url: str, case_no: str) -> None:
    """Takes a case that nobody holds."""
    page.goto(f"{url}/cases/{case_no}")
    page.locator("form[action$='/claim'] button").first.click()
    page.goto(f"{url}/cases/{case_no}")
