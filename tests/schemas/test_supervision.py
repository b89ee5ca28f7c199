"""E-supervision: for each rule the case that raises it and the nearest one that does not, with the numbers it
tells; then what becomes of a card and what a month costs.

The week of the examples (2018): Fri 9 Feb, Sun 11 is made up, Mon 12, Tue 13, Wed 14; 15–21 are holidays; Thu 22.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas import supervision
from schemas.feedback import Complaint, Rating
from schemas.supervision import Card, Circumstances, Rule, cards, parse_rule, rules, station_cards
from schemas.supervision.rules import NOTES
from schemas.workdays import Calendar, calendar
from tests.schemas.histories import BUREAU, CASE, VILLAGE, History, moment, permit, village_item

RULES = rules()


def test_each_sentence_of_the_table_is_named_for_translation() -> None:
    assert {each.note for each in RULES} == set(NOTES)


def at(day: str, hour: int = 9) -> str:
    return f"2018-{day}T{hour:02}:00:00+08:00"


def due(
    history: History,
    now: str,
    *,
    only: str = "",
    by: Sequence[Rule] = RULES,
    **around: Any,
) -> list[tuple[str, str, str]]:
    """(rule, colour, day raised) of what is due, of one rule or all."""
    around.setdefault("materials", lambda code: ())
    found = cards(history.events, moment(now), Circumstances(**around), by)
    return [(each.rule, each.colour, each.raised_on.isoformat()) for each in found if only in each.rule]


def one(history: History, now: str, rule: str, **around: Any) -> Card:
    around.setdefault("materials", lambda code: ())
    (found,) = (c for c in cards(history.events, moment(now), Circumstances(**around)) if c.rule == rule)
    return found


def reviewing() -> History:
    """A permit accepted on Fri 9 Feb, P=3: due Tue 13; L=20."""
    return History().reviewing(at("02-09"))


def decided(history: History, when: str) -> History:
    history.add("pass_step", "examiner", BUREAU, when).add("grant", "zone_head", BUREAU, when)
    return history.add("conclude", "district_window", BUREAU, when)


# --- the promise ------------------------------------------------------------------------------------------------


def test_a_reminder_comes_a_working_day_before_the_promise_then_yellow_then_red() -> None:
    history = reviewing()
    reminder, yellow = ("R01", "reminder", "2018-02-12"), ("R03", "yellow", "2018-02-14")
    red = ("R04", "red", "2018-02-22")
    assert due(history, at("02-11", 23)) == []
    assert due(history, at("02-12")) == [reminder]
    assert due(history, at("02-13", 23)) == [reminder]
    assert due(history, at("02-14")) == [reminder, yellow]
    assert due(history, at("02-21")) == [reminder, yellow]
    assert due(history, at("02-22")) == [reminder, yellow, red]
    assert due(history, at("12-31", 23)) == [reminder, yellow, red]


def test_nobody_is_reminded_on_the_day_of_acceptance() -> None:
    history = History(replace(permit(), promised_days=1)).reviewing(at("02-09"))  # due Sun 11, made up
    assert due(history, at("02-09", 23)) == []
    assert due(history, at("02-10")) == [("R01", "reminder", "2018-02-10")]
    assert (
        due(
            decided(History(replace(permit(), promised_days=1)).reviewing(at("02-09")), at("02-09", 10)),
            at("03-01"),
        )
        == []
    )


def test_what_is_decided_in_time_gets_no_card_however_late_one_asks() -> None:
    assert due(decided(reviewing(), at("02-13", 23)), at("12-31")) == [("R01", "reminder", "2018-02-12")]
    assert due(decided(reviewing(), at("02-11")), at("12-31")) == []


def test_a_card_tells_the_numbers_it_rests_on() -> None:
    card = one(reviewing(), at("02-14"), "R03")
    assert card.evidence == {
        "measure": "promise_overdue",
        "op": ">=",
        "threshold": 1,
        "unit": "workday",
        "raised_on": "2018-02-14",
        "due": "2018-02-13",
        "clock": "promise",
        "accepted_on": "2018-02-09",
        "promised_days": 3,
        "legal_days": 20,
        "extended_days": 0,
        "suspensions": 0,
    }
    assert (card.case_no, card.station, card.staff, card.points) == (CASE, BUREAU, "E2", Decimal(1))
    assert card.note == "超过承诺期限1个工作日"


def test_the_legal_limit_is_red_by_itself() -> None:
    history = reviewing()  # L=20: 14 March
    by = [rule for rule in RULES if rule.measure == "legal_overdue"]
    assert due(history, at("03-14", 23), by=by) == []
    assert due(history, at("03-15"), by=by) == [("R04", "red", "2018-03-15")]


def test_both_halves_of_one_rule_make_one_card() -> None:
    history = History(replace(permit(), legal_days=3)).reviewing(at("02-09"))
    assert [each for each in due(history, at("12-31")) if each[0] == "R04"] == [("R04", "red", "2018-02-14")]


def test_the_clock_stands_while_a_special_procedure_lasts() -> None:
    history = reviewing().add("suspend", "examiner", BUREAU, at("02-12"), days=200)
    assert due(history, at("12-31"), only="R03") == []
    history.add("resume", "examiner", BUREAU, at("02-14"))  # two days later: due Thu 22
    assert due(history, at("02-22", 23), only="R03") == []
    assert due(history, at("02-23"), only="R03") == [("R03", "yellow", "2018-02-23")]


def test_an_extension_gives_time_and_takes_no_card_back() -> None:
    in_time = reviewing().add("extend", "bureau_head", BUREAU, at("02-13"), days=2)
    assert due(in_time, at("02-22", 23), only="R03") == []
    late = reviewing().add("extend", "bureau_head", BUREAU, at("02-14"), days=2)
    assert due(late, at("02-22", 23), only="R03") == [("R03", "yellow", "2018-02-14")]
    assert len(due(late, at("02-23"), only="R03")) == 2


def test_who_withdraws_stops_the_clock() -> None:
    history = reviewing().add("withdraw", "village_clerk", at=at("02-13"))
    assert due(history, at("12-31"), only="R03") == []


# --- acceptance, instant items ----------------------------------------------------------------------------------


def test_silence_after_receipt_is_carded_once_five_days_are_over() -> None:
    history = History().at_bureau(at("02-09"))  # the fifth day is Thu 22
    assert due(history, at("02-22", 23)) == []
    assert due(history, at("02-23")) == [("R02", "yellow", "2018-02-23")]
    answered = History().at_bureau(at("02-09")).add("accept", "district_window", BUREAU, at("02-22"))
    assert due(answered, at("02-28"), only="R02") == []


def test_who_asks_for_supplements_in_time_has_answered() -> None:
    history = History().at_bureau(at("02-09")).add("notify_supplement", "examiner", BUREAU, at("02-22"))
    assert due(history, at("03-01"), only="R02") == []
    history.add("supply", "village_clerk", at=at("03-01"))  # a new five days: Thu 8 March
    assert due(history, at("03-08"), only="R02") == []
    assert due(history, at("03-09"), only="R02") == [("R02", "yellow", "2018-03-09")]


def instant(ended: str | None) -> History:
    history = History(village_item()).received(at("02-09")).add("accept", "village_clerk", at=at("02-09"))
    return history if ended is None else history.add("instant_conclude", "village_clerk", at=ended)


def test_an_instant_case_ends_on_the_day_of_acceptance() -> None:
    assert due(instant(at("02-09", 23)), at("12-31")) == []
    assert due(instant(at("02-10")), at("12-31")) == [("R11", "yellow", "2018-02-10")]
    # Nobody is reminded of what is done at once, and two working days late is red for it too.
    assert due(instant(None), at("12-31")) == [("R11", "yellow", "2018-02-10"), ("R04", "red", "2018-02-12")]


# --- what was said and asked for --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "told"), [("不符合", 1), ("不符合食品经营条件的", 0), ("不符合食品经营条件", 1)]
)
def test_a_denial_gives_at_least_ten_characters_of_reason(reason: str, told: int) -> None:
    history = reviewing().add("deny", "zone_head", BUREAU, at("02-12"), reason=reason)
    assert len(due(history, at("02-12", 10), only="R05")) == told


def test_a_refusal_set_aside_for_its_short_reason_is_carded_too() -> None:
    history = (
        History().at_bureau(at("02-09")).add("refuse", "examiner", BUREAU, at("02-12"), reason="不归我管")
    )
    assert history.state().state == "received"
    assert due(history, at("02-12", 10)) == [("R05", "yellow", "2018-02-12")]
    assert one(history, at("02-12", 10), "R05").evidence["length"] == 4


def test_a_second_request_for_supplements_is_refused_and_carded() -> None:
    history = History().at_bureau(at("02-09")).add("notify_supplement", "examiner", BUREAU, at("02-09"))
    history.add("supply", "village_clerk", at=at("02-09"))
    assert due(history, at("02-12"), only="R06") == []
    history.add("notify_supplement", "examiner", BUREAU, at("02-12"), staff="E7")
    assert due(history, at("02-12", 10), only="R06") == [("R06", "yellow", "2018-02-12")]
    assert one(history, at("02-12", 10), "R06").staff == "E7"


def test_materials_outside_the_catalogue_are_carded() -> None:
    history = History().received(at("02-09"))
    assert due(history, at("02-09", 10), only="R06", materials=lambda code: {"材料1", "材料2"}) == []
    card = one(history, at("02-09", 10), "R06", materials=lambda code: {"材料1"})
    assert card.evidence["materials"] == "材料2"
    # By default the catalogue is asked, and it has no 材料1.
    assert [c.rule for c in cards(history.events, moment(at("02-09", 10)))] == ["R06"]


def test_a_fee_the_catalogue_does_not_have_is_red() -> None:
    history = decided(reviewing(), at("02-12"))
    history.events[-1]["data"]["fee_fen"] = 1000
    assert not permit().fee
    assert due(history, at("02-12", 10), only="R07") == [("R07", "red", "2018-02-12")]
    assert due(history, at("02-12", 10), only="R07", charges=lambda code: True) == []
    history.events[-1]["data"]["fee_fen"] = 0
    assert due(history, at("02-12", 10), only="R07") == []


def test_a_permit_concluded_without_review_is_carded() -> None:
    denied = reviewing().add("deny", "zone_head", BUREAU, at("02-12"), reason="不符合食品经营许可条件")
    assert due(denied, at("02-12", 10), only="R08") == []
    denied.add("conclude", "district_window", BUREAU, at("02-12"))
    assert due(denied, at("02-12", 10), only="R08") == [("R08", "yellow", "2018-02-12")]
    assert due(decided(reviewing(), at("02-12")), at("02-12", 10), only="R08") == []


def test_a_special_procedure_takes_no_longer_than_told() -> None:
    history = reviewing().add("suspend", "examiner", BUREAU, at("02-12"), days=2, staff="E5")  # until Wed 14
    assert due(history, at("02-21"), only="R10") == []
    assert due(history, at("02-22"), only="R10") == [("R10", "yellow", "2018-02-22")]
    assert one(history, at("02-22"), "R10").staff == "E5"
    assert due(history.add("resume", "examiner", BUREAU, at("02-14")), at("12-31"), only="R10") == []


# --- feedback ---------------------------------------------------------------------------------------------------


def test_a_bad_rating_is_rectified_within_fifteen_working_days() -> None:
    history = decided(reviewing(), at("02-12"))
    rated = moment(at("02-12")).date()

    def found(rating: Rating) -> list[tuple[str, str, str]]:
        return due(history, at("12-31"), only="R09", ratings={CASE: rating})

    assert found(Rating(CASE, 3, rated)) == []
    assert found(Rating(CASE, 4, rated)) == [("R09", "yellow", "2018-03-12"), ("R09", "red", "2018-03-15")]
    assert found(Rating(CASE, 5, rated, rectified_on=moment(at("03-09")).date())) == []
    assert found(Rating(CASE, 5, rated, rectified_on=moment(at("03-12")).date())) == [
        ("R09", "yellow", "2018-03-12")
    ]


def test_an_upheld_complaint_is_rectified_too() -> None:
    history = decided(reviewing(), at("02-12"))
    day = moment(at("02-12")).date()

    def found(upheld: bool, case: str) -> int:
        complaint = Complaint("cmp:1", case, BUREAU, "attitude", day, day if upheld else None, None)
        return len(due(history, at("12-31"), only="R09", complaints=[complaint]))

    assert (found(True, CASE), found(False, CASE), found(True, "another")) == (2, 0, 0)


# --- clocks of stations -----------------------------------------------------------------------------------------


def test_an_event_before_the_one_it_follows_is_flagged() -> None:
    history = History().received(at("02-09", 10)).add("forward", "village_clerk", at=at("02-09", 9))
    assert due(history, at("02-10")) == [("R13", "flag", "2018-02-09")]
    assert one(history, at("02-10"), "R13").evidence["minutes"] == 60


@pytest.mark.parametrize(("minutes", "told"), [(10, 0), (11, 1)])
def test_an_event_from_the_hubs_future_is_flagged(minutes: int, told: int) -> None:
    history = History().received(at("02-09", 10))
    late = moment(at("02-09", 10)) - timedelta(minutes=minutes)
    arrivals = {event["_id"]: late for event in history.events[1:]}
    assert len(due(history, at("02-10"), only="R13", arrivals=arrivals)) == told


@pytest.mark.parametrize(
    ("now", "fault", "told"),
    [
        ("02-13", False, []),  # Sun 11, Mon 12, Tue 13
        ("02-14", False, ["reminder"]),
        ("02-22", False, ["reminder"]),
        ("02-23", False, ["reminder", "yellow"]),
        ("02-23", True, ["reminder"]),
    ],
)
def test_a_silent_station_is_reminded_then_carded_unless_its_line_is_down(
    now: str, fault: bool, told: list[str]
) -> None:
    found = station_cards(VILLAGE, moment(at("02-09")), moment(at(now)), calendar(), link_fault=fault)
    assert [each.colour for each in found] == told
    assert all((each.rule, each.station, each.points) == ("R12", VILLAGE, 0) for each in found)


# --- late sync --------------------------------------------------------------------------------------------------


def test_a_card_from_late_sync_says_so() -> None:
    """Decided in time at the far end of a dead line; the hub hears of it a week after the promise was due."""
    history = decided(reviewing(), at("02-13"))
    heard = moment(at("02-26"))
    arrivals = {
        each["_id"]: heard for each in history.events if each["event"] in ("pass_step", "grant", "conclude")
    }
    before = cards(
        history.events, moment(at("02-25")), Circumstances(arrivals=arrivals, materials=lambda c: ())
    )
    after = cards(
        history.events, moment(at("02-27")), Circumstances(arrivals=arrivals, materials=lambda c: ())
    )
    assert [(card.rule, card.late_evidence) for card in before if card.points] == [
        ("R03", False),
        ("R04", False),
    ]
    assert [(card.rule, card.late_evidence) for card in after if card.points] == [
        ("R03", True),
        ("R04", True),
    ]
    assert [card.evidence for card in before] == [card.evidence for card in after]


def test_a_case_the_hub_never_heard_of_while_it_was_late_says_so_too() -> None:
    history = decided(reviewing(), at("02-26"))
    arrivals = {each["_id"]: moment(at("02-27")) for each in history.events}
    assert due(history, at("02-26", 23), arrivals=arrivals) == []
    found = cards(
        history.events, moment(at("02-27")), Circumstances(arrivals=arrivals, materials=lambda c: ())
    )
    assert {(card.rule, card.late_evidence) for card in found} == {
        ("R01", True),
        ("R03", True),
        ("R04", True),
    }


@pytest.mark.parametrize(("heard", "late"), [(at("02-13", 23), False), (at("02-14", 0), True)])
def test_late_is_what_is_heard_of_after_the_due_date_itself(heard: str, late: bool) -> None:
    history = reviewing().add("pass_step", "examiner", BUREAU, at("02-13", 22))
    around = Circumstances(arrivals={history.events[-1]["_id"]: moment(heard)}, materials=lambda c: ())
    found = cards(history.events, moment(at("02-14")), around)
    assert {card.rule: card.late_evidence for card in found} == {"R01": late, "R03": late}


def test_done_and_heard_of_in_time_says_nothing_of_lateness() -> None:
    history = decided(reviewing(), at("02-14"))
    arrivals = {each["_id"]: moment(each["at"]) + timedelta(hours=1) for each in history.events}
    assert [card.late_evidence for card in cards(history.events, moment(at("02-28")), Circumstances(
        arrivals=arrivals, materials=lambda c: ()))] == [False, False]  # fmt: skip


# --- rules are data ---------------------------------------------------------------------------------------------

_ROW = {"cases": "all", "unless": "", "points": "0", "note": "", "op": ">=", "unit": "workday"}
CHENGDU = [
    parse_rule({**_ROW, "rule": "C01", "measure": "promise_overdue", "threshold": "-1", "colour": "yellow"}),
    parse_rule({**_ROW, "rule": "C02", "measure": "promise_overdue", "threshold": "1", "colour": "red"}),
]
"""The Chengdu variant: yellow is about to expire, red is overdue (domain.md §2.6)."""


def test_another_city_has_other_thresholds_and_the_same_program() -> None:
    assert due(reviewing(), at("12-31"), by=CHENGDU) == [
        ("C01", "yellow", "2018-02-12"),
        ("C02", "red", "2018-02-14"),
    ]


def test_the_fourteen_rules_are_there_and_measure_what_can_be_measured() -> None:
    assert {rule.rule for rule in RULES} == {f"R{n:02}" for n in range(1, 15)}
    assert {rule.measure for rule in RULES} == {*supervision.MEASURES, "silence", "unanswered"}
    points = {(rule.rule, rule.colour): str(rule.points) for rule in RULES}
    assert points["R03", "yellow"] == "1"
    assert points["R04", "red"] == points["R07", "red"] == "1.5"
    assert {points["R05", "yellow"], points["R11", "yellow"]} == {"0.5"}
    assert {str(rule.points) for rule in RULES if rule.colour in ("reminder", "flag")} == {"0"}


@pytest.mark.parametrize("change", [{"op": "="}, {"unit": "week"}])
def test_a_word_of_the_table_nobody_knows_is_noticed(change: dict[str, str]) -> None:
    row = {**_ROW, "rule": "C01", "measure": "silence", "threshold": "1", "colour": "red"}
    with pytest.raises(ValueError, match="unknown"):
        parse_rule({**row, **change})


def test_beyond_the_calendar_there_is_no_card_and_the_case_says_why() -> None:
    short = Calendar([], years=[2018])
    history = History().reviewing("2018-12-28T09:00:00+08:00")
    assert due(history, "2019-03-01T09:00:00+08:00", calendar=short) == []
    assert [each.code for each in history.state(short).warnings] == ["calendar_gap"]
