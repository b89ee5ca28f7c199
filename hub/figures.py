"""The city's figures (城市数据): rates and counts of any month, quarter or year, of the city or a part of it, each with what it is made of.

    GET  /figures            figures with numerator, denominator, base and target; the months of the year as a picture and as a table
                             as_of=<day>: by what the hub had received by the end of that day (station.moments)
    GET  /figures/<metric>   the cases behind one of them: of its numerator, or with `rest=1` what its base has besides
    POST /figures/<metric>   the same as a table to take away, masked and logged as every list is

Views, and the one table of which column a metric asks. What a figure means is schemas.statistics', sums are station.fact_rows'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext

from schemas import tables
from schemas.problems import N_
from schemas.statistics import Figure, Period, judge, total
from schemas.statistics.sums import Sums, figures
from station import pages, personal, words
from station.fact_rows import Facts, Part
from station.moment import ZONE, stamp
from station.moments import Known
from station.pages import PAGE, me
from station.web import parts, staff_only

blueprint = Blueprint("figures", __name__)

FIRST_YEAR: Final = 2017
GAP: Final = timedelta(days=7)
"""A moment so much later than the one that is asked for is another."""


class Metric(NamedTuple):
    """name: as it is called; base, part: what rows of its denominator and of its numerator have (station.fact_rows)."""

    name: str
    day: str
    base: str
    part: str


METRICS: Final = {
    "on_time_rate": Metric(N_("按时办结率"), "concluded_on", "1", "on_time = 1"),
    "early_rate": Metric(N_("提前办结率"), "concluded_on", "1", "early = 1"),
    "early_rate_committed": Metric(N_("提前办结率（只计承诺件）"), "concluded_on", "committed = 1", "early_committed = 1"),
    "on_site_rate": Metric(N_("现场办结率"), "concluded_on", "1", "on_site = 1"),
    "same_day_rate": Metric(N_("当日受理办结率"), "concluded_on", "1", "same_day = 1"),
    "handling_speedup": Metric(N_("办理提速（逐件平均）"), "concluded_on", "timed = 1", "timed = 1"),
    "handling_speedup_total_days": Metric(N_("办理提速（总日数）"), "concluded_on", "timed = 1", "timed = 1"),
    "instant_case_share": Metric(N_("即办件比例（按办件）"), "accepted_on", "1", "instant = 1"),
    "same_day_acceptance_rate": Metric(N_("当日受理率"), "accepted_on", "1", "taken_same_day = 1"),
    "online_apply_cases": Metric(N_("网上申请率（按办件）"), "accepted_on", "1", "online_1 = 1"),
    "online_pre_review_cases": Metric(N_("网上预审率（按办件）"), "accepted_on", "1", "online_2 = 1"),
    "online_conclude_cases": Metric(N_("网上办结率（按办件）"), "accepted_on", "1", "online_3 = 1"),
    "at_most_one_visit_cases": Metric(N_("最多跑一次（按办件）"), "concluded_on", "1", "one_visit = 1"),
    "zero_visit_cases": Metric(N_("零跑路（按办件）"), "concluded_on", "1", "no_visit = 1"),
    "concluded_in_village": Metric(N_("小事不出村"), "concluded_on", "village = 1", "in_village = 1"),
    "concluded_in_township": Metric(N_("大事不出乡镇"), "concluded_on", "below = 1", "in_township = 1"),
    "satisfaction_rate": Metric(N_("满意率"), "concluded_on", "rated = 1", "content = 1"),
    "rated_rate": Metric(N_("评议率"), "concluded_on", "1", "rated = 1"),
    "overdue_cases": Metric(N_("超时件"), "accepted_on", "", ""),
    "accepted_cases": Metric(N_("受理件"), "accepted_on", "1", "1"),
    "concluded_cases": Metric(N_("办结件"), "concluded_on", "1", "1"),
}  # fmt: skip
DAYS: Final = ("handling_speedup", "handling_speedup_total_days")
"""Their numerators are no cases: all cases of the base are behind them."""


@dataclass(frozen=True)
class Asked:
    """A period and a part of the city, as an address says it. period: "2018", "2018-Q1", "2018-02"; as_of: the day at whose end, or
    the moment at which, is asked what was known; known: the moment that is nearest, None for now."""

    period: str
    part: Part
    as_of: str = ""
    known: Known | None = None

    @property
    def year(self) -> int:
        return int(self.period[:4])

    @property
    def days(self) -> Period:
        rest = self.period[5:]
        if not rest:
            return Period(date(self.year, 1, 1), date(self.year, 12, 31))
        first, many = (3 * int(rest[1]) - 2, 3) if rest[0] == "Q" else (int(rest), 1)
        after = date(self.year + (first + many > 12), (first + many - 1) % 12 + 1, 1)
        return Period(date(self.year, first, 1), after - timedelta(days=1))

    @property
    def given(self) -> dict[str, str]:
        """As the end of an address."""
        named = {name: getattr(self.part, name) for name in ("district", "department", "zone")}
        named |= {"town": self.part.origin, "as_of": self.as_of}
        return {"period": self.period, **{name: value for name, value in named.items() if value}}


@blueprint.get("/figures")
@staff_only("figures")
def show() -> str:
    rows, asked, today = _looked_at()
    of_months = rows.months(asked.year, asked.part)
    found = made(of_period(of_months, asked.days), rows, asked.days, asked.part, today, _base(asked.part))
    judged = {figure.metric: (target, met) for target, figure, met in judge(found, asked.year)}
    months = [(each["taken"], each["done"]) for each in of_months]
    return render_template(
        "figures.html", asked=asked, figures=[(METRICS[each.metric].name, each) for each in found], judged=judged, months=months,
        most=max(1, *(max(pair) for pair in months)), periods=_periods(asked.year), years=range(today.year, FIRST_YEAR - 1, -1),
        districts=[each for each in tables.districts() if _own() in ("", each.code[:6])], towns=_towns(), zones=words.ZONES,
        departments=sorted({item.department for item in tables.items().values()}), days=DAYS,
    )  # fmt: skip


@blueprint.get("/figures/<metric>")
@staff_only("figures")
def behind(metric: str) -> str:
    rows, asked, today = _looked_at()
    page, rest = pages.page_asked(), "rest" in request.args
    where, args = _where(metric, asked, today, rest=rest)
    found = _count(metric, rows, asked, today, rest=rest)
    numbers = rows.cases(where, args, METRICS[metric].day, PAGE, (page - 1) * PAGE)
    return render_template(
        "figure.html", metric=metric, name=METRICS[metric].name, asked=asked, rest=rest, found=found, page=page, size=PAGE,
        rows=pages.dressed(parts().register.of(numbers)) if numbers else [],
    )  # fmt: skip


@blueprint.post("/figures/<metric>")
@staff_only("figures")
def taken_away(metric: str) -> Any:
    """csv or xlsx, as the field `as` says."""
    rows, asked, today = _looked_at()
    where, args = _where(metric, asked, today, rest="rest" in request.args)
    wanted = f"cases.subject IN (SELECT subject FROM {rows.source} WHERE {where})"  # noqa: S608 - our own words
    return personal.exported(f"{gettext(METRICS[metric].name)}，{asked.period}", wanted, list(args))


# -- what views share ------------------------------------------------------------------------------------------------


def made(sums: Sums, rows: Facts, period: Period, part: Part, today: date, base: str) -> list[Figure]:
    """The figures of a period and a part, and the counts beside them."""
    late = rows.count(*rows.overdue(period, part, today))
    return [
        total("accepted_cases", sums["taken"], f"{base}受理件", period),
        total("concluded_cases", sums["done"], f"{base}办结件", period),
        total("overdue_cases", late, f"{base}超过承诺时限的办件", period),
        *figures(sums, base, period),
    ]


def behind_it(
    metric: str, period: Period, part: Part, today: date, *, rest: bool
) -> tuple[str, list[str]] | None:
    """(where, args) of the cases behind a figure; `rest`: of its base alone. None for a metric that there is not."""
    known = METRICS.get(metric)
    if known is None:
        return None
    if metric == "overdue_cases":
        return None if rest else Facts.overdue(period, part, today)
    where, args = part.where()
    wanted = f"{known.base} AND NOT ({known.part})" if rest else known.part
    return f"{known.day} BETWEEN ? AND ? AND {wanted} AND {where}", [
        str(period.first),
        str(period.last),
        *args,
    ]


def _count(metric: str, rows: Facts, asked: Asked, today: date, *, rest: bool) -> int:
    """How many cases are behind it, by the sums."""
    sums = of_period(rows.months(asked.year, asked.part), asked.days)
    figure = next(
        each for each in made(sums, rows, asked.days, asked.part, today, "") if each.metric == metric
    )
    if metric in DAYS:
        return 0 if rest else sums["timed"]
    return int((figure.denominator or 0) - figure.numerator) if rest else int(figure.numerator)


def _where(metric: str, asked: Asked, today: date, *, rest: bool) -> tuple[str, list[str]]:
    return behind_it(metric, asked.days, asked.part, today, rest=rest) or abort(404)


def of_period(months: Sequence[Sums], period: Period) -> Sums:
    """Of those of a year's months that a period has; all periods here are whole months."""
    return sum(months[period.first.month - 1 : period.last.month], Sums())


