"""Files as documents: a file is cut into pieces, each a document named by its hash, written once.

    chunk:<sha256 of the bytes>    one attachment, "data"

So a file needs nothing of its own to travel: pieces are replicated and exchanged like anything else, after everything that
is more urgent; a piece that is there already is not sent again, whichever file it belongs to; and a transfer that was cut
goes on with the next piece. Which pieces a file has, its *index* says: their digests one after another, which is cut into pieces
like any file (of a scan it is one). So whoever names the pieces of an index has named every byte in a few words. Pure.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sync import blobs
from sync.peer import Revision

PREFIX: Final = "chunk:"
SIZE: Final = 16 * 1024  # bytes: two seconds of a line of 64 kbit/s
NAME: Final = "data"
_DIGEST: Final = 32  # bytes
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


def index(ids: Iterable[str]) -> bytes:
    """The index of the file that has these pieces."""
    return b"".join(bytes.fromhex(id.removeprefix(PREFIX)) for id in ids)


def listed(index: bytes) -> list[str]:
    """The pieces that an index names, in order; what is left over at its end names none."""
    whole = len(index) - len(index) % _DIGEST
    return [PREFIX + index[at : at + _DIGEST].hex() for at in range(0, whole, _DIGEST)]


def count(size: int) -> int:
    """How many pieces a file of that many bytes has."""
    return -(-size // SIZE)
