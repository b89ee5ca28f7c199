"""Scans as people see them: a clerk chooses a photo in a real browser, an examiner looks at it, and nothing is shown unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from station.access import Asked
from station.databases import of_station
from station.files import Scan
from tests import scans
from tests.browser import browser, picture, sign_in, window
from tests.payloads import PAYLOADS
from tests.test_journey import PERMIT, record
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, small_city


def shown(page: Page) -> list[int]:
    """The widths of the scans that are shown, in pixels of the files; 0 is one that did not load."""
    found = page.locator("#files details[open] img")
    for image in found.all():
        expect(image).to_have_js_property("complete", True)
    return [int(image.evaluate("image => image.naturalWidth")) for image in found.all()]


@pytest.mark.browser
def test_a_clerk_chooses_a_photo_and_the_examiner_sees_it(tmp_path: Path, chromium: str) -> None:
    photo, contract = tmp_path / "营业执照.jpg", tmp_path / "合同.pdf"
    photo.write_bytes(scans.photo(width=3000, height=2000))
    contract.write_bytes(scans.pdf(60_000))
    strangers: list[str] = []
    with small_city(tmp_path / "city", sockets=True) as city, browser(chromium) as started:
        clerk = window(started, strangers)
        sign_in(clerk, city, VILLAGE, "V001")
        clerk.goto(f"{city[VILLAGE].url}/items/{PERMIT.item_code}/record")
        clerk.locator("#scan-1").set_input_files(photo)
        clerk.locator("#scan-2").set_input_files(contract)
        clerk.get_by_label("姓名").fill("赵小明")
        clerk.get_by_label("身份证号码").fill("510903199003070012")
        clerk.get_by_label("住址").fill("三组12号")
        for box in clerk.locator("input[name^=material-], #privacy_notice").all():
            box.check()
        clerk.get_by_role("button", name="收件并保存").click()
        expect(clerk.get_by_text("请填写 11 位手机号")).to_be_visible()
        expect(clerk.get_by_text("营业执照.jpg")).to_be_visible()
        picture(clerk, "30-scans-kept")
        clerk.get_by_label("联系电话").fill("13800001234")
        clerk.get_by_role("button", name="收件并保存").click()
        expect(clerk.get_by_text("扫描件共 2 份，都在本机")).to_be_visible()
        case_no = clerk.url.split("/")[-1].split("?")[0]

        clerk.locator("#files summary", has_text="添加扫描件").click()
        clerk.locator("#attach-scan").set_input_files(photo)
        clerk.get_by_label("属于哪项材料").select_option("2")
        clerk.get_by_role("button", name="添加", exact=True).click()
        expect(clerk.get_by_text("扫描件共 3 份，都在本机")).to_be_visible()

        city.sync(VILLAGE, TOWNSHIP)
        hub = city[HUB].parts
        examiner = window(started, strangers)
        sign_in(examiner, city, HUB, "E001")
        examiner.goto(f"{city[HUB].url}/cases/{case_no}")
        expect(examiner.get_by_text("扫描件共 3 份，已到齐")).to_be_visible()
        examiner.wait_for_load_state("networkidle")
        assert hub.access.count(Asked(act="file")) == 0, "a page that is opened shows no scan by itself"
        examiner.locator("#files summary", has_text="营业执照.jpg").first.click()
        expect(examiner.locator("#files details[open] img")).to_be_visible()
        assert shown(examiner) == [2000]
        picture(examiner, "31-scan-at-the-hub")
        assert hub.access.count(Asked(act="file", case_no=case_no)) == 1
        with examiner.context.expect_page() as opened:
            examiner.get_by_role("link", name="合同.pdf").click()
        opened.value.wait_for_load_state()
        assert "/files/" in opened.value.url
    assert strangers == []


@pytest.mark.browser
def test_files_on_their_way_are_marked_and_no_name_runs(tmp_path: Path, chromium: str) -> None:
    ran: list[str] = []
    with small_city(tmp_path / "city", sockets=True) as city, browser(chromium) as started:
        case_no = record(city, PERMIT)
        names = [f"{name[:110]}.pdf" for name in PAYLOADS[:20]]
        hostile = [Scan(1, name, "application/pdf", scans.pdf(500, seed=n)) for n, name in enumerate(names)]
        photo = Scan(2, "照片.jpg", "image/jpeg", scans.photo())
        city[VILLAGE].parts.casework.attach(case_no, PEOPLE["V001"], [*hostile, photo])
        city.sync(VILLAGE, TOWNSHIP)
        database = city[HUB].parts.store.database(of_station(VILLAGE))
        last = next(row.id for row in database.all_docs("chunk:", "chunk;"))
        database.purge({last: [rev for rev, _ in database.leaves(last)]})
        page = window(started, [])
        page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        sign_in(page, city, HUB, "E001")
        page.goto(f"{city[HUB].url}/cases/{case_no}")
        expect(page.get_by_text("其中 1 份还在路上")).to_be_visible()
        expect(page.locator("#files progress")).to_have_count(1)
        expect(page.locator("#files .bm-file")).to_have_count(21)
        picture(page, "32-scan-on-its-way")
    assert ran == []
