"""What two ends remember in common, and what need not be given back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.exchange import log as logs
from sync.exchange.log import KEPT, Log, Record, Span
from sync.exchange.message import LANES

ERA = "uuid.epoch.0"


def record(n: int, ours: int) -> Record:
    return Record(f"r{n}", f"r{n - 1}", (ours,) * 3, (n,) * 3)


def test_a_log_is_read_as_it_was_written_and_not_in_another_era() -> None:
    log = Log(ERA, "server").add(record(1, 5)).add(record(2, 9)).came_in(Span(10, 12))
    assert logs.read(logs.write(log), ERA) == log
    assert logs.read(logs.write(log), "uuid.epoch.1") == Log("uuid.epoch.1")
    assert logs.read(None, ERA) == Log(ERA)
    assert logs.read({**logs.write(log), "lanes": 2}, ERA) == Log(ERA)


def test_the_newest_are_kept() -> None:
    log = Log(ERA)
    for n in range(100):
        log = log.add(record(n, n))
    assert (len(log.records), log.newest) == (KEPT, record(99, 99))
    assert log.find("r99") == record(99, 99)
    assert log.find("r1") is None
    assert log.find("") is None


def test_the_newest_in_common_counts() -> None:
    log = Log(ERA).add(record(1, 1)).add(record(2, 2)).add(record(3, 3))
    assert logs.common(log, ["r1", "r2", "r9"]) == record(2, 2)
    assert logs.common(log, []) is None


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 10)), max_size=20), st.integers(0, 60))
def test_spans_that_have_not_been_passed_stay_as_one_set(spans: list[tuple[int, int]], passed: int) -> None:
    log, came = Log(ERA), set()
    for first, more in spans:
        log = log.came_in(Span(first, first + more))
        came |= set(range(first, first + more + 1))
    log = log.passed((passed,) * LANES)
    for seq in range(1, 80):
        if seq > passed:
            assert log.came(seq) == (seq in came)
    assert all(a.last + 1 < b.first for a, b in zip(log.spans, log.spans[1:], strict=False))
