"""One document, its attachments, and documents that stay here.

https://docs.couchdb.org/en/stable/api/document/common.html, …/api/local.html
"""

from __future__ import annotations

from typing import Any

import flask

from sync import strict_json, wire
from sync.endpoint import answers, requests
from sync.endpoint.context import Context
from sync.errors import BadRequest, Conflict, Forbidden, NotFound
from sync.peer import Revision
from sync.store import Database


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    @route("/<db>/_local/<path:rest>", methods=["GET"])
    def get_local(db: str, rest: str) -> flask.Response:
        id = "/".join(requests.segments("_local/" + rest)[1:])
        found = context.open(db, "read").get_local_rev(id)
        if found is None:
            raise NotFound("missing")
        return answers.json({"_id": f"_local/{id}", "_rev": found[0], **found[1]})

    @route("/<db>/_local/<path:rest>", methods=["PUT"])
    def put_local(db: str, rest: str) -> flask.Response:
        # A checkpoint is part of reading: who may read may remember how far.
        id = "/".join(requests.segments("_local/" + rest)[1:])
        database = context.open(db, "read")
        doc = requests.json_object()
        rev = doc.pop("_rev", None)
        if not (rev is None or type(rev) is str):
            raise BadRequest("_rev is a string.")
        written = database.put_local_rev(id, doc, rev, check=True)
        return answers.json({"ok": True, "id": f"_local/{id}", "rev": written}, 201)

    @route("/<db>/_local/<path:rest>", methods=["DELETE"])
    def delete_local(db: str, rest: str) -> flask.Response:
        id = "/".join(requests.segments("_local/" + rest)[1:])
        if not context.open(db, "read").delete_local(id):
            raise NotFound("missing")
        return answers.json({"ok": True, "id": f"_local/{id}", "rev": "0-0"})

    @route("/<db>/<path:rest>", methods=["GET"])
    def get_document(db: str, rest: str) -> flask.Response:
        database = context.open(db, "read")
        id, attachment = _address(rest)
        if attachment:
            return _attachment(database, id, attachment)
        if "open_revs" in flask.request.args:
            return _open_revs(database, id)
        return _document(database, id)

    @route("/<db>/<path:rest>", methods=["PUT"])
    def put_document(db: str, rest: str) -> flask.Response:
        database = context.open(db, "write")
        id, attachment = _address(rest)
        if attachment:
            raise BadRequest("Attachments are written inside their document.")
        doc = requests.json_object()
        if doc.setdefault("_id", id) != id:
            raise BadRequest("Document ID must match the URL.")
        if not requests.flag("new_edits", True):
            return _replicated(context, database, doc)
        return _edit(context, database, doc)

    @route("/<db>/<path:rest>", methods=["DELETE"])
    def delete_document(db: str, rest: str) -> flask.Response:
        database = context.open(db, "write")
        id, attachment = _address(rest)
        if attachment:
            raise BadRequest("Attachments are deleted by an edit of their document.")
        if database.get(id) is None:
            raise NotFound("missing")
        return _edit(context, database, {"_id": id, "_deleted": True}, status=200)


def _address(rest: str) -> tuple[str, str]:
    """Document id and attachment name ("" for none)."""
    parts = requests.segments(rest)
    if parts[0] == "_design" and len(parts) > 1:
        parts[:2] = ["/".join(parts[:2])]
    return wire.check_id(parts[0]), "/".join(parts[1:])


def _document(database: Database, id: str) -> flask.Response:
    rev = flask.request.args.get("rev")
    revision = database.revision(id, rev)
    if revision is None and rev and requests.flag("latest"):
        revision = next(iter(database.get_revisions({id: [rev]}, attachments=False)), None)
    if revision is None:
        raise NotFound("missing")
    if revision.deleted and rev is None:
        raise NotFound("deleted")
    inline = requests.flag("attachments")
    if inline and revision.attachments:
        revision = next(iter(database.get_revisions({id: [revision.rev]})), revision)
    extra: list[tuple[str, Any]] = []
    if requests.flag("conflicts"):
        others = [leaf for leaf, deleted in database.leaves(id) if not deleted and leaf != revision.rev]
        extra = [("_conflicts", others)] if others else []
    data = wire.splice(revision, revs=requests.flag("revs"), inline=inline, extra=extra)
    return answers.raw(data + b"\n", ETag=f'"{revision.rev}"')


def _open_revs(database: Database, id: str) -> flask.Response:
    """`open_revs=all` or a JSON list: each leaf, or what is missing."""
    asked = flask.request.args["open_revs"]
    if asked == "all":
        revs = [rev for rev, _ in database.leaves(id)]
    else:
        revs = strict_json.loads(asked.encode())
        if type(revs) is not list or len(revs) > 1000 or not all(type(rev) is str for rev in revs):
            raise BadRequest("open_revs is all, or a JSON list of revisions.")
    latest, inline = requests.flag("latest"), requests.flag("attachments")
    found: list[Revision] = [
        revision
        for revision in database.get_revisions({id: revs}, attachments=inline)
        if latest or revision.rev in revs
    ]
    parts = [b'{"ok":' + wire.splice(r, revs=requests.flag("revs"), inline=inline) + b"}" for r in found]
    held = {rev for revision in found for rev in revision.path}
    parts += [strict_json.dumps({"missing": rev}) for rev in revs if rev not in held]
    return answers.raw(b"[" + b",".join(parts) + b"]\n")


def _attachment(database: Database, id: str, name: str) -> flask.Response:
    found = database.attachment(id, name, flask.request.args.get("rev"))
    if found is None:
        raise NotFound("Document is missing attachment")
    about, data = found
    response = flask.Response(data, mimetype=None, content_type=about.content_type)
    # What somebody uploaded must never run as a page of ours (CVE-2021-38295).
    response.headers["Content-Disposition"] = "attachment"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["ETag"] = f'"{about.digest.removeprefix("md5-")}"'
    return response


def _edit(context: Context, database: Database, doc: dict[str, Any], status: int = 201) -> flask.Response:
    """A new edit of one document; its base comes in the body, as `rev`, or as If-Match."""
    match = flask.request.headers.get("If-Match", "").strip('"')
    base = flask.request.args.get("rev") or match or None
    if base is not None and doc.setdefault("_rev", base) != base:
        raise BadRequest("Document rev from request body and query string have different values")
    ((rev, refusal),) = database.put_many([doc], lambda revision: context.admit(database, revision))
    if refusal is not None:
        return answers.refused(refusal)
    context.written(database)
    return answers.json({"ok": True, "id": doc["_id"], "rev": rev}, status, ETag=f'"{rev}"')


def _replicated(context: Context, database: Database, doc: dict[str, Any]) -> flask.Response:
    revision = wire.unsplice(doc)
    refusal = context.admit(database, revision)
    if refusal is None:
        refusal = next(iter(database.add_revisions([revision])), None)
    if refusal is not None:
        raise Conflict(refusal.reason) if refusal.error == "conflict" else Forbidden(refusal.reason)
    context.written(database)
    return answers.json({"ok": True, "id": revision.id, "rev": revision.rev}, 201)
