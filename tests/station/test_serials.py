"""Where a day's case serials begin, and that none is given twice in a row."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.numbers import LETTERED, MAX_SERIAL
from station.serials import BLOCK, SLACK, first_serial, serial

DAY = date(2018, 2, 9)


@given(st.text("abc234", min_size=8, max_size=8), st.integers(1, 9))
def test_a_device_and_the_one_that_takes_its_place_begin_in_different_blocks(epoch: str, device: int) -> None:
    here, there = (first_serial(epoch, "1", DAY, each) for each in (device, device + 1))
    assert (here > BLOCK) != (there > BLOCK)
    assert all(each % BLOCK <= BLOCK - SLACK for each in (here, there))


@given(st.text("abc234", min_size=8, max_size=8))
def test_a_life_that_cannot_know_earlier_numbers_begins_with_a_letter(epoch: str) -> None:
    assert MAX_SERIAL < first_serial(epoch, "1", DAY, 0) <= MAX_SERIAL + LETTERED


@pytest.mark.parametrize("first", [1, 9990, MAX_SERIAL, MAX_SERIAL + 1, MAX_SERIAL + LETTERED])
def test_all_that_a_day_has_are_different_and_of_one_kind(first: int) -> None:
    given_out = [serial(first, n) for n in range(1, MAX_SERIAL + 1)]
    assert len(set(given_out)) == MAX_SERIAL
    assert {each <= MAX_SERIAL for each in given_out} == {first <= MAX_SERIAL}
    assert given_out[0] == first
