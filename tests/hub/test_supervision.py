"""From a rule to a rectified card: proposed by the rules, issued or dropped, answered where it is about, ruled upon."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.looking import PROPOSAL, Looking
from hub.supervision import LOOKING
from schemas import numbers
from schemas.supervision import words
from schemas.supervision.cards import Card
from station.databases import HERE, of_station
from sync.serving import starting
from tests.catalogue import publish, version
from tests.schemas.histories import History, permit
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import BUREAU, HUB, NEIGHBOUR, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World

LATE = timedelta(days=14)


def overdue(city: World) -> str:
    """A case that the bureau accepted and left lying until it was late; its number."""
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept")
    city.time.now += LATE
    return case_no


def supervisor(city: World) -> Visitor:
    return city.visit(HUB).sign_in("S001")


def looking(city: World) -> Looking:
    found: Looking = city[HUB].app.extensions[LOOKING]
    return found


def proposals(city: World) -> list[Any]:
    return list(starting(city[HUB].parts.store.database(HERE), PROPOSAL).values())


def looked(city: World) -> Visitor:
    visitor = supervisor(city)
    visitor.open("/supervision")
    visitor.send("/supervision/run")
    return visitor


def forms(page: str) -> list[str]:
    return re.findall(r"/supervision/proposals/([0-9a-f]{32})/issue", page)


def issued(city: World) -> tuple[Visitor, str]:
    """The supervisor, and the key of a card that they issued."""
    overdue(city)
    visitor = looked(city)
    visitor.send(f"/supervision/proposals/{forms(visitor.page)[0]}/issue")
    page = visitor.open("/supervision", kind="issued")
    return visitor, re.findall(r"/supervised/([0-9L:a-f]+)", page)[0]


def test_what_is_late_is_proposed_once_with_its_numbers(city: World) -> None:
    case_no = overdue(city)
    page = looked(city).page
    assert case_no in page and "红牌" in page and "承诺工作日" in page and "应办结日期" in page
    first = forms(page)
    assert forms(looked(city).page) == first, "twice is as once"


def test_a_card_goes_from_its_rule_to_rectified(city: World) -> None:
    visitor, key = issued(city)
    bureau = city.visit(HUB).sign_in("E001")
    assert "待答复" not in bureau.open("/supervised") and "已发牌" in bureau.page
    bureau.open(f"/supervised/{key}")
    bureau.send(f"/supervised/{key}/answer", text="材料须现场核验，未及时登记特别程序")
    assert "已答复" in bureau.page
    visitor.open(f"/supervised/{key}")
    assert "材料须现场核验" in visitor.page
    visitor.send(f"/supervision/cards/{key}/uphold", text="特别程序应当登记")
    assert "维持" in visitor.page
    bureau.open(f"/supervised/{key}")
    bureau.send(f"/supervised/{key}/rectify", text="已补登记并培训窗口人员")
    assert "已整改" in bureau.page and "特别程序应当登记" in bureau.page
    assert key in visitor.open("/supervision", kind="over")


def test_a_village_answers_its_card_on_its_own_laptop(city: World) -> None:
    form = "7" * 32
    word = card(station=VILLAGE)
    city[HUB].parts.keeper.keep(VILLAGE, PEOPLE["S001"], "supervision_card", form, lambda _txn, _before: word)
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "超过承诺期限1个工作日" in clerk.open("/supervised") and "99" in clerk.page
    key = f"L{VILLAGE}:{form}"
    clerk.open(f"/supervised/{key}")
    clerk.send(f"/supervised/{key}/answer", text="申请人当天没有来")
    assert "已答复" in clerk.page
    city.sync(VILLAGE, TOWNSHIP)
    assert "申请人当天没有来" in supervisor(city).open(f"/supervised/{key}")


def test_what_is_dropped_has_a_reason_and_does_not_come_back(city: World) -> None:
    overdue(city)
    visitor = looked(city)
    (form, *_) = forms(visitor.page)
    visitor.send(f"/supervision/proposals/{form}/drop", reason=" ")
    assert visitor.status == 409 or "请写明不发牌的理由" in visitor.page
    visitor.open("/supervision")
    visitor.send(f"/supervision/proposals/{form}/drop", reason="系统演练产生")
    assert form not in forms(looked(city).page)
    kept = starting(city[HUB].parts.store.database(HERE), PROPOSAL)[PROPOSAL + form]
    assert (kept["dropped"], kept["by"]) == ("系统演练产生", "S001")


@pytest.mark.parametrize(
    ("event", "text", "said"),
    [("uphold", "太晚了", "答复期限未满"), ("revoke", "", "请写明答复、理由或者整改措施")],
)
def test_what_a_supervisor_may_not_do_yet_is_said(city: World, event: str, text: str, said: str) -> None:
    visitor, key = issued(city)
    visitor.open(f"/supervised/{key}")
    visitor.send(f"/supervision/cards/{key}/{event}", text=text)
    assert visitor.status == 409 and said in visitor.page


def test_nobody_answers_for_another(city: World) -> None:
    _, key = issued(city)
    for who in ("S001", "X001"):
        other = city.visit(HUB).sign_in(who)
        other.open("/supervised")
        other.send(f"/supervised/{key}/answer", text="不是我的")
        assert other.status in (403, 404)
    assert city[HUB].parts.register.logbook.get(key)["outcome"] == "issued"  # type: ignore[index]


def test_a_card_that_is_answered_too_late_may_be_upheld_without_an_answer(city: World) -> None:
    visitor, key = issued(city)
    city.time.now += timedelta(days=7)
    visitor = supervisor(city)
    visitor.open(f"/supervised/{key}")
    visitor.send(f"/supervision/cards/{key}/uphold", text="逾期未答复")
    assert visitor.status == 200 and "维持" in visitor.page


def test_a_run_looks_at_what_changed_since_the_one_before(city: World) -> None:
    overdue(city)
    assert looking(city).look() > 0
    assert looking(city).look() == 0
    city.time.now += timedelta(days=1)
    assert looking(city).look() == 0, "the same cards are due, and no more"


def test_what_is_heard_of_weeks_after_it_was_over_is_looked_at(city: World) -> None:
    """By when things happened alone, a run asked of what happened since the run before, and never of what came late."""
    hub = city[HUB].parts
    told = History(permit(), numbers.case_no(VILLAGE, date(2018, 2, 9), 777)).received(
        "2018-02-09T09:00:00+08:00"
    )
    told.add("forward", "village_clerk", at="2018-02-09T10:00:00+08:00")
    for event, role, day in (
        ("accept", "district_window", "02-12"), ("assign", "zone_head", "02-12"), ("pass_step", "examiner", "03-26"), ("grant", "zone_head", "03-27"),
        ("conclude", "district_window", "03-28"),
    ):  # fmt: skip
        told.add(event, role, BUREAU, f"2018-{day}T09:00:00+08:00", staff=f"E{event}")
    city.time.now += timedelta(days=50)
    assert looking(city).look() == 0
    city.time.now += timedelta(days=1)
    for event in told.events:
        hub.ledger.append(
            of_station(VILLAGE), lambda _txn, event=event: [{k: v for k, v in event.items() if k != "_id"}]
        )
    looking(city).look()
    assert {each["card"]["case"] for each in proposals(city)} == {told.case}


# -- which words count ------------------------------------------------------------------------------------------------


def card(**said: Any) -> dict[str, Any]:
    return {
        "rule": "R03", "colour": "yellow", "station": VILLAGE, "staff": "V001", "points": "1", "evidence": {"measure": "promise_overdue"},
        "issued_at": "2018-02-09T09:00:00+08:00", "answer_due": "2018-02-12", "outcome": "issued", "late_evidence": False, **said,
    }  # fmt: skip


def answered(of: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {**of, "outcome": "answered", "answer": "已说明", "answer_at": "2018-02-10T09:00:00+08:00", **said}


def test_nobody_but_the_hub_issues_a_card() -> None:
    assert words.counted([(VILLAGE, card())]) is None
    assert words.counted([(VILLAGE, card()), (HUB, card())]) == card()


def test_a_station_answers_and_does_not_rule() -> None:
    first = card()
    revoked = {**first, "outcome": "revoked", "ruling": "算了", "revoke_at": "2018-02-10T09:00:00+08:00"}
    assert words.counted([(HUB, first), (VILLAGE, revoked)]) == first
    assert words.counted([(HUB, first), (HUB, revoked)]) == revoked
    assert words.counted([(HUB, first), (VILLAGE, answered(first))]) == answered(first)


@pytest.mark.parametrize(
    "change",
    [
        {"points": "0"},
        {"colour": "reminder"},
        {"evidence": {}},
        {"answer": " "},
        {"answer_at": "soon"},
        {"outcome": "upheld"},
    ],
)
def test_a_word_that_changes_the_card_or_takes_no_step_counts_for_nothing(change: dict[str, Any]) -> None:
    first = card()
    assert words.counted([(HUB, first), (VILLAGE, answered(first, **change))]) == first


def test_a_forged_word_in_a_stations_database_changes_nothing_at_the_hub(city: World) -> None:
    form, key = "8" * 32, f"L{VILLAGE}:{'8' * 32}"
    city[HUB].parts.keeper.keep(
        VILLAGE, PEOPLE["S001"], "supervision_card", form, lambda _txn, _before: card()
    )
    city.sync(TOWNSHIP, VILLAGE)
    village = city[VILLAGE].parts
    forged = {**card(), "type": "supervision_card", "schema": 1, "form": form, "lamport": 9, "outcome": "revoked", "ruling": "撤销",
              "revoke_at": "2018-02-10T09:00:00+08:00", "created_at": "2018-02-10T09:00:00+08:00", "created_by": "V001"}  # fmt: skip
    village.ledger.append(of_station(VILLAGE), lambda _txn: [forged])
    city.sync(VILLAGE, TOWNSHIP)
    city[HUB].parts.register.catch_up()
    assert city[HUB].parts.register.logbook.get(key)["outcome"] == "issued"  # type: ignore[index]


def test_the_same_cause_has_the_same_form_wherever_it_is_found() -> None:
    made = Card("R03", "yellow", Decimal(1), "5" * 25, BUREAU, "E001", "0-0", date(2018, 2, 20), {}, "")
    assert words.form_of(made) == words.form_of(Card(*(getattr(made, name) for name in Card.__slots__)))


def silences(city: World) -> list[tuple[str, str]]:
    """(station, colour) of what is proposed because of silence."""
    found = [each["card"] for each in proposals(city) if each["card"]["rule"] == "R12"]
    return sorted((each["station"], each["colour"]) for each in found)


def days_pass(city: World, days: int, *talking: str) -> None:
    """The hub runs every day meanwhile, and these stations sync."""
    for _ in range(days):
        city.time.now += timedelta(days=1)
        if talking:
            city.sync(*talking)
            for chore in city[TOWNSHIP].parts.chores:
                chore()
            city.sync(TOWNSHIP)
        looking(city).tend()


def test_a_silent_station_is_reminded_after_three_working_days_and_carded_after_five(city: World) -> None:
    publish(city, version(INSTANT.item_code, 2, "2018-03-01"))
    city.sync(TOWNSHIP, VILLAGE, NEIGHBOUR)
    looking(city).tend()
    days_pass(city, 3, TOWNSHIP, VILLAGE)
    assert silences(city) == [], "a weekend counts for nothing"
    days_pass(city, 2, TOWNSHIP, VILLAGE)
    assert silences(city) == [(NEIGHBOUR, "reminder")], (
        "the village syncs through its township, which told so"
    )
    days_pass(city, 15, TOWNSHIP, VILLAGE)
    assert silences(city) == [(NEIGHBOUR, "reminder"), (NEIGHBOUR, "yellow")]


def test_a_hub_that_was_away_itself_calls_nobody_silent(city: World) -> None:
    looking(city).tend()
    city.time.now += timedelta(days=20)
    looking(city).tend()
    assert silences(city) == []
