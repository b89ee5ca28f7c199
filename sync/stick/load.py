"""What goes into a stick's file: documents in the order of `sync.exchange` (events, what everybody reads, pieces of files), what is
stated of them, and at the end what the writer has.

    frames     message, message, …      documents, packed as `sync.exchange.message` packs them, about a megabyte each
               message                  statements
               {"id", …}                `Account`: what this is, and how far both ends have come

Nobody answers a file, and it may be lost, read twice or after a later one. So a writer never concludes from having written: it
leaves out what the reader has said it has, in a file of its own (`Account.holds`, `reached`), and gives all else again.

Of the numbered events of a writer the reader says how far it holds them without a hole (`holds`). Of other documents it
says up to which place of the feed it has them (`reached`): a file brings what lies after `since`, up to `through`, and who
knows `since` knows `through` then. Decides nothing of who may have what; reads a store and writes none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import zstandard

from sync import pieces, seals, strict_json, wire
from sync.errors import SyncError
from sync.event_ids import parse_event_id
from sync.exchange import message as messages
from sync.exchange.message import Message
from sync.peer import Change, Revision, Seq
from sync.scratch import Scratch
from sync.serving import ServedDatabase, ids
from sync.stick import file as files
from sync.stick.file import BadStick

STEP: Final = 200  # changes read at once
FRAME: Final = 1024 * 1024  # bytes of documents in a frame, before they are packed
PLAIN: Final = (
    1024 * 1024 * 1024
)  # bytes that are packed into a file; one that unpacks to twice as much is none of ours
KEPT: Final = 32  # places that are remembered of a feed
LARGE: Final = 20 * 1024 * 1024  # bytes; a document that is larger does not go by stick

Runs: TypeAlias = Mapping[str, Mapping[str, int]]
"""Of each database, up to which number: {database: {"<writer>:<epoch>": n}}."""
Places: TypeAlias = Mapping[str, Seq]
"""Of each database, a place in its feed."""


class Unsound(BadStick):
    """Whole and signed, and yet not written as this version writes."""

    error = "stick_unsound"


class Account(NamedTuple):
    """What a file says of itself and its writer, where only its reader sees it."""

    id: str
    """As outside: nobody can pass what is sealed off as another file's."""
    sender: str
    to: str
    records: int
    pieces: int
    """Of files."""
    left: int
    """Documents that did not go into the file any more."""
    large: int
    """Documents that are too large for any."""
    since: Places
    through: Places
    holds: Runs
    """What the writer has of the databases that both have."""
    lacks: Mapping[str, Sequence[str]]
    """Runs of which somebody states more than the writer has: here `holds` counts, whatever was confirmed before."""
    era: str
    """Of the reader's store, which `reached` is about."""
    read: int
    """The number of the reader's newest file that was taken in: its next one has a higher one, also after it was put back."""
    reached: Places
    """Up to which place of the reader's feed the writer has what is no event."""


class Wanted(NamedTuple):
    """What is given of the store: databases, events first, then what everybody reads."""

    events: Sequence[ServedDatabase]
    everybodys: Sequence[ServedDatabase]
    known: Callable[[str, str], int]
    """(database, "<writer>:<epoch>") ─> up to which number the reader has its events."""
    since: Places


class Load:
    """What one file brings. `room`: about how many bytes it may have."""

    def __init__(
        self, wanted: Wanted, notes: Sequence[tuple[str, Mapping[str, Any]]], room: int = files.ROOM
    ) -> None:
        self._wanted = wanted
        self._notes = notes
        self._room = room
        self._is_full = False
        self.records = self.pieces = self.left = self.large = 0
        self.since: dict[str, Seq] = {}
        self.through: dict[str, Seq] = {}

    def frames(self, account: Callable[[Load], Account]) -> Iterator[bytes]:
        """The frames, `account` last, asked when the rest has been given."""
        used = plain = weight = 0
        batch: list[tuple[str, Revision]] = []
        for db, change, leaves in self._documents():
            size = sum(map(wire.size, leaves))
            if size > LARGE:
                self.large += 1
                continue
            batch += [(db, each) for each in leaves]
            weight += size
            if change.id.startswith(pieces.PREFIX):
                self.pieces += len(leaves)
            else:
                self.records += len(leaves)
            if parse_event_id(change.id) is None:
                self.through[db] = change.seq
            if weight >= FRAME:
                frame = messages.pack(Message(documents=batch))
                used += len(frame)
                plain += weight
                self._is_full = used > self._room or plain > PLAIN
                yield frame
                batch, weight = [], 0
        if batch:
            yield messages.pack(Message(documents=batch))
        if self._notes:
            yield messages.pack(Message(notes=self._notes))
        yield strict_json.canonical(account(self)._asdict())

    def count(self) -> tuple[int, int]:
        """How many records and pieces of files there are to give. No feed of years is read for it: of events their numbers tell,
        of pieces their ids. Events behind a hole, which few are and for a short time, are not counted."""
        wanted = self._wanted
        records = files = 0
        for database in wanted.events:
            for (writer, epoch), n in database.runs().items():
                records += max(0, n - wanted.known(database.name, f"{writer}:{epoch}"))
            if since := wanted.since.get(database.name, 0):
                files += _count(each for each in _feed(database, since) if parse_event_id(each.id) is None)
            else:
                files += _count(ids(database, pieces.PREFIX))
        for database in wanted.everybodys:
            records += _count(_feed(database, wanted.since.get(database.name, 0)))
        return records, files

    def _documents(self) -> Iterator[tuple[str, Change, list[Revision]]]:
        """(database, its place, leaves) of documents, in the order of their places in each feed: what was given up to one was all
        given."""
        for database, changes in self._changes():
            if self._is_full:
                self.left += len(changes)
                continue
            leaves: dict[str, list[Revision]] = {each.id: [] for each in changes}
            if changes:  # they come in any order
                for revision in database.get_revisions({each.id: each.revs for each in changes}):
                    leaves[revision.id].append(revision)
            for n, each in enumerate(changes):
                if self._is_full:
                    self.left += len(changes) - n
                    break
                if leaves[each.id]:
                    yield database.name, each, leaves[each.id]

    def _changes(self) -> Iterator[tuple[ServedDatabase, list[Change]]]:
        """The feeds, a step at a time, in order of urgency. What has all been given has come to the end of its feed."""
        wanted = self._wanted
        for database in wanted.events:
            for changes in _steps(database, 0):
                yield database, [each for each in changes if self._is_news(database.name, each.id)]
        for database, events in (
            *((each, False) for each in wanted.everybodys),
            *((each, True) for each in wanted.events),
        ):
            self.since[database.name] = since = wanted.since.get(database.name, 0)
            self.through.setdefault(database.name, since)
            end = database.update_seq
            for changes in _steps(database, since):
                yield database, [each for each in changes if not events or (parse_event_id(each.id) is None)]
            if not self.left:
                self.through[database.name] = end

    def _is_news(self, db: str, id: str) -> bool:
        number = parse_event_id(id)
        return number is not None and number.n > self._wanted.known(db, f"{number.writer}:{number.epoch}")


