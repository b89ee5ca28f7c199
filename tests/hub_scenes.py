"""What the scenes of the hub need: a small city's cards, projects, visits, samples, bulletins and drafts of the catalogue. Shown by tests.scenes.

Fills and says which pages show it; takes no pictures.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from hub import bulletin_pages, root
from hub.bulletin_office import BulletinOffice
from hub.catalogue_office import CatalogueOffice
from hub.catalogue_pages import OFFICE
from hub.liaison import Liaison
from hub.liaison_pages import SERVICE as LIAISON
from hub.list_pages import OFFICES
from hub.project_pages import SERVICE
from hub.projects import Projects
from hub.release_pages import OFFICE as RELEASES
from hub.releases import Office
from hub.sampling import Sampling
from hub.sampling_pages import SERVICE as SAMPLING
from hub.visit_pages import SERVICE as VISITS
from hub.visits import Visits
from schemas import bulletins, numbers
from schemas.inspections import with_finding
from station.databases import of_case
from station.ratings import form_of
from station.upgrading import Upgrading
from tests import kits
from tests.catalogue import drafts_of_lists, publish, version
from tests.hub.test_liaison import concluded
from tests.hub.test_projects import OPENED, items, plan
from tests.rights.furnished import PUSH, pushed, requests
from tests.schemas.histories import History, village_item
from tests.test_journey import INSTANT
from tests.world import BUREAU, HUB, PEOPLE, TOWNSHIP, VILLAGE, World


class Scene(NamedTuple):
    """A page, and who looks at it: "" for somebody who is not signed in."""

    at: str
    who: str
    route: str
    path: str

    @property
    def name(self) -> str:
        """What its picture is called."""
        page = (
            self.route.strip("/").replace("<", "").replace(">", "").replace("/", "-").split("?")[0] or "home"
        )
        more = re.sub(r"[=&]|L[0-9]+:[0-9a-f]+", "-", self.path.partition("?")[2]).strip("-")
        return "-".join(each for each in (self.at, self.who, page, more) if each)


def card(world: World) -> str:
    """A card about the village, one about the bureau, and what the rules call for besides; the key of the village's, or at the hub too."""
    said = {
        "rule": "R03", "colour": "yellow", "staff": "V001", "points": "1", "answer_due": "2018-02-13", "outcome": "issued", "late_evidence": False,
        "issued_at": "2018-02-09T09:00:00+08:00",
        "evidence": {"measure": "promise_overdue", "accepted_on": "2018-02-01", "promised_days": 3, "due": "2018-02-06", "raised_on": "2018-02-07"},
    }  # fmt: skip
    hub = world[HUB].parts
    for code in (VILLAGE, BUREAU):
        hub.keeper.keep(
            code,
            PEOPLE["S001"],
            "supervision_card",
            "5" * 32,
            lambda _txn, _before, code=code: {**said, "station": code},
        )
    proposal = {
        "_id": f"card-proposal:{6:032x}",
        "type": "card_proposal",
        "schema": 1,
        "at": "2018-02-09T09:00:00+08:00",
        "dropped": "",
    }
    hub.store.database("here").put(
        {**proposal, "card": {**said, "station": BUREAU, "colour": "red", "rule": "R04"}}
    )
    world.sync(TOWNSHIP, VILLAGE)
    return f"L{VILLAGE}:{'5' * 32}"


def project(world: World) -> list[Scene]:
    """A VIP project under way, one approval answered and told what it lacks, another not dispatched; one that is only registered."""
    works: Projects = world[HUB].app.extensions[SERVICE]
    window = PEOPLE["E003"]
    begun = works.open(window, f"{7:032x}", {**OPENED, "name": "凯旋路农贸市场改造项目"})
    no = works.open(window, f"{8:032x}", {**OPENED, "vip": True, "lead_officer": "E003"})
    works.act(no, PEOPLE["B001"], "plan", plan(world))
    shared = [
        {"seq": n, "name": name, "required": True, "got": True, "mode": "copy"}
        for n, name in enumerate(("营业执照", "项目建议书"), 1)
    ]
    works.act(no, window, "accept_jointly", {"materials": shared})
    first = items(world)[0].item_code
    works.dispatch(no, window, [first])
    works.act(
        no,
        PEOPLE["E001"],
        "opinion",
        {"item": first, "opinion": "conditions", "text": "须先取得用地批准，并按总平面图核减建筑面积"},
    )
    works.act(
        no,
        window,
        "request_supplement",
        {
            "gaps": [
                {"item": first, "text": "总平面图（加盖设计单位公章）"},
                {"item": first, "text": "用地批准书"},
            ]
        },
    )
    said = {
        "project": no,
        "kind": "consult",
        "staff": "E003",
        "at": "2018-02-09T09:00:00+08:00",
        "note": "讲解用地和规划许可的先后顺序",
    }
    world[HUB].parts.keeper.keep(
        BUREAU, window, "vip_entry", f"{9:032x}", lambda _txn, before: before or said
    )
    return [
        Scene("hub", "E001", "/projects/<project_no>", f"/projects/{no}"), Scene("hub", "B001", "/projects/<project_no>", f"/projects/{begun}"),
        Scene("hub", "E001", "/projects/<project_no>/notice", f"/projects/{no}/notice"),
    ]  # fmt: skip


