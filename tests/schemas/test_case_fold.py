"""What a case's events add up to: the walking line, the clocks, and what does not count."""

from __future__ import annotations

from datetime import date

import pytest

from schemas import lifecycle
from schemas.lifecycle import MAX_LAMPORT, NEW, CaseState, fold
from schemas.workdays import Calendar, calendar
from tests.schemas.histories import (
    BUREAU,
    CASE,
    HUB,
    NEIGHBOUR,
    TOWNSHIP,
    VILLAGE,
    History,
    a_file,
    forms,
    lines,
    moment,
    township_item,
    village_item,
)


def aside(state: CaseState) -> list[tuple[str, str]]:
    return [(doc["event"], problem.code) for doc, problem in state.set_aside]


# --- the walking line -----------------------------------------------------------------------------------------


def test_a_permit_walks_from_the_village_to_the_bureau_and_back() -> None:
    walk = (
        History()
        .add("create", "village_clerk", at="2018-02-08T09:00:00+08:00", staff="V1")
        .add("receive", "village_clerk", at="2018-02-08T09:05:00+08:00", staff="V1")
        .add("forward", "village_clerk", at="2018-02-08T09:06:00+08:00", to=TOWNSHIP)
        .add("forward", "township_window", TOWNSHIP, "2018-02-08T10:00:00+08:00", to=BUREAU)
        .add("accept", "district_window", BUREAU, "2018-02-09T08:30:00+08:00", staff="D1")
        .add("assign", "zone_head", BUREAU, "2018-02-09T09:00:00+08:00", to="X1")
        .add("pass_step", "examiner", BUREAU, "2018-02-11T09:00:00+08:00", staff="X1")
        .add("grant", "zone_head", BUREAU, "2018-02-12T09:00:00+08:00", staff="Z1")
        .add("conclude", "district_window", BUREAU, "2018-02-12T15:00:00+08:00", staff="D1")
        .add("deliver", "village_clerk", VILLAGE, "2018-02-13T15:00:00+08:00", receiver="张三丰")
    )
    state = walk.sound()
    assert (state.case_no, state.state, state.result, state.final) == (CASE, "delivered", "granted", True)
    assert (state.origin_station, state.current_station, state.decider) == (VILLAGE, BUREAU, BUREAU)
    assert [entry.to_state for entry in state.timeline] == [
        *("draft", "received", "received", "received", "accepted", "reviewing", "reviewing"),
        *("decided", "concluded", "delivered"),
    ]
    assert (state.created_by, state.accepted_by, state.assigned_to) == ("V1", "D1", "X1")
    assert (state.decided_by, state.concluded_by, state.receiver) == ("Z1", "D1", "张三丰")
    assert state.applicant == {"name": "张三丰", "id_type": "111", "id_no": "11010519491231002X"}
    assert (state.phone, state.address, state.query_code) == ("13800000000", "船山区", "123456")
    assert state.received_at == moment("2018-02-08T09:05:00+08:00")
    assert state.delivered_at == moment("2018-02-13T15:00:00+08:00")
    # Thu 8 Feb: 9, 11 (make-up), 12, 13, 14 → 5 days. Fri 9 Feb, P=3 → 13th; L=20 → 15 March; delivery from Mon 12.
    assert state.acceptance_due == date(2018, 2, 14)
    assert state.promise_due == date(2018, 2, 13)
    assert state.legal_due == calendar().add(date(2018, 2, 9), 20)
    assert state.delivery_due == calendar().add(date(2018, 2, 12), 10)
    assert state.due is None
    assert state.lamport == 10


def test_a_direct_item_begins_and_ends_in_the_village_on_one_day() -> None:
    walk = (
        History(village_item())
        .received()
        .add("accept", "village_clerk")
        .add("instant_conclude", "village_clerk")
        .add("deliver", "village_clerk")
    )
    state = walk.sound()
    assert (state.state, state.result) == ("delivered", "concluded")
    assert state.promise_due == date(2018, 2, 9)
    assert state.warnings == ()


def test_an_agency_item_is_decided_at_the_township() -> None:
    walk = (
        History(township_item())
        .received()
        .add("forward", "village_clerk", to=TOWNSHIP)
        .add("accept", "township_window", TOWNSHIP)
        .add("instant_conclude", "township_window", TOWNSHIP)
        .add("deliver", "village_clerk")
    )
    assert walk.sound().state == "delivered"


