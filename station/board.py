"""The progress board (电子显示屏): how this station's cases of late stand, for a screen in the hall that nobody touches.

Names are masked, and nothing else about a person is on it. It goes on to its next page, and begins anew, by itself. A view
only; the rows are the register's.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, make_response, render_template, url_for

from schemas import numbers, posters
from station.moment import stamp
from station.pages import page_asked
from station.screens import public, station
from station.web import parts

blueprint = Blueprint("board", __name__)

ROWS: Final = 9  # in large type at 1024×768
PAGES: Final = 6
SECONDS: Final = 15
"""How long a page stays: nine lines are read in that time."""
LATELY: Final = timedelta(days=30)


@blueprint.get("/board")
@public
def page() -> Any:
    here, now, shown = station(), parts().clock(), min(page_asked(), PAGES)
    register = parts().register
    register.catch_up()
    # Entered by mistake and taken back is nobody's progress.
    where, args = "origin = ? AND last_at >= ? AND state <> 'voided'", (here.code, stamp(now - LATELY))
    rows = register.select(where, args, order="last_at DESC", limit=ROWS + 1, offset=(shown - 1) * ROWS)
    following = shown + 1 if len(rows) > ROWS and shown < PAGES else 1
    for row in rows:
        row["applicant"] = numbers.mask_name(row["applicant"])
    answer = make_response(
        render_template(
            "board.html", rows=rows[:ROWS], page=shown, more=following > 1, station=here, now=now, complaints=posters.COMPLAINTS,
        )
    )  # fmt: skip
    answer.headers["Refresh"] = f"{SECONDS}; url={url_for('board.page', page=following)}"
    return answer
