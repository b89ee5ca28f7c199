"""The hub's gate: every station of the city may come in, each to what is its own, and gets a receipt for what it brought.

A receipt says that the hub holds 1..n of a writer's numbers, without a gap, as their writer sealed them (`sync.seals`). It
is signed, so that it can reach a village by any way, also through its township. The rules of who may read and write what
are those of station.gate.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress

from flask import Request

from hub.contacts import Contacts
from hub.healing import Healing
from schemas import tables
from station.databases import station_of
from station.gate import Gate, Principal
from station.identity import Identity
from station.keys import Keys
from station.moment import Clock, stamp
from station.passes import Passes
from station.register import Register
from station.trust import Trust
from sync.errors import SyncError
from sync.serving import ServedDatabase, ServedStore


class _Asked:
    """A database whose receipts are asked for, and how many there were once they are given."""

    def __init__(self, db: str) -> None:
        self.db = db
        self.given: int | None = None
        self.error: Exception | None = None


class HubGate(Gate):
    """Rules for all stations of the city."""

    def __init__(
        self,
        store: ServedStore,
        identity: Identity,
        keys: Keys,
        passes: Passes,
        trust: Trust,
        register: Register,
        *,
        clock: Clock,
    ) -> None:
        super().__init__(store, identity, keys, passes)
        self._trust = trust
        self._register = register
        self._clock = clock
        self._writing = threading.Lock()
        self._asked: deque[_Asked] = deque()
        self.healing: Healing | None = None
        self.contacts = Contacts(store, clock)
        self._heard_of: set[str] = set()
        store.watch(self._heard_of.update)

    def authenticate(self, request: Request) -> Principal:
        """As any gate; that the station came is remembered."""
        principal = super().authenticate(request)
        self.contacts.heard(principal.code)
        return principal

    def told_version(self, code: str, version: str) -> None:
        self.contacts.heard(code, version)

    def confirm_all(self) -> int:
        """Writes the receipts that a crash between a commit and its receipt left out; asked at every start."""
        return sum(
            self.confirm(self._store.database(name))
            for name in self._store.databases()
            if station_of(name) is not None
        )

    def serves(self, code: str) -> bool:
        return code in tables.stations()

    def allow(self, principal: Principal, db: str, action: str) -> None:
        """As any gate's. A database in which anything has happened since, perhaps at another web node, is looked at once
        more before a station reads it: its receipt may be due."""
        super().allow(principal, db, action)
        if action == "read" and station_of(db) is not None and db in self._heard_of:
            self._heard_of.discard(db)
            with suppress(SyncError):  # a read is not to fail of it; the next write confirms
                self.confirm(self._store.database(db))

    def written(self, principal: Principal, db: ServedDatabase) -> None:
        """Confirms what is durable here, so that the station's next pull brings the proof home."""
        self.confirm(db)

    def told(self, db: ServedDatabase) -> None:
        if self.healing is not None:
            self.healing.heard(db.name)

    def confirm(self, db: ServedDatabase) -> int:
        """Gives the receipts that are due in a database; returns how many. Doing it twice gives no new one. Who asks while
        others are being confirmed gets it with all who asked since: one step of the register, one commit."""
        asked = _Asked(db.name)
        self._asked.append(asked)
        with self._writing:
            if asked.given is None:
                some: list[_Asked] = []
                while self._asked:
                    some.append(self._asked.popleft())
                self._confirm(some)
        if asked.error is not None:
            raise asked.error
        return asked.given or 0

    def _confirm(self, some: list[_Asked]) -> None:
        try:
            given = self._give({each.db for each in some})
            for each in some:
                each.given = given.pop(each.db, 0)
        except Exception as error:
            if len(some) == 1:
                some[0].given, some[0].error = 0, error
                return
            for each in some:  # what is wrong with one is not to hold up the others
                self._confirm([each])

    def _give(self, dbs: set[str]) -> dict[str, int]:
        self._register.prove(*sorted(dbs))
        now = stamp(self._clock())
        return self._store.gathered(
            lambda: {db: len(self._trust.confirm(db, self._register.proven(db), now)) for db in sorted(dbs)}
        )
