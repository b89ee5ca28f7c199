"""Every page with something on it: a small city in the middle of its work, and for each page of each server whom it is shown to.

For pictures (`python -m tests.scenes docs/screens`, which is `make screens`) and for tests that look at all pages. A page that has no scene
here fails a test, so that none is forgotten. Everybody in it is invented.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from schemas import tables
from station.files import Scan
from tests import hub_scenes, ledgers, scans
from tests.browser import browser, sign_in, window
from tests.hub_scenes import Scene
from tests.rights.tables import AT, PROGRAMS, routes
from tests.scans import pdf
from tests.test_journey import INSTANT, PERMIT, REASON, record, step
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, World, application, small_city

LONG = "四川省遂宁市船山区电江路社区股份经济合作联合社下属农副产品冷链加工与配送有限责任公司"
# Not pages: programs' answers, files, and what leads elsewhere.
NO_PAGES = (
    *PROGRAMS,
    "/static/",
    "/bootstrap/",
    "/up",
    "/metrics",
    "/paper/template",
    "/annual.xlsx",
    "/annual.docx",
    "/supervision/accountability.xlsx",
    "/cases/<case_no>/files/",
    "/start",
)
COLOURS = 128
WHO = {"village": ("V001",), "township": ("T001",), "hub": ("E001", "S001", "A001", "C001")}


def fill(world: World) -> list[Scene]:
    """A day's work in all stages, and the scenes that show it."""
    village, hub = world[VILLAGE].parts, world[HUB].parts
    clerk = PEOPLE["V001"]
    decided, supplement, waiting = record(world, PERMIT), record(world, PERMIT), record(world, PERMIT)
    photo = Scan(2, "申请表第一页.jpg", "image/jpeg", scans.photo())
    shown = str(photo.line["sha256"])
    wrong = Scan(1, "别人的身份证.pdf", "application/pdf", pdf(seed=2))
    village.casework.attach(decided, clerk, [Scan(1, "身份证.pdf", "application/pdf", pdf()), photo, wrong])
    off = {"material": 1, "sha256": wrong.line["sha256"], "reason": "扫错了人"}
    village.casework.act(decided, clerk, [("detach", off)])
    village.casework.attach(waiting, clerk, [Scan(1, "身份证.pdf", "application/pdf", pdf())])
    own = next(each for each in tables.items().values() if each.village_mode == "direct" and each.instant)
    done = record(world, own)
    _walk(world, "V001", VILLAGE, done, "accept", "instant_conclude", result="已办理")
    world.sync(VILLAGE, TOWNSHIP)
    step(world, "E001", supplement, "notify_supplement", gaps="身份证明复印件不清晰\n申请表缺签名")
    step(world, "E001", decided, "accept")
    said = {"opinion": "材料齐全，符合法定条件", "result": "许可证 川遂船字0001号"}
    step(world, "E002", decided, "pass_step", "grant", "conclude", **said)
    long = _long_names(world)
    world.sync(VILLAGE, TOWNSHIP, VILLAGE)
    asked = next(each for each in tables.items().values() if each.village_mode == "agency")
    record(world, asked)  # for the township
    errand_no = village.errands.request(
        clerk, f"{1:032x}",
        {"kind": "agency", "applicant": {"name": "赵小明", "id_type": "111", "id_no": "510903199003070012"}, "phone": "13800004321"},
    )  # fmt: skip
    issued = _certificate(world)
    for n, (kind, content) in enumerate(
        (("suggestion", "希望赶集日多开一个窗口"), ("complaint", "等了一上午没有办成"))
    ):
        said = {
            "kind": kind,
            "channel": "box",
            "content": content,
            "received_at": "2018-02-09T09:00:00+08:00",
        }
        village.keeper.keep(
            VILLAGE, clerk, "complaint", f"{3 + n:032x}", lambda _txn, _before, said=said: said
        )
    lists = hub_scenes.catalogue(world)
    hub_scenes.released(world)
    card = {"name": "赵小明", "id_type": "111", "phone": "13800001234", "address": "三组12号"}
    handle = village.cards.save(clerk, "510903199003070012", card)
    cells, _ = ledgers.ledger(12, 4)
    ledger = village.paper_imports.check(clerk, "2017年台账.xlsx", ledgers.xlsx(cells), str)
    world.sync(VILLAGE, TOWNSHIP)
    parts = {
        "<code>": PERMIT.item_code, "<case_no>": decided, "<kind>": "receipt", "<handle>": handle, "<errand_no>": errand_no, "<id>": ledger,
        "<cert_code>": "KEEP-01", "<form>": issued, "<station>": VILLAGE, "<metric>": "accepted_cases", "<key>": hub_scenes.card(world), "<sha256>": shown,
    }  # fmt: skip
    more = [
        Scene("village", "V001", "/cases/<case_no>", f"/cases/{supplement}"),
        Scene("village", "V001", "/cases/<case_no>", f"/cases/{waiting}"),
        Scene("village", "V001", "/cases/<case_no>", f"/cases/{done}"),
        Scene("village", "V001", "/cases/<case_no>", f"/cases/{long}"),
        Scene("village", "V001", "/items", "/items?q=盖房子"),
        Scene("village", "V001", "/items", "/items?q=没有这种事"),
        Scene("village", "V001", "/cases", "/cases?list=closed"),
        Scene("hub", "S001", "/annual", "/annual?year=2018"),
        Scene("hub", "C001", "/catalogue", "/catalogue?drafts=1"),
        Scene("hub", "C001", "/catalogue/days", "/catalogue/days?year=2027"),
        Scene("hub", "S001", "/supervision", "/supervision?kind=issued"),
        Scene("village", "V001", "/touch/items", "/touch/items?q=户口"),
        Scene("village", "V001", "/touch/items", "/touch/items?q=没有这种事"),
        Scene("village", "V001", "/touch/voice", "/touch/voice?done=1"),
        Scene("hub", "E001", "/cases/<case_no>", f"/cases/{waiting}"),
        Scene("hub", "E001", "/cases/<case_no>", f"/cases/{long}"),
    ]
    assert hub.casework.case(long) is not None
    more += [
        *hub_scenes.sent_bulletins(world),
        *hub_scenes.project(world),
        hub_scenes.sample(world, done),
        *hub_scenes.visits(world),
        *lists,
    ]
    annual = world[HUB].app.extensions["bianmin-annual"]
    annual.make(2018)
    annual.wait()
    return [*_every(world, parts), *more]


