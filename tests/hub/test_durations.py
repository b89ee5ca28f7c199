"""Durations are counted as Prometheus reads a histogram."""

from __future__ import annotations

import pytest

from hub.durations import Durations


@pytest.mark.parametrize(
    ("seconds", "le"), [(0.0, "0.01"), (0.01, "0.01"), (0.011, "0.025"), (9.9, "10.0"), (11.0, "+Inf")]
)
def test_a_duration_is_in_the_first_bucket_that_holds_it_and_in_all_after_it(seconds: float, le: str) -> None:
    durations = Durations()
    durations.took("pages", seconds)
    ((_, buckets, total),) = durations.all()
    assert (
        next(end for end, count in buckets if count) == le and buckets[-1] == ("+Inf", 1) and total == seconds
    )
