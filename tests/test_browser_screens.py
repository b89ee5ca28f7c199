"""A touch screen in a real browser: who stands before it is not disturbed while they touch it, and is forgotten afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import browser, window
from tests.test_journey import PERMIT, record
from tests.world import PASSWORD, VILLAGE, World, small_city


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("screens"), sockets=True) as world:
        yield world


@pytest.fixture
def screen(city: World, chromium: str) -> Iterator[Page]:
    """A browser that a clerk has turned to the public, with a clock of its own."""
    strangers: list[str] = []
    with browser(chromium) as started:
        page = window(started, strangers)
        page.clock.install()
        url = city[VILLAGE].url
        page.goto(f"{url}/sign-in")
        page.locator("[name=employee_no]").fill("V001")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").first.click()
        page.goto(f"{url}/screens")
        page.get_by_role("button", name="打开触摸屏").click()
        expect(page).to_have_url(f"{url}/touch")
        yield page
    assert strangers == []


@pytest.mark.browser
def test_a_case_is_asked_for_and_forgotten(city: World, screen: Page) -> None:
    case_no, url = record(city, PERMIT), city[VILLAGE].url
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state
    screen.get_by_role("link", name="查我的办件").click()
    screen.get_by_label("办件编号").fill(case_no)
    screen.get_by_label("查询码").fill(state.query_code)
    screen.get_by_role("button", name="查询").click()
    expect(screen.get_by_text("赵**")).to_be_visible()
    screen.clock.fast_forward(59_000)
    screen.mouse.click(500, 600)
    screen.clock.fast_forward(59_000)
    expect(screen.get_by_text("赵**")).to_be_visible()  # touched a minute ago
    screen.clock.fast_forward(2_000)
    expect(screen).to_have_url(f"{url}/touch", timeout=20_000)
    for _ in range(3):  # whatever the history holds, the case is not in it
        screen.go_back()
        expect(screen.get_by_text("赵**")).to_have_count(0)
    screen.goto(f"{url}/cases/{case_no}")
    expect(screen).to_have_url(f"{url}/touch", timeout=20_000)


@pytest.mark.browser
def test_what_was_being_written_is_forgotten_too(city: World, screen: Page) -> None:
    screen.get_by_role("link", name="提意见建议").click()
    screen.get_by_label("您的意见建议").press_sequentially("希望")
    screen.clock.fast_forward(59_000)
    screen.get_by_label("您的意见建议").press_sequentially("多开窗口")  # who writes slowly is not cut off
    screen.clock.fast_forward(59_000)
    expect(screen.get_by_label("您的意见建议")).to_have_value("希望多开窗口")
    screen.clock.fast_forward(2_000)
    expect(screen).to_have_url(f"{city[VILLAGE].url}/touch")
    screen.get_by_role("link", name="提意见建议").click()
    expect(screen.get_by_label("您的意见建议")).to_have_value("")
