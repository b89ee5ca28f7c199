"""The end that asks: one message a call, until nothing is left on either side. Keeps a log for each server it asks.

    call     gives what is new here, takes what is new there, and writes down that both have it
    lost     the other end remembers nothing in common (a first contact, or either was put back): the caller replicates in
             CouchDB's dialect, which compares what both hold, and says `agree`

Room: as many bytes as the link carries in about five seconds, so that a cut costs little and a decision waits for no
more than that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from sync import asking, errors
from sync.asking import Way
from sync.exchange import log as logs
from sync.exchange import message as messages
from sync.exchange.log import Log, Record
from sync.exchange.message import CONTENT_TYPE, LANES, Message, Places
from sync.exchange.side import NOTHING, Rights, Side
from sync.peer import Refusal
from sync.serving import ServedDatabase
from sync.store import Store

SECONDS: Final = 5.0
FIRST_ROOM: Final = 16 * 1024
SMALLEST: Final = 4 * 1024
LARGEST: Final = 1024 * 1024


class NothingInCommon(errors.SyncError):
    """There is no exchange that both ends remember, or one of them has more than goes into messages."""

    error = "nothing_in_common"

    def __init__(self) -> None:
        super().__init__("Both ends have to compare what they hold.")


class Beginning(NamedTuple):
    """From where both can go on: the era of who answers, and how far its feed has come."""

    server: str
    places: Places


class Outcome:
    """What a call moved."""

    def __init__(self) -> None:
        self.given = 0
        self.taken = 0
        self.notes = 0
        self.refused: list[tuple[str, Refusal]] = []
        """By the other end."""
        self.not_taken: list[tuple[str, Refusal]] = []
        """By us."""
        self.calls = 0


class Calling:
    """Exchanges with one server by one way. Not to be used by two threads at once."""

    def __init__(
        self, store: Store, kept: ServedDatabase, rights: Rights, name: str, *,
        random: Callable[[int], bytes], how: int = messages.DICTIONARY_1, monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`kept`: where the log is, under `name`."""
        self._store = store
        self._kept = kept
        self._where = f"exchange-with:{name}"
        self._side = Side(store, rights)
        self._random = random
        self._how = how
        self._monotonic = monotonic
        self._unsure = False
        self.room = FIRST_ROOM

    def call(self, way: Way, url: str) -> Outcome:
        """Exchanges until nothing is left. NothingInCommon; errors of the way; what landed before is durable."""
        outcome = Outcome()
        while self._once(way, url, outcome):
            pass
        return outcome

    def beginning(self, way: Way, url: str) -> Beginning:
        """Where the other end's feed is now. To be asked when it holds what we have, and before we take what it has: what it
        got from us lies before it, and is not given back."""
        answer = self._ask(way, url, Message())
        return Beginning(answer.server, answer.places)

    def agree(self, way: Way, url: str, ours: int, theirs: Beginning) -> None:
        """Both ends hold what the other had: they up to `ours` of our feed, we up to their beginning."""
        id = self._random(6).hex()
        places = (ours,) * LANES
        said = Message(id=id, server=theirs.server, places=places, landed=theirs.places)
        if self._ask(way, url, said).lost:
            return  # it has begun another era meanwhile: the next call compares again
        begun = Log(self._store.era, theirs.server)
        self._write(begun.add(Record(id, "", places, theirs.places)))

    @property
    def places(self) -> Places:
        """Up to where in our feed, a lane at a time, the other end has everything."""
        record = self._log().newest
        return record.ours if record else logs.NOWHERE

    def pending(self) -> bool:
        """Whether there is anything to give."""
        log = self._log()
        record = log.newest
        if record is None:
            return False
        given = self._side.give(log, record.ours, 0)
        return bool(given.documents or given.notes or given.bulk)

    def _once(self, way: Way, url: str, outcome: Outcome) -> bool:
        """One message and its answer; whether there is more."""
        log = self._log()
        record = log.newest
        if record is None:
            raise NothingInCommon
        unsure, self._unsure = self._unsure, True
        given = NOTHING if unsure else self._side.give(log, record.ours, self.room)
        sent = Message(last=record.id, room=self.room)
        if unsure:
            sent = sent._replace(unsure=True)
        elif given.documents or given.notes:
            sent = sent._replace(
                documents=given.documents, notes=given.notes, places=given.places, more=given.more
            )
        try:
            answer = self._ask(way, url, sent)
        except errors.TheirFault as fault:
            if not isinstance(fault, errors.Unreachable | errors.PeerFailed | errors.NotAPeer):
                self._unsure = unsure  # it has answered, and taken nothing
            raise
        outcome.calls += 1
        if answer.lost:
            return self._found_common(log, answer)
        if unsure:
            reached = answer.landed or record.ours
        else:
            reached = given.places if sent.places else record.ours
            outcome.given += len(given.documents) - len(answer.refused)
            outcome.notes += len(given.notes)
            self._side.learn(given.notes)
        outcome.refused += answer.refused
        refused, span = self._side.take(answer)
        outcome.not_taken += refused
        outcome.taken += len(answer.documents) - len(refused)
        self._unsure = False
        if given.bulk or answer.bulk:
            # Files too large for a message. The log stays where it is until they have been carried in the other dialect.
            raise NothingInCommon
        if answer.id:
            new = Record(answer.id, record.id, reached, answer.places or record.theirs)
            if span is not None and all(each == span.first - 1 for each in reached):
                new = new._replace(ours=(span.last,) * LANES)  # nothing of ours lies between
            self._write(log.add(new, span))
        return answer.more or unsure or given.more

    def _found_common(self, log: Log, answer: Message) -> bool:
        """Goes on from the newest exchange that both remember."""
        record = logs.common(log, answer.known)
        if record is None or answer.server != log.server:
            self._write(Log())
            self._unsure = False
            raise NothingInCommon
        self._side.forget()
        self._write(log._replace(records=log.records[: log.records.index(record) + 1], spans=()))
        self._unsure = False
        return True

    def _ask(self, way: Way, url: str, message: Message) -> Message:
        data = messages.pack(message, self._how, 19 if len(message.documents) < 500 else 9)
        began = self._monotonic()
        answer = post(way, url, data)
        taken = self._monotonic() - began
        moved = len(data) + len(answer)
        if moved > SMALLEST and taken > 0:
            # Half of what was, half of what is: one slow answer does not make a slow link.
            self.room = int(min(LARGEST, max(SMALLEST, (self.room + SECONDS * moved / taken) / 2)))
        return messages.unpack(answer)

    def _log(self) -> Log:
        return logs.read(self._kept.get_local(self._where), self._store.era)

    def _write(self, log: Log) -> None:
        self._kept.put_local(self._where, logs.write(log))


def post(way: Way, url: str, data: bytes) -> bytes:
    """One message sent, and the bytes of the answer. NotFound where exchange is not spoken; NotAPeer, Unreachable, …"""
    request = way.lean("POST", url, data, CONTENT_TYPE)
    with way.answer(request) as response:
        answer = b"".join(asking.pieces(response, messages.MAX_PACKED))
        if asking.kind_of(response) != CONTENT_TYPE:
            asking.check(response, answer)
            raise errors.NotAPeer("The answer to a message is none.")
    return answer