def _looked_at() -> tuple[Facts, Asked, date]:
    """What is known of cases when is asked, what is asked, and the day that it was then."""
    register = parts().register
    register.catch_up()
    asked = _asked()
    if asked.known is None:
        return register.facts, asked, parts().clock().date()
    return register.facts.as_of(asked.known.n), asked, asked.known.at.date()


def _own() -> str:
    """The district of whoever oversees one; "" for the city."""
    own = tables.station(me().station)
    return own.district_code if own.level == "district" else ""


def _asked() -> Asked:
    """What the address asks; 404 for what there is not. Who oversees a district sees its figures."""
    today = parts().clock().date()
    given = {
        name: request.args.get(name, "").strip()
        for name in ("year", "period", "district", "department", "zone", "town", "as_of")
    }
    period = given["period"] or given["year"] or f"{today.year}"
    if period not in _periods(_year(period)):
        abort(404)
    known = {
        "district": {each.code[:6] for each in tables.districts()}, "zone": words.ZONES, "town": {code[:9] for code, _ in _towns()},
        "department": {item.department for item in tables.items().values()},
    }  # fmt: skip
    if any(given[name] and given[name] not in among for name, among in known.items()):
        abort(404)
    part = Part(_own() or given["district"], "", given["department"], given["zone"], given["town"])
    return Asked(period, part, given["as_of"], _known(given["as_of"]))


