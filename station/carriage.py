"""Who gets what by exchange, at either end: the gate's judgement for who asks, the intake's for who is asked.

Judges nothing itself. `Below` is a server below this one, that has called; `Above` is the one this server calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from schemas import tables
from station.databases import HERE, PUBLIC, of_station, station_of
from station.gate import Gate, Principal
from station.identity import Identity
from station.intake import Intake
from station.recovery import Recovery
from station.trust import PREFIX, Trust
from sync import seals
from sync.errors import NotFound
from sync.peer import Refusal, Revision
from sync.serving import ServedStore


class _Carriage:
    """What both ends have in common: what is stated of a database, and when that was last added to."""

    def __init__(self, store: ServedStore, trust: Trust) -> None:
        self._store = store
        self._here = store.database(HERE, create=True)
        self._trust = trust

    def everybodys(self, db: str) -> bool:
        return db == PUBLIC

    def unknown(self, db: str, revisions: Sequence[Revision]) -> list[Revision]:
        """Those that are not here yet: an echo is no news, and nobody need judge it."""
        if db not in self._store.databases():
            return list(revisions)
        asked: dict[str, list[str]] = {}
        for each in revisions:
            asked.setdefault(each.id, []).append(each.rev)
        missing = self._store.database(db).revs_diff(asked)
        return [each for each in revisions if each.rev in missing.get(each.id, ())]

    def notes(self, db: str, since: int) -> list[Mapping[str, Any]]:
        if int(self._store.database(db).update_seq) > since:
            self._trust.seal(db)
        place = self._here.local_seq(PREFIX + db)
        if place is None or int(place) <= since:
            return []
        return [each._asdict() for each in self._trust.statements(db)]


class Below(_Carriage):
    """A server below: it reads and brings what the gate says."""

    def __init__(
        self, store: ServedStore, trust: Trust, gate: Gate, principal: Principal, recovery: Recovery | None
    ) -> None:
        super().__init__(store, trust)
        self._gate = gate
        self._principal = principal
        self._recovery = recovery
        self._news: set[str] = set()

    def gives(self) -> Sequence[str]:
        return list(self._gate.databases(self._principal, self._store.databases()))

    def hears(self) -> Sequence[str]:
        code = self._principal.code
        below = tables.children(code)
        return self._gate.databases(self._principal, map(of_station, (code, *below)))

    def take(self, db: str, revisions: Sequence[Revision]) -> list[Refusal]:
        try:
            self._gate.allow(self._principal, db, "write")
            database = self._store.database(db)
        except NotFound:
            self._gate.allow(self._principal, db, "create")
            database = self._store.database(db, create=True)
        refused, sound = [], []
        for revision in self.unknown(db, revisions):
            refusal = self._gate.admit(self._principal, db, revision)
            if refusal is None:
                sound.append(revision)
            else:
                refused.append(refusal)
        return refused + (database.add_revisions(sound) if sound else [])

    def take_notes(self, db: str, notes: Sequence[Mapping[str, Any]]) -> None:
        self._gate.allow(self._principal, db, "write")
        if self._trust.take(db, [seals.read(note) for note in notes]):
            self._news.add(db)

    def settle(self, dbs: Iterable[str]) -> None:
        while self._news:
            db = self._news.pop()
            if self._recovery is not None:
                self._recovery.look(db)
        for db in dbs:
            if station_of(db) is not None and db in self._store.databases():
                database = self._store.database(db)
                self._gate.written(self._principal, database)

    def heard(self) -> None:
        for db in self.gives():
            if station_of(db) is not None:
                self._gate.told(self._store.database(db))


class Above(_Carriage):
    """The server above: it gets what is ours and below us, and what it brings is looked at."""

    def __init__(self, store: ServedStore, trust: Trust, own: str, identity: Identity) -> None:
        super().__init__(store, trust)
        self._own = own
        self._identity = identity

    def gives(self) -> Sequence[str]:
        return [name for name in self._store.databases() if station_of(name) is not None]

    def hears(self) -> Sequence[str]:
        return ()  # nobody above waits for us

    def take(self, db: str, revisions: Sequence[Revision]) -> list[Refusal]:
        if db != PUBLIC and station_of(db) is None:
            return [
                Refusal(each.id, each.rev, "forbidden", f"{db} does not come from above")
                for each in revisions
            ]
        epoch: Callable[[], str] = lambda: self._identity.epoch  # noqa: E731
        target = Intake(self._store.database(db, create=True), self._own, epoch)
        return target.add_revisions(self.unknown(db, revisions))

    def take_notes(self, db: str, notes: Sequence[Mapping[str, Any]]) -> None:
        self._trust.take(db, [seals.read(note) for note in notes])

    def settle(self, dbs: Iterable[str]) -> None:
        """What came is looked at once the round is over."""

    def heard(self) -> None:
        """Nobody waits for it here."""
