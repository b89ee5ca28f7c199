"""Papers over random histories: each is of an event that counted, says the same however much came afterwards, and no history
keeps a case's page from opening. What each kind says of a real case is tests/station/test_papers.py's."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from schemas import papers
from schemas.lifecycle import fold
from schemas.workdays import calendar
from tests.schemas.test_case_fold_laws import histories


@given(histories())
def test_each_event_that_counted_and_calls_for_a_paper_has_one(events: list[dict[str, Any]]) -> None:
    state = fold(events, calendar())
    found = papers.of_case(state, calendar())
    called = [
        (kind.kind, entry.event["station"])
        for entry in state.timeline
        if (kind := papers.kind_of(entry.event["event"], state.item))
    ]
    assert [(each.kind.kind, each.station) for each in found] == called


@given(histories())
def test_a_paper_is_not_changed_by_what_happens_afterwards(events: list[dict[str, Any]]) -> None:
    state = fold(events, calendar())
    whole = papers.of_case(state, calendar())
    counted = [entry.event for entry in state.timeline]
    for n in range(len(counted) + 1):
        earlier = papers.of_case(fold(counted[:n], calendar()), calendar())
        assert earlier == whole[: len(earlier)]
