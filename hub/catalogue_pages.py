"""Pages of the catalogue office: what there is to apply for, how it came to be so, drafts of what comes next, and who has it.

    list ─> item (its versions, each with what it changed) ─> draft ─ save and check ─> publish
                                                                 └─> thrown away

Views only, for people of the hub with the duty; what they do is hub.catalogue_office's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext

from hub import catalogue_form as form
from hub.catalogue_office import CatalogueOffice
from hub.drafting import Draft
from schemas import offers, posters, publishing, tables
from schemas.catalogue import Catalogue, InForce, Version
from schemas.documents.catalogue import CHANNELS, MODES, ZONES
from schemas.problems import N_, DomainError, Problem
from schemas.published import categories
from schemas.tables import Station
from station import reporting, words
from station.forms import text
from station.pages import PAGE, me, name_of, page_asked, person_of
from station.reporting import REPORT
from station.web import parts, staff_only

blueprint = Blueprint("catalogue", __name__)

OFFICE: Final = "bianmin-catalogue"
SOURCES: Final = {
    "applicant": N_("申请人提供"), "licence_library": N_("电子证照库"), "department_check": N_("部门核验"),
    "village_certificate": N_("村（社区）证明"),
}  # fmt: skip
BASES: Final = {"statute": N_("法律法规规定"), "default20": N_("许可法二十个工作日"), "none": N_("没有规定")}
LABELS: Final = {
    **publishing.DISCLOSURES, **publishing.GUIDE_FIELDS, "faq": N_("常见问题"), "legal_days": N_("法定时限"), "preconditions": N_("前置条件"), "runs": N_("到现场次数"),
    "online_depth": N_("网上办理深度"), "instant": N_("即办件"),
}  # fmt: skip


LISTS: Final = {
    "materials": N_("申报材料第 %(n)s 行"),
    "procedure": N_("办理程序第 %(n)s 行"),
    "faq": N_("常见问题第 %(n)s 行"),
}


class Told(NamedTuple):
    """A version as its page tells it. changes: (label, what stood before, what stands now) against the one before."""

    version: Version
    standing: str
    changes: list[tuple[str, list[str], list[str]]]
    by: tuple[str, str]


class Held(NamedTuple):
    """What a station said last of the catalogue: how many published versions count there, and when it said so."""

    station: Station
    versions: int
    at: str


def office() -> CatalogueOffice:
    return cast("CatalogueOffice", current_app.extensions[OFFICE])


@blueprint.get("/catalogue")
@staff_only("catalogue")
def listed() -> str:
    """`q`: words of a name or a code, `division`, `drafts=1`, `page`."""
    asked, division, page = request.args.get("q", "").strip(), request.args.get("division", ""), page_asked()
    book, drafts = parts().published.book(), office().drafts()
    found = [
        row for row in _rows(book, drafts)
        if (not asked or asked in row["name"] or asked == row["code"])
        and (not division or row["division"] == division)
        and (not request.args.get("drafts") or row["draft"])
    ]  # fmt: skip
    return render_template(
        "catalogue.html", rows=found[(page - 1) * PAGE : page * PAGE], found=len(found), page=page, size=PAGE, asked=asked,
        division=division, drafts=len(drafts), only=request.args.get("drafts", ""), places=_places(), published=_published(),
    )  # fmt: skip


@blueprint.post("/catalogue")
@staff_only("catalogue")
def begin_new() -> Any:
    """A draft of an item that there is not yet."""
    typed = {name: text(request.form, name, 200) for name in ("code", "name", "place")}
    level, _, division = typed["place"].partition(" ")
    try:
        office().begin_new(me(), typed["code"], typed["name"], level, division)
    except DomainError as error:
        return render_template(
            "catalogue_new.html", problem=error.problem, entered=typed, places=_places()
        ), 422
    return redirect(url_for("catalogue.draft", code=typed["code"]), 303)


@blueprint.get("/catalogue/new")
@staff_only("catalogue")
def new() -> str:
    return render_template("catalogue_new.html", problem=None, entered={}, places=_places())


@blueprint.get("/catalogue/stations")
@staff_only("catalogue")
def held() -> str:
    """Which station has which versions: those that lack some first. `page`."""
    register, here, page = parts().register, _published(), page_asked()
    register.catch_up()
    told = {
        each["station"]: each
        for each in register.logbook.select("type = ?", [REPORT], limit=len(tables.stations()))
    }
    rows = [
        Held(station, int(report.get("catalogue", 0)), str(report.get("at", "")))
        for code, station in tables.stations().items()
        if station.level in ("township", "village")
        for report in (told.get(code, {}),)
    ]
    rows.sort(key=lambda each: (each.versions >= here, each.versions, each.station.code))
    return render_template(
        "catalogue_held.html", rows=rows[(page - 1) * PAGE : page * PAGE], found=len(rows), page=page, size=PAGE, here=here,
        whole=sum(each.versions >= here for each in rows), names=name_of,
    )  # fmt: skip


@blueprint.get("/catalogue/<code>")
@staff_only("catalogue")
def item(code: str) -> str:
    versions = parts().published.book().versions(code)
    if not versions:
        abort(404)
    return render_template(
        "catalogue_item.html", item=versions[-1].item, told=_told(versions), draft=office().draft(code), people=person_of,
        published=request.args.get("published", ""), dropped="dropped" in request.args,
    )  # fmt: skip


@blueprint.post("/catalogue/<code>/draft/begin")
@staff_only("catalogue")
def begin(code: str) -> Any:
    if not parts().published.book().versions(code):
        abort(404)
    office().begin(me(), code)
    return redirect(url_for("catalogue.draft", code=code), 303)


@blueprint.get("/catalogue/<code>/draft")
@staff_only("catalogue")
def draft(code: str) -> str:
    return _draft_page(_begun(code))


@blueprint.get("/catalogue/<code>/draft/guide")
@staff_only("catalogue")
def guide(code: str) -> str:
    """What citizens would read, on A4 and touch-screen and below it on the web; what stands in the way of reading it at all, instead."""
    found = _begun(code)
    version, wrong = office().read(found.doc)
    shown = None if version is None else _shown(version)
    return render_template(
        "catalogue_guide.html",
        doc=found.doc,
        poster=shown,
        questions=version.faq if version else (),
        problems=wrong,
    )


@blueprint.post("/catalogue/<code>/draft")
@staff_only("catalogue")
def save(code: str) -> Any:
    """Keeps what was typed, whatever it is worth, and shows what stands against it."""
    found = _begun(code)
    doc = form.read(request.form, found.doc)
    try:
        office().save(me(), doc, text(request.form, "rev", 100))
    except DomainError as error:
        return _draft_page(found._replace(doc=doc), error.problem), 409
    return redirect(url_for("catalogue.draft", code=code, saved=1), 303)


@blueprint.post("/catalogue/<code>/publish")
@staff_only("catalogue")
def publish(code: str) -> Any:
    found = _begun(code)
    try:
        version = office().publish(me(), code, text(request.form, "rev", 100))
    except DomainError as error:
        return _draft_page(found, error.problem), 409
    return redirect(url_for("catalogue.item", code=code, published=version), 303)


@blueprint.post("/catalogue/<code>/draft/drop")
@staff_only("catalogue")
def drop(code: str) -> Any:
    found = _begun(code)
    try:
        office().drop(code, text(request.form, "rev", 100))
    except DomainError as error:
        return _draft_page(found, error.problem), 409
    if not parts().published.book().versions(code):
        return redirect(url_for("catalogue.listed"), 303)
    return redirect(url_for("catalogue.item", code=code, dropped=1), 303)


# -- what views share ------------------------------------------------------------------------------------------------


def _published() -> int:
    """How much there is for every station to have."""
    return reporting.held(parts().published, parts().almanac)


def _begun(code: str) -> Draft:
    """The draft of an item; 404 where none was begun."""
    return office().draft(code) or abort(404)


def _shown(version: Version) -> dict[str, Any] | None:
    """A version as its poster says it where the item is decided, as if it counted already; None where nobody offers it so."""
    of = parts().published.in_force()
    book, item = of.book.with_versions([version]), version.item
    near = (each for each in tables.stations().values() if each.level in ("township", "village"))
    own = (tables.stations().get(item.division_code.ljust(12, "0")), tables.station(tables.HUB))
    for station in (*own, *near):
        made = None if station is None else book.offer(item, station, of.day)
        if station is not None and made is not None and made.mode in offers.DECIDES:
            lines = posters.guide(item, made, station, of.day, book)
            return {"item": item, "station": station, "lines": lines, "complaints": posters.COMPLAINTS}
    return None


def _rows(book: Catalogue, drafts: Mapping[str, Draft]) -> list[dict[str, Any]]:
    """Every item, those with a draft first, those that are drafted for the first time before all."""
    of, found = InForce(book, parts().clock().date()), []
    for code, each in drafts.items():
        if not book.versions(code):
            found.append({"code": code, "name": each.doc["name"], "department": each.doc["department"], "division": each.doc["division_code"],
                          "now": None, "next": None, "draft": each})  # fmt: skip
    for code in book.codes():
        newest = book.versions(code)[-1].item
        found.append({"code": code, "name": newest.name, "department": newest.department, "division": newest.division_code,
                      "now": book.counting(code, of.day), "next": of.upcoming(code), "draft": drafts.get(code)})  # fmt: skip
    return sorted(found, key=lambda row: row["draft"] is None)


def _places() -> list[tuple[str, str]]:
    """("<level> <division>", as it is called) of the choice for a new item."""
    return [(f"{level} {division}", _place(level, division)) for level, division in office().places()]


def _place(level: str, division: str) -> str:
    names = {each.code[:6]: each.division_name for each in tables.districts()}
    kinds = {"city": N_("市级"), "township": N_("乡镇（街道）"), "village": N_("村（社区）")}
    return names.get(division) or kinds.get(level, division)


def _told(versions: tuple[Version, ...]) -> list[Told]:
    """The newest first."""
    of, found = parts().published.in_force(), []
    counts = of.book.counting(versions[-1].item.item_code, of.day)
    for n, each in enumerate(versions):
        later = each.effective_from is not None and each.effective_from > of.day
        standing = "later" if later else "gone" if each.withdrawn else "now" if each is counts else "past"
        changes = _changes(versions[n - 1], office().document(each)) if n else []
        found.append(Told(each, standing, changes, office().signed(each)))
    return found[::-1]


def _changes(before: Version, doc: Mapping[str, Any]) -> list[tuple[str, list[str], list[str]]]:
    """What a document says otherwise than a version: (label, what stood before, what stands now)."""
    found = publishing.version_changes(office().document(before), doc)
    return [(LABELS[each.field], _lines(each.before), _lines(each.after)) for each in found]


def _lines(value: object) -> list[str]:
    """A field's value as lines to read."""
    if isinstance(value, list):
        return [_line(each) for each in value]
    if isinstance(value, bool):
        return [N_("是") if value else N_("否")]
    return [str(value)] if value not in (None, "") else []


