"""The server and its databases: https://docs.couchdb.org/en/stable/api/server/common.html and …/database/common.html"""

from __future__ import annotations

import secrets
from importlib.metadata import version
from typing import Final

import flask

from sync import wire
from sync.endpoint import answers, requests
from sync.endpoint.context import Context
from sync.errors import MethodNotAllowed, NotFound

COMPATIBLE: Final = "3.5.0"  # the CouchDB whose dialect this is
FEATURES: Final = ("bulk_get",)
MAX_UUIDS: Final = 1000


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    @route("/")
    def welcome() -> flask.Response:
        return answers.json(
            {
                "couchdb": "Welcome",
                "version": COMPATIBLE,
                "uuid": context.store.uuid,
                "features": list(FEATURES),
                "vendor": {"name": "bianmin", "version": version("bianmin")},
            }
        )

    @route("/_up")
    def up() -> flask.Response:
        return answers.json({"status": "ok"})

    @route("/_all_dbs")
    def all_dbs() -> flask.Response:
        names = context.store.databases()
        return answers.json(sorted(context.gate.databases(context.principal, names)))

    @route("/_uuids")
    def uuids() -> flask.Response:
        count = requests.number("count", 1, most=MAX_UUIDS) or 0
        return answers.json({"uuids": [secrets.token_hex(16) for _ in range(count)]})

    @route("/<db>", methods=["GET"], strict_slashes=False)
    def database_info(db: str) -> flask.Response:
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
        return answers.json({"ok": True, "id": wire.check_id(doc["_id"]), "rev": rev}, 201)

    @route("/<db>/_security")
    def security(db: str) -> flask.Response:
        return answers.json(context.open(db, "read").security())

    @route("/<db>/_revs_limit")
    def revs_limit(db: str) -> flask.Response:
        context.open(db, "read")
        return answers.json(1000)

    @route("/<db>/_ensure_full_commit", methods=["POST"])
    def ensure_full_commit(db: str) -> flask.Response:
        # Every answered write is durable already.
        started = context.open(db, "read").info()["instance_start_time"]
        return answers.json({"ok": True, "instance_start_time": started}, 201)

    @route("/<path:rest>", methods=["GET", "HEAD", "PUT", "POST", "DELETE", "COPY", "PATCH"])
    def anything_else(rest: str) -> flask.Response:
        if flask.request.method in ("GET", "HEAD"):
            raise NotFound("missing")
        raise MethodNotAllowed(f"{flask.request.method} is not served here.")
