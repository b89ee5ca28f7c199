"""The end that is asked: a message in, part by part, and one out. Keeps a log for each end that asks, as a `_local` document.

asker                                              here
  {last, documents, notes, places} ──>   take in what comes, durably; let follow what follows (receipts)
  {documents, places} …            ──>   likewise, part by part: where the line is cut, what came is known
                                          give what is new after the places that go with `last`
                                   <──   {id, documents, notes, places, refused} {documents, places} …
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

from sync.errors import BadRequest
from sync.exchange import log as logs
from sync.exchange.log import NOWHERE, Log, Record, Span
from sync.exchange.message import LANES, Message, Places
from sync.exchange.side import Rights, Side
from sync.peer import Refusal
from sync.serving import ServedDatabase
from sync.store import Store

ROOM: Final = 64 * 1024  # bytes, where the asker names no room
MOST_ROOM: Final = 2 * 1024 * 1024
NAMED: Final = 16  # exchanges that are named to who has lost the newest
REMEMBERED: Final = 4096  # ends whose notes are remembered


class Answering:
    """Answers every end that asks. `kept`: where the logs are. Safe to use from several threads."""

    def __init__(self, store: Store, kept: ServedDatabase, random: Callable[[int], bytes]) -> None:
        self._store = store
        self._kept = kept
        self._random = random
        self._lock = threading.Lock()
        self._sides: OrderedDict[str, tuple[Side, threading.Lock]] = OrderedDict()

    def hear(self, who: str, rights: Rights) -> Hearing:
        """A message of `who`, a name that is this one end's alone, begins to come in."""
        side, lock = self._side(who, rights)
        return Hearing(self._store, self._kept, _where(who), side, lock, self._random)

    def has_news(self, who: str, rights: Rights) -> bool:
        """Whether there is something for that end that should not wait: events, and what is stated of them."""
        log = logs.read(self._kept.get_local(_where(who)), self._store.era)
        if log.newest is None:
            return False  # nothing in common yet: it has to come of itself
        side, _ = self._side(who, rights)
        return side.has_news(log, log.newest.ours)

    def _side(self, who: str, rights: Rights) -> tuple[Side, threading.Lock]:
        with self._lock:
            found = self._sides.pop(who, None)
            if found is None:
                found = (Side(self._store, rights), threading.Lock())
                while len(self._sides) >= REMEMBERED:
                    self._sides.popitem(last=False)
            else:
                found[0].rights = rights
            self._sides[who] = found
            return found


class Hearing:
    """One message that comes in, and its answer. One of an end's is worked on at a time, a part at a time."""

    def __init__(
        self, store: Store, kept: ServedDatabase, where: str, side: Side, lock: threading.Lock, random: Callable[[int], bytes]
    ) -> None:  # fmt: skip
        self._store = store
        self._kept = kept
        self._where = where
        self._side = side
        self._lock = lock
        self._random = random
        self._first: Message | None = None
        self._last = Message()
        self._refused: list[tuple[str, Refusal]] = []
        self._moved = False
        self._came: tuple[Span, ...] = ()

    def take(self, part: Message) -> None:
        """Takes a part in; it is durable when this returns. The first says what the whole is about."""
        first = self._first = self._first or part
        self._last = part
        with self._lock:
            log = self._read()
            if log.find(first.last) is None or not (part.documents or part.notes):
                return
            if part.more and part.places:
                log = log._replace(coming=(first.last, part.places))

            def note(span: Span | None) -> None:
                if span or part.more:
                    self._write(log.came_in(span))

            refused, span = self._side.take(part, note)
            self._refused += refused
            self._moved = True
            self._came += (span,) if span else ()

    def answer(self) -> Iterator[Message]:
        """The answer, once all parts are in; written down before the first part is given out. BadRequest where there was
        none."""
        if self._first is None:
            raise BadRequest("A message has at least one part.")
        with self._lock:
            self._side.settle()
            return iter(list(self._answer(self._first)))

    def _answer(self, asked: Message) -> Iterator[Message]:
        log = self._read()
        if asked.id and not asked.last and asked.server == log.era:
            # Both have found by another way what the other has; from there on. Not where this store began another era meanwhile:
            # what it could not take then, it may now.
            self._write(log.add(Record(asked.id, "", asked.landed or NOWHERE, asked.places or NOWHERE)))
            yield Message(id=asked.id)
            return
        record = log.find(asked.last)
        if record is None:
            known = [each.id for each in log.records[-NAMED:]]
            yield Message(lost=True, known=known, server=log.era, places=(self._store.update_seq,) * LANES)
            return
        if log.newest is not record:
            self._side.forget()  # an answer was lost, and what was stated in it
            if not asked.unsure:
                # Nor does who asks remember asking: a copy of that end, perhaps, which has nothing of what the other one brought.
                log = log._replace(spans=self._came)
        landed = _landed(log, record) if asked.unsure else ()
        room = min(asked.room or ROOM, MOST_ROOM)
        parts = list(self._side.give(log, asked.landed or record.ours, room))
        if not self._last.more and not asked.unsure:
            self._side.rights.heard()
        bulk = sorted({db for given in parts for db in given.bulk})
        if not (self._moved or landed or any(given.documents or given.notes for given in parts)):
            yield Message(more=parts[-1].more, bulk=bulk)
            return
        new = Record(
            self._random(6).hex(), record.id, parts[-1].places, self._last.places or landed or record.theirs
        )
        self._write(log.add(new).passed(asked.landed or record.ours))
        head = Message(id=new.id, refused=self._refused, landed=landed, bulk=bulk)
        for given in parts:
            self._side.learn(given.notes)
            yield head._replace(
                documents=given.documents, notes=given.notes, places=given.places, more=given.more
            )
            head = Message()

    def _read(self) -> Log:
        return logs.read(self._kept.get_local(self._where), self._store.era)

    def _write(self, log: Log) -> None:
        self._store.gathered(lambda: self._kept.put_local(self._where, logs.write(log)))


def _where(who: str) -> str:
    return f"exchange:{who}"


def _landed(log: Log, record: Record) -> Places:
    """What of the asker's feed is here beyond what both know: of a message that was answered, or of one that was cut."""
    newest = log.newest
    if newest is not None and newest.after == record.id:
        return newest.theirs
    after, places = log.coming
    return places if after == record.id else ()
