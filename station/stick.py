"""Sync by stick: who may write a file for whom, who is believed, what is left out, and what is said of what came.

    write    what the reader has not, as far as it has said or the hub has confirmed ─> a file, sealed to the reader
    read     all of the file is looked at ─> the same judges as on the line (`station.carriage`) ─> what it says of the reader

    here/_local/stick:<station>   {"number": of the last file written for it,
                                   "read": {"era", "number", "ids", "at"}      which of its files were taken in
                                   "reached": {"era", "places"}                what of its feed is here
                                   "told": {"era", "holds", "lacks", "read", "reached"}    what it has of ours, by its newest file}

Up: a station reads from who is above it, down: from who is below. A file of a device that another took the place of is taken in,
for it may hold the only copy of what that device wrote; one of a device that was revoked is not.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Final, NamedTuple, cast

from schemas import tables
from station.carriage import Above, Below
from station.databases import HERE, station_of
from station.gate import Gate, Principal
from station.identity import Identity
from station.keys import Keys
from station.moment import Clock, stamp
from station.recovery import Recovery
from station.register import Register
from station.trust import Trust
from sync import seals
from sync.exchange.message import Message
from sync.exchange.side import Side
from sync.peer import Refusal, Revision
from sync.seals import Statement
from sync.serving import ServedDatabase, ServedStore, T
from sync.stick import file as files
from sync.stick import load as loads
from sync.stick.file import BadStick, Envelope, Header, Stick
from sync.stick.load import Account, Load, Unsound, Wanted
from sync.store import Store

log = logging.getLogger("bianmin.stick")

PREFIX: Final = "stick:"
REMEMBERED: Final = 64  # files that were read, of each writer


class Foreign(BadStick):
    """Written by nobody who has anything to bring here."""

    error = "stick_foreign"


class NotForUs(BadStick):
    """Written for somebody else."""

    error = "stick_not_for_us"


class Revoked(BadStick):
    """Written by a device that does not speak for its station."""

    error = "stick_revoked"


class ReadBefore(BadStick):
    """This very file was taken in before."""

    error = "stick_read"


class Old(BadStick):
    """A later file of the same writer was taken in, which has all that this one has."""

    error = "stick_old"


class NoReader(BadStick):
    """There is no key that a file could be sealed to."""

    error = "stick_no_reader"


class Plan(NamedTuple):
    """What a file would bring: records, pieces of files, and about how many bytes."""

    records: int
    pieces: int

    @property
    def size(self) -> int:
        """As a rule of thumb; the file itself says it exactly."""
        return 1500 + 160 * self.records + 16_600 * self.pieces


@dataclass
class Report:
    """What came of a file."""

    sender: str
    number: int
    at: str
    records: int = 0
    pieces: int = 0
    new: int = 0
    """Of both, those that were not here yet."""
    left: int = 0
    """What the writer had and that did not go into the file any more."""
    refused: list[tuple[str, Refusal]] = field(default_factory=list)

    @property
    def here(self) -> int:
        """Those that were here already."""
        refused = len([each for _, each in self.refused if each.id])
        return max(0, self.records + self.pieces - self.new - refused)


class Sticks:
    """Writes files for other servers, and reads theirs. Every method may be called from any thread."""

    def __init__(
        self, store: ServedStore, identity: Identity, keys: Keys, trust: Trust, gate: Gate, register: Register,
        recovery: Recovery | None, *, clock: Clock, random: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self._store = store
        self._here = store.database(HERE, create=True)
        self._identity = identity
        self._own = identity.own
        self._keys = keys
        self._trust = trust
        self._gate = gate
        self._register = register
        self._recovery = recovery
        self._clock = clock
        self._random = random
        self._one_at_a_time = threading.Lock()

    # -- writing -------------------------------------------------------------------------------------------------

    def readers(self) -> list[str]:
        """The stations that files can be written for: those above, the hub first, and those below whose files were read here, the
        last one first."""
        read = {
            id.removeprefix(PREFIX): kept["read"]["at"]
            for id, kept in self._here.local_documents(PREFIX).items()
            if "read" in kept
        }
        above = [code for code in reversed(tables.ancestors(self._own)) if self._recipients(code)]
        below = sorted(read.keys() - set(above), key=lambda code: (read[code], code), reverse=True)
        return above + [code for code in below if self._recipients(code)]

    def plan(self, to: str, *, whole: bool = False) -> Plan:
        """What a file for that station would bring now. NoReader."""
        self._check(to)
        return Plan(*Load(self._wanted(to, whole), ()).count())

    def write(self, to: str, *, whole: bool = False) -> tuple[Stick, Account]:
        """A file for that station, and what it says of itself. `whole`: leaves nothing out. NoReader."""
        keys = self._check(to)
        with self._one_at_a_time:
            kept = self._kept(to)
            number = max(kept.get("number", 0), kept.get("told", {}).get("read", 0)) + 1
            self._here.put_local(PREFIX + to, {**kept, "number": number})
        wanted = self._wanted(to, whole)
        for database in wanted.events:
            self._trust.seal(database.name)
        notes = [
            (database.name, each._asdict())
            for database in wanted.events
            for each in self._trust.statements(database.name)
        ]
        envelope = Envelope(
            self._own, to, keys, self._random(8).hex(), self._era(), number, stamp(self._clock()), self._chain(),
        )  # fmt: skip
        said: list[Account] = []

        def account(load: Load) -> Account:
            held = {database.name: _runs(database) for database in wanted.events}
            reached = kept.get("reached", {})
            said.append(Account(
                envelope.id, self._own, to, load.records, load.pieces, load.left, load.large, load.since, load.through,
                held, {name: lack for name, runs in held.items() if (lack := self._lacking(name, runs))},
                reached.get("era", ""), kept.get("read", {}).get("number", 0), {db: places[-1] for db, places in reached.get("places", {}).items()},
            ))  # fmt: skip
            return said[0]

        stick = files.seal(Load(wanted, notes, files.ROOM).frames(account), envelope, self._identity.signer)
        log.info(
            "file %d for %s: %d records, %d pieces of files, %d bytes",
            number,
            to,
            said[0].records,
            said[0].pieces,
            stick.length,
        )
        return stick, said[0]

    def _check(self, to: str) -> tuple[str, ...]:
        """The keys that a file for that station is sealed to."""
        if not self._is_above(to) and not self._is_below(to):
            raise NoReader(f"{to} is neither above nor below {self._own}.")
        if not (keys := self._recipients(to)):
            raise NoReader(
                f"No key of {to} is known here. It has to have been enrolled, and this server to have heard of it."
            )
        return keys

    def _recipients(self, code: str) -> tuple[str, ...]:
        return tuple(sorted(self._keys.active(code)))

    def _wanted(self, to: str, whole: bool) -> Wanted:
        rights = self._rights(to)
        names = rights.gives()
        told = self._kept(to).get("told", {})
        known = self._known(to, told)
        ours = told.get("era") == self._era() and not whole
        return Wanted(
            [self._store.database(name) for name in names if not rights.everybodys(name)],
            [self._store.database(name) for name in names if rights.everybodys(name)],
            (lambda _db, _run: 0) if whole else known,
            told.get("reached", {}) if ours else {},
        )

    def _known(self, to: str, told: Mapping[str, Any]) -> Callable[[str, str], int]:
        """Up to which number of a run the reader has the events: as it says, or, above, as the hub has confirmed."""
        confirmed: dict[str, dict[str, int]] = {}

        def known(db: str, run: str) -> int:
            said = int(told.get("holds", {}).get(db, {}).get(run, 0))
            if not self._is_above(to) or run in told.get("lacks", {}).get(db, ()):
                return said
            if db not in confirmed:
                confirmed[db] = {}
                for each in self._trust.statements(db):
                    if each.kind == "receipt" or each.writer == tables.HUB:
                        name = _name(each.run)
                        confirmed[db][name] = max(each.n, confirmed[db].get(name, 0))
            return max(said, confirmed[db].get(run, 0))

        return known

    def _lacking(self, db: str, runs: Mapping[str, int]) -> list[str]:
        return loads.lacking(runs, ((_name(each.run), each.n) for each in self._trust.statements(db)))

    def _chain(self) -> tuple[Mapping[str, Any], ...]:
        """What the hub's key is vouched for by, for a station that has not heard of it yet."""
        record = self._keys.record(self._identity.signer.public)
        return (record,) if self._own == tables.HUB and record is not None else ()

    # -- reading -------------------------------------------------------------------------------------------------

    def read(self, file: IO[bytes]) -> Report:
        """Takes in what a file brings, all of which is looked at before. `file` is left alone meanwhile (`files.kept`). A class
        of BadStick where nothing was taken; DiskFull where some of it may have been, and the file is to be read again."""
        header = files.read_head(file)
        self.check_writer(header)
        files.check_whole(file, header)
        with self._one_at_a_time:
            plain = files.opened(file, self._identity.signer)
            account = loads.check(plain)
            if (account.id, account.sender, account.to) != (header.id, header.sender, header.to):
                raise Unsound(loads.UNSOUND)
            rights = self._rights(header.sender)
            stale = self.is_stale(header)
            if stale is not None and not any(self._is_news(rights, each) for each in loads.documents(plain)):
                raise stale
            report = Report(
                header.sender, header.number, header.at, account.records, account.pieces, left=account.left
            )
            side = Side(cast("Store", self._store if isinstance(self._store, Store) else _Anywhere()), rights)
            for message in loads.documents(plain):
                new = _new(rights, message)
                refused, _ = side.take(message)
                report.refused += refused
                report.new += len(new - {(db, each.id, each.rev) for db, each in refused})
            if stale is None:
                self._note(header, account)
        self._settle(rights, account)
        log.info(
            "file %d of %s read: %d new, %d refused",
            header.number,
            header.sender,
            report.new,
            len(report.refused),
        )
        return report

    def check_writer(self, header: Header) -> None:
        """Whether this is a file for us, by somebody whose word counts here; NotForUs, Foreign, Revoked."""
        sender = header.sender
        if header.to != self._own:
            raise NotForUs(f"The file is for {header.to[:12]}, not for {self._own}.")
        if sender not in tables.stations() or not (self._is_above(sender) or self._is_below(sender)):
            raise Foreign(f"{sender[:12]} has nothing to bring to {self._own}.")
        if header.by not in self._keys.sealing(sender) and not (
            sender == tables.HUB and any(self._keys.is_vouched(doc, header.by) for doc in header.chain)
        ):
            if self._keys.knows(sender, header.by):
                raise Revoked(f"The device that wrote the file does not speak for {sender}.")
            raise Foreign(f"No key of {sender} that is known here has signed the file.")
        if self._identity.signer.public not in header.keys:
            raise NotForUs(f"The file is for another device, or an earlier key, of {self._own}.")

    def _is_news(self, rights: Above | Below, message: Message) -> bool:
        """Whether anything in it is not here."""
        stated: dict[str, list[Statement]] = {}
        for db, note in message.notes:
            stated.setdefault(db, []).append(seals.read(note))
        return bool(_new(rights, message)) or any(
            seals.join(held := self._trust.statements(db), told) != seals.join(held, ())
            for db, told in stated.items()
        )

    def _note(self, header: Header, account: Account) -> None:
        """What the file says: how far its writer is known here, and how far we are there."""
        kept = self._kept(header.sender)
        places = kept.get("reached", {})
        known = places.get("places", {}) if places.get("era") == header.era else {}
        ours = account.era == self._era()
        self._here.put_local(PREFIX + header.sender, {
            **kept,
            "read": {
                "era": header.era, "number": header.number, "at": stamp(self._clock()),
                "ids": [*kept.get("read", {}).get("ids", []), header.id][-REMEMBERED:],
            },
            "reached": {"era": header.era, "places": loads.reached(known, account)},
            "told": {
                "era": self._era(), "holds": account.holds, "lacks": account.lacks, "read": account.read, "reached": account.reached if ours else {},
            },
        })  # fmt: skip

    def _settle(self, rights: Above | Below, account: Account) -> None:
        names = [name for name in rights.gives() if station_of(name) is not None]
        if not account.left and not any(
            self._lacking(name, _runs(self._store.database(name))) for name in names
        ):
            rights.heard()
        if self._recovery is not None:
            self._recovery.look()
        self._register.catch_up()

    # -- what was read -------------------------------------------------------------------------------------------

    def is_stale(self, header: Header) -> BadStick | None:
        """What is to be said of a file that was read before, or after a later one, if there is nothing in it that is not here. There
        may be: its writer, or this server, was put back to an earlier day."""
        read = self._kept(header.sender).get("read", {})
        if header.id in read.get("ids", ()):
            return ReadBefore("This file was read before.")
        if read.get("era") == header.era and header.number <= read.get("number", 0):
            return Old(f"File {read['number']} was read, which has all that is in this one.")
        return None

    def last_read(self, code: str) -> tuple[int, str] | None:
        """The number of the last file of that station that was taken in, and when; None if none was."""
        read = self._kept(code).get("read")
        return (read["number"], read["at"]) if read else None

    def heard_from_above(self) -> str:
        """When a file from above was last taken in; "" if none was."""
        return max(
            (read[1] for code in tables.ancestors(self._own) if (read := self.last_read(code))), default=""
        )

    # -- who is who ----------------------------------------------------------------------------------------------

    def _is_above(self, code: str) -> bool:
        return code in tables.ancestors(self._own)

    def _is_below(self, code: str) -> bool:
        return code != self._own and self._gate.serves(code)

    def _rights(self, code: str) -> Above | Below:
        if self._is_above(code):
            return Above(self._store, self._trust, self._own, self._identity)
        return Below(self._store, self._trust, self._gate, Principal(code), self._recovery)

    def _kept(self, code: str) -> dict[str, Any]:
        return self._here.get_local(PREFIX + code) or {}

    def _era(self) -> str:
        """Of this store: what was said of its feed's places in another one counts no more."""
        era = self._store.era if isinstance(self._store, Store) else f"{self._store.uuid}.{self._store.epoch}"
        return hashlib.sha256(era.encode()).hexdigest()[:16]


class _Anywhere:
    """A store that has no sequence of its own (a cluster), for `Side`: nobody asks here where in it something came to lie."""

    update_seq = 0

    def gathered(self, run: Callable[[], T]) -> T:
        return run()


def _new(rights: Above | Below, message: Message) -> set[tuple[str, str, str]]:
    """(database, id, revision) of the documents that are not here yet."""
    brought: dict[str, list[Revision]] = {}
    for db, revision in message.documents:
        brought.setdefault(db, []).append(revision)
    return {
        (db, each.id, each.rev) for db, revisions in brought.items() for each in rights.unknown(db, revisions)
    }


def _runs(database: ServedDatabase) -> dict[str, int]:
    return {_name(run): n for run, n in database.runs().items() if n}


def _name(run: Iterable[str]) -> str:
    return ":".join(run)
