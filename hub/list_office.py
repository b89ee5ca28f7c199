"""The lists that the catalogue office keeps besides the items: drafted, checked, published by a second person as signed documents.

    begin ─> save … ─> problems: none ─> publish ─> public/…, signed, which every station pulls
                └────> drop

    here/list-draft:<kind>:<key>    what is drafted, one a year of the calendar, a service, a certificate, …

One office for all kinds; what a kind's drafts hold, what stands against one and which documents come of it is the kind's (Kind).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, Protocol

from hub.drafting import Draft, Drafts
from hub.list_forms import Field
from schemas import documents
from schemas.catalogue import Catalogue
from schemas.problems import DomainError, Problem
from schemas.workdays import Calendar
from station import keys
from station.identity import Identity
from station.moment import Clock, stamp
from station.staff import Staff
from sync.serving import ServedStore

PREFIX: Final = "list-draft:"
Document = Mapping[str, Any]


class Known(NamedTuple):
    """What counts now, and which day it is."""

    book: Catalogue
    calendar: Calendar
    today: date


class Shown(NamedTuple):
    """What a kind's page lists: rows to be shown a page at a time, and what else the page says."""

    rows: Sequence[Mapping[str, Any]]
    more: Mapping[str, Any]


class Kind(Protocol):
    """One of the lists. A draft is a mapping with "key", by which it is kept, and what its fields bring."""

    @property
    def name(self) -> str:
        """As it stands in addresses: /catalogue/<name>."""

    @property
    def title(self) -> str:
        """What the list is called."""

    @property
    def fields(self) -> Sequence[Field]:
        """Of the form."""

    def begun(self, entered: Mapping[str, str], known: Known, drafts: Mapping[str, Draft]) -> Document:
        """The draft that somebody begins, of what is there (`key`) or of something new. DomainError where it can't be."""

    def problems(self, doc: Document, known: Known) -> tuple[Problem, ...]:
        """Why a draft may not be published; () if it may."""

    def documents(self, doc: Document, known: Known) -> list[dict[str, Any]]:
        """What is to be published of a draft, without who did it and when; publishing some of it again changes nothing more."""

    def changes(self, doc: Document, known: Known) -> list[tuple[str, list[str], list[str]]]:
        """What a draft says otherwise than what counts: (label, what stands now, what would stand)."""

    def heading(self, doc: Document, known: Known) -> str:
        """What a draft is called."""

    def listing(self, asked: Mapping[str, str], known: Known) -> Shown:
        """The list as it counts, narrowed to what was asked."""


class ListOffice:
    """Of one hub, for one kind."""

    def __init__(
        self, kind: Kind, store: ServedStore, known: Callable[[], Known], identity: Identity, clock: Clock, code: str
    ) -> None:  # fmt: skip
        """`code`: the hub's."""
        self.kind, self.known = kind, known
        self.drafts = Drafts(store, f"{PREFIX}{kind.name}:", clock)
        self._store, self._identity, self._clock, self._code = store, identity, clock, code

    def begin(self, staff: Staff, entered: Mapping[str, str]) -> str:
        """A draft; its key. One that was begun stays as it is. DomainError as the kind says."""
        doc = self.kind.begun(entered, self.known(), self.drafts.all())
        key = str(doc["key"])
        if self.drafts.of(key) is None:
            self.drafts.save(staff, key, doc, "")
        return key

    def problems(self, doc: Document) -> tuple[Problem, ...]:
        """As the kind says; where that is nothing, as the shape of what would be published does."""
        known = self.known()
        return self.kind.problems(doc, known) or tuple(
            problem
            for each in self.kind.documents(doc, known)
            for problem in documents.problems({**each, **self._around("-", "-")})
        )

    def publish(self, staff: Staff, key: str, rev: str) -> int:
        """Publishes a draft, as Drafts.reviewed lets it out; how many documents that were. DomainError where anything stands against it,
        and nothing is published."""
        draft = self.drafts.reviewed(staff, key, rev)
        if wrong := self.problems(draft.doc):
            raise DomainError(wrong[0])
        around = self._around(draft.by, staff.employee_no)
        docs = self.kind.documents(draft.doc, self.known())
        for each in docs:
            keys.publish(self._store, self._identity.signer, {**each, **around})
        self.drafts.drop(key, rev)
        return len(docs)

    def _around(self, by: str, published_by: str) -> dict[str, Any]:
        return {
            "station": self._code, "created_at": stamp(self._clock()), "created_by": by, "published_by": published_by,
        }  # fmt: skip
