"""What a member of staff may take in: items of the groups they are authorised for, once they have been trained
(domain.md §1 row 10: 经培训的中心人员).

An item's group is the desk it belongs to: its zone, or, where it has none, its department. Holds no rule about roles or
states; that is lifecycle, and is asked besides.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Final

from schemas import tables
from schemas.problems import N_, Problem

TAKES_IN: Final[frozenset[str]] = frozenset({"create", "receive", "pre_review_pass", "accept", "refuse"})
"""Steps by which an application is taken in, or not."""


def group_of(item: tables.Item) -> str:
    """The group that an item belongs to."""
    return item.zone or item.department


@cache
def groups() -> frozenset[str]:
    """Every group there is."""
    return frozenset(group_of(item) for item in tables.items().values())


def problem(
    item: tables.Item | None, trained_on: date | None, authorised: Collection[str], today: date
) -> Problem | None:
    """Why somebody trained on that day, and authorised for these groups (none named: for all), may not take the item in;
    None if they may. An item that nobody knows is another rule's business."""
    if item is None:
        return None
    if trained_on is None or trained_on > today:
        return Problem("not_trained", N_("您还没有培训合格的记录，不能受理。请联系市中心登记培训日期"))
    if authorised and group_of(item) not in authorised:
        return Problem(
            "group_not_yours",
            N_("您没有“{group}”类事项的受理授权，请转给有授权的同事"),
            {"group": group_of(item)},
        )
    return None
