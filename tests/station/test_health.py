"""What a self-check says: each figure that is wrong is named with what to do, and nothing is said where all is well."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.problems import Problem
from station import health
from station.health import Facts, Finding, judge
from station.moment import ZONE

NOW = datetime(2018, 2, 9, 9, 0, tzinfo=ZONE)


def days(n: float) -> datetime:
    return NOW + timedelta(days=n)


WELL = Facts(
    now=NOW, integrity="ok", free=50 * health.GB, needed=health.GB, clock_ahead=1.5, backup_folder=True, backup_at=days(-0.5),
    backup_tested=True, reached_at=days(-0.1), waiting=2, waiting_since=days(-0.1), lease_until=days(13), certificate_until=days(300),
)  # fmt: skip


def of(subject: str, **facts: Any) -> Finding:
    return next(each for each in judge(replace(WELL, **facts)) if each.subject == subject)


def test_where_all_is_well_nothing_is_to_be_done() -> None:
    found = judge(WELL)
    assert {each.level for each in found} == {"good"}
    assert [each.subject for each in found] == list(health.SUBJECTS)


@pytest.mark.parametrize(
    ("subject", "level", "sentence", "facts"),
    [
        ("store", "bad", "数据文件有损坏：row 3 missing", {"integrity": "row 3 missing"}),
        ("disk", "bad", "硬盘只剩 0.1 GB，快要不能保存了", {"free": health.GB // 10}),
        ("disk", "soon", "硬盘剩 1.2 GB，备份和试恢复可能不够用", {"free": health.GB * 6 // 5}),
        ("clock", "bad", "电脑时间比上级快约 15 分钟", {"clock_ahead": 900.0}),
        ("clock", "soon", "电脑时间比上级慢约 5 分钟", {"clock_ahead": -300.0}),
        ("backup", "soon", "没有备份，电脑坏了，还没传到市中心的记录就没有了", {"backup_at": None, "backup_folder": False}),
        ("backup", "bad", "U盘没有插好", {"backup_at": None, "backup_problem": Problem("x", "U盘没有插好")}),
        ("backup", "soon", "已有 3 天没有备份", {"backup_at": days(-3)}),
        ("backup", "bad", "已有 9 天没有备份", {"backup_at": days(-9)}),
        ("backup", "bad", "最近一次备份（2018-02-08）没有通过试恢复", {"backup_tested": False}),
        ("backup", "soon", "备份和数据在同一块硬盘上，硬盘坏了会一起丢", {"backup_same_disk": True}),
        ("contact", "bad", "本机还没有注册", {"enrolled": False}),
        ("contact", "soon", "还没有和市中心联系上过", {"reached_at": None}),
        ("contact", "soon", "已有 3 天没有和市中心联系", {"reached_at": days(-3)}),
        ("contact", "bad", "已有 8 天没有和市中心联系", {"reached_at": days(-8)}),
        ("sending", "soon", "有 2 条记录还没有送达市中心，最早的是 2018-02-06 的", {"waiting_since": days(-3)}),
        ("sending", "bad", "有 1 条记录上级没有收下", {"refused": 1}),
        ("lease", "bad", "还没有收到市中心的人员名单，不能登记和办理", {"lease_until": None}),
        ("lease", "soon", "人员授权 2018-02-11 到期，之后不能登记和办理", {"lease_until": days(2)}),
        ("lease", "bad", "人员授权到 2018-02-08 已到期，只能查看和打印", {"lease_until": days(-1)}),
        ("certificate", "soon", "本机的证书 2018-02-19 到期，还没有自动更换", {"certificate_until": days(10)}),
        ("certificate", "bad", "本机的证书 2018-02-08 已到期，下级站连不上来", {"certificate_until": days(-1)}),
        ("calendar", "soon", "还没有新一年的节假日安排，跨年的期限算不出来", {"knows_days": False}),
        ("calendar", "soon", "事项目录和日历已有 20 天没有更新，可能是旧的", {"reached_at": days(-20)}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_to_do(
    subject: str, level: str, sentence: str, facts: dict[str, Any]
) -> None:
    found = of(subject, **facts)
    assert (found.level, str(found.says)) == (level, sentence)
    assert found.do is not None
    assert "{" not in str(found.do)


def test_the_worst_comes_first() -> None:
    found = judge(replace(WELL, integrity="broken", backup_at=days(-3), clock_ahead=900.0))
    assert [each.subject for each in found][:3] == ["store", "clock", "backup"]
    assert [each.level for each in found][:4] == ["bad", "bad", "soon", "good"]


def test_a_hub_is_asked_nothing_that_a_station_alone_has() -> None:
    hub = {each.subject for each in judge(replace(WELL, is_hub=True))}
    assert not hub & {"contact", "sending", "lease"}


moments = st.one_of(st.none(), st.integers(-500, 500).map(days))
facts = st.builds(
    Facts, now=st.just(NOW), integrity=st.sampled_from([None, "ok", "bad {page}"]), free=st.one_of(st.none(), st.integers(0, 10**12)),
    needed=st.integers(0, 10**11), clock_ahead=st.one_of(st.none(), st.floats(-1e6, 1e6)), backup_folder=st.booleans(), backup_at=moments,
    backup_tested=st.booleans(), backup_same_disk=st.booleans(), is_hub=st.booleans(), enrolled=st.booleans(), reached_at=moments,
    waiting=st.integers(0, 10**6), waiting_since=moments, refused=st.integers(0, 99), lease_until=moments, certificate_until=moments,
    knows_days=st.booleans(),
)  # fmt: skip


@given(facts)
def test_whatever_is_found_each_subject_has_one_whole_sentence(found: Facts) -> None:
    judged = judge(found)
    subjects = [each.subject for each in judged]
    assert len(subjects) == len(set(subjects))
    for each in judged:
        assert str(each.says)
        assert each.level == "good" or each.do is not None, "what is wrong comes with what to do"
        if each.do is not None:
            assert str(each.do)
