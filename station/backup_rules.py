"""What a backup is called, when the next one is due, and which old ones stay. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from station.moment import ZONE

DAILY: Final = 7
WEEKLY: Final = 4
EVERY: Final = timedelta(hours=20)
"""A laptop that is on from eight to five gets one each day, whatever the hour."""
AGAIN: Final = timedelta(hours=1)
"""After one that failed: the stick may be in by then."""

_NAME: Final = re.compile(r"bianmin-([0-9]{12})-([0-9]{8}-[0-9]{6})", re.ASCII)


def name(code: str, at: datetime) -> str:
    """The folder of a station's backup of that moment; sorts by time."""
    return f"bianmin-{code}-{at.astimezone(ZONE):%Y%m%d-%H%M%S}"


def made_at(folder: str, code: str) -> datetime | None:
    """When the backup in a folder of this name was made; None for anything that is not that station's."""
    found = _NAME.fullmatch(folder)
    if found is None or found[1] != code:
        return None
    try:
        return datetime.strptime(found[2], "%Y%m%d-%H%M%S").replace(tzinfo=ZONE)
    except ValueError:
        return None


def kept(moments: Collection[datetime]) -> set[datetime]:
    """Those that stay: of each of the last seven days that have any the newest, and of each of the last four weeks."""
    newest = sorted(moments, reverse=True)
    days: dict[object, datetime] = {}
    weeks: dict[object, datetime] = {}
    for each in newest:
        days.setdefault(each.date(), each)
        weeks.setdefault(each.isocalendar()[:2], each)
    return {*list(days.values())[:DAILY], *list(weeks.values())[:WEEKLY]}


def is_due(made: datetime | None, tried: datetime | None, now: datetime) -> bool:
    """Whether to make one: none is that young, and none was tried just now. A clock that was put back makes no difference."""
    return (made is None or abs(now - made) >= EVERY) and (tried is None or abs(now - tried) >= AGAIN)
