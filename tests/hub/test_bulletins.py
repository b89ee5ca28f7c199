"""From figures to a bulletin that was signed, sent, read at a village and acknowledged; and what is otherwise since."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest

from hub.bulletin_pages import OFFICE
from schemas import numbers
from station.databases import HERE, PUBLIC, of_case
from station.keys import unsigned
from station.notices import PREFIX
from tests.schemas.histories import History, village_item
from tests.test_journey import PERMIT, record, step
from tests.world import BUREAU, HUB, TOWNSHIP, VILLAGE, Visitor, World

FILLED = "本月平稳，请各单位按期办结。"


def later(city: World, days: int = 30) -> World:
    """The month of the cases is over."""
    city.time.now += timedelta(days=days)
    return city


def worked(city: World) -> World:
    """Three cases of February, one of them accepted and late."""
    for _ in range(3):
        record(city, PERMIT)
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept")
    return later(city)


def drafted(
    city: World, who: str = "S001", kind: str = "monthly_bulletin", period: str = "2018-02"
) -> Visitor:
    office = city.visit(HUB).sign_in(who)
    office.open("/bulletins")
    office.send("/bulletins", kind=kind, period=period)
    return office


def field(page: str, name: str) -> str:
    found = re.search(
        rf'<textarea[^>]*name="{name}"[^>]*>(.*?)</textarea>|name="{name}"[^>]*value="([^"]*)"', page, re.S
    )
    assert found, page
    return unescape(found[1] or found[2] or "").strip()


def saved(office: Visitor, **said: str) -> str:
    """The draft that stands open with these fields otherwise; its address."""
    path = office.path
    fields = {name: field(office.page, name) for name in ("title", "body", "rev")}
    office.send(path, **{**fields, "audience": "all", "needs_receipt": "1", "valid_to": "", **said})
    return path


def sent(city: World, **said: str) -> str:
    """A bulletin of a month's work that one person drafted and another signed; its id."""
    return signed(city, drafted(worked(city)), **said)


def signed(city: World, office: Visitor, **said: str) -> str:
    path = saved(office, **{"body": field(office.page, "body").replace("（请填写）", FILLED), **said})
    head = city.visit(HUB).sign_in("S009")
    head.send(f"{path}/sign", rev=field(head.open(path), "rev"))
    assert head.status == 200 and "已阅" in head.page, head.page
    return head.path.removeprefix("/bulletins/")


def test_a_bulletin_is_made_from_the_figures_of_its_month(city: World) -> None:
    office = drafted(worked(city))
    body = field(office.page, "body")
    assert "现将2018年2月（2018年2月1日至2018年2月28日）" in body
    assert (
        "全市受理1件（比上月增加1件）" in body
        and "船山区：受理1件" in body
        and "超过承诺时限的办件1件" in body
    )
    assert "正文中还有" in office.page
    shown = office.open("/figures", period="2018-02")
    assert re.search(r"accepted_cases[^>]*>1</a>", shown)


def test_it_is_signed_by_a_second_person_and_every_station_reads_it_and_says_so(city: World) -> None:
    id = sent(city)
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert re.search(r'通知</a>\s*<span class="badge[^>]*>1</span>', clerk.open("/work"))
    assert "未阅" in clerk.open("/notices")
    assert FILLED in clerk.open(f"/notices/{id}")
    clerk.send(f"/notices/{id}/read")
    clerk.send(f"/notices/{id}/read")
    assert "未阅" not in clerk.page and "已阅" in clerk.page
    assert not re.search(r"通知</a>\s*<span", clerk.open("/work"))
    assert len(city[VILLAGE].parts.register.logbook.select("type = 'notice_receipt'")) == 1
    city.sync(VILLAGE, TOWNSHIP)
    page = city.visit(HUB).sign_in("S001").open(f"/bulletins/{id}")
    assert "1 个单位已阅" in page and "船山区 1/" in page


def test_a_bureau_reads_at_the_hub(city: World) -> None:
    id = sent(city, audience="district")
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open(f"/notices/{id}")
    examiner.send(f"/notices/{id}/read")
    assert "已阅" in examiner.page
    assert {
        each["station"] for each in city[HUB].parts.register.logbook.select("type = 'notice_receipt'")
    } == {BUREAU}


def test_who_it_is_not_for_does_not_see_it_and_reads_for_nobody(city: World) -> None:
    id = sent(city, audience="district")
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "没有给本单位的通知" in clerk.open("/notices")
    assert clerk.client.get(f"/notices/{id}").status_code == 404


