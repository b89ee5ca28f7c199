"""The scans of a case: an event names them (`attach`, schemas.documents.events.File), their pieces carry them (sync.pieces).

    bytes ─> pieces ─┬─> index ─> its pieces ─> event: sha256 and size of the whole, the digests of the index's pieces
                     └─> chunk:<sha256> beside the events, written once, in the last lane

So nothing but events and pieces travels; an event stays small whatever its file weighs; what is under its writer's seal proves every
byte; and of a file that is on its way it is known how much is here. Pieces are written before the event that names them.
Knows nothing of pages or images, and never who may see what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from schemas.lifecycle.forms import file_lines
from schemas.problems import N_, DomainError, Problem
from station.databases import station_of
from sync import blobs, pieces
from sync.blobs import Data
from sync.peer import Seq
from sync.serving import ServedDatabase, ServedStore

BATCH: Final = 64  # pieces in one transaction
COUNTED: Final = (
    100_000  # changes looked at for what waits to go up; beyond them, it is told as at least so much
)

Line = Mapping[str, Any]
"""A file as an event names it."""


MAGIC: Final = {
    b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf",
}  # fmt: skip


class Scan(NamedTuple):
    """A file as it is taken in for a material. `quality`: warnings (lifecycle.words.QUALITY); `original`: what it was made of, where
    that is to be kept."""

    material: int
    name: str
    media_type: str
    data: Data
    quality: tuple[str, ...] = ()
    original: Data | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return blobs.length(self.data)

    @property
    def line(self) -> dict[str, Any]:
        """What an event says of it."""
        said = {
            "material": self.material,
            "name": self.name,
            "media_type": self.media_type,
            **described(blobs.whole(self.data)),
        }
        return {**said, "quality": list(self.quality)} if self.quality else said


class Progress(NamedTuple):
    """How much of a file is here, in pieces, those of its index among them."""

    here: int
    of: int

    @property
    def whole(self) -> bool:
        return self.here == self.of


def type_of(data: bytes) -> str:
    """The media type of a file that is taken in or shown, by its first bytes; "" of every other."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in MAGIC.items() if data.startswith(magic)), "")


# -- writing ----------------------------------------------------------------------------------------------------------


def described(data: bytes) -> dict[str, Any]:
    """What an event says of these bytes: {"size", "sha256", "index"}."""
    return {
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "index": [each["_id"].removeprefix(pieces.PREFIX) for each in pieces.cut(_index(data))],
    }


def keep(database: ServedDatabase, data: bytes) -> None:
    """Writes a file's pieces, durably; those that are there already stay. The index goes first, so that the other end can tell
    how much is still to come."""
    docs = {each["_id"]: each for each in (*pieces.cut(_index(data)), *pieces.cut(data))}
    ids = list(docs)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        there = database.bodies(some)
        missing = [docs[id] for id in some if id not in there]
        said = database.put_many(missing) if missing else []
        for doc, (_, refusal) in zip(missing, said, strict=True):
            if refusal is not None and not database.bodies([doc["_id"]]):
                _renew(database, doc)


def _index(data: bytes) -> bytes:
    return pieces.index(each["_id"] for each in pieces.cut(data))


def _renew(database: ServedDatabase, doc: dict[str, Any]) -> None:
    """Writes a piece that is known and of which the bytes were given up, with an archived case that had it too."""
    database.purge({doc["_id"]: [rev for rev, _ in database.leaves(doc["_id"])]})
    database.put_many([doc])  # a conflict: somebody else has just done the same


# -- reading ----------------------------------------------------------------------------------------------------------


def progress(database: ServedDatabase, files: Iterable[Line]) -> dict[str, Progress]:
    """How far each file is here, by its sha256."""
    wanted: dict[str, tuple[list[str], list[str] | None, int]] = {}
    for file in files:
        if file["sha256"] not in wanted:
            index = _index_ids(file)
            listed = _listed(database, index)
            wanted[file["sha256"]] = (index, listed, pieces.count(file["size"]))
    every = {id for index, listed, _ in wanted.values() for id in (*index, *(listed or ()))}
    there = database.bodies(every) if every else {}
    return {
        sha256: Progress(
            sum(id in there for id in (*index, *(listed or ()))),
            len(index) + (count if listed is None else len(listed)),
        )
        for sha256, (index, listed, count) in wanted.items()
    }


def read(database: ServedDatabase, file: Line) -> bytes | Progress:
    """The file's bytes, if they are what the event states, its type too; Progress while some are on their way; DomainError if they
    are others."""
    ids = _listed(database, _index_ids(file))
    if ids is None:
        return progress(database, [file])[file["sha256"]]
    if len(ids) == pieces.count(file["size"]):
        held = _bytes(database, ids)
        if len(held) < len(set(ids)):
            return progress(database, [file])[file["sha256"]]
        data = b"".join(held[id] for id in ids)
        stated = (file["size"], file["sha256"], file["media_type"])
        if (len(data), hashlib.sha256(data).hexdigest(), type_of(data)) == stated:
            return data
    raise DomainError(
        Problem("file_not_as_stated", N_("文件内容与登记时的记录不符，不能打开。请通知市中心"), {})
    )


def pieces_of(database: ServedDatabase, events: Iterable[Mapping[str, Any]]) -> set[str]:
    """The documents of all pieces that these events name, as far as that is known here: also of events that did not count."""
    found: set[str] = set()
    for event in events:
        for file in lines_of(event):
            index = _index_ids(file)
            found.update(index, _listed(database, index) or ())
    return found


def lines_of(event: Mapping[str, Any]) -> tuple[Line, ...]:
    """The files that an event names."""
    data = event.get("data")
    return file_lines(data) if event.get("event") == "attach" and isinstance(data, dict) else ()


def waiting(store: ServedStore, place: Callable[[str], Seq]) -> int:
    """How many pieces a server above has not got yet. `place(db)`: up to where in a database's feed it has them."""
    found = 0
    for name in store.databases():
        if station_of(name) is not None:
            database, since = store.database(name), place(name)
            for _ in range(COUNTED // 1000):
                changes = database.changes(since, 1000)
                found += sum(each.id.startswith(pieces.PREFIX) for each in changes.results)
                since = changes.last_seq
                if len(changes.results) < 1000:
                    break
    return found


def _index_ids(file: Line) -> list[str]:
    return [pieces.PREFIX + each for each in file["index"]]


def _listed(database: ServedDatabase, index: list[str]) -> list[str] | None:
    """The pieces of the file with that index; None while the index is on its way."""
    held = _bytes(database, index)
    return pieces.listed(b"".join(held[id] for id in index)) if len(held) == len(set(index)) else None


def _bytes(database: ServedDatabase, ids: Iterable[str]) -> dict[str, bytes]:
    """The bytes of those pieces that are here."""
    wanted = {id: [doc["_rev"]] for id, doc in database.bodies(ids).items()}
    found = database.get_revisions(wanted) if wanted else ()
    return {
        each.id: blobs.whole(file.data)
        for each in found
        if (file := each.attachments.get(pieces.NAME)) is not None and file.data is not None
    }
