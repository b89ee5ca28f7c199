"""In whose work a case is, by its state: the stage at the deciding station, and the list at the station it began at.

    stage   acceptance   the window's: take it in, ask for a supplement, accept, conclude what is instant
            review       the examiners' and heads': review, decide, issue
            ""           nothing to do at the deciding station
    list    open         goes its way; supplement: the applicant's turn; result: decided, to be told and handed over;
            closed       over

Practice, not law, and different from place to place: so it is a table (data/worklists.csv). Holds no rule about who may
do what; that is lifecycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from schemas.shipped import rows

STAGES: Final = ("acceptance", "review")
LISTS: Final = ("open", "supplement", "result", "closed")


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
