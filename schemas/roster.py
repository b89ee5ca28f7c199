"""Duty rosters (365天办证; seed row 64): the days off on which somebody serves all the same. Writes nothing and reads no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from schemas.problems import N_, Problem
from schemas.workdays import Calendar

KINDS: Final[Mapping[str, str]] = {"weekend": N_("双休日"), "holiday": N_("法定节假日")}
MOST: Final = 20
"""People on duty on one day."""


class DayOff(NamedTuple):
    """kind: a word of KINDS; name: of the holiday, "" for none."""

    day: date
    kind: str
    name: str


def day_off(day: date, days: Calendar) -> DayOff | None:
    """What kind of day off that is; None for a working day. Raises CalendarGap."""
    if days.is_workday(day):
        return None
    kind, name = days.special(day)
    return DayOff(day, "holiday" if kind == "holiday" else "weekend", name)


def days_off(first: date, within: int, days: Calendar) -> Iterator[DayOff]:
    """The days off from `first` on, within so many days, as far as the calendar goes."""
    for n in range(within):
        day = first + timedelta(days=n)
        if not days.covers(day.year):
            return
        found = day_off(day, days)
        if found is not None:
            yield found


def served(off: DayOff | None, today: date, staff: list[str], hours: str) -> dict[str, Any] | Problem:
    """The roster of a day as it is kept; or what is wrong. Nobody on it: the duty is called off."""
    if off is None or off.day < today:
        return Problem("duty_day", N_("请选择今天以后的双休日或者法定节假日"))
    if len(staff) > MOST:
        return Problem("many_on_duty", N_("一天最多安排{max}人值班"), {"max": MOST})
    return {
        "date": off.day.isoformat(),
        "kind": off.kind,
        "staff": staff,
        **({"hours": hours} if hours else {}),
    }
