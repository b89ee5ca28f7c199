"""Drafts of what the hub is to publish, of whatever kind: kept at the hub alone, and let out by a second person.

    save ─ save … ─> reviewed: by somebody else than who wrote last, and nobody wrote in between ─> whoever publishes it drops it
              └────> drop

    here/<prefix><key>    {"doc": what is drafted so far, "by": who wrote it last, "at"}      one a key

Keeps and lets out; what a draft may say, and what becomes of it, is for those who use this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from schemas.problems import N_, DomainError, Problem
from station.databases import HERE
from station.moment import Clock, stamp
from station.staff import Staff
from sync.errors import Conflict
from sync.serving import ServedStore, starting

CHANGED: Final = Problem("draft_changed", N_("这份草稿刚被别人改过，请重新打开后再改"), {})
TWO_PERSONS: Final = Problem(
    "two_persons", N_("起草人不能发布自己起草的版本，请由另一位目录管理员复核发布"), {}
)


class Draft(NamedTuple):
    """doc: what is drafted as far as it is filled; by: who wrote it last; rev: which word on it this is."""

    doc: Mapping[str, Any]
    by: str
    at: str
    rev: str


class Drafts:
    """Of one kind, at one hub."""

    def __init__(self, store: ServedStore, prefix: str, clock: Clock) -> None:
        self._here = store.database(HERE, create=True)
        self._prefix = prefix
        self._clock = clock

    def all(self) -> dict[str, Draft]:
        """By key."""
        found = starting(self._here, self._prefix)
        return {id.removeprefix(self._prefix): _draft(kept) for id, kept in found.items()}

    def of(self, key: str) -> Draft | None:
        kept = self._here.get(self._prefix + key)
        return _draft(kept) if kept else None

    def save(self, staff: Staff, key: str, doc: Mapping[str, Any], rev: str) -> None:
        """Keeps a draft as it stands. `rev`: of the word on it that this follows, "" for the first. DomainError where somebody
        else wrote in between."""
        kept = {
            "_id": self._prefix + key, "type": "catalogue_draft", "schema": 1, "by": staff.employee_no, "at": stamp(self._clock()),
            "doc": dict(doc),
        }  # fmt: skip
        try:
            self._here.put({**kept, "_rev": rev} if rev else kept)
        except Conflict:
            raise DomainError(CHANGED) from None

    def drop(self, key: str, rev: str) -> None:
        """Throws a draft away; DomainError as in save."""
        try:
            self._here.put({"_id": self._prefix + key, "_rev": rev, "_deleted": True})
        except Conflict:
            raise DomainError(CHANGED) from None

    def reviewed(self, staff: Staff, key: str, rev: str) -> Draft:
        """A draft that this person may let out, by somebody else than who wrote it last (domain.md §2: two persons); DomainError
        says why not."""
        draft = self.of(key)
        if draft is None or draft.rev != rev:
            raise DomainError(CHANGED)
        if draft.by == staff.employee_no:
            raise DomainError(TWO_PERSONS)
        return draft


def _draft(kept: Mapping[str, Any]) -> Draft:
    return Draft(kept["doc"], kept["by"], kept["at"], kept["_rev"])
