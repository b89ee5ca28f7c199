"""Work that comes out of a queue: the next case. Views only; the queue's page is desk's, and which case it is is next_case's."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, abort, redirect, request, url_for

from hub.claims import Claims
from hub.next_case import NextCase
from station import words
from station.pages import me
from station.web import parts, staff_only

blueprint = Blueprint("queues", __name__)


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
    taking = NextCase(claims, server.casework, server.register, server.clock)
    case_no = taking.take(me(), zone)
    if case_no is None:
        return redirect(url_for("desk.queue", none=1, zone=zone or None), 303)
    return redirect(url_for("pages.case", case_no=case_no), 303)
