"""Village certificates (村（社区）证明): the thirteen that were retained, found, given out with two checkers, and printed. One that
was abolished is refused with the reason and what takes its place.

Views and the writing of one document. Which certificates there are, which may be given out and what each must say is
schemas.publishing on the list in force, shipped and as the hub has published since; only villages have these pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from schemas import feedback, papers, publishing, tables
from schemas.problems import N_, DomainError, Problem
from schemas.tables import Certificate
from station import forms
from station.databases import logged_as
from station.forms import FORM_TOKEN
from station.moment import stamp
from station.numbering import next_document_no
from station.pages import PAGE, me, name_of, new_form, person_of, window
from station.web import parts, reader, staff_only
from sync.ledger import LedgerTxn

blueprint = Blueprint("village_certificates", __name__)

WORD: Final = "证"
FOUND: Final = 20
"""Certificates that a search lists."""


@blueprint.get("/certificates")
@staff_only("record")
def listed() -> str:
    """The retained ones, what was searched for among all, and what this village gave out last."""
    from schemas import documents

    asked = request.args.get("q", "").strip()
    of = parts().published.in_force()
    everything = of.certificates()
    found = [each for each in everything if asked and asked in each.name][:FOUND]
    register = parts().register
    register.catch_up()
    rows = register.logbook.select(
        "station = ? AND type = 'certificate_issue'", (window(),), order="at DESC, key", limit=PAGE
    )
    issued = [{**documents.mask(each, reader()), "form": each["form"]} for each in rows]
    return render_template(
        "certificates.html", asked=asked, found=found, issued=issued, named=_named(),
        retained=[each for each in everything if each.status == "retained"], refusal=_refusal,
        ends={each.cert_code: each for each in of.book.certificates() if each.status == "abolished" and each.effective_from > of.day},
    )  # fmt: skip


@blueprint.get("/certificates/<cert_code>")
@staff_only("record")
def ask(cert_code: str) -> Any:
    return _form(_certificate(cert_code), {"form": new_form()}, None)


@blueprint.post("/certificates/<cert_code>")
@staff_only("record")
def issue(cert_code: str) -> Any:
    found, entered = _certificate(cert_code), request.form
    try:
        said = _said(found, entered)
        parts().keeper.keep(
            window(), me(), "certificate_issue", entered["form"],
            lambda txn, before: before or {**said, "number": _number(txn)},
        )  # fmt: skip
    except DomainError as error:
        return _form(found, entered, error.problem), 422
    return redirect(url_for("village_certificates.printed", form=entered["form"]), 303)


@blueprint.get("/certificates/issued/<form>")
@staff_only("record")
def printed(form: str) -> str:
    """One that was given out, on A4."""
    from schemas import documents

    register = parts().register
    register.catch_up()
    doc = register.logbook.get(logged_as(window(), form)) if FORM_TOKEN.fullmatch(form) else None
    if doc is None or doc.get("type") != "certificate_issue":
        abort(404)
    parts().access.note("paper", me(), case_no=str(doc.get("number", "")), address=request.remote_addr or "")
    found = _named().get(str(doc.get("certificate")))
    return render_template(
        "certificate.html",
        doc=documents.mask(doc, reader()),
        found=found,
        office=name_of(window()),
        people=person_of,
        chinese=papers.chinese,
        issued_at=feedback.day(doc.get("issued_at")),
        valid_to=feedback.day(doc.get("valid_to")),
    )


def _said(found: Certificate, entered: Mapping[str, str]) -> dict[str, Any]:
    """What the certificate says; DomainError says what to mend."""
    now = parts().clock()
    forms.token(entered)
    if refused := _refusal(found):
        raise DomainError(refused)
    said = {
        "certificate": f"cert:{found.cert_code}",
        "holder": forms.text(entered, "name", forms.LONGEST),
        "facts": forms.text(entered, "facts", 1000),
        "checker": me().employee_no,
        "second_checker": forms.text(entered, "second_checker", 40),
        "issued_at": stamp(now),
        "valid_to": (now.date() + timedelta(days=found.validity_days or 0)).isoformat(),
    }
    if problem := publishing.issued_problem(said) or _stranger(said["second_checker"]):
        raise DomainError(problem)
    _, said["holder_id_no"], wrong = forms.identity(forms.text(entered, "id_no", 30).upper().replace(" ", ""))
    if wrong is not None:
        raise DomainError(wrong)
    return said


def _refusal(found: Certificate) -> Problem | None:
    """Why it may not be given out here and now."""
    of = parts().published.in_force()
    problem = publishing.issue_problem(found.cert_code, of.day, of.book.certificates())
    if problem is None and found.status != "retained":
        problem = Problem("certificate_not_listed", N_("“{name}”未列入村（社区）证明保留清单，不得出具或者要求提供"),
                          {"name": found.name})  # fmt: skip
    return problem


def _stranger(number: str) -> Problem | None:
    """Who checks as well works at this village or at its township."""
    found = parts().appointments.staff(number)
    near = (window(), *tables.ancestors(window())[:1])
    if found is None or found.station not in near:
        text = N_("工号“{number}”不是本站或上级便民服务中心的在岗人员，不能复核")
        return Problem("checker_unknown", text, {"number": number})
    return None


def _number(txn: LedgerTxn) -> str:
    return next_document_no(txn, parts().register, WORD, window(), parts().clock().year)


def _certificate(cert_code: str) -> Certificate:
    of = parts().published.in_force()
    found = next((each for each in of.certificates() if each.cert_code == cert_code), None)
    if found is None:
        abort(404)
    return found


def _named() -> dict[str, Certificate]:
    """By what papers name them; of several entries the newest: the name of what was given out stays known."""
    return {f"cert:{each.cert_code}": each for each in parts().published.book().certificates()}


def _form(found: Certificate, entered: Mapping[str, str], problem: Problem | None) -> str:
    return render_template(
        "certificate_new.html", found=found, entered=entered, problem=problem, refused=_refusal(found)
    )
