"""Documents with their files behind them: `multipart/related`, and several of those in `multipart/mixed`.

A file is never held in memory: what arrives is spooled and named on the way, what leaves is read where it lies.
https://docs.couchdb.org/en/stable/api/document/common.html#creating-multiple-attachments, RFC 2046 and 2387.
"""

from __future__ import annotations

import secrets
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from email.message import Message
from typing import Any, Final, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from sync import blobs, strict_json, wire
from sync.errors import BadRequest, TooLarge
from sync.peer import Revision

MAX_FILE: Final = 256 * 1024 * 1024  # bytes of one document's files, unpacked


class Multipart(NamedTuple):
    """A body on its way out. `length` in bytes."""

    content_type: str
    length: int
    pieces: Iterable[bytes]


class Part(NamedTuple):
    """One part as it arrives: read `pieces` to the end before asking for the next."""

    content_type: str
    filename: str
    is_error: bool
    pieces: Iterator[bytes]


# -- out -----------------------------------------------------------------------------------------------------------------


def related(revision: Revision, *, revs: bool = True, extra: Iterable[tuple[str, Any]] = ()) -> Multipart:
    """One document: its JSON, then each file that is not a stub, in the order of `_attachments`."""
    boundary = secrets.token_hex(16)
    text = wire.splice(revision, revs=revs, files="follow", extra=extra)
    heads = [f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode() + text]
    files = [(name, a) for name, a in revision.attachments.items() if a.data is not None]
    for name, attachment in files:
        heads.append(
            f"\r\n--{boundary}\r\nContent-Disposition: attachment; filename={_quoted(name)}\r\n"
            f"Content-Type: {_header(attachment.content_type)}\r\nContent-Length: {attachment.length}\r\n\r\n".encode()
        )
    end = f"\r\n--{boundary}--".encode()

    def pieces() -> Iterator[bytes]:
        yield heads[0]
        for head, (_, attachment) in zip(heads[1:], files, strict=True):
            yield head
            assert attachment.data is not None
            yield from blobs.pieces(attachment.data)
        yield end

    length = sum(map(len, heads)) + sum(attachment.length for _, attachment in files) + len(end)
    return Multipart(f'multipart/related; boundary="{boundary}"', length, pieces())


def mixed(
    revisions: Iterable[Revision | dict[str, Any]], *, revs: bool = True
) -> tuple[str, Iterator[bytes]]:
    """Several documents, and errors about others (dicts): the content type, and the bytes."""
    boundary = secrets.token_hex(16)

    def pieces() -> Iterator[bytes]:
        for one in revisions:
            yield f"--{boundary}\r\n".encode()
            if isinstance(one, dict):
                yield b'Content-Type: application/json; error="true"\r\n\r\n' + strict_json.dumps(one)
            elif any(a.data is not None for a in one.attachments.values()):
                inner = related(one, revs=revs)
                yield f"Content-Type: {inner.content_type}\r\n\r\n".encode()
                yield from inner.pieces
            else:
                text = wire.splice(one, revs=revs, files="stubs")
                yield b"Content-Type: application/json\r\n\r\n" + text
            yield b"\r\n"
        yield f"--{boundary}--".encode()

    return f'multipart/mixed; boundary="{boundary}"', pieces()


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _header(value: str) -> str:
    """A header's value that cannot end its line."""
    return "".join(sign for sign in value if " " <= sign != "\x7f")


# -- in ------------------------------------------------------------------------------------------------------------------


def boundary_of(content_type: str) -> str:
    """The boundary a content type names; BadRequest if it names none."""
    value = _parameters(content_type).get_param("boundary")
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or not value.isascii():
        raise BadRequest("The multipart body names no boundary.")
    return value


def _parameters(value: str) -> Message:
    message = Message()
    message["content-type"] = value
    return message


def parts(pieces: Iterable[bytes], boundary: str) -> Iterator[Part]:
    """The parts of a multipart body, one after another. BadRequest where it is no such body, or is cut off."""
    events = _events(iter(pieces), boundary)
    for kind, value in events:
        if kind == "headers":  # else it is the rest of a part that nobody read to its end
            yield _part(value, events)


def _part(headers: dict[str, str], events: Iterator[tuple[str, Any]]) -> Part:
    def data() -> Iterator[bytes]:
        for kind, value in events:
            if kind == "data":
                yield value
            else:
                return

    about = _parameters(headers.get("content-type", "application/octet-stream"))
    disposition = Message()
    disposition["content-disposition"] = headers.get("content-disposition", "")
    return Part(
        headers.get("content-type", ""),
        disposition.get_filename("") or "",
        about.get_param("error") == "true",
        data(),
    )


