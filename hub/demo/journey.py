"""The journey of 200 applications: what clerks and examiners do, over the pages that they would use.

    clerk:     find the item ─> fill the form, photograph a paper of every third ─> save   (half of them while the link is cut)
    examiner:  queue ─> claim ─> accept ─> decide, or ask once for a supplement
    clerk:     supply what was asked, with a photo ─> see the decision

Every step may meet a server that was just killed: it is tried again until it is done, as a person would. A saved
form carries its token, so saving it again records nothing twice.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import httpx

from hub.demo.city import City, Server
from hub.demo.paper import photographed
from hub.demo.people import Person, invent
from schemas import offers, tables

CASE_LINK = re.compile(r'href="/cases/([0-9A-Z]{25})"')
STEP = re.compile(r'action="/cases/[0-9A-Z]{25}/([a-z_]+)"')
STATE = re.compile(r'data-state="([a-z_]+)"')
CLAIM = re.compile(r'action="/desk/[0-9A-Z]{25}/claim"')
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
FORM = re.compile(r'name="form" value="([0-9a-f]{32})"')
REASON = "经现场核查，经营场所与申报材料不符，不符合法定条件"
REMEDY = "可在六十日内申请行政复议，或在六个月内提起行政诉讼"


class GaveUp(Exception):
    """A step did not get through in time; the message says which."""


@dataclass
class Progress:
    """What has happened so far, and until when it may go on. `moved` is told of every recorded or decided case."""

    deadline: float
    recorded: list[str] = field(default_factory=list)
    decided: set[str] = field(default_factory=set)
    finished: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def steps(self) -> int:
        return len(self.recorded) + len(self.decided)

    def over(self) -> bool:
        return time.monotonic() > self.deadline


class Browser:
    """One signed-in person at one server; tries again while the server is away."""

    def __init__(self, server: Server, employee_no: str, password: str, progress: Progress) -> None:
        self._client = httpx.Client(base_url=server.url, timeout=20, trust_env=False)
        self._progress = progress
        self._server = server
        self._csrf = ""
        self._sign_in(employee_no, password)

    def _sign_in(self, employee_no: str, password: str) -> None:
        page = self.get("/sign-in")
        found = TOKEN.search(page)
        assert found, "the sign-in page has no form token"
        answer = self.post(
            "/sign-in", {"employee_no": employee_no, "password": password, "csrf_token": found[1]}
        )
        if answer.status_code != 303:
            raise GaveUp(f"{self._server.name}: sign-in as {employee_no} was refused ({answer.status_code})")
        found = TOKEN.search(self.get("/items" if self._server.code[:6] != "510900" else "/desk"))
        assert found, "no form token after sign-in"
        self._csrf = found[1]

    def get(self, path: str, **query: Any) -> str:
        return self._until(lambda: self._client.get(path, params=query), path).text

    def post(self, path: str, fields: dict[str, str], photo: bytes | None = None) -> httpx.Response:
        """`photo`: of the first material."""
        data = {"csrf_token": self._csrf, **fields}
        files = {"scan-1": ("手机拍照.jpg", photo)} if photo is not None else None
        return self._until(lambda: self._client.post(path, data=data, files=files), path)

    def _until(self, ask: Callable[[], httpx.Response], path: str) -> httpx.Response:
        """The first answer that is not a server going or coming; GaveUp at the deadline."""
        while True:
            try:
                answer = ask()
                if answer.status_code < 500:
                    return answer
            except httpx.TransportError:
                pass
            if self._progress.over():
                raise GaveUp(f"{self._server.name} did not answer {path} in time")
            time.sleep(0.2)

    def close(self) -> None:
        self._client.close()


@dataclass(frozen=True)
class Errand:
    """One application to enter: which item, by whom, with which paper photographed."""

    item_code: str
    person: Person
    photo: bytes | None


def errands(station: str, count: int, seed: int) -> list[Errand]:
    """`count` errands for the bureau items that this station takes in for its district, round the zones."""
    here = tables.station(station)
    zoned: dict[str, list[str]] = {}
    for item, offer in offers.offers(here):
        if item.zone and offer.mode == "agency":
            zoned.setdefault(item.zone, []).append(item.item_code)
    people = invent(seed, count, here.district_code, here.division_name)
    zones = sorted(zoned)
    return [
        Errand(
            zoned[zones[n % len(zones)]][(n // len(zones)) % len(zoned[zones[n % len(zones)]])],
            person,
            photographed(seed + n) if n % 3 == 0 else None,
        )
        for n, person in enumerate(people)
    ]


def run(city: City, progress: Progress, count: int, seed: int) -> None:
    """Records `count` applications over the stations and works until all are decided and back, or time is up."""
    shares = [
        count // len(city.stations) + (n < count % len(city.stations)) for n in range(len(city.stations))
    ]
    # Two people a bureau: who accepts a permit must not review it (domain.md §3, pass_step).
    desks = [
        (number, stage)
        for (number, _), stage in zip(city.hub.who, ("acceptance", "review") * 2, strict=False)
    ]
    with ThreadPoolExecutor(len(city.stations) + len(desks)) as pool:
        clerks = [
            pool.submit(clerk, city, station, progress, errands(station.code, share, seed + n))
            for n, (station, share) in enumerate(zip(city.stations, shares, strict=True))
        ]
        bureaus = [pool.submit(bureau, city, number, progress, stage) for number, stage in desks]
        wait(clerks)
        wait_for_scans(city, progress)
        progress.finished.set()
        for job in (*clerks, *bureaus):
            job.result()


def wait_for_scans(city: City, progress: Progress) -> None:
    """Until nothing is on its way any more: scans come after everything else, by way of the townships."""
    browser = Browser(city.hub, city.hub.who[0][0], city.password, progress)
    try:
        left = list(progress.recorded)
        while left and not progress.over():
            left = [case_no for case_no in left if "<progress" in browser.get(f"/cases/{case_no}")]
            if left:
                time.sleep(0.5)
    finally:
        browser.close()


def clerk(city: City, station: Server, progress: Progress, work: Sequence[Errand]) -> None:
    """Records half of the work online, half with the link cut, then answers supplements until all is decided."""
    browser = Browser(station, station.who[0][0], city.password, progress)
    try:
        half = len(work) // 2
        for errand in work[:half]:
            record(browser, progress, errand)
        city.links.cut(station.code)
        try:
            for errand in work[half:]:
                record(browser, progress, errand)
        finally:
            city.links.restore(station.code)
        while not progress.over():
            for case_no in CASE_LINK.findall(browser.get("/cases", list="supplement")):
                supply(browser, progress, case_no)
            # In this order: what is asked to be mended leaves the one for the other, and comes back by this hand only.
            unfinished = any(
                CASE_LINK.search(browser.get("/cases", list=name)) for name in ("open", "supplement")
            )
            if not unfinished and "bm-lamp-done" in browser.get("/sync") and not _to_be_issued(browser):
                return
            time.sleep(0.5)
    finally:
        browser.close()


def _to_be_issued(browser: Browser) -> bool:
    """Whether something is decided here whose result the bureau has still to issue: it is on the list of results by then."""
    for case_no in CASE_LINK.findall(browser.get("/cases", list="result")):
        state = STATE.search(browser.get(f"/cases/{case_no}"))
        if state is not None and state[1] == "decided":
            return True
    return False


def record(browser: Browser, progress: Progress, errand: Errand) -> None:
    """Enters one application and saves it; done when the station shows the case."""
    path = f"/items/{errand.item_code}/record"
    form = FORM.search(browser.get(path))
    assert form, "the record page has no form"
    fields = {"form": form[1], "privacy_notice": "1", "again": "1"}
    fields |= {"name": errand.person.name, "id_no": errand.person.id_no}
    fields |= {"phone": errand.person.phone, "address": errand.person.address}
    fields |= {f"material-{each.seq}": "1" for each in tables.materials(errand.item_code)}
    answer = browser.post(path, fields, errand.photo)
    if answer.status_code != 303:
        raise GaveUp(f"{errand.item_code} was not recorded: {answer.status_code}")
    with progress.lock:
        progress.recorded.append(answer.headers["location"].split("/cases/")[1][:25])


def supply(browser: Browser, progress: Progress, case_no: str) -> None:
    if "supply" in STEP.findall(page := browser.get(f"/cases/{case_no}")):
        ticked = {f"material-{seq}": "1" for seq in re.findall(r'name="material-(\d+)"', page)}
        photo = photographed(int(case_no[12:24]))
        browser.post(f"/cases/{case_no}/supply", {"note": "申请人已补齐", **ticked}, photo)


def bureau(city: City, employee_no: str, progress: Progress, stage: str) -> None:
    """One person of a bureau works through the queue of their stage until the clerks have everything back."""
    browser = Browser(city.hub, employee_no, city.password, progress)
    try:
        while not progress.finished.is_set() and not progress.over():
            queue = dict.fromkeys(CASE_LINK.findall(browser.get("/desk", stage=stage)))
            waiting = [case_no for case_no in queue if case_no not in progress.decided]
            for case_no in waiting:
                handle(browser, progress, case_no, stage)
            if not waiting:
                progress.finished.wait(0.3)
    finally:
        browser.close()


def handle(browser: Browser, progress: Progress, case_no: str, stage: str) -> None:
    """Takes one case as far as it goes in this person's hands: claim, then accept or ask, or review and decide."""
    hands = ("received", "accepted") if stage == "acceptance" else ("reviewing", "decided")
    while True:
        page = browser.get(f"/cases/{case_no}")
        state, steps = STATE.search(page), STEP.findall(page)
        assert state, "a case's page does not say its state"
        if state[1] == "concluded":
            with progress.lock:
                progress.decided.add(case_no)
            return
        if state[1] not in hands:
            return
        step = _next_step(case_no, steps, claim=bool(CLAIM.search(page)))
        if step is None:
            return
        path, fields = step
        if browser.post(path, fields).status_code == 409:
            # Refused: somebody else was faster, or the step had got through before the server went away.
            return


