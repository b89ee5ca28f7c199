"""Numbers case events without gaps, in the very transaction that writes them. Does not know what events say.

    append(db, build):   BEGIN
                           build(txn) -> bodies           what it reads through txn is current, and stays so
                           n, n+1, …  -> _id, _rev        counted for each (database, writer, epoch)
                           store them
                         COMMIT                           durable, or none of it happened: no number was used

A number is used when and only when its event is durable, so whoever holds 1..n and knows n knows that nothing lacks.

This is how it is done in an embedded store. On a CouchDB cluster nobody has such a transaction: `sync.couch.ledger`
keeps the same promise by other means. `EventLedger` and `LedgerTxn` are what both are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from sync.errors import Forbidden
from sync.event_ids import EventId, event_id, event_rev, is_event_id, parse_event_id
from sync.peer import Revision
from sync.serving import ServedDatabase
from sync.store import Store, Transaction, reading, writing
from sync.wire import body as body_bytes

__all__ = [
    "EventId",
    "EventLedger",
    "Ledger",
    "LedgerTxn",
    "contiguous",
    "event_id",
    "is_event_id",
    "parse_event_id",
    "runs",
]


class LedgerTxn(Protocol):
    """What `build` may use: the database as it is at this moment, and this writer's counters."""

    def counter(self, name: str) -> int:
        """The next value, 1, 2, …, of a named counter. Given back if nothing is written."""

    def reserve(self, name: str) -> bool:
        """Whether the name is ours from now on: false if another server of this writer has it. Not given back."""

    def get(self, id: str) -> dict[str, Any] | None:
        """A living winner of this database, with `_id` and `_rev`."""

    def bodies(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living winners among `ids`, all asked for at once."""


Build = Callable[[LedgerTxn], list[dict[str, Any]]]


class EventLedger(Protocol):
    """Writes one server's events. `writer`: its 12-digit station code."""

    writer: str

    @property
    def epoch(self) -> str:
        """The part of its events' ids that says in which life of its store they were numbered."""

    def append(self, db: str, build: Build) -> list[dict[str, Any]]:
        """Writes the events whose bodies `build` returns; returns them with `_id` and `_rev`, durable.

        Makes the database if it is missing. If `build` raises, its exception comes out and nothing was written.
        """


class StoreTxn:
    """A LedgerTxn inside the transaction of an embedded store."""

    def __init__(self, txn: Transaction, db: int) -> None:
        self._txn = txn
        self._db = db

    def counter(self, name: str) -> int:
        """The next value, 1, 2, …, of a counter of this store. Given back if the transaction does not happen."""
        return self._txn.counter(f"user/{name}")

    def reserve(self, name: str) -> bool:
        """Always: no other process has this store."""
        return True

    def get(self, id: str) -> dict[str, Any] | None:
        """A living winner of this database, with `_id` and `_rev`."""
        return self.bodies((id,)).get(id)

    def bodies(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living winners among `ids`, in one statement."""
        return reading.bodies(self._txn.connection, self._db, ids)


class Ledger:
    """The EventLedger of an embedded store, whose epoch is the store's."""

    def __init__(self, store: Store, writer: str) -> None:
        event_id(writer, store.epoch, 1)  # ValueError now rather than at the first event
        self._store = store
        self.writer = writer

    @property
    def epoch(self) -> str:
        return self._store.epoch

    def append(self, db: str, build: Build) -> list[dict[str, Any]]:
        database = self._store.database(db, create=True)
        with self._store.transaction() as txn:
            written = build(StoreTxn(txn, database.key))
            if not written:
                return []
            last = txn.counter(f"ev/{db}/{self.writer}/{self.epoch}", len(written))
            events, revisions = numbered(written, self.writer, self.epoch, last - len(written) + 1)
            if refused := writing.add(txn, database.key, revisions):
                raise Forbidden(refused[0].reason)
        return events

    def repeat(self, db: str, epoch: str, after: int) -> int:
        """Writes this writer's events of an earlier epoch, those numbered beyond `after`, once more in the present one, and
        forgets them under their old numbers, all of it or nothing; how many. Each says in `was` which one it repeats.

        For when numbers were given out twice: under the old ones, what another has written may then come in.
        """
        database = self._store.database(db)
        with self._store.transaction() as txn:
            held = reading.runs(txn.connection, database.key).get((self.writer, epoch), 0)
            ids = [event_id(self.writer, epoch, n) for n in range(after + 1, held + 1)]
            # What was given up was confirmed before, whatever is said now; nobody here could repeat it.
            gone = reading.given_up(txn.connection, database.key, ids)
            after = max([after, *(parse_event_id(id).n for id in gone)])  # type: ignore[union-attr]  # they are ids
            ids = ids[-(held - after) :] if held > after else []
            if not ids:
                return 0
            found = reading.bodies(txn.connection, database.key, ids)
            again = [_repeated(found[id]) for id in ids]
            for id in ids:
                writing.purge(txn, database.key, id, [found[id]["_rev"]])
            writing.cut_run(txn, database.key, self.writer, epoch, after)
            last = txn.counter(f"ev/{db}/{self.writer}/{self.epoch}", len(again))
            _, revisions = numbered(again, self.writer, self.epoch, last - len(again) + 1)
            if refused := writing.add(txn, database.key, revisions):
                raise Forbidden(refused[0].reason)
        return len(again)


def discard(store: Store, db: str, writer: str, epoch: str, after: int) -> int:
    """Puts another writer's events, those numbered beyond `after`, into quarantine; how many. For when they are not what
    their writer wrote. Whoever has the true ones is asked for them once more: the database is another one to its peers."""
    database = store.database(db)
    with store.transaction() as txn:
        held = reading.runs(txn.connection, database.key).get((writer, epoch), 0)
        ids = [event_id(writer, epoch, n) for n in range(after + 1, held + 1)]
        if ids:
            writing.discard(txn, database.key, ids, "The writer's seal contradicts it.")
            writing.cut_run(txn, database.key, writer, epoch, after)
            txn.counter(f"turn/{database.key}")
    return len(ids)


def give_up(
    store: Store, db: str, ids: Sequence[str], beside: str, notes: Sequence[Mapping[str, Any]]
) -> int:
    """Forgets the bodies of these events and documents, which others hold, and in the same transaction notes it: `notes` are new documents,
    with `_id`, in the database `beside`. How many bodies that were. Doing it twice changes nothing more.

    They stay known: nobody offers them again, their numbers have no hole, and their writer's chain can be walked.
    """
    database, other = store.database(db), store.database(beside, create=True)
    with store.transaction() as txn:
        count = writing.give_up(txn, database.key, ids)
        known = reading.documents(txn.connection, other.key, (str(note["_id"]) for note in notes))
        for note in notes:
            id = str(note["_id"])
            if id not in known:
                content = {name: value for name, value in note.items() if name != "_id"}
                rev = writing.new_rev(id, content, None, False, {})
                revision = Revision(id, (rev,), False, body_bytes(id, content), checked=True)
                if refused := writing.add(txn, other.key, [revision]):
                    raise Forbidden(refused[0].reason)
    return count


def _repeated(event: Mapping[str, Any]) -> dict[str, Any]:
    content = {name: value for name, value in event.items() if name not in ("_id", "_rev")}
    return {**content, "was": event["_id"]}


def numbered(
    written: Iterable[Mapping[str, Any]], writer: str, epoch: str, first: int
) -> tuple[list[dict[str, Any]], list[Revision]]:
    """The events of these bodies, numbered from `first`: as documents, and as revisions to be stored. Pure."""
    events, revisions = [], []
    for n, content in enumerate(written, start=first):
        id = event_id(writer, epoch, n)
        body = body_bytes(id, dict(content))
        rev = event_rev(id, body)
        revisions.append(Revision(id, (rev,), False, body, checked=True))
        events.append({"_id": id, "_rev": rev, **content})
    return events, revisions


def contiguous(db: ServedDatabase, writer: str, epoch: str, start: int = 0) -> int:
    """The largest n such that all events 1..n of the writer's epoch are held; at least `start`."""
    return max(start, runs(db).get((writer, epoch), 0))


def runs(db: ServedDatabase) -> Mapping[tuple[str, str], int]:
    """For each (writer, epoch) with events in the database, its contiguous n. Kept up as events arrive; cheap."""
    return db.runs()
