"""The end that is asked: one message in, one message out. Keeps a log for each end that asks, as a `_local` document.

asker                                              here
  {last, documents, notes, places} ──>   take in what comes, durably; let follow what follows (receipts)
                                          give what is new after the places that go with `last`
                                   <──   {id, documents, notes, places, refused}
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from sync.exchange import log as logs
from sync.exchange.log import NOWHERE, Record
from sync.exchange.message import LANES, Message
from sync.exchange.side import Rights, Side
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

    def answer(self, who: str, rights: Rights, message: Message) -> Message:
        """The answer to a message of `who`: a name that is this one end's alone."""
        side, lock = self._side(who, rights)
        with lock:
            return self._answer(f"exchange:{who}", side, message)

    def _answer(self, where: str, side: Side, message: Message) -> Message:
        log = logs.read(self._kept.get_local(where), self._store.era)
        if message.id and not message.last and message.server == log.era:
            # Both have found by another way what the other has; from there on. Not where this store began another era meanwhile:
            # what it could not take then, it may now.
            begun = log.add(Record(message.id, "", message.landed or NOWHERE, message.places or NOWHERE))
            self._kept.put_local(where, logs.write(begun))
            return Message(id=message.id)
        record = log.find(message.last)
        if record is None:
            known = [each.id for each in log.records[-NAMED:]]
            here = (self._store.update_seq,) * LANES
            return Message(lost=True, known=known, server=log.era, places=here)
        newest = log.newest
        if newest is not record:
            side.forget()  # an answer was lost, and what was stated in it
        landed = newest.theirs if message.unsure and newest is not None and newest.after == record.id else ()
        refused, span = side.take(message)
        room = min(message.room or ROOM, MOST_ROOM)
        given = side.give(log._replace(spans=(*log.spans, span) if span else log.spans), record.ours, room)
        if not message.more and not message.unsure:
            side.rights.heard()
        if not (message.documents or message.notes or given.documents or given.notes or landed):
            return Message(more=given.more, bulk=given.bulk)
        new = Record(
            self._random(6).hex(), record.id, given.places, message.places or landed or record.theirs
        )
        self._kept.put_local(where, logs.write(log.add(new, span)))
        side.learn(given.notes)
        return Message(
            id=new.id, places=given.places, more=given.more, documents=given.documents, notes=given.notes,
            refused=refused, landed=landed, bulk=given.bulk,
        )  # fmt: skip

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
