"""What a server's databases can do, beyond what any peer can: the interface between whoever keeps documents and
whoever serves them. Holds no behaviour.

Two keep this promise: `sync.store` (one SQLite file, the default) and `sync.couch` (an Apache CouchDB cluster). The
endpoint, the register and the pages know this interface and neither of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

from sync.peer import Attachment, Changes, Filter, Peer, Refusal, Revision, Seq

T = TypeVar("T")

Admit: TypeAlias = Callable[[Revision], Refusal | None]
"""Authority over one revision: None lets it in."""

LAST: Final = "\U0010ffff"
"""Sorts after every id."""


class Row(NamedTuple):
    """A line of `all_docs`. `doc` only when asked for."""

    id: str
    rev: str
    doc: Revision | None


class StoreChange(NamedTuple):
    """One document of any database, at its newest place in the store's feed."""

    seq: int
    db: str
    id: str
    winner_rev: str
    deleted: bool


class DatabaseUpdate(NamedTuple):
    """The last thing that happened to one database, for `_db_updates`."""

    seq: Seq
    name: str
    type: Literal["created", "updated", "deleted"]


class Lineage(NamedTuple):
    """One known revision of a document: its body is held ("available"), is that of a deletion, or is gone."""

    rev: str
    status: Literal["available", "deleted", "missing"]


