"""Reads of one database over a connection given: used by readers and, inside its transaction, by the writer.

Holds SELECTs only. Takes database keys (the integer of `databases.db`), never names.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import apsw

from sync import revisions, strict_json
from sync.blobs import Blob
from sync.peer import NO_ATTACHMENTS, Attachment, Change, Revision
from sync.revisions import History, Rev
from sync.store.connection import rows, scalar

PENDING_COUNTED: Final = 2000  # beyond this many, what is pending is not counted further


class Document(NamedTuple):
    """A row of `documents`."""

    id: str
    seq: int
    doc: int
    winner: str
    deleted: bool
    leaves: int
    body: int


class Told(NamedTuple):
    """A document's history as it is stored, and where each leaf's body is."""

    history: History
    bodies: dict[Rev, int]


def documents(connection: apsw.Connection, db: int, ids: Iterable[str]) -> dict[str, Document]:
    """Those of `ids` that are there, in one statement."""
    wanted = tuple(dict.fromkeys(id for id in ids if "\0" not in id))
    if not wanted:
        return {}
    found = rows(
        connection,
        "SELECT d.id, d.seq, d.doc, d.winner, d.deleted, d.leaves, d.body"
        " FROM carray(?) AS wanted CROSS JOIN documents AS d ON d.db = ? AND d.id = wanted.value",
        (apsw.carray(wanted), db),
    )
    return {row[0]: Document(*row) for row in found}


def histories(connection: apsw.Connection, docs: Iterable[int]) -> dict[int, Told]:
    """The histories of the documents numbered `docs`, in one statement."""
    numbers = array.array("q", set(docs))
    if not numbers:
        return {}
    told: dict[int, tuple[dict[Rev, frozenset[Rev]], set[Rev], dict[Rev, int]]] = {}
    for doc, generation, hash, parents, deleted, body in rows(
        connection,
        "SELECT r.doc, r.generation, r.hash, r.parents, r.deleted, r.body"
        " FROM carray(?) AS wanted CROSS JOIN revisions AS r ON r.doc = wanted.value",
        (apsw.carray(numbers),),
    ):
        edges, deletions, bodies = told.setdefault(doc, ({}, set(), {}))
        rev = Rev(generation, hash)
        edges[rev] = frozenset(Rev(generation - 1, p) for p in parents.split(" ")) if parents else frozenset()
        if deleted:
            deletions.add(rev)
        if body is not None:
            bodies[rev] = body
    return {doc: Told(History(e, frozenset(d)), b) for doc, (e, d, b) in told.items()}


def changes(
    connection: apsw.Connection, db: int, since: int, limit: int, descending: bool = False
) -> tuple[list[Change], int | None]:
    """The feed after `since`, and how many more follow (counted up to PENDING_COUNTED).

    `descending`: from the end, newest first, `since` or no `since`; then nothing is pending."""
    where, order = ("1 OR seq > ?", "DESC") if descending else ("seq > ?", "ASC")
    found = rows(
        connection,
        "SELECT seq, id, winner, deleted, leaves, doc FROM documents"  # noqa: S608  # the words of the line above
        f" WHERE db = ? AND ({where}) ORDER BY seq {order} LIMIT ?",
        (db, since, limit),
    )
    branched = histories(connection, [row[5] for row in found if row[4] > 1])
    results = [
        Change(
            seq,
            id,
            [winner] if leaves == 1 else [str(rev) for rev in revisions.leaves(branched[doc].history)],
            bool(deleted),
        )
        for seq, id, winner, deleted, leaves, doc in found
    ]
    if len(found) < limit or descending:
        return results, 0
    pending = scalar(
        connection,
        "SELECT count(*) FROM (SELECT 1 FROM documents WHERE db = ? AND seq > ? LIMIT ?)",
        (db, found[-1][0] if found else since, PENDING_COUNTED),
    )
    return results, pending


def revs_diff(
    connection: apsw.Connection, db: int, revs: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Of the revisions asked about, those not known."""
    there = documents(connection, db, revs)
    absent = {id: list(asked) for id, asked in revs.items() if id not in there}
    unsure = {id: asked for id, asked in revs.items() if id in there and list(asked) != [there[id].winner]}
    known = histories(connection, (there[id].doc for id in unsure))
    for id, asked in unsure.items():
        history = known[there[id].doc].history
        # A name that is no revision's is not known; whoever then sends it is told what is wrong with it.
        if missing := revisions.missing(history, asked):
            absent[id] = missing
    return absent


def attachments(connection: apsw.Connection, body: int) -> dict[str, tuple[Attachment, str]]:
    """The attachments of one body as stubs, each with the sha256 its bytes are kept under."""
    return {
        name: (Attachment(content_type, digest, length, revpos, None), sha256)
        for name, content_type, digest, length, revpos, sha256 in rows(
            connection,
            "SELECT name, content_type, digest, length, revpos, sha256 FROM attachments WHERE body = ? ORDER BY name",
            (body,),
        )
    }


