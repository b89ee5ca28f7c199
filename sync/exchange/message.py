"""A message of exchange, to bytes and back. Pure.

    byte 0      how the rest is packed: 0 plain, 1 zstd, 2 zstd with dictionary 1
    line 1      {"c": last message in common, "i": this one, "p": [places in the sender's feed, a lane each], …}
    lines       <database, by its place in "d"> <document>           what the sender has and the receiver has not

A document is written without its revision where that follows from its content: of an event it is a digest, and of
anything else the first one is. An answer that does not begin so comes from a portal or a proxy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple

import zstandard

from sync import event_ids, revisions, strict_json, wire
from sync.errors import BadRequest, TooLarge, UnknownPacking
from sync.event_ids import PREFIX
from sync.peer import Refusal, Revision

CONTENT_TYPE: Final = "application/bianmin"
LANES: Final = 3
"""0: events and what is stated of them; 1: what everybody reads; 2: pieces of files. The first goes first."""

MAX_PACKED: Final = 4 * 1024 * 1024
MAX_PLAIN: Final = 32 * 1024 * 1024
RATIO: Final = 6  # text that is packed is about a sixth of what it was, and less
SMALL: Final = 64  # bytes that no packing makes smaller
PLAIN, ZSTD, DICTIONARY_1 = 0, 1, 2

_DICTIONARY: Final = zstandard.ZstdCompressionDict(
    files("sync.exchange").joinpath("dictionary-1").read_bytes()
)

Places = tuple[int, ...]


class Message(NamedTuple):
    """One end's part of an exchange."""

    last: str = ""
    """The newest message, of either end, that the sender knows both to have taken; "" for none."""
    id: str = ""
    """Names this exchange once it has moved anything; drawn at random by who answers. "" where nothing moved."""
    places: Places = ()
    """Of the sender's feed: with this message the receiver has everything up to here, in each lane."""
    more: bool = False
    """There is more than went into this message, or this part of one."""
    documents: Sequence[tuple[str, Revision]] = ()
    """(database, revision)."""
    notes: Sequence[tuple[str, Mapping[str, Any]]] = ()
    """(database, statement): signed, carried as they are."""
    refused: Sequence[tuple[str, Refusal]] = ()
    """Of what the other end gave."""
    room: int = 0
    """How many packed bytes the answer may have, as the link is."""
    unsure: bool = False
    """The last answer did not come: tell what landed."""
    landed: Places = ()
    """Of the receiver's feed: up to here the sender has everything, where that is not what `last` says."""
    server: str = ""
    """The era of who answers, by which they agree."""
    lost: bool = False
    """`last` is not known here: there is nothing to go on from."""
    known: Sequence[str] = ()
    """The newest messages that are known here, then."""
    bulk: Sequence[str] = ()
    """Databases with documents whose files are too large for a message; they travel in CouchDB's dialect."""


_NAMES: Final = {
    "last": "c", "id": "i", "places": "p", "more": "m", "room": "b", "unsure": "u", "landed": "l", "server": "s",
    "lost": "x", "known": "o", "bulk": "k",
}  # fmt: skip


def pack(message: Message, how: int = DICTIONARY_1, level: int = 9) -> bytes:
    """The message as it travels."""
    names: dict[str, int] = {}
    head: dict[str, Any] = {
        short: value
        for name, short in _NAMES.items()
        if (value := getattr(message, name)) not in ("", 0, False, (), [])
    }
    lines = []
    for db, revision in message.documents:
        lines.append(b"%d %b" % (names.setdefault(db, len(names)), _written(revision)))
    if message.notes:
        # All of one shape, so that their members' names are written once.
        head["f"] = list(message.notes[0][1])
        head["n"] = [
            [names.setdefault(db, len(names)), *(note[name] for name in head["f"])]
            for db, note in message.notes
        ]
    if message.refused:
        head["r"] = [[names.setdefault(db, len(names)), *refusal] for db, refusal in message.refused]
    if names:
        head["d"] = list(names)
    plain = b"\n".join([strict_json.dumps(head), *lines])
    if how == PLAIN or len(plain) <= SMALL:
        return bytes([PLAIN]) + plain
    return bytes([how]) + _compressor(how, level).compress(plain)


def unpack(data: bytes) -> Message:
    """The message in `data`; BadJson, BadRequest, TooLarge and whatever is wrong with a document."""
    head, _, rest = _plain(data).partition(b"\n")
    said = strict_json.loads_object(head)
    try:
        names = [_name(each) for each in said.get("d", [])]
        documents = [_document(names, line) for line in rest.split(b"\n")] if rest else []
        fields = [str(each) for each in said.get("f", [])]
        notes = [
            (names[_index(place)], dict(zip(fields, values, strict=True)))
            for place, *values in said.get("n", [])
        ]
        refused = [
            (names[_index(place)], Refusal(*(str(each) for each in values)))
            for place, *values in said.get("r", [])
        ]
        given = {name: said[short] for name, short in _NAMES.items() if short in said}
        return _checked(Message(**given, documents=documents, notes=notes, refused=refused))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise BadRequest("The message has not the form of one.") from error


