"""Every page × every role, at hub, township and village, as tests/rights/pages.csv says.

Columns are groups of roles; `of` marks rows about one case, which nobody of another district may touch, and those of the
whole city, which are for no district's supervisor. What the table
does not allow is 401 (being sent to sign in), 403 or 404, and has changed nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import count
from random import Random
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from hub import bulletin_pages, staff
from hub.bulletin_office import BulletinOffice
from schemas import offers, tables
from station.casework import Application
from station.files import Scan
from station.staff import ROLES, Staff
from tests import ledgers
from tests.rights import furnished
from tests.rights.tables import AT, BUREAU, FAR, PROGRAMS, routes, table
from tests.scans import pdf
from tests.test_journey import PERMIT, record
from tests.world import (
    HUB,
    NEIGHBOUR,
    PASSWORD,
    PEOPLE,
    TOWNSHIP,
    TRAINED,
    VILLAGE,
    World,
    application,
    small_city,
)  # fmt: skip

PAGES = table("pages")
NOTICE, SAMPLE, WATCHED = furnished.NOTICE, furnished.SAMPLE, furnished.WATCHED
# There is nothing to rate yet: the page says so, to whoever may open it.
RATES = {
    ("POST", "/rate"): 422, ("POST", "/rate/<case_no>"): 409,
    # The card is over: the page says so.
    ("POST", "/supervised/<key>/<event>"): 409, ("POST", "/supervision/cards/<key>/<event>"): 409,
    # So is the visit, in which nothing was found.
    ("POST", "/program"): 409, ("POST", "/program/back"): 409, ("POST", "/stations/releases"): 422, ("POST", "/stations/releases/<version>/offer"): 422, ("POST", "/stations/releases/<version>/withdraw"): 422,
    ("POST", "/inspections/<key>/fix"): 409, ("POST", "/supervision/visits/<key>/<event>"): 409,
    ("POST", "/coordination/<key>/answer"): 409, ("POST", "/supervision/accountability"): 409, ("POST", "/liaison/<bureau>"): 409, ("POST", "/liaison/<bureau>/<number>/<event>"): 409,
    # A form that says nothing.
    ("POST", "/supervision/samples"): 409, ("POST", "/supervision/samples/<name>"): 409, ("POST", "/supervision/samples/<name>/<case_no>"): 409,
}  # fmt: skip
PERSON = {"name": "赵小明", "id_type": "111", "id_no": "510903199003070012"}
SCAN = Scan(1, "身份证.pdf", "application/pdf", pdf())
FROM_HOME = next(
    each for each in tables.items().values() if each.division_code == "510903" and each.online_depth == 3
)
OTHER_BUREAU = "510922000000"
ELSEWHERE = "510922001001"  # a station that nobody in these tests needs
COLUMN = {
    "village_clerk": "clerk", "township_window": "clerk", "city_window": "clerk", "district_window": "window",
    "examiner": "examiner", "zone_head": "examiner", "bureau_head": "examiner", "city_supervisor": "supervisor",
    "district_supervisor": "supervisor", "auditor": "auditor", "hub_administrator": "administrator", "catalogue_editor": "editor",
    "station_head": "clerk",
}  # fmt: skip
BUREAUS = ("district_window", "examiner", "zone_head", "bureau_head", "district_supervisor")


@dataclass(frozen=True)
class Asker:
    """One role of one station, at one server; `column` of the table says what they may."""

    at: str
    column: str
    role: str = ""
    station: str = ""

    def __str__(self) -> str:
        return f"{self.at}-{self.role or 'stranger'}-of-{self.station or 'nowhere'}"

    def may(self, row: dict[str, str]) -> bool:
        if row["of"] == "city" and self.role == "district_supervisor":
            return False
        return row[self.column] == "y" and not (row["of"] == "case" and self.station == OTHER_BUREAU)


def askers() -> Iterator[Asker]:
    for at, code in AT.items():
        yield Asker(at, "stranger")
        own = {"village": "village_clerk", "township": "township_window", "hub": "city_window"}[at]
        yield Asker(at, "clerk", own, code)
        yield Asker(at, "clerk", "station_head", code)
        for role in BUREAUS:
            yield Asker(at, COLUMN[role], role, BUREAU)
            yield Asker(at, COLUMN[role] if at == "hub" else "outsider", role, OTHER_BUREAU)
        yield Asker(at, "supervisor", "city_supervisor", HUB)
        for station in dict.fromkeys((code, HUB)):
            yield Asker(at, "auditor", "auditor", station)
        yield Asker(at, "administrator", "hub_administrator", HUB)
        yield Asker(at, "editor", "catalogue_editor", HUB)
        yield Asker(at, "outsider", "village_clerk", NEIGHBOUR)
        yield Asker(at, "outsider", "township_window", FAR)
        if at != "village":
            yield Asker(at, "outsider", "village_clerk", VILLAGE)
        if at == "hub":
            yield Asker(at, "outsider", "township_window", TOWNSHIP)
            yield Asker(at, "outsider", "auditor", VILLAGE)


ASKERS = list(askers())
_numbers = count(1)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("rights")) as world:
        for server in world.servers.values():
            assert server.parts.backups is not None
            server.parts.settings = replace(
                server.parts.settings, port=0
            )  # a practice would begin on the one beyond
            server.parts.backups.into = tmp_path_factory.mktemp("stick")
        furnished.cards(world)
        furnished.notice(world)
        yield world


class Session:
    """A browser of this asker, with a case of their own to act on."""

    def __init__(self, city: World, asker: Asker) -> None:
        self.city, self.asker = city, asker
        self.server = city[AT[asker.at]]
        self.employee_no = f"Z{next(_numbers):03}"
        self.code = ""
        self.ledger = "0" * 32
        if asker.role:
            self.code = self._appointed()
        self.case_no = record(city, PERMIT)
        city[VILLAGE].parts.casework.attach(self.case_no, PEOPLE["V001"], [SCAN])
        self.project_no = furnished.project(city, f"{next(_numbers):032x}")
        self._bulletin()
        furnished.badly_rated(city, self.case_no)
        self.issued = f"{next(_numbers):032x}"
        certificate = {"holder": "赵小明", "certificate": "cert:KEEP-01", "facts": "入户核实", "number": "x"}
        city[VILLAGE].parts.keeper.keep(
            VILLAGE, PEOPLE["V001"], "certificate_issue", self.issued, lambda _txn, _before: certificate
        )
        said = {
            "kind": "suggestion",
            "channel": "box",
            "content": "多开一个窗口",
            "received_at": "2018-02-09T09:00:00+08:00",
        }
        self.voice = city[VILLAGE].parts.keeper.keep(
            VILLAGE, PEOPLE["V001"], "complaint", f"{next(_numbers):032x}", lambda _txn, _before: said
        )
        request = {"kind": "vip", "applicant": PERSON}
        self.errand_no = city[VILLAGE].parts.errands.request(
            PEOPLE["V001"], f"{next(_numbers):032x}", request
        )
        outs = [city[code].parts.agent.sync_once() for code in (VILLAGE, TOWNSHIP)]
        assert city[HUB].parts.casework.case(self.case_no) is not None, outs
        self.handle = "0" * 32
        if asker.column in ("clerk", "window") and asker.role:
            card = {"name": "赵小明", "id_type": "111", "phone": "13800001234", "address": "三组12号"}
            self.handle = self.server.parts.cards.save(self._person, "510903199003070012", card)
            self.server.parts.people.tend()  # a page follows one batch, and other tests may have left more
        self.client = Client(self.server.app)
        if asker.role and asker.column != "outsider":
            accounts = self.server.parts.accounts
            accounts.choose(accounts.sign_in(self.employee_no, self.code), PASSWORD)
            assert self.ask("POST", "/sign-in").status_code == 303
        if asker.role == "hub_administrator":
            # What is over can be corrected.
            hub, said = city[HUB].parts.casework, {"opinion": "符合条件"}
            hub.act(self.case_no, PEOPLE["E001"], [("accept", {}), ("assign", {"to": PERMIT.zone})])
            steps = [("pass_step", said), ("grant", {}), ("conclude", {"result": "已发证"})]
            hub.act(self.case_no, PEOPLE["E002"], steps)
        if asker.column == "clerk" or (asker.at, asker.column) == ("hub", "window"):
            me, sheet = (
                self.server.parts.appointments.staff(self.employee_no),
                ledgers.xlsx([ledgers.row(1, Random(1))]),
            )
            assert me is not None
            self.ledger = self.server.parts.paper_imports.check(me, "x.xlsx", sheet, str)
        if asker.role in ("zone_head", "bureau_head"):
            # A head decides; somebody accepts before and somebody reviews.
            hub = city[HUB].parts.casework
            steps = [("accept", {}), ("assign", {"to": PERMIT.zone})]
            hub.act(self.case_no, PEOPLE["E001"], steps)

    def _appointed(self) -> str:
        """Their start code, drawn by the hub; the record of them is where they try it."""
        hub = self.city[HUB].parts
        roles = {self.asker.role}
        if self.asker.role == "station_head":  # besides what they do at the window
            roles.add(
                {"village": "village_clerk", "township": "township_window", "hub": "city_window"}[
                    self.asker.at
                ]
            )
        person = self._person = Staff(
            self.employee_no, "某人", self.asker.station, frozenset(roles), trained_on=TRAINED
        )
        code = staff.add(hub.store, hub.identity.signer, person, hub.random)
        self.city.carry(AT[self.asker.at])
        return code

    def ask(self, method: str, route: str) -> TestResponse:
        """The request of this row, with everything in it that a page's form would bring."""
        item = self._item()
        fields: dict[str, Any] = {}
        event, fields_of_event = self._step()
        path = (
            route.replace("/work/<kind>", "/work/here").replace("<code>", item).replace("<case_no>", self.case_no).replace("<event>", event)
            .replace("<metric>", "accepted_cases").replace("<cert_code>", "KEEP-01").replace("/drafts/<form>", f"/drafts/{0:032}").replace("<form>", self.issued).replace("<key>", self.voice).replace("<errand_no>", self.errand_no).replace("<sha256>", SCAN.line["sha256"]).replace("<any(zh, en):language>", "zh").replace("<kind>", "receipt").replace("<handle>", self.handle).replace("<station>", ELSEWHERE).replace("<id>", self.ledger).replace("<version>", "0.9.9")
        )  # fmt: skip
        if route.startswith(WATCHED):
            path = self._supervision(route).replace("<case_no>", self.case_no).replace("<name>", SAMPLE)
        if route.startswith(("/notices", "/bulletins")):
            path = (
                route.replace("<id>", NOTICE).replace("<key>", self._bulletin()).replace("<action>", "drop")
            )
        path = path.replace(
            "<path:filename>", "css/bootstrap.min.css" if "bootstrap" in route else "bianmin.css"
        )
        if route in ("/items/<code>/record", "/items/<code>/draft", "/items/<code>/missing"):
            fields = dict(application(f"{next(_numbers):032x}"))
        elif "<event>" in route and "errand" not in route:
            fields = fields_of_event
        elif route == "/errands/<errand_no>/<event>":
            path = path.rsplit("/", 1)[0] + "/cancel"
        elif route == "/errands/<errand_no>/log":
            fields = {"service": "consult", "note": "介绍政策", "form": f"{next(_numbers):032x}"}
        elif route == "/errands/new":
            fields = {**application(f"{next(_numbers):032x}"), "kind": "agency"}
        elif route == "/guidance":
            fields = {"note": "告知到三号窗口", "form": f"{next(_numbers):032x}"}
        elif route == "/certificates/<cert_code>":
            fields = {**application(f"{next(_numbers):032x}"), "facts": "入户核实", "second_checker": "T001"}
        elif route == "/voice":
            fields = {
                "form": f"{next(_numbers):032x}",
                "kind": "suggestion",
                "channel": "box",
                "content": "多开一个窗口",
            }
        elif route == "/voice/<key>/answer":
            fields = {"answer": "已增开窗口"}
        elif route == "/services/<code>/apply":
            path, fields = path.replace(item, FROM_HOME.item_code), self._from_home()
        elif route == "/services/mine":
            fields = self._returned()
        elif route.startswith(WATCHED):
            fields = {
                "form": f"{next(_numbers):032x}",
                **furnished.asked_of_supervision(route, self.asker.station),
            }
        elif route.startswith("/catalogue"):
            path, fields = furnished.asked_of_catalogue(
                self.city, route, item, next(_numbers), self.asker.column == "editor"
            )
        elif route == "/bulletins":
            fields = {"kind": "notice"}
        elif route.startswith("/bulletins/drafts"):
            fields = {"rev": self._bulletin(rev=True)}
        elif route == "/desk/views":
            fields = {"name": "超期"}
        elif route == "/desk/assign":  # who is no head is told so of each case
            fields = {"case": self.case_no, "to": self.employee_no}
        elif route == "/bulk":
            fields = {"action": "forward", "case": self.case_no}
        elif route == "/corrections":
            fields = {"case_no": self.case_no, "note": "证照编号更正", "cosigned_by": "S001"}
        elif route.endswith("/files"):
            return self._add_scan(path)
        elif route.endswith("/detach"):
            if (self.asker.at, self.asker.role) == ("hub", "district_window"):
                self.ask("POST", "/desk/<case_no>/claim")
            fields = {"material": "1", "reason": "扫错了人"}
        elif route.endswith("/revoke"):
            fields = {"confirm": ELSEWHERE}
        elif route == "/sign-in":
            # Nobody gets in where they do not work, though they show a code that the hub gave them.
            password = self.code if self.asker.column == "outsider" else PASSWORD
            fields = {"employee_no": self.employee_no, "password": password}
        elif route in ("/query", "/touch/query"):
            state = self.city[VILLAGE].parts.casework.case(self.case_no)
            fields = {"case_no": self.case_no, "code": state.query_code if state else ""}
        elif route == "/screens":
            fields = {"screen": "touch"}
        elif route == "/screens/leave":
            fields = {"password": PASSWORD}
        elif route == "/touch/voice":
            fields = {"form": f"{next(_numbers):032x}", "content": "希望赶集日多开一个窗口"}
        elif route.endswith("/undo") and self._records():
            # Only who recorded it may, and at the hub only who holds it.
            made = self.ask("POST", "/items/<code>/record").location or ""
            if self.asker.at == "hub":
                self._post(f"/desk/{made[7:32]}/claim", {})
            path = path.replace(self.case_no, made[7:32])
        elif route == "/people/<handle>/member":
            fields = {"name": "赵小花", "id_no": "510903198502280028", "relation": "spouse"}
        elif route.startswith("/full"):
            fields = {"why": "verify"}
        elif route == "/paper":
            fields = {"file": (BytesIO(ledgers.xlsx([ledgers.row(1, Random(1))])), "x.xlsx"), "vouched": "1"}
        elif route == "/sheets":
            fields = {"sheet": "全部", "since": "2018-01-01", "until": "2018-12-31"}
        elif route.startswith("/person"):
            fields = {"why": "self", "id_no": "510903199003070012"}
        elif route == "/stick/write":
            fields = {"station": VILLAGE if self.asker.at == "hub" else HUB}
        elif route == "/stick/read":
            fields = {"file": (self._stick(), "x.bianmin")}
        else:
            fields = {"q": "赵小明"}
        if route.startswith(("/projects", "/query/project")):
            path, fields = furnished.asked_of_project(
                self.city, self.project_no, f"{next(_numbers):032x}", route, self.asker.role
            )
        if method != "POST":
            return self.client.open(path, method=method, buffered=True)
        if route == "/cases/<case_no>/<event>" and self.asker.at == "hub":
            self.ask("POST", "/desk/<case_no>/claim")
        return self._post(path, fields)

    def _post(self, path: str, fields: dict[str, Any]) -> TestResponse:
        # A screen that is turned to the public has no other form.
        page = self.client.get(path if path == "/screens/leave" else "/sign-in", follow_redirects=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token
        return self.client.post(path, data={**fields, "csrf_token": token[1]}, buffered=True)

    def _add_scan(self, path: str) -> TestResponse:
        if (self.asker.at, self.asker.role) == ("hub", "district_window"):
            self.ask("POST", "/desk/<case_no>/claim")
        scan = pdf(600, seed=next(_numbers))
        return self._post(path, {"material": "1", "scan": (BytesIO(scan), "合同.pdf")})

    def _stick(self) -> BytesIO:
        """A file that somebody wrote for this server."""
        writer = self.city[VILLAGE if self.asker.at == "hub" else HUB].parts.sticks
        return BytesIO(b"".join(writer.write(AT[self.asker.at])[0].pieces()))

    def _bulletin(self, *, rev: bool = False) -> str:
        """The key of a draft of a notice, or which word on it is the newest."""
        office: BulletinOffice = self.city[HUB].app.extensions[bulletin_pages.OFFICE]
        if not office.drafts():
            office.begin(PEOPLE["S001"], "notice")
        draft = office.drafts()[0]
        return draft.rev if rev else draft.key

    def _supervision(self, route: str) -> str:
        """With the card about this server's people, and a proposal of its own."""
        about = BUREAU if self.asker.at == "hub" else AT[self.asker.at]
        path = furnished.watched(route, about).replace("<action>", "drop")
        if "<form>" in path and self.asker.column == "supervisor":
            form = f"{next(_numbers):032x}"
            card = {
                "station": self.asker.station if self.asker.station != HUB else BUREAU,
                "colour": "yellow",
                "rule": "R03",
                "evidence": {},
            }
            here = self.city[HUB].parts.store.database("here")
            here.put(
                {
                    "_id": f"card-proposal:{form}",
                    "type": "card_proposal",
                    "schema": 1,
                    "at": "",
                    "dropped": "",
                    "card": card,
                }
            )
            path = path.replace("<form>", form)
        return path.replace("<form>", "0" * 32)

    def _from_home(self) -> dict[str, Any]:
        """A whole application over the network, not slowed by those before it."""
        self.server.parts.accounts.attempts.forget("application from None")  # no socket, no address
        needed = [each.seq for each in tables.materials(FROM_HOME.item_code) if each.required]
        scans = {f"scan-{n}": (BytesIO(pdf(600, seed=next(_numbers))), "材料.pdf") for n in needed}
        return {**application(f"{next(_numbers):032x}"), **scans}

    def _returned(self) -> dict[str, str]:
        """Number and code of an application that the desk has returned."""
        casework, nobody = self.city[HUB].parts.casework, Staff("", "", BUREAU, frozenset({"applicant"}))
        form = f"{next(_numbers):032x}"
        sent = Application(
            form, FROM_HOME.item_code, "赵小明", "111", PERSON["id_no"], "13800001234", "", frozenset(), True
        )
        case_no = casework.submit(nobody, sent, [])
        casework.act(
            case_no, PEOPLE["E001"], [("pre_review_return", {"reason": "照片看不清", "gaps": ["照片"]})]
        )
        state = casework.case(case_no)
        assert state is not None
        return {"case_no": case_no, "code": state.query_code}

    def _item(self) -> str:
        """An item that this asker's window takes in."""
        asker = self.asker
        if asker.at != "hub" or asker.column in ("stranger", "outsider"):
            return PERMIT.item_code
        open_here = offers.offers(tables.station(asker.station))
        return next(item.item_code for item, offer in open_here if offer.mode in offers.OPENS_CASES)

    def _records(self) -> bool:
        """Whether this asker takes applications in here."""
        at_hub = self.asker.at == "hub" and self.asker.station != OTHER_BUREAU
        return self.asker.column == "clerk" or (self.asker.column == "window" and at_hub)

    def _step(self) -> tuple[str, dict[str, str]]:
        if self.asker.role == "examiner":
            return "accept", {}
        if self.asker.role in ("zone_head", "bureau_head"):
            return "deny", {"reason": "经核查，与申报材料不符，不予许可", "remedy": "可申请行政复议"}
        if self.asker.column == "supervisor":
            return "urge", {"reason": "临近到期，请抓紧办理"}
        return "withdraw", {"reason": "申请人要求撤回"}


@pytest.mark.parametrize("at", AT)
def test_every_page_has_its_row_and_every_row_its_page(city: World, at: str) -> None:
    there = {each for each in routes(city[AT[at]].app) if not each[1].startswith(PROGRAMS)}
    kinds = {"all", at, "hub" if at == "hub" else "station"}
    written = [(row["method"], row["route"]) for row in PAGES if row["at"] in kinds]
    assert there == set(written)
    assert len(written) == len(set(written))


def test_every_role_is_asked_about() -> None:
    assert {asker.role for asker in ASKERS} == {"", *ROLES}


def refused(answer: TestResponse) -> bool:
    sent_away = answer.status_code == 302 and answer.location.startswith("/sign-in")
    return sent_away or answer.status_code in (401, 403, 404)


def kept(session: Session) -> tuple[int, int]:
    """What this server has written: documents, and lines of its access log."""
    return session.server.parts.store.update_seq, session.server.parts.access.count()


@pytest.mark.parametrize("asker", ASKERS, ids=str)
def test_a_page_opens_for_exactly_the_roles_of_the_table(city: World, asker: Asker) -> None:
    session = Session(city, asker)
    rows = [row for row in PAGES if row["at"] in ("all", asker.at, "hub" if asker.at == "hub" else "station")]
    # What one may do to a case comes before what is left of it; who must claim it, claims it first.
    order = ("/drop", "/release", "/files", "/undo", "<event>", "/screens", "/sign-out")
    rows.sort(key=lambda row: [part in row["route"] for part in reversed(order)])
    before = kept(session)
    wrong = []
    for row in rows:
        if asker.may(row):
            continue
        for method in (row["method"], "HEAD") if row["method"] == "GET" else (row["method"],):
            answer = session.ask(method, row["route"])
            if not refused(answer):
                wrong.append(f"{method} {row['route']}: {answer.status_code}")
    if kept(session) != before:
        wrong.append("what was refused has changed something")
    for row in rows:
        if not asker.may(row):
            continue
        answer = session.ask(row["method"], row["route"])
        if not asker.role and (row["method"], row["route"]) == ("POST", "/sign-in"):
            assert answer.status_code == 403, "nobody's password"
        elif (row["method"], row["route"]) in RATES:
            if answer.status_code != RATES[row["method"], row["route"]]:
                wrong.append(f"{row['method']} {row['route']}: {answer.status_code}")
        elif refused(answer) or answer.status_code >= 400:
            wrong.append(f"{row['method']} {row['route']}: {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)
