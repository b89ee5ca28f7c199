"""The work list: what waits for the reader and for this window, each kind counted by an index, and what to do next with each.

Views only. In whose work a case is, and what its next step is, says schemas.worklists; a kind of work is a query here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from flask import Blueprint, abort, render_template

from schemas.problems import N_
from station.errand_pages import LISTS, condition
from station.moment import stamp
from station.pages import DUE_FIRST, HERE, PAGE, dressed, me, page_asked, window
from station.web import parts, staff_only

blueprint = Blueprint("worklist", __name__)

FEW: Final = 8
"""Rows of each kind on the first page."""
RUNS: Final = "list IN ('open', 'supplement', 'result')"


@dataclass(frozen=True)
class Asked:
    """For whom a list is made. `code`: their window's station."""

    staff: str
    code: str
    now: datetime
    is_hub: bool

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def sunday(self) -> date:
        """The last day of this week."""
        return self.today + timedelta(days=6 - self.today.weekday())


@dataclass(frozen=True)
class Kind:
    """A kind of work: what it is called, what is said where there is none, and which cases it is."""

    title: str
    empty: str
    cases: Callable[[Asked], tuple[str, Sequence[Any]]]


def _mine(asked: Asked) -> tuple[str, Sequence[Any]]:
    """At the hub what one has claimed; elsewhere what one took in and answers for until it is over (首问责任)."""
    claimed = ("claims.staff = ? AND claims.until > ?", [asked.staff, stamp(asked.now)])
    return claimed if asked.is_hub else ("clerk = ? AND final = 0", [asked.staff])


def _due(what: str, *days: Callable[[Asked], date]) -> Callable[[Asked], tuple[str, Sequence[Any]]]:
    def of(asked: Asked) -> tuple[str, Sequence[Any]]:
        return f"origin = ? AND {RUNS} AND {what}", [asked.code, *(day(asked).isoformat() for day in days)]

    return of


KINDS: Final[dict[str, Kind]] = {
    "overdue": Kind(N_("已超期"), N_("没有超期的办件。"), _due("due < ?", lambda asked: asked.today)),
    "today": Kind(N_("今天到期"), N_("今天没有到期的办件。"), _due("due = ?", lambda asked: asked.today)),
    "week": Kind(
        N_("本周到期"),
        N_("本周没有其他到期的办件。"),
        _due("due > ? AND due <= ?", lambda asked: asked.today, lambda asked: asked.sunday),
    ),
    "here": Kind(
        N_("本窗口待办"),
        N_("没有送到本窗口办理的件。"),
        lambda asked: (HERE, [asked.code]),
    ),
    "supplement": Kind(
        N_("待补正"), N_("没有等申请人补正的件。"), lambda asked: ("origin = ? AND list = 'supplement'", [asked.code])
    ),
    "result": Kind(
        N_("今天可取的结果"),
        N_("没有等申请人来取的结果。"),
        lambda asked: ("origin = ? AND list = 'result'", [asked.code]),
    ),
    "mine": Kind(N_("我负责的"), N_("没有您负责的在办件。"), _mine),
}  # fmt: skip


@blueprint.get("/work")
@staff_only("cases")
def all() -> str:
    """Every kind with its count and its first rows."""
    register, asked = parts().register, _asked()
    register.catch_up()
    found = {}
    for name, kind in KINDS.items():
        where, args = kind.cases(asked)
        count = register.count(where, args)
        rows = register.select(where, args, order=DUE_FIRST, limit=FEW) if count else []
        found[name] = (count, dressed(rows))
    held = {name: register.errands.count(*condition(name)) for name in ("mine", "held", "visits")}
    return render_template(
        "work.html", kinds=KINDS, found=found, few=FEW, waiting=register.waiting(), errands=held, titles=LISTS,
        visits=register.errands.select(*condition("visits"), order="visit_on, errand_no", limit=FEW),
    )  # fmt: skip


@blueprint.get("/work/<kind>")
@staff_only("cases")
def one(kind: str) -> str:
    """One kind, page by page; `unsynced`: what the hub has not confirmed yet."""
    register, page = parts().register, page_asked()
    register.catch_up()
    waiting, start = register.waiting(), (page - 1) * PAGE
    if kind == "unsynced":
        numbers = sorted(waiting)
        shown = [row for each in numbers[start : start + PAGE] if (row := register.case(each))]
        return _one(
            kind, N_("待传市中心"), N_("本站的记录已全部送达市中心。"), shown, len(numbers), page, waiting
        )
    if kind not in KINDS:
        abort(404)
    where, args = KINDS[kind].cases(_asked())
    rows = register.select(where, args, order=DUE_FIRST, limit=PAGE, offset=start)
    return _one(kind, KINDS[kind].title, KINDS[kind].empty, rows, register.count(where, args), page, waiting)


def _one(
    kind: str, title: str, empty: str, rows: list[dict[str, Any]], found: int, page: int, waiting: dict[str, int]
) -> str:  # fmt: skip
    return render_template(
        "work_of_kind.html", kind=kind, title=title, empty=empty, rows=dressed(rows), found=found, page=page,
        size=PAGE, waiting=waiting,
    )  # fmt: skip


def _asked() -> Asked:
    here = parts().here
    return Asked(me().employee_no, window(), parts().clock(), here.level == "city")
