"""Applications from home (网上申请): the city's items for everybody to read, and an application that a window pre-reviews.

    find ─> guide ─> form ─> submitted: number and query code ─> pre-review passed, or returned ─> mended and sent again

    no account: whoever has a case's number and code may mend it, and nobody else learns anything of it

Views only, open to everybody: what an item asks for is the catalogue's, what may be done with a case schemas.lifecycle's. From one address
so many applications go, and then slower; a wrong number and a wrong code get one answer (station.query). No name of staff is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, abort, render_template, request

from schemas import finding, offers, posters, tables
from schemas.catalogue import InForce
from schemas.offers import Offer
from schemas.problems import N_, DomainError, Problem
from schemas.tables import Item, Station
from station import forms, query, scans
from station.attempts import Pace
from station.casework import ONLINE, Application
from station.pages import new_form
from station.staff import Staff
from station.web import parts

blueprint = Blueprint("online", __name__, url_prefix="/services")

SHOWN: Final = 30
PACE: Final = Pace(10, timedelta(minutes=15), timedelta(hours=1))
"""Applications from one address: a copy shop sends many in a morning, a prankster no more than that."""


@blueprint.get("")
def find() -> str:
    """`at`: whose items, a bureau's or the city's; `q`: what for."""
    of, here = parts().published.in_force(), _place(request.args.get("at", ""))
    asked = request.args.get("q", "").strip()
    hits = [each for each in finding.find(asked, here, of) if each.offer.mode in offers.DECIDES]
    return render_template(
        "services.html", here=here, places=_places(), asked=asked, hits=hits[:SHOWN] if asked else [], found=len(hits),
        kinds=finding.kinds(here, of), online=ONLINE,
    )  # fmt: skip


@blueprint.get("/<code>")
def guide(code: str) -> str:
    item, offer, here, of = _item(code)
    return render_template(
        "service.html", item=item, here=here, lines=posters.guide(item, offer, here, of.day, of.book),
        materials=of.materials(code), questions=posters.questions(item, of.book), complaints=posters.COMPLAINTS, online=item.online_depth >= ONLINE,
    )  # fmt: skip


@blueprint.get("/<code>/apply")
def form(code: str) -> str:
    item, _, here, _ = _item(code, online=True)
    return _form(item, here, {"form": new_form()}, {}, scans.Sent())


@blueprint.post("/<code>/apply")
def apply(code: str) -> Any:
    item, _, here, of = _item(code, online=True)
    who, lines = _nobody(here), of.materials(code)
    sent = scans.sent(who)
    entered, _, problems = forms.application(request.form, lines, sent.materials)
    if lacking := [each.name for each in lines if each.required and each.seq not in sent.materials]:
        problems["materials"] = _not_uploaded(lacking)
    if request.form.get("version", str(item.version)) != str(item.version):
        problems[""] = Problem(
            "list_changed", N_("本事项的办事指南已经更新，材料清单有变化，请重新核对后再提交"), {}
        )
    try:
        if problems:
            raise DomainError(next(iter(problems.values())))
        if wait := parts().accounts.attempts.count(f"application from {request.remote_addr}", PACE):
            problems[""] = Problem("apply_wait", N_("提交次数太多，请 {seconds} 秒后再试"), {"seconds": wait})
            raise DomainError(problems[""])
        application = Application(item_code=code, got=frozenset(sent.materials), **entered)
        case_no = parts().casework.submit(who, application, sent.scans)
    except DomainError as error:
        sent.put_aside(who)
        return _form(item, here, entered, problems or {"": error.problem}, sent), 422
    sent.saved(case_no, who)
    return _done(case_no, again=False)


@blueprint.get("/mine")
def mine() -> str:
    """Where a returned application is mended: by its number and code, which come by POST."""
    return render_template("service_mine.html", problem=None, entered="")


@blueprint.post("/mine")
def opened() -> Any:
    typed, code = forms.text(request.form, "case_no", 60), forms.text(request.form, "code", 10)
    try:
        state = query.whose(typed, code)
        if state.state != "draft":
            text = N_("这件申请现在不需要修改，可以查询办理进度")
            raise DomainError(Problem("nothing_to_mend", text, {}))
        here = tables.station(state.origin_station)
        who = _nobody(here)
        sent = scans.sent(who)
        problem = None
        if "send" in request.form:
            got = {each["material"] for each in state.files if "detached_at" not in each} | sent.materials
            lines = [{**each, "got": each["seq"] in got} for each in state.materials]
            lacking = [str(each["name"]) for each in lines if each["required"] and not each["got"]]
            if not lacking and not sent.refused:
                said: Mapping[str, Any] = {"materials": lines}
                parts().casework.act(state.case_no, who, [("submit_online", said)])
                if sent.scans:
                    parts().casework.attach(state.case_no, who, sent.scans)
                sent.saved(state.case_no, who)
                return _done(state.case_no, again=True)
            sent.put_aside(who)
            if lacking:
                problem = _not_uploaded(lacking)
    except DomainError as error:
        return render_template("service_mine.html", problem=error.problem, entered=typed), 422
    returned: Mapping[str, Any] = next(
        (
            each.event["data"]
            for each in reversed(state.timeline)
            if each.event["event"] == "pre_review_return"
        ),
        {},
    )
    return render_template(
        "service_mend.html", state=state, code=code, returned=returned, problem=problem, refused=sent.refused,
        form=request.form.get("form") or new_form(), kept=scans.put_aside_of(request.form.get("form", ""), who),
    ), 422 if problem else 200  # fmt: skip


# -- what views share ------------------------------------------------------------------------------------------------


def _places() -> list[Station]:
    """Whose items are shown: the bureaus', and the city's."""
    bureaus = [tables.station(each.code) for each in tables.districts() if each.role == "approval_bureau"]
    return [*bureaus, parts().here]


def _place(code: str) -> Station:
    return next((each for each in _places() if each.code == code), _places()[0])


def _item(code: str, *, online: bool = False) -> tuple[Item, Offer, Station, InForce]:
    """An item that is in force, with who decides it; `online`: only what is pre-reviewed over the network."""
    of = parts().published.in_force()
    found = ((here, of.offered(code, here)) for here in _places())
    decides = (
        (*offered, here, of)
        for here, offered in found
        if offered and offered[1].decided_at == here.code and offered[1].mode in offers.DECIDES
    )
    decided = next(decides, None)
    if decided is None or (online and decided[0].online_depth < ONLINE):
        abort(404)
    return decided


def _not_uploaded(lacking: Sequence[str]) -> Problem:
    return Problem("not_uploaded", N_("还没有上传：{names}"), {"names": "、".join(lacking)})


def _nobody(here: Station) -> Staff:
    """Who applies: somebody without a number, at the place that decides."""
    return Staff("", "", here.code, frozenset({"applicant"}))


def _form(
    item: Item, here: Station, entered: Mapping[str, Any], problems: Mapping[str, Problem], sent: scans.Sent
) -> str:
    return render_template(
        "service_apply.html", item=item, here=here, entered=entered, problems=problems, refused=sent.refused,
        materials=parts().published.in_force().materials(item.item_code), kept=scans.put_aside_of(entered["form"], _nobody(here)),
        most=scans.MOST,
    )  # fmt: skip


def _done(case_no: str, *, again: bool) -> Any:
    state = parts().casework.case(case_no)
    assert state is not None
    return render_template("service_done.html", state=state, picture=query.picture(state), again=again)
