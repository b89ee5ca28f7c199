"""Suggestions and complaints over HTTP: what each must say, by when it is answered, by whom, and that the answer comes back."""

from __future__ import annotations

import re

import pytest

from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, Visitor, World

COMPLAINT = {
    "kind": "complaint", "channel": "phone", "matter": "attitude", "content": "窗口人员态度不好", "name": "赵小明",
    "phone": "13800001234", "against": VILLAGE,
}  # fmt: skip


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def entered(clerk: Visitor, **fields: str) -> str:
    clerk.open("/voice")
    return clerk.send("/voice", form=clerk.form, **fields)


def key_of(page: str) -> str:
    found = re.search(r'action="/voice/(L\d{12}:[0-9a-f]{32})/answer"', page)
    assert found, page
    return found[1]


def test_a_suggestion_from_the_box_is_nameless_and_answered_by_the_station(clerk: Visitor) -> None:
    page = entered(clerk, kind="suggestion", channel="box", content="多开一个窗口")
    assert "多开一个窗口" in page
    assert "意见箱" in page
    assert "还剩 10 个工作日" in page
    key = key_of(page)
    assert "请填写答复" in clerk.send(f"/voice/{key}/answer")
    page = clerk.send(f"/voice/{key}/answer", answer="下周起增开")
    assert "下周起增开" in page
    assert "已答复" in page
    assert "这件诉求已经答复" in clerk.send(f"/voice/{key}/answer", answer="再答")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": ""}, "请选择诉求类型"),
        ({"channel": ""}, "请选择诉求渠道"),
        ({"content": ""}, "请填写诉求内容"),
        ({"matter": ""}, "请选择投诉举报的内容类别"),
        ({"phone": ""}, "请留下联系电话"),
        ({"phone": "12"}, "11 位手机号"),
        ({"against": HUB}, "请选择本站或所属的服务站"),
    ],
)
def test_a_complaint_that_lacks_something_is_refused_in_words_and_nothing_typed_is_lost(
    clerk: Visitor, fields: dict[str, str], said: str
) -> None:
    page = entered(clerk, **{**COMPLAINT, **fields})
    assert clerk.status == 422
    assert said in page
    assert "赵小明" in page


def test_a_complaint_is_answered_above_with_a_finding_and_the_answer_comes_back(
    city: World, clerk: Visitor
) -> None:
    page = entered(clerk, **COMPLAINT)
    assert "不能由被投诉的单位自己答复" in page
    assert "赵小明" not in page, "who is complained of does not see by whom"
    city.sync(VILLAGE)
    window = city.visit(TOWNSHIP).sign_in("T001")
    page = window.open("/voice")
    assert "赵小明" in page
    assert "138****1234" in page
    key = key_of(page)
    assert "请认定投诉举报是否属实" in window.send(f"/voice/{key}/answer", answer="已批评教育")
    assert "属实" in window.send(f"/voice/{key}/answer", answer="已批评教育", upheld="1")
    city.sync(TOWNSHIP, VILLAGE)
    assert "已批评教育" in clerk.open("/voice")
    hub = city[HUB].parts.register
    hub.catch_up()
    doc = hub.logbook.select("type = 'complaint'")[0]
    assert (doc["state"], doc["upheld"], doc["due"]) == ("answered", True, "2018-02-28")
    assert city[VILLAGE].parts.register.waiting() == {}


def test_a_village_that_answers_its_own_complaint_is_refused(city: World, clerk: Visitor) -> None:
    entered(clerk, **COMPLAINT)
    key = city[VILLAGE].parts.register.logbook.select("1")[0]["key"]
    assert "不能由被投诉的单位自己答复" in clerk.send(f"/voice/{key}/answer", answer="x", upheld="0")
    assert clerk.status == 409


def test_whoever_asks_for_discretion_is_named_to_nobody(city: World, clerk: Visitor) -> None:
    entered(clerk, **{**COMPLAINT, "against": "", "confidential": "1"})
    city.sync(VILLAGE)
    for page in (clerk.open("/voice"), city.visit(TOWNSHIP).sign_in("T001").open("/voice")):
        assert "窗口人员态度不好" in page
        assert "赵小明" not in page


def test_the_telephone_for_complaints_stands_on_the_page_and_a_neighbour_sees_nothing(
    city: World, clerk: Visitor
) -> None:
    assert "投诉举报电话：12345" in entered(clerk, **COMPLAINT)
    city.sync(VILLAGE, TOWNSHIP, NEIGHBOUR)
    other = city.visit(NEIGHBOUR).sign_in("V002")
    assert "窗口人员态度不好" not in other.open("/voice")
    key = city[VILLAGE].parts.register.logbook.select("1")[0]["key"]
    other.send(f"/voice/{key}/answer", answer="x", upheld="0")
    assert other.status == 404


def test_an_abolished_certificate_that_was_demanded_leads_to_a_complaint(clerk: Visitor) -> None:
    page = clerk.open("/voice", kind="complaint", matter="abolished_certificate")
    assert 'value="abolished_certificate" selected' in page
