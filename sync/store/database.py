"""One database of a store: a peer, and the documents in it one at a time. Holds no SQL but for small lists.

The six peer methods are those of `sync.peer.Peer`; the others serve pages and the endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import apsw

from sync import revisions, strict_json, vetting, wire
from sync.errors import BadRequest, Conflict, NotFound, TooLarge
from sync.event_ids import PREFIX
from sync.filters import chosen
from sync.peer import Attachment, Change, Changes, Filter, Refusal, Revision, Seq
from sync.serving import LAST, Lineage, Row
from sync.store import reading, writing
from sync.store.connection import rows, scalar

if TYPE_CHECKING:
    from sync.store.store import Store
    from sync.store.transaction import Transaction

MAX_LOCALS: Final = 65_536  # of them in a database: a checkpoint for everybody who ever replicated with it
_LAST_SEQ: Final = "SELECT coalesce(max(seq), 0) FROM documents WHERE db = ?"


class Quarantined(NamedTuple):
    """A refused revision, kept for a person to look at. `at` in seconds since 1970."""

    id: str
    rev: str
    at: float
    reason: str
    deleted: bool
    body: bytes


class Database:
    """A peer in the store. A light handle: make as many as you like, from any thread."""

    def __init__(self, store: Store, name: str, key: int, incarnation: str) -> None:
        self._store = store
        self.name = name
        self.key = key
        self.incarnation = incarnation

    @property
    def identity(self) -> str:
        """`<store uuid>/<incarnation>.<epoch>`: the same whatever way the database is reached. A store that begins a new
        epoch was put back, or copied: what was agreed on with it before is not relied on, and looked at once more."""
        with self._store.read() as connection:
            return f"{self._store.uuid}/{self._life(connection)}"

    def _life(self, connection: apsw.Connection) -> str:
        """The incarnation, the store's epoch, and how often something was taken back out of the database."""
        turns = scalar(connection, "SELECT value FROM counters WHERE name = ?", (f"turn/{self.key}",))
        return f"{self.incarnation}.{self._store.epoch}" + (f".{turns}" if turns else "")

    # -- the six methods of a peer --------------------------------------------------------------------------------

    def changes(
        self, since: Seq = 0, limit: int = 500, *, only: Filter | None = None, descending: bool = False
    ) -> Changes:
        since = seq_of(since)
        if since > self._store.update_seq:  # given out before this store was restored from a backup
            since = 0
        with self._store.read(snapshot=True) as connection:
            results, pending = reading.changes(connection, self.key, since, limit, descending)
        last = results[-1].seq if results else since
        return Changes(chosen(only, results, self._winners) if only else results, last, pending)

    def _winners(self, changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
        """The winners of changes as documents, deletions too."""
        asked = {change.id: change.revs[:1] for change in changes}
        return map(wire.as_dict, self.get_revisions(asked, attachments=False))

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        with self._store.read(snapshot=True) as connection:
            return reading.revs_diff(connection, self.key, revs)

    def get_revisions(
        self, revs: Mapping[str, Sequence[str]], *, attachments: bool = True
    ) -> Iterator[Revision]:
        """As Peer's. `attachments`: with their bytes, else as stubs."""
        with self._store.read(snapshot=True) as connection:
            found = list(reading.leaves_of(connection, self.key, revs))
        for revision in found:
            if revision.attachments and attachments:
                yield from self._with_data(revision)
            else:
                yield revision

    def _with_data(self, revision: Revision) -> list[Revision]:
        """The revision with its files, whose bytes are read when they are asked for; empty if edited since."""
        with self._store.read(snapshot=True) as connection:
            whole = reading.get(connection, self.key, revision.id, revision.rev, self._store.blob)
        return [whole] if whole else []

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        if not revisions:
            return []
        with self._writing() as txn:
            return writing.add(txn, self.key, revisions)

    def get_local(self, id: str) -> dict[str, Any] | None:
        found = self.get_local_rev(id)
        return found[1] if found else None

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        self.put_local_rev(id, doc, None)

    # -- one document at a time -----------------------------------------------------------------------------------

    def get(self, id: str, rev: str | None = None) -> dict[str, Any] | None:
        """The winner, or the leaf `rev`: a document with `_id` and `_rev`, attachments as stubs. None if there is none,
        or if the winner is a deletion (a deletion asked for by `rev` has `_deleted`)."""
        revision = self.revision(id, rev)
        if revision is None or (revision.deleted and rev is None):
            return None
        return wire.as_dict(revision)

    def revision(self, id: str, rev: str | None = None) -> Revision | None:
        """As `get`, with the body as bytes and with deletions."""
        if "\0" in id:
            return None
        with self._store.read(snapshot=True) as connection:
            return reading.get(connection, self.key, id, rev)

    def leaves(self, id: str) -> list[tuple[str, bool]]:
        """The leaves of a document as (revision, is a deletion), the winner first; empty if there is no document."""
        with self._store.read(snapshot=True) as connection:
            found = reading.documents(connection, self.key, (id,)).get(id)
            if found is None:
                return []
            history, _ = reading.histories(connection, (found.doc,))[found.doc]
        return [(str(rev), rev in history.deleted) for rev in revisions.leaves(history)]

    def local_seq(self, id: str) -> Seq | None:
        """The document's place in the feed; None if there is none."""
        with self._store.read() as connection:
            found = reading.documents(connection, self.key, (id,)).get(id)
        return found.seq if found else None

    def purge(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Forgets the leaves named, as if they had never been; which were forgotten. Never events."""
        purged: dict[str, list[str]] = {}
        with self._writing() as txn:
            for id, asked in revs.items():
                if not id.startswith(PREFIX) and (gone := writing.purge(txn, self.key, id, asked)):
                    purged[id] = gone
        return purged

    def lineage(self, id: str, rev: str) -> list[Lineage]:
        """The revision and its known ancestors, newest first; empty if it is not known."""
        with self._store.read(snapshot=True) as connection:
            found = reading.documents(connection, self.key, (id,)).get(id)
            if found is None:
                return []
            history, held = reading.histories(connection, (found.doc,))[found.doc]
        if not revisions.knows(history, rev):
            return []
        return [
            Lineage(str(r), "deleted" if r in history.deleted else "available" if r in held else "missing")
            for r in revisions.path(history, revisions.parse_rev(rev))
        ]

    def attachment(self, id: str, name: str, rev: str | None = None) -> Attachment | None:
        """A file, with its bytes; None if there is none."""
        with self._store.read(snapshot=True) as connection:
            found = reading.documents(connection, self.key, (id,)).get(id)
            if found is None or (found.deleted and rev is None):
                return None
            _, where = reading.histories(connection, (found.doc,))[found.doc]
            body = where.get(revisions.parse_rev(rev or found.winner))
            held = reading.attachments(connection, body).get(name) if body is not None else None
        return held[0]._replace(data=self._store.blob(held[1], held[0].length)) if held else None

    def put(self, doc: Mapping[str, Any]) -> str:
        """Writes an edit of a mutable document, or an event given whole; its new revision.

        `doc` has `_id`, and `_rev` of the leaf it edits unless it is new or its winner is a deletion; Conflict
        otherwise. `_deleted: true` deletes. `_attachments` inline, or stubs of those already there.
        """
        rev, refusal = self.put_many([doc])[0]
        if refusal is not None:
            raise vetting.fault(refusal)
        return rev

    def put_many(
        self, docs: Sequence[Mapping[str, Any]], admit: Callable[[Revision], Refusal | None] | None = None
    ) -> list[tuple[str, Refusal | None]]:
        """As `put`, several in one transaction; for each, the new revision and None, or "" and why not.

        `admit` is asked about each revision before it is written.
        """
        results: list[tuple[str, Refusal | None]] = []
        with self._writing() as txn:
            for doc in docs:
                revision = self._edit(txn, doc)
                refusal = revision if isinstance(revision, Refusal) else admit(revision) if admit else None
                if refusal is None and isinstance(revision, Revision):
                    refusal = next(iter(writing.add(txn, self.key, [revision])), None)
                results.append(("", refusal) if refusal else (revision.rev, None))
        return results

    def _edit(self, txn: Transaction, doc: Mapping[str, Any]) -> Revision | Refusal:
        """The revision that `doc` asks for, or a Refusal because of a conflict. BadRequest if it is malformed."""
        content = dict(doc)
        id = wire.check_id(content.pop("_id", None))
        base = content.pop("_rev", None)
        deleted, attachments, _ = wire.take_members(content)
        body = wire.body(id, content)
        if id.startswith(PREFIX):
            rev = writing.new_rev(id, content, None, False, {})
            found = reading.documents(txn.connection, self.key, (id,)).get(id)
            if (found and found.winner != rev) or base not in (None, rev):
                return Refusal(id, rev, "conflict", "An event is written once.")
            return Revision(id, (rev,), deleted, body, attachments, checked=True)
        parent = self._parent(txn, id, base)
        if isinstance(parent, Refusal):
            return parent
        generation = revisions.parse_rev(parent[0]).generation + 1 if parent else 1
        attachments = {
            name: a if a.data is None else a._replace(revpos=generation) for name, a in attachments.items()
        }
        files = {name: attachment.digest for name, attachment in sorted(attachments.items())}
        rev = writing.new_rev(id, content, parent[0] if parent else None, deleted, files)
        return Revision(id, (rev, *parent), deleted, body, attachments, checked=True)

    def _parent(self, txn: Transaction, id: str, base: object) -> tuple[str, ...] | Refusal:
        """The path of the leaf being edited; empty for a new document; a Refusal if `base` names no leaf."""
        conflict = Refusal(id, str(base or ""), "conflict", "Document update conflict.")
        found = reading.documents(txn.connection, self.key, (id,)).get(id)
        if found is None:
            return () if base is None else conflict
        if base is None and not found.deleted:
            return conflict
        history, where = reading.histories(txn.connection, (found.doc,))[found.doc]
        rev = revisions.parse_rev(str(base) if base is not None else found.winner)
        if rev not in where:
            return conflict
        return tuple(map(str, revisions.path(history, rev, revisions.LIMIT - 1)))

    # -- many documents -------------------------------------------------------------------------------------------

    def bodies(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living winners among `ids`, as documents, in one statement."""
        with self._store.read() as connection:
            return reading.bodies(connection, self.key, ids)

    def texts(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The bodies of the living winners among `ids`, as their bytes are kept."""
        with self._store.read() as connection:
            return {id: json for id, _, json in reading.texts(connection, self.key, ids)}

    def given_up(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The digests of those among `ids` that are events whose bodies were given up (`ledger.give_up`)."""
        wanted = list(ids)
        if not wanted:
            return {}
        with self._store.read() as connection:
            return reading.given_up(connection, self.key, wanted)

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
        """Living documents with `start` <= id <= `end`, by id in code point order."""
        order, comparison = ("DESC", "<=") if inclusive_end else ("DESC", "<")
        if not descending:
            order = "ASC"
        low, high = (end, start) if descending else (start, end)
        lower, upper = (">=", comparison) if not descending else (comparison.replace("<", ">"), "<=")
        sql = (
            f"SELECT id, winner, {'body' if include_docs else 'NULL'} FROM documents WHERE db = ? AND id {lower} ? AND id {upper} ? AND NOT deleted"  # noqa: S608
            f" ORDER BY id {order} LIMIT ? OFFSET ?"
        )
        with self._store.read(snapshot=True) as connection:
            found = rows(connection, sql, (self.key, low, high, limit, skip))
            return [
                Row(
                    id,
                    winner,
                    reading.revision_of(connection, id, (winner,), False, body) if include_docs else None,
                )
                for id, winner, body in found
            ]

    def info(self) -> dict[str, Any]:
        """What `GET /db` says, in CouchDB's words."""
        with self._store.read(snapshot=True) as connection:
            found = rows(
                connection, "SELECT doc_count, del_count, created FROM databases WHERE db = ?", (self.key,)
            )
            last = scalar(connection, _LAST_SEQ, (self.key,))
            life = self._life(connection)
        if not found:
            raise NotFound(f"There is no database {self.name!r} here.")
        ((living, dead, created),) = found
        return {
            "db_name": self.name,
            "doc_count": living,
            "doc_del_count": dead,
            "update_seq": last,
            "purge_seq": 0,
            "compact_running": False,
            "instance_start_time": str(created),
            "disk_format_version": 8,
            "incarnation": life,
            "epoch": self._store.epoch,
            "sizes": {"active": 0, "external": 0, "file": 0},
            "props": {},
        }

    @property
    def update_seq(self) -> int:
        """The sequence of the last change in this database; 0 before the first."""
        return self._store.last_of(self.key)

    def wait(self, seq: Seq, timeout: float) -> bool:
        """True as soon as this database's `update_seq` > `seq`; False after `timeout` seconds."""
        return self._store.wait_database(self, seq_of(seq), timeout)

    def runs(self) -> dict[tuple[str, str], int]:
        """For each (writer, epoch) with events here, the largest n such that all of 1..n are held."""
        with self._store.read() as connection:
            return reading.runs(connection, self.key)

    def security(self) -> dict[str, Any]:
        """The `_security` object as it was put; empty if never."""
        with self._store.read() as connection:
            text = scalar(connection, "SELECT security FROM databases WHERE db = ?", (self.key,))
        return dict(strict_json.loads_own(text.encode())) if text else {}

    def put_security(self, security: Mapping[str, Any]) -> None:
        with self._writing() as txn:
            txn.connection.execute(
                "UPDATE databases SET security = ? WHERE db = ?",
                (strict_json.dumps(dict(security)).decode(), self.key),
            )

    def quarantine(self) -> list[Quarantined]:
        """The refused revisions that were kept, oldest first."""
        with self._store.read() as connection:
            found = rows(
                connection,
                "SELECT id, rev, at, reason, deleted, json FROM quarantine WHERE db = ? ORDER BY item",
                (self.key,),
            )
        return [
            Quarantined(id, rev, at, reason, bool(deleted), json)
            for id, rev, at, reason, deleted, json in found
        ]

    # -- documents that stay here ---------------------------------------------------------------------------------

    def get_local_rev(self, id: str) -> tuple[str, dict[str, Any]] | None:
        """A `_local` document with its revision, `0-n`; None if there is none."""
        with self._store.read() as connection:
            found = rows(
                connection, "SELECT rev, json FROM local_documents WHERE db = ? AND id = ?", (self.key, id)
            )
        return (f"0-{found[0][0]}", strict_json.loads_own(found[0][1])) if found else None

    def put_local_rev(self, id: str, doc: Mapping[str, Any], rev: str | None, *, check: bool = False) -> str:
        """Replaces it; its new revision. `check`: Conflict unless `rev` is the present one (None: there is none)."""
        _, body = vetting.local(id, doc)
        with self._writing() as txn:
            held = scalar(
                txn.connection, "SELECT rev FROM local_documents WHERE db = ? AND id = ?", (self.key, id)
            )
            if check and rev != (f"0-{held}" if held else None):
                raise Conflict("Document update conflict.")
            if held is None and self._locals(txn) >= MAX_LOCALS:
                raise TooLarge(f"A database has at most {MAX_LOCALS} _local documents.")
            number = (held or 0) + 1
            txn.connection.execute(
                "INSERT OR REPLACE INTO local_documents VALUES (?, ?, ?, ?)", (self.key, id, number, body)
            )
        return f"0-{number}"

    def local_documents(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """The `_local` documents whose name begins so, by name."""
        with self._store.read() as connection:
            found = rows(
                connection,
                "SELECT id, json FROM local_documents WHERE db = ? AND id >= ? AND id < ? ORDER BY id",
                (self.key, prefix, prefix + LAST),
            )
        return {id: strict_json.loads_own(body) for id, body in found}

    def _locals(self, txn: Transaction) -> int:
        return int(scalar(txn.connection, "SELECT count(*) FROM local_documents WHERE db = ?", (self.key,)))

    def delete_local(self, id: str) -> bool:
        """Forgets it; whether there was one."""
        with self._writing() as txn:
            txn.connection.execute("DELETE FROM local_documents WHERE db = ? AND id = ?", (self.key, id))
            return bool(txn.connection.changes())

    def _writing(self) -> AbstractContextManager[Transaction]:
        """A transaction, after a look whether this database is still there."""
        if not self._store.holds(self):
            raise NotFound(f"There is no database {self.name!r} here.")
        return self._store.transaction()


def seq_of(since: Seq) -> int:
    """Our sequences are integers; a peer may hand them back as text."""
    if type(since) is int:
        return max(0, since)
    text = str(since)
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        return int(text)
    raise BadRequest(f"{text[:40]!r} is not a sequence of this database.")
