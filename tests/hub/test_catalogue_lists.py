"""The lists of the catalogue office: drafted by one person, published by another, held by the village, and then they count."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape

import pytest

from hub.list_pages import KINDS
from station.moment import ZONE
from tests.catalogue import CITY_ITEMS
from tests.test_journey import INSTANT, record, step
from tests.world import BUREAU, HUB, TOWNSHIP, VILLAGE, Visitor, World, application

YEAR = "date,kind,name\n2027-01-01,放假,元旦\n2027-01-04,放假,调休\n2027-01-09,上班,调休\n"
CITY_ITEM = CITY_ITEMS[0]
LAST_DAYS = datetime(2026, 12, 29, 9, 0, tzinfo=ZONE)


def editor(city: World, employee_no: str = "C001") -> Visitor:
    return city.visit(HUB).sign_in(employee_no)


def rev(page: str) -> str:
    return re.findall(r'name="rev" value="([^"]+)"', page)[0]


def filled(page: str, **typed: str) -> dict[str, str]:
    """What the form on the page would send."""
    form = page[page.index('enctype="multipart/form-data"') : page.rindex('class="mt-3"')]
    inputs = dict(
        re.findall(r'<input (?![^>]*type="(?:file|hidden)")[^>]*name="([a-z_]+)"[^>]* value="([^"]*)"', form)
    )
    texts = dict(re.findall(r'<textarea [^>]*name="([a-z_]+)"[^>]*>(.*?)</textarea>', form, re.S))
    chosen = {name: (re.findall(r'value="([^"]+)" selected', body) or [""])[0] for name, body in re.findall(r'<select [^>]*name="([a-z_]+)">(.*?)</select>', form, re.S)}  # fmt: skip
    return {
        **{name: unescape(value) for name, value in (inputs | texts).items()},
        **chosen,
        "rev": rev(page),
        **typed,
    }


def drafted(city: World, kind: str, begun: dict[str, str], **typed: str) -> Visitor:
    """A draft, and the editor who has just saved it."""
    visitor = editor(city)
    visitor.open(f"/catalogue/{kind}")
    visitor.send(f"/catalogue/{kind}", **begun)
    assert visitor.path.startswith(f"/catalogue/{kind}/"), visitor.page
    visitor.send(visitor.path, **filled(visitor.page, **typed))
    assert "草稿已保存" in visitor.page, visitor.page
    return visitor


def published(city: World, kind: str, begun: dict[str, str], **typed: str) -> Visitor:
    """A draft by one editor that another has published, and the other."""
    first = drafted(city, kind, begun, **typed)
    assert "没有发现问题" in first.page, first.page
    second = editor(city, "C002")
    second.open(first.path)
    second.send(f"{first.path}/publish", rev=rev(second.page))
    assert "已经发布" in second.page, second.page
    return second


def due(city: World, code: str, case_no: str) -> object:
    register = city[code].parts.register
    register.catch_up()
    row = register.case(case_no)
    assert row is not None
    return row["due"]


# -- every list: `begun` and `typed` make a draft that may be published -----------------------------------------------

SOUND: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "days": ({"key": "2027"}, {"lines": YEAR}),
    "transfers": ({}, {"items": CITY_ITEM.item_code, "from_department": CITY_ITEM.department, "to_bureau": BUREAU, "formal_from": "2018-02-12", "document": "市政府令第1号"}),
    "services": ({"key": "MED-01"}, {"fee_standard": "每份 300 元"}),
    "certificates": ({"key": "KEEP-01"}, {"status": "abolished", "replaced_by": "部门核查", "effective_from": "2018-02-12"}),
}  # fmt: skip


def test_every_list_is_tested() -> None:
    assert set(SOUND) == {kind.name for kind in KINDS}


@pytest.mark.parametrize("kind", SOUND)
def test_who_drafted_does_not_publish_and_a_second_person_does(city: World, kind: str) -> None:
    begun, typed = SOUND[kind]
    first = drafted(city, kind, begun, **typed)
    assert "没有发现问题" in first.page and f'action="{first.path}/publish"' not in first.page, first.page
    draft, before = first.path, city[HUB].parts.store.database("public").update_seq
    page = first.send(f"{draft}/publish", rev=rev(first.page))
    assert first.status == 409 and "起草人不能发布" in page
    assert city[HUB].parts.store.database("public").update_seq == before, "nothing was published"

    second = editor(city, "C002")
    assert "与现行的相比" in second.open(draft)
    assert "已经发布" in second.send(f"{draft}/publish", rev=rev(second.page))
    second.open(draft)
    assert second.status == 404, "the draft is gone"

    for code in (TOWNSHIP, VILLAGE):
        city.sync(code)
    city.sync(VILLAGE, TOWNSHIP)
    assert "2 个站点已全部收到" in second.open("/catalogue/stations")


@pytest.mark.parametrize("kind", SOUND)
def test_two_editors_do_not_overwrite_each_other(city: World, kind: str) -> None:
    begun, typed = SOUND[kind]
    first = drafted(city, kind, begun, **typed)
    draft, old = first.path, first.page
    second = editor(city, "C002")
    second.open(draft)
    second.send(draft, **filled(second.page))
    kept = filled(second.page)
    for there in ("", "/publish", "/drop"):
        first.page = old
        page = first.send(f"{draft}{there}", **filled(old, **typed))
        assert first.status == 409 and "刚被别人改过" in page
    assert filled(second.open(draft)) == kept


@pytest.mark.parametrize("kind", SOUND)
def test_a_draft_is_thrown_away_and_nothing_has_changed(city: World, kind: str) -> None:
    begun, typed = SOUND[kind]
    first = drafted(city, kind, begun, **typed)
    draft, before = first.path, city[HUB].parts.store.database("public").update_seq
    assert "草稿已删除" in first.send(f"{draft}/drop", rev=rev(first.page))
    first.open(draft)
    assert first.status == 404 and city[HUB].parts.store.database("public").update_seq == before


@pytest.mark.parametrize("kind", SOUND)
def test_a_draft_that_stands_is_listed_and_gone_on_with(city: World, kind: str) -> None:
    begun, typed = SOUND[kind]
    draft = drafted(city, kind, begun, **typed).path
    second = editor(city, "C002")
    assert f'href="{draft}"' in second.open(f"/catalogue/{kind}")


# -- the calendar -----------------------------------------------------------------------------------------------------


def test_a_year_that_was_published_moves_due_dates_at_the_village(city: World) -> None:
    city.time.now = LAST_DAYS
    city.sync(TOWNSHIP, VILLAGE)
    case_no = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    assert due(city, VILLAGE, case_no) is None
    first = drafted(city, "days", {"key": "2027"}, lines=YEAR)
    assert "1 件在办件的办理期限可能变动" in first.page
    assert "2027-01-04 星期一" in first.page and "放假（调休）" in first.page
    second = editor(city, "C002")
    second.open(first.path)
    second.send(f"{first.path}/publish", rev=rev(second.page))
    assert "2027-01-09" in second.open("/catalogue/days", year="2027")
    city.sync(TOWNSHIP, VILLAGE)
    for code in (VILLAGE, TOWNSHIP, HUB):
        assert due(city, code, case_no) == "2027-01-07"
    # A holiday that was taken back is a working day again.
    published(city, "days", {"key": "2027"}, lines=YEAR.replace("2027-01-04,放假,调休\n", ""))
    city.sync(TOWNSHIP, VILLAGE)
    assert due(city, VILLAGE, case_no) == "2027-01-06"


def test_a_file_is_read_as_the_list_also_as_a_spreadsheet_writes_it(city: World) -> None:
    visitor = editor(city)
    visitor.open("/catalogue/days")
    visitor.send("/catalogue/days", key="2027")
    page = visitor.upload(visitor.path, ("lines", "2027.csv", YEAR.encode("gb18030")), **filled(visitor.page))
    assert "2027-01-04,放假,调休" in page and "没有发现问题" in page


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "没有日期"),
        ("2027-02-30,holiday,x", "第 1 行的日期不对"),
        ("2027-01-01,party,x", "第 1 行的种类不对"),
        ("2026-01-01,holiday,x", "不在 2027 年"),
        (YEAR + "2027-01-01,holiday,元旦", "第 5 行的 2027-01-01 前面已经列过"),
        ("2027-01-04,上班,x", "本来就是工作日"),
    ],
)
def test_a_year_that_is_wrong_is_kept_and_told_by_line(city: World, lines: str, said: str) -> None:
    first = drafted(city, "days", {"key": "2027"}, lines=lines)
    assert said in first.page and filled(first.page)["lines"].strip() == lines.strip()
    second = editor(city, "C002")
    second.open(first.path)
    second.send(f"{first.path}/publish", rev=rev(second.page))
    assert second.status == 409 and not city[HUB].parts.almanac.calendar().covers(2027)


@pytest.mark.parametrize("year", ["", "27", "二〇二七", "1999"])
def test_a_draft_is_of_a_year(city: World, year: str) -> None:
    visitor = editor(city)
    visitor.open("/catalogue/days")
    page = visitor.send("/catalogue/days", key=year)
    assert visitor.status == 422 and "请填写四位年份" in page


def wrong(city: World, kind: str, begun: dict[str, str], typed: dict[str, str], said: str) -> None:
    """A draft is kept, what stands against it is said, and nobody can publish it."""
    first = drafted(city, kind, begun, **typed)
    assert said in unescape(first.page), first.page
    shown = filled(first.page)
    assert all(shown[name].strip() == value for name, value in typed.items())
    second = editor(city, "C002")
    second.open(first.path)
    second.send(f"{first.path}/publish", rev=rev(second.page))
    assert second.status == 409 and said in unescape(second.page)
    assert city[HUB].parts.published.newest() == 0


# -- transfers --------------------------------------------------------------------------------------------------------


def test_an_item_that_was_transferred_is_taken_in_and_decided_for_the_other_bureau_from_that_day(
    city: World,
) -> None:
    second = published(city, "transfers", SOUND["transfers"][0], **SOUND["transfers"][1])
    page = second.open("/catalogue/transfers", q=CITY_ITEM.item_code)
    assert "市政府令第1号" in page and "原部门" in page and "2018-02-12" in page
    city.sync(TOWNSHIP, VILLAGE)
    assert "本站不收件" in city.visit(VILLAGE).sign_in("V001").open(f"/items/{CITY_ITEM.item_code}")
    city.time.now += timedelta(days=3)
    case_no = record(city, CITY_ITEM)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept")
    city.sync(TOWNSHIP, VILLAGE)
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state is not None and (state.decider, state.state) == (BUREAU, "reviewing")


def test_a_transfer_is_put_right_until_it_begins_and_not_after(city: World) -> None:
    second = published(city, "transfers", SOUND["transfers"][0], **SOUND["transfers"][1])
    second.open("/catalogue/transfers", q=CITY_ITEM.item_code)
    assert "更改“" in unescape(second.page)
    later = published(city, "transfers", {"key": CITY_ITEM.item_code}, formal_from="2018-03-01")
    found = city[HUB].parts.published.book().transfer(CITY_ITEM.item_code)
    assert found is not None and str(found.formal_from) == "2018-03-01" and found.document == "市政府令第1号"
    city.time.now += timedelta(days=30)
    later = editor(city, "C002")
    assert "更改“" not in unescape(later.open("/catalogue/transfers", q=CITY_ITEM.item_code))
    again = drafted(city, "transfers", {"key": CITY_ITEM.item_code}, formal_from="2018-04-01")
    assert "不能再次划转" in again.page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"formal_from": "2018-02-08"}, "划转日期不能早于今天"),
        ({"items": "没有的编号"}, "目录中没有事项“没有的编号”"),
        ({"items": "SN-903-0001"}, "已自2017-11-20起划转到“船山区行政审批局”"),
        ({"from_department": "市公安局"}, "与填写的原实施部门不一致"),
        ({"document": ""}, "“划转文件”未填写"),
        ({"to_bureau": ""}, "“承接审批局”未填写"),
    ],
)
def test_a_transfer_that_cannot_be_is_told(city: World, typed: dict[str, str], said: str) -> None:
    begun, sound = SOUND["transfers"]
    wrong(city, "transfers", begun, {**sound, **typed}, said)


def test_a_transfer_that_is_not_there_cannot_be_put_right(city: World) -> None:
    visitor = editor(city)
    visitor.open("/catalogue/transfers")
    page = visitor.send("/catalogue/transfers", key=CITY_ITEM.item_code)
    assert visitor.status == 422 and "没有划转记录" in page


# -- intermediary services --------------------------------------------------------------------------------------------


def test_a_service_reads_everywhere_as_it_was_published(city: World) -> None:
    published(city, "services", SOUND["services"][0], **SOUND["services"][1])
    new = {"approval_item": "企业投资项目核准", "department": "发展改革", "legal_basis": "《条例》第三条", "process": "委托→交付", "materials": "委托书\n图纸",
           "service_days": "15", "fee_basis": "市场调节价", "fee_standard": "双方约定"}  # fmt: skip
    second = published(city, "services", {"name": "文物影响评估"}, **new)
    assert "MED-29" in second.open("/catalogue/services", q="文物影响")
    city.sync(TOWNSHIP, VILLAGE)
    for code in (HUB, VILLAGE):
        page = city.visit(code).open("/services/intermediary")
        assert (
            "每份 300 元" in page and "共 29 项" in page and "委托书；图纸" in page and "15 个工作日" in page
        )
    assert "没有找到" in city.visit(VILLAGE).open("/services/intermediary", q="没有这种服务")
    published(city, "services", {"key": "MED-29"}, status="withdrawn")
    city.sync(TOWNSHIP, VILLAGE)
    assert "文物影响" not in city.visit(VILLAGE).open("/services/intermediary")
    assert "停止公布" in second.open("/catalogue/services", q="文物影响")


@pytest.mark.parametrize("field", ["legal_basis", "process", "materials", "service_days", "fee_basis", "fee_standard"])  # fmt: skip
def test_a_service_with_one_of_the_six_left_blank_is_refused(city: World, field: str) -> None:
    wrong(city, "services", {"key": "MED-01"}, {"name": "改过的名称", field: ""}, "中介服务办事指南缺少")


def test_a_days_number_that_is_none_is_told(city: World) -> None:
    wrong(city, "services", {"key": "MED-01"}, {"service_days": "三天"}, "“服务时限”的数据类型有误")


def test_a_new_service_has_a_name(city: World) -> None:
    visitor = editor(city)
    visitor.open("/catalogue/services")
    assert (
        "请填写中介服务事项的名称" in visitor.send("/catalogue/services", name=" ") and visitor.status == 422
    )


# -- village certificates ---------------------------------------------------------------------------------------------


def test_a_certificate_that_was_abolished_is_refused_at_the_village_from_its_day_on(city: World) -> None:
    second = published(city, "certificates", SOUND["certificates"][0], **SOUND["certificates"][1])
    assert "自 2018-02-12 起：" in second.open("/catalogue/certificates", q="法律援助用")
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "自 2018-02-12 起取消" in clerk.open("/certificates")
    clerk.open("/certificates/KEEP-01")
    form = {"facts": "入户核实", "second_checker": "T001"}
    clerk.send("/certificates/KEEP-01", **application(clerk.form, **form))
    assert clerk.status == 200 and "证字" in clerk.page
    number = re.findall(r"第\d{5}号", clerk.page)[0]
    city.time.now += timedelta(days=3)
    clerk = city.visit(VILLAGE).sign_in("V001")
    page = clerk.open("/certificates", q="法律援助用")
    assert "已取消，自2018-02-12起不得出具" in page and "部门核查" in page and number in page
    clerk.send("/certificates/KEEP-01", **application("a" * 32, **form))
    assert clerk.status == 422 and "不得出具" in clerk.page


def test_a_certificate_that_is_retained_anew_is_given_out_from_its_day_on(city: World) -> None:
    new = {"purpose": "入学", "requesting_unit": "学校", "legal_basis": "《条例》第三条", "check_method": "走访邻居", "validity_days": "90", "effective_from": "2018-02-12"}  # fmt: skip
    published(city, "certificates", {"name": "随迁证明", "status": "retained"}, **new)
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "随迁证明" not in clerk.open("/certificates")
    clerk.open("/certificates/KEEP-14")
    assert clerk.status == 404
    city.time.now += timedelta(days=3)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "随迁证明" in clerk.open("/certificates")
    clerk.open("/certificates/KEEP-14")
    clerk.send("/certificates/KEEP-14", **application(clerk.form, facts="走访属实", second_checker="T001"))
    assert clerk.status == 200 and "随迁证明" in clerk.page, clerk.page


@pytest.mark.parametrize(
    ("begun", "typed", "said"),
    [
        ({"key": "KEEP-01"}, {"effective_from": "2018-02-08"}, "执行日期不能早于今天"),
        ({"key": "KEEP-01"}, {"effective_from": "2018-02-12"}, "与现行的相同"),
        ({"key": "KEEP-01"}, {"effective_from": "2018-02-12", "status": "abolished"}, "“替代方式”未填写"),
        ({"key": "KEEP-01"}, {"effective_from": "2018-02-12", "legal_basis": ""}, "“设定依据”未填写"),
        ({"key": "GONE-001"}, {"effective_from": "2018-02-12", "status": "retained"}, "已取消的证明不能恢复"),
    ],
)
def test_a_certificate_that_cannot_be_is_told(
    city: World, begun: dict[str, str], typed: dict[str, str], said: str
) -> None:
    wrong(city, "certificates", begun, typed, said)


def test_a_new_certificate_has_a_name_and_is_either_retained_or_abolished(city: World) -> None:
    visitor = editor(city)
    for typed in ({"name": "", "status": "retained"}, {"name": "新证明", "status": ""}):
        visitor.open("/catalogue/certificates")
        page = visitor.send("/catalogue/certificates", **typed)
        assert visitor.status == 422 and "请填写证明名称" in page


@pytest.mark.parametrize("kind", SOUND)
def test_a_draft_that_nobody_began_is_not_found(city: World, kind: str) -> None:
    visitor = editor(city)
    visitor.open(f"/catalogue/{kind}/NOTHING")
    assert visitor.status == 404
