"""Writes answers: JSON bytes, CouchDB's statuses and words. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import flask

from sync import strict_json
from sync.errors import SyncError, Unauthorized
from sync.peer import Refusal


def json(value: Any, status: int = 200, **headers: str) -> flask.Response:
    """`value` as JSON."""
    return raw(strict_json.dumps(value) + b"\n", status, **headers)


def raw(data: bytes | Iterable[bytes], status: int = 200, **headers: str) -> flask.Response:
    """Bytes that are JSON already, whole or in parts."""
    response = flask.Response(data, status, mimetype="application/json")
    response.headers.update(headers)
    return response


def problem(error: SyncError) -> flask.Response:
    """CouchDB's form: `{"error": word, "reason": sentence}`."""
    response = json({"error": error.error, "reason": error.reason}, error.status)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Basic realm="bianmin"'
    return response


def no_store(response: flask.Response) -> flask.Response:
    """Nothing of this belongs in a cache or is to be guessed at."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


_STATUS = {"conflict": 409, "forbidden": 403, "unauthorized": 401, "missing_stub": 412}


def refused(refusal: Refusal) -> flask.Response:
    """The answer to one document that was not taken."""
    return json({"error": refusal.error, "reason": refusal.reason}, _STATUS.get(refusal.error, 403))
