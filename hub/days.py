"""Publishing days of the calendar: the holidays and make-up workdays of a year to come, as the State Council announces
them each autumn. Every station pulls them; due dates beyond a year that is not complete stay open and say so.

    public/day:<YYYY-MM-DD>   {"type": "calendar_day", "kind": "holiday" | "makeup_workday" | "ordinary", "name", "year_complete"}

From a file on the command line, or as a draft of the catalogue office: a whole year, by which what it leaves out is a usual day.
How a list is read and what stands against it is schemas.holidays'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask_babel import gettext

from hub.drafting import Draft
from hub.list_forms import Field
from hub.list_office import Document, Known, Shown
from schemas import holidays
from schemas.problems import N_, DomainError, Problem
from station import keys
from station.forms import text
from sync.serving import ServedStore
from sync.signing import Signer

KINDS: Final = {"": N_("平常"), "holiday": N_("放假"), "makeup_workday": N_("上班")}
LONGEST: Final = 20_000
"""Characters of a year's list."""


def read_days(text: str) -> list[dict[str, Any]]:
    """Documents from a csv with the columns date, kind, name (as the shipped calendar's); every year in it is complete.

    DomainError names the first line that can't be read; nothing is published then.
    """
    lines, wrong = holidays.read(text)
    if wrong:
        raise DomainError(wrong[0])
    return [holidays.document(line.day, line.kind, line.name) for line in lines]


def publish(store: ServedStore, signer: Signer, docs: Iterable[Mapping[str, Any]]) -> int:
    """Writes what is new or changed into `public`; returns how many days that were."""
    return sum(keys.publish(store, signer, doc) for doc in docs)


class Days:
    """The calendar as a list of the catalogue office: a draft a year, {"key": the year, "lines": its list as text}."""

    name: Final = "days"
    title: Final = N_("工作日历")
    fields: Final = (
        Field("lines", N_("放假和调休上班的日子"), LONGEST, 12, rows=18,
              hint=N_("每行一天：日期,种类,节日名称。种类写 放假（holiday）或者 上班（makeup_workday）。没有列出的日子按星期一至星期五上班。")),
        Field("lines", N_("或者选择 CSV 文件"), LONGEST, 12, type="file", hint=N_("选了文件，保存时以文件为准。")),
    )  # fmt: skip

    def begun(self, entered: Mapping[str, str], known: Known, _drafts: Mapping[str, Draft]) -> Document:
        year = text(entered, "key", 4)
        if not (year.isascii() and year.isdecimal() and int(year) in holidays.YEARS):
            raise DomainError(Problem("year_wrong", N_("请填写四位年份，如 2027"), {}))
        return {"key": year, "lines": holidays.written(int(year), known.calendar)}

    def problems(self, doc: Document, known: Known) -> tuple[Problem, ...]:
        lines, wrong = holidays.read(str(doc.get("lines", "")))
        return wrong or holidays.problems(lines, int(doc["key"]), known.calendar, known.today)

    def documents(self, doc: Document, known: Known) -> list[dict[str, Any]]:
        return holidays.documents(self.changed(doc, known))

    def changed(self, doc: Document, known: Known) -> list[holidays.Change]:
        lines, _ = holidays.read(str(doc.get("lines", "")))
        return holidays.changes(lines, int(doc["key"]), known.calendar)

    def changes(self, doc: Document, known: Known) -> list[tuple[str, list[str], list[str]]]:
        return [
            (f"{each.day} {gettext(holidays.WEEKDAYS[each.day.weekday()])}", [_told(*each.before)], [_told(*each.after)])
            for each in self.changed(doc, known)
        ]  # fmt: skip

    def heading(self, doc: Document, _known: Known) -> str:
        return str(gettext("%(year)s 年", year=doc["key"]))

    def listing(self, asked: Mapping[str, str], known: Known) -> Shown:
        """`year`: of which; without it this year. A row a day."""
        year = asked.get("year", "")
        shown = int(year) if year.isascii() and year.isdecimal() else known.today.year
        rows = [
            {"day": day, "weekday": holidays.WEEKDAYS[day.weekday()], "kind": KINDS[kind], "name": name}
            for day, kind, name in known.calendar.special_days(shown)
        ]
        years = sorted({*known.calendar.years(), known.today.year + 1, shown})
        return Shown(rows, {"year": shown, "years": years, "covered": known.calendar.covers(shown)})


def _told(kind: str, name: str) -> str:
    said = gettext(KINDS[kind])
    return f"{said}（{gettext(name)}）" if name else said
