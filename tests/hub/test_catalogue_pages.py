"""The catalogue office: a version is drafted, checked, published by a second person, and reaches the villages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from hub import catalogue_form as form
from hub.catalogue_office import PREFIX
from station.databases import HERE
from tests.catalogue import GUIDE, LAW, publish, version
from tests.test_journey import PERMIT
from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World

CODE = PERMIT.item_code
ITEM = f"/catalogue/{CODE}"
LINES = {
    "line-0-name": "新式申请书", "line-0-form": "form", "line-0-copies": "1", "line-0-required": "1", "line-0-source_channel": "applicant",
    "line-0-legal_basis": LAW, "line-1-name": "身份证复印件", "line-1-form": "copy", "line-1-copies": "2", "line-1-source_channel": "applicant",
}  # fmt: skip


def filled(page: str, **typed: str) -> dict[str, str]:
    """What the form on the page would send, with the steps and the papers of these tests."""
    inputs = dict(re.findall(r'<input (?![^>]*checkbox)[^>]*name="([a-z_]+)"[^>]* value="([^"]*)"', page))
    chosen = {name: value for name, body in re.findall(r'<select [^>]*name="([a-z_]+)">(.*?)</select>', page, re.S)
              if (value := (re.findall(r'value="([^"]+)" selected', body) or [""])[0])}  # fmt: skip
    texts = dict(re.findall(r'<textarea [^>]*name="([a-z_]+)"[^>]*>(.*?)</textarea>', page, re.S))
    steps = {"step-0-step": "受理", "step-0-role": "窗口人员", "step-0-days": "0"}
    return {**inputs, **chosen, **texts, **steps, **LINES, **GUIDE, "effective_from": "2018-02-12", **typed}


def editor(city: World, employee_no: str = "C001") -> Visitor:
    return city.visit(HUB).sign_in(employee_no)


def drafted(city: World, **typed: str) -> Visitor:
    """A draft of the item's second version, and the editor who has just saved it."""
    visitor = editor(city)
    visitor.open(ITEM)
    visitor.send(f"{ITEM}/draft/begin")
    visitor.send(f"{ITEM}/draft", **filled(visitor.page, **typed))
    return visitor


def rev(page: str) -> str:
    return re.findall(r'name="rev" value="([^"]+)"', page)[0]


def test_a_version_is_drafted_by_one_published_by_another_and_held_by_the_village(city: World) -> None:
    first = drafted(city, name="食品经营许可（新式）")
    assert "没有发现问题" in first.page and "新式申请书" in first.page
    assert f'action="{ITEM}/publish"' not in first.page, "who drafted it does not publish it"
    second = editor(city, "C002")
    page = second.open(f"{ITEM}/draft")
    assert "与上一版相比" in page and "食品经营许可（新式）" in page
    page = second.send(f"{ITEM}/publish", rev=rev(page))
    assert "第 2 版已经发布" in page and "待生效" in page and "沈目录" in page and "韩目录" in page

    clerk = city.visit(VILLAGE).sign_in("V001")
    city.sync(TOWNSHIP, VILLAGE)
    assert "自 2018-02-12 起执行新的办事指南" in clerk.open(f"/items/{CODE}")
    assert "没有收到报告" in second.open("/catalogue/stations")
    for code in (VILLAGE, TOWNSHIP):
        for chore in city[code].parts.chores:
            chore()
    city.sync(VILLAGE, TOWNSHIP)
    assert "2 个站点已全部收到" in second.open("/catalogue/stations"), "those that lack some come first"
    last = second.open("/catalogue/stations", page="47")
    assert f"{VILLAGE}</small>" in last and f"{TOWNSHIP}</small>" in last
    city.time.now += timedelta(days=3)
    assert "新式申请书" in city.visit(VILLAGE).sign_in("V001").open(f"/items/{CODE}")


def test_a_station_reports_once_and_again_when_more_comes(city: World) -> None:
    def reported() -> list[int]:
        for chore in city[VILLAGE].parts.chores:
            chore()
        register = city[VILLAGE].parts.register
        return [each["catalogue"] for each in register.logbook.select("type = 'station_report'")]

    assert reported() == [], "nothing was published"
    publish(city, version(CODE, 2, "2018-02-12"))
    city.sync(TOWNSHIP, VILLAGE)
    assert reported() == reported() == [1]
    before = city[VILLAGE].parts.store.database(f"station-{VILLAGE}").update_seq
    assert reported() == [1] and city[VILLAGE].parts.store.database(f"station-{VILLAGE}").update_seq == before
    publish(city, version(CODE, 3, "2018-02-13"))
    city.sync(TOWNSHIP, VILLAGE)
    assert reported() == [2]


