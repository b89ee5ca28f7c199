"""Carries what one peer has and another lacks. One function; the direction is the argument order.

    start <- the newest checkpoint both peers remember                         find common ancestry
    while changes := source.changes(start, batch):                             locate changed documents
        missing   <- target.revs_diff(changes)                                 calculate missing revisions
        revisions <- source.get_revisions(missing)                             fetch changed documents
        refused   <- target.add_revisions(revisions)        durable            upload changed documents
        now and then, and at the end:
            target.put_local(checkpoint); source.put_local(checkpoint)         record replication checkpoint

The stages are those of https://docs.couchdb.org/en/stable/replication/protocol.html; each function below links its own.

The checkpoint rule is not CouchDB's. CouchDB compares *session* ids and, where they match, trusts the source's
sequence. A session writes several checkpoints under one id; if the target is restored from a backup made in the middle
of a session, both ends know the id, the source's sequence is the later one, and everything between is never sent
again. Here every checkpoint has an id of its own, drawn at random when it is written:

        target, restored:    … c1 c2                 newest id in both logs: c2
        source:              … c1 c2 c3 c4           resume at c2's sequence, the lower one if the two differ
        no id in both:                               resume at 0; revs_diff makes that safe, only slower

The id under which checkpoints are kept is computed from both peers' identities, which change with a database's
incarnation. A checkpoint says only what need not be looked at again; what is held is proved elsewhere (`ledger`).

One bad document never stops the next: what a peer cannot take is counted in `Session.refused`, and a batch that fails
as a whole for what is in it is tried in halves until the document is alone.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Semaphore
from typing import Any, Final, NamedTuple, TypeVar

from sync import strict_json, wire
from sync.errors import BadJson, BadRequest, Forbidden, MissingStub, TheirFault, TooLarge
from sync.peer import Changes, Filter, Peer, Refusal, Revision, Seq

HISTORY: Final = 32  # checkpoints remembered, about 50 bytes each; a restore from further back starts at 0
CHECKPOINT_BATCHES: Final = 10  # a checkpoint at least every so many batches …
CHECKPOINT_SECONDS: Final = 5.0  # … or seconds, whichever comes first, and at the end
AHEAD: Final = 2  # stretches of the feed that are read before the one that is being written is done
WRITE_BYTES: Final = 8 * 1024 * 1024  # held in memory and given to the target at once

_POISON: Final = (
    BadJson,
    BadRequest,
    MissingStub,
    TooLarge,
)  # faults that lie in what is carried, not in the way or the rights


Item = TypeVar("Item")
Result = TypeVar("Result")


class Checkpoint(NamedTuple):
    """`id`: 16 hex digits, drawn at the write. `seq`: everything in the source up to here is durable in the target."""

    id: str
    seq: Seq


@dataclass(slots=True)
class Session:
    """What one call of `replicate` did. Counts are of revisions but for `changes`, which counts documents."""

    replication_id: str
    start_seq: Seq = 0
    end_seq: Seq = 0
    changes: int = 0
    missing: int = 0
    read: int = 0
    written: int = 0
    refused: list[Refusal] = field(default_factory=list)
    checkpoints: int = 0
    started_at: float = 0.0
    ended_at: float = 0.0

    @property
    def ok(self) -> bool:
        """Nothing was refused. Says nothing of being in sync: that takes a receipt."""
        return not self.refused


def replicate(
    source: Peer,
    target: Peer,
    *,
    random: Callable[[int], bytes] = secrets.token_bytes,
    clock: Callable[[], float] = time.time,
    batch: int = 500,
    only: Filter | None = None,
    progress: Callable[[Session], None] | None = None,
    ahead: bool = False,
) -> Session:
    """Copies to `target` every revision of `source` it lacks. `batch`: changes a round; `progress`: called after each;
    `only`: of those documents alone.

    `ahead`: two threads read the next batches while one is written, and end with the call. Without it everything happens
    one after another, in the caller's thread, in an order that `random` alone decides.

    Errors of either peer come out as they are (SyncError); what landed before is durable, and is not sent again.
    """
    session = Session(replication_id(source, target, only), started_at=clock())
    logs = _Logs(source, target, session.replication_id)
    session.start_seq = session.end_seq = saved = logs.resume_at()
    batches, saved_at = 0, session.started_at
    stretches = _stretches(source, session.start_seq, batch, only)
    with closing((_ahead if ahead else _one_by_one)(source, target, stretches)) as found_batches:
        for found in found_batches:
            _write(target, found, session)
            batches += 1
            if batches >= CHECKPOINT_BATCHES or clock() - saved_at >= CHECKPOINT_SECONDS:
                session.checkpoints += logs.record(Checkpoint(random(8).hex(), session.end_seq))
                saved, batches, saved_at = session.end_seq, 0, clock()
            if progress is not None:
                progress(session)
    if session.end_seq != saved:
        session.checkpoints += logs.record(Checkpoint(random(8).hex(), session.end_seq))
    session.ended_at = clock()
    return session


class _Batch(NamedTuple):
    """One stretch of the feed, and the revisions in it that the target lacks."""

    changes: Changes
    missing: int
    revisions: list[Revision]
    refused: list[Refusal]


def _stretches(source: Peer, since: Seq, limit: int, only: Filter | None) -> Iterator[Changes]:
    """The feed after `since`, until there is nothing more."""
    more = True
    while more:
        changes = source.changes(since, limit, only=only) if only else source.changes(since, limit)
        if not changes.results and changes.last_seq == since:
            return
        yield changes
        since = changes.last_seq
        # A filter may leave nothing of a stretch, and more may follow; where that is not told, asking tells.
        more = changes.pending != 0 or len(changes.results) >= limit


def _fetched(source: Peer, target: Peer, changes: Changes) -> _Batch:
    """What the target lacks of a stretch."""
    missing = (
        target.revs_diff({change.id: change.revs for change in changes.results}) if changes.results else {}
    )
    refused: list[Refusal] = []
    revisions = _fetch(source, missing, refused) if missing else []
    return _Batch(changes, sum(map(len, missing.values())), revisions, refused)


def _one_by_one(source: Peer, target: Peer, stretches: Iterator[Changes]) -> Generator[_Batch, None, None]:
    for changes in stretches:
        yield _fetched(source, target, changes)


def _ahead(source: Peer, target: Peer, stretches: Iterator[Changes]) -> Generator[_Batch, None, None]:
    """The same, by two threads that go on while a batch is written.

    One reads the feed, the other what the target lacks of the stretch before: so that the source makes its next answer while
    what came with this one is looked at. With one thread for both, source and target waited for each other half of the time.
    """
    room = Semaphore(AHEAD)
    stopped = Event()
    begun: SimpleQueue[Future[_Batch] | None] = SimpleQueue()

    def list_on() -> None:
        try:
            for changes in stretches:
                begun.put(pool.submit(_fetched, source, target, changes))
                room.acquire()
                if stopped.is_set():
                    return
        finally:
            begun.put(None)

    with ThreadPoolExecutor(2, thread_name_prefix="ahead") as pool:
        listing = pool.submit(list_on)
        try:
            while (batch := begun.get()) is not None:
                yield batch.result()
                room.release()
            listing.result()  # or what ended it: after what could be fetched before
        finally:
            stopped.set()
            room.release()
            pool.shutdown(cancel_futures=True)


def _write(target: Peer, found: _Batch, session: Session) -> None:
    """Makes one batch durable in the target, and counts it."""
    session.changes += len(found.changes.results)
    session.missing += found.missing
    session.read += len(found.revisions)
    session.refused += found.refused
    for revisions in wire.slices(found.revisions, WRITE_BYTES):
        refused = _store(target, revisions)
        session.written += len(revisions) - len(refused)
        session.refused += refused
    session.end_seq = found.changes.last_seq


def _fetch(source: Peer, missing: Mapping[str, list[str]], refused: list[Refusal]) -> list[Revision]:
    """https://docs.couchdb.org/en/stable/replication/protocol.html#fetch-changed-documents"""

    def refuse(item: tuple[str, list[str]], fault: TheirFault) -> None:
        refused.extend(Refusal(item[0], rev, fault.error, fault.reason) for rev in item[1])

    return _in_halves(list(missing.items()), lambda some: list(source.get_revisions(dict(some))), refuse)