def _next_step(case_no: str, steps: list[str], *, claim: bool) -> tuple[str, dict[str, str]] | None:
    if claim:
        return f"/desk/{case_no}/claim", {}
    fields: dict[str, str] = {}
    if "notify_supplement" in steps and _wants_supplement(case_no):
        step, fields = (
            "notify_supplement",
            {"gaps": "法定代表人身份证明复印件不清晰，请重新提交\n申请表缺签名"},
        )
    elif "accept" in steps:
        step = "accept"
    elif "instant_conclude" in steps:
        step, fields = "instant_conclude", {"result": "已核发"}
    elif "grant" in steps and int(case_no[20:24]) % 5:
        step, fields = "grant", {"opinion": "符合法定条件"}
    elif "deny" in steps and not int(case_no[20:24]) % 5:
        step, fields = "deny", {"reason": REASON, "remedy": REMEDY}
    elif "conclude" in steps:
        step, fields = "conclude", {"result": "决定书已制作，转便民服务站送达"}
    elif "pass_step" in steps:
        step, fields = "pass_step", {"opinion": "材料齐全，符合法定条件"}
    else:
        return None
    return f"/cases/{case_no}/{step}", fields


def _wants_supplement(case_no: str) -> bool:
    return int(case_no[20:24]) % 6 == 3
