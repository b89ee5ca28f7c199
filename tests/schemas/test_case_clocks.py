"""Used days, visits, and the ends that township and village have for their own items."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.lifecycle import Occasion, used_days
from schemas.tables import items
from schemas.workdays import Calendar, CalendarGap, calendar
from tests.schemas.histories import BUREAU, TOWNSHIP, VILLAGE, History, an_item, forms, village_item

FRIDAY, SUNDAY = "2018-02-09T09:00:00+08:00", "2018-02-11T09:00:00+08:00"  # Sunday is a make-up workday
MONDAY, TUESDAY = "2018-02-12T09:00:00+08:00", "2018-02-13T09:00:00+08:00"


def decided(*steps: tuple[str, str, str], accepted: str = FRIDAY) -> History:
    walk = History().reviewing(accepted).add("pass_step", "examiner", BUREAU, accepted)
    for event, role, at in steps:
        walk.add(event, role, BUREAU, at)
    return walk


# --- used days ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "used"), [(FRIDAY, 0), (SUNDAY, 1), (MONDAY, 2), (TUESDAY, 3)])
def test_used_days_count_working_days_after_acceptance_through_the_decision(at: str, used: int) -> None:
    state = decided(("grant", "zone_head", at)).sound()
    assert state.used_days == used
    assert state.used_days == used_days(state, calendar(), date(2018, 12, 31))


def test_a_case_concluded_on_the_day_of_acceptance_has_used_no_day() -> None:
    walk = History(village_item()).received().add("accept", "village_clerk")
    assert walk.sound().used_days is None
    assert walk.add("instant_conclude", "village_clerk").sound().used_days == 0


def test_special_procedures_are_not_used_days() -> None:
    stop = (("suspend", "examiner", SUNDAY), ("resume", "examiner", TUESDAY))
    state = decided(*stop, ("grant", "zone_head", "2018-02-14T09:00:00+08:00")).sound()
    assert (state.suspended_days, state.used_days) == (2, 2)


def test_a_case_withdrawn_during_a_special_procedure_stops_counting_when_that_began() -> None:
    walk = decided(("suspend", "examiner", SUNDAY))
    walk.add("withdraw", "village_clerk", VILLAGE, "2018-03-01T09:00:00+08:00")
    assert (walk.sound().used_days, walk.sound().ended_at is None) == (1, False)


def test_a_running_case_is_counted_up_to_the_day_asked_about() -> None:
    state = decided(("suspend", "examiner", MONDAY)).sound()
    days = [used_days(state, calendar(), date(2018, 2, day)) for day in (8, 9, 11, 12, 13, 28)]
    assert days == [0, 0, 1, 2, 2, 2]
    assert used_days(History().received().sound(), calendar(), date(2018, 3, 1)) is None
    with pytest.raises(CalendarGap):
        used_days(History().accepted().sound(), calendar(), date(2031, 1, 1))


def test_used_days_beyond_the_calendar_stay_open_and_say_so() -> None:
    only_2018 = Calendar([(date(2018, 1, 1), "holiday")])
    walk = decided(accepted="2018-12-24T09:00:00+08:00")
    state = walk.add("grant", "zone_head", BUREAU, "2019-01-08T09:00:00+08:00").state(only_2018)
    assert state.used_days is None
    assert [warning.params["year"] for warning in state.warnings] == [2019]


DAYS = st.dates(date(2018, 1, 1), date(2018, 12, 31)).map(lambda day: f"{day}T09:00:00+08:00")


@given(st.lists(DAYS, min_size=7, max_size=7))
def test_used_days_are_never_negative_whatever_the_clocks_of_stations_say(days: list[str]) -> None:
    accepted, *at, end = days
    walk = History().reviewing(accepted).add("pass_step", "examiner", BUREAU, accepted)
    for event, day in zip(("suspend", "resume", "suspend", "resume", "suspend"), at, strict=True):
        walk.add(event, "examiner", BUREAU, day)
    state = walk.add("withdraw", "village_clerk", VILLAGE, end).sound()
    assert state.used_days is not None
    assert (
        0
        <= state.used_days
        <= calendar().count(date.fromisoformat(accepted[:10]), date.fromisoformat(end[:10]))
    )
    assert state.suspended_days <= calendar().count(date(2018, 1, 1), date(2018, 12, 31))


def test_pre_review_has_a_target_of_one_working_day() -> None:
    walk = History().add("create", "applicant", channel="2").add("submit_online", "applicant", at=FRIDAY)
    assert (walk.sound().due, walk.sound().pre_review_due) == (date(2018, 2, 11), date(2018, 2, 11))


def test_an_item_may_set_its_own_supplement_period() -> None:
    walk = History()
    item = {**forms(walk.item)["create"]["item"], "supplement_days": 10}
    walk.add("create", "village_clerk", item=item).add("receive", "village_clerk")
    walk.add("notify_supplement", "village_clerk", at=FRIDAY)
    assert walk.sound().supplement_due == date(2018, 2, 19)


# --- visits ---------------------------------------------------------------------------------------------------


def test_papers_and_result_over_one_counter_on_one_day_are_one_visit() -> None:
    walk = History(village_item()).received().add("accept", "village_clerk")
    walk.add("instant_conclude", "village_clerk").add("deliver", "village_clerk")
    state = walk.sound()
    assert (state.visits, state.occasions) == (1, (Occasion(VILLAGE, date(2018, 2, 9)),))


def test_another_day_or_another_counter_is_another_visit() -> None:
    walk = History().received().add("notify_supplement", "village_clerk")
    walk.add("supply", "village_clerk", at=MONDAY).add("forward", "village_clerk", at=MONDAY)
    walk.add("accept", "district_window", BUREAU, MONDAY, staff="E9").add(
        "assign", "zone_head", BUREAU, MONDAY
    )
    walk.add("pass_step", "examiner", BUREAU, MONDAY).add("grant", "zone_head", BUREAU, MONDAY)
    walk.add("conclude", "district_window", BUREAU, MONDAY).add(
        "deliver", "township_window", TOWNSHIP, MONDAY
    )
    walk.add("evaluate", "applicant", TOWNSHIP, TUESDAY)
    assert walk.sound().visits == 3


@pytest.mark.parametrize(
    ("create", "receive", "visits"),
    [
        ({}, {}, 1),
        ({"channel": "4"}, {}, 0),  # by post
        ({"channel": "2"}, {"channel": "1"}, 1),  # begun online, papers brought in
        ({}, {"visit": False}, 0),  # the clerk went to them
        ({"errand": "agency:1"}, {}, 0),  # an agent did
        ({"channel": ["1"]}, {"channel": {"x": 1}, "visit": 0}, 1),
    ],
)
def test_who_need_not_come_has_no_visit(create: dict, receive: dict, visits: int) -> None:
    walk = History().add("create", "village_clerk", **create).add("receive", "village_clerk", **receive)
    assert walk.sound().visits == visits


def test_online_and_by_courier_nobody_comes_at_all() -> None:
    walk = History().add("create", "applicant", channel="2").add("submit_online", "applicant")
    walk.add("pre_review_pass", "township_window", TOWNSHIP)
    assert (walk.state().visits, walk.state().set_aside[0][1].code) == (0, "not_at_hand")
    walk = (
        History()
        .granted()
        .add("conclude", "district_window", BUREAU)
        .add("deliver", "courier", VILLAGE, MONDAY)
    )
    assert walk.sound().visits == 1


# --- ends for township and village ------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["grant", "deny"])
@pytest.mark.parametrize(
    ("wanted", "where", "role"),
    [
        ({"village_mode": "direct", "instant": False}, VILLAGE, "village_clerk"),
        (
            {"township_mode": "direct", "instant": False, "village_mode": "agency"},
            TOWNSHIP,
            "township_window",
        ),
    ],
)
def test_a_direct_item_that_takes_days_ends_where_it_is_decided(
    wanted: dict[str, object], where: str, role: str, ending: str
) -> None:
    item = an_item(**wanted, category_code="05")
    walk = History(item).add("create", role, where).add("receive", role, where).add("accept", role, where)
    walk.add("assign", "system", where).add("pass_step", role, where, MONDAY).add(ending, role, where, MONDAY)
    state = walk.add("conclude", role, where, MONDAY).add("deliver", role, where, MONDAY).sound()
    assert (state.state, state.used_days) == ("delivered", 2)  # all by one person: only permits need two


def test_a_permit_of_a_township_needs_a_second_person_there_too() -> None:
    item = next(
        each
        for each in items().values()
        if each.township_mode == "direct" and not each.instant and each.category_code == "01"
    )
    here = ("township_window", TOWNSHIP)
    walk = History(item).add("create", *here).add("receive", *here).add("accept", *here)
    walk.add("assign", *here).add("pass_step", *here)
    assert [problem.code for _, problem in walk.state().set_aside] == ["same_person"]
    walk.add("pass_step", *here, staff="E2").add("grant", *here)
    assert walk.state().state == "decided"


def test_a_village_ends_only_what_it_decides_itself() -> None:
    walk = History(an_item(village_mode="agency", township_mode="direct", instant=False, category_code="05"))
    walk.received().add("accept", "village_clerk")
    assert [problem.code for _, problem in walk.state().set_aside] == ["not_decided_here"]


def test_a_township_may_refuse_its_own_items_and_end_what_was_never_supplied() -> None:
    item = an_item(township_mode="direct", village_mode="agency", instant=False)
    here = ("township_window", TOWNSHIP)
    walk = History(item).add("create", *here).add("receive", *here)
    assert walk.add("refuse", *here).sound().state == "not_accepted"
    walk = History(item).add("create", *here).add("receive", *here).add("notify_supplement", *here)
    assert walk.add("lapse", *here).sound().state == "terminated"
    other = History().add("create", *here).add("receive", *here).add("refuse", *here).state()
    assert [problem.code for _, problem in other.set_aside] == ["not_decided_here"]