def _store(target: Peer, revisions: Sequence[Revision]) -> list[Refusal]:
    """https://docs.couchdb.org/en/stable/replication/protocol.html#upload-batch-of-changed-documents"""
    alone: list[Refusal] = []

    def refuse(revision: Revision, fault: TheirFault) -> None:
        alone.append(Refusal(revision.id, revision.rev, fault.error, fault.reason))

    return _in_halves(revisions, target.add_revisions, refuse) + alone


def _in_halves(
    items: Sequence[Item],
    attempt: Callable[[Sequence[Item]], list[Result]],
    refuse: Callable[[Item, TheirFault], None],
) -> list[Result]:
    """`attempt(items)`; when it fails for what is in them, both halves apart, down to the bad items alone.

    If not one of several goes through, the fault lies elsewhere and comes out: to pass over them all would lose them.
    """
    try:
        return attempt(items)
    except _POISON as fault:
        bad: list[tuple[Item, TheirFault]] = []
        good = _search(items, attempt, bad)
        if len(bad) == len(items) > 1:
            raise
        if len(items) == 1:
            bad = [(items[0], fault)]
        for item, why in bad:
            refuse(item, why)
        return good


def _search(
    items: Sequence[Item],
    attempt: Callable[[Sequence[Item]], list[Result]],
    bad: list[tuple[Item, TheirFault]],
) -> list[Result]:
    """What goes through of a batch that failed as a whole; adds to `bad` what does not."""
    results: list[Result] = []
    middle = len(items) // 2
    for half in (items[:middle], items[middle:]) if middle else ():
        try:
            results += attempt(half)
        except _POISON as fault:
            if len(half) == 1:
                bad.append((half[0], fault))
            else:
                results += _search(half, attempt, bad)
    return results


