"""All databases of a server, kept in a CouchDB cluster: opening it, making databases, the feed over all of them.

    any thread ──> CouchDatabase ──> CouchDB, which decides who was first; what was written is in the journal before the
                                     call returns, so a page reads what it has just written
    follower   ──> journal <── register, receipts, waiting requests

Several web nodes may have the same cluster open. They share databases, staff, sessions and this server's name (`uuid`);
each has its own journal and numbers its own events (`epoch`).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, TypeVar

from sync import names
from sync.couch import reading
from sync.couch.address import Address
from sync.couch.calls import Calls
from sync.couch.database import CouchDatabase
from sync.couch.follower import Follower
from sync.couch.journal import Heard, Journal
from sync.errors import BadRequest, Conflict, DatabaseExists, NotAPeer, NotFound, SyncError
from sync.peer import Revision, Seq
from sync.serving import DatabaseUpdate, ServedDatabase, StoreChange

T = TypeVar("T")
log = logging.getLogger("bianmin.couch")

SYSTEM: Final = ("_users", "_replicator", "_global_changes")
HOME: Final = "here"
SERVER: Final = "server"  # a document in there: this server's name
MARK: Final = "database:"  # documents in there: which incarnation of each database it is
QUARANTINE: Final = "quarantine"
QUARANTINE_LIMIT: Final = 10_000  # refused revisions kept in all
QUARANTINE_BYTES: Final = 1024 * 1024  # of a refused body; what is larger is kept by name only
# Nobody reads a database but by us: to CouchDB we are an admin, everybody else is a stranger.
SECURITY: Final = {
    "admins": {"names": [], "roles": ["_admin"]},
    "members": {"names": [], "roles": ["_admin"]},
}
FEED: Final = 1000  # changes asked for at once
NAMES: Final = 100  # databases asked about at once


class CouchStore:
    """Open one with `CouchStore.open`. Every method may be called from any thread."""

    def __init__(self, calls: Calls, journal: Journal, uuid: str, random: Callable[[int], bytes], clock: Callable[[], float]) -> None:  # fmt: skip
        self.calls = calls
        self.journal = journal
        self.uuid = uuid
        self.epoch = _epoch(random)
        self._random = random
        self._clock = clock
        self._catching_up = _Locks()
        self._turns = itertools.count()
        self._level_since: dict[str, int] = {}  # the turn in which the last catching up of each began
        self.thin = False  # a server that speaks like CouchDB and knows less: no _dbs_info, for one
        self._follower = Follower(self)

    @classmethod
    def open(
        cls,
        address: Address,
        journal: str | os.PathLike[str],
        *,
        random: Callable[[int], bytes] = secrets.token_bytes,
        clock: Callable[[], float] = time.time,
        follow: bool = True,
        sweep: bool = True,
    ) -> CouchStore:
        """The databases of the cluster at `address`; what is missing of CouchDB's own databases is made. Returns when
        `journal` knows everything that is there. `follow`: goes on hearing of what others write. Without `sweep` it
        returns at once and knows of a database when that is asked for.

        Unreachable, NotAPeer, PeerFailed (the password, for one); StoreLocked when another process uses the journal.
        """
        calls = Calls(address)
        try:
            said = calls.ask("GET")
            if not isinstance(said, dict) or not ("couchdb" in said or "express-pouchdb" in said):
                raise NotAPeer(f"What answers at {address} is no CouchDB.")
            for name in SYSTEM:
                with contextlib.suppress(DatabaseExists, BadRequest):  # or a server that has no need of it
                    calls.ask("PUT", name)
            uuid = _named(calls, random)
            heard = Journal(journal, uuid)
        except BaseException:
            calls.close()
            raise
        store = cls(calls, heard, uuid, random, clock)
        try:
            if sweep:
                store.sweep()
        except BaseException:
            store.close()
            raise
        if follow:
            store._follower.start()
        return store

    def close(self) -> None:
        """Ends the connections and the follower; wakes everybody who waits."""
        self._follower.stop()
        self.calls.close()
        self.journal.close()

    def __enter__(self) -> CouchStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def renew_epoch(self) -> str:
        """A new epoch for this node's events; what numbers it gave out before are never given again."""
        self.epoch = _epoch(self._random)
        return self.epoch

    # -- databases ------------------------------------------------------------------------------------------------

    def database(self, name: str, create: bool = False) -> CouchDatabase:
        """The database of that name; NotFound unless it is there or `create`."""
        incarnation = self.journal.incarnation(name)
        if incarnation is not None:
            return CouchDatabase(self, name, incarnation)
        if create:
            with contextlib.suppress(DatabaseExists):
                return self.create_database(name)
        if not _is_ours(name):
            raise NotFound(f"There is no database {name!r} here.")
        self.calls.ask("GET", self.calls.real(name))  # another node may have made it a moment ago
        return self._adopt(name)

    def create_database(self, name: str) -> CouchDatabase:
        """A new database; DatabaseExists if there is one, IllegalDatabaseName."""
        names.check_database(name)
        if not _is_ours(name):
            raise DatabaseExists(f"The name {name!r} is taken.")
        _make(self.calls, name)
        return self._adopt(name, made=True)

    def _adopt(self, name: str, *, made: bool = False) -> CouchDatabase:
        """From now on this node knows the database. `made`: by this node, just now."""
        incarnation = self.uuid if name == HOME else _mark(self.calls, name, self._random, made)
        self.journal.add(name, incarnation)
        return CouchDatabase(self, name, incarnation)

    def delete_database(self, name: str) -> None:
        """Forgets the database and all in it."""
        self.database(name)
        self.calls.ask("DELETE", self.calls.real(name))
        self.journal.drop(name)
        mark = (self.calls.real(HOME), MARK + name)
        with contextlib.suppress(NotFound, Conflict):
            self.calls.ask("DELETE", *mark, rev=self.calls.ask("GET", *mark)["_rev"])

    def databases(self) -> list[str]:
        """The names, sorted, as far as this node has heard."""
        return self.journal.databases()

    def gathered(self, run: Callable[[], T]) -> T:
        """Each request is durable by itself."""
        return run()

    def afterwards(self, tell: Callable[[], None]) -> None:
        """Likewise: at once."""
        tell()

    def holds(self, db: ServedDatabase) -> bool:
        """Whether this very incarnation is still there, as far as this node has heard."""
        return isinstance(db, CouchDatabase) and self.journal.incarnation(db.name) == db.incarnation

    def bodies(self, db: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living winners among `ids`, as documents with `_id` and `_rev`."""
        return self.database(db).bodies(ids)

    # -- the feed over all databases ------------------------------------------------------------------------------

    @property
    def update_seq(self) -> int:
        """The number of the last thing this node has heard."""
        return self.journal.seq

    def changes(self, since: int = 0, limit: int = 1000) -> list[StoreChange]:
        """What was heard after `since`, oldest first, each document once."""
        return self.journal.changes(since, limit)

    def wait(self, seq: int, timeout: float) -> bool:
        """True as soon as `update_seq` > `seq`; False after `timeout` seconds, or when the store is closed."""
        return self.journal.wait(lambda: self.journal.seq > seq, timeout)

    def updates(self, since: Seq = 0) -> tuple[list[DatabaseUpdate], Seq]:
        """What happened to databases after `since`, in this node's numbers."""
        text = str(since)
        if not (text.isascii() and text.isdecimal() and len(text) <= 18):
            raise BadRequest(f"{text[:40]!r} is not a sequence of this server.")
        found = self.journal.updates(int(text))
        return found, found[-1].seq if found else int(text)

    def watch(self, told: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """`told` hears the names of databases that were written, made or deleted. Returns what ends it."""
        return self.journal.watch(told)

    # -- hearing --------------------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Looks through all databases for what was not heard of."""
        there = self.listed()
        for name in set(self.journal.databases()) - set(there):
            self.journal.drop(name)
        for some in reading.runs_of(there, NAMES):
            moved = self._moved(some)
            for name in some:
                if self.journal.incarnation(name) is None:
                    self.hear(name, anew=True)
                elif name in moved:
                    self.refresh(name)

    def listed(self) -> list[str]:
        """The databases there are, as the cluster says now."""
        found = map(self.calls.ours, self.calls.ask("GET", "_all_dbs"))
        return [name for name in found if name is not None and _is_ours(name)]

    def _moved(self, some: Sequence[str]) -> set[str]:
        """Those of `some` whose sequence is another than the one heard."""
        if not self.thin:
            try:
                said = self.calls.ask(
                    "POST", "_dbs_info", body={"keys": [self.calls.real(name) for name in some]}
                )
            except (NotFound, BadRequest):
                self.thin = True
            else:
                seqs = {each["key"]: each.get("info", {}).get("update_seq") for each in said}
                return {name for name in some if seqs.get(self.calls.real(name)) != self.journal.since(name)}
        return set(some)

    def hear(self, name: str, *, anew: bool = False) -> None:
        """Something happened to a database. `anew`: it may have been made or deleted."""
        if not _is_ours(name):
            return
        if anew or self.journal.incarnation(name) is None:
            try:
                self.calls.ask("GET", self.calls.real(name))
                self._adopt(name)
            except NotFound:
                self.journal.drop(name)
                return
        self.refresh(name)

    def refresh(self, name: str) -> None:
        """Brings the journal level with a database. Those who ask while it is being done share what is done next."""
        asked = next(self._turns)
        with self._catching_up.of(name):
            if self._level_since.get(name, -1) > asked:
                return  # begun after we asked
            begun = next(self._turns)
            while True:
                since = self.journal.since(name)
                try:
                    said = self.calls.ask(
                        "GET", self.calls.real(name), "_changes", since=str(since), limit=FEED
                    )
                except NotFound:
                    self.journal.drop(name)
                    return
                heard = [
                    Heard(row["id"], row["changes"][0]["rev"], row.get("deleted") is True)
                    for row in said["results"]
                ]
                self.journal.note(name, heard, said["last_seq"])
                if len(heard) < FEED:
                    self._level_since[name] = begun
                    return

    def written(self, db: CouchDatabase, heard: Sequence[Heard]) -> None:
        """This node wrote: it knows at once what it wrote, whichever copy of the database CouchDB asks next."""
        self.journal.note(db.name, heard)
        try:
            self.refresh(db.name)
        except SyncError as error:
            log.warning("%s was written but could not be looked at: %s", db.name, error)  # the follower will

    # -- what was refused -----------------------------------------------------------------------------------------

    def quarantine(self, name: str, refused: Sequence[tuple[Revision, str]]) -> None:
        """Keeps refused revisions for a person to look at. In the cluster, not in the journal, which may be deleted."""
        docs = [_quarantined(name, revision, reason, self._clock()) for revision, reason in refused]
        try:
            if self._quarantine_count() >= QUARANTINE_LIMIT:
                log.warning(
                    "the quarantine is full; %s refused revisions of %s are not kept", len(docs), name
                )
                return
            self.calls.ask(
                "POST", self.calls.real(QUARANTINE), "_bulk_docs", body={"docs": docs}
            )  # again the same: a conflict, fine
        except SyncError as error:
            log.warning("%s refused revisions of %s could not be kept: %s", len(docs), name, error)

    def _quarantine_count(self) -> int:
        try:
            return int(self.calls.ask("GET", self.calls.real(QUARANTINE))["doc_count"])
        except NotFound:
            _make(self.calls, QUARANTINE)
            return 0

    def quarantined(self) -> list[dict[str, Any]]:
        """What was refused, in any database, by any web node."""
        try:
            said = self.calls.ask("GET", self.calls.real(QUARANTINE), "_all_docs", include_docs=True)
        except NotFound:
            return []
        return [row["doc"] for row in said["rows"]]


class _Locks:
    """A lock for each name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def of(self, name: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())


def is_own(name: str, id: str) -> bool:
    """Whether a document says what this cluster is, so that it must not be carried to another one."""
    return name == HOME and (id == SERVER or id.startswith(MARK))


def _is_ours(name: str) -> bool:
    """Whether a database of the cluster is one of a server's: CouchDB's own and the quarantine are not served."""
    return names.is_database(name) and name != QUARANTINE


def _make(calls: Calls, name: str) -> None:
    """Makes a database of one shard: a station's is small, and there are thousands. DatabaseExists."""
    calls.ask("PUT", calls.real(name), q=1)
    _shut(calls, name)


def _shut(calls: Calls, name: str) -> None:
    """Closes a database to everybody but us."""
    if calls.ask("GET", calls.real(name), "_security") != SECURITY:
        with contextlib.suppress(Conflict):  # another node is at it
            calls.ask("PUT", calls.real(name), "_security", body=SECURITY)


def _named(calls: Calls, random: Callable[[int], bytes]) -> str:
    """This server's name, the same at all its web nodes: CouchDB decides whose proposal was first."""
    path = (calls.real(HOME), SERVER)
    with contextlib.suppress(NotFound):
        return str(calls.ask("GET", *path)["uuid"])
    with contextlib.suppress(DatabaseExists):
        _make(calls, HOME)
    with contextlib.suppress(Conflict):
        calls.ask("PUT", *path, body={"type": "server", "uuid": random(16).hex()})
    return str(calls.ask("GET", *path)["uuid"])


def _mark(calls: Calls, name: str, random: Callable[[int], bytes], made: bool) -> str:
    """Which incarnation of a database this is, as a document in `here` says. CouchDB does not tell when a database was
    deleted and made again, and does not guard `_local` documents against two writers."""
    path = (calls.real(HOME), MARK + name)
    while True:
        try:
            kept = calls.ask("GET", *path)
        except NotFound:
            kept = {}
            _shut(calls, name)  # whoever put it there
        if kept and not made:
            return str(kept["incarnation"])
        mark = {"type": "database", "incarnation": random(16).hex()}
        if kept:
            mark["_rev"] = kept["_rev"]
        try:
            calls.ask("PUT", *path, body=mark)
        except Conflict:
            made = False  # another node was faster, and its mark counts
            continue
        return mark["incarnation"]


def _epoch(random: Callable[[int], bytes]) -> str:
    return base64.b32encode(random(5)).decode().lower()


def _quarantined(name: str, revision: Revision, reason: str, at: float) -> dict[str, Any]:
    rev = revision.path[0] if revision.path else ""
    key = hashlib.sha256("\n".join((name, revision.id, rev)).encode()).hexdigest()[:32]
    body = base64.b64encode(revision.body).decode() if len(revision.body) <= QUARANTINE_BYTES else ""
    return {
        "_id": key, "type": "quarantined", "db": name, "id": revision.id[:512], "rev": rev[:128], "at": at,
        "reason": reason, "deleted": revision.deleted, "body_base64": body,
    }  # fmt: skip
