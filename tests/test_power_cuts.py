"""The current fails while a clerk fills and saves forms: browser and server are killed at random moments, nothing flushed, nobody warned.

Four cuts; BIANMIN_TEST_POWER_CUTS=100 for more, BIANMIN_TEST_SEED to repeat them. After each the station starts again, and then: every
case that the browser was told of is there; of the form that was being filled at most the field being typed is missing; a form that was
being saved is a case or a draft, and never half of either.
"""

from __future__ import annotations

import html
import os
import random
import re
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Error, Page, sync_playwright

from hub.demo.city import City, Server
from schemas import offers, tables
from tests.browser import QUIET

CUTS = int(os.environ.get("BIANMIN_TEST_POWER_CUTS", "4"))
SEED = int(os.environ.get("BIANMIN_TEST_SEED") or secrets.randbelow(10**9))
LONGEST = 4.0  # seconds of work before a cut
PORT_SECONDS = 20.0
FIELDS = ("name", "id_no", "phone", "address")


@dataclass
class Form:
    """What a clerk did to one form: `typed` holds what stood in each field at the last key; `told` the case that the browser showed."""

    token: str
    typed: dict[str, str] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)
    saving: bool = False
    told: str = ""


@contextmanager
def killable(path: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A browser in processes of its own, and where it is spoken to."""
    process = subprocess.Popen(
        [path, *QUIET, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        told, until = folder / "DevToolsActivePort", time.monotonic() + PORT_SECONDS
        while not (told.exists() and (port := told.read_text().split("\n")[0])):
            assert process.poll() is None and time.monotonic() < until, "the browser did not start"
            time.sleep(0.02)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Clerk:
    """Fills form after form until the current fails."""

    def __init__(self, page: Page, village: Server, password: str, draw: random.Random, item: str) -> None:
        self._page, self._village, self._draw, self._item = page, village, draw, item
        self._password = password
        self.forms: list[Form] = []

    def sign_in(self) -> None:
        self._page.goto(self._village.url)
        if self._page.locator("#password").count():
            self._page.locator("#employee_no").fill(self._village.who[0][0])
            self._page.locator("#password").fill(self._password)
            self._page.keyboard.press("Enter")
            self._page.wait_for_url(self._village.url + "/")

    def work(self, begun: Callable[[], None]) -> None:
        """`begun` is called when the first form stands open."""
        self._open()
        begun()
        while True:
            self._fill(person(self._draw))
            self._open()

    def _open(self) -> None:
        self._page.goto(f"{self._village.url}/items/{self._item}/record")
        form = self._page.locator("main form[data-draft] input[name=form]")
        self.forms.append(Form(form.input_value()))

    def _fill(self, values: dict[str, str]) -> None:
        page, form = self._page, self.forms[-1]
        for name in FIELDS:
            page.locator(f"#{name}").focus()
            self._pause()
            for n, key in enumerate(values[name], 1):
                page.keyboard.insert_text(key)
                form.typed[name] = values[name][:n]
                self._pause()
            form.whole[name] = values[name]
        page.get_by_role("button", name="材料全部收到").click()
        page.locator("#privacy_notice").check()
        form.saving = True
        page.get_by_role("button", name="收件并保存").click()
        page.wait_for_url(re.compile("/cases/"))
        form.told = page.url.split("/cases/")[1][:25]

    def _pause(self) -> None:
        """From one key to the next, and from one field to the next: nobody types faster."""
        time.sleep(self._draw.uniform(0.01, 0.06))


def person(draw: random.Random) -> dict[str, str]:
    """Somebody invented, with a number whose check digit is right."""
    digits = f"510903{draw.randint(1950, 2000)}0{draw.randint(1, 9)}{draw.randint(10, 28)}{draw.randint(0, 999):03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]
    name = "".join(draw.choice("赵钱孙李周吴郑王明华芳丽军") for _ in range(3))
    return {
        "name": name,
        "id_no": digits + check,
        "phone": f"138{draw.randint(0, 10**8 - 1):08}",
        "address": f"{draw.randint(1, 9)}组{draw.randint(1, 99)}号",
    }


class After:
    """What is there once the station runs again, asked over HTTP."""

    def __init__(self, village: Server, password: str, item: str) -> None:
        self._item = item
        self._client = httpx.Client(base_url=village.url, trust_env=False, follow_redirects=True, timeout=30)
        token = re.search(r'name="csrf_token" value="([^"]+)"', self._client.get("/sign-in").text)
        assert token
        fields = {"csrf_token": token[1], "employee_no": village.who[0][0], "password": password}
        assert "今日工作" in self._client.post("/sign-in", data=fields).text

    def holds(self, form: Form) -> list[str]:
        """What is wrong with what is left of a form."""
        answer = self._client.get(f"/items/{self._item}/record", params={"draft": form.token})
        case_no = answer.url.path.removeprefix("/cases/") if answer.url.path.startswith("/cases/") else ""
        if form.told:
            return [] if case_no == form.told else [f"told of {form.told}, found {case_no or 'no case'}"]
        if case_no:
            return [] if form.saving else [f"{case_no} was never saved"]
        kept = {name: self._value(answer.text, name) for name in FIELDS} if form.token in answer.text else {}
        lost = [name for name in form.typed if kept.get(name, "") != form.typed[name]]
        allowed = set() if form.saving else set(list(form.typed)[-1:])
        # A key that was pressed may have been on its way; what came before it in the same field is there.
        wrong = [
            f"{name}: {form.typed[name]!r} typed, {kept.get(name, '')!r} kept"
            for name in lost
            if name not in allowed
        ]
        return wrong + [
            f"{name}: {kept[name]!r} was never typed"
            for name in lost
            if not form.typed[name].startswith(kept.get(name, ""))
        ]

    @staticmethod
    def _value(page: str, name: str) -> str:
        found = re.search(rf'id="{name}" name="{name}"[^>]* value="([^"]*)"', page)
        return html.unescape(found[1]) if found else ""

    def close(self) -> None:
        self._client.close()


@pytest.mark.browser
@pytest.mark.timeout(120 + 30 * CUTS)
def test_a_power_cut_costs_the_field_being_typed_and_nothing_that_was_saved(
    tmp_path: Path, chromium: str
) -> None:
    draw = random.Random(SEED)
    city = City(tmp_path / "city", districts=1)
    village = next(each for each in city.stations if tables.station(each.code).level == "village")
    item = next(
        each.item_code for each, offer in offers.offers(tables.station(village.code))
        if offer.mode in offers.OPENS_CASES and len(tables.materials(each.item_code)) > 2
    )  # fmt: skip
    told: list[Form] = []
    drafts = begun = 0
    try:
        city.prepare()
        city.start([village])
        with ExitStack() as stack:
            playwright = stack.enter_context(sync_playwright())
            for cut in range(CUTS):
                with killable(chromium, tmp_path / f"browser-{cut}") as (process, address):
                    page = playwright.chromium.connect_over_cdp(address).contexts[0].new_page()
                    clerk = Clerk(page, village, city.password, draw, item)
                    clerk.sign_in()

                    def fail(process: subprocess.Popen[bytes] = process) -> None:
                        assert village.process is not None
                        both = [village.process.pid, process.pid]
                        for pid in draw.sample(both, 2):
                            os.killpg(pid, signal.SIGKILL)

                    mains = threading.Timer(draw.uniform(0.1, LONGEST), fail)
                    with suppress(Error):
                        clerk.work(mains.start)
                    mains.join()
                    assert village.process is not None
                    village.process.wait()
                city.start([village])
                after = After(village, city.password, item)
                told += [form for form in clerk.forms if form.told]
                begun += len(clerk.forms)
                drafts += sum(not form.told and bool(form.typed) for form in clerk.forms)
                for form in (*clerk.forms, *draw.sample(told, min(5, len(told)))):
                    wrong = after.holds(form)
                    assert not wrong, f"cut {cut} of seed {SEED}: {wrong}, {form}"
                after.close()
            after = After(village, city.password, item)
            lost = [form.told for form in told if after.holds(form)]
            after.close()
            assert lost == [], f"seed {SEED}"
    finally:
        city.stop()
    assert begun >= CUTS
    print(
        f"{CUTS} cuts, seed {SEED}: {begun} forms begun, {len(told)} cases told of and all there, {drafts} drafts looked at"
    )
