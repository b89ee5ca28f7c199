"""Who works in the city, as this server knows it: read from `public`, and believed where the hub signed it.

    public/staff:<employee_no>     who, where, as what; the digest of a start code (station.staff)
    public/staff-list              until when that may be relied on, and who has left (station.leases)
    here/_local/staff-left         everybody this server ever knew to have left; it only grows

A hub needs no lease, being the one who gives them. Reads `public`; decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from schemas.problems import Problem
from station import leases, staff
from station.databases import HERE, PUBLIC
from station.keys import Keys
from station.leases import StaffList
from station.moment import Clock, read, stamp
from station.staff import Staff
from sync.errors import NotFound, SyncError
from sync.serving import ServedDatabase, ServedStore, starting

PREFIX: Final = "staff:"
LIST: Final = "staff-list"
LEFT: Final = "staff-left"
MOST: Final = 1000
"""Records that are kept in memory."""


class Appointments:
    """The people of the city. Every method may be called from any thread."""

    def __init__(self, store: ServedStore, keys: Keys, clock: Clock, *, is_hub: bool) -> None:
        self._store = store
        self._here = store.database(HERE, create=True)
        self._keys = keys
        self._clock = clock
        self._is_hub = is_hub
        self._found: tuple[object, StaffList | None] | None = None
        self._records: tuple[object, dict[str, Mapping[str, Any] | None]] = (None, {})
        """As they were found at a version. Every page asks for its reader's twice, which on a cluster was a third of all requests."""

    def record(self, employee_no: str) -> Mapping[str, Any] | None:
        """The hub's record of this number, also of somebody who left; None without one, and where it is not the hub's."""
        public = self._public()
        if public is None or not staff.is_number(employee_no):
            return None
        asked = self.version()
        if self._records[0] != asked or len(self._records[1]) >= MOST:
            self._records = (asked, {})
        found = self._records[1]
        if employee_no not in found:
            doc = public.get(PREFIX + employee_no)
            signed = doc is not None and doc.get("employee_no") == employee_no and self._keys.is_from_hub(doc)
            found[employee_no] = doc if signed else None
        return found[employee_no]

    def has_left(self, record: Mapping[str, Any]) -> bool:
        """Whether this person works here no more, by their record or by the list."""
        said = self.staff_list()
        return record["status"] != "active" or (said is not None and record["employee_no"] in said.left)

    def staff(self, employee_no: str) -> Staff | None:
        """The member of staff of this number, or None: never appointed, or left."""
        record = self.record(employee_no)
        return None if record is None or self.has_left(record) else staff.read(record)

    def of(self, station: str) -> list[Staff]:
        """Who works at that station, by number. Reads everybody's record."""
        public = self._public()
        numbers = [id.removeprefix(PREFIX) for id in starting(public, PREFIX)] if public is not None else []
        found = (self.staff(number) for number in sorted(numbers))
        return [each for each in found if each is not None and each.station == station]

    def version(self) -> object:
        """Another value once anything that is said here may have changed."""
        public = self._public()
        return None if public is None else (public.identity, public.update_seq, self._keys.hub_keys())

    def staff_list(self) -> StaffList | None:
        """The hub's newest list, with everybody this server ever knew to have left; None before the first one."""
        public = self._public()
        if public is None:
            return None
        asked = self.version()
        if self._found is None or self._found[0] != asked:
            self._found = (asked, self._read_list(public))
        return self._found[1]

    def _read_list(self, public: ServedDatabase) -> StaffList | None:
        # All leaves, and not the winner alone: a hub that was put back begins a branch of its own, shorter and newer.
        docs = [doc for rev, _ in public.leaves(LIST) if (doc := public.get(LIST, rev)) is not None]
        lists = [leases.read(doc) for doc in docs if self._keys.is_from_hub(doc)]
        if not lists:
            return None
        kept = self._here.get_local(LEFT) or {}
        known = {number: read(since) for number, since in kept.items()}
        found = leases.joined(lists, known)
        if found.left != known:
            with suppress(SyncError):  # on a full disk it is read from `public` again
                self._here.put_local(LEFT, {number: stamp(since) for number, since in found.left.items()})
        return found

    def problem(self) -> Problem | None:
        """Why nobody may record or act at this server now; None while the lease holds."""
        return None if self._is_hub else leases.problem(self.staff_list(), self._clock())

    def until(self) -> datetime | None:
        """When the lease ends; None at a hub, and before the first."""
        said = None if self._is_hub else self.staff_list()
        return said.until if said else None

    def is_after_leaving(self, event: Mapping[str, Any]) -> bool:
        """Whether an event was written by somebody who had left."""
        actor = event.get("actor")
        number = actor.get("staff") if isinstance(actor, Mapping) else None
        return leases.is_after_leaving(self.staff_list(), number, event.get("at"))

    def _public(self) -> ServedDatabase | None:
        try:
            return self._store.database(PUBLIC)
        except NotFound:
            return None
