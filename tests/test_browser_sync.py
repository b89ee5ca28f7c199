"""The sync page through a bad afternoon: a captive portal, a line that is cut, and the line's return; as a clerk sees it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bench._link import Link, line
from station.agent import Agent
from tests.browser import browser, picture, window
from tests.test_journey import INSTANT, record, step
from tests.world import HUB, PASSWORD, TOWNSHIP, VILLAGE, small_city


@contextmanager
def running(agent: Agent) -> Iterator[None]:
    thread = threading.Thread(target=agent.run, args=(600.0,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        agent.stop()
        thread.join(15)


def shows(page: Page, text: str) -> None:
    """Asks for a round and looks at the page again until it says so: rounds take as long as the line makes them take."""
    for _ in range(30):
        page.get_by_role("button", name="立即同步").click()
        expect(page.get_by_text("已开始同步")).to_be_visible()
        page.wait_for_timeout(200)
        page.goto(page.url.partition("?")[0])
        if page.get_by_text(text).count():
            return
    raise AssertionError(f"the page never said {text}: {page.locator('main').inner_text()}")


@pytest.mark.browser
def test_the_sync_page_tells_a_portal_a_cut_and_the_return_apart(tmp_path: Path, chromium: str) -> None:
    strangers: list[str] = []
    with small_city(tmp_path, sockets=True) as city:
        city.sync(VILLAGE, TOWNSHIP, VILLAGE)
        agent = city[VILLAGE].parts.agent
        agent.close()
        link = Link(int(city[HUB].url.rpartition(":")[2]), rate=20_000, delay=0.05, mode="portal")
        with line(link) as port, browser(chromium) as started, running(agent):
            agent._parents = lambda: (f"http://127.0.0.1:{port}",)
            page = window(started, strangers)
            page.goto(city[VILLAGE].url)
            page.get_by_label("工号").fill("V001")
            page.get_by_label("密码").fill(PASSWORD)
            page.get_by_role("button", name="登录").click()
            first = record(city, INSTANT)
            page.goto(city[VILLAGE].url + "/sync")
            shows(page, "请先在浏览器里登录网络")
            expect(page.get_by_text("涉及 1 件")).to_be_visible()
            picture(page, "40-sync-portal")

            link.mode = "down"
            record(city, INSTANT)
            shows(page, "请检查网线、无线网或路由器")
            expect(page.get_by_text("涉及 2 件")).to_be_visible()
            expect(page.get_by_text("系统会继续自动尝试，不用守着")).to_be_visible()
            picture(page, "41-sync-cut")

            link.mode = "open"
            shows(page, "没有等待的记录")
            expect(page.get_by_text("不是便民服务器").first).to_be_visible()
            picture(page, "42-sync-back")

            step(city, "E001", first, "accept", "instant_conclude", result="已核发")
            for _ in range(60):
                page.goto(f"{city[VILLAGE].url}/cases/{first}")
                if page.locator("[data-state=concluded]").count():
                    break
                page.wait_for_timeout(250)
            expect(page.locator("[data-state=concluded]")).to_be_visible()
            page.goto(city[VILLAGE].url + "/sync")
            page.context.add_cookies([{"name": "language", "value": "en", "url": city[VILLAGE].url}])
            page.reload()
            picture(page, "43-sync-english")
    assert strangers == []