def _events(pieces: Iterator[bytes], boundary: str) -> Iterator[tuple[str, Any]]:
    """("headers", dict), ("data", bytes) …, ("end", None) for each part."""
    told: deque[tuple[str, Any]] = deque()
    headers: dict[str, str] = {}
    name, value = bytearray(), bytearray()

    def header_end() -> None:
        headers[name.decode("latin-1").lower()] = value.decode("utf-8", "replace")
        name.clear()
        value.clear()

    def headers_finished() -> None:
        told.append(("headers", dict(headers)))
        headers.clear()

    ended = False

    def end() -> None:
        nonlocal ended
        ended = True

    parser = MultipartParser(
        boundary,
        {
            "on_header_field": lambda data, start, stop: name.extend(data[start:stop]),
            "on_header_value": lambda data, start, stop: value.extend(data[start:stop]),
            "on_header_end": header_end,
            "on_headers_finished": headers_finished,
            "on_part_data": lambda data, start, stop: told.append(("data", bytes(data[start:stop]))),
            "on_part_end": lambda: told.append(("end", None)),
            "on_end": end,
        },
    )
    try:
        for piece in pieces:
            if ended:
                continue  # what follows the last boundary says nothing
            parser.write(piece)
            while told:
                yield told.popleft()
    except FormParserError as error:
        raise BadRequest(f"The multipart body is broken: {error}.") from error
    if not ended:
        raise BadRequest("The multipart body is cut off.")


def read_related(pieces: Iterable[bytes], content_type: str) -> dict[str, Any]:
    """One document; each attachment that follows has its bytes as `data` (blobs.Spooled), checked and unpacked."""
    arriving = parts(pieces, boundary_of(content_type))
    first = next(arriving, None)
    if first is None:
        raise BadRequest("The multipart body has no parts.")
    doc = read_json(first)
    members = doc.get("_attachments")
    following = (
        {
            name: member
            for name, member in members.items()
            if type(member) is dict and member.get("follows") is True
        }
        if type(members) is dict
        else {}
    )
    if len(following) > wire.MAX_ATTACHMENTS:
        raise BadRequest(f"_attachments is an object of at most {wire.MAX_ATTACHMENTS} members.")
    left = MAX_FILE
    for part in arriving:
        name = part.filename if part.filename in following else next(iter(following), None)
        if name is None:
            raise BadRequest("The multipart body has more files than its document names.")
        member = following.pop(name)
        del member["follows"]
        member["data"] = received = receive(part.pieces, member, left)
        left -= received.length
        member.setdefault("content_type", part.content_type or "application/octet-stream")
    if following:
        raise BadRequest(f"The attachment {next(iter(following))!r} does not follow.")
    return doc


def read_json(part: Part) -> dict[str, Any]:
    """A part that is a JSON object."""
    text = bytearray()
    for piece in part.pieces:
        text += piece
        if len(text) > wire.MAX_DOCUMENT * 2:
            raise TooLarge(f"A document has at most {wire.MAX_DOCUMENT} bytes.")
    return strict_json.loads_object(strict_json.check_count(bytes(text)))


def receive(pieces: Iterable[bytes], member: dict[str, Any], limit: int = MAX_FILE) -> blobs.Spooled:
    """A file that is described by `member`, received; at most `limit` bytes. CouchDB sends text packed, and gives the packed bytes' digest and
    `encoded_length`; files are kept unpacked here."""
    encoding = member.pop("encoding", None)
    packed = blobs.Sum()

    def counted() -> Iterator[bytes]:
        for piece in pieces:
            packed.add(piece)
            if packed.length > limit:
                raise TooLarge(f"A document's files have at most {MAX_FILE} bytes.")
            yield piece

    if encoding not in (None, "identity", "gzip"):
        raise BadRequest(f"The encoding {str(encoding)[:20]!r} is not understood.")
    came = blobs.Spooled(unpacked(counted(), limit) if encoding == "gzip" else counted())
    length = member.get("encoded_length") if encoding == "gzip" else member.get("length")
    if type(length) is int and length != packed.length:
        raise BadRequest(f"A file of {length} bytes was announced and {packed.length} came.")
    digest = member.get("digest")
    if type(digest) is str and digest.startswith("md5-") and digest != packed.digests().md5:
        raise BadRequest("A file does not have the digest it claims.")
    return came


def unpacked(pieces: Iterable[bytes], limit: int = MAX_FILE) -> Iterator[bytes]:
    """gzip undone, piece by piece, at most `limit` bytes."""
    unpack = zlib.decompressobj(31)
    left = limit
    try:
        for piece in pieces:
            while piece:
                out = unpack.decompress(piece, blobs.PIECE)
                left -= len(out)
                if left < 0:
                    raise TooLarge(f"Unpacked, a body has at most {limit} bytes.")
                if out:
                    yield out
                piece = unpack.unconsumed_tail
                if unpack.unused_data:
                    raise BadRequest("Something follows the packed body.")
    except zlib.error as error:
        raise BadRequest("The body cannot be unpacked.") from error
    if not unpack.eof:
        raise BadRequest("The packed body is cut off.")
