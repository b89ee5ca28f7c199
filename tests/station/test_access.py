"""The access log: what is in it, what a power cut may take, how long it is kept, and that nobody alters it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import apsw
import click
import pytest
from click.testing import CliRunner

from station import access as module
from station.access import Access, Asked
from station.cli import main as station_main
from sync.errors import DiskFull
from tests.world import PEOPLE, VILLAGE, Time

CASE = "510903001001201802090001A"
KEY = bytes(range(32))


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def log(tmp_path: Path, time: Time) -> Iterator[Access]:
    opened = Access(tmp_path / "access.sqlite", VILLAGE, clock=time, keep_days=1095, key=KEY)
    yield opened
    opened.close()


def test_a_line_says_who_saw_which_case_when_why_and_where(log: Access) -> None:
    log.note("full", PEOPLE["V001"], case_no=CASE, reason="联系申请人", address="127.0.0.1", durable=True)
    (seen,) = log.entries()
    assert seen == (
        1, "2018-02-09T09:00:00+08:00", VILLAGE, "127.0.0.1", "V001", "王芳", VILLAGE, "full", CASE, "", "联系申请人"
    )  # fmt: skip


def test_lines_are_found_by_person_case_act_and_day_newest_first(log: Access, time: Time) -> None:
    log.note("view", PEOPLE["V001"], case_no=CASE)
    time.pass_(days=1)
    log.note("view", PEOPLE["V002"], case_no=CASE)
    log.note("list", PEOPLE["V001"])
    assert [each.n for each in log.entries()] == [3, 2, 1]
    assert [each.n for each in log.entries(Asked(staff="V001"))] == [3, 1]
    assert [each.n for each in log.entries(Asked(case_no=CASE))] == [2, 1]
    assert [each.n for each in log.entries(Asked(act="list"))] == [3]
    assert [each.n for each in log.entries(Asked(since="2018-02-10"))] == [3, 2]
    assert [each.n for each in log.entries(Asked(until="2018-02-09"))] == [1]
    assert log.count(Asked(staff="V001", until="2018-02-09")) == 1
    assert [each.n for each in log.entries(limit=1, offset=1)] == [2]


def test_what_is_asked_for_is_never_read_as_a_command(log: Access) -> None:
    log.note("view", PEOPLE["V001"], case_no=CASE)
    assert log.entries(Asked(staff="' OR 1=1 --")) == []


def test_nobody_alters_a_line(log: Access, tmp_path: Path) -> None:
    log.note("view", PEOPLE["V001"], case_no=CASE)
    with pytest.raises(apsw.ConstraintError, match="written once"):
        log._connection.execute("UPDATE access SET name = 'somebody else'")


def test_lines_age_out_after_their_time_and_not_before(log: Access, time: Time) -> None:
    log.note("view", PEOPLE["V001"], case_no=CASE)
    time.pass_(days=1095)
    assert log.prune() == 0
    time.pass_(seconds=1)
    assert log.prune() == 1
    assert log.entries() == []


def test_six_months_are_kept_whatever_is_asked_for(tmp_path: Path, time: Time) -> None:
    opened = Access(tmp_path / "a.sqlite", VILLAGE, clock=time, keep_days=1)
    opened.note("view", PEOPLE["V001"], case_no=CASE)
    time.now += timedelta(days=184)
    assert opened.prune() == 0
    opened.close()


def test_a_setting_below_six_months_is_refused() -> None:
    answer = CliRunner().invoke(station_main, ["--code", VILLAGE, "--access-log-days", "183", "config"])
    assert answer.exit_code == 2
    assert "184" in answer.output
    assert isinstance(station_main, click.Group)


def test_what_was_noted_outlives_a_killed_process_and_what_opened_something_a_power_cut(
    log: Access, tmp_path: Path, time: Time
) -> None:
    log.note("view", PEOPLE["V001"], case_no=CASE)
    log.note("full", PEOPLE["V001"], case_no=CASE, durable=True)
    # Another connection sees what a killed process would leave behind: no close, no checkpoint.
    other = Access(tmp_path / "access.sqlite", VILLAGE, clock=time, keep_days=1095, key=KEY)
    assert [each.act for each in other.entries()] == ["full", "view"]
    other.close()


def test_views_are_made_durable_every_few_minutes_and_lines_aged_out_every_day(
    log: Access, time: Time
) -> None:
    log.note("view", PEOPLE["V001"], case_no=CASE)
    log.tend(0)
    assert not log._unsettled
    log.note("view", PEOPLE["V001"], case_no=CASE)
    log.tend(module.SETTLED - 1)
    assert log._unsettled
    log.tend(module.SETTLED)
    assert not log._unsettled
    time.pass_(days=2000)
    log.tend(module.PRUNED - 1)
    assert log.count() == 2
    log.tend(module.PRUNED)
    assert log.count() == 0


def test_a_full_disk_stops_what_must_be_logged_and_not_what_is_merely_read(
    log: Access, caplog: pytest.LogCaptureFixture
) -> None:
    pages = log._connection.pragma("page_count")
    log._connection.pragma("max_page_count", pages)
    with pytest.raises(DiskFull):
        for _ in range(10_000):
            log.note("full", PEOPLE["V001"], case_no=CASE, durable=True)
    log.note("view", PEOPLE["V001"], case_no=CASE)
    assert "not in the access log" in caplog.text


def test_the_file_is_encrypted_like_the_store_and_a_plain_one_is_moved_over(
    tmp_path: Path, time: Time
) -> None:
    path = tmp_path / "access.sqlite"
    plain = Access(path, VILLAGE, clock=time, keep_days=1095)
    plain.note("view", PEOPLE["V001"], case_no=CASE)
    plain.close()
    assert CASE.encode() in path.read_bytes()
    moved = Access(path, VILLAGE, clock=time, keep_days=1095, key=KEY)
    assert moved.count(Asked(case_no=CASE)) == 1
    moved.close()
    assert CASE.encode() not in path.read_bytes()


def test_a_log_that_does_not_open_is_put_aside_and_never_thrown_away(
    tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "access.sqlite"
    for n, key in enumerate((KEY, bytes(32), KEY[::-1])):
        opened = Access(path, VILLAGE, clock=time, keep_days=1095, key=key)
        assert opened.count() == 0
        opened.note("view", PEOPLE["V001"], case_no=CASE)
        opened.close()
        assert len(list(tmp_path.glob("access-unread-*.sqlite"))) == n
    assert "is kept as access-unread-2.sqlite" in caplog.text
    kept = Access(tmp_path / "access-unread-1.sqlite", VILLAGE, clock=time, keep_days=1095, key=KEY)
    assert kept.count() == 1
    kept.close()
