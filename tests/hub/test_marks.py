"""hub.marks and station.moments: what the hub knew is marked each day, and a mark that would lie counts for nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from hub.marks import TRIES, Marks
from schemas import numbers
from station.app import Parts
from station.databases import HERE, of_case
from station.moment import stamp
from station.moments import HEARD
from tests.schemas.histories import VILLAGE, History, village_item
from tests.world import HUB, World


@pytest.fixture
def hub(city: World) -> Iterator[Parts]:
    yield city[HUB].parts


def a_case(hub: Parts, n: int) -> None:
    told = History(village_item(), numbers.case_no(VILLAGE, date(2018, 1, 9), n)).received(
        "2018-01-09T09:00:00+08:00"
    )
    event = {name: value for name, value in told.events[0].items() if name != "_id"}
    hub.ledger.append(of_case(told.case), lambda _txn: [event])


def marks(hub: Parts) -> Marks:
    return Marks(hub.store, hub.register, hub.clock, hub.random)


def test_each_day_is_marked_once(hub: Parts, city: World) -> None:
    found, counts = marks(hub), []
    for days in (0, 0, 1, 0, 3):
        city.time.now += timedelta(days=days)
        found.tend()
        counts.append(hub.register.moments.passed_by())
    assert [n - counts[0] for n in counts] == [0, 0, 1, 1, 2]


def test_two_marks_within_a_second_are_two_moments(hub: Parts) -> None:
    one = marks(hub).mark()
    a_case(hub, 1)
    two = marks(hub).mark()
    assert one and two and one.at == two.at and one.n < two.n


def test_the_first_moment_at_or_after_a_stamp_is_found_and_the_last_before_it(
    hub: Parts, city: World
) -> None:
    first = marks(hub).mark()
    city.time.now += timedelta(days=2)
    second = marks(hub).mark()
    assert first and second
    moments = hub.register.moments
    assert moments.first(stamp(first.at)) == first
    assert moments.first(stamp(first.at + timedelta(seconds=1))) == second
    assert moments.first(stamp(second.at + timedelta(seconds=1))) is None
    assert moments.last(stamp(second.at - timedelta(seconds=1))) == first


def test_a_mark_that_was_met_in_another_order_counts_for_nothing_also_after_a_rebuild(hub: Parts) -> None:
    known = hub.register.moments.newest(10)
    a_case(hub, 1)
    hub.register.catch_up()
    at = stamp(hub.clock())
    hub.store.database(HERE).put(
        {"_id": HEARD + "other", "type": "heard", "schema": 1, "at": at, "subjects": 0}
    )
    hub.register.catch_up()
    assert hub.register.moments.newest(10) == known
    hub.register.rebuild()
    assert hub.register.moments.newest(10) == known and hub.register.moments.passed_by() == len(known) + 1
    assert marks(hub).mark() is not None


def test_what_comes_between_counting_and_marking_makes_it_mark_again(
    hub: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming = itertools.count(1)
    found = marks(hub)
    real = hub.register.moments.subjects

    def counted() -> int:
        many = real()
        if (n := next(coming)) <= busy:
            a_case(hub, n)
        return many

    monkeypatch.setattr(hub.register.moments, "subjects", counted)
    busy = 2
    assert found.mark() is not None
    busy = 10 * TRIES
    assert found.mark() is None
