"""What becomes of a card and what a month costs; draws and double applications."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas import documents, supervision
from schemas.supervision import station_cards
from schemas.workdays import calendar
from tests.schemas.histories import CASE, VILLAGE, History, moment, village_item
from tests.schemas.test_supervision import at, one, reviewing

# --- what becomes of a card -------------------------------------------------------------------------------------


def document(**change: object) -> dict[str, Any]:
    card = one(reviewing(), at("02-14"), "R03")
    made = supervision.as_document(card, moment(at("02-14")), calendar())
    return {**made, "created_at": at("02-14"), "created_by": "S1", **change}


def test_a_card_is_a_well_filled_document_named_after_what_it_is_for() -> None:
    doc = document()
    assert documents.problems(doc) == ()
    assert doc["_id"] == f"card:R03:yellow:{CASE}:0-0"
    assert (doc["answer_due"], doc["outcome"], doc["points"]) == ("2018-02-23", "issued", "1")


def test_a_station_cards_document_is_well_filled_too() -> None:
    (card, _) = station_cards(VILLAGE, moment(at("02-09")), moment(at("02-28")), calendar())
    doc = supervision.as_document(card, moment(at("02-28")), calendar())
    assert documents.problems({**doc, "created_at": at("02-28"), "created_by": "S1"}) == ()


@pytest.mark.parametrize(
    ("state", "event", "actor", "on", "expected"),
    [
        ("issued", "answer", "charged", "02-22", "answered"),
        ("issued", "answer", "supervisor", "02-22", "not_your_card"),
        ("issued", "uphold", "supervisor", "02-23", "answer_period_runs"),
        ("issued", "uphold", "supervisor", "02-24", "upheld"),
        ("answered", "uphold", "supervisor", "02-22", "upheld"),
        ("answered", "revoke", "supervisor", "02-22", "revoked"),
        ("answered", "revoke", "charged", "02-22", "not_your_card"),
        ("upheld", "rectify", "charged", "02-28", "rectified"),
        ("revoked", "rectify", "charged", "02-28", "wrong_card_state"),
        ("rectified", "answer", "charged", "02-28", "wrong_card_state"),
    ],
)
def test_a_card_is_answered_then_ruled_on(state: str, event: str, actor: str, on: str, expected: str) -> None:
    day = moment(at(on)).date()
    found = supervision.card_step(document(outcome=state), event, actor, "已核实", day)
    assert (found if isinstance(found, str) else found.code) == expected


@pytest.mark.parametrize(
    ("state", "event"), [("issued", "answer"), ("issued", "revoke"), ("upheld", "rectify")]
)
def test_a_step_of_a_card_gives_its_reason(state: str, event: str) -> None:
    actor = "supervisor" if event == "revoke" else "charged"
    found = supervision.card_step(document(outcome=state), event, actor, " ", date(2018, 3, 1))
    assert not isinstance(found, str)
    assert found.code == "no_card_text"


def score(*docs: dict[str, Any], on: str = "02-28") -> supervision.Score:
    numbered = [{**doc, "_id": f"card:{n}"} for n, doc in enumerate(docs)]
    return supervision.month_score(numbered, 2018, 2, moment(at(on)).date())


def test_a_month_begins_with_a_hundred_and_loses_what_its_cards_cost() -> None:
    assert score().value == 100
    assert score(document(), document(points="1.5")).value == Decimal("97.5")
    assert score(document(), document(points="1.5")).deductions == (
        ("card:0", Decimal(1)),
        ("card:1", Decimal("1.5")),
    )
    assert score(document(issued_at=at("03-01"))).value == 100


def test_a_revoked_card_costs_nothing_and_late_evidence_only_once_confirmed() -> None:
    assert score(document(outcome="revoked")).value == 100
    assert score(document(late_evidence=True)).value == 100
    assert score(document(late_evidence=True, outcome="upheld")).value == 99


def test_three_reminders_nobody_answered_cost_three_points() -> None:
    reminder = document(colour="reminder", points="0")
    assert score(reminder, reminder).value == 100
    assert score(reminder, reminder, reminder).value == 97
    assert score(*[reminder] * 5).value == 97
    assert score(*[reminder] * 6).value == 94
    assert score(*[reminder] * 3).unanswered == ("card:0", "card:1", "card:2")
    assert score(*[reminder] * 3, on="02-23").value == 100  # they may still be answered today
    answered = {**reminder, "outcome": "answered"}
    assert score(reminder, reminder, answered).value == 100


# --- looked at unasked ------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_sample() -> None:
    numbers = [f"{CASE[:-1]}{n}" for n in range(50)]
    sample = supervision.draw("2018-02 福彩3D 471", numbers, 5)
    assert sample == supervision.draw("2018-02 福彩3D 471", reversed(numbers * 2), 5)
    assert len(set(sample)) == 5
    assert set(sample) <= set(numbers)
    assert sample != supervision.draw("another", numbers, 5)
    assert len(supervision.draw("2018-02", numbers, 99)) == 50


def test_one_applicants_two_open_cases_for_one_item_are_told() -> None:
    first, second = History().received(), History(case=CASE.replace("0007", "0008")).received()
    assert supervision.doubles([first.state(), second.state()]) == ((first.case, second.case),)
    other = History(village_item(), case=second.case).received()
    assert supervision.doubles([first.state(), other.state()]) == ()
    second.add("withdraw", "village_clerk")
    assert supervision.doubles([first.state(), second.state()]) == ()