def _every(world: World, parts: dict[str, str]) -> Iterator[Scene]:
    """For each page of each server everybody who may open it; the hub's three kinds of people see other things."""
    for at, code in AT.items():
        visitors = {
            who: world.visit(code).sign_in(who) if who else world.visit(code) for who in ("", *WHO[at])
        }
        for method, route in sorted(set(routes(world[code].app))):
            if method != "GET" or route.startswith(NO_PAGES):
                continue
            path = route.replace("/work/<kind>", "/work/mine")
            if at != "village":
                path = path.replace("<code>", INSTANT.item_code if at == "hub" else _of_township())
            for part, value in parts.items():
                path = path.replace(part, value)
            for who, visitor in visitors.items():
                answer = visitor.client.get(path)
                if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                    yield Scene(at, who, route, path)


def _of_township() -> str:
    return next(each.item_code for each in tables.items().values() if each.township_mode == "direct")


def _walk(world: World, who: str, code: str, case_no: str, *steps: str, **fields: str) -> None:
    visitor = world.visit(code).sign_in(who)
    for each in steps:
        visitor.open(f"/cases/{case_no}")
        visitor.send(f"/cases/{case_no}/{each}", **fields)
        assert visitor.status == 200, visitor.page


def _certificate(world: World) -> str:
    """The form of a village certificate that was given out."""
    clerk = world.visit(VILLAGE).sign_in("V001")
    clerk.open("/certificates/KEEP-01")
    form = clerk.form
    facts = "经入户核实，赵小明一家三口，无固定收入，家庭经济困难"
    clerk.send("/certificates/KEEP-01", **application(form, facts=facts, second_checker="T001"))
    assert clerk.status == 200, clerk.page
    return form


def _long_names(world: World) -> str:
    """A case of somebody with a very long name, denied for a long reason."""
    clerk = world.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/items/{PERMIT.item_code}/record")
    person = {"name": LONG, "id_no": "91510900MA6260001N", "address": "四川省遂宁市船山区" * 4}
    clerk.send(f"/items/{PERMIT.item_code}/record", **application(clerk.form, **person))
    assert clerk.status == 200, clerk.page
    case_no = clerk.path.removeprefix("/cases/")
    world.sync(VILLAGE, TOWNSHIP)
    step(world, "E001", case_no, "accept")
    step(world, "E002", case_no, "deny", reason=REASON * 6, remedy="可以自收到之日起六十日内申请行政复议")
    return case_no


class Eyes:
    """A browser with a window for everybody, who signs in once."""

    def __init__(self, started: Browser, world: World, *, english: bool = False, large: bool = False) -> None:
        self.strangers: list[str] = []
        self._started, self._world = started, world
        self._switches = [name for name, wanted in (("English", english), ("大字", large)) if wanted]
        self._windows: dict[tuple[str, str], Page] = {}

    def look(self, scene: Scene) -> Page:
        """The page of a scene."""
        url = self._world[AT[scene.at]].url
        page = self._windows.get((scene.at, scene.who))
        if page is None:
            page = self._windows[scene.at, scene.who] = window(self._started, self.strangers)
            if scene.who:
                sign_in(page, self._world, AT[scene.at], scene.who)
                page.wait_for_url(lambda now: "/sign-in" not in now)
            for switch in reversed(self._switches):  # the language last: it renames the other
                page.goto(f"{url}/help" if scene.who else f"{url}/query")
                with page.expect_navigation():
                    page.get_by_role("button", name=switch).click()
        page.goto(url + scene.path)
        return page


def pictures(folder: Path, chromium: str, only: str = "") -> int:
    """A picture of each page of each server, small enough to keep; how many. A page that several people see is taken once."""
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    with tempfile.TemporaryDirectory() as data, small_city(Path(data), sockets=True) as world:
        scenes = {(scene.at, scene.path): scene for scene in reversed(fill(world))}
        with browser(chromium) as started:
            eyes = Eyes(started, world)
            for scene in sorted(scenes.values(), key=lambda each: each.name):
                if only in scene.name:
                    names = (f"{scene.name}-{n}" if n else scene.name for n in count())
                    name = next(each for each in names if each not in taken)
                    taken.add(name)
                    shot = Image.open(io.BytesIO(eyes.look(scene).screenshot(full_page=True)))
                    shot = shot.convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS)
                    shot.save(folder / f"{name}.png", optimize=True)
    return len(taken)


if __name__ == "__main__":
    print(pictures(Path(sys.argv[1]), "/usr/bin/chromium", *sys.argv[2:3]), "pictures")
