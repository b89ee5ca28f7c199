"""Figures of the catalogue: what is promised, how instant, how far online (domain.md §2.4, "over items").

Every function takes the items it is to count, e.g. those of the city; which they are is in the figure's base.
Knows no case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

from schemas.statistics.figures import Figure, Period, mean, share, total
from schemas.tables import Item

ONLINE: Final = ((1, "online_consult_rate"), (2, "online_pre_review_rate"), (3, "online_conclude_rate"))


def promise_speedup(items: Sequence[Item], base: str, period: Period) -> tuple[Figure, Figure]:
    """承诺提速, the two ways it may be meant: the mean of (L−P)/L over items (headline), and (ΣL−ΣP)/ΣL.

    Items without a statutory limit have L = P recorded and so add nothing.
    """
    rates = [Fraction(item.legal_days - item.promised_days, item.legal_days) for item in items]
    legal, promised = sum(item.legal_days for item in items), sum(item.promised_days for item in items)
    return (
        mean("promise_speedup", rates, f"{base}，逐项（法定−承诺）÷法定的平均", period),
        share("promise_speedup_total_days", legal - promised, legal, f"{base}，法定日数之和", period),
    )


def instant_share(items: Sequence[Item], base: str, period: Period) -> Figure:
    """即办件比例 over items."""
    return share("instant_item_share", sum(item.instant for item in items), len(items), base, period)


def online(items: Sequence[Item], base: str, period: Period) -> tuple[Figure, ...]:
    """网上咨询率、预审率、办结率 over items: online_depth ≥ 1, 2, 3."""
    return tuple(
        share(metric, sum(item.online_depth >= depth for item in items), len(items), base, period)
        for depth, metric in ONLINE
    )


def visits(items: Sequence[Item], base: str, period: Period) -> tuple[Figure, Figure]:
    """最多跑一次 and 零跑路 over items, as the seed counts them: those of one visit, and those of none beside
    them (30 % and 10 %, domain.md §1 row 54)."""
    return (
        share("at_most_one_visit_items", sum(item.runs == 1 for item in items), len(items), base, period),
        share("zero_visit_items", sum(item.runs == 0 for item in items), len(items), base, period),
    )


def departments(items: Iterable[Item]) -> Counter[str]:
    """Items by department."""
    return Counter(item.department for item in items)


def zones(items: Iterable[Item]) -> Counter[str]:
    """Items by zone; those of none are left out."""
    return Counter(item.zone for item in items if item.zone)


def department_count(items: Sequence[Item], base: str, period: Period) -> Figure:
    """How many departments the items come from."""
    return total("departments", len(departments(items)), base, period)


TWO_CENTRALISATIONS: Final = (
    ("in_hall", "in_hall_rate"),
    ("window_authorised", "window_authorised_rate"),
    ("decided_at_window", "decided_at_window_rate"),
)


def two_centralisations(docs: Iterable[dict[str, Any]], period: Period) -> dict[str, tuple[Figure, ...]]:
    """两集中两到位 by department (seed row 59): which share of its items is in the hall, authorised at the
    window, decided there. docs: service_item documents; one that does not say counts as not."""
    by: dict[str, list[dict[str, Any]]] = {}
    for doc in docs:
        by.setdefault(str(doc.get("department", "")), []).append(doc)
    return {
        name: tuple(
            share(metric, sum(doc.get(key) is True for doc in mine), len(mine), f"{name}事项", period)
            for key, metric in TWO_CENTRALISATIONS
        )
        for name, mine in sorted(by.items())
    }
