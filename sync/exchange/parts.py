"""A message in parts, to bytes and back. Each part is a message of its own and is taken in as soon as it is whole, so that a
line which is cut loses one part at the most. Pure.

    byte 0      3
    parts       <4 bytes: its length> <a message>       as many as come, to the end of the body

What fits into one part travels as it is, without this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sync.errors import BadRequest, TooLarge
from sync.exchange.message import MAX_PACKED, Message

PARTS: Final = b"\x03"
LENGTH: Final = 4  # bytes
MAX_PART: Final = MAX_PACKED


def framed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Several messages as the pieces of one body."""
    opening = PARTS
    for part in parts:
        yield opening + len(part).to_bytes(LENGTH) + part
        opening = b""


def joined(parts: Sequence[Message]) -> Message:
    """Parts that follow one another, as one: it says of the whole what the first says, and of how far it comes what the last says."""
    if len(parts) == 1:
        return parts[0]
    return parts[0]._replace(
        documents=[each for part in parts for each in part.documents],
        notes=[each for part in parts for each in part.notes],
        places=next((part.places for part in reversed(parts) if part.places), ()),
        more=parts[-1].more,
    )


class Arriving:
    """A body on its way in: gives each message once all of it is here."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._in_parts: bool | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that have become whole with these bytes. TooLarge."""
        self._held += data
        if self._in_parts is None and self._held:
            self._in_parts = self._held[:1] == PARTS
            if self._in_parts:
                del self._held[:1]
        if not self._in_parts:
            if len(self._held) > MAX_PART:
                raise TooLarge(f"A message has at most {MAX_PART} bytes.")
            return
        while len(self._held) >= LENGTH:
            length = int.from_bytes(self._held[:LENGTH])
            if length > MAX_PART:
                raise TooLarge(f"A part of a message has at most {MAX_PART} bytes.")
            if len(self._held) < LENGTH + length:
                return
            part = bytes(self._held[LENGTH : LENGTH + length])
            del self._held[: LENGTH + length]
            yield part

    def end(self) -> Iterator[bytes]:
        """What the end of the body makes whole. BadRequest where it is cut off."""
        if self._in_parts:
            if self._held:
                raise BadRequest("The message is cut off.")
        else:
            yield bytes(self._held)
