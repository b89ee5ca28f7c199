"""The picture of a project (Gantt-like): when each approval began, how far it is, until when it has time. Pure; draws nothing, a template does.

accepted ├────────── joint ───────────┤ joint due
         ├── approval ──■■■■┤ due
                   │ today
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from schemas.lifecycle.projects import ProjectState, SubItem

WIDE: Final = 1000
"""Of the picture, in its own units."""


@dataclass(frozen=True)
class Bar:
    """One row: from begin to done what was worked on, to due what it has time for. Places are in the picture's units; late: it ended, or stands, after
    its day."""

    name: str
    begin: float
    done: float
    due: float | None
    late: bool


@dataclass(frozen=True)
class Picture:
    """days: (place, day) of some days to read; today: its place, None once the project is over."""

    bars: tuple[Bar, ...]
    days: tuple[tuple[float, date], ...]
    today: float | None


def picture(state: ProjectState, today: date, names: dict[str, str]) -> Picture | None:
    """None before the joint acceptance. `names`: of items, by code."""
    if state.accepted_at is None:
        return None
    first = state.accepted_at.date()
    ended = {each.item: _ended(state, each) for each in state.sub_items}
    over = state.ended_at.date() if state.ended_at else None
    known = [
        state.joint_due,
        over,
        *(each.due for each in state.sub_items),
        *ended.values(),
        None if over else today,
    ]
    last = max((day for day in known if day is not None), default=first) + timedelta(days=1)
    span = max(1, (last - first).days)

    def place(day: date) -> float:
        return round((day - first).days / span * WIDE, 1)

    def bar(name: str, begin: date, done: date | None, due: date | None) -> Bar:
        until = done or over or max(today, begin)
        return Bar(
            name, place(begin), place(until), place(due) if due else None, due is not None and until > due
        )

    rows = [bar("", first, over, state.joint_due)]
    for each in state.sub_items:
        case = state.cases.get(each.case)
        begin = max(case.received_at.date(), first) if case and case.received_at else first
        if each.case:
            rows.append(bar(names.get(each.item, each.item), begin, ended[each.item], each.due))
        else:
            rows.append(
                Bar(names.get(each.item, each.item), 0, 0, place(each.due) if each.due else None, False)
            )
    step = max(1, span // 8)
    days = tuple(
        (place(day), day) for n in range(0, span + 1, step) if (day := first + timedelta(days=n)) <= last
    )
    return Picture(tuple(rows), days, None if over else place(today))


def _ended(state: ProjectState, each: SubItem) -> date | None:
    case = state.cases.get(each.case)
    ended = case and (case.decided_at or case.ended_at)
    return ended.date() if ended else None
