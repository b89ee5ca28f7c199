"""The station's clock: aware datetimes in the one time zone of domain.md §3 clock rule 1, and how they are written.

Never decides anything by a moment: order comes from Lamport numbers, deadlines from schemas.workdays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in Asia/Shanghai; the only place of station and hub that reads the machine's clock."""
    return datetime.now(ZONE)


def stamp(moment: datetime) -> str:
    """ISO 8601 with offset, to the second: the `at` of a document."""
    return moment.astimezone(ZONE).isoformat(timespec="seconds")


def read(text: str) -> datetime:
    """The moment of a stamp, in the station's zone."""
    return datetime.fromisoformat(text).astimezone(ZONE)
