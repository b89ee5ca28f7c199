"""Sync by stick as people see it: a clerk saves a file, walks, a window clerk at the hub reads it and writes the answer, the clerk
reads that. No line between the servers at any time."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from station.drives import Drive
from tests.browser import browser, picture, window
from tests.test_journey import INSTANT, record, step
from tests.world import HUB, PASSWORD, TOWNSHIP, VILLAGE, World, small_city


def sign_in(page: Page, world: World, code: str, employee_no: str) -> Page:
    page.goto(world[code].url)
    page.get_by_label("工号").fill(employee_no)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="U盘传送").click()
    return page


def saved(page: Page, folder: Path, button: str) -> Path:
    """The file that the browser saves."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).first.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def read(page: Page, path: Path) -> None:
    page.get_by_label("选择U盘上以 .bianmin 结尾的文件").set_input_files(path)
    page.get_by_role("button", name="读入").click()


@pytest.mark.browser
def test_records_and_decisions_go_by_stick(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    usb = tmp_path / "usb"
    usb.mkdir()
    with small_city(tmp_path / "city", sockets=True) as world, browser(chromium) as started:
        clerk = sign_in(window(started, strangers), world, VILLAGE, "V001")
        expect(clerk.get_by_text("没有新的记录").first).to_be_visible()
        picture(clerk, "30-stick-nothing-new")
        case_no = record(world, INSTANT)
        clerk.reload()
        expect(clerk.get_by_text("将写入 3 条记录").first).to_be_visible()
        out = saved(clerk, usb, "保存为文件")

        hub = sign_in(window(started, strangers), world, HUB, "E003")
        expect(hub.get_by_text("还没有读过哪个站的U盘")).to_be_visible()
        picture(hub, "31-stick-hub-empty")
        cut = usb / "cut.bianmin"
        cut.write_bytes(out.read_bytes()[:-300])
        read(hub, cut)
        expect(hub.get_by_text("文件不完整：复制没有结束就拔了U盘")).to_be_visible()
        picture(hub, "32-stick-hub-cut")
        read(hub, out)
        expect(hub.get_by_text("新收 3 条")).to_be_visible()
        picture(hub, "33-stick-hub-read")
        step(world, "E001", case_no, "accept", "instant_conclude", result="已核发")
        answer = saved(hub, usb, "保存为文件")
        read(hub, out)
        expect(hub.get_by_text("这个文件已经读过，不用再读。")).to_be_visible()

        read(clerk, answer)
        expect(clerk.get_by_role("heading", name="已读入")).to_be_visible()
        expect(clerk.get_by_text("全部已送达市中心")).to_be_visible()
        picture(clerk, "34-stick-village-answer")
        clerk.goto(f"{world[VILLAGE].url}/cases/{case_no}")
        expect(clerk.get_by_text("已办结").first).to_be_visible()

        # Where the stick is in this computer, right onto it; with a long name, and in the other language.
        world[TOWNSHIP].parts.drives = lambda: [
            Drive(usb, "南津路街道便民服务中心窗口专用U盘二号", 7_200_000_000)
        ]
        township = sign_in(window(started, strangers), world, TOWNSHIP, "T001")
        picture(township, "35-stick-township-drive")
        township.get_by_role("button", name="写到U盘").first.click()
        expect(township.get_by_text("已写完并读回核对")).to_be_visible()
        picture(township, "36-stick-township-written")
        assert (usb / f"bianmin-{TOWNSHIP}-{HUB}-0001.bianmin").exists()
        (usb / "for-the-township.bianmin").write_bytes(
            b"".join(world[HUB].parts.sticks.write(TOWNSHIP)[0].pieces())
        )
        township.goto(f"{world[TOWNSHIP].url}/stick")
        picture(township, "38-stick-township-found")
        township.get_by_role("button", name="读入这个文件").click()
        expect(township.get_by_role("heading", name="已读入")).to_be_visible()
        township.get_by_role("button", name="English").click()
        township.goto(f"{world[TOWNSHIP].url}/stick")
        expect(township.get_by_role("heading", name="By stick")).to_be_visible()
        picture(township, "37-stick-township-english")
    assert strangers == []
