"""Pages on which personal data is opened or taken away: one case in full, a list as a file, all that is held of a person.

Each is asked for by POST, so that no address, history or referrer holds a number, and each is in the access log, on the
disk, before anything is shown. Who may, is station.duties; what is held, station.person; how a file is made, station.export.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext

from schemas import numbers, tables
from schemas.problems import N_, DomainError, Problem
from station import export, forms, pages, person, reasons, words
from station.access import Act
from station.moment import stamp
from station.pages import me
from station.register import id_digest
from station.web import POLICY, parts, staff_only
from sync.blobs import Spooled

blueprint = Blueprint("personal", __name__)

COLUMNS = (
    N_("办件编号"), N_("申请人"), N_("事项"), N_("状态"), N_("结果"), N_("收件"), N_("受理"), N_("决定"), N_("期限"),
    N_("登记单位"), N_("经办单位"),
)  # fmt: skip


def note(act: Act, *, case_no: str = "", subject: str = "", reason: str = "", durable: bool = True) -> None:
    """A line in the access log about whoever sent this request."""
    parts().access.note(
        act,
        me(),
        case_no=case_no,
        person=subject,
        reason=reason,
        address=request.remote_addr or "",
        durable=durable,
    )


def asked_reason(among: Mapping[str, str]) -> str:
    """The reason that came with this form; DomainError without one."""
    typed = forms.text(request.form, "reason", reasons.LONGEST + 1)
    return reasons.given(request.form.get("why", ""), typed, dict(among))


# -- one case in full ------------------------------------------------------------------------------------------------


@blueprint.post("/full/<case_no>")
@staff_only("full")
def full(case_no: str) -> Any:
    """This one view with all numbers; the next one is masked again."""
    pages.visible(case_no)
    try:
        reason = asked_reason(reasons.FULL)
    except DomainError as error:
        return pages.case_page(case_no, problem=error.problem), 422
    note("full", case_no=case_no, reason=reason)
    return pages.case_page(case_no, full=True)


# -- a list as a file ------------------------------------------------------------------------------------------------


@blueprint.post("/cases/export")
@staff_only("export")
def export_cases() -> Any:
    """One of the window's lists."""
    name = request.args.get("list", "open")
    if name not in pages.LISTS:
        abort(404)
    return exported(gettext(pages.LISTS[name]), *pages.condition(name))


def exported(called: str, where: str, args: list[Any]) -> Response:
    """The cases of a list as csv or xlsx, names and numbers masked; logged. `where`: as in Register.select."""
    register = parts().register
    register.catch_up()
    found = register.count(where, args)
    if found > export.MOST_ROWS:
        raise DomainError(
            Problem(
                "export_large",
                N_("清单有 {n} 件，一次最多导出 {max} 件，请缩小范围"),
                {"n": found, "max": export.MOST_ROWS},
            )
        )
    rows = register.select(where, args, order="due NULLS LAST, case_no", limit=export.MOST_ROWS)
    note("list", reason=gettext("{name}，{n} 件").format(name=called, n=len(rows)))
    return table("cases", [gettext(each) for each in COLUMNS], map(_line, rows))


def _line(row: Mapping[str, Any]) -> list[export.Cell]:
    origin, current = tables.stations().get(row["origin"]), tables.stations().get(row["current"])
    return [
        row["case_no"], numbers.mask_name(row["applicant"]), numbers.mask_numbers(row["item_name"]), words.state(row["state"]),
        words.result(row["result"]) if row["result"] else "", *(_moment(row[each]) for each in ("received_at", "accepted_at")),
        _moment(row["decided_at"]), row["due"] or "", origin.name if origin else row["origin"],
        current.name if current else row["current"],
    ]  # fmt: skip


def _moment(value: str | None) -> str:
    return (value or "")[:16].replace("T", " ")


def table(name: str, header: list[str], rows: Iterable[list[export.Cell]]) -> Response:
    """Rows as the kind of file that the form asked for; any other kind is refused."""
    kind = request.form.get("as", "xlsx")
    if kind not in ("csv", "xlsx"):
        abort(400)
    made = export.as_csv(header, rows) if kind == "csv" else export.as_xlsx(header, rows)
    return download(
        Response(made, content_type=export.CSV if kind == "csv" else export.XLSX), f"{name}.{kind}"
    )


def download(response: Response, name: str) -> Response:
    """To be saved and not opened here; the name tells the day and no person."""
    stem, _, suffix = name.rpartition(".")
    day: date = parts().clock().date()
    response.headers["Content-Disposition"] = f'attachment; filename="{stem}-{day.isoformat()}.{suffix}"'
    response.headers["Content-Security-Policy"] = f"{POLICY}; sandbox"
    return response


# -- all that is held of a person ------------------------------------------------------------------------------------


@blueprint.get("/person")
@staff_only("person")
def ask_person() -> str:
    return _person_page()


@blueprint.post("/person")
@staff_only("person")
def show_person() -> Any:
    """Everything here about the person with this number."""
    found = _asked_person("person")
    return _person_page(found), 422 if isinstance(found, Problem) else 200


@blueprint.post("/person/copy")
@staff_only("person")
def copy_person() -> Any:
    """The same as a file for the person to take along."""
    held = _asked_person("copy")
    if isinstance(held, Problem):
        return _person_page(held), 422
    made = Spooled(person.zipped(held, gettext))
    return download(Response(made.pieces(), content_type="application/zip"), "person.zip")


def _asked_person(act: Act) -> person.Held | Problem:
    _, id_no, problem = forms.identity(forms.text(request.form, "id_no", 30).upper().replace(" ", ""))
    if problem is not None:
        return problem
    try:
        reason = asked_reason(reasons.PERSON)
    except DomainError as error:
        return error.problem
    note(act, subject=id_digest(id_no), reason=reason)
    return person.gather(
        id_no, stamp(parts().clock()), parts().here.name, parts().store, parts().register,
        parts().access, lambda state: parts().house.may_see(me(), state),
        card if (card := parts().cards.of(id_no)) and card["station"] == pages.window() else None,
    )  # fmt: skip


def _person_page(found: person.Held | Problem | None = None) -> str:
    return render_template(
        "person.html", held=found if isinstance(found, person.Held) else None, form=request.form,
        problem=found if isinstance(found, Problem) else None, reasons=reasons.PERSON, names=pages.name_of,
    )  # fmt: skip
