"""schemas.opinions: every phrase is for a field that its step has, and is filled from the case; what lacks is listed for the notice."""

from __future__ import annotations

import pytest

from schemas import opinions
from schemas.lifecycle import fold
from schemas.shipped import rows
from schemas.workdays import calendar
from station.forms import STEPS
from tests.schemas.histories import History, lines, permit

ROWS = list(rows("opinions"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['event']}-{row['title']}")
def test_a_phrase_is_for_a_field_of_its_step_and_says_nothing_unfilled(row: dict[str, str]) -> None:
    assert row["field"] in STEPS[row["event"]].fields
    state = fold(History(permit()).received().events, calendar())
    found = {each.title: each.text for each in opinions.phrases(row["event"], row["field"], state)}
    assert "{" not in found[row["title"]] and (permit().name in found[row["title"]]) == (
        "{item}" in row["text"]
    )


@pytest.mark.parametrize(
    ("number", "there"), [("1", True), ("", False), ("0", False), ("99", False), ("x", False), ("１", False)]
)
def test_a_number_that_is_none_chooses_nothing(number: str, there: bool) -> None:
    state = fold(History(permit()).received().events, calendar())
    assert bool(opinions.chosen("pass_step", "opinion", state, number)) is there


def test_what_was_not_handed_in_is_listed_for_the_notice() -> None:
    told = History(permit()).add("create", "village_clerk")
    told.add(
        "receive",
        "village_clerk",
        materials=[*lines(True, False), {**lines(False)[0], "seq": 9, "name": "委托书", "required": False}],
    )
    state = fold(told.events, calendar())
    assert opinions.missing(state) == ["材料2"] and opinions.gaps(state) == "缺少“材料2”"
