"""The annual report: reads the hub's store, or an invented year, and prints the table of schemas.statistics.annual.

Computes no figure itself and never will; opens nothing but the store it is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from unicodedata import east_asian_width

from hub.year import documents_of_year, events_of_year, projects_of_year
from schemas import feedback, lifecycle, statistics
from schemas.catalogue import Catalogue
from schemas.feedback import Rating
from schemas.lifecycle import projects
from schemas.lifecycle.projects import ProjectState
from schemas.statistics import CaseFacts, Line
from schemas.workdays import Calendar
from station.databases import is_errand, is_logged, is_project, of_case, subject_of
from station.logbook import newest
from sync import ledger
from sync.peer import Seq
from sync.serving import ServedStore

READ = 500
KEPT = ("evaluation", "complaint")
"""What of the logbooks the report counts."""


@dataclass
class Year:
    """What the report is made from."""

    cases: list[CaseFacts] = field(default_factory=list)
    ratings: dict[str, Rating] = field(default_factory=dict)
    docs: list[Mapping[str, Any]] = field(default_factory=list)
    projects: list[ProjectState] = field(default_factory=list)
    book: Catalogue | None = None

    def add(
        self,
        events: Sequence[Mapping[str, Any]],
        through: date,
        calendar: Calendar,
        catalogue: Catalogue | None = None,
    ) -> None:
        """Takes in one case."""
        state = lifecycle.fold(events, calendar, catalogue)
        facts = statistics.facts(state, through, calendar)
        if facts is not None:
            self.cases.append(facts)
            rating = feedback.rating_of(state)
            if rating is not None:
                self.ratings[state.case_no] = rating

    def lines(self, number: int) -> tuple[Line, ...]:
        """The table. A rating collected away from the window goes before the one given there."""
        ratings = {**self.ratings, **feedback.ratings((), self.docs)}
        return statistics.annual(
            number, self.cases, ratings, feedback.complaints(self.docs), self.projects, book=self.book
        )


def invented(number: int, calendar: Calendar) -> Year:
    """The year of hub.year. Raises CalendarGap for a year without holidays."""
    found = Year(docs=list(documents_of_year(number, calendar)))
    for events in events_of_year(number, calendar):
        found.add(events, date(number, 12, 31), calendar)
    found.projects += (projects.fold(events, calendar) for events in projects_of_year(number, calendar))
    return found


def from_store(
    store: ServedStore, number: int, calendar: Calendar, catalogue: Catalogue | None = None
) -> Year:
    """What the hub holds now: every case and project of every station, one station in memory at a time. `catalogue`: the shipped one by default."""
    found = Year(book=catalogue)
    for name in store.databases():
        cases: dict[str, list[Mapping[str, Any]]] = {}
        works: dict[str, list[Mapping[str, Any]]] = {}
        logged: dict[str, list[Mapping[str, Any]]] = {}
        for id_, body in _documents(store, name):
            if not ledger.is_event_id(id_):
                continue
            subject = subject_of(body)
            # An event of another station's case in this database is kept there and never folded into it.
            if subject is not None and name == of_case(subject):
                if is_logged(subject):
                    logged.setdefault(subject, []).append(body)
                elif is_project(subject):
                    works.setdefault(subject, []).append(body)
                elif not is_errand(subject):
                    cases.setdefault(subject, []).append(body)
        found.docs += (word for words in logged.values() if (word := newest(words))["type"] in KEPT)
        for events in cases.values():
            found.add(events, date(number, 12, 31), calendar, catalogue)
        found.projects += (projects.fold(events, calendar, catalogue=catalogue) for events in works.values())
    return found


def _documents(store: ServedStore, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    db = store.database(name)
    since: Seq = 0
    while (changes := db.changes(since, READ)).results:
        since = changes.last_seq
        yield from store.bodies(name, [change.id for change in changes.results]).items()


def as_json(number: int, lines: Iterable[Line]) -> str:
    """The table and the year's targets as one JSON object."""
    known = list(lines)
    judged = [
        {
            "metric": target.metric,
            "op": target.op,
            "target": float(target.value),
            "base": figure.base,
            "met": met,
        }
        for target, figure, met in statistics.judge([line.figure for line in known], number)
    ]
    return json.dumps(
        {"year": number, "lines": [line.as_dict() for line in known], "targets": judged}, ensure_ascii=False
    )


def as_text(number: int, lines: Iterable[Line]) -> str:
    """The table for people: each figure with numerator, denominator, base and what the report of 2017 printed."""
    known = list(lines)
    table = [("章节", "指标", "数值", "分子", "分母", "2017年报告", "口径", "期间")]
    for line in known:
        figure = line.figure.as_dict()
        below = "—" if figure["denominator"] is None else str(figure["denominator"])
        table.append((
            line.section, line.name, line.figure.text(), str(figure["numerator"]), below, line.seed or "—",
            figure["base"], figure["period"],
        ))  # fmt: skip
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    rows = ["  ".join(map(_pad, row, widths)).rstrip() for row in table]
    marks = {True: "达标", False: "未达标", None: "无数据"}
    judged = [
        f"目标  {line.name} {target.op} {float(target.value * 100):g}%：{marks[met]}"
        for line in known
        for target, _, met in statistics.judge([line.figure], number)
    ]
    return "\n".join([f"{number}年度政务服务工作情况", *rows, *judged])


def _width(text: str) -> int:
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
