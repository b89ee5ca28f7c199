"""The access log's page: who looked at whose record, filtered by person, case, act and time, and as a file.

For auditors, who never see the records themselves. Looking at the log is logged, too.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext

from schemas import tables
from schemas.problems import N_
from station import export, personal
from station.access import ACTS, Asked, Seen
from station.pages import me, page_asked
from station.web import parts, staff_only

blueprint = Blueprint("audit", __name__)

PAGE = 100
COLUMNS = (
    N_("时间"), N_("工号"), N_("姓名"), N_("单位"), N_("做了什么"), N_("办件编号"), N_("被查询人（摘要）"), N_("理由或者内容"),
    N_("服务器"), N_("地址"),
)  # fmt: skip
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _asked() -> Asked:
    """The filter of this request. What has not the form of a day or a kind of act filters nothing."""
    args = request.args
    since, until = (day if _DAY.fullmatch(day := args.get(each, "")) else "" for each in ("since", "until"))
    act = args.get("act", "")
    return Asked(
        args.get("staff", "").strip()[:40],
        args.get("case", "").strip()[:25],
        act if act in ACTS else "",
        since,
        until,
    )


def _noted(asked: Asked) -> None:
    said = " ".join(f"{name}={value}" for name, value in asked._asdict().items() if value)
    parts().access.note("log", me(), reason=said, address=request.remote_addr or "", durable=True)


@blueprint.get("/audit")
@staff_only("audit")
def lines() -> str:
    asked, page = _asked(), page_asked()
    _noted(asked)
    access = parts().access
    return render_template(
        "audit.html", rows=access.entries(asked, limit=PAGE, offset=(page - 1) * PAGE), found=access.count(asked), asked=asked,
        acts=ACTS, page=page, size=PAGE, station=_station, days=parts().settings.access_log_days, columns=COLUMNS,
    )  # fmt: skip


@blueprint.post("/audit")
@staff_only("audit")
def copy() -> Any:
    """The lines of this filter as a file."""
    asked = _asked()
    _noted(asked)
    found = parts().access.entries(asked, limit=export.MOST_ROWS)
    return personal.table(
        "access", [gettext(each) for each in COLUMNS], (line(each, gettext) for each in found)
    )


def line(seen: Seen, say: Any = str) -> list[export.Cell]:
    """A line under COLUMNS; also what the command prints."""
    return [
        seen.at, seen.staff, seen.name, _station(seen.station), say(ACTS.get(seen.act, seen.act)), seen.case_no, seen.person[:16],
        seen.reason, seen.server, seen.address,
    ]  # fmt: skip


def _station(code: str) -> str:
    found = tables.stations().get(code)
    return found.name if found else code
