"""The hub's notices as they are in `public`: those that count, the newest first, and which of them a station has read.

    public/notice:<name>       written and signed by the hub, read by all; schemas.bulletins says whom one is for
    station-<code>             notice_receipt, the word that it was read, in the logbook

What does not come from the hub is no notice. Writes receipts and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from schemas import tables
from schemas.bulletins import addressed
from station.databases import PUBLIC
from station.keys import Keys, unsigned
from station.logbook import Document, Keeper
from station.moment import Clock, stamp
from station.register import Register
from station.staff import Staff
from sync.errors import NotFound
from sync.peer import Seq
from sync.serving import ServedStore, starting

PREFIX: Final = "notice:"
RECEIPT: Final = "notice_receipt"
MOST: Final = 10_000
"""Notices that a station could have read; a city sends a hundred a year."""

Notice = Mapping[str, Any]


class Notices:
    """Of one server. Ask for each use: it costs a look at one number unless something was published."""

    def __init__(
        self, store: ServedStore, keys: Keys, register: Register, keeper: Keeper, clock: Clock
    ) -> None:
        self._store = store
        self._keys = keys
        self._register = register
        self._keeper = keeper
        self._clock = clock
        self._seq: Seq = -1
        self._known: list[Notice] = []

    def all(self) -> list[Notice]:
        """Every notice there is, the newest first."""
        try:
            public = self._store.database(PUBLIC)
        except NotFound:
            return []
        seq = public.update_seq
        if seq != self._seq:
            docs = starting(public, PREFIX).items()
            found = [{**unsigned(doc), "_id": id} for id, doc in docs if self._keys.is_from_hub(doc)]
            self._known = sorted(found, key=lambda each: (str(each.get("at")), each["_id"]), reverse=True)
            self._seq = seq
        return self._known

    def of(self, id: str) -> Notice | None:
        return next((each for each in self.all() if each["_id"] == id), None)

    def at(self, code: str) -> list[Notice]:
        """Those that are for a station and still shown."""
        here, today = tables.station(code), self._clock().date().isoformat()
        return [
            each for each in self.all()
            if addressed(str(each.get("audience")), here) and str(each.get("valid_to") or today) >= today
        ]  # fmt: skip

    def read(self, code: str) -> dict[str, Document]:
        """The receipts of a station, by notice."""
        where = "station = ? AND type = ?"
        found = self._register.logbook.select(where, [code, RECEIPT], limit=MOST)
        return {str(each.get("notice")): each for each in found}

    def unread(self, code: str) -> int:
        """How many wait to be read there."""
        wanted = [each["_id"] for each in self.at(code) if each.get("needs_receipt")]
        return len(set(wanted) - self.read(code).keys()) if wanted else 0

    def receive(self, staff: Staff, code: str, id: str) -> None:
        """Says that a station has read a notice; twice is as once."""
        said = {"notice": id, "at": stamp(self._clock())}
        form = hashlib.sha256(f"{code}:{id}".encode()).hexdigest()[:32]
        self._keeper.keep(code, staff, RECEIPT, form, lambda _txn, before: before or said)
