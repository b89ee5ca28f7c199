"""Files' bytes on their way: in memory while they are small, in pieces from where they lie when they are not.

Knows nothing of documents. A blob can be read as often as one likes, from the beginning, and never has to be held in
memory whole.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Protocol, TypeAlias

from sync.scratch import Scratch

PIECE: Final = 256 * 1024  # bytes read at once
IN_MEMORY: Final = 1024 * 1024  # a spooled file larger than this lies on disk


class Blob(Protocol):
    """A file's bytes, wherever they are."""

    @property
    def length(self) -> int:
        """Bytes."""

    def pieces(self) -> Iterator[bytes]:
        """All of it, from the beginning, piece by piece."""


Data: TypeAlias = bytes | Blob
"""What an attachment has: its bytes, or where to read them."""


class Digests(NamedTuple):
    """What names a file: `md5` as CouchDB writes it ("md5-<base64>"), `sha256` in hex, and its length."""

    md5: str
    sha256: str
    length: int


def pieces(data: Data) -> Iterator[bytes]:
    """The bytes, piece by piece."""
    return iter((data,)) if isinstance(data, bytes) else data.pieces()


def length(data: Data) -> int:
    """How many bytes."""
    return len(data) if isinstance(data, bytes) else data.length


def whole(data: Data) -> bytes:
    """All bytes in memory; for who must have them so."""
    return data if isinstance(data, bytes) else b"".join(data.pieces())


def digests(data: Data) -> Digests:
    """Reads it once and names it."""
    if isinstance(data, Spooled):
        return data.digests
    sum = Sum()
    for piece in pieces(data):
        sum.add(piece)
    return sum.digests()


class Sum:
    """Names bytes as they go by."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(
            usedforsecurity=False
        )  # tells files apart for CouchDB's peers; nothing trusts it
        self._sha256 = hashlib.sha256()
        self.length = 0

    def add(self, piece: bytes) -> None:
        self._md5.update(piece)
        self._sha256.update(piece)
        self.length += len(piece)

    def digests(self) -> Digests:
        md5 = "md5-" + base64.b64encode(self._md5.digest()).decode()
        return Digests(md5, self._sha256.hexdigest(), self.length)


class Lying(NamedTuple):
    """A blob that lies somewhere and is opened by `read` each time."""

    length: int
    read: Callable[[], Iterator[bytes]]

    def pieces(self) -> Iterator[bytes]:
        return self.read()


class Spooled:
    """A blob that was received: written once, named on the way, kept in a temporary file when it is large."""

    def __init__(self, arriving: Iterable[bytes]) -> None:
        self._held = bytearray()
        self._file: Scratch | None = None
        sum = Sum()
        for piece in arriving:
            sum.add(piece)
            if self._file is None and sum.length > IN_MEMORY:
                self._file = Scratch()
                self._file.append(self._held)
                self._held.clear()
            if self._file is None:
                self._held += piece
            else:
                self._file.append(piece)
        self.digests = sum.digests()
        self.length = sum.length

    def pieces(self) -> Iterator[bytes]:
        for at in range(0, self.length, PIECE):
            yield bytes(self._held[at : at + PIECE]) if self._file is None else self._file.read(at, PIECE)
