"""The hub's gate: every station of the city may come in, each to what is its own, and gets a receipt for what it brought.

A receipt says that the hub holds 1..n of a writer's numbers, without a gap, as their writer sealed them (`sync.seals`). It
is signed, so that it can reach a village by any way, also through its township. The rules of who may read and write what
are those of station.gate.
"""

from __future__ import annotations

import threading
from contextlib import suppress

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
        self.healing: Healing | None = None
        self._heard_of: set[str] = set()
        store.watch(self._heard_of.update)

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
        """Gives the receipts that are due in a database; returns how many. Doing it twice gives no new one."""
        with self._writing:
            self._register.prove(db.name)
            return len(self._trust.confirm(db.name, self._register.proven(db.name), stamp(self._clock())))
