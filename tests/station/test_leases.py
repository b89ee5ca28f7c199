"""How long a server may rely on what it knows of staff: decided on a list and a moment, without a server."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station import leases
from station.leases import LEASE, StaffList
from station.moment import stamp
from tests.world import BEGIN

HOUR = timedelta(hours=1)
MOMENTS = st.integers(0, 10**8).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
LEFT = st.dictionaries(st.sampled_from(["V001", "V002", "E001"]), MOMENTS)
LISTS = st.builds(leases.issue, MOMENTS, LEFT)


def refusal(said: StaffList | None, now: datetime) -> str | None:
    found = leases.problem(said, now)
    return None if found is None else found.code


def test_people_may_work_for_fourteen_days_and_not_a_moment_longer() -> None:
    said = leases.issue(BEGIN, {})
    assert refusal(said, BEGIN) is None
    assert refusal(said, BEGIN + LEASE - timedelta(seconds=1)) is None
    assert refusal(said, BEGIN + LEASE) == "lease_over"
    assert refusal(None, BEGIN) == "lease_missing"


def test_the_sentence_says_until_when_and_what_to_do() -> None:
    text = str(leases.problem(leases.issue(BEGIN, {}), BEGIN + LEASE))
    assert "2018-02-23" in text
    assert "同步" in text and "U盘" in text and "日期" in text


@given(LISTS, st.integers(0, 4000))
def test_a_clock_turned_back_before_the_list_makes_no_lease_longer(said: StaffList, hours: int) -> None:
    assert refusal(said, said.issued - hours * HOUR) is None, "as at the moment it was issued, not earlier"
    shortest = StaffList(said.until, said.until, said.left)
    assert refusal(shortest, said.issued - hours * HOUR) == "lease_over"


@given(LISTS)
def test_a_list_reads_back_as_it_was_written(said: StaffList) -> None:
    assert leases.read(leases.fields(said)) == said


@given(st.lists(LISTS, min_size=1), LEFT)
def test_what_is_known_of_who_left_only_grows(lists: list[StaffList], known: dict[str, datetime]) -> None:
    found = leases.joined(lists, known)
    for left in (known, *(each.left for each in lists)):
        assert all(found.left[number] <= since for number, since in left.items())
    assert found.issued == max(each.issued for each in lists)
    assert leases.joined(lists[::-1], known) == found
    assert leases.joined([found], found.left) == found


@pytest.mark.parametrize(
    ("number", "at", "expected"),
    [
        ("V001", stamp(BEGIN), True),
        ("V001", stamp(BEGIN + HOUR), True),
        ("V001", stamp(BEGIN - HOUR), False),
        ("V002", stamp(BEGIN + HOUR), False),
        ("V001", "no moment", True),
        ("V001", None, False),
        (7, stamp(BEGIN), False),
    ],
)
def test_what_was_written_after_leaving(number: object, at: object, expected: bool) -> None:
    assert leases.is_after_leaving(leases.issue(BEGIN, {"V001": BEGIN}), number, at) is expected
    assert leases.is_after_leaving(None, number, at) is False