def _checked(message: Message) -> Message:
    texts = (message.last, message.id, message.server, *message.bulk, *message.known)
    numbers = (*message.places, *message.landed, message.room)
    sound = (
        all(type(each) is str and len(each) <= 256 for each in texts)
        and all(type(each) is int and 0 <= each < 2**53 for each in numbers)
        and all(type(each) is bool for each in (message.more, message.unsure, message.lost))
        and {len(message.places), len(message.landed)} <= {0, LANES}
    )
    if not sound:
        raise BadRequest("The message's first line has not the form of one.")
    return message._replace(
        places=tuple(message.places),
        landed=tuple(message.landed),
        bulk=list(message.bulk),
        known=list(message.known),
    )


def _name(name: Any) -> str:
    if type(name) is not str or len(name) > 256:
        raise BadRequest("A database has a name.")
    return name


def _index(place: Any) -> int:
    if type(place) is not int or place < 0:
        raise ValueError(place)
    return place


# -- documents ----------------------------------------------------------------------------------------------------------


def size(revision: Revision) -> int:
    """About how many bytes a document adds to a message. Files are packed already, mostly."""
    return 8 + (len(revision.id) + len(revision.body)) // RATIO + wire.files_size(revision)


def _written(revision: Revision) -> bytes:
    """The document in CouchDB's form, its files inline; without `_rev` where the receiver can compute it."""
    if (
        len(revision.path) == 1
        and not revision.deleted
        and not revision.attachments
        and _computed(revision.id, revision.body) == revision.rev
    ):
        head = b'{"_id":' + strict_json.dumps(revision.id)
        text = head + (b"}" if revision.body == b"{}" else b"," + revision.body[1:])
    else:
        text = wire.splice(revision, revs=True)
    # Bodies are kept to the byte, and a foreign one may have been written in several lines.
    return text if b"\n" not in text else strict_json.dumps(strict_json.loads_object(text))


def _document(names: Sequence[str], line: bytes) -> tuple[str, Revision]:
    place, _, text = line.partition(b" ")
    if not place.isdigit() or len(place) > 4:
        raise BadRequest("A document's line begins with its database.")
    doc = strict_json.loads_object(text)
    if "_rev" not in doc:
        id = wire.check_id(doc.pop("_id", None))
        if any(name.startswith("_") for name in doc):
            raise BadRequest("A document without a revision has content and nothing else.")
        body = wire.body(id, doc)
        return names[int(place)], Revision(id, (_computed(id, body),), False, body, checked=True)
    return names[int(place)], wire.unsplice(doc)


def _computed(id: str, body: bytes) -> str:
    """The revision that follows from a document's first content."""
    if id.startswith(PREFIX):
        return event_ids.event_rev(id, body)
    return revisions.compute_rev({**strict_json.loads_object(body), "_id": id}, None, False)


# -- packing ------------------------------------------------------------------------------------------------------------


def _compressor(how: int, level: int) -> zstandard.ZstdCompressor:
    # No checksum (what comes is looked at), and the dictionary is named by byte 0.
    bare = zstandard.ZstdCompressionParameters.from_level(
        level, write_content_size=True, write_checksum=False, write_dict_id=False
    )
    return zstandard.ZstdCompressor(
        dict_data=_DICTIONARY if how == DICTIONARY_1 else None, compression_params=bare
    )


def _plain(data: bytes) -> bytes:
    if len(data) > MAX_PACKED + MAX_PLAIN:
        raise TooLarge(f"A message has at most {MAX_PACKED} bytes.")
    how, rest = data[:1], data[1:]
    if how == bytes([PLAIN]):
        return rest
    if how not in (bytes([ZSTD]), bytes([DICTIONARY_1])):
        raise UnknownPacking("The message is packed in a way that is not known here.")
    try:
        # A frame that does not say how long it is could be a bomb; ours says it.
        length = zstandard.frame_content_size(rest)
        if not 0 <= length <= MAX_PLAIN:
            raise TooLarge(f"A message has at most {MAX_PLAIN} bytes, unpacked.")
        dictionary = _DICTIONARY if how[0] == DICTIONARY_1 else None
        return zstandard.ZstdDecompressor(dict_data=dictionary).decompress(rest)
    except zstandard.ZstdError as error:
        raise BadRequest("The message can't be unpacked.") from error