def _steps(database: ServedDatabase, since: Seq) -> Iterator[list[Change]]:
    while True:
        found = database.changes(since, STEP)
        yield found.results
        if len(found.results) < STEP:
            return
        since = found.last_seq


def _feed(database: ServedDatabase, since: Seq) -> Iterator[Change]:
    for changes in _steps(database, since):
        yield from changes


def _count(found: Iterable[object]) -> int:
    return sum(1 for _ in found)


def check(plain: Scratch) -> Account:
    """Reads all of a file's frames, and keeps nothing; the account of it. Unsound, Altered."""
    account, records, length = None, 0, 0
    try:
        for frame in files.frames(plain):
            if account is not None:
                raise Unsound(UNSOUND)
            if frame[:1] == b"{":
                account = _account(strict_json.loads_object(frame))
            else:
                length += _length(frame)
                if length > 2 * PLAIN:
                    raise Unsound(UNSOUND)
                message = messages.unpack(frame)
                records += len(message.documents)
                for _, note in message.notes:
                    seals.read(note)
    except BadStick:
        raise
    except SyncError as error:
        raise Unsound(UNSOUND) from error
    if account is None or account.records + account.pieces != records:
        raise Unsound(UNSOUND)
    return account


UNSOUND: Final = (
    "The file is complete and signed, but what is in it is not in order. Nothing was taken from it."
)


def _length(frame: bytes) -> int:
    """Bytes of a message when it is unpacked, as it says itself; `unpack` holds it to that."""
    try:
        return zstandard.frame_content_size(frame[1:]) if frame[0] else len(frame)
    except zstandard.ZstdError:
        return len(frame)  # it will be found out


def documents(plain: Scratch) -> Iterator[Message]:
    """The messages of a file that has been checked."""
    for frame in files.frames(plain):
        if frame[:1] != b"{":
            yield messages.unpack(frame)


def _account(said: Mapping[str, Any]) -> Account:
    """The account in a JSON object."""
    if set(said) != set(Account._fields):
        raise Unsound(UNSOUND)
    account = Account(**said)
    counts = (account.records, account.pieces, account.left, account.large, account.read)
    sound = (
        all(
            type(each) is str and len(each) <= 128
            for each in (account.id, account.sender, account.to, account.era)
        )
        and all(type(each) is int and each >= 0 for each in counts)
        and all(map(_are_places, (account.since, account.through, account.reached)))
        and _maps(account.holds, lambda runs: _maps(runs, lambda n: type(n) is int and 0 <= n < 10**15))
        and _maps(account.lacks, lambda runs: type(runs) is list and all(type(each) is str for each in runs))
    )
    if not sound:
        raise Unsound(UNSOUND)
    return account


def _are_places(value: Any) -> bool:
    return _maps(value, lambda seq: type(seq) in (int, str))


def _maps(value: Any, holds: Callable[[Any], bool]) -> bool:
    return type(value) is dict and all(map(holds, value.values()))


def reached(known: Mapping[str, Sequence[Seq]], account: Account) -> dict[str, list[Seq]]:
    """The places of a writer's feeds up to which this end has everything, after its file was taken in; the newest is last.
    `known`: those before."""
    now = {db: list(places) for db, places in known.items()}
    for db, through in account.through.items():
        if account.since.get(db, 0) == 0:
            now[db] = [through]
        elif account.since[db] in now.get(db, ()):
            now[db] = [*(each for each in now[db] if each != through), through][-KEPT:]
    return now


def lacking(runs: Mapping[str, int], stated: Iterable[tuple[str, int]]) -> list[str]:
    """The runs of which more is stated than is held."""
    return sorted({run for run, n in stated if n > runs.get(run, 0)})
