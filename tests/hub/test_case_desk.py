"""The case's page at the desk: what is missing is marked and stands in the notice already; phrases to begin from, with and without script."""

from __future__ import annotations

import re
from html import unescape

from schemas.opinions import phrases
from station.casework import Application
from tests.test_journey import PERMIT, record, step
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World


def desk(city: World, case_no: str, who: str = "E001") -> Visitor:
    visitor = city.visit(HUB).sign_in(who)
    visitor.open(f"/cases/{case_no}")
    visitor.send(f"/desk/{case_no}/claim")
    visitor.open(f"/cases/{case_no}")
    return visitor


def incomplete(city: World) -> str:
    """A case of which the first required material was not handed in; its number."""
    village = city[VILLAGE].parts
    lines = village.published.in_force().materials(PERMIT.item_code)
    first = next(each for each in lines if each.required)
    got = frozenset(each.seq for each in lines if each is not first)
    told = Application(
        "7" * 32,
        PERMIT.item_code,
        "赵小明",
        "111",
        "510903199003070012",
        "13800001234",
        "三组12号",
        got,
        True,
    )
    case_no = village.casework.record(PEOPLE["V001"], told)
    city.sync(VILLAGE, TOWNSHIP)
    return case_no


def reviewed(city: World) -> str:
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept")
    return case_no


def said(city: World, case_no: str, event: str) -> str:
    state = city[HUB].parts.casework.case(case_no)
    assert state is not None
    return str(
        next(each.event["data"].get("opinion") for each in state.timeline if each.event["event"] == event)
    )


def test_a_missing_material_is_marked_and_stands_in_the_supplement_notice(city: World) -> None:
    case_no = incomplete(city)
    visitor = desk(city, case_no)
    name = next(
        each.name
        for each in city[HUB].parts.published.in_force().materials(PERMIT.item_code)
        if each.required
    )
    assert f"缺 1 项必要材料：{name}" in unescape(visitor.page)
    assert re.search(
        rf"{re.escape(name)} *<span class=\"badge text-bg-danger\">缺</span>", unescape(visitor.page)
    )
    assert f"缺少“{name}”</textarea>" in unescape(visitor.page)
    visitor.send(f"/cases/{case_no}/notify_supplement", gaps=f"缺少“{name}”")
    assert visitor.status == 200 and "待补正" in visitor.page


def test_a_phrase_that_was_chosen_without_script_is_what_is_said(city: World) -> None:
    case_no = reviewed(city)
    visitor = desk(city, case_no, "E002")
    assert "常用语" in visitor.page
    visitor.send(f"/cases/{case_no}/pass_step", opinion="", opinion_as="1")
    state = city[HUB].parts.casework.case(case_no)
    assert state is not None and visitor.status == 200
    assert said(city, case_no, "pass_step") == phrases("pass_step", "opinion", state)[0].text
    assert PERMIT.name in said(city, case_no, "pass_step")


def test_what_was_typed_goes_before_a_phrase(city: World) -> None:
    case_no = reviewed(city)
    visitor = desk(city, case_no, "E002")
    visitor.send(f"/cases/{case_no}/pass_step", opinion="材料真实有效", opinion_as="1")
    assert said(city, case_no, "pass_step") == "材料真实有效"


def test_neither_text_nor_phrase_is_told_as_before(city: World) -> None:
    case_no = reviewed(city)
    visitor = desk(city, case_no, "E002")
    visitor.send(f"/cases/{case_no}/pass_step", opinion="", opinion_as="99")
    assert visitor.status == 409
