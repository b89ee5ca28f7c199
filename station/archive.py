"""Takes cases out of a village's store once nobody there needs them: 90 days after their result was delivered, when the hub has
confirmed every event of them (domain.md §2.7, PIPL art. 19). What stays is a case number, an item and a day.

    register: cases that are old and confirmed ─> one transaction: bodies given up + here/archived:<case_no> ─> register

Bodies and files go, events stay known: their ids, revisions, numbers and digests. Of files go the pieces that no other case has, and
a case whose pieces are not above yet stays: receipts prove events alone. So nothing is offered or fetched again, no number is
given out twice, seals and receipts are proved as before, and a register is rebuilt without them. Only at villages, which
nobody syncs from: a township must be able to give its villages back what a new laptop of theirs lacks, and the hub keeps all.

Decides by the earlier of this computer's clock and the hub's newest receipt: a clock that runs ahead archives nothing early.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from schemas.tables import Station
from station.archived import ARCHIVED
from station.databases import HERE, of_case
from station.files import pieces_of
from station.moment import Clock, read, stamp
from station.register import Register
from sync import ledger
from sync.errors import DiskFull
from sync.serving import ServedStore
from sync.store import Store
from sync.store.space import give_back

log = logging.getLogger("bianmin.archive")

AFTER: Final = timedelta(days=90)
STEP: Final = 20  # cases looked at before a save may come between
MOST: Final = 1_000_000  # cases of a village
EVERY: Final = 86_400.0  # seconds from one look to the next


class Archive:
    """Of one server. Does nothing anywhere but at a village with a store of its own."""

    def __init__(
        self,
        store: ServedStore,
        register: Register,
        here: Station,
        clock: Clock,
        carried: Callable[[str], int],
    ) -> None:
        """`carried(db)`: up to where in a database's feed a server above has all pieces of files."""
        self._carried = carried
        self._store = store if isinstance(store, Store) and here.level == "village" else None
        self._register = register
        self._clock = clock
        self._next = float("-inf")

    def tend(self, monotonic: float) -> int:
        """One small step, if it is time; how many cases went. While there are more, the next call goes on."""
        if self._store is None or monotonic < self._next:
            return 0
        count = self.step()
        if count < STEP:
            self._next = monotonic + EVERY
            try:
                if freed := give_back(self._store):
                    log.info("the store got %d MB smaller", freed // 2**20)
            except DiskFull:
                log.warning(
                    "there is no room to write the store anew; its free pages stay in it for later records"
                )
        return count

    def step(self) -> int:
        """Archives up to STEP cases; how many."""
        if self._store is None:
            return 0
        self._register.catch_up()
        told = self._register.last_receipt()
        if told is None:
            return 0
        now = self._clock()
        old, count = self._register.old(stamp(min(now, read(told)) - AFTER), STEP), 0
        for case_no, ids in old:
            row = self._register.case(case_no) or {}
            note = {
                "_id": ARCHIVED + case_no, "type": "archived", "schema": 1, "case": case_no, "at": stamp(now),
                "item": row.get("item_name", ""),
            }  # fmt: skip
            files = self._pieces(case_no, ids)
            if files is None:
                continue
            count += 1
            ledger.give_up(self._store, of_case(case_no), [*ids, *files], HERE, [note])
            self._register.gone(case_no)
        if count:
            self._register.catch_up()
        return count

    def _pieces(self, case_no: str, ids: Sequence[str]) -> list[str] | None:
        """The pieces of files that go with the case; None while some are nowhere but here."""
        assert self._store is not None
        database = self._store.database(of_case(case_no))
        own = pieces_of(database, database.bodies(ids).values())
        if not own:
            return []
        place = self._carried(database.name)
        if any(int(seq) > place for each in own if (seq := database.local_seq(each)) is not None):
            return None
        others = self._register.select("origin = ? AND files > 0", (case_no[:12],), limit=MOST)
        for other in others:
            if other["case_no"] != case_no:
                own -= pieces_of(database, self._register.events(other["case_no"]))
        return sorted(own)
