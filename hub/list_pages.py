"""Pages of the lists that the catalogue office keeps besides the items: what counts, drafts of what is to count, and their publishing.

    GET  /catalogue/<list>                  what counts, and the drafts
    POST /catalogue/<list>                  begin a draft: of what is there (`key`), or of something new
    GET  /catalogue/<list>/<key>            a draft with what stands against it and what it changes
    POST /catalogue/<list>/<key>            keep it
    POST /catalogue/<list>/<key>/publish    by a second person
    POST /catalogue/<list>/<key>/drop

Views only, the same for every list, for people of the hub with the duty; what they do is hub.list_office's and its kinds'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for

from hub import list_forms
from hub.days import Days
from hub.drafting import Draft
from hub.list_kinds import Certificates, Services, Transfers
from hub.list_office import Kind, Known, ListOffice
from schemas.problems import DomainError, Problem
from station.app import Parts
from station.forms import text
from station.pages import PAGE, me, page_asked, person_of
from station.web import parts, staff_only

blueprint = Blueprint("lists", __name__)

OFFICES: Final = "bianmin-lists"
KINDS: Final[tuple[Kind, ...]] = (Days(), Transfers(), Services(), Certificates())
MOST_FILE: Final = 1_000_000
"""Bytes of a file that is read into a field."""


def install(app: Flask, parts: Parts) -> None:
    """The offices of all lists, for the pages of this application."""

    def known() -> Known:
        return Known(parts.published.book(), parts.almanac.calendar(), parts.clock().date())

    app.jinja_env.globals["catalogue_lists"] = [(kind.name, kind.title) for kind in KINDS]
    app.extensions[OFFICES] = {
        kind.name: ListOffice(kind, parts.store, known, parts.identity, parts.clock, parts.here.code)
        for kind in KINDS
    }


def office(name: str) -> ListOffice:
    return cast("dict[str, ListOffice]", current_app.extensions[OFFICES])[name]


def _view(method: str, path: str, endpoint: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view of every list: each has its own address, so that a code of an item can't be taken for one."""

    def add(view: Callable[..., Any]) -> Callable[..., Any]:
        guarded = staff_only("catalogue")(view)
        for kind in KINDS:
            blueprint.add_url_rule(
                f"/catalogue/{kind.name}{path}", endpoint, guarded, methods=[method], defaults={"name": kind.name}
            )  # fmt: skip
        return guarded

    return add


@_view("GET", "", "listed")
def listed(name: str) -> str:
    return _list_page(office(name), None)


@_view("POST", "", "begin")
def begin(name: str) -> Any:
    try:
        key = office(name).begin(me(), request.form)
    except DomainError as error:
        return _list_page(office(name), error.problem), 422
    return redirect(url_for("lists.draft", name=name, key=key), 303)


@_view("GET", "/<key>", "draft")
def draft(name: str, key: str) -> str:
    return _draft_page(office(name), key, _begun(name, key))


@_view("POST", "/<key>", "save")
def save(name: str, key: str) -> Any:
    """Keeps what was typed, whatever it is worth, and shows what stands against it."""
    of, found = office(name), _begun(name, key)
    doc = list_forms.read(of.kind.fields, request.form, _files(), found.doc)
    try:
        of.drafts.save(me(), key, doc, text(request.form, "rev", 100))
    except DomainError as error:
        return _draft_page(of, key, found._replace(doc=doc), error.problem), 409
    return redirect(url_for("lists.draft", name=name, key=key, saved=1), 303)


@_view("POST", "/<key>/publish", "publish")
def publish(name: str, key: str) -> Any:
    of, found = office(name), _begun(name, key)
    title = of.kind.heading(found.doc, of.known())
    try:
        of.publish(me(), key, text(request.form, "rev", 100))
    except DomainError as error:
        return _draft_page(of, key, found, error.problem), 409
    return redirect(url_for("lists.listed", name=name, published=title), 303)


@_view("POST", "/<key>/drop", "drop")
def drop(name: str, key: str) -> Any:
    of, found = office(name), _begun(name, key)
    try:
        of.drafts.drop(key, text(request.form, "rev", 100))
    except DomainError as error:
        return _draft_page(of, key, found, error.problem), 409
    return redirect(url_for("lists.listed", name=name, dropped=1), 303)


# -- what views share ------------------------------------------------------------------------------------------------


def _begun(name: str, key: str) -> Draft:
    """A draft; 404 where none was begun."""
    return office(name).drafts.of(key) or abort(404)


def _files() -> Mapping[str, str]:
    """The texts of the files that were chosen, as they came: UTF-8, or what a Chinese spreadsheet writes."""
    found = {}
    for name, file in request.files.items():
        data = file.read(MOST_FILE)
        if file.filename and data:
            try:
                found[name] = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                found[name] = data.decode("gb18030", "replace")
    return found


def _list_page(of: ListOffice, problem: Problem | None) -> str:
    known, page = of.known(), page_asked()
    shown = of.kind.listing(request.args, known)
    drafts = [(key, of.kind.heading(each.doc, known), each) for key, each in of.drafts.all().items()]
    return render_template(
        f"catalogue_{of.kind.name}.html", kind=of.kind, rows=shown.rows[(page - 1) * PAGE : page * PAGE], found=len(shown.rows), page=page,
        size=PAGE, drafts=drafts, problem=problem, entered=request.form if problem else {}, people=person_of,
        published=request.args.get("published", ""), dropped="dropped" in request.args, today=known.today, **shown.more,
    )  # fmt: skip


def _draft_page(of: ListOffice, key: str, found: Draft, refused: Problem | None = None) -> str:
    known = of.known()
    return render_template(
        "catalogue_list_draft.html", kind=of.kind, key=key, draft=found, heading=of.kind.heading(found.doc, known), refused=refused,
        problems=of.problems(found.doc), changes=of.kind.changes(found.doc, known), values=list_forms.values(of.kind.fields, found.doc),
        saved="saved" in request.args, own=found.by == me().employee_no, people=person_of, cases=_cases(of, found),
    )  # fmt: skip


def _cases(of: ListOffice, found: Draft) -> int | None:
    """Of how many open cases the day by which they are due may change; None where a list moves none."""
    if not isinstance(of.kind, Days):
        return None
    changed = of.kind.changed(found.doc, of.known())
    if not changed:
        return 0
    register = parts().register
    register.catch_up()
    return register.count("final = 0 AND (due IS NULL OR due >= ?)", [changed[0].day.isoformat()])
