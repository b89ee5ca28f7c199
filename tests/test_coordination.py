"""Coordination requests over the city: asked at a village, answered at its township; asked by the hub; a department's answer written down; one that
nobody answers is proposed for a card.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, Visitor, World


def asking(city: World, code: str, who: str, **said: str) -> Visitor:
    visitor = city.visit(code).sign_in(who)
    visitor.open("/coordination")
    visitor.send("/coordination", **{"form": visitor.form, "content": "请明确踏勘时间", **said})
    return visitor


def key(visitor: Visitor) -> str:
    return re.findall(r"/coordination/([0-9L:a-f]+)/answer", visitor.page)[0]


def test_a_village_asks_and_its_township_answers(city: World) -> None:
    clerk = asking(city, VILLAGE, "V001", to=TOWNSHIP)
    assert "还剩 5 个工作日" in clerk.page and "/answer" not in clerk.page
    city.sync(VILLAGE)
    window = city.visit(TOWNSHIP).sign_in("T001")
    assert "请明确踏勘时间" in window.open("/coordination")
    of = key(window)
    window.send(f"/coordination/{of}/answer", text="")
    assert window.status == 409 and "请填写答复内容" in window.page
    window.send(f"/coordination/{of}/answer", text="周三上午")
    assert "已答复" in window.page
    window.send(f"/coordination/{of}/answer", text="周四")
    assert window.status == 409 and "已经答复" in window.page
    city.sync(TOWNSHIP, VILLAGE)
    assert "周三上午" in clerk.open("/coordination")


def test_who_asked_does_not_answer_and_others_see_nothing_of_it(city: World) -> None:
    clerk = asking(city, VILLAGE, "V001", to=TOWNSHIP)
    city.sync(VILLAGE, TOWNSHIP)
    window = city.visit(TOWNSHIP).sign_in("T001")
    window.open("/coordination")
    of = key(window)
    clerk.send(f"/coordination/{of}/answer", text="自问自答")
    assert clerk.status == 409 and "由受理单位答复" in clerk.page
    bureau = city.visit(HUB).sign_in("E001")
    assert "请明确踏勘时间" not in bureau.open("/coordination")
    bureau.send(f"/coordination/{of}/answer", text="代答")
    assert bureau.status == 404


def test_the_bureau_asks_a_village_and_writes_down_what_a_department_said(city: World) -> None:
    bureau = asking(city, HUB, "E001", to=TOWNSHIP, content="请补报花名册", due="2018-02-28")
    assert bureau.status == 200, bureau.page
    city.sync(TOWNSHIP)
    window = city.visit(TOWNSHIP).sign_in("T001")
    assert "请补报花名册" in window.open("/coordination") and "船山区行政审批局" in window.page
    other = asking(city, HUB, "E001", department="市住房和城乡建设局")
    assert "窗口与部门" in other.page
    other.send(f"/coordination/{key(other)}/answer", text="周三上午现场踏勘")
    assert "周三上午现场踏勘" in other.page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"to": NEIGHBOUR}, "请选择受理单位"),
        ({"to": "no unit"}, "请选择受理单位"),
        ({}, "请选择受理单位"),
        ({"to": TOWNSHIP, "content": ""}, "请写明要协调什么"),
        ({"to": TOWNSHIP, "due": "2018-02-08"}, "请填写今天或以后的日期"),
        ({"to": TOWNSHIP, "due": "后天"}, "请填写今天或以后的日期"),
        ({"to": TOWNSHIP, "form": ""}, "页面不完整"),
    ],
)
def test_a_request_that_says_too_little_is_not_kept(city: World, said: dict[str, str], words: str) -> None:
    clerk = asking(city, VILLAGE, "V001", **said)
    assert clerk.status == 422 and words in clerk.page
    assert city[VILLAGE].parts.register.logbook.count("type = 'coordination'") == 0


def test_a_request_that_nobody_answers_in_time_is_proposed_for_a_card_once(city: World) -> None:
    asking(city, VILLAGE, "V001", to=TOWNSHIP)
    city.sync(VILLAGE, TOWNSHIP)
    city.time.now += timedelta(days=6)  # the spring festival comes in between
    visitor = city.visit(HUB).sign_in("S001")
    visitor.open("/supervision")
    visitor.send("/supervision/run")
    assert "协调事项超过答复期限" not in visitor.page
    city.time.now += timedelta(days=10)
    visitor = city.visit(HUB).sign_in("S001")
    visitor.open("/supervision")
    for _ in range(2):
        visitor.send("/supervision/run")
        assert visitor.page.count("协调事项超过答复期限") == 1
    visitor.send(
        f"/supervision/proposals/{re.findall(r'proposals/([0-9a-f]+)/issue', visitor.page)[0]}/issue"
    )
    city.sync(TOWNSHIP)
    window = city.visit(TOWNSHIP).sign_in("T001")
    assert "协调事项超过答复期限" in window.open("/supervised")
