"""Writes answers: JSON bytes, CouchDB's statuses and words. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import flask

from sync import strict_json
from sync.errors import SyncError, TooManyRequests, Unauthorized
from sync.peer import Refusal


def json(value: Any, status: int = 200, **headers: str) -> flask.Response:
    """`value` as JSON."""
    return raw(strict_json.dumps(value) + b"\n", status, **headers)


def raw(data: bytes | Iterable[bytes], status: int = 200, **headers: str) -> flask.Response:
    """Bytes that are JSON already, whole or in parts."""
    body = data if isinstance(data, bytes) else Begun(iter(data))
    response = flask.Response(body, status, mimetype="application/json")
    response.headers.update(headers)
    return response


class Begun:
    """An answer in parts of which the first has been made: what is wrong with a request shows there, while the status
    can still say so."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._first: bytes | None = next(parts, b"")

    def __iter__(self) -> Begun:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._parts)

    def close(self) -> None:
        """Lets go of what the parts are made from."""
        if hasattr(self._parts, "close"):
            self._parts.close()


def problem(error: SyncError) -> flask.Response:
    """CouchDB's form: `{"error": word, "reason": sentence}`."""
    response = json({"error": error.error, "reason": error.reason}, error.status)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Basic realm="bianmin"'
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def no_store(response: flask.Response) -> flask.Response:
    """Nothing of this belongs in a cache or is to be guessed at."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def saved(id: str, rev: str, status: int = 201) -> flask.Response:
    """The answer to a document that was written. `batch=ok` is answered as CouchDB does, though it is written already."""
    if status == 201 and flask.request.args.get("batch") == "ok":
        return json({"ok": True, "id": id}, 202)
    return json({"ok": True, "id": id, "rev": rev}, status, ETag=f'"{rev}"')


def wants(kind: str, *, unless_json: bool = False) -> bool:
    """Whether the other end asks for that kind of body. `unless_json`: or for any, as CouchDB's replicator may."""
    accepts = flask.request.accept_mimetypes
    named = [value for value, quality in accepts if quality > 0]
    return kind in named and not (
        unless_json and "application/json" in named and accepts["application/json"] > accepts[kind]
    )


def matches(tag: str) -> bool:
    """Whether the other end has this very version (If-None-Match)."""
    return flask.request.if_none_match.contains(tag)


def unchanged(tag: str) -> flask.Response:
    """Says so."""
    response = flask.Response(status=304)
    response.headers["ETag"] = f'"{tag}"'
    return response


def joined(parts: Iterator[bytes], about: int = 256 * 1024) -> Iterator[bytes]:
    """Small parts gathered into larger ones: every part costs the server a write."""
    gathered: list[bytes] = []
    size = 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= about:
            yield b"".join(gathered)
            gathered, size = [], 0
    yield b"".join(gathered)


_STATUS = {"conflict": 409, "forbidden": 403, "unauthorized": 401, "missing_stub": 412}


def refused(refusal: Refusal) -> flask.Response:
    """The answer to one document that was not taken."""
    return json({"error": refusal.error, "reason": refusal.reason}, _STATUS.get(refusal.error, 403))
