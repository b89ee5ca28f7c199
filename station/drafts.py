"""Applications that nobody has saved yet: what stands in the form, kept at every change, so that a power cut costs one field at most.

    here/_local/draft:<form>    {"staff", "item", "began", "at", "n", "fields"}, and "thrown" with when it was thrown away

Of this server alone: nothing of it syncs, and no case number is drawn before the form is saved. Each belongs to who typed it.
`n` counts the changes of a form, so that one that was overtaken on its way does not put back what stood there before.
Holds no rule about what is well filled (station.forms).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from schemas.problems import N_, DomainError, Problem
from station.databases import HERE
from station.moment import Clock, read, stamp
from sync.serving import ServedStore

PREFIX: Final = "draft:"
KEPT: Final = timedelta(days=90)
"""As long as an application that was never received may be kept (domain.md §2.7)."""
THROWN: Final = timedelta(days=1)
"""How long one that was thrown away can be brought back."""
TIDIED: Final = timedelta(minutes=10)
MOST: Final = 100
"""Of one person."""
LEAP: Final = 1000
"""By what a whole form that was sent counts, so that no change on its way from the page before it comes after it."""


@dataclass(frozen=True)
class Draft:
    """A form as it stood at its last change. `fields` are the form's own, by name; only what is filled."""

    form: str
    staff: str
    item: str
    began: str
    at: str
    n: int
    fields: Mapping[str, str]
    thrown: str = ""


class Drafts:
    """Of one server."""

    def __init__(self, store: ServedStore, clock: Clock) -> None:
        self._db = store.database(HERE, create=True)
        self._clock = clock
        self._lock = threading.Lock()
        self._tidied = clock() - TIDIED

    def save(
        self, form: str, staff: str, item: str, fields: Mapping[str, str], n: int | None = None
    ) -> Draft:
        """Keeps what stands in a form, on the disk before this returns. `n`: the how manieth change of the page it is, None for
        a whole form that was sent. DomainError where a later one is kept already, and where there are too many."""
        now = stamp(self._clock())
        with self._lock:
            kept = self.get(form, staff, thrown=True)
            if kept is not None and n is not None and n <= kept.n:
                raise DomainError(
                    Problem("draft_overtaken", N_("这张表在另一个窗口里改过，请刷新本页再填"), {})
                )
            if kept is None and len(self._of(staff)) >= MOST:
                text = N_("没填完的登记已有 {max} 份，请先在首页办完或删除一些")
                raise DomainError(Problem("drafts_many", text, {"max": MOST}))
            count = (max(n or 0, kept.n if kept else 0) + LEAP) if n is None else n
            made = Draft(form, staff, item, kept.began if kept else now, now, count, dict(fields))
            self._put(made)
        return made

    def get(self, form: str, staff: str, *, thrown: bool = False) -> Draft | None:
        """This person's draft, or None. `thrown`: also one that was thrown away."""
        kept = self._db.get_local(PREFIX + form)
        found = _draft(form, kept) if kept else None
        return found if found and found.staff == staff and (thrown or not found.thrown) else None

    def of(self, staff: str) -> list[Draft]:
        """This person's, the newest first, also those that were thrown away and may come back."""
        return sorted(self._of(staff), key=lambda each: each.at, reverse=True)

    def kept(self, form: str) -> bool:
        """Whether anybody has a draft of this form."""
        return self._db.get_local(PREFIX + form) is not None

    def throw(self, form: str, staff: str) -> None:
        """Away with it; for a day it can be brought back."""
        self._mark(form, staff, stamp(self._clock()))

    def bring_back(self, form: str, staff: str) -> None:
        """As it was."""
        self._mark(form, staff, "")

    def drop(self, form: str, staff: str) -> None:
        """It has become a case, or nothing stands in it any more."""
        with self._lock:
            if self.get(form, staff, thrown=True):
                self._db.delete_local(PREFIX + form)

    def tidy(self) -> None:
        """Forgets what is too old to keep."""
        now = self._clock()
        if abs(now - self._tidied) < TIDIED:
            return
        self._tidied = now
        for id, kept in self._db.local_documents(PREFIX).items():
            if abs(now - read(kept["at"])) > KEPT or (
                kept.get("thrown") and abs(now - read(kept["thrown"])) > THROWN
            ):
                self._db.delete_local(id)

    def _of(self, staff: str) -> list[Draft]:
        found = self._db.local_documents(PREFIX).items()
        return [_draft(id.removeprefix(PREFIX), kept) for id, kept in found if kept["staff"] == staff]

    def _mark(self, form: str, staff: str, thrown: str) -> None:
        with self._lock:
            if kept := self.get(form, staff, thrown=True):
                self._put(Draft(**{**vars(kept), "thrown": thrown, "n": kept.n + LEAP}))

    def _put(self, draft: Draft) -> None:
        said: dict[str, Any] = {
            name: value for name, value in vars(draft).items() if name != "form" and value != ""
        }
        self._db.put_local(PREFIX + draft.form, {**said, "type": "draft", "schema": 1})


def _draft(form: str, kept: Mapping[str, Any]) -> Draft:
    return Draft(
        form,
        kept["staff"],
        kept["item"],
        kept["began"],
        kept["at"],
        kept["n"],
        kept["fields"],
        kept.get("thrown", ""),
    )
