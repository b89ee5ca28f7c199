"""Reads requests: bodies strictly and bounded, parameters by form. Answers nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from sync import blobs, multipart, strict_json
from sync.errors import BadContentType, BadRequest, NotFound, TooLarge

MAX_BODY: Final = 64 * 1024 * 1024  # bytes, unpacked
MAX_ITEMS: Final = 10_000  # documents, ids or keys in one request
MAX_RATIO: Final = 200  # bytes unpacked from one packed byte
MIN_UNPACKED: Final = 1024 * 1024  # a small body may unpack to this much, whatever the ratio
MAX_REVS: Final = 1000  # revisions of one document asked about at once
MAX_SIBLINGS: Final = (
    100  # revisions of one document brought at once; no document keeps more than a third of that
)

Item = TypeVar("Item")


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
        return strict_json.check_count(data)
    if encoding != "gzip":
        raise BadContentType("Only gzip is understood as Content-Encoding.")
    # Honest JSON packs to a tenth, or a fiftieth where it repeats itself. What grows a thousandfold is a bomb.
    most = min(MAX_BODY, max(MIN_UNPACKED, MAX_RATIO * len(data)))
    return strict_json.check_count(b"".join(multipart.unpacked((data,), most)))


def pieces() -> Iterator[bytes]:
    """The request's body as it comes, at most multipart.MAX_FILE bytes; for files, which are not read whole."""
    request = flask.request
    request.max_content_length = multipart.MAX_FILE
    try:
        while piece := request.stream.read(blobs.PIECE):
            yield piece
    except RequestEntityTooLarge as error:
        raise TooLarge(f"A request has at most {multipart.MAX_FILE} bytes.") from error


def json_object() -> dict[str, Any]:
    """The body as a JSON object; BadContentType unless it says it is JSON, BadJson unless it is."""
    if flask.request.mimetype != "application/json":
        raise BadContentType("Content-Type must be application/json")
    return strict_json.loads_object(body())


def json_items(name: str) -> tuple[dict[str, Any], Iterator[tuple[Any, bytes]]]:
    """The body as an object with a long list: its other members, and the items, each with its text, read when it is asked for.
    The errors of a body may come then."""
    if flask.request.mimetype != "application/json":
        raise BadContentType("Content-Type must be application/json")
    members, found = strict_json.loads_items(body(), name)
    return members, _at_most(MAX_ITEMS, found, name)


def _at_most(limit: int, found: Iterator[Item], name: str) -> Iterator[Item]:
    for n, item in enumerate(found):
        if n == limit:
            raise TooLarge(f"{name!r} has at most {limit} items.")
        yield item


def items(of: dict[str, Any], name: str) -> list[Any]:
    """A list member of a body, of at most MAX_ITEMS."""
    value = of.get(name)
    if type(value) is not list:
        raise BadRequest(f"The body has no list {name!r}.")
    if len(value) > MAX_ITEMS:
        raise TooLarge(f"{name!r} has at most {MAX_ITEMS} items.")
    return value


def revisions_by_id(asked: dict[str, Any]) -> dict[str, list[str]]:
    """A body `{id: [revision, …], …}`."""
    if len(asked) > MAX_ITEMS:
        raise TooLarge(f"At most {MAX_ITEMS} documents.")
    for revs in asked.values():
        if not is_revision_list(revs):
            raise BadRequest(f"Each document has a list of at most {MAX_REVS} revisions.")
    return asked


def is_revision_list(value: Any) -> bool:
    """Whether that is a list of at most MAX_REVS texts, as revisions are asked about."""
    return type(value) is list and len(value) <= MAX_REVS and all(type(rev) is str for rev in value)


def has_body() -> bool:
    """Whether the request brings a body."""
    return bool(flask.request.content_length)


class Options:
    """A request's options: query parameters, and for some routes members of the body, which then are JSON already."""

    def __init__(self, body: dict[str, Any] | None = None) -> None:
        self._args = flask.request.args
        self._body = body or {}

    def flag(self, name: str, default: bool = False) -> bool:
        """true or false."""
        value = self._body.get(name, self._args.get(name))
        if value is None:
            return default
        if value not in ("true", "false", True, False) or type(value) not in (str, bool):
            raise BadRequest(f"{name} is true or false.")
        return value in ("true", True)

    def number(self, name: str, default: int | None = None, *, most: int = 10**9) -> int | None:
        """A whole number, 0 to `most`."""
        value = self._body.get(name, self._args.get(name))
        if value is None:
            return default
        text = str(value) if type(value) in (int, str) else ""
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise BadRequest(f"{name} is a whole number.")
        return min(int(text), most)

    def word(self, name: str, *words: str) -> str:
        """One of `words`; the first by default."""
        value = self._args.get(name, words[0])
        if value not in words:
            raise BadRequest(f"{name} is one of {', '.join(words)}.")
        return value

    def value(self, *names: str) -> Any:
        """JSON (`startkey="a"`); None where it is not given."""
        for name in names:
            if name in self._body:
                return self._body[name]
            if name in self._args:
                return strict_json.loads(self._args[name].encode())
        return None

    def text(self, *names: str) -> str | None:
        """A JSON string."""
        value = self.value(*names)
        if value is not None and type(value) is not str:
            raise BadRequest(f"{names[0]} is a JSON string.")
        return value

    def heartbeat(self) -> float | None:
        """Seconds between heartbeats; None for none."""
        value = self._args.get("heartbeat")
        if value in (None, "false"):
            return None
        return 60.0 if value == "true" else max(1, self.number("heartbeat") or 1) / 1000


def flag(name: str, default: bool = False) -> bool:
    """A query parameter that is true or false."""
    return Options().flag(name, default)


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
    # Bytes beyond ASCII may come as they are (curl does that); WSGI passes bytes on as Latin-1.
    parts = [
        unquote_to_bytes(part.encode("latin-1", "replace")).decode("utf-8", "replace")
        for part in path.split("/")[mounted:]
    ]
    if not parts:
        # `db%2Fdoc`: the slash that parts them came encoded, so that there is no document in it.
        raise NotFound("A database's name and a document's are parted by a plain slash.")
    return parts
