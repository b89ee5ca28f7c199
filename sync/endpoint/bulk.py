"""Many documents in one request: `_revs_diff`, `_bulk_get`, `_bulk_docs`, `_all_docs`.

https://docs.couchdb.org/en/stable/api/database/bulk-api.html. One bad document is answered for by itself; the others
go their way. Refusals say "forbidden", the word on which PouchDB and CouchDB go on with the next document.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, Final

import flask

from sync import strict_json, wire
from sync.endpoint import answers, requests
from sync.endpoint.context import Context
from sync.errors import BadRequest, TheirFault
from sync.peer import Refusal, Revision
from sync.store import Database

PAGE: Final = 1000  # rows of _all_docs read at once
MAX_SKIP: Final = 1_000_000


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    @route("/<db>/_revs_diff", methods=["POST"])
    def revs_diff(db: str) -> flask.Response:
        database = context.open(db, "read")
        asked = requests.json_object()
        if len(asked) > requests.MAX_ITEMS:
            raise BadRequest(f"At most {requests.MAX_ITEMS} documents.")
        for revs in asked.values():
            if type(revs) is not list or len(revs) > 1000 or not all(type(rev) is str for rev in revs):
                raise BadRequest("Each document has a list of revisions.")
        missing = database.revs_diff(asked)
        return answers.json({id: {"missing": revs} for id, revs in missing.items()})

    @route("/<db>/_bulk_get", methods=["POST"])
    def bulk_get(db: str) -> flask.Response:
        database = context.open(db, "read")
        wanted = requests.items(requests.json_object(), "docs")
        asked: dict[str, list[str]] = {}
        for item in wanted:
            id, rev = (item.get("id"), item.get("rev")) if type(item) is dict else (None, None)
            if type(id) is not str or not (rev is None or type(rev) is str):
                raise BadRequest("Each of docs has an id, and perhaps a rev.")
            asked.setdefault(id, []).append(rev or _winner(database, id))
        return answers.raw(_bulk_get(database, asked))

    @route("/<db>/_bulk_docs", methods=["POST"])
    def bulk_docs(db: str) -> flask.Response:
        database = context.open(db, "write")
        rest, docs = requests.json_items("docs")
        if not all(type(doc) is dict for doc, _ in docs):
            raise BadRequest("Document must be a JSON object")
        edits = rest.get("new_edits", True)
        if type(edits) is not bool:
            raise BadRequest("new_edits is true or false.")
        if edits:
            return answers.json(_edits(context, database, [doc for doc, _ in docs]), 201)
        return answers.json(_replicated(context, database, docs), 201)

    @route("/<db>/_all_docs", methods=["GET", "POST"])
    def all_docs(db: str) -> flask.Response:
        database = context.open(db, "read")
        with_docs = requests.flag("include_docs")
        if flask.request.method == "POST":
            keys = requests.items(requests.json_object(), "keys")
            if not all(type(key) is str for key in keys):
                raise BadRequest("Keys are ids.")
            return answers.raw(_keyed(database, keys, with_docs))
        return answers.raw(_range(database, with_docs))


# -- _bulk_get ----------------------------------------------------------------------------------------------------------


def _winner(database: Database, id: str) -> str:
    leaves = database.leaves(id)
    return leaves[0][0] if leaves else "missing"


def _bulk_get(database: Database, asked: dict[str, list[str]]) -> Iterator[bytes]:
    """Bodies go out as they are kept, between bytes that are written here; nothing is encoded again but ids."""
    exact = not requests.flag("latest")
    revs = requests.flag("revs")
    inline = requests.flag("attachments")

    def parts() -> Iterator[bytes]:
        yield b'{"results":['
        left = dict(asked)
        open_id: str | None = None
        for revision in database.get_revisions(asked, attachments=inline):
            if exact and revision.rev not in asked[revision.id]:
                continue
            doc = b'{"ok":' + wire.splice(revision, revs=revs, inline=inline) + b"}"
            if revision.id == open_id:
                yield b"," + doc
                continue
            if open_id is not None:
                yield b"]},"
            yield b'{"id":' + strict_json.dumps(revision.id) + b',"docs":[' + doc
            open_id = revision.id
            left.pop(open_id, None)
        if open_id is not None:
            yield b"]}"
        separator = b"," if open_id is not None else b""
        for id, wanted in left.items():
            errors = [
                {"error": {"id": id, "rev": rev, "error": "not_found", "reason": "missing"}} for rev in wanted
            ]
            yield separator + strict_json.dumps({"id": id, "docs": errors})
            separator = b","
        yield b"]}\n"

    return _joined(parts())


def _joined(parts: Iterator[bytes], about: int = 256 * 1024) -> Iterator[bytes]:
    """Small parts gathered into larger ones: every part costs the WSGI server a write."""
    gathered: list[bytes] = []
    size = 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= about:
            yield b"".join(gathered)
            gathered, size = [], 0
    yield b"".join(gathered)


# -- _bulk_docs -------------------------------------------------------------------------------------------------------


def _edits(context: Context, database: Database, docs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """New edits: each document gets a revision, or is told why not."""
    for doc in docs:
        doc.setdefault("_id", secrets.token_hex(16))
    results = database.put_many(docs, lambda revision: context.admit(database, revision))
    if any(refusal is None for _, refusal in results):
        context.written(database)
    return [
        {"ok": True, "id": doc["_id"], "rev": rev}
        if refusal is None
        else {"id": doc["_id"], "error": refusal.error, "reason": refusal.reason}
        for doc, (rev, refusal) in zip(docs, results, strict=True)
    ]


def _replicated(
    context: Context, database: Database, docs: list[tuple[dict[str, Any], str]]
) -> list[dict[str, Any]]:
    """`new_edits=false`: the revisions as they come. Only those that were not taken are answered for."""
    taken: list[Revision] = []
    refused: list[Refusal] = []
    for doc, text in docs:
        id, rev = doc.get("_id"), doc.get("_rev")
        try:
            revision = wire.unsplice(doc, text)
            refusal = context.admit(database, revision)
        except TheirFault as fault:
            refusal = Refusal(str(id), str(rev), "forbidden", fault.reason)
        if refusal is None:
            taken.append(revision)
        else:
            refused.append(refusal)
    stored = database.add_revisions(taken)
    if len(stored) < len(taken):
        context.written(database)
    return [refusal._asdict() for refusal in refused + stored]


# -- _all_docs --------------------------------------------------------------------------------------------------------


def _row(id: str, rev: str, doc: Revision | None) -> bytes:
    key = strict_json.dumps(id)
    row = b'{"id":%b,"key":%b,"value":{"rev":"%b"}' % (key, key, rev.encode())
    return row + (b',"doc":' + wire.splice(doc) if doc else b"") + b"}"


def _keyed(database: Database, keys: list[str], with_docs: bool) -> Iterator[bytes]:
    yield b'{"total_rows":%d,"offset":0,"rows":[\n' % database.info()["doc_count"]
    for i, key in enumerate(keys):
        revision = database.revision(key)
        if revision is None:
            row = strict_json.dumps({"key": key, "error": "not_found"})
        elif revision.deleted:
            value = {"rev": revision.rev, "deleted": True}
            row = strict_json.dumps(
                {"id": key, "key": key, "value": value, **({"doc": None} if with_docs else {})}
            )
        else:
            row = _row(key, revision.rev, revision if with_docs else None)
        yield (b",\n" if i else b"") + row
    yield b"\n]}\n"


def _range(database: Database, with_docs: bool) -> Iterator[bytes]:
    """A range of ids, page by page."""
    descending = requests.flag("descending")
    inclusive = requests.flag("inclusive_end", True)
    key = requests.key("key")
    start = key if key is not None else requests.key("startkey", "start_key")
    end = key if key is not None else requests.key("endkey", "end_key")
    low, high = "", "\U0010ffff"
    start = start if start is not None else (high if descending else low)
    end = end if end is not None else (low if descending else high)
    limit = requests.number("limit", 10**9) or 0
    skip = requests.number("skip", 0, most=MAX_SKIP) or 0

    def parts(start: str, left: int, skip: int) -> Iterator[bytes]:
        yield b'{"total_rows":%d,"offset":%d,"rows":[\n' % (database.info()["doc_count"], skip)
        separator = b""
        while left > 0:
            rows = database.all_docs(
                start,
                end,
                min(left, PAGE),
                with_docs,
                descending=descending,
                skip=skip,
                inclusive_end=inclusive,
            )
            if rows:
                yield separator + b",\n".join([_row(*row) for row in rows])
                separator = b",\n"
            if len(rows) < PAGE:
                break
            left -= len(rows)
            start, skip = rows[-1].id, 1  # go on after the last one
        yield b"\n]}\n"

    return parts(start, limit, skip)
