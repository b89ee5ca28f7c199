"""What goes first in a queue, and by how much: green channel, VIP, a case that was urged (domain.md §1 rows 16–18, 65).

    rank = due − the days of its priority        one day a case, fixed while its clock runs

The queue goes by rank. A priority lets a case overtake what is due up to so many natural days before it and nothing else: so
whatever waits is the first one some day, and no case starves behind those that came with a privilege.
Practice, not law, and different from place to place: so it is a table (data/priorities.csv).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Final

from schemas.lifecycle import CaseState
from schemas.lifecycle.errands import ErrandState
from schemas.problems import N_
from schemas.shipped import rows

NAMES: Final = {"green_channel": N_("绿色通道"), "vip": N_("VIP项目"), "urged": N_("已催办")}
"""The priorities, the greatest first."""
LAST: Final = "9999-12-31"
"""The rank of a case without a clock: after all others."""


@cache
def days(priority: str) -> int:
    """By how many natural days it goes before its due date; 0 for none and for one of a newer version."""
    return next((int(row["days"]) for row in rows("priorities") if row["priority"] == priority), 0)


def of_case(state: CaseState) -> str:
    """What the case itself says: "urged" or ""."""
    return "urged" if state.urges else ""


def of_errand(errand: ErrandState) -> tuple[str, str]:
    """(priority, reason) that an errand gives the case it lodged; ("", "") for none."""
    if errand.green_reason:
        return "green_channel", errand.green_reason
    return ("vip", "") if errand.kind == "vip" else ("", "")


def greater(one: str, other: str) -> str:
    """Of two priorities the one that goes further."""
    return max(one, other, key=days)


def rank(due: date | None, priority: str) -> str:
    """The day the queue goes by, as text in the order of days."""
    if due is None:
        return LAST
    early = min(days(priority), due.toordinal() - 1)
    return (due - timedelta(days=early)).isoformat()
