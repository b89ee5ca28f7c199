"""Files inside documents: https://docs.couchdb.org/en/stable/api/document/attachments.html. Streamed both ways."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import flask

from sync import blobs, multipart
from sync.endpoint import answers, requests
from sync.errors import BadRequest, Conflict, NotFound
from sync.peer import Attachment
from sync.serving import ServedDatabase

PACKED: Final = ("text/", "application/json", "application/xml", "application/javascript")
WORTH_PACKING: Final = range(1024, 16 * 1024 * 1024)  # bytes


def give(database: ServedDatabase, id: str, name: str) -> flask.Response:
    """A file, or the range of it that is asked for; packed when that is worth it and the other end can unpack."""
    found = database.attachment(id, name, flask.request.args.get("rev"))
    if found is None or found.data is None:
        raise NotFound("Document is missing attachment")
    tag = found.digest.removeprefix("md5-")
    if answers.matches(tag):
        return answers.unchanged(tag)
    # A type that no header can hold says nothing; the document still tells it as it came.
    plain = found.content_type.isascii() and found.content_type.isprintable()
    response = flask.Response(content_type=found.content_type if plain else "application/octet-stream")
    # What somebody uploaded must never run as a page of ours (CVE-2021-38295).
    response.headers["Content-Disposition"] = "attachment"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["ETag"] = f'"{tag}"'
    response.headers["Content-MD5"] = tag
    response.headers["Accept-Ranges"] = "bytes"
    asked = flask.request.range
    span = asked.range_for_length(found.length) if asked is not None and asked.units == "bytes" else None
    if asked is not None and len(asked.ranges) == 1 and span is None:
        response.status_code = 416
        response.headers["Content-Range"] = f"bytes */{found.length}"
        response.content_type = "application/json"
        response.data = (
            b'{"error":"requested_range_not_satisfiable","reason":"The file ends before the range."}\n'
        )
        return response
    if span is not None:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{found.length}"
        response.headers["Content-Length"] = str(span[1] - span[0])
        response.response = _cut(blobs.pieces(found.data), *span)
    elif (
        found.content_type.startswith(PACKED)
        and found.length in WORTH_PACKING
        and flask.request.accept_encodings["gzip"] > 0
        and flask.request.method == "GET"
    ):
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.response = _packed(blobs.pieces(found.data))
    else:
        response.headers["Content-Length"] = str(found.length)
        response.response = blobs.pieces(found.data)
    return response


def with_file(database: ServedDatabase, id: str, name: str, rev: str | None) -> dict[str, Any]:
    """The document with the request's body as its file `name`."""
    doc = _editable(database, id, rev) or {"_id": id}
    encoding = flask.request.headers.get("Content-Encoding", "identity").lower()
    file = multipart.receive(requests.pieces(), {"encoding": encoding})
    claimed = flask.request.headers.get("Content-MD5")
    if claimed and encoding == "identity" and f"md5-{claimed}" != file.digests.md5:
        raise BadRequest("The file does not have the Content-MD5 it claims.")
    content_type = flask.request.content_type or "application/octet-stream"
    files = {**doc.get("_attachments", {}), name: {"content_type": content_type, "data": file}}
    return {**doc, "_attachments": files}


def without_file(database: ServedDatabase, id: str, name: str, rev: str | None) -> dict[str, Any]:
    """The document without its file `name`; NotFound if it has none."""
    doc = _editable(database, id, rev)
    if doc is None or name not in doc.get("_attachments", {}):
        raise NotFound("Document is missing attachment")
    files = {other: stub for other, stub in doc["_attachments"].items() if other != name}
    return {**doc, "_attachments": files}


def _editable(database: ServedDatabase, id: str, rev: str | None) -> dict[str, Any] | None:
    doc = database.get(id, rev)
    if doc is None and rev is not None:
        raise Conflict("Document update conflict.")
    if doc is not None and rev is None:
        raise Conflict("Document update conflict.")
    return doc


def copied(file: Attachment) -> blobs.Spooled:
    """A file read anew, to be kept in another document."""
    assert file.data is not None
    return blobs.Spooled(blobs.pieces(file.data))


def _cut(pieces: Iterable[bytes], start: int, stop: int) -> Iterator[bytes]:
    at = 0
    for piece in pieces:
        if at + len(piece) > start:
            yield piece[max(0, start - at) : stop - at]
        at += len(piece)
        if at >= stop:
            return


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    pack = zlib.compressobj(6, wbits=31)
    for piece in pieces:
        yield pack.compress(piece)
    yield pack.flush()
