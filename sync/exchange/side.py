"""What one end of an exchange has to give, and how it takes what comes. The same at both ends.

    our feed, a lane at a time ──> documents, notes      part by part, until the room is used up; events before catalogue before files
    documents, notes           ──> our store             durable when `take` returns; what is refused is told
                                                         what follows from it (receipts) by `settle`, before anything is given

An end gives what is new in its feed since the other end had everything, but for what came from there.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple, Protocol

from sync import pieces, wire
from sync.errors import TheirFault
from sync.exchange import message as messages
from sync.exchange.log import Log, Span
from sync.exchange.message import Message, Places
from sync.peer import Change, Changes, Refusal, Revision
from sync.serving import ServedDatabase
from sync.store import Store

STEP: Final = 200  # changes read at once …
AT_ONCE: Final = 20  # … and documents: of files a part takes a few
MOST: Final = 20_000  # documents in a part
SHARES: Final = 20  # of the room, a part
LEAST: Final = 4 * 1024  # bytes of a part, however bad the line: one or two seconds of the worst
NOTE: Final = 100  # bytes that something stated takes


_Item = tuple[int, str, list[Revision]]
"""Sequence, database, and the leaves of a document."""
_Reading = Callable[[Sequence[str], int], Iterator[_Item]]


class Rights(Protocol):
    """Who the other end is to this one: what it may have, and what is taken from it."""

    def gives(self) -> Sequence[str]:
        """The databases the other end gets, of those that are here."""

    def hears(self) -> Sequence[str]:
        """The databases, here or to come, of whose events the other end is told at once; "" for any."""

    def everybodys(self, db: str) -> bool:
        """Whether it is a database that everybody reads, rather than one of events."""

    def notes(self, db: str, since: int) -> list[Mapping[str, Any]]:
        """What is stated of a database, if anything new has been since that place in the store's feed."""

    def take(self, db: str, revisions: Sequence[Revision]) -> list[Refusal]:
        """Takes documents in, durably, as far as the other end may bring them."""

    def take_notes(self, db: str, notes: Sequence[Mapping[str, Any]]) -> None:
        """Takes in what is stated of a database."""

    def settle(self, dbs: Iterable[str]) -> None:
        """After something came in of these databases, before anything is given: what follows from it."""

    def heard(self) -> None:
        """The other end has given all it has."""


class Given(NamedTuple):
    """What goes into a part of a message."""

    documents: list[tuple[str, Revision]]
    notes: list[tuple[str, Mapping[str, Any]]]
    places: Places
    more: bool
    bulk: list[str]


