"""The combined approval queue of the pilot bureaus: its page, the next case, views somebody kept, work that a head gives out.

Views only. What a queue is narrowed to is queue_asked's; its rows are the register's; which case is next is next_case's; who holds
a case is claims'.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, abort, redirect, render_template, request, url_for

from hub import queue_asked
from hub.claims import HEADS, Claims
from hub.desk import healing_now
from hub.next_case import NextCase
from hub.queue_asked import Asked
from hub.saved_views import SavedViews
from schemas import numbers, priorities, tables
from schemas.problems import N_, DomainError, Problem
from station import found_by, pages, words
from station.bulk import Refused
from station.moment import stamp
from station.pages import PAGE, me
from station.web import parts, staff_only

blueprint = Blueprint("queues", __name__)


def bureaus() -> list[tables.District]:
    """The districts whose approval bureau works at this hub (domain.md §1 row 49)."""
    return [each for each in tables.districts() if each.role == "approval_bureau"]


def codes() -> list[str]:
    """Those whose queue the reader sees: a bureau's staff their own; the city both."""
    own, everywhere = me().station, tables.station(me().station).level == "city"
    return [each.code for each in bureaus() if everywhere or each.code == own]


@blueprint.route("/desk", methods=["GET", "POST"])
@staff_only("desk")
def queue() -> str:
    """The queue as `Asked` says, or, posted so that no name ends up in an address, what was searched for in it."""
    return _page(_asked(), request.form.get("q", "").strip())


@blueprint.post("/desk/next")
@staff_only("claim")
def next_case() -> Any:
    """Takes the most pressing case that waits for this person, and opens it; `zone`: of that one alone."""
    zone, server = request.form.get("zone", ""), parts()
    if zone and zone not in words.ZONES:
        abort(404)
    claims = cast("Claims", server.house)
    if claims.healing is not None:
        claims.healing.check()
    taking = NextCase(claims, server.casework, server.register, server.clock, server.random)
    case_no = taking.take(me(), zone)
    if case_no is None:
        return redirect(url_for("queues.queue", none=1, zone=zone or None), 303)
    return redirect(url_for("pages.case", case_no=case_no), 303)


@blueprint.post("/desk/assign")
@staff_only("claim")
def assign() -> Any:
    """Puts the ticked cases into the hands of `to`; what can't be is named with the reason, and the others go."""
    asked, chosen = _asked(), list(dict.fromkeys(request.form.getlist("case")))[:PAGE]
    number = request.form.get("to", "").strip()
    if not chosen or not number:
        problem = Problem("nothing_chosen", N_("请先勾选要分派的件，并填写接收人工号"), {})
        return _page(asked, problem=problem), 422
    to, claims = parts().appointments.staff(number), cast("Claims", parts().house)
    done, refused = 0, []
    for case_no in chosen:
        state = pages.visible(case_no)
        try:
            claims.assign(state, me(), to)
            done += 1
        except DomainError as error:
            refused.append(Refused(parts().register.case(case_no) or {}, error.problem))
    return _page(asked, assigned=(done, to.name if to else number), refused=refused)


@blueprint.post("/desk/views")
@staff_only("desk")
def keep_view() -> Any:
    """Keeps what the queue is narrowed to under a name; `drop`: forgets that one instead."""
    asked, views = _asked(), SavedViews(parts().store)
    try:
        if gone := request.form.get("drop", ""):
            views.drop(me().employee_no, gone)
        else:
            views.keep(me().employee_no, request.form.get("name", ""), queue_asked.text(asked))
    except DomainError as error:
        return _page(asked, problem=error.problem), 422
    return redirect(f"{url_for('queues.queue')}?{queue_asked.text(asked)}", 303)


def _asked() -> Asked:
    asked = Asked.read(request.args, codes(), parts().published.book())
    if asked is None:
        abort(404)
    return asked


def _page(
    asked: Asked, searched: str = "", *, problem: Problem | None = None,
    assigned: tuple[int, str] | None = None, refused: list[Refused] | None = None,
) -> str:  # fmt: skip
    register, own, page = parts().register, codes(), pages.page_asked()
    now = stamp(parts().clock())
    register.catch_up()
    where, args = asked.where(own, me().employee_no, now)
    if searched:
        found_where, more = pages.searched(searched)
        where = f"({where}) AND queue.case_no IN (SELECT case_no FROM cases WHERE {found_where})"  # noqa: S608 - our own words
        args = [*args, *more]
    shown = [
        case_no for case_no, _ in register.queue.first(where, args, limit=PAGE, offset=(page - 1) * PAGE)
    ]
    waiting = register.queue.rows(shown)
    rows = [
        {**row, **waiting[row["case_no"]]}
        for row in pages.dressed(register.of(shown))
        if row["case_no"] in waiting
    ]
    counts = register.queue.counts(own)
    heads = bool(me().roles & HEADS)
    return render_template(
        "queue.html", asked=asked, rows=rows, page=page, size=PAGE, searched=numbers.mask_numbers(searched),
        found=register.queue.count(where, args), most_found=found_by.MOST,
        bureaus=[each for each in bureaus() if each.code in own], zones=list(words.ZONES),
        by_bureau=_counted(counts, 0), by_zone=_counted(counts, 1, asked.bureau), by_stage=_counted(counts, 2, asked.bureau, asked.zone),
        departments=[(each, each) for each in queue_asked.departments(own, parts().published.book())], items=_items(own), towns=_towns(own), priorities=priorities.NAMES,
        views=[(each.name, queue_asked.of_text(each.asked, own, parts().published.book())) for each in SavedViews(parts().store).of(me().employee_no)],
        mine=register.queue.count(*Asked(mine="1").where(own, me().employee_no, now)),
        heads=heads, holders=register.queue.holders(now) if heads else {}, names=pages.name_of,
        closed=healing_now() is not None, none_left="none" in request.args, problem=problem, assigned=assigned, refused=refused or [],
    )  # fmt: skip


def _counted(counts: dict[tuple[str, str, str], int], by: int, *only: str) -> dict[str, int]:
    """The counts of a queue by one of (bureau, zone, stage), of what comes before it as chosen; "" for all."""
    found: dict[str, int] = {}
    for key, count in counts.items():
        if all(chosen in ("", key[n]) for n, chosen in enumerate(only)):
            found[key[by]] = found.get(key[by], 0) + count
    return found


def _items(own: list[str]) -> list[tuple[str, str]]:
    """(code, name) of what these bureaus decide."""
    found = [(each.item_code, each.name) for each in queue_asked.items(own, parts().published.book())]
    return sorted(found, key=lambda each: each[1])


def _towns(own: list[str]) -> list[tuple[str, str]]:
    """(code, name) of the townships below these bureaus."""
    districts = {code[:6] for code in own}
    every = tables.stations().values()
    return [
        (each.code, each.name)
        for each in every
        if each.level == "township" and each.district_code in districts
    ]
