"""What a station says of itself: how much of what the hub published of the catalogue and the calendar counts here, and the program it runs.

    station-<code>    station_report, one word for each change, in the logbook; it travels as everything does, by relay and stick too

Says nothing before the hub has published anything, and nothing twice. What waits here, and for how long, nobody is told.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from typing import Any, Final

from station.almanac import Almanac
from station.databases import logged_as
from station.logbook import Document, Keeper
from station.moment import Clock, stamp
from station.published import Published
from station.register import Register
from station.staff import Staff
from sync.errors import DiskFull
from sync.ledger import LedgerTxn

REPORT: Final = "station_report"
PROGRAM: Final = "bianmin"


def held(published: Published, almanac: Almanac) -> int:
    """How many documents of the catalogue and the calendar that the hub published count here."""
    return published.newest() + almanac.newest()


class Reporting:
    """Of one station."""

    def __init__(
        self, code: str, keeper: Keeper, register: Register, published: Published, almanac: Almanac, clock: Clock
    ) -> None:  # fmt: skip
        self._code = code
        self._keeper = keeper
        self._register = register
        self._published = published
        self._almanac = almanac
        self._clock = clock
        # Under one form always, so that of a station one report is known, the newest.
        self._form = hashlib.sha256(code.encode()).hexdigest()[:32]
        self._program = metadata.version(PROGRAM)[
            :40
        ]  # read from a file, and the same as long as this program runs
        self._said: tuple[int, str] | None = None

    def tend(self) -> None:
        """Says what has changed."""
        now = (held(self._published, self._almanac), self._program)
        if now == self._said or not now[0]:
            return
        self._register.catch_up()
        kept = self._register.logbook.get(logged_as(self._code, self._form)) or {}
        if (kept.get("catalogue"), kept.get("program")) != now:
            try:
                self._keeper.keep(
                    self._code,
                    Staff(self._code, "", self._code, frozenset()),
                    REPORT,
                    self._form,
                    self._word(now),
                )
            except DiskFull:
                return  # said with the next look
        self._said = now

    def _word(self, now: tuple[int, str]) -> Any:
        def word(_txn: LedgerTxn, _before: Document | None) -> Document:
            return {"at": stamp(self._clock()), "catalogue": now[0], "program": now[1]}

        return word