def chunk(connection: apsw.Connection, sha256: str, n: int) -> bytes | None:
    """The n-th piece of a file; None after the last."""
    data = scalar(connection, "SELECT data FROM chunks WHERE sha256 = ? AND n = ?", (sha256, n))
    return None if data is None else bytes(data)


def revision_of(
    connection: apsw.Connection,
    id: str,
    path: tuple[str, ...],
    deleted: bool,
    body: int,
    blob_at: Callable[[str, int], Blob] | None = None,
) -> Revision | None:
    """One revision with its body; None if it is no leaf any more. `blob_at(sha256, length)` gives files their bytes;
    without it they are stubs."""
    found = rows(connection, "SELECT json, attachments FROM bodies WHERE body = ?", (body,))
    if not found:
        return None
    ((json, attached),) = found
    files: Mapping[str, Attachment] = NO_ATTACHMENTS
    if attached:
        files = {
            name: stub._replace(data=blob_at(sha256, stub.length)) if blob_at else stub
            for name, (stub, sha256) in attachments(connection, body).items()
        }
    return Revision(id, path, bool(deleted), json, files)


def leaves_of(connection: apsw.Connection, db: int, revs: Mapping[str, Sequence[str]]) -> Iterator[Revision]:
    """Each revision asked for, or the leaves that grew from it, with attachments as stubs.

    Documents with one leaf of the first generation (all events) cost one statement for all of them together.
    """
    wanted = tuple(id for id in revs if "\0" not in id)
    if not wanted:
        return
    found = rows(
        connection,
        "SELECT d.id, d.doc, d.winner, d.deleted, d.leaves, b.json, b.attachments"
        " FROM carray(?) AS wanted CROSS JOIN documents AS d ON d.db = ? AND d.id = wanted.value"
        " CROSS JOIN bodies AS b ON b.body = d.body",
        (apsw.carray(wanted), db),
    )
    rest = []
    for id, doc, winner, deleted, leaves, json, attached in found:
        if leaves == 1 and winner.startswith("1-") and not attached:
            if winner in revs[id]:
                yield Revision(id, (winner,), bool(deleted), json)
        else:
            rest.append((id, doc))
    known = histories(connection, [doc for _, doc in rest])
    for id, doc in rest:
        history, bodies = known[doc]
        for rev in revisions.descendants(history, revs[id]):
            path = tuple(map(str, revisions.path(history, rev)))
            revision = revision_of(connection, id, path, rev in history.deleted, bodies[rev])
            if revision is not None:
                yield revision


def texts(connection: apsw.Connection, db: int, ids: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
    """(id, revision, body) of the living winners among `ids`, in one statement."""
    wanted = tuple(dict.fromkeys(id for id in ids if "\0" not in id))
    if not wanted:
        return iter(())
    found = rows(
        connection,
        "SELECT d.id, d.winner, b.json"
        " FROM carray(?) AS wanted CROSS JOIN documents AS d ON d.db = ? AND d.id = wanted.value"
        " CROSS JOIN bodies AS b ON b.body = d.body WHERE NOT d.deleted",
        (apsw.carray(wanted), db),
    )
    return iter(found)


def given_up(connection: apsw.Connection, db: int, ids: Iterable[str]) -> dict[str, bytes]:
    """The digests of those among `ids` that are events whose bodies were given up."""
    wanted = tuple(ids)
    if not wanted:
        return {}
    found = rows(
        connection,
        "SELECT d.id, g.digest FROM carray(?) AS wanted CROSS JOIN documents AS d ON d.db = ? AND d.id = wanted.value"
        " CROSS JOIN given_up AS g ON g.body = d.body",
        (apsw.carray(wanted), db),
    )
    return {id: bytes(digest) for id, digest in found}


def bodies(connection: apsw.Connection, db: int, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The living winners among `ids` as documents (attachments are left out)."""
    found = texts(connection, db, ids)
    return {id: {"_id": id, "_rev": winner, **strict_json.loads_own(json)} for id, winner, json in found}


def runs(connection: apsw.Connection, db: int) -> dict[tuple[str, str], int]:
    """For each (writer, epoch) with events here, the largest n such that all of 1..n are held."""
    found = rows(connection, "SELECT writer, epoch, n FROM runs WHERE db = ?", (db,))
    return {(writer, epoch): n for writer, epoch, n in found}


def get(
    connection: apsw.Connection,
    db: int,
    id: str,
    rev: str | None = None,
    blob_at: Callable[[str, int], Blob] | None = None,
) -> Revision | None:
    """The winner, or the leaf `rev`; None if it is not held. May be a deletion. `blob_at` as in `revision_of`."""
    found = documents(connection, db, (id,)).get(id)
    if found is None:
        return None
    if found.leaves == 1 and found.winner.startswith("1-") and rev in (None, found.winner):
        return revision_of(connection, id, (found.winner,), found.deleted, found.body, blob_at)
    history, where = histories(connection, (found.doc,))[found.doc]
    name = revisions.parse_rev(rev if rev is not None else found.winner)
    if name not in where:
        return None
    path = tuple(map(str, revisions.path(history, name)))
    return revision_of(connection, id, path, name in history.deleted, where[name], blob_at)
