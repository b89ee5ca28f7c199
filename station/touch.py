"""The touch-screen (电子触摸屏) in the hall: find an item and read its guide, ask how a case stands, leave a suggestion.

    first ─┬─ items ─ item (the eight disclosures)      without a touch for station.screens.IDLE seconds: first, and nothing
           ├─ query                                      of the citizen before is left
           └─ voice

Views only, for a browser that station.screens keeps to them: no name of staff, no case but of who has its number and code.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, abort, render_template, request, url_for

from schemas import finding, posters
from schemas.problems import N_, DomainError, Problem
from station import forms, query, voice
from station.attempts import Pace
from station.pages import new_form
from station.screens import IDLE, forget, go, public, station
from station.staff import Staff
from station.web import on_screen, parts

blueprint = Blueprint("touch", __name__, url_prefix="/touch")

SHOWN: Final = 24  # items of an answer; who sees so many asks again with more words
# A hall has many visitors; a child that presses the same button all afternoon is slowed.
PACE: Final = Pace(20, timedelta(minutes=15), timedelta(hours=1))


@blueprint.get("")
@public
def first() -> Any:
    """`anew`: somebody has left."""
    if "anew" in request.args and on_screen():
        return forget(go(url_for("touch.first")))
    return _page("touch.html")


@blueprint.get("/items")
@public
def items() -> str:
    asked, here = request.args.get("q", "").strip(), station()
    of = parts().published.in_force()
    hits = finding.find(asked, here, of) if asked else ()
    return _page(
        "touch_items.html", asked=asked, hits=hits[:SHOWN], found=len(hits),
        question=finding.question(hits, here, of) if asked else None, near=() if hits or not asked else finding.nearest(asked, here, of),
        questions=() if asked else finding.questions(here, of), kinds=() if hits else finding.kinds(here, of),
    )  # fmt: skip


@blueprint.get("/items/<code>")
@public
def item(code: str) -> str:
    of, here = parts().published.in_force(), station()
    offered = of.offered(code, here)
    if offered is None:
        abort(404)
    found, offer = offered
    lines = posters.guide(found, offer, here, of.day, of.book)
    return _page(
        "touch_item.html",
        item=found,
        offer=offer,
        poster={"lines": lines},
        questions=posters.questions(found, of.book),
        question=finding.question_of(found, here, of),
    )


@blueprint.get("/query")
@public
def ask() -> str:
    return _page("touch_query.html", **query.told(None))


@blueprint.post("/query")
@public
def answer() -> Any:
    typed, code = forms.text(request.form, "case_no", 60), forms.text(request.form, "code", 10)
    try:
        return _page("touch_query.html", **query.told(query.whose(typed, code)))
    except DomainError as error:
        return _page("touch_query.html", **query.told(error.problem, typed)), 422


@blueprint.get("/voice")
@public
def suggest() -> str:
    return _page("touch_voice.html", form=new_form(), problem=None, done="done" in request.args)


@blueprint.post("/voice")
@public
def suggested() -> Any:
    """Into the suggestion box, nameless if they like. Complaints are for the telephone: whoever stands in the hall may be overheard,
    and the clerk who is complained of stands beside."""
    fields = {name: request.form.get(name, "") for name in ("form", "content", "name", "phone")}
    here, nobody = station(), Staff("", "", station().code, frozenset({"applicant"}))
    try:
        said = voice.said({**fields, "kind": "suggestion", "channel": "box"})
        if wait := parts().accounts.attempts.count(f"suggestion from {request.remote_addr}", PACE):
            raise DomainError(
                Problem("voice_wait", N_("提交次数太多，请 {seconds} 秒后再试"), {"seconds": wait})
            )
        parts().keeper.keep(
            here.code, nobody, "complaint", fields["form"], lambda _txn, before: before or said
        )
    except DomainError as error:
        return _page("touch_voice.html", problem=error.problem, **fields), 422
    return go(url_for("touch.suggest", done=1))


def _page(template: str, **given: Any) -> str:
    return render_template(
        template,
        station=station(),
        complaints=posters.COMPLAINTS,
        idle=IDLE,
        on_screen=bool(on_screen()),
        **given,
    )
