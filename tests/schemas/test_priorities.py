"""What goes first, by how much; and that whatever waits is the first one some day."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas import priorities, tables
from schemas.lifecycle import CaseState
from schemas.lifecycle.errands import ErrandState

DUE = date(2018, 2, 22)
SOME = st.sampled_from(["", *priorities.NAMES])
DAYS = st.dates(date(2017, 1, 1), date(2030, 1, 1))


def test_green_channel_goes_before_vip_and_that_before_urged_and_plain() -> None:
    ranks = [priorities.rank(DUE, each) for each in ("green_channel", "vip", "urged", "")]
    assert ranks == sorted(ranks) and len(set(ranks)) == 4
    assert ranks[-1] == "2018-02-22"


def test_every_priority_of_the_table_has_a_name() -> None:
    assert {row["priority"]: row["name"] for row in tables.rows("priorities")} == priorities.NAMES


def test_a_case_without_a_clock_goes_last() -> None:
    assert priorities.rank(None, "green_channel") == priorities.LAST > priorities.rank(date(2099, 1, 1), "")


def test_an_errand_says_why_its_case_goes_first() -> None:
    green = ErrandState(green_reason="孕妇", green_approved_by="张强", kind="vip")
    assert priorities.of_errand(green) == ("green_channel", "孕妇")
    assert priorities.of_errand(ErrandState(kind="vip")) == ("vip", "")
    assert priorities.of_errand(ErrandState(kind="agency")) == ("", "")
    assert priorities.of_case(CaseState(urges=1)) == "urged"


@given(DAYS, DAYS, SOME)
def test_no_privilege_overtakes_what_was_due_long_before(
    waiting: date, newcomer: date, privilege: str
) -> None:
    """So only so many cases can ever come before one that waits: none starves."""
    if newcomer > waiting + timedelta(days=30):
        assert priorities.rank(waiting, "") < priorities.rank(newcomer, privilege)
