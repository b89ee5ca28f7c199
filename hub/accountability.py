"""Accountability (责任追究; seed row 40): what followed for a person, because of a card, a complaint or an inspection, decided by whom and when.

    GET  /supervision/accountability          the year's, how many of each measure; with `because` a form for one more
    POST /supervision/accountability          one more
    GET  /supervision/accountability.xlsx     the year's as a table

    here/acc:<form>    an accountability document. Never replicated: it is about a person's standing, and no station's work needs it

Views, and what they keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from flask import Blueprint, Response, redirect, render_template, request, url_for

from schemas.problems import N_, DomainError, Problem
from station import export, forms
from station.databases import HERE
from station.moment import stamp
from station.pages import in_reach, logged, me, name_of, new_form, person_of
from station.web import parts, staff_only
from sync.errors import Conflict
from sync.serving import starting

blueprint = Blueprint("accountability", __name__)

PREFIX: Final = "acc:"
MEASURES: Final[Mapping[str, str]] = {
    "talk": N_("约谈"), "notice": N_("通报批评"), "points": N_("考核扣分"), "transfer": N_("调离岗位"), "discipline": N_("移送纪律处分"),
}  # fmt: skip
GROUNDS: Final[Mapping[str, str]] = {
    "supervision_card": N_("监察牌"), "complaint": N_("投诉举报"), "inspection": N_("检查"),
}  # fmt: skip
COLUMNS: Final = ("决定时间", "责任人", "工号", "单位", "处理方式", "依据", "理由", "决定人")


@blueprint.get("/supervision/accountability")
@staff_only("oversee")
def listed() -> str:
    return _page(None, request.args)


@blueprint.post("/supervision/accountability")
@staff_only("oversee")
def decide() -> Any:
    form = request.form
    try:
        token = forms.token(form)
        said = _said(form)
    except DomainError as error:
        return _page(error.problem, form), 409
    here, now = parts().store.database(HERE), stamp(parts().clock())
    kept = {
        "_id": PREFIX + token,
        "type": "accountability",
        "schema": 1,
        "created_at": now,
        "created_by": me().employee_no,
        "at": now,
        **said,
    }
    with suppress(Conflict):  # the same form, sent twice
        here.put(kept)
    return redirect(url_for("accountability.listed"), 303)


@blueprint.get("/supervision/accountability.xlsx")
@staff_only("oversee")
def table() -> Response:
    year = _year()
    rows = [
        (
            str(each["at"])[:10], person_of(each["staff"]), each["staff"], name_of(each["station"]), MEASURES[each["measure"]],
            GROUNDS[each["ground"]], each.get("reason", ""), person_of(each["decided_by"]),
        )
        for each in _of(year)
    ]  # fmt: skip
    answer = Response(export.as_xlsx(COLUMNS, rows), content_type=export.XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="bianmin-accountability-{year}.xlsx"'
    return answer


def ground(doc: Mapping[str, Any] | None) -> Problem | None:
    """Why nobody can be held to account for this; None if somebody can: for a card that was upheld, a complaint that was true, an
    inspection that found something."""
    kind = (doc or {}).get("type")
    if doc is not None and (
        (kind == "supervision_card" and doc.get("outcome") in ("upheld", "rectified"))
        or (kind == "complaint" and doc.get("upheld") is True)
        or (kind == "inspection" and doc.get("done_at") and doc.get("findings"))
    ):
        return None
    return Problem("no_ground", N_("依据须为已维持的监察牌、查实的投诉举报或者发现问题的检查"))


# -- what views share ----------------------------------------------------------------------------------------------------


def _because(key: str) -> dict[str, Any] | None:
    """What somebody is held to account for, if the reader may see it."""
    doc = logged(key)
    return doc if doc is not None and in_reach(str(doc["station"])) else None


def _said(form: Mapping[str, str]) -> dict[str, Any]:
    """What was decided; DomainError says what to mend."""
    doc = _because(form.get("because", ""))
    if (problem := ground(doc)) is not None:
        raise DomainError(problem)
    assert doc is not None
    staff, measure, reason = (
        forms.text(form, "staff", 40),
        form.get("measure", ""),
        forms.text(form, "reason", 500),
    )
    if parts().appointments.record(staff) is None:
        raise DomainError(Problem("no_such_staff", N_("没有这个工号，请核对")))
    if measure not in MEASURES:
        raise DomainError(Problem("no_measure", N_("请选择处理方式")))
    if not reason:
        raise DomainError(Problem("no_reason", N_("请写明决定的理由")))
    return {
        "because": [doc["key"]], "ground": doc["type"], "station": doc["station"], "staff": staff, "measure": measure, "reason": reason,
        "decided_by": me().employee_no,
    }  # fmt: skip


def _year() -> int:
    now = parts().clock().year
    year = request.args.get("year", now, type=int)
    return year if 2000 <= year <= now else now


def _of(year: int) -> list[dict[str, Any]]:
    """The year's, the newest first, of the reader's part of the city."""
    kept = starting(parts().store.database(HERE), PREFIX).values()
    found = [
        each for each in kept if str(each["at"]).startswith(f"{year}-") and in_reach(str(each["station"]))
    ]
    return sorted(found, key=lambda each: (str(each["at"]), str(each["_id"])), reverse=True)


def _page(problem: Problem | None, entered: Mapping[str, str]) -> str:
    year, because = _year(), entered.get("because", "")
    doc = _because(because) if because else None
    rows = _of(year)
    return render_template(
        "accountability.html", rows=rows, year=year, this_year=parts().clock().year, counts=Counter(each["measure"] for each in rows),
        measures=MEASURES, grounds=GROUNDS, names=name_of, people=person_of, problem=problem or (ground(doc) if because else None),
        because=doc if ground(doc) is None else None, entered=entered, form=entered.get("form") or new_form(),
    )  # fmt: skip