class Side:
    """One end, towards one other."""

    def __init__(self, store: Store, rights: Rights) -> None:
        self._store = store
        self.rights = rights
        # Signatures of what the other end has; forgotten at a restart, and then told again.
        self._known: set[str] = set()
        self._unsettled: set[str] = set()

    # -- giving ---------------------------------------------------------------------------------------------------

    def give(self, log: Log, places: Places, room: int) -> Iterator[Given]:
        """What is new after `places`, about as much as goes into `room` bytes when packed; each part read when it is asked for,
        so that what is urgent and was written meanwhile goes first. One at least, which may be empty."""
        share = max(LEAST, room // SHARES)
        lanes = [_Lane(self, lane, place, log) for lane, place in enumerate(places)]
        told: set[str] = set()
        names: Sequence[str] = ()
        noted: int | None = None
        while True:
            # In this order: what is stated covers whatever goes along, as nothing does that was written after it.
            through = self._store.update_seq
            notes = []
            if noted != through:  # else there is nothing that was not told with the part before
                # Asked anew, and not before `through` was read: a village may call for the first time between two parts, and of a
                # database that is not among these all would be taken for given.
                names = self.rights.gives()
                notes = [each for each in self._notes(names, lanes[0].place) if each[1]["sig"] not in told]
            noted = through
            given, size = self._part(lanes, names, notes, share, through)
            room -= size
            yield given
            if not given.more or room <= 0:
                return
            told.update(str(note["sig"]) for _, note in notes)

    def is_urgent(self, log: Log, since: int) -> bool:
        """Whether there is something after that place in our feed which should not wait for anything else."""
        databases = (
            self._store.database(name) for name in self.rights.gives() if not self.rights.everybodys(name)
        )
        return any(any(_wanted(0, found, log)) for each in databases for found in _changes(each, since))

    def has_news(self, log: Log, places: Places) -> bool:
        """Whether there is something urgent after `places`, or something stated that the other end has not been told."""
        return self.is_urgent(log, places[0]) or bool(self._notes(self.rights.gives(), places[0]))

    def _part(
        self, lanes: Sequence[_Lane], names: Sequence[str], notes: list[tuple[str, Mapping[str, Any]]], share: int, through: int
    ) -> tuple[Given, int]:  # fmt: skip
        documents: list[tuple[str, Revision]] = []
        bulk: set[str] = set()
        used = NOTE * len(notes)
        full = False
        for lane in lanes:
            while not full and (found := lane.next(through, names)):
                _, db, leaves = found
                if any(wire.files_size(each) > wire.INLINE for each in leaves):
                    bulk.add(db)  # nothing goes past it, or it would be taken for given
                    break
                size = sum(map(messages.size, leaves))
                if documents and (used + size > share or len(documents) >= MOST):
                    full = True
                    break
                used += size
                documents += [(db, each) for each in leaves]
                lane.given()
            if full:
                break
        return Given(documents, notes, tuple(each.place for each in lanes), full, sorted(bulk)), used

    def _notes(self, names: Iterable[str], since: int) -> list[tuple[str, Mapping[str, Any]]]:
        return [
            (db, note)
            for db in names
            if not self.rights.everybodys(db)
            for note in self.rights.notes(db, since)
            if note["sig"] not in self._known
        ]

    def _lane(
        self, lane: int, names: Iterable[str], since: int, log: Log
    ) -> Iterator[tuple[int, str, list[Revision]]]:
        """(sequence, database, leaves of a document) of a lane, oldest first."""
        feeds = [
            self._feed(lane, self._store.database(name), since, log)
            for name in names
            if lane == 2 or self.rights.everybodys(name) == (lane == 1)  # pieces are of both
        ]
        yield from heapq.merge(*feeds, key=itemgetter(0))

    def _feed(
        self, lane: int, database: ServedDatabase, since: int, log: Log
    ) -> Iterator[tuple[int, str, list[Revision]]]:
        for found in _changes(database, since):
            wanted = list(_wanted(lane, found, log))
            for first in range(0, len(wanted), AT_ONCE):
                asked = wanted[first : first + AT_ONCE]
                leaves: dict[str, list[Revision]] = {each.id: [] for each in asked}
                # They come in any order.
                for revision in database.get_revisions({each.id: each.revs for each in asked}):
                    leaves[revision.id].append(revision)
                yield from ((int(each.seq), database.name, leaves[each.id]) for each in asked)

    # -- taking ---------------------------------------------------------------------------------------------------

    def take(
        self, message: Message, note: Callable[[Span | None], None] = lambda span: None
    ) -> tuple[list[tuple[str, Refusal]], Span | None]:
        """Takes in what a message brings; what was refused, and where in our feed the rest is. `note` writes that down: it is durable
        together with what came, or neither is. What follows from it comes with `settle`."""
        by_database: dict[str, list[Revision]] = {}
        for db, revision in message.documents:
            by_database.setdefault(db, []).append(revision)
        stated: dict[str, list[Mapping[str, Any]]] = {}
        for db, each in message.notes:
            stated.setdefault(db, []).append(each)

        def write() -> tuple[list[tuple[str, Refusal]], Span | None]:
            refused: list[tuple[str, Refusal]] = []
            first = self._store.update_seq
            for db, revisions in by_database.items():
                refused.extend((db, each) for each in self._taken(db, revisions))
            last = self._store.update_seq
            for db, notes in stated.items():
                try:
                    self.rights.take_notes(db, notes)
                except TheirFault as fault:
                    refused.append((db, Refusal("", "", fault.error, fault.reason)))
            span = Span(first + 1, last) if last > first else None
            note(span)
            return refused, span

        taken = self._store.gathered(write)
        self.learn(message.notes)
        self._unsettled |= {*by_database, *stated}
        return taken

    def settle(self) -> None:
        """What follows from all that was taken in, also with messages that were cut off."""
        dbs, self._unsettled = self._unsettled, set()
        self.rights.settle(dbs)

    def _taken(self, db: str, revisions: Sequence[Revision]) -> list[Refusal]:
        try:
            return self.rights.take(db, revisions)
        except TheirFault as fault:  # all of it: not theirs to bring, say
            return [Refusal(each.id, "".join(each.path[:1]), fault.error, fault.reason) for each in revisions]

    def forget(self) -> None:
        """What the other end was told may not have come."""
        self._known.clear()

    def learn(self, notes: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """The other end has these notes."""
        self._known.update(str(note.get("sig")) for _, note in notes)


class _Lane:
    """How far one answer has come in a lane. What was read of the feed for one part serves the next: a township has the feeds of
    twenty villages, and to read each of them anew for every part cost it minutes after a storm."""

    def __init__(self, side: Side, lane: int, place: int, log: Log) -> None:
        self.place = place
        """All of the lane up to here has been given, or is not for the other end."""
        self._read: _Reading = lambda names, since: side._lane(lane, names, since, log)
        self._items: Iterator[_Item] | None = None
        self._bound = place
        self._next: _Item | None = None

    def next(self, through: int, names: Sequence[str]) -> _Item | None:
        """What comes next of what is in the feeds of these databases up to `through`; None: all of it has been given."""
        while self._next is None:
            if self._items is None:
                if self.place >= through:
                    return None
                # What is written from here on is no concern of this reading, which may have passed its database already.
                self._items, self._bound = self._read(names, self.place), through
            found = next(self._items, None)
            if found is None or found[0] > self._bound:
                self.place, self._items = max(self.place, self._bound), None
            else:
                self._next = found
        return self._next

    def given(self) -> None:
        """What comes next goes along."""
        assert self._next is not None
        self.place, self._next = self._next[0], None


def _changes(database: ServedDatabase, since: int) -> Iterator[Changes]:
    """The feed of a database after a place, a step at a time, up to what is there now."""
    last = int(database.update_seq)
    while since < last:
        found = database.changes(since, STEP)
        yield found
        if len(found.results) < STEP:
            return
        since = int(found.last_seq)


def _wanted(lane: int, found: Changes, log: Log) -> Iterator[Change]:
    """What of it is of a lane, and did not come from the other end."""
    for change in found.results:
        if not _came(change, log) and change.id.startswith(pieces.PREFIX) == (lane == 2):
            yield change


def _came(change: Change, log: Log) -> bool:
    """Whether the other end has this document. One that has been edited may have joined with something of ours on its way to
    this place, so of those nothing is concluded."""
    return len(change.revs) == 1 and change.revs[0].startswith("1-") and log.came(int(change.seq))