def visits(world: World) -> list[Scene]:
    """A visit to the village of which one finding was put right, one to the bureau that was told beforehand, one that nobody there knows of, and
    the village's own patrol."""
    visits: Visits = world[HUB].app.extensions[VISITS]
    supervisor, clerk, at = PEOPLE["S001"], PEOPLE["V001"], "2018-02-08T15:00:00+08:00"
    looked = {
        "station": VILLAGE, "kind": "unannounced", "planned_on": "2018-02-08", "inspectors": ["S001", "李明"], "window": "一号窗口",
        "reason": "群众反映下午没有人", "done_at": at, "conclusion": "发现两个问题，限期整改", "visible_from": at,
        "findings": [
            {"code": "absent", "severity": 2, "note": "下午两点窗口无人，未摆放去向牌", "due": "2018-02-13"},
            {"code": "disclosure", "severity": 1, "note": "公示栏仍为上一版目录", "due": "2018-02-12", "fixed_at": at, "fixed_by": "V001", "fix": "已换成本月目录"},
        ],
    }  # fmt: skip
    key = world[HUB].parts.keeper.keep(
        VILLAGE, supervisor, "inspection", f"{21:032x}", lambda _txn, before: before or looked
    )
    day, people = date(2018, 2, 12), ["S001"]
    visits.plan(supervisor, f"{22:032x}", "open_visit", BUREAU, day, people, "春节前窗口秩序")
    hidden = visits.plan(supervisor, f"{23:032x}", "unannounced", TOWNSHIP, day, people, "赶集日在岗情况")
    found = {"code": "order", "severity": 1, "note": "等候区座椅损坏", "due": "2018-02-20"}
    visits.say(supervisor, hidden, lambda doc: with_finding(doc, found))
    patrol = {
        "station": VILLAGE, "kind": "daily_patrol", "planned_on": "2018-02-09", "inspectors": ["V001"], "findings": [],
        "done_at": "2018-02-09T08:50:00+08:00", "conclusion": "未发现问题",
    }  # fmt: skip
    world[VILLAGE].parts.keeper.keep(
        VILLAGE, clerk, "inspection", f"{24:032x}", lambda _txn, before: before or patrol
    )
    decided = {
        "_id": f"acc:{41:032x}", "type": "accountability", "schema": 1, "created_at": at, "created_by": "S001", "at": at, "because": [key],
        "ground": "inspection", "station": VILLAGE, "staff": "V001", "measure": "talk", "reason": "同一问题第二次发现", "decided_by": "S001",
    }  # fmt: skip
    world[HUB].parts.store.database("here").put(decided)
    served = {"date": "2018-02-10", "kind": "weekend", "staff": ["V001", "李明"], "hours": "9:00–12:00"}
    world[VILLAGE].parts.keeper.keep(
        VILLAGE, clerk, "duty_roster", f"{42:032x}", lambda _txn, before: before or served
    )
    requests(world)
    pushed(world)
    concluded(world, 2, 720)
    liaison: Liaison = world[HUB].app.extensions[LIAISON]
    push = liaison.of(BUREAU[:6], PUSH)
    assert push is not None
    liaison.doubt(PEOPLE["E001"], push, push["cases"][0], "企业名称与驰名商标近似，请核查")
    world.sync(VILLAGE, TOWNSHIP, VILLAGE)
    return [
        Scene("village", "V001", "/inspections/<key>", f"/inspections/{key}"), Scene("hub", "S001", "/inspections/<key>", f"/inspections/{key}"),
        Scene("hub", "S001", "/supervision/visits/<key>", f"/supervision/visits/{hidden}"),
        Scene("hub", "S001", "/supervision/visits", "/supervision/visits?list=all"),
        Scene("township", "T001", "/inspections/<key>", f"/inspections/{key}"),
        Scene("hub", "S001", "/supervision/accountability", f"/supervision/accountability?because={key}"),
        Scene("hub", "S001", "/duty", "/duty?on=2018-02-10"),
        Scene("hub", "E001", "/liaison/<bureau>", f"/liaison/{BUREAU}"), Scene("hub", "S001", "/liaison/<bureau>", f"/liaison/{BUREAU}"),
        Scene("hub", "E001", "/liaison/<bureau>/<number>", f"/liaison/{BUREAU}/{PUSH}"),
    ]  # fmt: skip


