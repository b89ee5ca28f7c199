"""The voice of citizens: suggestions from the box (nameless, if they like), complaints, reports and questions, each with its channel
and the day by which it is answered; and the answers.

Views only: what each must say and who may answer it is schemas.feedback. Whoever is complained of does not see by whom.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from schemas import feedback, posters
from schemas.lifecycle import limits
from schemas.lifecycle.clocks import Dues
from schemas.problems import N_, DomainError, Problem
from station import forms
from station.bulk import below
from station.casework import days_left
from station.forms import PHONE
from station.logbook import Document
from station.moment import stamp
from station.pages import PAGE, in_reach, logged, me, name_of, new_form, page_asked, window
from station.web import parts, reader, staff_only

blueprint = Blueprint("voice", __name__)

ANSWERED: Final = "answered"


@blueprint.get("/voice")
@staff_only("cases")
def listed() -> str:
    """What came in, the next to be answered first; and the form for more."""
    given = {name: request.args.get(name, "") for name in ("kind", "matter")}
    return _page({"form": new_form(), **given}, None)


@blueprint.post("/voice")
@staff_only("record")
def take_in() -> Any:
    form = request.form
    try:
        entered = said(form)
        parts().keeper.keep(window(), me(), "complaint", form["form"], lambda _txn, before: before or entered)
    except DomainError as error:
        return _page(form, error.problem), 422
    return redirect(url_for("voice.listed"), 303)


@blueprint.post("/voice/<key>/answer")
@staff_only("record")
def answer(key: str) -> Any:
    doc = _visible(key)
    text, upheld = (
        forms.text(request.form, "answer", 2000),
        {"1": True, "0": False}.get(request.form.get("upheld", "")),
    )

    def content(_txn: object, before: Document | None) -> Document:
        problem = feedback.answer_problem(before or doc, me().station, text, upheld)
        if problem is not None:
            raise DomainError(problem)
        now = stamp(parts().clock())
        found = {} if upheld is None else {"upheld": upheld, **({"upheld_at": now} if upheld else {})}
        return {**(before or doc), "state": ANSWERED, "answer": text, **found}

    try:
        parts().keeper.keep(key[1:13], me(), "complaint", str(doc["form"]), content)
    except DomainError as error:
        return _page({"form": new_form()}, error.problem), 409
    return redirect(url_for("voice.listed"), 303)


def said(form: Mapping[str, str]) -> dict[str, Any]:
    """The suggestion or complaint as entered; DomainError says what to mend."""
    forms.token(form)
    now = parts().clock()
    name, phone = forms.text(form, "name", forms.LONGEST), forms.text(form, "phone", 20).replace(" ", "")
    found: dict[str, Any] = {
        "kind": form.get("kind", ""), "channel": form.get("channel", ""), "content": forms.text(form, "content", 1000),
        "received_at": stamp(now), "state": "received",
    }  # fmt: skip
    if matter := form.get("matter", ""):
        found["matter"] = matter
    if name or phone:
        found["complainant"] = {"name": name or "匿名", "phone": phone}
    if form.get("confidential") == "1":
        found["confidential"] = True
    if against := form.get("against", ""):
        if against not in below(window()):
            raise DomainError(Problem("no_such_station", N_("请选择本站或所属的服务站")))
        found["against"] = {"station": against}
    if due := Dues(parts().almanac.calendar()).after(now.date(), limits.COMPLAINT):
        found["due"] = due.isoformat()
    if problem := feedback.voice_problem(found):
        raise DomainError(problem)
    if phone and not PHONE.fullmatch(phone):
        raise DomainError(Problem("phone_wrong", N_("请填写 11 位手机号，或带区号的座机号"), {}))
    return found


def _visible(key: str) -> dict[str, Any]:
    doc = logged(key)
    if doc is None or doc.get("type") != "complaint" or not in_reach(key[1:13]):
        abort(404)
    return doc


def _page(entered: Mapping[str, str], problem: Problem | None) -> str:
    register, codes, page = parts().register, below(window()), page_asked()
    register.catch_up()
    where, args = f"station IN ({','.join('?' * len(codes))}) AND type = 'complaint'", list(codes)
    rows = register.logbook.select(
        where, args, order="due IS NULL, due, at DESC, key", limit=PAGE, offset=(page - 1) * PAGE
    )
    today, calendar = parts().clock().date(), parts().almanac.calendar()
    shown = [
        {
            **_seen(each),
            "key": each["key"],
            "left": days_left(feedback.day(each.get("due")), today, calendar),
            "refusal": feedback.answer_problem(each, me().station, "x", True),
        }
        for each in rows
    ]
    return render_template(
        "voice.html", rows=shown, entered=entered, problem=problem, kinds=feedback.KINDS, channels=feedback.CHANNELS,
        matters=feedback.MATTERS, accuses=feedback.ACCUSES, phone=posters.COMPLAINTS, names=name_of, page=page, size=PAGE,
        places={code: name_of(code) for code in codes}, found=register.logbook.count(where, args), answered=ANSWERED,
        due_days=limits.COMPLAINT,
    )  # fmt: skip


def _seen(doc: Document) -> dict[str, Any]:
    """As the reader may see it. Who is complained of, and whoever is asked for discretion, sees no name."""
    from schemas import documents

    shown = documents.mask(doc, reader())
    against = doc.get("against")
    accused = isinstance(against, Mapping) and against.get("station") == me().station
    if doc.get("kind") in feedback.ACCUSES and (accused or doc.get("confidential")):
        shown.pop("complainant", None)
    return shown
