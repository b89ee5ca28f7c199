"""Supervision cards (监察牌) about a window: what it has to answer or put right, and what it said.

    GET  /supervised                    the cards about the reader's station, those still to be answered first
    GET  /supervised/<key>              one of them, to read and to print: 督办单
    POST /supervised/<key>/<event>      answer, rectify

Views only: when a card is due is schemas.supervision.cards', which words on it count words'. At the hub a bureau reads its own; the
supervisor's side is hub.supervision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from schemas import feedback, tables
from schemas.problems import N_, DomainError, Problem
from schemas.supervision import CARD_STATE_NAMES, COLOUR_NAMES, month_score, rules
from schemas.supervision.words import said
from station import forms
from station.casework import days_left
from station.logbook import Document
from station.moment import stamp
from station.pages import PAGE, in_reach, logged, me, name_of, page_asked, person_of, window
from station.web import parts, staff_only

blueprint = Blueprint("supervised", __name__)

CARD: Final = "supervision_card"
CHARGED: Final = ("answer", "rectify")
STEP_NAMES: Final = {
    "answer": N_("答复"), "rectify": N_("报告整改"), "uphold": N_("维持"), "revoke": N_("撤销"),
}  # fmt: skip
EVIDENCE: Final = {
    "accepted_on": N_("受理日期"), "promised_days": N_("承诺工作日"), "legal_days": N_("法定工作日"), "extended_days": N_("延长工作日"),
    "suspensions": N_("特别程序次数"), "due": N_("应办结日期"), "raised_on": N_("触发日期"), "threshold": N_("规则限值"), "value": N_("实际数值"),
    "received_on": N_("收件日期"), "supplements": N_("补正次数"), "suspended_on": N_("特别程序开始"), "told_days": N_("告知的工作日"),
    "length": N_("理由字数"), "materials": N_("目录外材料"), "count": N_("数量"), "fee_fen": N_("收费（分）"), "level": N_("评价等级"),
    "rated_on": N_("评价日期"), "complaint": N_("投诉编号"), "upheld_on": N_("认定日期"), "minutes": N_("相差分钟"), "last_sync": N_("最近同步"),
    "steps_passed": N_("通过的审查环节"), "asked_on": N_("提出日期"),
}  # fmt: skip


@blueprint.get("/supervised")
@staff_only("cases")
def listed() -> str:
    register, shown, today = parts().register, page_asked(), parts().clock().date()
    register.catch_up()
    where, args = "station = ? AND type = ?", [window(), CARD]
    rows = register.logbook.select(
        where, args, order="due IS NULL, due, at DESC, key", limit=PAGE, offset=(shown - 1) * PAGE
    )
    month = register.logbook.select(f"{where} AND at >= ?", [*args, f"{today:%Y-%m}"], limit=1000)
    return render_template(
        "supervised.html", rows=dressed(rows), page=shown, size=PAGE, found=register.logbook.count(where, args),
        score=month_score(month, today.year, today.month, today), names=name_of, colours=COLOUR_NAMES, states=CARD_STATE_NAMES,
    )  # fmt: skip


@blueprint.get("/supervised/<key>")
@staff_only("cases")
def one(key: str) -> str:
    return page(key)


@blueprint.post("/supervised/<key>/<event>")
@staff_only("act")
def step(key: str, event: str) -> Any:
    if event not in CHARGED:
        abort(404)
    card = found(key)
    if card["station"] != me().station:
        abort(404)
    try:
        say(key, event, "charged")
    except DomainError as error:
        return page(key, error.problem), 409
    return redirect(url_for("supervised.one", key=key), 303)


# -- what the supervisor's pages share -----------------------------------------------------------------------------------


def say(key: str, event: str, actor: str) -> None:
    """Adds a word to a card with what the form says; DomainError says why not."""
    card, now = found(key), parts().clock()
    text = forms.text(request.form, "text", 2000)

    def content(_txn: object, before: Document | None) -> Document:
        word = said(before or card, event, actor, text, now.date(), stamp(now), me().employee_no)
        if isinstance(word, Problem):
            raise DomainError(word)
        return word

    parts().keeper.keep(str(card["station"]), me(), CARD, str(card["form"]), content)


def found(key: str, kind: str = CARD) -> dict[str, Any]:
    """The card, or what else supervision wrote of a station, that the reader may see; 404."""
    doc = logged(key)
    if doc is None or doc.get("type") != kind or not _may_see(str(doc["station"])):
        abort(404)
    return doc


def _may_see(code: str) -> bool:
    """At the hub a bureau sees its own, a district's supervisor those of the district, the city all."""
    own = tables.station(me().station)
    return in_reach(code) and (
        parts().here.level != "city"
        or own.level == "city"
        or own.code == code
        or "district_supervisor" in me().roles
    )


def dressed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cards with working days left to answer, and the sentence of their rule."""
    today, calendar = parts().clock().date(), parts().almanac.calendar()
    return [
        {
            **each,
            "left": days_left(feedback.day(each.get("answer_due")), today, calendar),
            "note": note_of(each),
        }
        for each in rows
    ]


def note_of(card: Mapping[str, Any]) -> str:
    """The sentence of the rule under which it was issued."""
    mine = [each for each in rules() if each.rule == card.get("rule")]
    measure = (card.get("evidence") or {}).get("measure")
    best = [each for each in mine if (each.colour, each.measure) == (card.get("colour"), measure)] or mine
    return best[0].note if best else ""


def steps_of(card: Mapping[str, Any], actor: str) -> list[str]:
    """What this side may do with the card now."""
    on = parts().clock().date()
    return [
        event for event in STEP_NAMES if not isinstance(said(card, event, actor, "有", on, "", ""), Problem)
    ]


def page(key: str, problem: Problem | None = None) -> str:
    card = found(key)
    about_me, oversees = (
        card["station"] == me().station,
        bool({"city_supervisor", "district_supervisor"} & me().roles),
    )
    return render_template(
        "supervision_card.html", card=dressed([card])[0], problem=problem, names=name_of, people=person_of, colours=COLOUR_NAMES, states=CARD_STATE_NAMES,
        evidence=[(EVIDENCE[name], value) for name, value in card["evidence"].items() if name in EVIDENCE], step_names=STEP_NAMES,
        charged=steps_of(card, "charged") if about_me else [], supervisor=steps_of(card, "supervisor") if oversees else [],
    )  # fmt: skip
