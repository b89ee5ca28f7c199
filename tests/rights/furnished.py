"""What a city has in it that the tests of rights ask for: a card, a notice. Asks for nothing itself."""

from __future__ import annotations

from datetime import date
from typing import Any

from hub.catalogue_office import CatalogueOffice
from hub.catalogue_pages import OFFICE
from hub.liaison import Liaison
from hub.liaison_pages import SERVICE as LIAISON
from hub.list_pages import OFFICES
from hub.project_pages import SERVICE
from hub.projects import Projects
from hub.sampling_pages import SERVICE as SAMPLING
from schemas import coordination, tables
from station import keys
from station.ratings import form_of
from tests.catalogue import drafts_of_lists, version
from tests.hub.test_liaison import ITEM, concluded
from tests.hub.test_projects import OPENED, items, plan
from tests.rights.tables import BUREAU
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, World

NOTICE = "notice:notice:1"
SAMPLE = "2018-01"
CARD = "c" * 32
INSPECTION = "d" * 32
REQUEST = "e" * 32
PUSH = "000001"
WATCHED = ("/supervis", "/inspections", "/coordination", "/liaison", "/duty")


def cards(world: World) -> None:
    """A card about each server's people, which was issued and revoked, a visit that found nothing and a request that was answered: there is nothing left to
    say of them."""
    said = {
        "rule": "R03", "colour": "yellow", "staff": "", "points": "1", "evidence": {"measure": "promise_overdue"}, "answer_due": "2018-02-13",
        "issued_at": "2018-02-09T09:00:00+08:00", "outcome": "issued", "late_evidence": False,
    }  # fmt: skip
    over = {
        "outcome": "revoked",
        "ruling": "补登记",
        "revoke_at": "2018-02-09T10:00:00+08:00",
        "revoke_by": "S001",
    }
    for code in (BUREAU, TOWNSHIP, VILLAGE):
        for more in ({}, over):
            word = {**said, "station": code, **more}
            world[HUB].parts.keeper.keep(
                code, PEOPLE["S001"], "supervision_card", CARD, lambda _txn, _before, word=word: word
            )
        visit = {
            "station": code, "kind": "open_visit", "planned_on": "2018-02-08", "inspectors": ["S001"], "findings": [],
            "done_at": "2018-02-08T09:00:00+08:00", "conclusion": "未发现问题",
        }  # fmt: skip
        world[HUB].parts.keeper.keep(
            code, PEOPLE["S001"], "inspection", INSPECTION, lambda _txn, _before, word=visit: word
        )
        above = tables.station(code).parent_code or HUB
        asked = coordination.asked(above, code, "请补报材料", date(2018, 2, 13))
        assert isinstance(asked, dict)
        answer = {"answer": "已补报", "answered_at": "2018-02-09T09:00:00+08:00"}
        for writer, word in ((above, asked), (code, {**asked, **answer})):
            server = world[HUB if writer in (HUB, BUREAU) else writer].parts
            server.keeper.keep(
                code, PEOPLE["S001"], "coordination", REQUEST, lambda _txn, _before, word=word: word
            )
            world.sync(TOWNSHIP, VILLAGE, TOWNSHIP)
    pushed(world)
    world.sync(TOWNSHIP, VILLAGE)


def pushed(world: World) -> None:
    """A case of the bureau's that a department was told of, which received the list."""
    concluded(world, 1)
    liaison: Liaison = world[HUB].app.extensions[LIAISON]
    number = liaison.push(PEOPLE["E001"], BUREAU[:6], ITEM.department)
    push = liaison.of(BUREAU[:6], number)
    assert push is not None
    liaison.receive(PEOPLE["E001"], push, "李明")


def watched(route: str, about: str) -> str:
    """A path of supervision, of what there is about a station."""
    forms = {"/inspections": INSPECTION, "/supervision/visits": INSPECTION, "/coordination": REQUEST}
    form = next((form for begin, form in forms.items() if route.startswith(begin)), CARD)
    event = "uphold" if "/cards/" in route else "finish" if "/visits" in route else "answer"
    if route.startswith("/liaison"):
        event = "receive"
    return (
        route.replace("<key>", f"L{about}:{form}").replace("<event>", event)
        .replace("<bureau>", BUREAU).replace("<number>", PUSH)
    )  # fmt: skip


def asked_of_supervision(route: str, station: str) -> dict[str, str]:
    """What a form of supervision says, of somebody of that station."""
    if route == "/supervision/visits":
        return {
            "kind": "open_visit",
            "station": VILLAGE if station == HUB else station,
            "planned_on": "2018-02-09",
            "inspectors": "S001",
        }
    if route == "/liaison/<bureau>":
        return {"department": "没有这个部门"}
    if route == "/duty":
        return {"date": "2018-02-10", "staff": "V001"}
    if route == "/coordination":
        return {"department": "市住房和城乡建设局", "content": "请明确踏勘时间"}
    return {
        "text": "已说明",
        "reason": "系统演练产生",
        "action": "约谈",
        "n": "0",
        "conclusion": "未发现问题",
    }


