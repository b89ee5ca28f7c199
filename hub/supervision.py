"""Supervision (效能监察): the rules asked of the city's cases, cards issued or dropped, and ruled upon.

    POST /supervision/run ─> what the rules call for ─> proposals ─ issue ─> a card in the station's logbook ─ answer ─> uphold, revoke ─> rectified
                                                             └──── drop, with a reason

    here/card-proposal:<form>    {"card", "station", "at", "dropped": reason}       a dropped one is never proposed again

Views. Of which cases is asked, and when, is hub.looking's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for

from hub import bad_ratings
from hub.looking import PROPOSAL, RAN, Looking
from schemas import tables
from schemas.problems import N_, DomainError, Problem
from schemas.supervision import CARD_STATE_NAMES, COLOUR_NAMES, answer_due
from station import forms, supervised
from station.databases import HERE
from station.moment import stamp
from station.pages import PAGE, in_reach, me, name_of, page_asked
from station.supervised import CARD
from station.web import parts, staff_only
from sync.serving import starting

LOOKING: Final = "bianmin-looking"
blueprint = Blueprint("supervision", __name__)

RULINGS: Final = ("uphold", "revoke")
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "answered": (N_("待裁定"), "json_extract(body, '$.outcome') = 'answered'"),
    "issued": (N_("待答复"), "json_extract(body, '$.outcome') = 'issued'"),
    "upheld": (N_("待整改"), "json_extract(body, '$.outcome') = 'upheld'"),
    "over": (N_("已了结"), "json_extract(body, '$.outcome') IN ('revoked', 'rectified')"),
}


@blueprint.get("/supervision")
@staff_only("oversee")
def start() -> str:
    """`kind`: which cards are listed; proposals by default."""
    register, kind, page = parts().register, request.args.get("kind", ""), page_asked()
    if kind not in ("", *KINDS):
        abort(404)
    register.catch_up()
    counts = {name: register.logbook.count(*_where(condition)) for name, (_, condition) in KINDS.items()}
    waiting = list(_proposals())
    where, args = _where(KINDS[kind][1]) if kind else ("0", [])
    rows = (
        register.logbook.select(where, args, order="at DESC, key", limit=PAGE, offset=(page - 1) * PAGE)
        if kind
        else []
    )
    ran = parts().store.database(HERE).get(RAN)
    return render_template(
        "supervision.html", kind=kind, kinds=KINDS, counts=counts, proposals=waiting[:PAGE], waiting=len(waiting), rows=supervised.dressed(rows),
        found=counts.get(kind, 0), page=page, size=PAGE, ran=ran and ran["at"], names=name_of, colours=COLOUR_NAMES, states=CARD_STATE_NAMES,
        evidence=supervised.EVIDENCE, note_of=supervised.note_of, bad=bad_ratings.waiting(),
    )  # fmt: skip


@blueprint.post("/supervision/run")
@staff_only("oversee")
def run() -> Any:
    looking().look()
    return redirect(url_for("supervision.start"), 303)


@blueprint.post("/supervision/proposals/<form>/<action>")
@staff_only("oversee")
def decide(form: str, action: str) -> Any:
    """issue, or drop with a reason."""
    here = parts().store.database(HERE)
    kept = here.get(PROPOSAL + form)
    if (
        kept is None
        or kept["dropped"]
        or not in_reach(kept["card"]["station"])
        or action not in ("issue", "drop")
    ):
        abort(404)
    if action == "issue":
        now, card = parts().clock(), kept["card"]
        due = answer_due(now, parts().almanac.calendar())
        word = {**card, "issued_at": stamp(now), "answer_due": due.isoformat()}
        parts().keeper.keep(str(card["station"]), me(), CARD, form, lambda _txn, before: before or word)
        here.purge({PROPOSAL + form: [kept["_rev"]]})
    else:
        reason = forms.text(request.form, "reason", 500)
        if not reason:
            raise DomainError(Problem("no_drop_reason", N_("请写明不发牌的理由"), {}))
        here.put({**kept, "dropped": reason, "by": me().employee_no})
    return redirect(url_for("supervision.start"), 303)


@blueprint.post("/supervision/cards/<key>/<event>")
@staff_only("oversee")
def rule(key: str, event: str) -> Any:
    if event not in RULINGS:
        abort(404)
    try:
        supervised.say(key, event, "supervisor")
    except DomainError as error:
        return supervised.page(key, error.problem), 409
    return redirect(url_for("supervised.one", key=key), 303)


def looking() -> Looking:
    found: Looking = current_app.extensions[LOOKING]
    return found


# -- what views share ----------------------------------------------------------------------------------------------------


def _where(condition: str) -> tuple[str, list[str]]:
    own = tables.station(me().station)
    if own.level == "city":
        return f"type = ? AND {condition}", [CARD]
    return f"type = ? AND station >= ? AND station < ? AND {condition}", [
        CARD,
        own.district_code,
        own.district_code + "~",
    ]


def _proposals() -> Iterator[dict[str, Any]]:
    """Those that wait for a decision, red before yellow before reminders, the oldest first."""
    order = {colour: n for n, colour in enumerate(("red", "yellow", "flag", "reminder"))}
    kept = starting(parts().store.database(HERE), PROPOSAL).items()
    found = [
        {**doc, "form": id.removeprefix(PROPOSAL)}
        for id, doc in kept
        if not doc["dropped"] and in_reach(doc["card"]["station"])
    ]
    yield from sorted(
        found, key=lambda each: (order[each["card"]["colour"]], each["card"]["evidence"].get("raised_on", ""))
    )