# -- checkpoints ------------------------------------------------------------------------------------------------------


def replication_id(source: Peer, target: Peer, only: Filter | None = None) -> str:
    """Names the pair and its direction. https://docs.couchdb.org/en/stable/replication/protocol.html#generate-replication-id"""
    chosen = strict_json.canonical(only._asdict()).decode() if only else ""
    return hashlib.sha256(f"bianmin 1\n{source.identity}\n{target.identity}{chosen}".encode()).hexdigest()[
        :32
    ]


class _Logs:
    """The checkpoints both peers remember of this replication, newest first."""

    def __init__(self, source: Peer, target: Peer, id: str) -> None:
        self._source, self._target, self._id = source, target, id
        self._at_source = read_log(source.get_local(id))
        self._at_target = read_log(target.get_local(id))

    def resume_at(self) -> Seq:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#compare-replication-logs, by our rule."""
        return common_seq(self._at_source, self._at_target)

    def record(self, checkpoint: Checkpoint) -> bool:
        """Remembers the checkpoint at both ends, the target first; False where one of them may not be written to."""
        self._at_target = [checkpoint, *self._at_target][:HISTORY]
        self._at_source = [checkpoint, *self._at_source][:HISTORY]
        try:
            self._target.put_local(self._id, write_log(self._at_target))
            self._source.put_local(self._id, write_log(self._at_source))
        except (Forbidden, TooLarge):
            return False
        return True


def common_seq(at_source: Sequence[Checkpoint], at_target: Sequence[Checkpoint]) -> Seq:
    """Where to go on: the newest id in both logs, at the lower of the two sequences; else 0."""
    there = {checkpoint.id: checkpoint.seq for checkpoint in at_target}
    for id, seq in at_source:
        if id in there:
            return _lower(seq, there[id])
    return 0


def _lower(a: Seq, b: Seq) -> Seq:
    """The earlier of two sequences of one source; 0 where they cannot be told apart. CouchDB's begin with a number."""
    if a == b:
        return a
    numbers = [str(seq).partition("-")[0] for seq in (a, b)]
    if not all(number.isascii() and number.isdecimal() and len(number) < 19 for number in numbers):
        return 0
    return a if int(numbers[0]) < int(numbers[1]) else b


def write_log(log: Sequence[Checkpoint]) -> dict[str, Any]:
    """`{"replicator": "bianmin", "history": [{"id", "seq"}, …]}`, newest first."""
    return {"replicator": "bianmin", "history": [{"id": id, "seq": seq} for id, seq in log]}


def read_log(doc: dict[str, Any] | None) -> list[Checkpoint]:
    """The checkpoints in a log, as far as they have the form: the worst a spoiled log can do is make us start at 0."""
    history = doc.get("history") if doc else None
    if type(history) is not list:
        return []
    return [
        Checkpoint(entry["id"], entry["seq"])
        for entry in history[:HISTORY]
        if type(entry) is dict and type(entry.get("id")) is str and type(entry.get("seq")) in (int, str)
    ]