def sample(world: World, concluded: str) -> Scene:
    """A bad rating, and the sample of a month in which one case was concluded."""
    hub = world[HUB].parts
    said = {
        "case": concluded,
        "level": 5,
        "channel": "back_to_back",
        "at": "2018-02-09T09:00:00+08:00",
        "text": "等了一上午，材料也没有一次说清",
    }
    hub.keeper.keep(
        VILLAGE, PEOPLE["S001"], "evaluation", form_of(concluded), lambda _txn, before: before or said
    )
    told = History(village_item(), numbers.case_no(VILLAGE, date(2018, 1, 9), 901)).received(
        "2018-01-09T09:00:00+08:00"
    )
    for name in ("accept", "instant_conclude"):
        told.add(name, "village_clerk", VILLAGE, "2018-01-09T10:00:00+08:00")
    for event in told.events:
        hub.ledger.append(
            of_case(told.case), lambda _txn, event=event: [{k: v for k, v in event.items() if k != "_id"}]
        )
    sampling: Sampling = world[HUB].app.extensions[SAMPLING]
    sampling.lock(PEOPLE["S001"], "2018-01", "", 5, "2月8日福利彩票“3D”开奖号码")
    sampling.draw(PEOPLE["S001"], "2018-01", "062")
    return Scene("hub", "S001", "/supervision/samples/<name>", "/supervision/samples/2018-01")


def sent_bulletins(world: World) -> list[Scene]:
    """A bulletin that was sent and not read yet, after which the hub heard of another case; a draft; a notice without figures."""
    office: BulletinOffice = world[HUB].app.extensions[bulletin_pages.OFFICE]
    first, second = PEOPLE["S001"], PEOPLE["S009"]
    sent = office.begin(first, "weekly_summary", "2018-W05")
    draft = office.draft(sent)
    assert draft is not None
    body = draft.doc["body"].replace(
        bulletins.TO_FILL, "春节前后办件量增加，请各单位安排好值班，做到按期办结。"
    )
    office.save(first, sent, {**draft.doc, "body": body}, draft.rev)
    draft = office.draft(sent)
    assert draft is not None
    id = office.sign(second, sent, draft.rev)
    begun = office.begin(first, "monthly_bulletin", "2018-01")
    plain = office.begin(first, "notice")
    word = office.draft(plain)
    assert word is not None
    said = {
        **word.doc,
        "title": "关于做好春节期间便民服务值班工作的通知",
        "body": "请各单位于2月13日前报送值班表。\n春节期间村级站点可以预约办理。",
    }
    office.save(first, plain, said, word.rev)
    word = office.draft(plain)
    assert word is not None
    office.sign(second, plain, word.rev)
    world.sync(TOWNSHIP, VILLAGE)
    return [
        Scene("hub", "S001", "/bulletins/<id>", f"/bulletins/{id}"), Scene("hub", "S001", "/bulletins/drafts/<key>", f"/bulletins/drafts/{begun}"),
        Scene("village", "V001", "/notices/<id>", f"/notices/{id}"),
    ]  # fmt: skip


def released(world: World) -> None:
    """A release on trial in a district, a kit that waits to be published and one that nobody signed; a village that has it ready."""
    office: Office = world[HUB].app.extensions[RELEASES]
    signer = root.read_root(world[HUB].parts.settings.data / root.FILE)
    first = kits.signed(kits.kit(office.folder, "0.2.0"), signer)
    notes = "修正回执单打印时右侧被截断的问题；同步页改为先显示待传的记录。"
    office.offer(office.publish(PEOPLE["A001"], first.name, notes), ["510903", "510922001001"])
    kits.signed(kits.kit(office.folder, "0.3.0"), signer)
    kits.kit(office.folder, "0.3.1")
    world.sync(TOWNSHIP, VILLAGE)
    parts, home = world[VILLAGE].parts, world.folder / "program"
    (home / "versions" / "0.2.0").mkdir(parents=True)
    (home / "versions" / "0.2.0" / "lock.txt").write_text("")
    (home / "in-use").write_text("0.1.0\n0.0.9\n")
    parts.upgrading = Upgrading(
        VILLAGE, parts.releases, parts.settings.data, world.time, home=home, running="0.1.0", by_itself=True
    )


def catalogue(world: World) -> list[Scene]:
    """An item with a version to come and a draft of the one after it, in which something is missing; a draft of each other list."""
    code = INSTANT.item_code
    later = version(
        code,
        2,
        "2018-03-01",
        promised_days=1,
        procedure=[{"step": "受理并办结", "role": "窗口人员", "days": 1}],
    )
    publish(world, later)
    office: CatalogueOffice = world[HUB].app.extensions[OFFICE]
    office.begin(PEOPLE["C001"], code)
    begun = office.draft(code)
    assert begun is not None
    lines = [
        *begun.doc["materials"],
        {"name": "其他材料", "required": True, "form": "copy", "copies": 1, "source_channel": "applicant"},
    ]
    office.save(PEOPLE["C002"], {**begun.doc, "materials": lines}, begun.rev)
    scenes = []
    for name, (begin, said) in drafts_of_lists(1).items():
        lists = world[HUB].app.extensions[OFFICES][name]
        key = lists.begin(PEOPLE["C001"], begin)
        draft = lists.drafts.of(key)
        lists.drafts.save(PEOPLE["C002"], key, {**draft.doc, **said}, draft.rev)
        scenes.append(Scene("hub", "C001", f"/catalogue/{name}/<key>", f"/catalogue/{name}/{key}"))
    return scenes
