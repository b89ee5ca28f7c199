"""Many documents in one request: `_revs_diff`, `_missing_revs`, `_bulk_get`, `_bulk_docs`.

https://docs.couchdb.org/en/stable/api/database/bulk-api.html. One bad document is answered for by itself; the others
go their way. Refusals say "forbidden", the word on which PouchDB and CouchDB go on with the next document.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import flask

from sync import multipart, revisions, strict_json, wire
from sync.endpoint import answers, requests
from sync.endpoint.context import Context
from sync.errors import BadRequest, TheirFault, TooLarge
from sync.peer import Refusal, Revision
from sync.serving import ServedDatabase


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    @route("/<db>/_revs_diff", methods=["POST"])
    def revs_diff(db: str) -> flask.Response:
        database = context.open(db, "read")
        asked = requests.revisions_by_id(requests.json_object())
        missing = database.revs_diff(asked)
        return answers.json({id: {"missing": revs} for id, revs in missing.items()})

    @route("/<db>/_missing_revs", methods=["POST"])
    def missing_revs(db: str) -> flask.Response:
        database = context.open(db, "read")
        asked = requests.revisions_by_id(requests.json_object())
        return answers.json({"missing_revs": database.revs_diff(asked)})

    @route("/<db>/_bulk_get", methods=["POST"])
    def bulk_get(db: str) -> flask.Response:
        database = context.open(db, "read")
        wanted = [_item(item) for item in requests.items(requests.json_object(), "docs")]
        found = _found(database, wanted, latest=requests.flag("latest"), data=requests.flag("attachments"))
        if answers.wants("multipart/mixed"):
            flat = (one for _, docs in found for one in docs)
            content_type, pieces = multipart.mixed(flat, revs=requests.flag("revs"))
            return flask.Response(answers.joined(pieces), content_type=content_type)
        return answers.raw(answers.joined(_bulk_get(found, requests.flag("revs"))))

    @route("/<db>/_bulk_docs", methods=["POST"])
    def bulk_docs(db: str) -> flask.Response:
        database = context.open(db, "write")
        rest, docs = requests.json_items("docs")
        edits = rest.get("new_edits", True)
        if type(edits) is not bool:
            raise BadRequest("new_edits is true or false.")
        if edits:
            return answers.json(_edits(context, database, [_object(doc) for doc, _ in docs]), 201)
        return answers.json(_replicated(context, database, docs), 201)


# -- _bulk_get ----------------------------------------------------------------------------------------------------------


def _item(item: Any) -> tuple[str, str | None, list[str]]:
    """Id, revision (None: the winner) and what the other side has already."""
    id, rev, held = (
        (item.get("id"), item.get("rev"), item.get("atts_since") or [])
        if type(item) is dict
        else (None, None, [])
    )
    if type(id) is not str or not (rev is None or type(rev) is str) or type(held) is not list:
        raise BadRequest("Each of docs has an id, and perhaps a rev and atts_since.")
    return id, rev, held


def _found(
    database: ServedDatabase, wanted: list[tuple[str, str | None, list[str]]], *, latest: bool, data: bool
) -> Iterator[tuple[str, list[Revision | dict[str, Any]]]]:
    """For each item asked for, in order: the revisions, or why there are none."""
    asked: dict[str, list[str]] = {}
    items = []
    for id, rev, held in wanted:
        rev = rev or _winner(database, id)
        asked.setdefault(id, []).append(rev)
        items.append((id, rev, held))
    there: dict[str, list[Revision]] = {}
    for revision in database.get_revisions(asked, attachments=data):
        there.setdefault(revision.id, []).append(revision)
    for id, rev, held in items:
        docs: list[Revision | dict[str, Any]] = [
            wire.since(revision, held) if held else revision
            for revision in there.get(id, ())
            if revision.path[0] == rev or (latest and rev in revision.path)
        ]
        yield id, docs or [{"id": id, "rev": rev, "error": "not_found", "reason": "missing"}]


def _winner(database: ServedDatabase, id: str) -> str:
    leaves = database.leaves(id)
    return leaves[0][0] if leaves else "undefined"


def _bulk_get(found: Iterator[tuple[str, list[Revision | dict[str, Any]]]], revs: bool) -> Iterator[bytes]:
    """Bodies go out as they are kept, between bytes that are written here; nothing is encoded again but ids."""
    separator = b'{"results":[\n'
    for id, docs in found:
        parts = [
            b'{"error":' + strict_json.dumps(one) + b"}"
            if isinstance(one, dict)
            else b'{"ok":' + wire.splice(one, revs=revs) + b"}"
            for one in docs
        ]
        yield b'%b{"id":%b,"docs":[%b]}' % (separator, strict_json.dumps(id), b",".join(parts))
        separator = b",\n"
    yield b'{"results":[]}\n' if separator != b",\n" else b"\n]}\n"


# -- _bulk_docs -------------------------------------------------------------------------------------------------------


def _object(doc: Any) -> dict[str, Any]:
    if type(doc) is not dict:
        raise BadRequest("Document must be a JSON object")
    return doc


def _check_siblings(ids: Iterable[str]) -> None:
    """TooLarge for many revisions of one document: each is looked at in the light of the one before."""
    if max(Counter(ids).values(), default=0) > requests.MAX_SIBLINGS:
        raise TooLarge(f"A request brings at most {requests.MAX_SIBLINGS} revisions of one document.")


def _edits(context: Context, database: ServedDatabase, docs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """New edits: each document gets a revision, or is told why not."""
    for doc in docs:
        doc.setdefault("_id", secrets.token_hex(16))
    _check_siblings(id for doc in docs if type(id := doc["_id"]) is str)
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
    context: Context, database: ServedDatabase, docs: Iterator[tuple[Any, bytes]]
) -> list[dict[str, Any]]:
    """`new_edits=false`: the revisions as they come. Only those that were not taken are answered for."""
    taken: list[Revision] = []
    refused: list[Refusal] = []
    for doc, text in docs:
        id, rev = _object(doc).get("_id"), doc.get("_rev")
        try:
            revision = wire.unsplice(doc, text)
            refusal = context.admit(database, revision)
        except TheirFault as fault:
            refusal = Refusal(
                str(id)[: wire.MAX_ID], str(rev)[: revisions.MAX_NAME], "forbidden", fault.reason
            )
        if refusal is None:
            taken.append(revision)
        else:
            refused.append(refusal)
    _check_siblings(revision.id for revision in taken)
    stored = database.add_revisions(taken)
    if len(stored) < len(taken):
        context.written(database)
    return [refusal._asdict() for refusal in refused + stored]
