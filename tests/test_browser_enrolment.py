"""A station is let in, as two people see it: the administrator draws a code at the hub, a clerk joins at the first page; over real TLS."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hub import staff as office
from schemas import tables
from tests.browser import browser, picture, window
from tests.world import HUB, PASSWORD, PEOPLE, VILLAGE, World


@pytest.mark.browser
def test_a_code_is_drawn_at_the_hub_and_a_station_joins_with_it_and_syncs(
    tmp_path: Path, chromium: str
) -> None:
    from datetime import datetime

    from station.moment import ZONE

    world = World(tmp_path, sockets=True, tls=True)
    world.time.now = datetime.now(ZONE)
    strangers: list[str] = []
    try:
        hub = world.add(HUB, people=("A001",))
        village = world.add(VILLAGE, enrol=False)
        start_code = office.add(hub.parts.store, hub.parts.identity.signer, PEOPLE["V001"], hub.parts.random)
        with browser(chromium) as started:
            admin = window(started, strangers)
            assert hub.url.startswith("https://")
            admin.goto(hub.url)
            admin.get_by_label("工号").fill("A001")
            admin.get_by_label("密码").fill(PASSWORD)
            admin.get_by_role("button", name="登录").click()
            expect(admin.get_by_role("heading", name="服务站设备")).to_be_visible()
            picture(admin, "20-hub-stations")
            admin.get_by_label("查找服务站").fill(VILLAGE)
            admin.get_by_role("button", name="查找").click()
            admin.get_by_role("link", name=tables.station(VILLAGE).name).click()
            picture(admin, "21-hub-station")
            admin.get_by_role("button", name="发注册码并打印").click()
            code = admin.locator(".bm-code").inner_text()
            assert re.fullmatch(r"([0-9A-Z]{4}-){3}[0-9A-Z]{4}", code)
            square = admin.locator(".bm-qr svg").bounding_box()
            assert square and square["width"] == square["height"] > 100
            picture(admin, "22-hub-slip")
            admin.emulate_media(media="print")
            assert not admin.locator(".bm-top").is_visible()
            picture(admin, "23-hub-slip-printed")

            clerk = window(started, strangers)
            clerk.goto(village.url + "/cases")
            expect(clerk.get_by_role("heading", name="首次使用")).to_be_visible()
            picture(clerk, "24-village-start")
            clerk.get_by_label("市中心地址").fill(hub.url)
            clerk.get_by_label("注册码").fill("0000-0000-0000-0000")
            clerk.get_by_role("button", name="注册本机").click()
            expect(clerk.get_by_text("没有接受这个注册码")).to_be_visible()
            picture(clerk, "25-village-start-wrong-code")
            clerk.get_by_label("注册码").fill(code)
            clerk.get_by_role("button", name="注册本机").click()
            expect(clerk.get_by_text(f"已加入：{tables.station(VILLAGE).name}")).to_be_visible()
            picture(clerk, "26-village-joined")
            assert village.parts.agent.sync_once().parent == hub.url
            clerk.get_by_role("link", name="下一步：试打印").click()
            picture(clerk, "26-village-print-test")
            clerk.get_by_role("link", name="下一步", exact=True).click()
            clerk.get_by_role("link", name="去登录").click()
            clerk.get_by_label("工号").fill("V001")
            clerk.get_by_label("密码").fill(start_code)
            clerk.get_by_role("button", name="登录").click()
            picture(clerk, "27-village-password")
            clerk.locator("#password").fill(PASSWORD)
            clerk.locator("#again").fill(PASSWORD)
            clerk.locator("main form button").click()
            expect(clerk.get_by_text("上次同步")).to_be_visible()

            admin.emulate_media(media="screen")
            admin.goto(f"{hub.url}/stations/{VILLAGE}")
            expect(admin.get_by_text("已启用")).to_be_visible()
            picture(admin, "28-hub-station-active")
    finally:
        world.close()
    assert strangers == []
