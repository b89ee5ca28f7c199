"""Pages of the monthly sample (办件抽查): locked, drawn, drawn again by whoever looks, a result for each case. Views only."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for

from hub.sampling import RESULTS, Sample, Sampling
from schemas import bulletins, tables
from schemas.problems import DomainError, Problem
from station import forms, pages
from station.pages import me, person_of
from station.web import parts, staff_only

blueprint = Blueprint("sampling", __name__)

SERVICE: Final = "bianmin-sampling"


def service() -> Sampling:
    found: Sampling = current_app.extensions[SERVICE]
    return found


@blueprint.get("/supervision/samples")
@staff_only("oversee")
def listed() -> str:
    return _listed()


@blueprint.post("/supervision/samples")
@staff_only("oversee")
def lock() -> Any:
    size = forms.text(request.form, "size", 3)
    try:
        name = service().lock(
            me(), forms.text(request.form, "month", 7), _district(), int(size) if size.isascii() and size.isdecimal() else 0,
            forms.text(request.form, "rule", 200),
        )  # fmt: skip
    except DomainError as error:
        return _listed(error.problem), 409
    return redirect(url_for("sampling.one", name=name), 303)


@blueprint.get("/supervision/samples/<name>")
@staff_only("oversee")
def one(name: str) -> str:
    return _page(_mine(name))


@blueprint.post("/supervision/samples/<name>")
@staff_only("oversee")
def draw(name: str) -> Any:
    return _done(name, lambda: service().draw(me(), name, forms.text(request.form, "seed", 100)))


@blueprint.post("/supervision/samples/<name>/<case_no>")
@staff_only("oversee")
def judge(name: str, case_no: str) -> Any:
    result, note = request.form.get("result", ""), forms.text(request.form, "note", 500)
    return _done(name, lambda: service().judge(me(), name, case_no, result, note))


# -- what views share ----------------------------------------------------------------------------------------------------


def _done(name: str, what: Any) -> Any:
    sample = _mine(name)
    try:
        what()
    except DomainError as error:
        return _page(sample, error.problem), 409
    return redirect(url_for("sampling.one", name=name), 303)


def _district() -> str:
    own = tables.station(me().station)
    return own.district_code if own.level == "district" else ""


def _mine(name: str) -> Sample:
    sample = service().of(name)
    if sample is None or _district() not in ("", sample["district"]):
        abort(404)
    return sample


def _listed(problem: Problem | None = None) -> str:
    rows = [each for each in service().all() if _district() in ("", each["district"])]
    return render_template(
        "samples.html", rows=rows, problem=problem, month=bulletins.last("monthly_bulletin", parts().clock().date()), entered=request.form,
        districts={each.code[:6]: each.division_name for each in tables.districts()}, people=person_of,
    )  # fmt: skip


def _page(sample: Sample, problem: Problem | None = None) -> str:
    register, numbers = parts().register, list(sample.get("sample", ()))
    register.catch_up()
    return render_template(
        "sample.html", sample=sample, name=str(sample["_id"]).partition(":")[2], again=service().again(sample) if numbers else None, results=RESULTS,
        rows=pages.dressed(register.of(numbers)) if numbers else [], counts=Counter(each["result"] for each in sample["results"].values()),
        problem=problem, people=person_of, districts={each.code[:6]: each.division_name for each in tables.districts()},
    )  # fmt: skip
