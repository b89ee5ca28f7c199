"""The annual report's table: every figure of the report of 2017 §一, for any year (data/annual_report.csv).

    catalogue, cases, ratings, complaints, projects ─> figures by metric and population ─> the table's lines, in its order

A population is a part of the city: `all`; `city`, the items of the city's departments and their cases; a district
by its six digits. `seed` is what the report of 2017 printed beside the figure: to compare, never to compute with
(two of its rates are of no number of items out of 227, domain.md §1 rows 5 and 29).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas import publishing, tables
from schemas.catalogue import Catalogue, shipped
from schemas.feedback import Complaint, Rating
from schemas.lifecycle.projects import ProjectState
from schemas.shipped import rows
from schemas.statistics import cases as of_cases
from schemas.statistics import items as of_items
from schemas.statistics.facts import CaseFacts
from schemas.statistics.figures import Figure, Period, total, year
from schemas.tables import Item

DISTRICTS: Final = ("510903", "510922")
"""The pilots, whose bureaus took items over."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; seed: what the report of 2017 says, "" where it says nothing."""

    section: str
    name: str
    figure: Figure
    seed: str

    def as_dict(self) -> dict[str, Any]:
        """The line as JSON."""
        return {"section": self.section, "name": self.name, "seed": self.seed, **self.figure.as_dict()}


def annual(
    number: int,
    cases: Sequence[CaseFacts],
    ratings: Mapping[str, Rating],
    complaints: Sequence[Complaint],
    projects: Sequence[ProjectState],
    catalogue: Sequence[Item] | None = None,
    book: Catalogue | None = None,
) -> tuple[Line, ...]:
    """The table of a year.

    cases    the facts of all cases, also those of other years
    ratings  by case number
    catalogue  the items; the shipped ones by default
    book       where the lists beside them are taken from, as at the year's end; the shipped one by default
    """
    known = list(tables.items().values()) if catalogue is None else list(catalogue)
    period = year(number)
    city = [item for item in known if item.level == "city"]
    found = {
        **_by(_catalogue(city, "市级事项", period), "city"),
        **_by(_city_cases([each for each in cases if each.item_level == "city"], period), "city"),
        **_by(_whole(cases, ratings, complaints, projects, period, book or shipped()), "all"),
    }
    for code in DISTRICTS:
        mine = [item for item in known if item.level == "district" and item.division_code == code]
        name = next(each.division_name for each in tables.districts() if each.code[:6] == code)
        found |= _by(_catalogue(mine, f"{name}划转事项", period), code)
    return tuple(
        Line(row["section"], row["name"], found[row["metric"], row["population"]], row["seed"])
        for row in rows("annual_report")
    )


def _by(figures: Iterator[Figure], population: str) -> dict[tuple[str, str], Figure]:
    return {(figure.metric, population): figure for figure in figures}


def _catalogue(items: Sequence[Item], base: str, period: Period) -> Iterator[Figure]:
    yield total("items", len(items), base, period)
    yield of_items.department_count(items, base, period)
    yield total("zones", len(of_items.zones(items)), base, period)
    yield of_items.instant_share(items, base, period)
    yield from of_items.promise_speedup(items, base, period)
    yield from of_items.online(items, base, period)
    yield from of_items.visits(items, base, period)
    over = [
        item.item_code
        for item in items
        if not item.instant
        and item.promised_days > publishing.promise_limits().get(item.level, item.promised_days)
    ]
    yield total("promises_over_limit", len(over), base, period, over)


def _city_cases(cases: Sequence[CaseFacts], period: Period) -> Iterator[Figure]:
    base = "市级事项"
    yield from of_cases.handling_speedup(cases, base, period)
    yield from of_cases.punctuality(cases, base, period)
    yield from of_cases.acceptance(cases, base, period)


def _whole(
    cases: Sequence[CaseFacts],
    ratings: Mapping[str, Rating],
    complaints: Sequence[Complaint],
    projects: Sequence[ProjectState],
    period: Period,
    book: Catalogue,
) -> Iterator[Figure]:
    base = "全市"
    levels = [each.level for each in tables.stations().values()]
    yield total("township_centres", levels.count("township"), "在册服务站", period)
    yield total("village_stations", levels.count("village"), "在册服务站", period)
    yield from of_cases.local_conclusion(cases, period)
    yield from of_cases.visits(cases, base, period)
    yield from of_cases.satisfaction(cases, ratings, base, period)
    yield from of_cases.zero_indicators(cases, complaints, base, period)
    yield from of_cases.projects(projects, period)
    yield total("intermediary_services", len(book.services()), "投资项目中介服务事项目录", period)
    states = [each.status for each in book.certificates_on(period.last)]
    yield total("retained_certificates", states.count("retained"), "村（社区）证明事项清单", period)
    yield total("abolished_certificates", states.count("abolished"), "村（社区）证明事项清单", period)
