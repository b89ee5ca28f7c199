"""What a self-check finds, judged: from figures to sentences that say what is wrong and what to do. Pure.

Facts ─> judge ─> one Finding a subject, the worst first        good   nothing to do
                                                                soon   before it hurts
                                                                bad    now
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from schemas.problems import N_, Problem

Level = Literal["good", "soon", "bad"]
LEVELS: Final[tuple[Level, ...]] = ("bad", "soon", "good")

SUBJECTS: Final[dict[str, str]] = {
    "store": N_("数据"), "disk": N_("硬盘空间"), "clock": N_("电脑时间"), "backup": N_("备份"), "contact": N_("与市中心的联系"),
    "sending": N_("待传的记录"), "lease": N_("人员授权"), "certificate": N_("证书"), "calendar": N_("事项目录和日历"),
    "printer": N_("打印机"),
}  # fmt: skip

GB: Final = 1_000_000_000
BAD_FREE, SOON_FREE = GB // 2, 2 * GB
CLOCK_SOON, CLOCK_BAD = 120.0, 600.0
"""Seconds. Beyond ten minutes ahead a record is flagged (domain.md §2.6 R13)."""
BACKUP_SOON, BACKUP_BAD = timedelta(days=2), timedelta(days=7)
SILENT_SOON, SILENT_BAD = timedelta(days=2), timedelta(days=5)
"""R12 counts working days: three, and five."""
LEASE_SOON: Final = timedelta(days=4)
CERTIFICATE_SOON: Final = timedelta(days=30)
CATALOGUE_SOON: Final = timedelta(days=14)
CALENDAR_AHEAD: Final = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was found. None: not known, or not of this server.

    integrity     "ok", or what the database says is wrong with it
    free, needed  bytes of the disk with the data; of the store
    clock_ahead   seconds by which this computer's clock is ahead of the server above
    waiting       records that no receipt covers, and since when the oldest
    refused       records that the server above did not take
    reached_at    when a server above was last reached, or a stick read
    enrolled      whether this is a station that its hub knows
    knows_days    whether the calendar reaches far enough
    """

    now: datetime
    integrity: str | None = None
    free: int | None = None
    needed: int = 0
    clock_ahead: float | None = None
    backup_folder: bool = False
    backup_at: datetime | None = None
    backup_tested: bool = False
    backup_problem: Problem | None = None
    backup_same_disk: bool = False
    is_hub: bool = False
    enrolled: bool = True
    reached_at: datetime | None = None
    waiting: int = 0
    waiting_since: datetime | None = None
    refused: int = 0
    lease_until: datetime | None = None
    certificate_until: datetime | None = None
    knows_days: bool = True


@dataclass(frozen=True)
class Finding:
    """says: what is so; do: what to do about it, None where nothing is to be done."""

    subject: str
    level: Level
    says: Problem
    do: Problem | None = None


def judge(facts: Facts) -> tuple[Finding, ...]:
    """All findings, the worst first and otherwise in the order of SUBJECTS."""
    found = list(_all(facts))
    return tuple(
        sorted(found, key=lambda each: (LEVELS.index(each.level), list(SUBJECTS).index(each.subject)))
    )


def _all(facts: Facts) -> Iterator[Finding]:
    yield from _store(facts)
    yield from _disk(facts)
    yield from _clock(facts)
    yield from _backup(facts)
    if not facts.is_hub:
        yield from _contact(facts)
        yield from _sending(facts)
        yield from _lease(facts)
    yield from _certificate(facts)
    yield from _calendar(facts)
    yield _finding(
        "printer", "good", N_("程序看不到打印机的情况"), None, N_("换纸、换墨之后，在浏览器里打印一页试试")
    )


def _finding(
    subject: str, level: Level, says: str, params: dict[str, object] | None = None, do: str = ""
) -> Finding:
    return Finding(
        subject,
        level,
        Problem(subject, says, params or {}),
        Problem(subject, do, params or {}) if do else None,
    )


