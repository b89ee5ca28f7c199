"""Laws of e-supervision over random histories: a card once due stays, with the same numbers, whatever is asked or
arrives later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.supervision import Card, Circumstances, cards
from tests.schemas.histories import BUREAU, History, moment

BEGIN = moment("2018-02-09T09:00:00+08:00")
LINE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("accept", "district_window", {}),
    ("assign", "zone_head", {}),
    ("suspend", "examiner", {"days": 2}),
    ("resume", "examiner", {}),
    ("extend", "bureau_head", {"days": 3}),
    ("pass_step", "examiner", {}),
    ("deny", "zone_head", {"reason": "不符合"}),
    ("conclude", "district_window", {}),
)
DAYS = st.integers(0, 6)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, datetime]]:
    """The events of a case, each some days after the last, some of the line left out; and when each arrived."""
    history = History().at_bureau(BEGIN.isoformat())
    now = BEGIN
    for event, role, data in LINE:
        now += timedelta(days=draw(DAYS), hours=draw(st.integers(0, 12)))
        if draw(st.integers(0, 4)):
            history.add(
                event, role, BUREAU, now.isoformat(), staff="E9" if event == "accept" else "E1", **data
            )
    arrivals = {}
    for event in history.events:
        if draw(st.booleans()):
            arrivals[event["_id"]] = moment(event["at"]) + timedelta(
                days=draw(DAYS), minutes=draw(st.integers(-20, 20))
            )
    return history.events, arrivals


MOMENTS = st.integers(0, 60 * 24).map(lambda hours: BEGIN + timedelta(hours=hours))


def told(events: list[dict[str, Any]], arrivals: dict[str, datetime], at: datetime) -> dict[Any, Card]:
    return {card.key: card for card in cards(events, at, Circumstances(arrivals=arrivals))}


@given(worlds(), MOMENTS, MOMENTS)
def test_a_card_once_due_stays_explained(
    world: tuple[list[dict[str, Any]], dict[str, datetime]], one: datetime, other: datetime
) -> None:
    events, arrivals = world
    early, late = sorted((one, other))
    before, after = told(events, arrivals, early), told(events, arrivals, late)
    for key, card in before.items():
        assert key in after
        assert after[key].evidence == card.evidence
        assert after[key].raised_on == card.raised_on


@given(worlds(), MOMENTS)
def test_what_has_not_arrived_explains_nothing(
    world: tuple[list[dict[str, Any]], dict[str, datetime]], at: datetime
) -> None:
    events, arrivals = world
    there = [event for event in events if arrivals.get(event["_id"], moment(event["at"])) <= at]
    assert told(there, arrivals, at) == told(events, arrivals, at)


@given(worlds(), MOMENTS)
def test_no_card_is_raised_in_the_future_and_none_twice(
    world: tuple[list[dict[str, Any]], dict[str, datetime]], at: datetime
) -> None:
    events, arrivals = world
    found = cards(events, at, Circumstances(arrivals=arrivals))
    assert all(card.raised_on <= at.date() for card in found if card.rule != "R13")
    assert len({card.key for card in found}) == len(found)


@given(worlds(), MOMENTS)
def test_the_order_of_arrival_in_one_batch_does_not_matter(
    world: tuple[list[dict[str, Any]], dict[str, datetime]], at: datetime
) -> None:
    events, arrivals = world
    assert told(events[::-1], arrivals, at) == told(events, arrivals, at)
