"""How long a server away from the hub may rely on what it knows of staff. Pure: decides on the hub's list and a moment.

    issued ───────────── 14 days ─────────────> until         the hub issues the list anew each day, and when somebody leaves
             people work                         after it they look, print and export, and record nothing

The list names everybody who ever left, so that whoever has it knows of all of them. It only grows: whom a server once knew to
have left stays so, whatever it is told.

A clock that was turned back makes no lease longer than the hub's own newest list allows: now is never before that list was
issued. Receipts are no such witness, though they say a moment too: they are kept for ever, and a hub whose clock was once
years ahead would end every lease in the city for good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from schemas.problems import N_, Problem
from station.moment import read as moment
from station.moment import stamp

LEASE: Final = timedelta(days=14)


@dataclass(frozen=True)
class StaffList:
    """The hub's word of `issued`, good until `until`; `left`: employee number → since when."""

    issued: datetime
    until: datetime
    left: Mapping[str, datetime] = field(default_factory=dict)


def read(doc: Mapping[str, Any]) -> StaffList:
    """The list of a document that the hub signed."""
    left = {each["employee_no"]: moment(each["since"]) for each in doc["revoked"]}
    return StaffList(moment(doc["issued"]), moment(doc["until"]), left)


def fields(said: StaffList) -> dict[str, Any]:
    """What the document of a list says."""
    revoked = [{"employee_no": number, "since": stamp(since)} for number, since in sorted(said.left.items())]
    return {"issued": stamp(said.issued), "until": stamp(said.until), "revoked": revoked}


def issue(now: datetime, left: Mapping[str, datetime]) -> StaffList:
    """A list as of now."""
    return StaffList(now, now + LEASE, left)


def joined(lists: Sequence[StaffList], known: Mapping[str, datetime]) -> StaffList:
    """The newest of these lists, with everybody whom any of them, or this server before, knew to have left; the earlier moment
    counts."""
    left = dict(known)
    for each in lists:
        for number, since in each.left.items():
            left[number] = min(since, left.get(number, since))
    return replace(max(lists, key=lambda each: each.issued), left=left)


def problem(said: StaffList | None, now: datetime) -> Problem | None:
    """Why nobody may record or act at a server that has this list; None while they may."""
    if said is None:
        return Problem(
            "lease_missing", N_("本站还没有收到市中心的人员名单，只能查看和打印。请联网同步后再登记、办理")
        )
    if max(now, said.issued) < said.until:
        return None
    return Problem(
        "lease_over",
        N_(
            "本站的人员授权到 {day} 已到期，只能查看和打印。请联网同步，或用U盘取回市中心的更新；也请看看电脑的日期对不对"
        ),
        {"day": stamp(said.until)[:10]},
    )


def is_after_leaving(said: StaffList | None, employee_no: object, at: object) -> bool:
    """Whether a record of this person, dated `at`, was written after they had left: kept, and to be looked into."""
    since = said.left.get(employee_no) if said is not None and isinstance(employee_no, str) else None
    if since is None or not isinstance(at, str):
        return False
    try:
        return moment(at) >= since
    except ValueError:
        return True  # who writes no moment gives no reason to trust the record
