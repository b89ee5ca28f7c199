"""What a project's events add up to: ProjectState and its sub-items. No rule is here or will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from schemas.lifecycle.state import CaseState, Document, Folded


@dataclass(frozen=True, slots=True)
class SubItem:
    """One approval of the project's plan.

    item          catalogue code: the sub-item's name within the project
    station       12-digit code of the station that decides it
    promised_days its own promise, working days from the joint acceptance
    case          number of its case, "" before it is dispatched
    opinions      the data of each opinion in order; the last one counts
    outcome       how it ended (words.OUTCOMES), "" before
    due           min(own promise, joint due); silence past it is carded and is not consent
    """

    item: str
    department: str
    station: str
    stage: int
    promised_days: int
    case: str = ""
    opinions: tuple[Document, ...] = ()
    outcome: str = ""
    due: date | None = None


@dataclass(slots=True)
class ProjectState(Folded):
    """Made by fold; treat it as a value and do not change it. Conventions as CaseState.

    home          12-digit code of the bureau or hub where it was opened and is led
    cases         the folded cases of its sub-items as far as the caller knew them, by number
    suspensions   (from day, through day or None while it lasts) of each special procedure of the project
    stopped_days  working days the joint clock stood still: while the project was suspended and so was every
                  open sub-item
    joint_due     by the plan's promise; joint_legal_due: by the law's 45 days; both with stops and extension
    used_days     working days from joint acceptance to the end, net of stops; None before the end
    """

    project: str = ""
    name: str = ""
    owner: Document | None = None
    project_code: str = ""
    lead_department: str = ""
    lead_officer: str = ""
    vip: bool = False
    home: str = ""
    opened_at: datetime | None = None
    opened_by: str = ""
    planned_at: datetime | None = None
    sub_items: tuple[SubItem, ...] = ()
    shared_materials: tuple[str, ...] = ()
    promised_days: int = 0
    accepted_at: datetime | None = None
    materials: tuple[Document, ...] = ()
    supplement_asked_at: datetime | None = None
    supplement_gaps: tuple[Document, ...] = ()
    suspensions: tuple[tuple[date, date | None], ...] = ()
    extended_days: int = 0
    concluded_at: datetime | None = None
    ended_at: datetime | None = None
    stop_reason: str = ""
    stopped_days: int = 0
    used_days: int | None = None
    joint_due: date | None = None
    joint_legal_due: date | None = None
    due: date | None = None
    cases: Mapping[str, CaseState] = field(default_factory=dict, repr=False)

    def sub_item(self, item: object) -> SubItem | None:
        """The sub-item of this catalogue code."""
        return next((each for each in self.sub_items if each.item == item), None)
