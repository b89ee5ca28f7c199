"""Posters of the eight disclosures: of one item on A4 or for a screen, of all that a window offers by department or zone.

Views only: what a poster says is schemas.posters. For signed-in staff, who print them or put one on the window's second screen:
this server has no page for the public yet. Nothing about a person is on them.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, abort, render_template, request

from schemas import posters, tables
from schemas.offers import Offer
from schemas.tables import Item
from station import words
from station.pages import offered_here, window
from station.web import parts, staff_only

blueprint = Blueprint("posters", __name__)


@blueprint.get("/items/<code>/poster")
@staff_only("items")
def poster(code: str) -> str:
    return _sheets([offered_here(code)], back=code)


@blueprint.get("/items/<code>/screen")
@staff_only("items")
def screen(code: str) -> str:
    """In large type, and nothing else on the page."""
    item, offer = offered_here(code)
    return render_template("screen.html", poster=_poster(item, offer))


@blueprint.get("/posters")
@staff_only("items")
def chosen() -> str:
    """Of one `department` or `zone`; without them the choice."""
    department, zone = request.args.get("department", ""), request.args.get("zone", "")
    every = parts().published.in_force().offers(tables.station(window()))
    departments = Counter(item.department for item, _ in every)
    zones = Counter(item.zone for item, _ in every if item.zone)
    if (department and department not in departments) or (zone and zone not in zones):
        abort(404)
    if not (department or zone):
        ordered = {name: zones[name] for name in words.ZONES if zones[name]}
        return render_template("posters.html", departments=dict(sorted(departments.items())), zones=ordered)
    return _sheets(
        [each for each in every if each[0].department == department or (zone and each[0].zone == zone)]
    )


def _sheets(items: list[tuple[Item, Offer]], back: str = "") -> str:
    return render_template("poster.html", posters=[_poster(*each) for each in items], back=back)


def _poster(item: Item, offer: Offer) -> dict[str, Any]:
    station = tables.station(window())
    return {
        "item": item,
        "station": station,
        "lines": posters.guide(item, offer, station, parts().clock().date(), parts().published.book()),
        "complaints": posters.COMPLAINTS,
    }
