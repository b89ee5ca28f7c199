"""A year's holidays before they are published: how their list is read, what stands against it, what it changes.

    date,kind,name                        text ─> read ─> lines, problems        () : every line could be read
    2027-01-01,holiday,元旦                lines + the calendar that counts ─> problems, changes ─> documents
    2027-01-09,makeup_workday,元旦

Kinds may be written as 放假 and 上班 too. What a working day is, is workdays'; nothing is published here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from schemas.problems import N_, Problem
from schemas.workdays import KINDS, ORDINARY, Calendar, DayKind

COLUMNS: Final = ("date", "kind", "name")
WRITTEN: Final[Mapping[object, DayKind]] = {**KINDS, "放假": "holiday", "上班": "makeup_workday"}
WEEKDAYS: Final = (N_("星期一"), N_("星期二"), N_("星期三"), N_("星期四"), N_("星期五"), N_("星期六"), N_("星期日"))  # fmt: skip
YEARS: Final = range(2017, 2100)
"""Of which a calendar is kept at all."""


class Line(NamedTuple):
    """number: of the line in the text, the first is 1."""

    number: int
    day: date
    kind: DayKind
    name: str


class Change(NamedTuple):
    """A day that is to count otherwise, and as what it counts now: (kind, name), "" for a usual day of the week."""

    day: date
    before: tuple[str, str]
    after: tuple[str, str]


def read(text: str) -> tuple[list[Line], tuple[Problem, ...]]:
    """The lines that can be read, and one Problem for each that can't. The line with the names of the columns may be left out."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff").replace("，", ",")))
    columns: tuple[str, ...] = COLUMNS
    lines, found = [], []
    for n, row in enumerate(rows):
        cells = [each.strip() for each in row]
        if n == 0 and not any(each.isdecimal() for each in "".join(cells)):
            columns = tuple(cells)
            continue
        if not any(cells):
            continue
        cell = dict(zip(columns, cells, strict=False))
        day, kind = _day(cell.get("date", "")), WRITTEN.get(cell.get("kind", ""))
        if day is None:
            text_ = N_("第 {line} 行的日期不对，应为 2027-01-01 的样子")
            found.append(Problem("day_wrong", text_, {"line": rows.line_num}))
        elif kind is None:
            kinds = ", ".join(map(str, WRITTEN))
            found.append(
                Problem(
                    "kind_wrong",
                    N_("第 {line} 行的种类不对，应为 {kinds}"),
                    {"line": rows.line_num, "kinds": kinds},
                )
            )
        else:
            lines.append(Line(rows.line_num, day, kind, cell.get("name", "")[:60]))
    if not lines and not found:
        found.append(Problem("days_none", N_("没有日期；第一行应为 date,kind,name"), {}))
    return lines, tuple(found)


def problems(lines: Sequence[Line], year: int, known: Calendar, today: date) -> tuple[Problem, ...]:
    """Why these lines may not be published as the year's; () if they may. Days that are over stay what they were, once their year is known."""
    found, seen = [], set()
    for line in lines:
        where = {"line": line.number, "day": line.day}
        if line.day.year != year:
            text = N_("第 {line} 行的 {day} 不在 {year} 年")
            found.append(Problem("other_year", text, {**where, "year": year}))
        if line.day in seen:
            found.append(Problem("day_twice", N_("第 {line} 行的 {day} 前面已经列过"), where))
        if line.kind == "makeup_workday" and line.day.weekday() < 5:
            found.append(
                Problem("usual_workday", N_("第 {line} 行的 {day} 本来就是工作日，不用列为上班"), where)
            )
        seen.add(line.day)
    changed = changes(lines, year, known)
    if known.covers(year):
        over = [each.day for each in changed if each.day < today]
        if over:
            text = N_("{day}已经过去，不能再改（共有 {n} 天这样）")
            found.append(Problem("day_over", text, {"day": over[0], "n": len(over)}))
        if not changed and not found:
            found.append(Problem("nothing_changes", N_("与现行的日历相同，没有要发布的"), {}))
    return tuple(found)


def changes(lines: Iterable[Line], year: int, known: Calendar) -> list[Change]:
    """What would count otherwise in the year, in the order of days."""
    after = {line.day: (line.kind, line.name) for line in lines if line.day.year == year}
    before = {day: (kind, name) for day, kind, name in known.special_days(year)}
    usual = ("", "")
    return [
        Change(day, before.get(day, usual), after.get(day, usual))
        for day in sorted({*before, *after})
        if before.get(day, usual) != after.get(day, usual)
    ]


def documents(changed: Iterable[Change]) -> list[dict[str, Any]]:
    """The `day:` documents that make a complete year of what changes in it."""
    return [document(each.day, each.after[0] or ORDINARY, each.after[1]) for each in changed]


def document(day: date, kind: str, name: str) -> dict[str, Any]:
    """A `day:` document of a year of which all is known."""
    return {
        "_id": f"day:{day}", "type": "calendar_day", "schema": 1, "kind": kind, "name": name, "year_complete": True,
    }  # fmt: skip


def written(year: int, known: Calendar) -> str:
    """The year as it counts now, as lines that `read` takes."""
    rows = [f"{day},{kind},{name}" for day, kind, name in known.special_days(year)]
    return "\n".join([",".join(COLUMNS), *rows])


def _day(cell: str) -> date | None:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        return None
