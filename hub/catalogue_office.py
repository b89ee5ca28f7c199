"""The catalogue office (事项目录管理): versions of items drafted at the hub, checked, and published by a second person.

    begin ─> save … ─> problems: none ─> publish ─> public/item:<code>:<version>, signed, which every station pulls
                └────> drop

    here/catalogue-draft:<code>    the service_item so far, one an item

Does; what may be published is schemas.publishing's, what a form brings hub.catalogue_form's, how drafts are kept hub.drafting's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hub.drafting import Draft, Drafts
from schemas import documents, publishing
from schemas.catalogue import Version
from schemas.documents.envelope import ITEM_CODE
from schemas.problems import N_, DomainError, Problem
from schemas.published import doc_id, version_of
from schemas.tables import LEVELS
from station import keys
from station.databases import PUBLIC
from station.identity import Identity
from station.moment import Clock, stamp
from station.published import Published
from station.staff import Staff
from sync.serving import ServedStore

PREFIX: Final = "catalogue-draft:"
ORDER: Final[Mapping[str, int]] = {level: -n for n, level in enumerate(LEVELS)}


class CatalogueOffice:
    """Of one hub."""

    def __init__(
        self, store: ServedStore, published: Published, identity: Identity, clock: Clock, code: str
    ) -> None:
        """`code`: the hub's."""
        self._store, self._code = store, code
        self._drafts = Drafts(store, PREFIX, clock)
        self._published = published
        self._identity = identity
        self._clock = clock

    # -- drafts --------------------------------------------------------------------------------------------------

    def drafts(self) -> dict[str, Draft]:
        """All there are, by item."""
        return self._drafts.all()

    def draft(self, code: str) -> Draft | None:
        return self._drafts.of(code)

    def begin(self, staff: Staff, code: str) -> None:
        """A draft of an item's next version: what the newest one says. One that was begun stays as it is."""
        newest = self._published.book().versions(code)[-1]
        doc = {**self.document(newest), "version": newest.item.version + 1, "status": "draft"}
        doc.pop("effective_to", None)
        if self.draft(code) is None:
            self.save(staff, {**doc, "effective_from": ""}, "")

    def begin_new(self, staff: Staff, code: str, name: str, level: str, division: str) -> None:
        """A draft of an item that there is not yet. DomainError where its code can't be one, or is one already."""
        if not re.fullmatch(ITEM_CODE, code):
            raise DomainError(
                Problem("code_wrong", N_("事项编号由大写字母、数字和连字符组成，最多 40 位"), {})
            )
        if self._published.book().versions(code) or self.draft(code):
            raise DomainError(Problem("code_taken", N_("事项编号“{code}”已经有了"), {"code": code}))
        if (level, division) not in self.places():
            raise DomainError(Problem("place_wrong", N_("请选择事项的层级和行政区划"), {}))
        if not name:
            raise DomainError(Problem("item_name", N_("请填写项目名称"), {}))
        doc = {
            "type": "service_item", "schema": 1, "code": code, "name": name, "level": level, "division_code": division, "category_code": "20",
            "department": "", "implementer": "", "legal_basis": "", "legal_basis_kind": "none", "legal_days": 20, "promised_days": 3,
            "day_unit": "workday", "instant": False, "runs": 1, "online_depth": 1, "fee": False, "materials": [], "procedure": [], "version": 1,
            "status": "draft", "effective_from": "",
        }  # fmt: skip
        self.save(staff, doc, "")

    def places(self) -> list[tuple[str, str]]:
        """(level, division) of items as the catalogue has them."""
        book = self._published.book()
        known = {(item.level, item.division_code) for code in book.codes() if (item := book.item(code))}
        return sorted(known, key=lambda each: (ORDER[each[0]], each[1]))

    def save(self, staff: Staff, doc: Mapping[str, Any], rev: str) -> None:
        """As Drafts.save."""
        self._drafts.save(staff, str(doc["code"]), doc, rev)

    def drop(self, code: str, rev: str) -> None:
        """As Drafts.drop."""
        self._drafts.drop(code, rev)

    # -- versions ------------------------------------------------------------------------------------------------

    def document(self, version: Version) -> dict[str, Any]:
        """What was published as this version; of one that only the shipped table has, what that says."""
        public = self._store.database(PUBLIC)
        kept = public.get(doc_id(version.item.item_code, version.item.version))
        if kept is None:
            return {**publishing.shipped_item(version.item, version.lines), "procedure": []}
        return {name: value for name, value in keys.unsigned(kept).items() if name not in AROUND}

    def signed(self, version: Version) -> tuple[str, str]:
        """(who drafted it, who published it), by number; "" of one that only the shipped table has."""
        kept = self._store.database(PUBLIC).get(doc_id(version.item.item_code, version.item.version)) or {}
        return str(kept.get("created_by", "")), str(kept.get("published_by", ""))

    def problems(self, doc: Mapping[str, Any]) -> tuple[Problem, ...]:
        """Why a draft may not be published; () if it may."""
        whole = self._whole(doc, "")
        against = publishing.version_problems(whole, self._published.book(), self._clock().date())
        shape = (each for each in documents.problems(whole) if each.params.get("field") != "effective_from")
        return (*shape, *against)  # of the day it begins the rules say all

    def read(self, doc: Mapping[str, Any]) -> tuple[Version | None, tuple[Problem, ...]]:
        """A draft as the version it would be; None with what is badly filled in it. Without a day it begins today, so that it can be looked at."""
        begins = {} if doc.get("effective_from") else {"effective_from": str(self._clock().date())}
        whole = {**self._whole(doc, ""), **begins}
        return version_of(whole), documents.problems(whole)

    def publish(self, staff: Staff, code: str, rev: str) -> int:
        """Publishes a draft, as Drafts.reviewed lets it out; its version. DomainError where anything stands against it, and nothing
        is published."""
        draft = self._drafts.reviewed(staff, code, rev)
        if wrong := self.problems(draft.doc):
            raise DomainError(wrong[0])
        doc = self._whole(draft.doc, draft.by)
        keys.publish(self._store, self._identity.signer, {**doc, "published_by": staff.employee_no})
        self.drop(code, rev)
        return int(doc["version"])

    def _whole(self, doc: Mapping[str, Any], by: str) -> dict[str, Any]:
        return {
            **doc, "_id": doc_id(str(doc["code"]), int(doc["version"])), "station": self._code, "created_at": stamp(self._clock()),
            "created_by": by or "-", "status": "withdrawn" if doc.get("status") == "withdrawn" else "published",
        }  # fmt: skip


AROUND: Final = ("_id", "station", "created_at", "created_by", "published_by")
"""What a published version has besides what was drafted."""