def test_a_denial_keeps_its_reason() -> None:
    state = History().reviewing().add("deny", "zone_head", BUREAU, reason="选址不符合规划").sound()
    assert (state.state, state.result, state.decision_reason) == ("decided", "denied", "选址不符合规划")


def test_a_refusal_keeps_its_reason_and_ends_the_case() -> None:
    state = History().at_bureau().add("refuse", "examiner", BUREAU).sound()
    assert (state.state, state.final) == ("not_accepted", True)
    assert state.decision_reason == "本事项由水务部门办理，请向其申请"


def test_a_correction_on_the_spot_changes_what_was_typed_wrongly_only() -> None:
    before = History().received().sound()
    person = {"name": "张三封", "id_type": "111", "id_no": "11010519491231002X"}
    state = (
        History().received().add("correct_on_spot", "village_clerk", changes={"applicant": person}).sound()
    )
    assert state.applicant == person
    assert (state.phone, state.address, state.state) == (before.phone, before.address, "received")


@pytest.mark.parametrize(
    ("event", "role", "where", "ends"),
    [
        ("withdraw", "village_clerk", VILLAGE, "withdrawn"),
        ("void", "city_supervisor", HUB, "voided"),
        ("submit_upward", "examiner", BUREAU, "transferred"),
    ],
)
def test_a_review_may_end_otherwise(event: str, role: str, where: str, ends: str) -> None:
    state = History().reviewing().add(event, role, where).sound()
    assert (state.state, state.final, state.due) == (ends, True, None)


def test_ratings_and_urgings_leave_the_state_as_it_is() -> None:
    walk = History().granted().add("conclude", "district_window", BUREAU)
    walk.add("evaluate", "applicant", VILLAGE, level=2).add("urge", "system", BUREAU)
    walk.add("correct_record", "hub_administrator", HUB)
    state = walk.sound()
    assert (state.state, state.evaluations, state.urges) == ("concluded", ({"level": 2},), 1)


def test_scans_are_added_until_the_decision_and_each_counts_once() -> None:
    walk = History().at_bureau().add("attach", "village_clerk")
    walk.add(
        "attach",
        "village_clerk",
        files=[a_file(name="重扫.jpg"), a_file(sha256="2" * 64, quality=["blurred"])],
    )
    state = walk.sound()
    found = [(each["name"], each["sha256"][0], each["at"]) for each in state.files]
    assert found == [("身份证.jpg", "0", state.received_at), ("身份证.jpg", "2", state.received_at)]
    assert state.state == "received", "the case is at the bureau, and the village added to it all the same"
    walk = History().granted().add("attach", "village_clerk")
    assert aside(walk.state()) == [("attach", "wrong_state")]


def test_a_scan_that_was_taken_off_counts_no_more_and_stays() -> None:
    walk = History().at_bureau().add("attach", "village_clerk").add("detach", "village_clerk")
    (scan,) = walk.sound().files
    assert (scan["detached_why"], scan["detached_at"] is not None) == ("扫错了人", True)
    walk.add("attach", "village_clerk")  # it was the right one after all
    assert ["detached_at" in each for each in walk.sound().files] == [True, False]
    walk.add("detach", "village_clerk").add("detach", "village_clerk")
    assert aside(walk.state()) == [("detach", "detached_already")]


def test_a_step_sent_back_is_passed_again_before_the_grant() -> None:
    walk = History().reviewing().add("pass_step", "examiner", BUREAU).add("return_step", "examiner", BUREAU)
    walk.add("grant", "zone_head", BUREAU)
    assert aside(walk.state()) == [("grant", "not_reviewed")]
    walk.add("pass_step", "examiner", BUREAU).add("grant", "zone_head", BUREAU)
    assert walk.state().state == "decided"


# --- clocks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "promise_due"),
    [
        ("2018-02-09T00:00:00+08:00", date(2018, 2, 13)),
        ("2018-02-09T23:59:59+08:00", date(2018, 2, 13)),
        ("2018-02-09T15:59:59+00:00", date(2018, 2, 13)),
        ("2018-02-09T16:00:00+00:00", date(2018, 2, 13)),  # already Saturday 10 in China: day 1 is Sunday 11
        ("2018-10-01T09:00:00+08:00", date(2018, 10, 10)),
        ("2018-09-29T09:00:00+08:00", date(2018, 10, 9)),
    ],
)
def test_the_promise_counts_from_the_chinese_day_after_acceptance(at: str, promise_due: date) -> None:
    state = History().accepted(at).sound()
    assert (state.promise_due, state.due) == (promise_due, promise_due)


