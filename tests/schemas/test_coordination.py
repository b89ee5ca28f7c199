"""Whom a unit may ask, what a request says, and which words on it count."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from schemas import tables
from schemas.coordination import answered, answers, asked, counted, other, partners
from schemas.problems import Problem
from schemas.supervision import request_cards
from schemas.tables import HUB
from schemas.workdays import calendar
from tests.world import BUREAU, NEIGHBOUR, TOWNSHIP, VILLAGE

AT = "2018-02-09T09:00:00+08:00"
DUE = date(2018, 2, 12)
DEPARTMENT = "市住房和城乡建设局"


def request(from_: str, to: str) -> dict[str, Any]:
    found = asked(from_, to, "请明确踏勘时间", DUE)
    assert isinstance(found, dict), found
    return found


def said(doc: dict[str, Any], text: str = "周三上午") -> dict[str, Any]:
    found = answered(doc, text, AT, "T001")
    assert isinstance(found, dict)
    return found


def test_a_unit_asks_those_above_it_and_right_below_it() -> None:
    assert partners(VILLAGE) == (TOWNSHIP, BUREAU, HUB)
    assert VILLAGE in partners(TOWNSHIP)
    assert NEIGHBOUR not in partners(VILLAGE)
    districts = {each.code for each in tables.stations().values() if each.level == "district"}
    assert districts | {HUB} <= {*partners(BUREAU), BUREAU}
    assert not districts - set(partners(HUB))


@pytest.mark.parametrize(
    ("from_", "to", "home", "kind"),
    [
        (VILLAGE, TOWNSHIP, VILLAGE, "centre_window"),
        (TOWNSHIP, VILLAGE, VILLAGE, "centre_window"),
        (BUREAU, TOWNSHIP, TOWNSHIP, "centre_window"),
        (BUREAU, HUB, BUREAU, "centre_window"),
        (BUREAU, DEPARTMENT, BUREAU, "window_department"),
        (HUB, DEPARTMENT, HUB, "centre_department"),
    ],
)
def test_a_request_is_kept_where_both_have_it(from_: str, to: str, home: str, kind: str) -> None:
    doc = request(from_, to)
    assert (doc["station"], doc["kind"]) == (home, kind)
    assert {home, other(doc)} == {from_, to}


@pytest.mark.parametrize(
    ("to", "content", "code"),
    [("", "有事", "no_partner"), (NEIGHBOUR, "有事", "no_partner"), (VILLAGE, "有事", "no_partner"), (TOWNSHIP, "", "no_request")],
)  # fmt: skip
def test_what_is_missing_in_a_request_is_said(to: str, content: str, code: str) -> None:
    problem = asked(VILLAGE, to, content, DUE)
    assert isinstance(problem, Problem)
    assert problem.code == code


def test_it_is_answered_once_and_with_words_by_whom_it_went_to() -> None:
    doc = request(VILLAGE, TOWNSHIP)
    assert [code for code in (VILLAGE, TOWNSHIP, HUB) if answers(doc, code)] == [TOWNSHIP]
    assert not answers(said(doc), TOWNSHIP)
    assert answers(request(BUREAU, DEPARTMENT), BUREAU), "a department has no desk here"
    for before, text, code in ((doc, "", "no_answer"), (said(doc), "再说", "request_answered")):
        problem = answered(before, text, AT, "T001")
        assert isinstance(problem, Problem)
        assert problem.code == code


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ([(VILLAGE, {})], {}),
        ([(TOWNSHIP, {})], None),
        ([(HUB, {})], None),
        ([(VILLAGE, {}), (TOWNSHIP, {"answer": "好", "answered_at": AT})], {"answer": "好", "answered_at": AT}),
        ([(VILLAGE, {}), (VILLAGE, {"answer": "好", "answered_at": AT})], {}),
        ([(VILLAGE, {}), (TOWNSHIP, {"answer": "好", "answered_at": AT, "content": "别的"})], {}),
        ([(VILLAGE, {}), (VILLAGE, {"due": "2019-02-12"})], {}),
        ([(VILLAGE, {"answer": "好", "answered_at": AT})], None),
        ([(VILLAGE, {}), (TOWNSHIP, {"answer": "好", "answered_at": AT}), (TOWNSHIP, {"answer": "不", "answered_at": AT})],
         {"answer": "好", "answered_at": AT}),
    ],
)  # fmt: skip
def test_which_words_count(words: list[tuple[str, dict[str, str]]], counts: dict[str, str] | None) -> None:
    doc = request(VILLAGE, TOWNSHIP)
    found = counted((writer, {**doc, **more}) for writer, more in words)
    assert found == (None if counts is None else {**doc, **counts})


def test_a_bureau_and_the_centre_are_written_for_by_the_hub() -> None:
    doc = request(BUREAU, HUB)
    assert counted([(HUB, doc), (HUB, said(doc))]) == said(doc)
    assert counted([(BUREAU, doc)]) is None


@pytest.mark.parametrize(("day", "due"), [(12, False), (13, True), (14, True)])
def test_who_does_not_answer_in_time_is_carded(day: int, due: bool) -> None:
    doc = {**request(VILLAGE, TOWNSHIP), "created_at": AT}
    found = request_cards(doc, "f" * 32, datetime.fromisoformat(f"2018-02-{day}T09:00:00+08:00"), calendar())
    assert bool(found) is due
    assert all(
        (each.rule, each.colour, each.station, each.case_no) == ("R14", "yellow", TOWNSHIP, "")
        for each in found
    )
    assert (
        request_cards(said(doc), "f" * 32, datetime.fromisoformat("2018-02-20T09:00:00+08:00"), calendar())
        == ()
    )
