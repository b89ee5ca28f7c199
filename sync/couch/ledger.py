"""Numbers a web node's events without gaps on a CouchDB cluster, where there is no transaction over documents.

    append(db, build):   one append at a time on this node
                           the journal is brought level with the database
                           build(txn) -> bodies           judged by what the cluster holds now
                           n, n+1, …  -> _id, _rev        counted in memory for each (database, epoch)
                           written in one request         told to be there, or asked for

Nobody else numbers in this node's epoch: it is drawn at random when the node starts. So what must not happen is that
this node uses a number twice or leaves one out. When a write's fate is not known (no answer in time), it is asked for:
there whole, it has happened; there in part, the rest is written; and where it is not there, or nobody answers, it may
still arrive later, so the node goes on in a new epoch and never touches those numbers again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sync.couch import taking
from sync.couch.database import CouchDatabase
from sync.couch.journal import Heard
from sync.errors import Conflict, Forbidden, NotAPeer, PeerFailed, SyncError, Unreachable
from sync.event_ids import event_id
from sync.ledger import Build, numbered
from sync.peer import Revision

if TYPE_CHECKING:
    from sync.couch.store import CouchStore

log = logging.getLogger("bianmin.couch")

RESERVED: Final = "reserved:"
ATTEMPTS: Final = 3  # at finding out what became of a write
PAUSE: Final = 0.5  # seconds between them
_UNKNOWN: Final = (Unreachable, PeerFailed, NotAPeer)


class CouchTxn:
    """A LedgerTxn: what the cluster holds, this node's counters, and names that no other node has."""

    def __init__(self, database: CouchDatabase, home: CouchDatabase, counters: dict[str, int]) -> None:
        self._database = database
        self._home = home
        self.counters = counters

    def counter(self, name: str) -> int:
        """The next value of a counter of this node, since it was started."""
        self.counters[name] = self.counters.get(name, 0) + 1
        return self.counters[name]

    def reserve(self, name: str) -> bool:
        """Whether the name is ours from now on: one document a name, and CouchDB says who was first."""
        try:
            self._home.put({"_id": RESERVED + name, "type": "reserved"})
        except Conflict:
            return False
        return True

    def get(self, id: str) -> dict[str, Any] | None:
        """A living winner of this database, with `_id` and `_rev`."""
        return self.bodies((id,)).get(id)

    def bodies(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living winners among `ids`."""
        return self._database.bodies(ids)


class CouchLedger:
    """The EventLedger of one web node."""

    def __init__(self, store: CouchStore, writer: str) -> None:
        event_id(writer, store.epoch, 1)  # ValueError now rather than at the first event
        self._store = store
        self.writer = writer
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], int] = {}
        self._counters: dict[str, int] = {}
        self._unsettled: list[tuple[str, list[Revision]]] = []

    @property
    def epoch(self) -> str:
        return self._store.epoch

    def append(self, db: str, build: Build) -> list[dict[str, Any]]:
        """As EventLedger's. Unreachable when CouchDB is away: then nothing was written that we know of."""
        with self._lock:
            self._complete()
            database = self._store.database(db, create=True)
            self._store.refresh(db)
            txn = CouchTxn(database, self._store.database("here", create=True), dict(self._counters))
            written = build(txn)
            if not written:
                return []
            place = (db, self.epoch)
            events, revisions = numbered(written, self.writer, self.epoch, self._counts.get(place, 0) + 1)
            self._write(database, revisions)
            self._counts[place] = self._counts.get(place, 0) + len(revisions)
            self._counters = txn.counters
        return events

    def _write(self, database: CouchDatabase, revisions: list[Revision]) -> None:
        """Returns when all of them are there."""
        try:
            _, refused = taking.take(database, revisions)
        except _UNKNOWN as fault:
            if not self._settled(database, revisions):
                self._store.renew_epoch()
                log.warning(
                    "the fate of a write is not known; numbers go on in epoch %s: %s", self.epoch, fault
                )
                raise
        else:
            if refused:
                # Our own events are well-formed, so somebody else has one of these names: it is not ours any more.
                self._store.renew_epoch()
                raise Forbidden(refused[0][1])
        self._store.written(database, [Heard(each.id, each.rev, False) for each in revisions])

    def _settled(self, database: CouchDatabase, revisions: list[Revision]) -> bool:
        """Whether all of them are there, after what is missing of a part has been written."""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE)
            try:
                missing = _missing(database, revisions)
                if not missing:
                    return True
                if len(missing) < len(revisions):
                    taking.take(database, missing)
            except SyncError:
                continue
        self._unsettled.append((database.name, revisions))
        return False

    def _complete(self) -> None:
        """Writes the rest of what arrived in part, once CouchDB answers again."""
        while self._unsettled:
            name, revisions = self._unsettled[0]
            database = self._store.database(name)
            missing = _missing(database, revisions)
            if 0 < len(missing) < len(revisions):
                taking.take(database, missing)
            self._unsettled.pop(0)


def _missing(database: CouchDatabase, revisions: Sequence[Revision]) -> list[Revision]:
    """Those that are not there."""
    absent = database.revs_diff({each.id: [each.rev] for each in revisions})
    return [each for each in revisions if each.id in absent]
