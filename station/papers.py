"""The papers of a case to look at and print on A4: one, all of a case, and all that this window made on a day.

Views only: which papers there are and what they say is schemas.papers; each is masked as its reader may see. Their own words
are Chinese in every language, as they are handed to citizens and filed; only what is around them is translated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext

from schemas import papers
from schemas.lifecycle import CaseState
from schemas.papers import Paper
from station import query
from station.access import Act
from station.pages import me, seen_as, visible, window
from station.web import page, parts, reader, staff_only

blueprint = Blueprint("papers", __name__)

MOST = 12
"""Cases whose papers are one page: some fifty sheets, as many as a small printer takes at once. The next page goes on after them."""


@blueprint.get("/cases/<case_no>/receipt")
@staff_only("cases")
def receipt(case_no: str) -> Any:
    return _of_kind(case_no, "receipt")


@blueprint.get("/cases/<case_no>/papers/<kind>")
@staff_only("cases")
def one(case_no: str, kind: str) -> Any:
    """The papers of a kind; mostly there is one."""
    return _of_kind(case_no, kind)


@blueprint.get("/cases/<case_no>/papers")
@staff_only("cases")
def every(case_no: str) -> Any:
    """All of a case on consecutive sheets."""
    return _printed([visible(case_no)], back=case_no)


@blueprint.get("/papers")
@staff_only("cases")
def of_day() -> Any:
    """What this window made on a day, today by default, case by case: `day`, `after` a case."""
    try:
        day = date.fromisoformat(request.args.get("day") or parts().clock().date().isoformat())
    except ValueError:
        abort(404)
    register = parts().register
    register.catch_up()
    found = register.cases_with_papers(
        window(), day.isoformat(), MOST + 1, after=request.args.get("after", "")
    )
    states = [state for case_no in found[:MOST] if (state := _shown(case_no))]
    return _printed(states, day=day, following=found[MOST - 1] if len(found) > MOST else "")


def listed(state: CaseState) -> list[Paper]:
    """The papers of a case, for this reader."""
    return list(
        papers.of_case(
            state, parts().almanac.calendar(), parts().published.book(), lambda each: seen_as(each, reader())
        )
    )


def _of_kind(case_no: str, kind: str) -> Any:
    state = visible(case_no)
    if kind not in {each.kind.kind for each in listed(state)}:
        return page(
            404,
            gettext("没有这份文书"),
            gettext("本件办到现在还没有这份文书。请从办件页面的“本件文书”中选择。"),
        )
    return _printed([state], kind=kind, back=case_no)


def _shown(case_no: str) -> CaseState | None:
    """A case that is still here, and that the reader may see."""
    state = parts().casework.case(case_no)
    there = (
        state is not None and not parts().register.archived(case_no) and parts().house.may_see(me(), state)
    )
    return state if there else None


def _printed(
    states: Sequence[CaseState],
    *,
    kind: str = "",
    day: date | None = None,
    back: str = "",
    following: str = "",
) -> str:
    """The sheets, each in the access log. `following`: the case after which the next page goes on."""
    sheets = []
    for state in states:
        own = [
            each
            for each in listed(state)
            if (not kind or each.kind.kind == kind)
            and (day is None or (each.at.date() == day and each.station == window()))
        ]
        if own:
            act: Act = "receipt" if {each.kind.kind for each in own} == {"receipt"} else "paper"
            parts().access.note(act, me(), case_no=state.case_no, address=request.remote_addr or "")
        sheets += [(each, state) for each in own]
    # The query code is the applicant's: it is printed only by those at whose window they stand.
    at_window = reader() == "work"
    return render_template(
        "papers.html",
        sheets=sheets,
        at_window=at_window,
        day=day,
        back=back,
        following=following,
        most=MOST,
        qr=query.picture,
        size=request.args.get("size", "") if kind == "receipt" else "",
        kind=kind,
        print_now="print" in request.args,
    )
