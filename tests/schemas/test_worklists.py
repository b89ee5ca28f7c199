"""Each state of a case has its place in the lists, and work is where the transition table has steps for it."""

from __future__ import annotations

import pytest

from schemas import worklists
from schemas.lifecycle import FINAL, NEW, STATES
from schemas.shipped import rows

REAL = [state for state in STATES if state != NEW]


@pytest.mark.parametrize("state", REAL)
def test_each_state_has_a_place(state: str) -> None:
    assert state in [row["state"] for row in rows("worklists")]
    assert worklists.place(state).list in worklists.LISTS
    assert worklists.place(state).stage in (*worklists.STAGES, "")


@pytest.mark.parametrize("state", [state for state in REAL if state in FINAL])
def test_what_is_over_is_closed_and_nobodys_work(state: str) -> None:
    assert worklists.place(state) == ("", "closed")


def test_a_state_of_a_newer_version_is_open_and_nobodys_work() -> None:
    assert worklists.place("teleported") == ("", "open")


@pytest.mark.parametrize("state", REAL)
def test_what_is_not_over_says_what_to_do_next(state: str) -> None:
    assert (state in worklists.NEXT) == (state not in FINAL)