def test_the_acceptance_clock_runs_until_acceptance_wherever_the_case_goes() -> None:
    state = History().at_bureau().sound()
    assert state.due == state.acceptance_due == date(2018, 2, 22)
    assert (state.promise_due, state.legal_due) == (None, None)


def test_a_supplement_notice_stops_the_acceptance_clock_and_supplements_start_it_anew() -> None:
    walk = History().at_bureau().add("notify_supplement", "examiner", BUREAU, "2018-02-12T09:00:00+08:00")
    asked = walk.sound()
    assert (asked.state, asked.due, asked.supplement_gaps) == ("supplementing", None, ("营业执照",))
    assert (asked.acceptance_due, asked.supplement_due) == (None, date(2018, 3, 14))
    walk.add("supply", "village_clerk", at="2018-02-24T09:00:00+08:00", materials=lines(True, True, True))
    given = walk.sound()
    assert (given.state, given.due) == ("received", calendar().add(date(2018, 2, 24), 5))
    assert (given.received_at, len(given.materials)) == (asked.received_at, 3)
    walk.add("notify_supplement", "examiner", BUREAU)
    assert aside(walk.state()) == [("notify_supplement", "second_supplement")]


def test_an_unanswered_notice_ends_the_case() -> None:
    walk = History().at_bureau().add("notify_supplement", "examiner", BUREAU)
    assert walk.add("lapse", "system", HUB).sound().state == "terminated"


def test_deemed_acceptance_counts_from_the_receipt() -> None:
    walk = History().at_bureau("2018-02-09T09:00:00+08:00")
    state = walk.add("deemed_accept", "system", BUREAU, "2018-02-23T00:05:00+08:00").sound()
    assert state.accepted_at == moment("2018-02-23T00:05:00+08:00")
    assert state.promise_due == date(2018, 2, 13)


def test_deemed_acceptance_after_supplements_counts_from_their_receipt() -> None:
    walk = History().at_bureau().add("notify_supplement", "examiner", BUREAU, "2018-02-12T09:00:00+08:00")
    walk.add("supply", "village_clerk", at="2018-10-01T09:00:00+08:00")
    state = walk.add("deemed_accept", "system", BUREAU, "2018-10-20T09:00:00+08:00").sound()
    assert state.promise_due == date(2018, 10, 10)


def test_a_special_procedure_adds_its_working_days_to_both_dues() -> None:
    walk = History().reviewing().add("suspend", "examiner", BUREAU, "2018-02-11T09:00:00+08:00")
    stopped = walk.sound()
    assert (stopped.state, stopped.due) == ("suspended", None)
    walk.add("resume", "examiner", BUREAU, "2018-02-13T09:00:00+08:00")
    state = walk.sound()
    # 12 and 13 February were working days of the procedure: P 3+2, L 20+2.
    assert state.due == state.promise_due == date(2018, 2, 22)
    assert state.legal_due == calendar().add(date(2018, 2, 9), 22)
    walk.add("suspend", "examiner", BUREAU, "2018-02-14T09:00:00+08:00")
    walk.add("resume", "examiner", BUREAU, "2018-02-22T09:00:00+08:00")
    assert walk.sound().promise_due == date(2018, 2, 23)


def test_an_extension_moves_both_dues_and_the_state_stays() -> None:
    state = History().reviewing().add("extend", "bureau_head", BUREAU, days=4).sound()
    assert state.state == "reviewing"
    assert state.promise_due == calendar().add(date(2018, 2, 9), 7)
    assert state.legal_due == calendar().add(date(2018, 2, 9), 24)


def test_a_decision_is_delivered_within_ten_working_days() -> None:
    walk, due = History().granted(), calendar().add(date(2018, 2, 9), 10)
    assert walk.sound().due == walk.sound().delivery_due == due
    walk.add("conclude", "district_window", BUREAU, "2018-02-11T09:00:00+08:00")
    assert walk.sound().due == walk.sound().delivery_due == due


