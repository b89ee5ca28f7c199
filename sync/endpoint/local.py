"""Documents that stay here: https://docs.couchdb.org/en/stable/api/local.html. Their listing is `listing.py`'s."""

from __future__ import annotations

import flask

from sync.endpoint import answers, requests
from sync.endpoint.context import Context
from sync.errors import BadRequest, NotFound


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    def name_of(rest: str) -> str:
        return "/".join(requests.segments("_local/" + rest)[1:])

    @route("/<db>/_local/<path:rest>", methods=["GET"])
    def get_local(db: str, rest: str) -> flask.Response:
        id = name_of(rest)
        found = context.open(db, "read").get_local_rev(context.shelf + id)
        if found is None:
            raise NotFound("missing")
        return answers.json({"_id": f"_local/{id}", "_rev": found[0], **found[1]}, ETag=f'"{found[0]}"')

    @route("/<db>/_local/<path:rest>", methods=["PUT"])
    def put_local(db: str, rest: str) -> flask.Response:
        # A checkpoint is part of reading: who may read may remember how far.
        id = name_of(rest)
        database = context.open(db, "read")
        doc = requests.json_object()
        rev = doc.pop("_rev", None)
        if not (rev is None or type(rev) is str):
            raise BadRequest("_rev is a string.")
        written = database.put_local_rev(context.shelf + id, doc, rev, check=True)
        return answers.json({"ok": True, "id": f"_local/{id}", "rev": written}, 201)

    @route("/<db>/_local/<path:rest>", methods=["DELETE"])
    def delete_local(db: str, rest: str) -> flask.Response:
        id = name_of(rest)
        if not context.open(db, "read").delete_local(context.shelf + id):
            raise NotFound("missing")
        return answers.json({"ok": True, "id": f"_local/{id}", "rev": "0-0"})
