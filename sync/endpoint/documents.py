"""One document: https://docs.couchdb.org/en/stable/api/document/common.html. Its files are `attachments.py`'s."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import flask

from sync import multipart, strict_json, vetting, wire
from sync.endpoint import answers, attachments, requests
from sync.endpoint.changes import conflicts
from sync.endpoint.context import Context
from sync.errors import BadRequest, NotFound
from sync.peer import Revision
from sync.revisions import parse_rev
from sync.serving import ServedDatabase


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    @route("/<db>/<path:rest>", methods=["GET"])
    def get_document(db: str, rest: str) -> flask.Response:
        database = context.open(db, "read")
        id, attachment = address(rest)
        if attachment:
            return attachments.give(database, id, attachment)
        if "open_revs" in flask.request.args:
            return _open_revs(database, id)
        return _document(database, id)

    @route("/<db>/<path:rest>", methods=["PUT"])
    def put_document(db: str, rest: str) -> flask.Response:
        database = context.open(db, "write")
        id, attachment = address(rest)
        if attachment:
            return edit(context, database, attachments.with_file(database, id, attachment, _base({})))
        if flask.request.mimetype == "multipart/related":
            doc = multipart.read_related(requests.pieces(), flask.request.content_type or "")
        else:
            doc = requests.json_object()
        if doc.setdefault("_id", id) != id:
            raise BadRequest("Document ID must match the URL.")
        if not requests.flag("new_edits", True):
            return _replicated(context, database, doc)
        return edit(context, database, doc)

    @route("/<db>/<path:rest>", methods=["DELETE"])
    def delete_document(db: str, rest: str) -> flask.Response:
        database = context.open(db, "write")
        id, attachment = address(rest)
        if attachment:
            return edit(context, database, attachments.without_file(database, id, attachment, _base({})), 200)
        if database.get(id) is None:
            raise NotFound("missing")
        return edit(context, database, {"_id": id, "_deleted": True}, 200)

    @route("/<db>/<path:rest>", methods=["COPY"])
    def copy_document(db: str, rest: str) -> flask.Response:
        database = context.open(db, "write")
        id, attachment = address(rest)
        target, _, query = flask.request.headers.get("Destination", "").partition("?")
        if attachment or not target:
            raise BadRequest("COPY takes a document and a Destination.")
        source = database.revision(id, flask.request.args.get("rev"))
        if source is None or source.deleted:
            raise NotFound("missing")
        doc = strict_json.loads_own(source.body)
        found = next(iter(database.get_revisions({id: [source.rev]})), source)
        doc["_id"] = wire.check_id(unquote(target.rpartition("/")[2]))
        if query.startswith("rev="):
            doc["_rev"] = query.removeprefix("rev=")
        if found.attachments:
            doc["_attachments"] = {
                name: {"content_type": a.content_type, "data": attachments.copied(a)}
                for name, a in found.attachments.items()
            }
        return save(context, database, doc, 201)


def address(rest: str) -> tuple[str, str]:
    """Document id and attachment name ("" for none)."""
    parts = requests.segments(rest)
    if parts[0] == "_design" and len(parts) > 1:
        parts[:2] = ["/".join(parts[:2])]
    return wire.check_id(parts[0]), "/".join(parts[1:])


def _document(database: ServedDatabase, id: str) -> flask.Response:
    args, flag = flask.request.args, requests.flag
    rev = args.get("rev")
    revision = database.revision(id, rev)
    if rev and (revision is None or flag("latest")):
        revision = (
            next(iter(database.get_revisions({id: [rev]}, attachments=False)), revision)
            if flag("latest")
            else revision
        )
    if revision is None:
        raise NotFound("missing")
    if revision.deleted and rev is None:
        raise NotFound("deleted")
    if not args and answers.matches(revision.rev):
        return answers.unchanged(revision.rev)
    held = _revs_list(args.get("atts_since"))
    with_files = flag("attachments") or held is not None or answers.wants("multipart/related")
    if with_files and revision.attachments:
        revision = next(iter(database.get_revisions({id: [revision.rev]})), revision)
        revision = wire.since(revision, held or ())
    extra = _extra(database, revision)
    if answers.wants("multipart/related") and any(a.data is not None for a in revision.attachments.values()):
        body = multipart.related(revision, revs=flag("revs"), extra=extra)
        response = flask.Response(answers.joined(iter(body.pieces)), content_type=body.content_type)
        response.headers["ETag"] = f'"{revision.rev}"'
        return response
    data = wire.splice(revision, revs=flag("revs"), files="inline", extra=extra)
    return answers.raw(data + b"\n", ETag=f'"{revision.rev}"')


def _extra(database: ServedDatabase, revision: Revision) -> list[tuple[str, Any]]:
    """What else is asked about the document."""
    flag, meta = requests.flag, requests.flag("meta")
    extra: list[tuple[str, Any]] = []
    if flag("revs_info") or meta:
        lineage = database.lineage(revision.id, revision.rev)
        extra.append(("_revs_info", [{"rev": one.rev, "status": one.status} for one in lineage]))
    if flag("conflicts") or meta:
        extra += conflicts(database, revision.id, revision.rev)
    if flag("deleted_conflicts") or meta:
        gone = [leaf for leaf, dead in database.leaves(revision.id) if dead and leaf != revision.rev]
        extra += [("_deleted_conflicts", gone)] if gone else []
    if flag("local_seq") or meta:
        extra.append(("_local_seq", database.local_seq(revision.id)))
    return extra


def _revs_list(text: str | None) -> list[str] | None:
    """A JSON list of revisions in the query."""
    if text is None:
        return None
    revs: list[str] = strict_json.loads(text.encode())
    if not requests.is_revision_list(revs):
        raise BadRequest("A JSON list of revisions is wanted in the query.")
    return revs


def _open_revs(database: ServedDatabase, id: str) -> flask.Response:
    """`open_revs=all` or a JSON list: each leaf, or what is missing."""
    asked = flask.request.args["open_revs"]
    every = asked in ("all", '"all"')
    revs = [rev for rev, _ in database.leaves(id)] if every else _revs_list(asked) or []
    if every and not revs:
        raise NotFound("missing")
    latest, inline = requests.flag("latest"), requests.flag("attachments")
    parted = answers.wants("multipart/mixed", unless_json=True)
    held = _revs_list(flask.request.args.get("atts_since")) or ()
    found = [
        wire.since(revision, held)
        for revision in database.get_revisions({id: revs}, attachments=inline or parted)
        if latest or revision.rev in revs
    ]
    known = {rev for revision in found for rev in (revision.path if latest else revision.path[:1])}
    missing: list[Revision | dict[str, Any]] = [{"missing": rev} for rev in revs if rev not in known]
    if parted:
        content_type, pieces = multipart.mixed([*found, *missing], revs=requests.flag("revs"))
        return flask.Response(answers.joined(pieces), content_type=content_type)
    parts = [b'{"ok":' + wire.splice(r, revs=requests.flag("revs")) + b"}" for r in found]
    parts += [strict_json.dumps(one) for one in missing]
    return answers.raw(b"[" + b",".join(parts) + b"]\n")


def _base(doc: dict[str, Any]) -> str | None:
    """The revision an edit is made from: in the body, as `rev`, or as If-Match."""
    match = flask.request.headers.get("If-Match", "").strip('"')
    base = flask.request.args.get("rev") or match or None
    if base is not None and doc.setdefault("_rev", base) != base:
        raise BadRequest("Document rev from request body and query string have different values")
    return base


def edit(
    context: Context, database: ServedDatabase, doc: dict[str, Any], status: int = 201
) -> flask.Response:
    """A new edit of one document."""
    _base(doc)
    return save(context, database, doc, status)


def save(context: Context, database: ServedDatabase, doc: dict[str, Any], status: int) -> flask.Response:
    """Writes an edit, and answers for it."""
    if doc.get("_rev") is not None:
        parse_rev(doc["_rev"])
    ((rev, refusal),) = database.put_many([doc], lambda revision: context.admit(database, revision))
    if refusal is not None:
        return answers.refused(refusal)
    context.written(database)
    return answers.saved(doc["_id"], rev, status)


def _replicated(context: Context, database: ServedDatabase, doc: dict[str, Any]) -> flask.Response:
    revision = wire.unsplice(doc)
    refusal = context.admit(database, revision)
    if refusal is None:
        refusal = next(iter(database.add_revisions([revision])), None)
    if refusal is not None:
        raise vetting.fault(refusal)
    context.written(database)
    return answers.saved(revision.id, revision.rev)
