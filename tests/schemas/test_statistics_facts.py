"""What statistics know of a case: used days, punctuality, place, how far online; and nothing of its applicant."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.statistics import CaseFacts, facts
from schemas.tables import Item
from schemas.workdays import calendar
from tests.schemas.histories import BUREAU, CASE, History, forms, permit, village_item


def fact(history: History, through: str = "2018-12-31") -> CaseFacts:
    found = facts(history.sound(), date.fromisoformat(through), calendar())
    assert found is not None
    return found


def at(day: str, hour: int = 9) -> str:
    return f"2018-{day}T{hour:02}:00:00+08:00"


def bureau_case(
    accepted: str, decided: str | None, *, item: Item | None = None, case: str = CASE, **data: Any
) -> History:
    """A permit, P=3, L=20 unless told otherwise."""
    history = History(item, case).reviewing(accepted)
    if decided is not None:
        history.add("pass_step", "examiner", BUREAU, decided).add(
            "grant", "zone_head", BUREAU, decided, **data
        )
        history.add("conclude", "district_window", BUREAU, decided)
    return history


@pytest.mark.parametrize(
    ("decided", "used", "on_time", "early"),
    [
        (at("02-10"), 0, True, True),
        (at("02-12"), 2, True, True),
        (at("02-13"), 3, True, False),
        (at("02-14"), 4, False, False),
    ],
)
def test_used_days_are_working_days_after_acceptance(
    decided: str, used: int, on_time: bool, early: bool
) -> None:
    found = fact(bureau_case(at("02-09"), decided))
    assert (found.used_days, found.on_time, found.early, found.overdue) == (used, on_time, early, not on_time)


def test_what_stood_still_is_not_used() -> None:
    history = History().reviewing(at("02-09")).add("suspend", "examiner", BUREAU, at("02-11"))
    history.add("resume", "examiner", BUREAU, at("02-22")).add("pass_step", "examiner", BUREAU, at("02-23"))
    found = fact(history.add("grant", "zone_head", BUREAU, at("02-23")))
    assert (found.used_days, found.on_time) == (2, True)  # 11 and 23 February


def test_an_extension_makes_room_but_nothing_early() -> None:
    history = History().reviewing(at("02-09")).add("extend", "bureau_head", BUREAU, at("02-13"), days=2)
    history.add("pass_step", "examiner", BUREAU, at("02-22")).add("grant", "zone_head", BUREAU, at("02-22"))
    found = fact(history)
    assert (found.used_days, found.allowed_days, found.on_time, found.early) == (5, 5, True, False)


@pytest.mark.parametrize(("ended", "on_time"), [(at("02-09", 23), True), (at("02-11"), False)])
def test_an_instant_case_is_on_time_and_early_on_the_same_day_only(ended: str, on_time: bool) -> None:
    history = History(village_item()).received(at("02-09")).add("accept", "village_clerk", at=at("02-09"))
    found = fact(history.add("instant_conclude", "village_clerk", at=ended))
    assert (found.on_time, found.early) == (on_time, on_time)


def test_an_open_case_is_overdue_once_its_promise_is_over() -> None:
    history = History().reviewing(at("02-09"))
    assert fact(history, "2018-02-13").overdue is False
    assert fact(history, "2018-02-14").overdue is True
    withdrawn = history.add("withdraw", "village_clerk", at=at("02-22"))
    assert fact(withdrawn).overdue is False


def test_before_acceptance_nothing_is_used_and_nobody_late() -> None:
    found = fact(History().at_bureau(at("02-09")))
    assert (found.used_days, found.on_time, found.early, found.overdue) == (None, None, None, False)


@pytest.mark.parametrize(("place", "on_site"), [("hall", True), ("department", False), ("site", False)])
def test_on_site_is_all_from_acceptance_to_issue_in_one_hall(place: str, on_site: bool) -> None:
    assert fact(bureau_case(at("02-09"), at("02-10"), place=place)).on_site is on_site
    assert fact(History().reviewing(at("02-09"))).on_site is None


def online_case(*, reviewed: bool) -> History:
    history = History(permit())
    data = {**forms(permit())["create"], "channel": "2"}
    history.add("create", "applicant", BUREAU, at("02-09"), **data)
    if not reviewed:
        return history.add("receive", "district_window", BUREAU, at("02-09"))
    history.add("submit_online", "applicant", BUREAU, at("02-09"))
    return history.add("pre_review_pass", "district_window", BUREAU, at("02-09"))


def test_how_far_a_case_went_online() -> None:
    assert fact(History().received(at("02-09"))).online_depth == 0
    assert fact(online_case(reviewed=False)).online_depth == 1
    case = online_case(reviewed=True)
    assert fact(case).online_depth == 2
    case.add("accept", "district_window", BUREAU, at("02-09"), staff="E9").add(
        "assign", "zone_head", BUREAU, at("02-09")
    )
    case.add("pass_step", "examiner", BUREAU, at("02-09")).add("grant", "zone_head", BUREAU, at("02-09"))
    case.add("conclude", "district_window", BUREAU, at("02-09"))
    assert (fact(case).online_depth, fact(case).visits) == (3, 0)


def test_no_applicant_is_among_the_facts() -> None:
    text = str(fact(History().received(at("02-09"))))
    assert CASE in text
    assert "张三丰" not in text
    assert "11010519491231002X" not in text


def test_of_nothing_there_are_no_facts() -> None:
    assert facts(History().state(), date(2018, 1, 1), calendar()) is None
