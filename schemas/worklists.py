"""In whose work a case is, by its state: the stage at the deciding station, and the list at the station it began at.

    stage   acceptance   the window's: take it in, ask for a supplement, accept, conclude what is instant
            review       the examiners' and heads': review, decide, issue
            ""           nothing to do at the deciding station
    list    open         goes its way; supplement: the applicant's turn; result: decided, to be told and handed over;
            closed       over

    turn    whose next step it is at the deciding station: accept (take it in), review (a first opinion), decide (a head's),
            issue (the window's, decided); "" while nobody there can do anything

Practice, not law, and different from place to place: so it is a table (data/worklists.csv). Holds no rule about who may
do what; that is lifecycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from schemas.lifecycle.state import CaseState
from schemas.problems import N_
from schemas.shipped import rows

STAGES: Final = ("acceptance", "review")
LISTS: Final = ("open", "supplement", "result", "closed")


NEXT: Final[Mapping[str, str]] = {
    "draft": N_("请申请人补齐材料后收件"),
    "submitted": N_("预审网上申请"),
    "received": N_("审核材料：受理，或一次告知补正"),
    "supplementing": N_("请申请人补齐材料，来了就收"),
    "accepted": N_("办结，或交审查"),
    "reviewing": N_("审查并作出决定"),
    "suspended": N_("等特别程序的结果，登记后继续"),
    "decided": N_("制作决定书，办结"),
    "concluded": N_("通知申请人来取，登记送达"),
}
"""What the next step of a case in this state is, for whoever has it in hand; a state that is over has none."""


class Place(NamedTuple):
    """stage: one of STAGES or ""; list: one of LISTS."""

    stage: str
    list: str


@cache
def _places() -> Mapping[str, Place]:
    return {row["state"]: Place(row["stage"], row["list"]) for row in rows("worklists")}


def place(state: str) -> Place:
    """Where a case in this state stands; a state of a newer version is simply open, and nobody's to work on here."""
    return _places().get(state, Place("", "open"))


TURNS: Final[Mapping[str, frozenset[str]]] = {
    "district_window": frozenset({"accept", "issue"}),
    "examiner": frozenset({"accept", "review"}),
    "zone_head": frozenset({"decide"}),
    "bureau_head": frozenset({"decide"}),
}
"""Which turns are whose, by role: what the queue gives them next. What they may do besides is lifecycle's."""


def turn(state: CaseState) -> str:
    """Whose next step it is."""
    if state.state in ("submitted", "received"):
        return "accept"
    if state.state == "accepted":
        return "issue" if (state.item or {}).get("instant") is True else "decide"
    if state.state == "reviewing":
        return "decide" if state.steps_passed else "review"
    return "issue" if state.state == "decided" else ""