def test_a_supplement_period_beyond_the_end_of_time_stays_open() -> None:
    state = (
        History().received().add("notify_supplement", "village_clerk", at="9999-12-30T09:00:00+08:00").sound()
    )
    assert (state.state, state.supplement_due) == ("supplementing", None)


def test_an_instant_case_ended_on_a_later_day_counts_and_is_pointed_out() -> None:
    walk = History(village_item()).received().add("accept", "village_clerk")
    state = walk.add("instant_conclude", "village_clerk", at="2018-02-11T09:00:00+08:00").sound()
    assert (state.state, state.promise_due) == ("concluded", date(2018, 2, 9))
    assert [warning.code for warning in state.warnings] == ["not_same_day"]


@pytest.mark.parametrize("year", [1900, 2016, 2031, 9999])
def test_a_year_without_calendar_leaves_dues_open_and_says_so(year: int) -> None:
    state = History().granted(f"{year}-12-30T09:00:00+08:00").sound()
    assert (state.state, state.promise_due, state.legal_due, state.due) == ("decided", None, None, None)
    assert [(warning.code, warning.params["year"]) for warning in state.warnings] == [("calendar_gap", year)]


def test_dues_before_a_gap_are_kept() -> None:
    only_2018 = Calendar([(date(2018, 1, 1), "holiday")])
    state = History().accepted("2018-12-24T09:00:00+08:00").state(only_2018)
    assert state.promise_due == date(2018, 12, 27)
    assert state.legal_due is None
    assert [warning.params["year"] for warning in state.warnings] == [2019]


# --- what does not count --------------------------------------------------------------------------------------


def test_of_two_who_did_not_know_of_each_other_the_higher_comes_first() -> None:
    walk = History().at_bureau()
    walk.add("withdraw", "village_clerk", lamport=4).add("accept", "district_window", BUREAU, lamport=4)
    state = walk.state()
    assert [entry.event["event"] for entry in state.timeline[-2:]] == ["accept", "withdraw"]
    assert state.state == "withdrawn"


def test_who_comes_too_late_is_kept_aside_with_the_reason() -> None:
    walk = History().at_bureau()
    walk.add("refuse", "examiner", BUREAU, lamport=4).add("withdraw", "village_clerk", lamport=4)
    state = walk.state()
    assert (state.state, state.lamport) == ("not_accepted", 4)
    [(doc, problem)] = state.set_aside
    assert doc is walk.events[-1]
    assert str(problem) == "办件现为“不予受理”，不能“撤回”"


def test_among_equals_number_decides_not_the_clock() -> None:
    walk = History().received()
    walk.add(
        "correct_on_spot", "village_clerk", at="2030-01-01T00:00:00+08:00", lamport=3, changes={"phone": "1"}
    )
    walk.add(
        "correct_on_spot", "village_clerk", at="2010-01-01T00:00:00+08:00", lamport=3, changes={"phone": "2"}
    )
    assert walk.sound().phone == "2"


def test_the_tenth_comes_after_the_ninth() -> None:
    walk = History().received()
    for i in range(3, 12):
        walk.add("correct_on_spot", "village_clerk", lamport=3, changes={"phone": str(i)})
    assert walk.sound().phone == "11"


@pytest.mark.parametrize(
    ("event", "role", "station", "writer", "code"),
    [
        ("grant", "zone_head", BUREAU, VILLAGE, "not_its_station"),
        ("grant", "zone_head", BUREAU, TOWNSHIP, "not_its_station"),
        ("withdraw", "village_clerk", VILLAGE, NEIGHBOUR, "not_its_station"),
        ("withdraw", "village_clerk", VILLAGE, "510903999999", "badly_filled"),
        ("withdraw", "village_clerk", "510903999999", HUB, "badly_filled"),
        ("grant", "examiner", BUREAU, HUB, "not_your_role"),
        ("grant", "zone_head", VILLAGE, VILLAGE, "not_your_role"),
    ],
)
def test_nobody_speaks_for_a_station_above_or_beside(
    event: str, role: str, station: str, writer: str, code: str
) -> None:
    walk = History().reviewing().add("pass_step", "examiner", BUREAU)
    walk.add(event, role, station, writer=writer)
    state = walk.state()
    assert aside(state) == [(event, code)]
    assert state.state == "reviewing"