def _store(facts: Facts) -> Iterator[Finding]:
    if facts.integrity == "ok":
        yield _finding("store", "good", N_("逐页检查过，没有损坏"))
    elif facts.integrity is not None:
        do = N_("马上做一次备份，停止使用本机，联系维护人员：从最近一次试恢复过的备份恢复")
        yield _finding("store", "bad", N_("数据文件有损坏：{said}"), {"said": facts.integrity[:200]}, do)


def _disk(facts: Facts) -> Iterator[Finding]:
    if facts.free is None:
        return
    params: dict[str, object] = {"free": f"{facts.free / GB:.1f}"}
    if facts.free < max(BAD_FREE, facts.needed // 2):
        yield _finding(
            "disk", "bad", N_("硬盘只剩 {free} GB，快要不能保存了"), params, N_("删掉不用的文件，清空回收站")
        )
    elif facts.free < max(SOON_FREE, facts.needed + BAD_FREE):
        yield _finding(
            "disk",
            "soon",
            N_("硬盘剩 {free} GB，备份和试恢复可能不够用"),
            params,
            N_("删掉不用的文件，清空回收站"),
        )
    else:
        yield _finding("disk", "good", N_("硬盘剩 {free} GB"), params)


def _clock(facts: Facts) -> Iterator[Finding]:
    if facts.clock_ahead is None:
        return
    off = abs(facts.clock_ahead)
    params: dict[str, object] = {"minutes": max(1, round(off / 60))}
    says = (
        N_("电脑时间比上级快约 {minutes} 分钟")
        if facts.clock_ahead > 0
        else N_("电脑时间比上级慢约 {minutes} 分钟")
    )
    do = N_("在系统的“日期和时间”里改正，打开自动对时；登记的时间会跟着不准")
    if off > CLOCK_BAD:
        yield _finding("clock", "bad", says, params, do)
    elif off > CLOCK_SOON:
        yield _finding("clock", "soon", says, params, do)
    else:
        yield _finding("clock", "good", N_("电脑时间和上级一致"))


def _backup(facts: Facts) -> Iterator[Finding]:
    if facts.backup_at is None:
        if not facts.backup_folder:
            do = N_("打开“备份”页，插上U盘做一次；请维护人员设置每天自动备份")
            yield _finding("backup", "soon", N_("没有备份，电脑坏了，还没传到市中心的记录就没有了"), None, do)
        elif facts.backup_problem is not None:
            yield Finding(
                "backup", "bad", facts.backup_problem, Problem("backup", N_("打开“备份”页再做一次"))
            )
        return
    age = facts.now - facts.backup_at
    params: dict[str, object] = {"days": max(age.days, 0), "day": facts.backup_at.date().isoformat()}
    do = N_("插上备份用的U盘，打开“备份”页再做一次")
    if not facts.backup_tested:
        yield _finding(
            "backup",
            "bad",
            N_("最近一次备份（{day}）没有通过试恢复"),
            params,
            N_("换一个U盘，打开“备份”页再做一次"),
        )
    elif age > BACKUP_BAD:
        yield _finding("backup", "bad", N_("已有 {days} 天没有备份"), params, do)
    elif age > BACKUP_SOON:
        yield _finding("backup", "soon", N_("已有 {days} 天没有备份"), params, do)
    elif facts.backup_same_disk:
        do = N_("请维护人员把备份改到另一块硬盘或U盘")
        yield _finding("backup", "soon", N_("备份和数据在同一块硬盘上，硬盘坏了会一起丢"), params, do)
    else:
        yield _finding("backup", "good", N_("最近一次备份 {day}，试恢复过"), params)


def _contact(facts: Facts) -> Iterator[Finding]:
    if not facts.enrolled:
        yield _finding(
            "contact", "bad", N_("本机还没有注册"), None, N_("打开便民系统的首页，按市中心发的注册单注册")
        )
        return
    if facts.reached_at is None:
        yield _finding(
            "contact", "soon", N_("还没有和市中心联系上过"), None, N_("检查网线和网络；打开“同步”页看原因")
        )
        return
    age = facts.now - facts.reached_at
    params: dict[str, object] = {
        "days": max(age.days, 0),
        "at": facts.reached_at.isoformat()[:16].replace("T", " "),
    }
    do = N_("检查网线和网络；一时修不好，用“U盘传送”把记录送到市中心")
    if age > SILENT_BAD:
        yield _finding("contact", "bad", N_("已有 {days} 天没有和市中心联系"), params, do)
    elif age > SILENT_SOON:
        yield _finding("contact", "soon", N_("已有 {days} 天没有和市中心联系"), params, do)
    else:
        yield _finding("contact", "good", N_("最近联系 {at}"), params)


def _sending(facts: Facts) -> Iterator[Finding]:
    since = facts.waiting_since
    params: dict[str, object] = {
        "n": facts.waiting,
        "refused": facts.refused,
        "day": since.date().isoformat() if since else "",
    }
    if facts.refused:
        do = N_("打开“同步”页看是哪几条、为什么，告知市中心")
        yield _finding("sending", "bad", N_("有 {refused} 条记录上级没有收下"), params, do)
    elif since is not None and facts.now - since > SILENT_SOON:
        do = N_("打开“同步”页看原因，或用“U盘传送”")
        yield _finding("sending", "soon", N_("有 {n} 条记录还没有送达市中心，最早的是 {day} 的"), params, do)
    elif facts.waiting:
        yield _finding("sending", "good", N_("有 {n} 条记录正等着送到市中心"), params)
    else:
        yield _finding("sending", "good", N_("记录全部已送达市中心"))


def _lease(facts: Facts) -> Iterator[Finding]:
    if facts.lease_until is None:
        if facts.enrolled:
            yield _finding(
                "lease",
                "bad",
                N_("还没有收到市中心的人员名单，不能登记和办理"),
                None,
                N_("联网同步一次，或用“U盘传送”取回"),
            )
        return
    params: dict[str, object] = {"day": facts.lease_until.date().isoformat()}
    do = N_("联网同步一次，或用“U盘传送”取回市中心的更新")
    if facts.lease_until <= facts.now:
        yield _finding("lease", "bad", N_("人员授权到 {day} 已到期，只能查看和打印"), params, do)
    elif facts.lease_until - facts.now < LEASE_SOON:
        yield _finding("lease", "soon", N_("人员授权 {day} 到期，之后不能登记和办理"), params, do)
    else:
        yield _finding("lease", "good", N_("人员授权有效至 {day}"), params)


def _certificate(facts: Facts) -> Iterator[Finding]:
    if facts.certificate_until is None:
        return
    params: dict[str, object] = {"day": facts.certificate_until.date().isoformat()}
    do = N_("联网后会自动更换；过一天仍这样，请联系市中心")
    if facts.certificate_until <= facts.now:
        yield _finding("certificate", "bad", N_("本机的证书 {day} 已到期，下级站连不上来"), params, do)
    elif facts.certificate_until - facts.now < CERTIFICATE_SOON:
        yield _finding("certificate", "soon", N_("本机的证书 {day} 到期，还没有自动更换"), params, do)
    else:
        yield _finding("certificate", "good", N_("本机的证书有效至 {day}"), params)


def _calendar(facts: Facts) -> Iterator[Finding]:
    if not facts.knows_days:
        do = (
            N_("请市中心发布新一年的节假日安排；发布后联网同步一次")
            if not facts.is_hub
            else N_("用 bianmin-hub calendar 发布新一年的节假日安排")
        )
        yield _finding("calendar", "soon", N_("还没有新一年的节假日安排，跨年的期限算不出来"), None, do)
    elif not facts.is_hub and facts.reached_at is not None and facts.now - facts.reached_at > CATALOGUE_SOON:
        days: dict[str, object] = {"days": (facts.now - facts.reached_at).days}
        yield _finding(
            "calendar",
            "soon",
            N_("事项目录和日历已有 {days} 天没有更新，可能是旧的"),
            days,
            N_("联网同步一次，或用“U盘传送”取回"),
        )
    else:
        yield _finding("calendar", "good", N_("事项目录和日历是新的"))
