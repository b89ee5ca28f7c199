"""The same question about the same past moment has the same answer after any number of later syncs, and what the
syncs changed can be told.

    events ─known(arrived ≤ M)─> fold ─> facts through M ─> figures as of M
    figures as of M, asked of M and of now ─> difference ─> which figures, which cases

An event counts for a moment if it had reached the hub by then; what is in no list of arrivals was written there
and is known from its own time. Reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from schemas.arrival import known_from
from schemas.lifecycle.state import CHINA
from schemas.statistics.facts import CaseFacts, facts_of
from schemas.statistics.figures import Figure
from schemas.workdays import Calendar

Document = Mapping[str, Any]


def known(events: Iterable[Document], moment: datetime, arrivals: Mapping[str, datetime]) -> list[Document]:
    """The events that had reached the hub by `moment`.

    arrivals  event _id -> when it arrived, with an offset
    """
    return [event for event in events if known_from(event, arrivals) <= moment]


def facts_as_of(
    cases: Mapping[str, Iterable[Document]],
    moment: datetime,
    arrivals: Mapping[str, datetime],
    calendar: Calendar,
) -> dict[str, CaseFacts]:
    """The facts of all cases as the hub knew them at `moment`, by case number.

    cases  case number -> its events, whenever they arrived
    """
    through = moment.astimezone(CHINA).date()
    heard = (known(events, moment, arrivals) for events in cases.values())
    return {each.case_no: each for each in facts_of(heard, through, calendar)}


@dataclass(frozen=True, slots=True)
class Difference:
    """What later knowledge changed.

    figures  those that have another value now: (before, after)
    new, gone  case numbers only in the later, only in the earlier
    changed  case number -> names of the facts that differ
    """

    figures: tuple[tuple[Figure, Figure], ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]


def difference(
    before: Mapping[str, CaseFacts],
    after: Mapping[str, CaseFacts],
    figures_before: Iterable[Figure] = (),
    figures_after: Iterable[Figure] = (),
) -> Difference:
    """What changed between two answers: of the cases, and of the figures made from them (matched by metric and
    base)."""
    later = {(each.metric, each.base): each for each in figures_after}
    pairs = ((each, later.get((each.metric, each.base))) for each in figures_before)
    names = [field.name for field in fields(CaseFacts)]
    changed = {}
    for case_no in sorted(before.keys() & after.keys()):
        old, new = before[case_no], after[case_no]
        if old != new:
            changed[case_no] = tuple(name for name in names if getattr(old, name) != getattr(new, name))
    return Difference(
        tuple(
            (old, new)
            for old, new in pairs
            if new is not None and (old.numerator, old.denominator) != (new.numerator, new.denominator)
        ),
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        changed,
    )
