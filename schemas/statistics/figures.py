"""A figure is never bare: value, numerator, denominator, base and period travel together (domain.md §2.4).

    share(…)   numerator and denominator are counts
    mean(…)    numerator is a sum of rates, denominator how many of them
    total(…)   a plain count, of which there is no rate

A rate over nothing is None and never 100 %. Values are exact fractions; rounding is for whoever prints. Knows
no metric; those are items', cases' and feedback's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from schemas.shipped import rows


class Period(NamedTuple):
    """Days from first through last, Chinese calendar."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def __str__(self) -> str:
        return str(self.last) if self.first == self.last else f"{self.first}/{self.last}"


def year(number: int) -> Period:
    """A calendar year."""
    return Period(date(number, 1, 1), date(number, 12, 31))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    metric       its identifier, e.g. on_time_rate
    denominator  None for a plain count
    base         of what, in Chinese
    cases        what is behind it for drilling down (case numbers, complaint ids), where that is kept
    """

    metric: str
    numerator: Fraction
    denominator: int | None
    base: str
    period: Period
    cases: tuple[str, ...] = ()

    @property
    def value(self) -> Fraction | None:
        """numerator / denominator; None over nothing; the count itself where there is no denominator."""
        if self.denominator is None:
            return self.numerator
        return None if self.denominator == 0 else self.numerator / self.denominator

    def as_dict(self) -> dict[str, Any]:
        """The figure as JSON: whole numbers stay whole, others are rounded to six places."""
        return {
            "metric": self.metric,
            "value": _number(self.value),
            "numerator": _number(self.numerator),
            "denominator": self.denominator,
            "base": self.base,
            "period": str(self.period),
            **({"cases": list(self.cases)} if self.cases else {}),
        }

    def text(self) -> str:
        """As printed: 66.52% for a rate, 118 for a count, — over nothing."""
        if self.value is None:
            return "—"
        return str(_number(self.value)) if self.denominator is None else f"{percent(self.value)}%"


def percent(value: Fraction, places: int = 2) -> str:
    """A rate in per cent, rounded half up as in school: 151/227 → 66.52."""
    scaled = Decimal((value * 100).numerator) / Decimal((value * 100).denominator)
    return str(scaled.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def share(metric: str, part: int, whole: int, base: str, period: Period) -> Figure:
    """`part` of `whole`."""
    return Figure(metric, Fraction(part), whole, base, period)


def mean(metric: str, values: Iterable[Fraction], base: str, period: Period) -> Figure:
    """The mean of rates."""
    known = list(values)
    return Figure(metric, sum(known, Fraction(0)), len(known), base, period)


def total(metric: str, number: int, base: str, period: Period, cases: Collection[str] = ()) -> Figure:
    """A count."""
    return Figure(metric, Fraction(number), None, base, period, tuple(sorted(cases)))


def _number(value: Fraction | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value.denominator == 1 else round(float(value), 6)


# --- targets ----------------------------------------------------------------------------------------------


class Target(NamedTuple):
    """What a metric should be in a year (data/targets.csv, or a target document). value: a rate or a count."""

    year: int
    metric: str
    op: str
    value: Fraction

    def met(self, figure: Figure) -> bool | None:
        """Green, red, or None: nothing to judge."""
        if figure.value is None:
            return None
        return {
            ">=": figure.value >= self.value,
            "<=": figure.value <= self.value,
            "=": figure.value == self.value,
        }[self.op]


def parse_target(row: Mapping[str, Any]) -> Target:
    """A row or target document as a Target. Raises KeyError or ValueError for what is none."""
    if row["op"] not in (">=", "<=", "="):
        raise ValueError(f"unknown op {row['op']!r}")
    scale = {"percent": 100, "count": 1}[row["unit"]]
    return Target(int(row["year"]), row["metric"], row["op"], Fraction(row["value"]) / scale)


@cache
def targets() -> tuple[Target, ...]:
    """The shipped targets."""
    return tuple(parse_target(row) for row in rows("targets"))


def judge(
    figures: Iterable[Figure], number: int, by: Iterable[Target] | None = None
) -> tuple[tuple[Target, Figure, bool | None], ...]:
    """Each target of a year with the figure it is about and whether it is met; figures without one are left
    out."""
    mine = {each.metric: each for each in (targets() if by is None else by) if each.year == number}
    return tuple((mine[f.metric], f, mine[f.metric].met(f)) for f in figures if f.metric in mine)
