"""The pages on which a clerk enters a paper ledger: an empty sheet to download, a file to send, what is wrong with it row by row,
and how its entering goes. Views only; the work is station.paper_imports'.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from schemas import offers, tables
from schemas.problems import N_, DomainError, Problem
from station import forms, paper_sheet
from station.export import XLSX
from station.pages import me, window
from station.paper_imports import Import
from station.personal import download, note
from station.web import parts, say, staff_only

blueprint = Blueprint("paper", __name__)

SHOWN: Final = 200
"""Wrong rows on the page; all of them are in the file."""


@blueprint.get("/paper")
@staff_only("record")
def page() -> str:
    return _page()


@blueprint.get("/paper/template")
@staff_only("record")
def template() -> Any:
    listed = [
        (item.item_code, item.name)
        for item, offer in parts().published.in_force().offers(tables.station(window()))
        if offer.mode in offers.OPENS_CASES
    ]
    return download(Response(paper_sheet.template(listed), content_type=XLSX), "ledger.xlsx")


@blueprint.post("/paper")
@staff_only("record")
def send() -> Any:
    """Judges the file that came; nothing of it is entered yet."""
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise DomainError(Problem("no_file", N_("请选择要导入的 xlsx 文件"), {}))
        if request.form.get("vouched") != "1":
            raise DomainError(
                Problem("not_vouched", N_("请先核对并勾选：必交材料已收齐，已告知个人信息的用途"), {})
            )
        name = forms.text({"name": file.filename}, "name", 100)
        data = file.stream.read(paper_sheet.MOST_BYTES + 1)
        id = parts().paper_imports.check(me(), name, data, say)
    except DomainError as error:
        return _page(problem=say(error.problem)), 422
    return redirect(url_for("paper.one", id=id), 303)


@blueprint.get("/paper/<id>")
@staff_only("record")
def one(id: str) -> Any:
    """How far it has come; looks again by itself while it goes on."""
    found = _mine(id)
    shown = make_response(render_template("paper_import.html", each=found, shown=SHOWN))
    if found.stage == "going":
        shown.headers["Refresh"] = "3"
    return shown


@blueprint.post("/paper/<id>/confirm")
@staff_only("record")
def confirm(id: str) -> Any:
    _mine(id)
    parts().paper_imports.confirm(id, me().employee_no)
    return redirect(url_for("paper.one", id=id), 303)


@blueprint.post("/paper/<id>/drop")
@staff_only("record")
def drop(id: str) -> Any:
    _mine(id)
    parts().paper_imports.drop(id, me().employee_no)
    return redirect(url_for("paper.page"), 303)


@blueprint.post("/paper/<id>/refused")
@staff_only("record")
def refused(id: str) -> Any:
    """The wrong rows as they came, with what is wrong."""
    found = _mine(id)
    note("list", reason=gettext("台账中没有导入的 {n} 行").format(n=len(found.wrong)))
    return download(Response(parts().paper_imports.refused(id), content_type=XLSX), "ledger-refused.xlsx")


def _mine(id: str) -> Import:
    found = parts().paper_imports.get(id, me().employee_no)
    if found is None:
        abort(404)
    return found


def _page(problem: str = "") -> str:
    return render_template(
        "paper_imports.html", problem=problem, all=parts().paper_imports.all(me().employee_no),
        most=paper_sheet.MOST_ROWS, columns=paper_sheet.COLUMNS,
    )  # fmt: skip