def test_a_township_writes_for_the_villages_it_hosts() -> None:
    walk = (
        History()
        .add("create", "village_clerk", writer=TOWNSHIP)
        .add("receive", "village_clerk", writer=TOWNSHIP)
    )
    assert walk.sound().origin_station == VILLAGE


BROKEN = [
    ({"_id": None}, "badly_filled"),
    ({"_id": "case:1"}, "badly_filled"),
    ({"_id": f"ev:{VILLAGE}:abcdefgh:01"}, "badly_filled"),
    ({"type": "note"}, "badly_filled"),
    ({"schema": 2}, "needs_update"),
    ({"schema": 2, "event": {"kind": "new"}, "data": None}, "needs_update"),
    ({"schema": True}, "badly_filled"),
    ({"schema": None}, "badly_filled"),
    ({"case": ""}, "badly_filled"),
    ({"case": "another"}, "other_case"),
    ({"event": "approve"}, "unknown_event"),
    ({"event": ["create"]}, "badly_filled"),
    ({"lamport": 0}, "badly_filled"),
    ({"lamport": True}, "badly_filled"),
    ({"lamport": MAX_LAMPORT + 1}, "badly_filled"),
    ({"at": "yesterday"}, "badly_filled"),
    ({"at": "2018-02-09T09:00:00"}, "badly_filled"),
    ({"at": "0001-01-01T00:00:00+14:00"}, "badly_filled"),
    ({"at": 5}, "badly_filled"),
    ({"station": 5}, "badly_filled"),
    ({"actor": None}, "badly_filled"),
    ({"actor": {"role": "village_clerk"}}, "badly_filled"),
    ({"actor": {"staff": "E1", "role": ["village_clerk"]}}, "badly_filled"),
    ({"data": []}, "badly_filled"),
]


@pytest.mark.parametrize(("change", "code"), BROKEN)
def test_a_broken_event_is_kept_aside_and_the_rest_counts(change: dict[str, object], code: str) -> None:
    walk = History().received()
    broken = {**History().received().add("forward", "village_clerk").events[-1], **change}
    state = fold([*walk.events, broken], calendar())
    assert aside(state) == [(broken["event"], code)]
    assert state.set_aside[0][0] is broken
    assert state.state == "received"


def test_a_broken_event_does_not_drive_the_count() -> None:
    walk = History().received().add("forward", "village_clerk", lamport=MAX_LAMPORT + 1)
    assert walk.state().lamport == 2


def test_a_disallowed_event_does_drive_the_count() -> None:
    walk = History().received().add("grant", "village_clerk", lamport=70)
    assert (walk.state().lamport, aside(walk.state())) == (70, [("grant", "wrong_state")])


def test_two_texts_under_one_id_settle_the_same_way_everywhere() -> None:
    walk = History().received()
    one = walk.add("correct_on_spot", "village_clerk", changes={"phone": "1"}).events.pop()
    two = {**one, "data": {"changes": {"phone": "2"}}}
    there = fold([*walk.events, one, two, one], calendar())
    here = fold([two, *walk.events, one, two], calendar())
    assert there == here
    assert aside(there) == [("correct_on_spot", "twin")]
    assert there.phone == "1"


def test_a_second_opening_of_a_case_does_not_count() -> None:
    walk = History().received().add("create", "village_clerk", phone="0")
    assert (aside(walk.state()), walk.state().phone) == ([("create", "wrong_state")], "13800000000")


def test_events_without_their_beginning_wait() -> None:
    walk = History().at_bureau()
    late = fold(walk.events[1:], calendar())
    assert (late.state, late.case_no, late.lamport, late.final) == (NEW, CASE, 3, False)
    assert aside(late) == [("receive", "no_case"), ("forward", "no_case")]
    assert fold(reversed(walk.events), calendar()).state == "received"


def test_nothing_adds_up_to_nothing() -> None:
    assert fold([], calendar()) == CaseState()


def test_fold_leaves_the_events_as_they_are() -> None:
    walk, same = History().granted(), History().granted()
    walk.state()
    assert walk.events == same.events


def test_every_event_of_the_table_can_be_walked() -> None:
    assert set(forms(village_item())) == set(lifecycle.EVENTS)
