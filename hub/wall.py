"""The city at a glance (城市总览): every station a square by district and township, coloured by how long ago it was heard of; those that are
silent, and one township's stations. Comes anew by itself.

Views only. When somebody was heard of is hub.contacts'. What waits at a station that is silent nobody can know here, and nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast

from flask import Blueprint, Response, abort, make_response, render_template, request

from hub.contacts import Contact, of_all
from hub.gate import HubGate
from schemas import tables
from schemas.tables import Station
from station import pages
from station.reporting import REPORT
from station.web import parts, staff_only

blueprint = Blueprint("wall", __name__)

REFRESH: Final = 30  # seconds
PAGE: Final = 50
STATES: Final = ("now", "today", "week", "silent", "never")
WITHIN: Final = (("now", timedelta(minutes=10)), ("today", timedelta(days=1)), ("week", timedelta(days=7)))
SIDE, GAP, IN_A_ROW = 12, 3, 45  # SIDE: as wall_parts.html draws a square


class Row(NamedTuple):
    """A station and how it stands. `at`: when it was last heard of, None for never."""

    station: Station
    state: str
    at: datetime | None
    version: str


class Square(NamedTuple):
    x: int
    y: int
    row: Row


class Group(NamedTuple):
    """A township with its villages: its own square first."""

    township: Station
    squares: list[Square]
    counts: Counter[str]

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture."""
        many = len(self.squares)
        return min(many, IN_A_ROW) * (SIDE + GAP), (1 + (many - 1) // IN_A_ROW) * (SIDE + GAP)


@blueprint.get("/wall")
@staff_only("wall")
def city() -> Response:
    """`district`; `silent=1` for the list of those that were not heard of for a week, with `page`."""
    district = request.args.get("district", "")
    if district and district not in {each.code for each in tables.districts()}:
        abort(404)
    rows = {
        code: row
        for code, row in _rows().items()
        if not district or row.station.district_code == district[:6]
    }
    counts = Counter(row.state for row in rows.values())
    if request.args.get("silent"):
        return _silent(rows, counts, district)
    groups = {
        each: [_group(row.station, rows) for row in rows.values() if row.station.level == "township" and row.station.district_code == each.code[:6]]
        for each in tables.districts()
        if not district or each.code == district
    }  # fmt: skip
    return _answer(
        "wall.html",
        groups=groups,
        counts=counts,
        states=STATES,
        district=district,
        districts=tables.districts(),
    )


def _silent(rows: dict[str, Row], counts: Counter[str], district: str) -> Response:
    page = pages.page_asked()
    found = [row for row in rows.values() if row.state in ("silent", "never")]
    found.sort(key=lambda row: (row.at is None, row.at.timestamp() if row.at else 0.0, row.station.code))
    return _answer(
        "wall_silent.html", rows=found[(page - 1) * PAGE : page * PAGE], found=len(found), page=page, size=PAGE, counts=counts, states=STATES,
        district=district, districts=tables.districts(), names=_name,
    )  # fmt: skip


@blueprint.get("/wall/<station>")
@staff_only("wall")
def one(station: str) -> Response:
    """A township with its villages, or a village alone."""
    rows = _rows()
    if station not in rows:
        abort(404)
    found = rows[station]
    below = [rows[code] for code in tables.children(station)]
    return _answer(
        "wall_station.html", row=found, below=below, counts=Counter(each.state for each in (found, *below)), names=_name
    )  # fmt: skip


def _answer(template: str, **what: object) -> Response:
    answer = make_response(render_template(template, **what))
    answer.headers["Refresh"] = str(REFRESH)
    return answer


def _rows() -> dict[str, Row]:
    register, now = parts().register, parts().clock()
    register.catch_up()
    reports = register.logbook.select("type = ?", [REPORT], limit=len(tables.stations()))
    contacts = of_all(cast("HubGate", parts().gate).contacts, reports)
    return {
        code: _row(station, contacts.get(code), now)
        for code, station in tables.stations().items()
        if station.level in ("township", "village")
    }


def _row(station: Station, contact: Contact | None, now: datetime) -> Row:
    if contact is None:
        return Row(station, "never", None, "")
    state = next((name for name, span in WITHIN if now - contact.at <= span), "silent")
    return Row(station, state, contact.at, contact.version)


def _group(township: Station, rows: dict[str, Row]) -> Group:
    own: Sequence[Row] = [rows[code] for code in (township.code, *tables.children(township.code))]
    squares = [
        Square(n % IN_A_ROW * (SIDE + GAP), n // IN_A_ROW * (SIDE + GAP), row) for n, row in enumerate(own)
    ]
    return Group(township, squares, Counter(row.state for row in own))


def _name(code: str | None) -> str:
    found = tables.stations().get(code or "")
    return found.name if found else ""
