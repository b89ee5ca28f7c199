"""What an errand's events add up to: ErrandState. No rule is here or will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from schemas.lifecycle.state import CaseState, Document, Folded


@dataclass(slots=True)
class ErrandState(Folded):
    """Made by fold; treat it as a value and do not change it. Conventions as CaseState.

    home         12-digit code of the station where it was asked for
    kind         words.KINDS; entrusted_by: words.MANDATES, "" before the applicant has signed
    originals    names of the originals we hold now, each signed for
    case         number of the case lodged; cases: folded cases by number as far as the caller knew them
    green_reason why it goes first (绿色通道) and who approved
    told_due     the applicant is told of a supplement notice by then; None where the case is not known here
    due          the one that runs now
    """

    errand: str = ""
    kind: str = ""
    applicant: Document | None = None
    phone: str = ""
    address: str = ""
    item: str = ""
    entrusted_by: str = ""
    green_reason: str = ""
    green_approved_by: str = ""
    home: str = ""
    requested_at: datetime | None = None
    requested_by: str = ""
    assigned_at: datetime | None = None
    agent: str = ""
    visit_on: date | None = None
    visit_slot: str = ""
    collected_at: datetime | None = None
    materials: tuple[Document, ...] = ()
    originals: tuple[str, ...] = ()
    lodged_at: datetime | None = None
    case: str = ""
    relayed_at: datetime | None = None
    fetched_at: datetime | None = None
    ended_at: datetime | None = None
    receiver: str = ""
    reason: str = ""
    other_way: str = ""
    submit_from: date | None = None
    response_due: date | None = None
    submit_due: date | None = None
    told_due: date | None = None
    hand_over_due: date | None = None
    due: date | None = None
    cases: Mapping[str, CaseState] = field(default_factory=dict, repr=False)