def test_what_is_over_is_shown_no_more(city: World) -> None:
    until = (city.time.now + timedelta(days=33)).date()
    id = sent(city, valid_to=until.isoformat())
    city.sync(TOWNSHIP, VILLAGE)
    assert city.visit(VILLAGE).sign_in("V001").client.get(f"/notices/{id}").status_code == 200
    later(city, 4)
    assert city.visit(VILLAGE).sign_in("V001").client.get(f"/notices/{id}").status_code == 404


def test_what_nobody_signed_is_no_notice(city: World) -> None:
    id = sent(city)
    city.sync(TOWNSHIP, VILLAGE)
    forged = {
        **unsigned(city[HUB].parts.store.database(PUBLIC).get(id) or {}),
        "_id": f"{PREFIX}notice:{'0' * 16}",
        "title": "伪造的通知",
    }
    city[VILLAGE].parts.store.database(PUBLIC).put(forged)
    assert "伪造的通知" not in city.visit(VILLAGE).sign_in("V001").open("/notices")


@pytest.mark.parametrize(
    ("kind", "period", "said"),
    [("monthly_bulletin", "2018-03", "还没有过完"), ("monthly_bulletin", "2018-2", "统计期间"), ("weekly_summary", "2018-02", "统计期间"),
     ("gossip", "", "请选择通知类型")],
)  # fmt: skip
def test_a_period_that_is_none_or_is_not_over_is_refused(
    city: World, kind: str, period: str, said: str
) -> None:
    office = drafted(later(city), kind=kind, period=period)
    assert office.status == 409 and said in office.page


def test_what_is_not_ready_is_not_signed_and_says_why(city: World) -> None:
    office = drafted(worked(city))
    path, rev = office.path, field(office.page, "rev")
    head = city.visit(HUB).sign_in("S009")
    head.open(path)
    head.send(f"{path}/sign", rev=rev)
    assert head.status == 409 and "请填写" in head.page
    saved(office, body=FILLED)
    office.send(f"{path}/sign", rev=field(office.page, "rev"))
    assert office.status == 409 and "另一位负责人签发" in office.page
    head.send(f"{path}/sign", rev=rev)
    assert head.status == 409 and "刚被别人改过" in head.page
    office.send(path, title="x", body="y", rev=rev)
    assert office.status == 409 and "刚被别人改过" in office.page and ">y</textarea>" in office.page, (
        "what was typed stays"
    )
    assert city[HUB].parts.notices.all() == []


def test_a_period_has_one_bulletin_and_a_draft_can_be_thrown_away_and_made_anew(city: World) -> None:
    office = drafted(worked(city))
    office.send(f"{office.path}/drop", rev=field(office.page, "rev"))
    assert office.path == "/bulletins" and "草稿" not in office.page
    signed(city, drafted(city))
    again = drafted(city)
    assert again.status == 409 and "已经签发" in again.page


def test_a_plain_notice_needs_no_figures(city: World) -> None:
    office = drafted(city, kind="notice", period="")
    path = saved(office, title="春节期间值班安排", body="请各站安排值班。", needs_receipt="")
    head = city.visit(HUB).sign_in("S009")
    head.send(f"{path}/sign", rev=field(head.open(path), "rev"))
    city.sync(TOWNSHIP, VILLAGE)
    assert (
        "春节期间值班安排" in city.visit(VILLAGE).sign_in("V001").open("/notices")
        and "回执</button>" not in head.page
    )


def test_what_came_late_shows_which_figures_are_others_and_whose_cases_they_are(city: World) -> None:
    id = sent(city)
    office = city.visit(HUB).sign_in("S001")
    assert "与通报时相同" in office.open(f"/bulletins/{id}")
    hub = city[HUB].parts
    told = History(village_item(), numbers.case_no(VILLAGE, date(2018, 2, 12), 888)).received(
        "2018-02-12T09:00:00+08:00"
    )
    told.add("accept", "village_clerk", VILLAGE, "2018-02-12T09:30:00+08:00")
    for event in told.events:
        hub.ledger.append(
            of_case(told.case), lambda _txn, event=event: [{k: v for k, v in event.items() if k != "_id"}]
        )
    page = office.open(f"/bulletins/{id}")
    assert f"＋{told.case}" in page and "增 1 件，减 0 件" in page
    assert re.search(
        r"受理件</th>\s*<td[^>]*>1</td>\s*<td[^>]*>2</td>", re.sub(r"\s+", " ", page).replace("> <", "><")
    ), page


def test_while_everything_comes_in_at_once_it_is_made_later(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked(city)
    monkeypatch.setattr(city[HUB].app.extensions[OFFICE]._marks, "mark", lambda: None)
    office = drafted(city)
    assert office.status == 409 and "过几分钟再生成" in office.page
    assert not city[HUB].parts.store.database(HERE).bodies(["notice-draft:monthly_bulletin:2018-02"])
