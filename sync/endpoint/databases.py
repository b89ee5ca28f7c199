"""Databases as a whole: https://docs.couchdb.org/en/stable/api/database/common.html, …/compact.html, …/misc.html"""

from __future__ import annotations

import secrets
from typing import Final

import flask

from sync import revisions, wire
from sync.endpoint import answers, requests
from sync.endpoint.context import Context
from sync.errors import BadRequest, Forbidden, MethodNotAllowed, NotFound, NotServed
from sync.event_ids import PREFIX

PURGED_INFOS_LIMIT: Final = 1000

# What would run code that documents bring along.
_CODE: Final = (
    "_design/<name>/_view/<view>",
    "_design/<name>/_view/<view>/queries",
    "_design/<name>/_show/<path:rest>",
    "_design/<name>/_list/<path:rest>",
    "_design/<name>/_update/<path:rest>",
    "_design/<name>/_rewrite/<path:rest>",
    "_design/<name>/_search/<index>",
    "_temp_view",
)


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    @route("/<db>", methods=["GET", "HEAD"], strict_slashes=False)
    def get_database(db: str) -> flask.Response:
        return answers.json(context.open(db, "read").info())

    @route("/<db>", methods=["PUT"], strict_slashes=False)
    def create_database(db: str) -> flask.Response:
        context.gate.allow(context.principal, db, "create")
        context.store.create_database(db)
        return answers.json({"ok": True}, 201)

    @route("/<db>", methods=["DELETE"], strict_slashes=False)
    def delete_database(db: str) -> flask.Response:
        context.gate.allow(context.principal, db, "admin")
        context.store.delete_database(db)
        return answers.json({"ok": True})

    @route("/<db>", methods=["POST"], strict_slashes=False)
    def post_document(db: str) -> flask.Response:
        database = context.open(db, "write")
        doc = requests.json_object()
        doc.setdefault("_id", secrets.token_hex(16))
        ((rev, refusal),) = database.put_many([doc], lambda revision: context.admit(database, revision))
        if refusal is not None:
            return answers.refused(refusal)
        context.written(database)
        return answers.saved(wire.check_id(doc["_id"]), rev)

    @route("/<db>/_security", methods=["GET"])
    def security(db: str) -> flask.Response:
        return answers.json(context.open(db, "read").security())

    @route("/<db>/_security", methods=["PUT"])
    def put_security(db: str) -> flask.Response:
        # Kept for clients that expect it to be. Who may do what here is the gate's to say, not this object's.
        context.open(db, "admin").put_security(requests.json_object())
        return answers.json({"ok": True})

    @route("/<db>/_revs_limit", methods=["GET"])
    def revs_limit(db: str) -> flask.Response:
        context.open(db, "read")
        return answers.json(revisions.LIMIT)

    @route("/<db>/_revs_limit", methods=["PUT"])
    def put_revs_limit(db: str) -> flask.Response:
        context.open(db, "admin")
        raise NotServed(f"The limit is {revisions.LIMIT} here and cannot be changed.")

    @route("/<db>/_ensure_full_commit", methods=["POST"])
    def ensure_full_commit(db: str) -> flask.Response:
        # Every answered write is durable already.
        started = context.open(db, "read").info()["instance_start_time"]
        return answers.json({"ok": True, "instance_start_time": started}, 201)

    @route("/<db>/_compact", methods=["POST"])
    @route("/<db>/_compact/<ddoc>", methods=["POST"])
    @route("/<db>/_view_cleanup", methods=["POST"])
    def compact(db: str, ddoc: str = "") -> flask.Response:
        # What is superseded is dropped as it is superseded; there is nothing to wait for.
        context.open(db, "admin")
        return answers.json({"ok": True}, 202)

    @route("/<db>/_purge", methods=["POST"])
    def purge(db: str) -> flask.Response:
        database = context.open(db, "admin")
        asked = requests.revisions_by_id(requests.json_object())
        if any(id.startswith(PREFIX) for id in asked):
            raise Forbidden("Events are numbered without gaps; they are not purged.")
        return answers.json({"purge_seq": None, "purged": database.purge(asked)}, 201)

    @route("/<db>/_purged_infos_limit")
    def purged_infos_limit(db: str) -> flask.Response:
        context.open(db, "read")
        return answers.json(PURGED_INFOS_LIMIT)

    def code(db: str, **_: str) -> flask.Response:
        context.open(db, "read")
        raise NotServed(
            "Design documents are kept and replicated here, and never run. Use _find, or run them elsewhere."
        )

    for rule in _CODE:
        blueprint.add_url_rule(f"/<db>/{rule}", "code", code, methods=["GET", "POST", "PUT"])

    @route("/", methods=["PUT", "POST", "DELETE", "COPY", "PATCH"])
    @route("/<path:rest>", methods=["GET", "HEAD", "PUT", "POST", "DELETE", "COPY", "PATCH"])
    def anything_else(rest: str = "") -> flask.Response:
        if flask.request.method in ("GET", "HEAD"):
            raise NotFound("missing")
        if rest.startswith("_"):
            raise BadRequest(f"{rest[:80]!r} is not served here.")
        raise MethodNotAllowed(f"{flask.request.method} is not served here.")
