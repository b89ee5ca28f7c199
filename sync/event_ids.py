"""The name of a case event, and what its revision must be. Pure.

    ev:<writer>:<epoch>:<n>

    writer   12 digits: the code of the station whose server wrote it
    epoch    8 characters of lower-case base32, drawn when that server's store was made: a store that is lost and made
             anew counts from 1 again, and never under a name that was used before
    n        1, 2, 3 … without gaps for each (database, writer, epoch): whoever holds n numbers can see that none lacks

Events are write-once: one revision, `1-` and 32 hex digits of SHA-256 over the canonical JSON of the event with its
`_id`. Whoever receives an event can therefore tell whether it is the one its writer wrote.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

from sync import strict_json
from sync.errors import Forbidden

PREFIX: Final = "ev:"
_ID = re.compile(r"ev:([0-9]{12}):([a-z2-7]{8}):([1-9][0-9]{0,14})", re.ASCII)


class EventId(NamedTuple):
    writer: str
    epoch: str
    n: int

    def __str__(self) -> str:
        return f"ev:{self.writer}:{self.epoch}:{self.n}"


def event_id(writer: str, epoch: str, n: int) -> str:
    """`ev:510903100228:k3v7q2mh:17`; ValueError when a part has not its form."""
    text = f"ev:{writer}:{epoch}:{n}"
    if _ID.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an event id")
    return text


def parse_event_id(text: str) -> EventId | None:
    """The parts, or None when `text` is no event's id."""
    match = _ID.fullmatch(text)
    return EventId(match[1], match[2], int(match[3])) if match else None


def is_event_id(text: str) -> bool:
    """Whether `text` lies in the events' name space, well-formed or not."""
    return text.startswith(PREFIX)


def event_digest(id: str, body: bytes) -> bytes:
    """SHA-256 of the canonical JSON of the event with its `_id`. `body` is the canonical object without `_` members."""
    if body[:2] == b'{"' and body[2:3] > b"_":  # `_id` sorts first: no need to read the body
        return hashlib.sha256(b'{"_id":"' + id.encode() + b'",' + body[1:]).digest()
    content = strict_json.loads_object(body)
    return hashlib.sha256(strict_json.canonical({**content, "_id": id})).digest()


def event_rev(id: str, body: bytes) -> str:
    """The only revision the event may have: the first half of its digest."""
    return "1-" + event_digest(id, body)[:16].hex()


def check_event(id: str, path: tuple[str, ...], deleted: bool, body: bytes, attachments: bool) -> EventId:
    """The event's id in parts; Forbidden with the reason when this is not what its writer wrote."""
    parsed = parse_event_id(id)
    if parsed is None:
        raise Forbidden(f"{id[:80]!r} is not an event id.")
    if deleted:
        raise Forbidden("An event is written once and never deleted.")
    if attachments:
        raise Forbidden("An event carries no attachments; it names its files by hash.")
    if len(path) != 1 or path[0] != event_rev(id, body):
        raise Forbidden(f"{path[0][:80]} is not the revision of this event's content.")
    return parsed