def _line(value: object) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    if "question" in value:
        return f"{value['question']} {value.get('answer', '')}"
    if "step" in value:
        return f"{value['step']}（{value.get('role', '')}，{value.get('days', '')}{gettext('个工作日')}）"
    kind, must = (
        words.form(str(value.get("form", ""))),
        gettext("必交") if value.get("required") else gettext("有则提供"),
    )
    basis = f"，{value['legal_basis']}" if value.get("legal_basis") else ""
    return f"{value.get('name', '')}（{kind} × {value.get('copies', '')}，{must}{basis}）"


def _draft_page(found: Draft, refused: Problem | None = None) -> str:
    doc = found.doc
    known = parts().published.book().versions(doc["code"])
    return render_template(
        "catalogue_draft.html", doc=doc, draft=found, refused=refused, problems=[(each, _row_of(each)) for each in office().problems(doc)],
        changes=_changes(known[-1], doc) if known else [],
        steps=form.rows(doc["procedure"]), lines=form.rows(doc["materials"]), asked=form.rows(doc.get("faq", ())), lists=LISTS, saved="saved" in request.args, own=found.by == me().employee_no,
        categories=categories(), options=_options(), place=_place(doc["level"], doc["division_code"]),
        people=person_of, known=bool(known), most=form.TEXTS,
    )  # fmt: skip


def _options() -> dict[str, list[tuple[str, str]]]:
    """What may be chosen, (value, as it is called)."""
    return {
        "forms": [(value, words.form(value)) for value in words.FORMS],
        "sources": [(value, gettext(SOURCES[value])) for value in CHANNELS],
        "modes": [(value, words.mode(value)) for value in MODES],
        "bases": [(value, gettext(name)) for value, name in BASES.items()],
        "zones": [(value, words.zone(value)) for value in ZONES],
        "certificates": [
            (f"cert:{each.cert_code}", each.name)
            for each in parts().published.in_force().certificates()
            if each.status == "retained"
        ],
    }


def _row_of(problem: Problem) -> tuple[str, int] | None:
    """(which of LISTS, which row) that a problem of shape is about."""
    name, _, rest = str(problem.params.get("field", "")).partition(".")
    row = rest.partition(".")[0]
    return (name, int(row) + 1) if name in LISTS and row.isdecimal() else None
