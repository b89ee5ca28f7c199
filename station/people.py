"""Who is known at this server's windows: tables in a file of their own, projected from the store's changes.

    applications taken in here (create, correct_on_spot) ─┐
    household cards (here/card:<handle>, station.cards) ──┴─> known: one row a person and source ─> find, by what a clerk types

Everything a form asks about a person, so that it is asked once. The file is encrypted like the store, may be deleted at any time and
is rebuilt; what an archived or voided case said goes with it. A person is named by a *handle*, which tells nobody their number.
Only of what this server's own windows wrote, and found only from the window that did. Decides nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from schemas import names
from schemas.finding import plain
from station import projection
from station.archived import ARCHIVED
from station.databases import HERE, station_of
from sync.ledger import parse_event_id
from sync.serving import ServedStore

log = logging.getLogger("bianmin.people")

CARD: Final = "card:"
VERSION: Final = 1
BATCH: Final = 500
BATCHES: Final = 20
SCHEMA: Final = """
CREATE TABLE position (store TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL);
CREATE TABLE known (                 -- what one source says of a person: a case, or 'card'
    handle TEXT NOT NULL, source TEXT NOT NULL, station TEXT NOT NULL, at TEXT NOT NULL,
    name TEXT NOT NULL, id_type TEXT NOT NULL, id_no TEXT NOT NULL, phone TEXT NOT NULL, address TEXT NOT NULL,
    household TEXT NOT NULL, relation TEXT NOT NULL, PRIMARY KEY (handle, source)) WITHOUT ROWID;
CREATE INDEX known_source ON known (source) WHERE source <> 'card';
CREATE INDEX known_household ON known (household) WHERE household <> '';
CREATE TABLE typed (                 -- what finds a person: their name, its initials, their number from its end
    text TEXT NOT NULL, handle TEXT NOT NULL, PRIMARY KEY (text, handle)) WITHOUT ROWID;
