"""Documents by id: `_all_docs`, `_design_docs`, `_local_docs`.

https://docs.couchdb.org/en/stable/api/database/bulk-api.html#db-all-docs. Ids sort by code point (CouchDB asks ICU).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import flask

from sync import strict_json, wire
from sync.endpoint import answers, requests
from sync.endpoint.changes import conflicts
from sync.endpoint.context import Context
from sync.errors import BadRequest
from sync.peer import Revision
from sync.serving import LAST, Row, ServedDatabase

PAGE: Final = 1000  # rows read at once
PAGE_OF_DOCS: Final = 100  # … with their documents, which may be large
MAX_SKIP: Final = 1_000_000
_DESIGN: Final = ("_design/", "_design0")


class Form(NamedTuple):
    """What a row is to say."""

    docs: bool
    conflicts: bool
    attachments: bool


class Range(NamedTuple):
    """Which ids, in which order."""

    start: str
    end: str
    descending: bool
    inclusive: bool
    limit: int
    skip: int


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    def answer(db: str, bounds: tuple[str, str]) -> flask.Response:
        database = context.open(db, "read")
        body = requests.json_object() if flask.request.method == "POST" else {}
        options = requests.Options(body)
        form = Form(options.flag("include_docs"), options.flag("conflicts"), options.flag("attachments"))
        update_seq = database.update_seq if options.flag("update_seq") else None
        keys = options.value("keys")
        if keys is not None:
            requests.items({"keys": keys}, "keys")
            if not all(type(key) is str for key in keys):
                raise BadRequest("Keys are ids.")
            kept = [key for key in keys if bounds[0] <= key < bounds[1]]
            kept = kept[::-1] if options.flag("descending") else kept
            return answers.raw(_listed(database, _keyed(database, kept, form), None, update_seq))
        wanted = range_of(options, bounds)
        rows = _ranged(database, wanted, form)
        return answers.raw(_listed(database, rows, wanted.skip, update_seq))

    @route("/<db>/_all_docs", methods=["GET", "POST"])
    def all_docs(db: str) -> flask.Response:
        return answer(db, ("", LAST + LAST))

    @route("/<db>/_design_docs", methods=["GET", "POST"])
    def design_docs(db: str) -> flask.Response:
        return answer(db, _DESIGN)

    @route("/<db>/_local_docs", methods=["GET", "POST"])
    def local_docs(db: str) -> flask.Response:
        database = context.open(db, "read")
        options = requests.Options(requests.json_object() if flask.request.method == "POST" else {})
        docs = options.flag("include_docs")
        shelf = context.shelf
        held = [id.removeprefix(shelf) for id in database.local_documents(shelf)]
        if (keys := options.value("keys")) is not None:
            wanted = requests.items({"keys": keys}, "keys")
        else:
            bounds = range_of(options, ("", LAST + LAST))
            low, high = (bounds.end, bounds.start) if bounds.descending else (bounds.start, bounds.end)
            found = [f"_local/{id}" for id in held]
            wanted = [id for id in found if low <= id <= high][:: -1 if bounds.descending else 1]
            wanted = wanted[bounds.skip : bounds.skip + bounds.limit]
        rows = []
        for key in wanted:
            local = database.get_local_rev(shelf + str(key).removeprefix("_local/"))
            if local is None:
                rows.append({"key": key, "error": "not_found"})
                continue
            row = {"id": key, "key": key, "value": {"rev": local[0]}}
            rows.append({**row, "doc": {"_id": key, "_rev": local[0], **local[1]}} if docs else row)
        return answers.json({"total_rows": None, "offset": None, "rows": rows})


def range_of(options: requests.Options, bounds: tuple[str, str]) -> Range:
    """The range the options ask for, within `bounds`."""
    descending = options.flag("descending")
    key = options.text("key")
    start = key if key is not None else options.text("startkey", "start_key")
    end = key if key is not None else options.text("endkey", "end_key")
    low, high = (end, start) if descending else (start, end)
    inclusive = options.flag("inclusive_end", True)
    low = bounds[0] if low is None else max(low, bounds[0])
    high = min(bounds[1], LAST) if high is None else min(high, bounds[1])
    limit = options.number("limit", 10**9) or 0
    skip = options.number("skip", 0, most=MAX_SKIP) or 0
    return Range(high if descending else low, low if descending else high, descending, inclusive, limit, skip)


def _listed(
    database: ServedDatabase, rows: Iterator[bytes], offset: int | None, update_seq: Any
) -> Iterator[bytes]:
    seq = b"" if update_seq is None else b'"update_seq":%b,' % strict_json.dumps(update_seq)
    total = database.info()["doc_count"]
    yield b'{"total_rows":%d,%b"offset":%b,"rows":[\n' % (total, seq, strict_json.dumps(offset))
    separator = b""
    for row in rows:
        yield separator + row
        separator = b",\n"
    yield b"\n]}\n"


def _row(id: str, rev: str, doc: bytes | None) -> bytes:
    key = strict_json.dumps(id)
    row = b'{"id":%b,"key":%b,"value":{"rev":"%b"}' % (key, key, rev.encode())
    return row + (b',"doc":' + doc if doc else b"") + b"}"


def _writer(database: ServedDatabase, form: Form) -> Callable[[Revision], bytes]:
    """How a document is written in a row."""

    def write(revision: Revision) -> bytes:
        if form.attachments and revision.attachments:
            revision = next(iter(database.get_revisions({revision.id: [revision.rev]})), revision)
        extra = conflicts(database, revision.id, revision.rev) if form.conflicts else ()
        return wire.splice(revision, extra=extra)

    return write


def _keyed(database: ServedDatabase, keys: list[str], form: Form) -> Iterator[bytes]:
    write = _writer(database, form)
    for key in keys:
        revision = database.revision(key)
        if revision is None:
            yield strict_json.dumps({"key": key, "error": "not_found"})
        elif revision.deleted:
            value = {"rev": revision.rev, "deleted": True}
            yield strict_json.dumps(
                {"id": key, "key": key, "value": value, **({"doc": None} if form.docs else {})}
            )
        else:
            yield _row(key, revision.rev, write(revision) if form.docs else None)


def rows_of(database: ServedDatabase, wanted: Range, docs: bool) -> Iterator[list[Row]]:
    """The rows of a range, page by page."""
    start, left, skip = wanted.start, wanted.limit, wanted.skip
    page = min(PAGE, PAGE_OF_DOCS) if docs else PAGE
    while left > 0:
        rows = database.all_docs(
            start,
            wanted.end,
            min(left, page),
            docs,
            descending=wanted.descending,
            skip=skip,
            inclusive_end=wanted.inclusive,
        )
        yield rows
        if len(rows) < page:
            break
        left -= len(rows)
        start, skip = rows[-1].id, 1  # go on after the last one


def _ranged(database: ServedDatabase, wanted: Range, form: Form) -> Iterator[bytes]:
    write = _writer(database, form)
    for rows in rows_of(database, wanted, form.docs):
        if rows:
            yield b",\n".join([_row(row.id, row.rev, write(row.doc) if row.doc else None) for row in rows])