def test_who_drafted_a_version_may_not_publish_it(city: World) -> None:
    visitor = drafted(city)
    page = visitor.send(f"{ITEM}/publish", rev=rev(visitor.page))
    assert visitor.status == 409 and "起草人不能发布" in page
    assert city[HUB].parts.published.newest() == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"effective_from": ""}, "请填写生效日期"),
        ({"effective_from": "2018-02-08"}, "生效日期不能早于今天"),
        ({"legal_basis": ""}, "审批依据"),
        ({"step-0-step": ""}, "办理程序"),
        ({"promised_days": "99"}, "超过法定时限"),
        ({"promised_days": "三天"}, "“承诺时限”的数据类型有误"),
        ({"line-0-legal_basis": ""}, "没有法律依据"),
        ({"line-1-name": "其他材料"}, "兜底条款"),
        ({"line-1-name": "新式申请书"}, "列了两次"),
        ({"line-1-copies": "x"}, "申报材料第 2 行"),
        ({"fee": "1", "fee_standard": ""}, "收费标准"),
        ({"where": ""}, "办事指南缺少办理地点"),
        ({"hours": ""}, "办事指南缺少办公时间"),
        ({"phone": ""}, "办事指南缺少咨询电话"),
        ({"ask-0-question": "能代办吗？", "ask-0-answer": ""}, "常见问题第 1 行"),
    ],
)
def test_what_stands_against_a_draft_is_said_and_it_is_kept_as_it_was_typed(
    city: World, typed: dict[str, str], said: str
) -> None:
    page = drafted(city, **typed).page
    assert said in page
    second = editor(city, "C002")
    page = second.open(f"{ITEM}/draft")
    assert said in page and all(
        f'value="{each}"' in page or f">{each}<" in page for each in typed.values() if each not in ("", "1")
    )
    second.send(f"{ITEM}/publish", rev=rev(page))
    assert second.status == 409 and city[HUB].parts.published.newest() == 0


def test_two_editors_do_not_overwrite_each_other(city: World) -> None:
    first = drafted(city)
    old = first.page
    second = editor(city, "C002")
    second.open(f"{ITEM}/draft")
    second.send(f"{ITEM}/draft", **filled(second.page, name="第二个人的名称"))
    first.page = old
    page = first.send(f"{ITEM}/draft", **filled(old, name="第一个人的名称"))
    assert first.status == 409 and "刚被别人改过" in page and "第一个人的名称" in page, (
        "what was typed is still there"
    )
    assert "第二个人的名称" in second.open(f"{ITEM}/draft")
    first.page = old
    for there in ("publish", "draft/drop"):
        first.send(f"{ITEM}/{there}", rev=rev(old))
        assert first.status == 409
    assert "第二个人的名称" in second.open(f"{ITEM}/draft")


def test_a_new_item_begins_with_version_one(city: World) -> None:
    visitor = editor(city)
    visitor.open("/catalogue/new")
    new = {"code": "SN-D-903-NEW", "name": "小餐饮备案", "place": "district 510903"}
    visitor.send("/catalogue", **new)
    assert visitor.path == "/catalogue/SN-D-903-NEW/draft" and "第 1 版草稿" in visitor.page
    visitor.send(visitor.path, **filled(visitor.page, name="小餐饮备案", department="区市场监督管理局", implementer="区行政审批局",
                                        zone="商事登记", legal_basis=LAW, effective_from="2018-02-09"))  # fmt: skip
    assert "没有发现问题" in visitor.page, visitor.page
    second = editor(city, "C002")
    assert "小餐饮备案" in second.open("/catalogue", drafts="1")
    second.open("/catalogue/SN-D-903-NEW/draft")
    assert "第 1 版已经发布" in second.send("/catalogue/SN-D-903-NEW/publish", rev=rev(second.page))
    city.sync(TOWNSHIP, VILLAGE)
    assert "小餐饮备案" in city.visit(VILLAGE).sign_in("V001").open("/items", q="小餐饮")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"code": "小写"}, "大写字母、数字和连字符"),
        ({"code": CODE}, "已经有了"),
        ({"name": " "}, "请填写项目名称"),
        ({"place": "district 999999"}, "请选择事项的层级"),
    ],
)
def test_a_new_item_that_cannot_be_is_refused(city: World, typed: dict[str, str], said: str) -> None:
    visitor = editor(city)
    visitor.open("/catalogue/new")
    page = visitor.send("/catalogue", **({"code": "NEW-1", "name": "新", "place": "district 510903"} | typed))
    assert visitor.status == 422 and said in page