"""
SHORTEST_NUMBER: Final = 4
"""Digits of the end of a number that find somebody; fewer would find everybody."""
LIKELY: Final = 200
"""Rows that are looked at for one answer."""


class Person(NamedTuple):
    """What is known of somebody now: the newest that a case or the card says."""

    handle: str
    source: str
    station: str
    at: str
    name: str
    id_type: str
    id_no: str
    phone: str
    address: str
    household: str
    relation: str


class People:
    """The projection of one store. Every method may be called from any thread."""

    def __init__(
        self, path: Path, store: ServedStore, own: str, secret: bytes, key: bytes | None = None
    ) -> None:
        """`own`: this server's code; `secret`: what handles are made with; `key`: the store's."""
        self._path, self._store, self._own, self._secret = path, store, own, secret
        self._lock = threading.RLock()
        self._connection = projection.opened(path, key, "PRAGMA secure_delete=ON")
        self._position = self._opened()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def handle(self, id_no: str) -> str:
        """What somebody with this number is called in addresses and in what a page sends."""
        return hmac.new(self._secret, id_no.encode(), hashlib.sha256).hexdigest()[:32]

    # -- reading -------------------------------------------------------------------------------------------------

    def find(self, typed: str, station: str, most: int = 8) -> list[Person]:
        """Whose name or its initials begin so, or whose number ends so; whom this window met last comes first."""
        asked = plain(typed)
        if not asked or (asked.isascii() and len(asked) < 2):
            return []
        begins = [asked]
        if asked[:-1].isdigit() and asked[-1] in "0123456789x":
            begins = [asked[::-1]] if len(asked) >= SHORTEST_NUMBER else []
        found: dict[str, None] = {}
        with self._lock:
            self._catch_up()
            for each in begins:
                sql = "SELECT DISTINCT handle FROM typed WHERE text >= ? AND text < ? LIMIT ?"
                found |= dict.fromkeys(
                    row[0] for row in self._execute(sql, (each, each + "\U0010ffff", LIKELY))
                )
            people = [person for handle in found if (person := self._newest(handle, station))]
        return sorted(people, key=lambda each: each.at, reverse=True)[:most]

    def get(self, handle: str, station: str) -> Person | None:
        """Who that is, if this window knows them."""
        with self._lock:
            self._catch_up()
            return self._newest(handle, station)

    def household(self, person: Person) -> list[Person]:
        """The others on the same household's cards."""
        if not person.household:
            return []
        with self._lock:
            sql = "SELECT handle FROM known WHERE household = ? AND station = ? AND handle <> ? ORDER BY at"
            found = [row[0] for row in self._execute(sql, (person.household, person.station, person.handle))]
            return [each for handle in found if (each := self._newest(handle, person.station))]

    def _newest(self, handle: str, station: str) -> Person | None:
        sql = f"SELECT {', '.join(Person._fields)} FROM known WHERE handle = ? AND station = ? ORDER BY at DESC, source DESC"  # noqa: S608
        rows = [Person(*row) for row in self._execute(sql, (handle, station))]
        if not rows:
            return None
        card = next((each for each in rows if each.household), rows[0])
        # A case says nothing of a household.
        return rows[0]._replace(household=card.household, relation=card.relation)

    # -- following the store -------------------------------------------------------------------------------------

    def tend(self) -> None:
        """A chore of the server: a long past is read beside its work, some of it each time."""
        for _ in range(BATCHES):
            with self._lock:
                if not self._catch_up():
                    return

    def _catch_up(self) -> bool:
        """One batch, which is all there is but after a start: no page waits for more."""
        known = self._store.update_seq
        if self._position >= known:
            return False
        changes = self._store.changes(self._position, BATCH)
        through = changes[-1].seq if changes else known
        try:
            with self._transaction():
                self._apply(changes)
                self._execute("UPDATE position SET seq = ?", (through,))
        except apsw.FullError:
            log.warning("the disk is full; people met since then are not offered")
            return False
        self._position = through
        return through < known

    def _apply(self, changes: Sequence[Any]) -> None:
        by: dict[str, list[str]] = {}
        for change in changes:
            by.setdefault(change.db, []).append(change.id)
        for db, ids in by.items():
            if db == HERE:
                self._note_cards([id for id in ids if id.startswith(CARD)])
                self._forget(id.removeprefix(ARCHIVED) for id in ids if id.startswith(ARCHIVED))
            elif station_of(db) is not None:
                own = [id for id in ids if (parsed := parse_event_id(id)) and parsed.writer == self._own]
                for event in self._store.bodies(db, own).values() if own else ():
                    self._note_event(event)

    def _note_event(self, event: Mapping[str, Any]) -> None:
        kind, case_no, data = event.get("event"), str(event.get("case")), event.get("data")
        if kind == "void":
            self._forget([case_no])
        said = data.get("changes") if kind == "correct_on_spot" and isinstance(data, Mapping) else data
        if kind not in ("create", "correct_on_spot") or not isinstance(said, Mapping):
            return
        sql = "SELECT name, id_type, id_no, phone, address FROM known WHERE source = ?"
        before = next(iter(self._execute(sql, (case_no,))), ("",) * 5)
        applicant = said.get("applicant", {})
        applicant = applicant if isinstance(applicant, Mapping) else {}
        new = [
            *(str(applicant.get(key) or "") for key in ("name", "id_type", "id_no")),
            *(str(said.get(key) or "") for key in ("phone", "address")),
        ]
        merged = [now or was for now, was in zip(new, before, strict=True)]
        if merged[2]:
            self._forget([case_no])
            at, handle = str(event.get("at")), self.handle(merged[2])
            self._keep(Person._make([handle, case_no, case_no[:12], at, *merged, "", ""]))

    def _note_cards(self, ids: Sequence[str]) -> None:
        bodies = self._store.bodies(HERE, ids) if ids else {}
        for id in ids:
            handle, card = id.removeprefix(CARD), bodies.get(id)
            self._execute("DELETE FROM known WHERE handle = ? AND source = 'card'", (handle,))
            if card is not None:
                fields = {name: str(card.get(name) or "") for name in Person._fields}
                self._keep(Person(**{**fields, "handle": handle, "source": "card"}))
            self._untype(handle)

    def _keep(self, person: Person) -> None:
        places = ",".join("?" * len(person))
        self._execute(f"INSERT OR REPLACE INTO known VALUES ({places})", person)  # noqa: S608 - placeholders only
        texts = {plain(person.name), *names.initials(person.name), plain(person.id_no)[::-1]}
        for text in filter(None, texts):
            self._execute("INSERT OR IGNORE INTO typed VALUES (?, ?)", (text, person.handle))

    def _forget(self, case_nos: Iterable[str]) -> None:
        for case_no in case_nos:
            handles = [
                row[0] for row in self._execute("SELECT handle FROM known WHERE source = ?", (case_no,))
            ]
            self._execute("DELETE FROM known WHERE source = ?", (case_no,))
            for handle in handles:
                self._untype(handle)

    def _untype(self, handle: str) -> None:
        """Nobody is found by what nothing says of them any more."""
        left = list(self._execute("SELECT name, id_no FROM known WHERE handle = ?", (handle,)))
        kept = {
            text for name, id_no in left for text in (plain(name), *names.initials(name), plain(id_no)[::-1])
        }
        for (text,) in list(self._execute("SELECT text FROM typed WHERE handle = ?", (handle,))):
            if text not in kept:
                self._execute("DELETE FROM typed WHERE text = ? AND handle = ?", (text, handle))

    # -- the file ------------------------------------------------------------------------------------------------

    def _opened(self) -> int:
        there = list(self._execute("SELECT 1 FROM sqlite_schema WHERE name = 'position'"))
        row = next(iter(self._execute("SELECT store, seq, version FROM position")), None) if there else None
        if (
            row is not None
            and row[0] == self._store.uuid
            and row[2] == VERSION
            and row[1] <= self._store.update_seq
        ):
            return int(row[1])
        # Another store, another shape, or an earlier day: start over from the documents.
        with self._transaction():
            projection.empty(self._connection)
            self._connection.execute(SCHEMA)
            self._execute("INSERT INTO position VALUES (?, 0, ?)", (self._store.uuid, VERSION))
        return 0

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._connection:
            yield

    def _execute(self, sql: str, args: Sequence[Any] = ()) -> apsw.Cursor:
        return self._connection.execute(sql, tuple(args))
