"""The rules of e-supervision as rows (data/supervision.csv, domain.md §2.6), and the scheme of points.

    rule       R01–R14; several rows may share one: any of them raises its signal
    measure    what is measured: a word of measures.MEASURES
    op, threshold, unit   when the signal is due; a negative threshold is before the due date
    cases      all, instant, committed; station: the measure is of a station; request: of a coordination request
    unless     a circumstance that excuses
    colour     reminder, yellow, red; flag: told to a person and never charged
    points     charged while the card stands

Places differ, so all of it is data; a second rule set is another list of Rule. Knows no case and no calendar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final, Literal

from schemas.problems import N_
from schemas.shipped import rows

Colour = Literal["reminder", "yellow", "red", "flag"]
_COLOURS: Final[Mapping[str, Colour]] = {
    "reminder": "reminder",
    "yellow": "yellow",
    "red": "red",
    "flag": "flag",
}
OPS: Final = frozenset({">=", ">", "<"})
UNITS: Final = frozenset({"workday", "day", "minute", "count", "character", "fen"})


# The sentences of the shipped rows, named where they are collected for translation; a test holds them to the table.
NOTES: Final = (
    N_("距承诺期限不足1个工作日"),
    N_("收件满5个工作日未告知补正也未受理，视为受理"),
    N_("超过承诺期限1个工作日"),
    N_("超过承诺期限2个工作日以上"),
    N_("超过法定期限"),
    N_("不予受理或者不予许可的理由不足10个字"),
    N_("第二次要求补正"),
    N_("索要目录以外的材料"),
    N_("收取目录以外的费用"),
    N_("行政许可未经审查即办结"),
    N_("差评或者属实的投诉15个工作日内未整改"),
    N_("差评或者属实的投诉30日内未整改"),
    N_("特别程序超过告知的时间"),
    N_("即办件未在受理当日办结"),
    N_("服务站超过3个工作日未同步"),
    N_("服务站超过5个工作日未同步（已登记线路故障的除外）"),
    N_("记录时间早于前一条记录"),
    N_("记录时间晚于市中心收到时间10分钟以上"),
    N_("协调事项超过答复期限未答复"),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. note is the Chinese sentence for the card."""

    rule: str
    measure: str
    op: str
    threshold: int
    unit: str
    cases: str
    unless: str
    colour: Colour
    points: Decimal
    note: str

    def holds(self, value: int) -> bool:
        """Whether a measured value raises the signal."""
        if self.op == "<":
            return value < self.threshold
        return value >= self.reached

    @property
    def reached(self) -> int:
        """The least value that raises the signal, of a rule that grows with its measure."""
        return self.threshold + (self.op == ">")


@dataclass(frozen=True, slots=True)
class Scheme:
    """How cards become a month's score. answer_days: working days to answer a card."""

    base: Decimal
    answer_days: int
    unanswered_reminders: int
    unanswered_points: Decimal


def parse_rule(row: Mapping[str, str]) -> Rule:
    """A row of text as a Rule. Raises KeyError or ValueError for a word or number it does not know."""
    if row["op"] not in OPS or row["unit"] not in UNITS:
        raise ValueError(f"unknown op or unit: {row}")
    return Rule(
        row["rule"],
        row["measure"],
        row["op"],
        int(row["threshold"]),
        row["unit"],
        row["cases"],
        row["unless"],
        _COLOURS[row["colour"]],
        Decimal(row["points"]),
        row["note"],
    )


@cache
def rules() -> tuple[Rule, ...]:
    """The shipped rules, in table order."""
    return tuple(parse_rule(row) for row in rows("supervision"))


@cache
def scheme() -> Scheme:
    """The shipped scheme."""
    values = {row["name"]: row["value"] for row in rows("supervision_scheme")}
    return Scheme(
        Decimal(values["base"]),
        int(values["answer_days"]),
        int(values["unanswered_reminders"]),
        Decimal(values["unanswered_points"]),
    )