def _known(as_of: str) -> Known | None:
    """The first moment at the end of a day, or after one; None where none was kept within GAP, or the day is not over."""
    if not as_of:
        return None
    try:
        asked = datetime.fromisoformat(as_of)
    except ValueError:
        abort(404)
    wanted = asked if asked.tzinfo else asked.replace(tzinfo=ZONE) + timedelta(days=1)
    found = parts().register.moments.first(stamp(wanted))
    return found if found and found.at - wanted <= GAP else None


def _year(period: str) -> int:
    year = int(period[:4]) if period[:4].isascii() and period[:4].isdecimal() else 0
    if not FIRST_YEAR <= year <= parts().clock().year:
        abort(404)
    return year


def _periods(year: int) -> list[str]:
    return [str(year), *(f"{year}-Q{n}" for n in range(1, 5)), *(f"{year}-{n:02}" for n in range(1, 13))]


def _towns() -> list[tuple[str, str]]:
    return [
        (code, each.name)
        for code, each in tables.stations().items()
        if each.level == "township" and _own() in ("", each.district_code)
    ]


def _base(part: Part) -> str:
    """What the figures are of, in words."""
    district = next((each.division_name for each in tables.districts() if each.code[:6] == part.district), "")
    town = tables.station(part.origin + "000").name if part.origin else ""
    return "".join(filter(None, (town or district, part.zone, part.department))) or "全市"
