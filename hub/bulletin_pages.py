"""Pages of the office of bulletins (通报通知).

    GET  /bulletins                    drafts, and what was sent, each with how many have read it
    POST /bulletins                    begins a draft: of a period, or an empty one
    GET  /bulletins/drafts/<key>       the draft as a form, and what stands against signing it;  POST saves, /sign signs and sends, /drop throws away
    GET  /bulletins/<id>               what was sent, who has read it, and which of its figures are others by now

Views only.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for

from hub.bulletin_office import BulletinOffice, Draft
from hub.figures import METRICS, behind_it
from schemas import bulletins, tables
from schemas.bulletins import AUDIENCES, COUNTS, KINDS, MADE, SAID, Change
from schemas.problems import DomainError, Problem
from station.fact_rows import Part
from station.forms import text
from station.moment import read
from station.notices import RECEIPT, Notice
from station.pages import PAGE, me, name_of, page_asked, person_of
from station.web import parts, staff_only

blueprint = Blueprint("bulletins", __name__)

OFFICE: Final = "bianmin-bulletins"
FEW: Final = 50
"""Cases that are named as what made a difference."""
LABELS: Final = {**COUNTS, **SAID}


def office() -> BulletinOffice:
    found: BulletinOffice = current_app.extensions[OFFICE]
    return found


@blueprint.get("/bulletins")
@staff_only("announce")
def listed() -> str:
    return _listed()


@blueprint.post("/bulletins")
@staff_only("announce")
def begin() -> Any:
    try:
        key = office().begin(me(), text(request.form, "kind", 40), text(request.form, "period", 10))
    except DomainError as error:
        return _listed(error.problem), 409
    return redirect(url_for("bulletins.draft", key=key), 303)


@blueprint.get("/bulletins/drafts/<key>")
@staff_only("announce")
def draft(key: str) -> str:
    return _draft_page(_begun(key))


@blueprint.post("/bulletins/drafts/<key>")
@staff_only("announce")
def save(key: str) -> Any:
    """Keeps what was typed, whatever it is worth, and shows what stands against it."""
    found = _begun(key)
    try:
        office().save(me(), key, {**found.doc, **_typed()}, text(request.form, "rev", 100))
    except DomainError as error:
        return _draft_page(found._replace(doc={**found.doc, **_typed()}), error.problem), 409
    return redirect(url_for("bulletins.draft", key=key, saved=1), 303)


@blueprint.post("/bulletins/drafts/<key>/<action>")
@staff_only("announce")
def end(key: str, action: str) -> Any:
    """sign, or drop."""
    found, rev = _begun(key), text(request.form, "rev", 100)
    try:
        if action == "sign":
            return redirect(url_for("bulletins.sent", id=office().sign(me(), key, rev)), 303)
        if action != "drop":
            abort(404)
        office().drop(key, rev)
    except DomainError as error:
        return _draft_page(found, error.problem), 409
    return redirect(url_for("bulletins.listed"), 303)


@blueprint.get("/bulletins/<id>")
@staff_only("announce")
def sent(id: str) -> str:
    """`page`: of the units that have not read it yet."""
    notice, page = parts().notices.of(id) or abort(404), page_asked()
    parts().register.catch_up()
    read_by = _read_by(id)
    units = _units(notice)
    lacking = [each for each in units if each.code not in read_by]
    changes = office().changes(notice)
    return render_template(
        "bulletin.html", notice=notice, kinds=KINDS, to=_audience(notice), labels=LABELS, districts=_districts(), changes=changes,
        cases=_cases(notice, changes), rows=lacking[(page - 1) * PAGE : page * PAGE], found=len(lacking), page=page, size=PAGE, all=len(units),
        by_district=_by_district(units, read_by), names=name_of, people=person_of,
    )  # fmt: skip


# -- what views share ----------------------------------------------------------------------------------------------------


def _listed(problem: Problem | None = None) -> str:
    notices, page, today = parts().notices.all(), page_asked(), parts().clock().date()
    parts().register.catch_up()
    rows = notices[(page - 1) * PAGE : page * PAGE]
    return render_template(
        "bulletins.html", drafts=office().drafts(), rows=[(each, len(_read_by(each["_id"])), len(_units(each))) for each in rows], found=len(notices),
        page=page, size=PAGE, kinds=KINDS, made=MADE, people=person_of, problem=problem, to=_audience,
        periods={kind: bulletins.last(kind, today) for kind in MADE},
    )  # fmt: skip


def _begun(key: str) -> Draft:
    return office().draft(key) or abort(404)


def _typed() -> dict[str, Any]:
    audience = text(request.form, "audience", 10)
    known = audience in AUDIENCES or audience in _districts()
    return {
        "title": text(request.form, "title", bulletins.MOST_TITLE), "body": text(request.form, "body", bulletins.MOST_BODY),
        "audience": audience if known else "all", "needs_receipt": request.form.get("needs_receipt") == "1",
        "valid_to": text(request.form, "valid_to", 10),
    }  # fmt: skip


def _draft_page(found: Draft, problem: Problem | None = None) -> str:
    return render_template(
        "bulletin_draft.html", draft=found, doc=found.doc, problems=office().problems(found), problem=problem, saved="saved" in request.args,
        own=found.by == me().employee_no, kinds=KINDS, audiences=AUDIENCES, districts=_districts(), people=person_of, most=bulletins.MOST_BODY,
        most_title=bulletins.MOST_TITLE,
    )  # fmt: skip


def _districts() -> dict[str, str]:
    return {each.code[:6]: each.division_name for each in tables.districts()}


def _audience(notice: Notice) -> str:
    to = str(notice.get("audience", "all"))
    return AUDIENCES.get(to) or _districts().get(to, to)


def _units(notice: Notice) -> list[tables.Station]:
    to = str(notice.get("audience", "all"))
    return [each for each in tables.stations().values() if bulletins.addressed(to, each)]


def _read_by(id: str) -> set[str]:
    register = parts().register
    found = register.logbook.select("subject = ? AND type = ?", [id, RECEIPT], limit=len(tables.stations()))
    return {str(each["station"]) for each in found}


def _by_district(units: list[tables.Station], read_by: set[str]) -> list[tuple[str, int, int]]:
    """(district, units that have read it, units)."""
    found = []
    for code, name in _districts().items():
        mine = [each.code for each in units if each.district_code == code]
        if mine:
            found.append((name, sum(each in read_by for each in mine), len(mine)))
    return found


def _cases(notice: Notice, changes: list[Change]) -> dict[Change, tuple[list[str], list[str]]]:
    """Of each change the cases that are counted now and were not, and those that were and are not."""
    known = parts().register.moments.first(str(notice["as_of"])) if notice.get("as_of") else None
    days = bulletins.period(str(notice["kind"]), str(notice.get("period")))
    if known is None or days is None:
        return {}
    now, then, found = parts().register.facts, parts().register.facts.as_of(known.n), {}
    for change in changes:
        asked = behind_it(
            change.metric, days, Part(change.part), read(str(notice["as_of"])).date(), rest=False
        )
        if asked is not None and change.metric in METRICS:
            found[change] = now.unknown_to(then, *asked, FEW), then.unknown_to(now, *asked, FEW)
    return found
