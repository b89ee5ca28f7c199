"""The administrator's pages of devices: which stations are let in, codes for new ones, revocation, and codes that were tried twice.

Views only. What a code is, is hub.enrolment's; what a device's record says, hub.devices'. A code is shown once, in the answer to the
request that drew it, and is nowhere afterwards.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

import segno
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup

from hub import devices
from hub.enrolment import HOURS, Enrolment, enrolment_of
from schemas import tables
from schemas.tables import Station
from station import pages, transport
from station.databases import PUBLIC
from station.pages import me
from station.web import parts, staff_only
from sync.serving import starting

log = logging.getLogger("bianmin.stations")

blueprint = Blueprint("stations", __name__)

PAGE: Final = 50
STATES: Final = ("none", "drawn", "active", "revoked")


@dataclass(frozen=True)
class Row:
    """A station and how it stands: none, drawn (a code waits to be used), active, revoked."""

    station: Station
    state: str
    since: str
    until: str
    """Until when a code for it may be used, "" if there is none: also beside a device that works."""


@blueprint.get("/stations")
@staff_only("devices")
def listed() -> str:
    """`district`, `township`, `state`, `q` (name or code), `page`."""
    district, township = request.args.get("district", ""), request.args.get("township", "")
    state, asked = request.args.get("state", ""), request.args.get("q", "").strip()[:40]
    if (district and district not in {each.code for each in tables.districts()}) or (
        state and state not in STATES
    ):
        abort(404)
    rows = [row for row in _rows() if not district or row.station.district_code == district[:6]]
    townships = [row.station for row in rows if row.station.level == "township"] if district else []
    if township:
        rows = [row for row in rows if township in (row.station.code, row.station.parent_code)]
    if asked:
        rows = [
            row
            for row in rows
            if asked in row.station.name or asked in row.station.division_name or asked in row.station.code
        ]
    counts = {each: sum(row.state == each for row in rows) for each in STATES}
    if state:
        rows = [row for row in rows if row.state == state]
    page = pages.page_asked()
    return render_template(
        "stations.html", rows=rows[(page - 1) * PAGE : page * PAGE], found=len(rows), page=page, size=PAGE, counts=counts,
        states=STATES, districts=tables.districts(), townships=townships, district=district, township=township, state=state,
        asked=asked, alarms=_alarms(), names=_name,
    )  # fmt: skip


@blueprint.get("/stations/<station>")
@staff_only("devices")
def one(station: str) -> str:
    return _page(_found(station))


@blueprint.post("/stations/<station>/code")
@staff_only("devices")
def draw(station: str) -> str:
    """Draws a code and shows it, this once, as a slip to print."""
    found = _found(station)
    code = _enrolment().draw(found.code, me().employee_no)
    log.info("a code for %s was drawn by %s", found.code, me().employee_no)
    where = _address()
    qr = segno.make(f"{where} {code}", micro=False, error="m")
    return render_template(
        "slip.html", station=found, code=code, address=where, hours=HOURS, until=_enrolment().drawn()[found.code],
        by=me(), qr=Markup(qr.svg_inline(scale=4, border=2)),  # noqa: S704  # segno's own drawing
        only_here=transport.is_loopback(request.host.rsplit(":", 1)[0]) and where == _own_address(),
    )  # fmt: skip


@blueprint.post("/stations/<station>/revoke")
@staff_only("devices")
def revoke(station: str) -> Any:
    """Lets the station's devices in no more, once its code was typed as a confirmation."""
    found = _found(station)
    if request.form.get("confirm", "").strip() != found.code:
        return _page(found, problem=gettext("没有停用：输入的站点编号与本站不符，请核对后重新输入。")), 422
    devices.revoke_device(parts().store, parts().identity.signer, found.code)
    _enrolment().void(found.code)
    log.warning("the devices of %s were revoked by %s", found.code, me().employee_no)
    return redirect(url_for("stations.one", station=found.code), 303)


@blueprint.post("/stations/<station>/looked-into")
@staff_only("devices")
def looked_into(station: str) -> Any:
    found = _found(station)
    _enrolment().look_into(found.code, me().employee_no)
    return redirect(url_for("stations.one", station=found.code), 303)


def _page(found: Station, *, problem: str = "") -> str:
    record = parts().store.database(PUBLIC).get(f"device:{found.code}") or {}
    own = sorted(record.get("devices", ()), key=lambda each: -each["no"])
    return render_template(
        "station.html", station=found, row=next(row for row in _rows() if row.station == found), devices=own, problem=problem,
        alarms=[each for each in _alarms() if each["station"] == found.code], names=_name, hours=HOURS,
    )  # fmt: skip


def _rows() -> list[Row]:
    records = starting(parts().store.database(PUBLIC), "device:")
    drawn = _enrolment().drawn()
    rows = []
    for station in tables.stations().values():
        if station.code == tables.HUB:
            continue
        record = records.get(f"device:{station.code}", {})
        active = [each["at"] for each in record.get("devices", ()) if each["status"] == "active"]
        until = drawn.get(station.code, "")
        if active:
            state = "active"
        elif until:
            state = "drawn"
        else:
            state = "revoked" if record.get("status") == "revoked" else "none"
        rows.append(Row(station, state, max(active, default=""), until))
    return rows


def _found(code: str) -> Station:
    found = tables.stations().get(code)
    if found is None or found.code == tables.HUB:
        abort(404)
    return found


def _enrolment() -> Enrolment:
    return enrolment_of(parts())


def _alarms() -> list[dict[str, Any]]:
    """Codes that were tried after their use, with the station each is for."""
    found = _enrolment().used_twice()
    return [{**each, "station": each["_id"].split(":")[1]} for each in found]


def _name(code: str | None) -> str:
    found = tables.stations().get(code or "")
    return found.name if found else ""


def _address() -> str:
    """Where stations reach this hub: as the administrator does, but for one who sits at the hub itself."""
    outward = [name for name in parts().tls.names if not transport.is_loopback(name)]
    if not transport.is_loopback(request.host.rsplit(":", 1)[0]) or not outward:
        return _own_address()
    name = f"[{outward[0]}]" if ":" in outward[0] else outward[0]
    if parts().settings.proxies:
        return f"https://{name}"
    return f"https://{name}:{parts().settings.port}"


def _own_address() -> str:
    return request.host_url.rstrip("/")
