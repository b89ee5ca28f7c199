"""From the first start of a station to the first printed receipt, and a known applicant's second case, in a real browser: how many actions
they take, with the hub unreachable throughout.

The laptop was let in at the city's office (`bianmin-station join`, README), for nobody is let in without the hub; from then on there is none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hub.demo.city import City
from schemas import offers, tables
from station.app import Parts
from station.staff import Staff
from tests.browser import browser, picture, window

FIRST, SECOND = 15, 8
"""Actions that a first receipt and a repeated applicant's second case may take."""


class BeforeTheFirstDay(City):
    """Its villages' clerks have not signed in anywhere yet: `codes` are what the city's office gave them."""

    def __init__(self, data: Path) -> None:
        self.codes: dict[str, str] = {}
        super().__init__(data, districts=1)

    def _take_up(self, parts: Parts, person: Staff, start_code: str) -> None:
        if parts.here.level == "village":
            self.codes[person.employee_no] = start_code
        else:
            super()._take_up(parts, person, start_code)


class Hands:
    """All that a person can do to a page, each counted: a click, a key or a shortcut, one field filled in. The page itself is out of
    reach, so that no action escapes."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self.actions: list[str] = []
        page.goto(address)

    def fill(self, label: str, text: str) -> None:
        self.actions.append(f"fill {label}")
        self._page.get_by_label(label).fill(text)

    def press(self, key: str) -> None:
        self.actions.append(f"press {key}")
        self._page.keyboard.press(key)

    def click(self, role: Any, name: str) -> None:
        self.actions.append(f"click {name}")
        self._page.get_by_role(role, name=name).click()

    # -- looking, which is no action -----------------------------------------------------------------------------

    def sees(self, text: str) -> None:
        expect(self._page.get_by_text(text).first).to_be_visible()

    def printed(self) -> int:
        """How often the page has opened the printing window."""
        self._page.wait_for_load_state("load")
        return int(self._page.evaluate("window.printed || 0"))

    def paper(self) -> bytes:
        """What comes out of the printer."""
        return self._page.pdf(prefer_css_page_size=True)

    def picture(self, name: str) -> None:
        picture(self._page, name)


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_first_receipt_takes_fifteen_actions_and_a_second_case_eight(tmp_path: Path, chromium: str) -> None:
    city = BeforeTheFirstDay(tmp_path)
    village = next(each for each in city.stations if tables.station(each.code).level == "village")
    item = next(
        each for each, offer in offers.offers(tables.station(village.code))
        if offer.mode in offers.OPENS_CASES and len(tables.materials(each.item_code)) > 2 and each.division_code == "510903"
    )  # fmt: skip
    strangers: list[str] = []
    try:
        city.prepare()
        [(employee_no, _)] = village.who
        city.start([village])
        with browser(chromium) as started:
            page = window(started, strangers)
            page.context.add_init_script(
                "window.print = () => { window.printed = (window.printed || 0) + 1; }"
            )
            clerk = Hands(page, village.url)
            clerk.fill("工号", employee_no)
            clerk.fill("密码", city.codes[employee_no])
            clerk.press("Enter")
            clerk.fill("新密码", "correct horse")
            clerk.fill("再输一次", "correct horse")
            clerk.press("Enter")
            clerk.fill("查找事项", item.name)
            clerk.click("link", f"登记：{item.name}")
            clerk.fill("姓名", "赵小明")
            clerk.fill("身份证号码", "510903199003070012")
            clerk.sees("号码无误：男，1990-03-07 出生")
            clerk.fill("联系电话", "13800001234")
            clerk.fill("住址", "三组12号")
            clerk.click("button", "材料全部收到")
            clerk.click("checkbox", "已告知申请人")
            clerk.picture("52-first-case-form")
            clerk.click("button", "收件并打印凭证")
            clerk.sees("查询码")
            assert clerk.printed() == 1
            assert clerk.paper().startswith(b"%PDF")
            clerk.picture("53-first-receipt")
            assert len(clerk.actions) <= FIRST, clerk.actions

            clerk.actions.clear()
            clerk.click("link", "今日工作")
            other = next(
                each for each, offer in offers.offers(tables.station(village.code))
                if offer.mode in offers.OPENS_CASES and len(tables.materials(each.item_code)) > 2 and each.division_code == "510903"
                and each != item
            )  # fmt: skip
            clerk.fill("查找事项", other.name)
            clerk.click("link", f"登记：{other.name}")
            clerk.fill("姓名", "zxm")
            clerk.sees("选中就全部填好")
            clerk.picture("54-second-case-known")
            clerk.click("button", "赵小明")
            clerk.sees("号码无误")
            clerk.click("button", "材料全部收到")
            clerk.click("checkbox", "已告知申请人")
            clerk.click("button", "收件并打印凭证")
            clerk.sees("查询码")
            assert clerk.printed() == 1
            clerk.sees("赵小明")
            assert len(clerk.actions) <= SECOND, clerk.actions
    finally:
        city.stop()
    assert strangers == []
