"""As of a moment: the same question about the past has the same answer after any later sync, and what the sync
changed is told case by case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas import statistics
from schemas.statistics import CaseFacts, Figure, cases, difference, facts_as_of, known
from schemas.workdays import calendar
from tests.schemas.histories import BUREAU, CASE, History, moment

YEAR = statistics.year(2018)
BEGIN = moment("2018-02-09T09:00:00+08:00")
OTHER = CASE.replace("0007", "0008")


def granted(case: str, days: int) -> list[dict[str, Any]]:
    end = (BEGIN + timedelta(days=days)).isoformat()
    history = History(case=case).reviewing(BEGIN.isoformat()).add("pass_step", "examiner", BUREAU, end)
    return (
        history.add("grant", "zone_head", BUREAU, end).add("conclude", "district_window", BUREAU, end).events
    )


def figures(found: dict[str, CaseFacts]) -> tuple[Figure, ...]:
    return (
        *cases.punctuality(found.values(), "全市", YEAR),
        *cases.zero_indicators(found.values(), (), "全市", YEAR),
    )


def test_what_had_not_arrived_was_not_known() -> None:
    events = granted(CASE, 2)
    arrivals = {event["_id"]: BEGIN + timedelta(days=20) for event in events[-2:]}
    assert len(known(events, BEGIN + timedelta(days=19), arrivals)) == len(events) - 2
    assert len(known(events, BEGIN + timedelta(days=20), arrivals)) == len(events)
    assert known(events, BEGIN - timedelta(seconds=1), arrivals) == []


def test_what_later_syncs_changed_is_told() -> None:
    """One case was decided in time and heard of late; another came up from a silent village."""
    world = {CASE: granted(CASE, 2), OTHER: granted(OTHER, 1)}
    # Both were written by the same servers; give the second's events numbers of another epoch.
    world[OTHER] = [{**event, "_id": event["_id"].replace("abcdefgh", "bcdefghi")} for event in world[OTHER]]
    late = BEGIN + timedelta(days=20)
    arrivals = {event["_id"]: late for event in (*world[CASE][-2:], *world[OTHER])}
    then = BEGIN + timedelta(days=10)
    before = facts_as_of(world, then, arrivals, calendar())
    after = facts_as_of(world, late, arrivals, calendar())
    assert before.keys() == {CASE}
    assert before[CASE].overdue
    found = difference(before, after, figures(before), figures(after))
    assert (found.new, found.gone) == ((OTHER,), ())
    assert found.changed[CASE] == ("decided_on", "concluded_on", "used_days", "on_site", "state", "result")
    changed = {old.metric: (old.value, new.value) for old, new in found.figures}
    assert changed["on_time_rate"] == (None, 1)
    assert changed["overdue_cases"] == (1, 0)
    assert difference(before, before, figures(before), figures(before)) == statistics.Difference(
        (), (), (), {}
    )


def test_a_case_that_is_taken_back_is_gone() -> None:
    world = {CASE: granted(CASE, 2)}
    now = facts_as_of(world, BEGIN + timedelta(days=3), {}, calendar())
    assert difference(now, {}).gone == (CASE,)


DELAYS = st.lists(st.integers(0, 30 * 24), min_size=9, max_size=9)
HOURS = st.integers(0, 40 * 24)


@given(DELAYS, HOURS, HOURS)
def test_a_past_moment_has_one_answer_whatever_arrives_later(
    delays: list[int], asked: int, later: int
) -> None:
    events = granted(CASE, 4)
    arrivals = {
        event["_id"]: moment(event["at"]) + timedelta(hours=delay)
        for event, delay in zip(events, delays, strict=False)
    }
    then: datetime = BEGIN + timedelta(hours=asked)
    until = then + timedelta(hours=later)
    there = [event for event in events if arrivals[event["_id"]] <= until]
    answer = facts_as_of({CASE: events}, then, arrivals, calendar())
    assert facts_as_of({CASE: there}, then, arrivals, calendar()) == answer
    assert facts_as_of({CASE: events[::-1]}, then, arrivals, calendar()) == answer
