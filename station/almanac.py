"""The calendar in force: the shipped one with the days that the hub has published since in `public`.

Knows where published days are kept and when to look again; what a working day is, is schemas.workdays.
"""

from __future__ import annotations

from schemas.workdays import Calendar, calendar
from station.databases import PUBLIC
from station.keys import Keys
from sync.errors import NotFound
from sync.peer import Seq
from sync.serving import ServedStore

PREFIX = "day:"
# A city's holidays of a century fit; more is not a calendar.
MOST = 20_000


class Almanac:
    """Ask `calendar()` for each use: it costs a look at one number unless a day was published."""

    def __init__(self, store: ServedStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._seq: Seq = -1
        self._calendar = calendar()
        self._days = 0

    def calendar(self) -> Calendar:
        """The calendar as published so far."""
        try:
            public = self._store.database(PUBLIC)
        except NotFound:
            return self._calendar
        seq = public.update_seq
        if seq != self._seq:
            ids = [row.id for row in public.all_docs(PREFIX, PREFIX + "\uffff", MOST)]
            days = [day for day in public.bodies(ids).values() if self._keys.is_from_hub(day)]
            self._calendar, self._days = calendar().with_days(days), len(days)
            self._seq = seq
        return self._calendar

    def newest(self) -> int:
        """How many published days are here: what a station tells the hub that it has, with the rest of the catalogue."""
        self.calendar()
        return self._days
