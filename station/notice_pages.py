"""Notices on a station's pages (通知): those for the reader's station, each to read and to acknowledge. Views only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, url_for

from schemas import tables
from schemas.bulletins import KINDS
from station.notices import Notice
from station.pages import PAGE, me, page_asked, window
from station.web import parts, staff_only

blueprint = Blueprint("notices", __name__)


@blueprint.get("/notices")
@staff_only("cases")
def listed() -> str:
    notices, page = parts().notices, page_asked()
    parts().register.catch_up()
    rows = _shown()
    return render_template(
        "notices.html", rows=rows[(page - 1) * PAGE : page * PAGE], found=len(rows), page=page, size=PAGE, kinds=KINDS,
        read=notices.read(window()),
    )  # fmt: skip


@blueprint.get("/notices/<id>")
@staff_only("cases")
def one(id: str) -> str:
    notice = next((each for each in _shown() if each["_id"] == id), None) or abort(404)
    parts().register.catch_up()
    return render_template(
        "notice_page.html", notice=notice, kinds=KINDS, receipt=parts().notices.read(window()).get(id)
    )


@blueprint.post("/notices/<id>/read")
@staff_only("act")
def read(id: str) -> Any:
    if id not in {each["_id"] for each in parts().notices.at(window())}:
        abort(404)
    if window() != me().station:  # nobody reads for another
        abort(403)
    parts().notices.receive(me(), window(), id)
    return redirect(url_for("notices.listed"), 303)


def _shown() -> list[Notice]:
    """Those for the reader's window; the city's own people, whom none is for, see all."""
    return parts().notices.all() if tables.station(window()).level == "city" else parts().notices.at(window())