class ServedDatabase(Peer, Protocol):
    """A database as a server serves it. A light handle; every method may be called from any thread."""

    name: str

    def changes(
        self, since: Seq = 0, limit: int = 500, *, only: Filter | None = None, descending: bool = False
    ) -> Changes:
        """As Peer's. `descending`: newest first, from the end; then `since` says nothing."""

    def get_revisions(
        self, revs: Mapping[str, Sequence[str]], *, attachments: bool = True
    ) -> Iterator[Revision]:
        """As Peer's. `attachments`: with their bytes, else as stubs."""

    @property
    def update_seq(self) -> Seq:
        """The sequence of the last change; 0 before the first."""

    def wait(self, seq: Seq, timeout: float) -> bool:
        """True as soon as there may be something after `seq`; False after `timeout` seconds, or when it is deleted."""

    def info(self) -> dict[str, Any]:
        """What `GET /db` says, in CouchDB's words, with `incarnation`. NotFound if it was deleted."""

    def get(self, id: str, rev: str | None = None) -> dict[str, Any] | None:
        """The living winner, or the leaf `rev`: with `_id` and `_rev`, attachments as stubs. None if there is none."""

    def revision(self, id: str, rev: str | None = None) -> Revision | None:
        """As `get`, with the body as bytes and with deletions."""

    def leaves(self, id: str) -> list[tuple[str, bool]]:
        """(revision, is a deletion), the winner first; empty if there is no document."""

    def local_seq(self, id: str) -> Seq | None:
        """The document's place in the feed; None if there is none."""

    def lineage(self, id: str, rev: str) -> list[Lineage]:
        """The revision and its known ancestors, newest first; empty if it is not known."""

    def bodies(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living winners among `ids`, as documents, without attachments."""

    def texts(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The bodies of the living winners among `ids`, as their bytes are kept."""

    def given_up(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The digests of those among `ids` that are events which are known here and whose bodies are not kept any more."""

    def attachment(self, id: str, name: str, rev: str | None = None) -> Attachment | None:
        """A file, with where to read its bytes; None if there is none."""

    def put(self, doc: Mapping[str, Any]) -> str:
        """Writes an edit; its revision. Conflict, Forbidden."""

    def put_many(
        self, docs: Sequence[Mapping[str, Any]], admit: Admit | None = None
    ) -> list[tuple[str, Refusal | None]]:
        """Writes edits; for each, the new revision and None, or "" and why not."""

    def all_docs(
        self,
        start: str = "",
        end: str = LAST,
        limit: int = 1000,
        include_docs: bool = False,
        *,
        descending: bool = False,
        skip: int = 0,
        inclusive_end: bool = True,
    ) -> list[Row]:
        """Living documents with `start` <= id <= `end`, by id (`descending`: `start` >= id >= `end`)."""

    def purge(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Forgets the leaves named, as if they had never been; which were forgotten."""

    def runs(self) -> dict[tuple[str, str], int]:
        """For each (writer, epoch) with events here, the largest n such that all of 1..n are held."""

    def security(self) -> dict[str, Any]:
        """The `_security` object; empty if never put."""

    def put_security(self, security: Mapping[str, Any]) -> None:
        """Replaces it."""

    def get_local_rev(self, id: str) -> tuple[str, dict[str, Any]] | None:
        """A `_local` document with its revision, `0-n`; None if there is none."""

    def put_local_rev(self, id: str, doc: Mapping[str, Any], rev: str | None, *, check: bool = False) -> str:
        """Replaces it; its new revision. `check`: Conflict unless `rev` is the present one (None: there is none)."""

    def delete_local(self, id: str) -> bool:
        """Forgets it; whether there was one."""

    def local_documents(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """The `_local` documents whose name begins so, by name, in order; without `_id` and `_rev`."""


class ServedStore(Protocol):
    """A server's databases. Every method may be called from any thread."""

    uuid: str
    """Names the server to its peers."""
    epoch: str
    """Part of this writer's events' ids."""

    def renew_epoch(self) -> str:
        """A new epoch for this writer's events, durable at once; a ledger is made after it."""

    def database(self, name: str, create: bool = False) -> ServedDatabase:
        """NotFound unless it is there or `create`."""

    def create_database(self, name: str) -> ServedDatabase:
        """DatabaseExists if there is one, IllegalDatabaseName."""

    def delete_database(self, name: str) -> None:
        """Forgets it and all in it; NotFound."""

    def databases(self) -> list[str]:
        """The names, sorted."""

    def gathered(self, run: Callable[[], T], /) -> T:
        """What `run` returns, once all it wrote is durable; made so together with what other threads bring, where that saves work."""

    def afterwards(self, tell: Callable[[], None]) -> None:
        """Runs `tell` once what this thread is writing is durable."""

    def holds(self, db: ServedDatabase) -> bool:
        """Whether this very incarnation is still there."""

    def bodies(self, db: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """As ServedDatabase.bodies."""

    @property
    def update_seq(self) -> int:
        """The sequence of the last change in any database, as this process counts them."""

    def changes(self, since: int = 0, limit: int = 1000) -> list[StoreChange]:
        """The changes of all databases after `since`, oldest first, each document once."""

    def wait(self, seq: int, timeout: float) -> bool:
        """True as soon as `update_seq` > `seq`; False after `timeout` seconds, or when closed."""

    def updates(self, since: Seq = 0) -> tuple[list[DatabaseUpdate], Seq]:
        """What happened to databases after `since`, oldest first, the last of each; and where to go on."""

    def watch(self, told: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """`told` is called with the names of databases that were written, made or deleted, once that is durable, from
        whatever thread; it must be quick and must not raise. Returns what ends it."""

    def close(self) -> None:
        """Gives back what it holds; wakes everybody who waits."""


def starting(db: ServedDatabase, prefix: str, page: int = 1000) -> dict[str, dict[str, Any]]:
    """All living documents whose id begins so, by id, read a page at a time; without attachments."""
    found: dict[str, dict[str, Any]] = {}
    coming = ids(db, prefix, page)
    while some := list(islice(coming, page)):
        found.update(db.bodies(some))
    return found


def ids(db: ServedDatabase, prefix: str, page: int = 1000) -> Iterator[str]:
    """The ids of living documents that begin so, in order, read a page at a time."""
    start, skip = prefix, 0
    while rows := db.all_docs(start, prefix + LAST, page, skip=skip):
        yield from (row.id for row in rows)
        if len(rows) < page:
            break
        start, skip = rows[-1].id, 1