def test_an_item_is_withdrawn_by_a_version_like_any_other(city: World) -> None:
    drafted(city, withdrawn="1")
    second = editor(city, "C002")
    second.open(f"{ITEM}/draft")
    assert "自 2018-02-12 起停止办理" in second.send(f"{ITEM}/publish", rev=rev(second.page))
    city.time.now += timedelta(days=3)
    assert "已停止办理" in editor(city, "C002").open("/catalogue", q=PERMIT.name)


def test_a_draft_is_thrown_away_and_the_item_stays_as_it_is(city: World) -> None:
    visitor = drafted(city)
    assert "草稿已删除" in visitor.send(f"{ITEM}/draft/drop", rev=rev(visitor.page))
    assert city[HUB].parts.store.database(HERE).get(PREFIX + CODE) is None
    visitor.open(f"{ITEM}/draft")
    assert visitor.status == 404


def test_a_draft_that_was_begun_is_gone_on_with(city: World) -> None:
    visitor = drafted(city, name="起草中的名称")
    visitor.open(ITEM)
    assert "继续起草第 2 版" in visitor.page
    assert "起草中的名称" in visitor.send(f"{ITEM}/draft/begin")


@pytest.mark.parametrize("path", ["/catalogue/NOTHING", "/catalogue/NOTHING/draft", f"{ITEM}/draft"])
def test_what_is_not_there_is_not_found(city: World, path: str) -> None:
    visitor = editor(city)
    visitor.open(path)
    assert visitor.status == 404


def test_the_guide_is_read_before_it_is_published_and_then_by_citizens(city: World) -> None:
    asked = {"ask-0-question": "可以请人代办吗？", "ask-0-answer": "可以，带上委托书。"}
    visitor = drafted(city, **asked)
    before = visitor.open(f"{ITEM}/draft/guide")
    assert "八公开" in before and "还没有发布" in before
    said = [*GUIDE.values(), *asked.values(), "新式申请书", "受理：窗口人员"]
    assert all(each in before for each in said)
    assert GUIDE["where"] not in city.visit(HUB).open(f"/services/{CODE}")
    second = editor(city, "C002")
    second.open(f"{ITEM}/draft")
    second.send(f"{ITEM}/publish", rev=rev(second.page))
    assert "第 2 版已经发布" in second.page
    city.sync(TOWNSHIP, VILLAGE)
    city.time.now += timedelta(days=3)
    clerk = city.visit(VILLAGE).sign_in("V001")
    for page in (
        city.visit(HUB).open(f"/services/{CODE}"), clerk.open(f"/items/{CODE}"), clerk.open(f"/touch/items/{CODE}"),
    ):  # fmt: skip
        assert all(each in page for each in (*GUIDE.values(), *asked.values()))
    assert all(each in clerk.open(f"/items/{CODE}/poster") for each in GUIDE.values())


def test_a_draft_that_cannot_be_read_yet_says_why(city: World) -> None:
    page = drafted(city, promised_days="三天").open(f"{ITEM}/draft/guide")
    assert "还不能预览" in page and "“承诺时限”的数据类型有误" in page


# -- the form ---------------------------------------------------------------------------------------------------------


def test_rows_are_read_in_the_order_they_were_given_and_empty_ones_are_left_out() -> None:
    typed = {f"step-{n}-step": name for n, name in enumerate(("甲", "", "乙", "丙"))}
    found = form.read({**typed, "step-3-order": "1", "step-0-order": "2"}, {})
    assert [each["step"] for each in found["procedure"]] == ["丙", "甲", "乙"]


def test_a_list_is_shown_with_room_for_more_up_to_its_end() -> None:
    assert len(form.rows([{"name": "甲"}])) == 1 + form.SPARE
    assert len(form.rows([{"name": "甲"}] * form.MOST)) == form.MOST


def test_what_the_form_has_no_field_for_stays() -> None:
    assert form.read({}, {"special_procedures": ["hearing"], "code": "X"})["special_procedures"] == [
        "hearing"
    ]
