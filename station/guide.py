"""The ten-minute guide for new staff: one page to read at the screen or print on two sheets, from sign-in to what to do without a network.

A view only. What it says is in its template; what of it depends on this server (how soon a page locks, within how many days) comes
from where it is decided.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from schemas import posters
from schemas.lifecycle import limits
from station.leases import LEASE
from station.web import parts, staff_only

blueprint = Blueprint("guide", __name__)


@blueprint.get("/help/guide")
@staff_only("items")
def page() -> Any:
    return render_template(
        "guide.html",
        minutes=int(parts().settings.idle_lock // 60),
        limits=limits,
        lease=LEASE.days,
        complaints=posters.COMPLAINTS,
    )
