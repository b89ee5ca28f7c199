"""Reads requests: bodies strictly and bounded, parameters by form. Answers nothing."""

from __future__ import annotations

import zlib
from typing import Any, Final
from urllib.parse import unquote

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from sync import strict_json
from sync.errors import BadContentType, BadRequest, NotFound, TooLarge

MAX_BODY: Final = 64 * 1024 * 1024  # bytes, unpacked
MAX_ITEMS: Final = 10_000  # documents, ids or keys in one request


def body() -> bytes:
    """The request's body, unpacked, at most MAX_BODY."""
    request = flask.request
    request.max_content_length = MAX_BODY
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise TooLarge(f"A request has at most {MAX_BODY} bytes.") from error
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        return data
    if encoding != "gzip":
        raise BadContentType("Only gzip is understood as Content-Encoding.")
    unpack = zlib.decompressobj(31)
    try:
        data = unpack.decompress(data, MAX_BODY + 1)
    except zlib.error as error:
        raise BadRequest("The body cannot be unpacked.") from error
    if len(data) > MAX_BODY:
        raise TooLarge(f"A request has at most {MAX_BODY} bytes, unpacked.")
    if not unpack.eof:
        raise BadRequest("The packed body is cut off.")
    return data


def json_object() -> dict[str, Any]:
    """The body as a JSON object; BadContentType unless it says it is JSON, BadJson unless it is."""
    if flask.request.mimetype != "application/json":
        raise BadContentType("Content-Type must be application/json")
    return strict_json.loads_object(body())


def json_items(name: str) -> tuple[dict[str, Any], list[tuple[Any, str]]]:
    """The body as an object with a long list: its other members, and the items, each with its text."""
    if flask.request.mimetype != "application/json":
        raise BadContentType("Content-Type must be application/json")
    members, found = strict_json.loads_items(body(), name)
    if len(found) > MAX_ITEMS:
        raise TooLarge(f"{name!r} has at most {MAX_ITEMS} items.")
    return members, found


def items(of: dict[str, Any], name: str) -> list[Any]:
    """A list member of a body, of at most MAX_ITEMS."""
    value = of.get(name)
    if type(value) is not list:
        raise BadRequest(f"The body has no list {name!r}.")
    if len(value) > MAX_ITEMS:
        raise TooLarge(f"{name!r} has at most {MAX_ITEMS} items.")
    return value


def flag(name: str, default: bool = False) -> bool:
    """A query parameter that is true or false."""
    value = flask.request.args.get(name)
    if value is None:
        return default
    if value not in ("true", "false"):
        raise BadRequest(f"{name} is true or false.")
    return value == "true"


def number(name: str, default: int | None = None, *, most: int = 10**9) -> int | None:
    """A query parameter that is a whole number, 0 to `most`."""
    value = flask.request.args.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdecimal() and len(value) < 19):
        raise BadRequest(f"{name} is a whole number.")
    return min(int(value), most)


def key(*names: str) -> str | None:
    """A query parameter that is a JSON string (`startkey="a"`)."""
    for name in names:
        value = flask.request.args.get(name)
        if value is not None:
            read = strict_json.loads(value.encode())
            if type(read) is not str:
                raise BadRequest(f"{name} is a JSON string.")
            return read
    return None


def segments(rest: str) -> list[str]:
    """The path after the database's name, part by part, so that `a%2Fb` is one part and `a/b` are two.

    WSGI gives the path decoded; servers that keep the original give it as REQUEST_URI.
    """
    uri = flask.request.environ.get("REQUEST_URI")
    if type(uri) is not str:
        return rest.split("/")
    path = uri.partition("?")[0]
    if "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    mounted = (flask.request.script_root + flask.request.path).removesuffix(rest).count("/")
    parts = [unquote(part) for part in path.split("/")[mounted:]]
    if not parts:
        # `db%2Fdoc`: the slash that parts them came encoded, so that there is no document in it.
        raise NotFound("A database's name and a document's are parted by a plain slash.")
    return parts