def asked_of_catalogue(
    world: World, route: str, code: str, number: int, editor: bool
) -> tuple[str, dict[str, str]]:
    """A path of the catalogue office, and what its form says; for an editor with a draft by somebody else that may be published."""
    path = route.replace("<code>", code)
    if route == "/catalogue":
        return path, {"code": f"NEW-{number}", "name": "新设事项", "place": "district 510903"}
    if route.startswith("/catalogue/<code>/"):
        return path, {"rev": _drafted(world, code)} if editor and "begin" not in route else {}
    name = route.split("/")[2]
    lists = world[HUB].app.extensions[OFFICES]
    if name not in lists:
        return path, {}
    begun, said = drafts_of_lists(number)[name]
    if "<key>" not in route:
        return path, begun
    if not editor:
        return path.replace("<key>", begun.get("key", "1")), {}
    doc = {**lists[name].kind.begun(begun, lists[name].known(), {}), **said}
    key, drafts = doc["key"], lists[name].drafts
    before = drafts.of(key)
    drafts.save(PEOPLE["C001"], key, doc, before.rev if before else "")
    return path.replace("<key>", key), {"rev": drafts.of(key).rev}


def _drafted(world: World, code: str) -> str:
    """The revision of a draft by somebody else that may be published; its item's next version, from later on than the one before."""
    office: CatalogueOffice = world[HUB].app.extensions[OFFICE]
    newest = world[HUB].parts.published.book().versions(code)[-1].item.version
    before = office.draft(code)
    doc = version(code, newest + 1, f"2019-01-{newest:02}")
    office.save(PEOPLE["C001"], doc, before.rev if before else "")
    draft = office.draft(code)
    assert draft is not None
    return draft.rev


def notice(world: World) -> None:
    """A notice for everybody, and a month whose cases are locked for a sample."""
    hub = world[HUB].parts
    world[HUB].app.extensions[SAMPLING].lock(PEOPLE["S001"], SAMPLE, "", 5, "开奖号码")
    said = {
        "type": "notice",
        "schema": 1,
        "kind": "notice",
        "title": "通知",
        "body": "请核对。",
        "at": "2018-02-09T09:00:00+08:00",
        "audience": "all",
    }
    keys.publish(hub.store, hub.identity.signer, {**said, "_id": NOTICE, "needs_receipt": True})
    world.sync(TOWNSHIP, VILLAGE)


def badly_rated(world: World, case_no: str) -> None:
    """Its applicant was not content."""
    said = {"case": case_no, "level": 5, "channel": "back_to_back", "at": "2018-02-09T09:00:00+08:00"}
    world[HUB].parts.keeper.keep(
        VILLAGE, PEOPLE["S001"], "evaluation", form_of(case_no), lambda _txn, before: before or said
    )


def project(world: World, form: str) -> str:
    """A project of the bureau that is under way; its number."""
    works: Projects = world[HUB].app.extensions[SERVICE]
    no = works.open(PEOPLE["E003"], form, {**OPENED, "vip": True, "lead_officer": "E003"})
    works.act(no, PEOPLE["B001"], "plan", plan(world))
    shared = [{"seq": 1, "name": "营业执照", "required": True, "got": True, "mode": "copy"}]
    works.act(no, PEOPLE["E003"], "accept_jointly", {"materials": shared})
    first = items(world)[0].item_code
    works.dispatch(no, PEOPLE["E003"], [first])
    works.act(no, PEOPLE["E003"], "request_supplement", {"gaps": [{"item": first, "text": "总平面图"}]})
    return no


def asked_of_project(world: World, no: str, form: str, route: str, role: str) -> tuple[str, dict[str, Any]]:
    """What this person could do with it: (path, fields)."""
    works: Projects = world[HUB].app.extensions[SERVICE]
    first = items(world)[0].item_code
    event = "opinion" if role in ("examiner", "zone_head") else "stop"
    path = route.replace("<project_no>", no).replace("<event>", event)
    if route == "/query/project":
        state = works.project(no)
        assert state is not None
        return path, {"project_no": no, "code": state.timeline[0].event["data"]["query_code"]}
    if route == "/projects/new":
        fields = {
            "name": "项目",
            "owner": "某公司",
            "id_no": "91510900MA6260001N",
            "phone": "13800004321",
            "lead_department": "行政审批局",
        }
        return path, {**fields, "form": form}
    said = {"item": first, "opinion": "agree"} if event == "opinion" else {"reason": "业主撤回"}
    return path, {"form": form, "service": "consult", "note": "讲解政策"} if route.endswith("/log") else said


def requests(world: World) -> None:
    """What a village asked its township, and what the bureau asked a department and was told."""
    at = "2018-02-09T10:30:00+08:00"
    asked = (
        (VILLAGE, VILLAGE, TOWNSHIP, "农村建房审批是否仍要村委会盖章？请明确后统一口径", {}),
        (HUB, BUREAU, "市住房和城乡建设局", "请明确凯旋路农贸市场项目现场踏勘时间", {"answer": "2月12日上午，由质监站派人", "answered_at": at, "answered_by": "E001"}),
    )  # fmt: skip
    for n, (server, from_, to, text, answer) in enumerate(asked):
        doc = coordination.asked(from_, to, text, date(2018, 2, 12))
        assert isinstance(doc, dict)
        for word in (doc, {**doc, **answer}) if answer else (doc,):
            who = PEOPLE["V001" if server == VILLAGE else "E001"]
            world[server].parts.keeper.keep(
                str(doc["station"]),
                who,
                "coordination",
                f"{31 + n:032x}",
                lambda _txn, _before, word=word: word,
            )
