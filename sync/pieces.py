"""Files as documents: a file is cut into pieces, each a document named by its hash, written once.

    chunk:<sha256 of the bytes>    one attachment, "data"

So a file needs nothing of its own to travel: pieces are replicated and exchanged like anything else, after everything that
is more urgent; a piece that is there already is not sent again, whichever file it belongs to; and a transfer that was cut
goes on with the next piece. What a file is called and which pieces it has, the event says that names it. Pure.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sync import blobs
from sync.errors import NotFound
from sync.peer import Revision

PREFIX: Final = "chunk:"
SIZE: Final = 16 * 1024  # bytes: two seconds of a line of 64 kbit/s
NAME: Final = "data"
BODY: Final = b'{"type":"chunk"}'


def cut(data: bytes) -> Iterator[dict[str, Any]]:
    """The documents of a file's pieces, in order."""
    for start in range(0, len(data), SIZE):
        piece = data[start : start + SIZE]
        yield {
            "_id": piece_id(piece),
            "type": "chunk",
            "_attachments": {
                NAME: {"content_type": "application/octet-stream", "data": base64.b64encode(piece).decode()}
            },
        }


def piece_id(piece: bytes) -> str:
    """What a piece is called."""
    return PREFIX + hashlib.sha256(piece).hexdigest()


def is_piece(revision: Revision) -> bool:
    """Whether the document is the piece that its name says, and says nothing else: then it does not matter who brought it."""
    file = revision.attachments.get(NAME)
    if (
        not revision.id.startswith(PREFIX)
        or revision.deleted
        or revision.body != BODY
        or len(revision.attachments) != 1
        or file is None
        or file.data is None
        or not 0 < blobs.length(file.data) <= SIZE
    ):
        return False
    return piece_id(blobs.whole(file.data)) == revision.id


def joined(ids: Iterable[str], pieces: Mapping[str, bytes]) -> bytes:
    """The file of these pieces; NotFound while one is on its way."""
    missing = [id for id in ids if id not in pieces]
    if missing:
        raise NotFound(f"{len(missing)} pieces of the file are still on their way.")
    return b"".join(pieces[id] for id in ids)
