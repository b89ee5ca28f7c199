"""The server: https://docs.couchdb.org/en/stable/api/server/index.html. Databases themselves are `databases.py`'s."""

from __future__ import annotations

import secrets
from importlib.metadata import version
from typing import Final

import flask

from sync import strict_json
from sync.endpoint import answers, requests
from sync.endpoint.changes import feed_answer
from sync.endpoint.context import COOKIE, COOKIE_SECONDS, Context
from sync.endpoint.feed import Page
from sync.errors import BadRequest, NotFound
from sync.peer import Seq

COMPATIBLE: Final = "3.5.0"  # the CouchDB whose dialect this is
FEATURES: Final = ("bulk_get", "bulk_get_parts")  # the second: `_bulk_get` as multipart/mixed
MAX_UUIDS: Final = 1000


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    @route("/", strict_slashes=False)
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

    @route("/_session", methods=["GET"])
    def session() -> flask.Response:
        return answers.json(_user(context.gate.name(context.principal)))

    @route("/_session", methods=["POST"])
    def session_begin() -> flask.Response:
        if flask.request.mimetype == "application/x-www-form-urlencoded":
            flask.request.max_form_memory_size = flask.request.max_content_length = 16 * 1024
            given = dict(flask.request.form)
        else:
            given = requests.json_object()
        name, password = given.get("name"), given.get("password")
        if type(name) is not str or type(password) is not str:
            raise BadRequest("A session takes name and password.")
        principal, cookie = context.begin_session(name, password)
        response = answers.json({"ok": True, "name": context.gate.name(principal), "roles": []})
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=COOKIE_SECONDS,
            path=flask.request.script_root + flask.request.path.rsplit("/", 1)[0],
            httponly=True,
            secure=flask.request.is_secure,
            samesite="Strict",
        )
        return response

    @route("/_session", methods=["DELETE"])
    def session_end() -> flask.Response:
        response = answers.json({"ok": True})
        response.delete_cookie(COOKIE, path=flask.request.script_root + flask.request.path.rsplit("/", 1)[0])
        return response

    @route("/_all_dbs")
    def all_dbs() -> flask.Response:
        options = requests.Options()
        names = list(context.gate.databases(context.principal, context.store.databases()))
        descending = options.flag("descending")
        start, end = options.text("startkey", "start_key"), options.text("endkey", "end_key")
        low, high = (end, start) if descending else (start, end)
        found = [name for name in names if (low is None or name >= low) and (high is None or name <= high)]
        if descending:
            found.reverse()
        skip, limit = options.number("skip", 0) or 0, options.number("limit")
        return answers.json(found[skip : None if limit is None else skip + limit])

    @route("/_dbs_info", methods=["GET", "POST"])
    def dbs_info() -> flask.Response:
        if flask.request.method == "POST":
            names = requests.items(requests.json_object(), "keys")
        else:
            names = list(context.gate.databases(context.principal, context.store.databases()))
        known = set(context.gate.databases(context.principal, context.store.databases()))
        found = [
            {"key": name, "info": context.store.database(name).info()}
            if type(name) is str and name in known
            else {"key": name, "error": "not_found"}
            for name in names
        ]
        return answers.json(found)

    @route("/_uuids")
    def uuids() -> flask.Response:
        count = requests.Options().number("count", 1) or 0
        return answers.json({"uuids": [secrets.token_hex(16) for _ in range(min(count, MAX_UUIDS))]})

    @route("/_db_updates")
    def db_updates() -> flask.Response:
        principal = context.principal

        def read(since: Seq, limit: int | None) -> Page:
            updates, last = context.store.updates(since)
            known = set(context.gate.databases(principal, [u.name for u in updates if u.type != "deleted"]))
            rows: list[tuple[Seq, bytes]] = []
            for update in updates:
                # Of a database that is gone nobody is told but those who may know of all.
                if update.name in known or (update.type == "deleted" and _may_know(update.name)):
                    row = {"db_name": update.name, "type": update.type, "seq": update.seq}
                    rows.append((update.seq, strict_json.dumps(row)))
            if limit is not None and len(rows) > limit:
                return Page(rows[:limit], rows[limit - 1][0], True)
            return Page(rows, last, False)

        def _may_know(name: str) -> bool:
            return name in set(context.gate.databases(principal, [name]))

        since = flask.request.args.get("since", "0")
        if since == "now":
            since = str(context.store.updates()[1])
        key = ("_db_updates", context.gate.name(principal))
        return feed_answer(context, "", read, key, since, requests.Options())

    @route("/_active_tasks")
    def active_tasks() -> flask.Response:
        return answers.json([])

    @route("/favicon.ico")
    def favicon() -> flask.Response:
        raise NotFound("missing")


def _user(name: str) -> dict[str, object]:
    return {
        "ok": True,
        "userCtx": {"name": name, "roles": []},
        "info": {"authentication_handlers": ["cookie", "default"], "authenticated": "default"},
    }
