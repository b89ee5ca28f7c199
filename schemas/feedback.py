"""Ratings and complaints as values, read from their documents and from cases (domain.md §2.5).

One case has one rating: what the applicant said at the window is an event of the case; what was collected away
from it, and all that was done about a rating, is an `evaluation` document, which goes before the event. A case
nobody rated stays unrated.

Holds no rate and no threshold: those are statistics and supervision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from schemas.lifecycle.state import CHINA, CaseState

Document = Mapping[str, Any]

BAD_LEVEL: Final = 4
"""From here on a rating is bad: 4 不满意, 5 非常不满意."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What an applicant said of a case. level 1 非常满意 … 5 非常不满意; blind: collected away from the clerk.

    rectified_on  when something was done about it; called_back: whether the applicant was asked afterwards
    """

    case_no: str
    level: int
    on: date
    blind: bool = False
    rectified_on: date | None = None
    called_back: bool = False

    @property
    def bad(self) -> bool:
        """Whether it must be rectified and the applicant called back."""
        return self.level >= BAD_LEVEL


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint or report. upheld_on: found true on that day; None: not, or not yet."""

    id: str
    case_no: str
    station: str
    matter: str
    received_on: date
    upheld_on: date | None
    rectified_on: date | None


def day(value: object) -> date | None:
    """The Chinese calendar day of an ISO 8601 moment or day; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.date() if at.tzinfo is None else at.astimezone(CHINA).date()
    except (ValueError, OverflowError):
        return None


def rating_of(state: CaseState) -> Rating | None:
    """The rating among a case's own events, as last amended; None if there is none."""
    for entry in reversed(state.timeline):
        if entry.event["event"] == "evaluate":
            on = day(entry.event["at"])
            if on is not None:
                return Rating(state.case_no, entry.event["data"]["level"], on)
    return None


def ratings(states: Iterable[CaseState], docs: Iterable[Document] = ()) -> dict[str, Rating]:
    """Every rated case's rating by case number. docs: evaluation documents; others are passed over."""
    found = {rating.case_no: rating for rating in map(rating_of, states) if rating is not None}
    for doc in docs:
        case, level, on = doc.get("case"), doc.get("level"), day(doc.get("at"))
        if (
            doc.get("type") == "evaluation"
            and isinstance(case, str)
            and type(level) is int
            and on is not None
        ):
            done = _mapping(doc.get("rectification"))
            found[case] = Rating(
                case,
                level,
                on,
                doc.get("channel") == "back_to_back",
                day(done.get("at")),
                bool(done.get("callback_result")),
            )
    return found


def complaints(docs: Iterable[Document]) -> tuple[Complaint, ...]:
    """The complaints and reports among `docs`; suggestions and questions are none."""
    found = []
    for doc in docs:
        received = day(doc.get("received_at"))
        if (
            doc.get("type") != "complaint"
            or doc.get("kind") not in ("complaint", "report")
            or received is None
        ):
            continue
        upheld = day(doc.get("upheld_at")) if doc.get("upheld") is True else None
        found.append(
            Complaint(
                str(doc.get("_id", "")),
                str(doc.get("case") or ""),
                str(_mapping(doc.get("against")).get("station") or ""),
                str(doc.get("matter") or "other"),
                received,
                upheld,
                day(_mapping(doc.get("rectification")).get("at")),
            )
        )
    return tuple(found)


def _mapping(value: object) -> Document:
    return value if isinstance(value, Mapping) else {}
