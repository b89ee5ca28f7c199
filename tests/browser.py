"""Starts Debian's chromium for tests that need eyes: Playwright's driver, no other host, a picture on request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.world import PASSWORD, World

# Without these, chromium asks its maker's hosts all the time.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = Path(__file__).parent / "out"


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=QUIET)
        try:
            yield started
        finally:
            started.close()


def window(started: Browser, strangers: list[str], *, language: str = "zh-CN") -> Page:
    """A fresh window of a 1024×768 laptop. Requests to any host but loopback are noted in `strangers` and refused."""
    # Over TLS it meets the city's own authority, which nobody has installed in this browser.
    page = started.new_context(
        viewport={"width": 1024, "height": 768}, locale=language, ignore_https_errors=True
    ).new_page()

    def only_loopback(route: Route) -> None:
        if route.request.url.startswith(("http://127.0.0.1:", "https://127.0.0.1:")):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    page.route("**/*", only_loopback)
    return page


def picture(page: Page, name: str) -> None:
    """Keeps a picture of the whole page under tests/out."""
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def sign_in(page: Page, city: World, code: str, employee_no: str) -> None:
    """As one of the people of tests.world."""
    page.goto(f"{city[code].url}/sign-in")
    page.get_by_label("工号").fill(employee_no)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
