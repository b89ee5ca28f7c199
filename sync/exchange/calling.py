"""The end that asks: one message a call, until nothing is left on either side. Keeps a log for each server it asks.

    call     gives what is new here, takes what is new there, and writes down that both have it
    lost     the other end remembers nothing in common (a first contact, or either was put back): the caller replicates in
             CouchDB's dialect, which compares what both hold, and says `agree`

Room: as many bytes as the link carries in about ten seconds, in parts of about half a second, each of which is durable at the other
end as soon as it is there. So a cut costs one part. What is urgent goes with the next part; what is urgent at the other end is
told by `news`, and then a message ends with the part it is at.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, Final, NamedTuple

import httpx

from sync import asking, errors
from sync.asking import Way
from sync.exchange import log as logs
from sync.exchange import message as messages
from sync.exchange.log import Log, Record
from sync.exchange.message import CONTENT_TYPE, LANES, Message, Places
from sync.exchange.news import NEWS
from sync.exchange.parts import Arriving, framed
from sync.exchange.side import Given, Rights, Side
from sync.peer import Refusal
from sync.serving import ServedDatabase
from sync.store import Store

SECONDS: Final = 10.0
FIRST_ROOM: Final = 32 * 1024
SMALLEST: Final = 8 * 1024
TINY: Final = 512  # bytes that no line takes long for
LARGEST: Final = 2 * 1024 * 1024


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
        news: threading.Event | None = None,
    ) -> None:  # fmt: skip
        """`kept`: where the log is, under `name`. `news`: set while something urgent waits at the other end; cleared when it
        is about to be fetched."""
        self._store = store
        self._kept = kept
        self._where = f"exchange-with:{name}"
        self._side = Side(store, rights)
        self._random = random
        self._how = how
        self._monotonic = monotonic
        self._news = news or threading.Event()
        self._unsure = False
        self.room = FIRST_ROOM
        self.speed: float | None = None
        """Bytes a second, as the last large message went."""
        self.round_trip: float | None = None
        """Seconds, as the last small one went."""

    def call(self, way: Way, url: str) -> Outcome:
        """Exchanges until nothing is left. NothingInCommon; errors of the way; what landed before is durable."""
        outcome = Outcome()
        more = True
        while more:
            try:
                more = self._once(way, url, outcome)
            except errors.BadContentType as fault:
                if fault.word != errors.UnknownPacking.error or self._how == messages.ZSTD:
                    raise
                self._how = messages.ZSTD  # an older server, that does not know this dictionary
        return outcome

    def beginning(self, way: Way, url: str) -> Beginning:
        """Where the other end's feed is now. To be asked when it holds what we have, and before we take what it has: what it
        got from us lies before it, and is not given back."""
        answer = self._asked(way, url, Message())
        return Beginning(answer.server, answer.places)

    def agree(self, way: Way, url: str, ours: int, theirs: Beginning) -> None:
        """Both ends hold what the other had: they up to `ours` of our feed, we up to their beginning."""
        id = self._random(6).hex()
        places = (ours,) * LANES
        said = Message(id=id, server=theirs.server, places=places, landed=theirs.places)
        if self._asked(way, url, said).lost:
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
        given = next(self._side.give(log, record.ours, 0))
        return bool(given.documents or given.notes or given.bulk)

    def _once(self, way: Way, url: str, outcome: Outcome) -> bool:
        """One message and its answer, each taken in part by part; whether there is more."""
        log = self._log()
        record = log.newest
        if record is None:
            raise NothingInCommon
        unsure, self._unsure = self._unsure, True
        self._news.clear()
        said = _Said(record.ours)
        head = Message(
            last=record.id, room=self.room, unsure=unsure, landed=() if record.whole else record.theirs
        )
        new = record
        heard = began = 0
        more = False
        bulk: set[str] = set()
        try:
            with closing(self._ask(way, url, self._parts(head, log, said))) as answers:
                for answer in answers:
                    heard += 1
                    if answer.lost:
                        return self._found_common(log, answer)
                    if heard == 1:
                        # It has taken in all that was given, and has written down that it has.
                        began = self._store.update_seq
                        self._unsure = False
                        outcome.calls += 1
                        outcome.given += said.documents - len(answer.refused)
                        outcome.notes += len(said.notes)
                        outcome.refused += answer.refused
                        self._side.learn(said.notes)
                        landed = answer.landed or record.ours
                        ours = tuple(map(max, landed, record.ours)) if unsure else said.places
                        new = Record(answer.id, record.id, ours, record.theirs)
                    bulk |= set(answer.bulk)
                    more = answer.more
                    log, new = self._take(log, new, answer, outcome)
                    if more and (self._news.is_set() or self._side.is_urgent(log, max(began, new.ours[0]))):
                        return True  # what was written since; the rest of the answer is asked for again, after that
        except errors.TheirFault as fault:
            if isinstance(fault, errors.Unreachable):
                self.room = max(SMALLEST, self.room // 2)
            elif not heard and getattr(
                fault, "untouched", not isinstance(fault, errors.PeerFailed | errors.NotAPeer)
            ):
                self._unsure = unsure  # it has answered, and taken nothing
            raise
        if said.bulk or bulk:
            # Files too large for a message. They have to be carried in the other dialect, which compares all.
            raise NothingInCommon
        return more or unsure or said.more

    def _parts(self, head: Message, log: Log, said: _Said) -> Iterator[Message]:
        """What there is to give. Ends early where there is something to be had."""
        if head.unsure:
            yield head
            return
        for given in self._side.give(log, said.places, self.room):
            said.add(given)
            if given.documents or given.notes:
                head = head._replace(
                    documents=given.documents, notes=given.notes, places=given.places, more=given.more
                )
            yield head
            if given.more and self._news.is_set():
                return
            head = Message()

    def _take(self, log: Log, new: Record, answer: Message, outcome: Outcome) -> tuple[Log, Record]:
        """Takes in a part of the answer, and writes down how far it has come."""
        refused, span = self._side.take(answer)
        self._side.settle()
        outcome.not_taken += refused
        outcome.taken += len(answer.documents) - len(refused)
        if not new.id:
            return log, new  # nothing moved
        new = new._replace(theirs=answer.places or new.theirs, whole=not answer.more)
        if span is not None and all(each == span.first - 1 for each in new.ours):
            new = new._replace(ours=(span.last,) * LANES)  # nothing of ours lies between
        log = log.add(new).came_in(span).passed(new.ours)
        self._write(log)
        return log, new

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

    def _ask(self, way: Way, url: str, parts: Iterator[Message]) -> Generator[Message, None, None]:
        """Sends a message, part by part as the line takes them, and gives the answer likewise."""
        counted = _Counted()
        began = self._monotonic()
        first = next(parts)
        packed = self._packed(first)
        body: bytes | Iterator[bytes] = packed
        if first.more:
            body = counted.each(framed(itertools.chain([packed], map(self._packed, parts))))
        for data in whole(counted.each(post(way, url, body))):
            yield messages.unpack(data)
        taken = self._monotonic() - began
        moved = counted.bytes + (len(body) if isinstance(body, bytes) else 0)
        if moved < TINY:
            self.round_trip = taken
        if moved > SMALLEST and taken > 0:
            self.speed = moved / taken
            # Half of what was, half of what is: one slow answer does not make a slow link.
            self.room = int(min(LARGEST, max(SMALLEST, (self.room + SECONDS * moved / taken) / 2)))

    def _asked(self, way: Way, url: str, message: Message) -> Message:
        """A message and its answer, each of one part."""
        return list(self._ask(way, url, iter([message])))[-1]

    def _packed(self, message: Message) -> bytes:
        return messages.pack(message, self._how, 19 if len(message.documents) < 500 else 9)

    def _log(self) -> Log:
        return logs.read(self._kept.get_local(self._where), self._store.era)

    def _write(self, log: Log) -> None:
        self._kept.put_local(self._where, logs.write(log))


def wait(way: Way, url: str, seconds: int) -> bool:
    """Waits, for so long at the most, until the other end has something that should not wait; whether it has. As `post`."""
    request = way.lean("GET", f"{url}?wait={seconds}", b"", "", patience=seconds + 20.0)
    with way.answer(request) as response:
        return b"".join(_told(response, 16)) == NEWS


class _Said:
    """What has been given in a message."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.documents = 0
        self.notes: list[tuple[str, Mapping[str, Any]]] = []
        self.more = False
        self.bulk: set[str] = set()

    def add(self, given: Given) -> None:
        self.places, self.more = given.places, given.more
        self.documents += len(given.documents)
        self.notes += given.notes
        self.bulk |= set(given.bulk)


class _Counted:
    """Bytes that went by."""

    def __init__(self) -> None:
        self.bytes = 0

    def each(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.bytes += len(piece)
            yield piece


def whole(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The messages in a body, each once it is whole."""
    arriving = Arriving()
    for piece in pieces:
        yield from arriving.feed(piece)
    try:
        yield from arriving.end()
    except errors.BadRequest as error:
        raise errors.Unreachable("The answer was cut off.") from error


def post(way: Way, url: str, body: bytes | Iterator[bytes]) -> Iterator[bytes]:
    """A body sent, and that of the answer as it comes. NotFound where exchange is not spoken; NotAPeer, Unreachable, …"""
    with way.answer(way.lean("POST", url, body, CONTENT_TYPE)) as response:
        yield from _told(response, messages.MAX_PLAIN)


def _told(response: httpx.Response, limit: int) -> Iterator[bytes]:
    pieces = asking.pieces(
        response, limit if asking.kind_of(response) == CONTENT_TYPE else messages.MAX_PACKED
    )
    if asking.kind_of(response) != CONTENT_TYPE:
        asking.check(response, b"".join(pieces))
        raise errors.NotAPeer("The answer to a message is none.")
    yield from pieces
