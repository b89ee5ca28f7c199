"""Numbers case events without gaps, in the very transaction that writes them. Does not know what events say.

    append(db, build):   BEGIN
                           build(txn) -> bodies           what it reads through txn is current, and stays so
                           n, n+1, …  -> _id, _rev        counted for each (database, writer, epoch)
                           store them
                         COMMIT                           durable, or none of it happened: no number was used

A number is used when and only when its event is durable, so whoever holds 1..n and knows n knows that nothing lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sync.errors import Forbidden
from sync.event_ids import EventId, event_id, event_rev, is_event_id, parse_event_id
from sync.peer import Revision
from sync.store import Database, Store, Transaction, reading, writing
from sync.wire import body as body_bytes

__all__ = [
    "EventId",
    "Ledger",
    "LedgerTxn",
    "contiguous",
    "event_id",
    "is_event_id",
    "parse_event_id",
    "runs",
]


class LedgerTxn:
    """What `build` may use: the database as it is at this moment, and the store's counters."""

    def __init__(self, txn: Transaction, db: int) -> None:
        self._txn = txn
        self._db = db

    def counter(self, name: str) -> int:
        """The next value, 1, 2, …, of a counter of this store. Given back if the transaction does not happen."""
        return self._txn.counter(f"user/{name}")

    def get(self, id: str) -> dict[str, Any] | None:
        """A living winner of this database, with `_id` and `_rev`."""
        return self.bodies((id,)).get(id)

    def bodies(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living winners among `ids`, in one statement."""
        return reading.bodies(self._txn.connection, self._db, ids)


class Ledger:
    """Writes this server's events. `writer`: its 12-digit station code; the epoch is the store's."""

    def __init__(self, store: Store, writer: str) -> None:
        event_id(writer, store.epoch, 1)  # ValueError now rather than at the first event
        self._store = store
        self.writer = writer
        self.epoch = store.epoch

    def append(self, db: str, build: Callable[[LedgerTxn], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Writes the events whose bodies `build` returns; returns them with `_id` and `_rev`, durable.

        Makes the database if it is missing. If `build` raises, its exception comes out and nothing was written.
        """
        database = self._store.database(db, create=True)
        with self._store.transaction() as txn:
            written = build(LedgerTxn(txn, database.key))
            if not written:
                return []
            last = txn.counter(f"ev/{db}/{self.writer}/{self.epoch}", len(written))
            events, revisions = [], []
            for n, content in enumerate(written, start=last - len(written) + 1):
                id = event_id(self.writer, self.epoch, n)
                body = body_bytes(id, dict(content))
                rev = event_rev(id, body)
                revisions.append(Revision(id, (rev,), False, body, checked=True))
                events.append({"_id": id, "_rev": rev, **content})
            if refused := writing.add(txn, database.key, revisions):
                raise Forbidden(refused[0].reason)
        return events


def contiguous(db: Database, writer: str, epoch: str, start: int = 0) -> int:
    """The largest n such that all events 1..n of the writer's epoch are held; at least `start`."""
    return max(start, runs(db).get((writer, epoch), 0))


def runs(db: Database) -> Mapping[tuple[str, str], int]:
    """For each (writer, epoch) with events in the database, its contiguous n. Kept up as events arrive; cheap."""
    return db.runs()
