"""`_changes`: https://docs.couchdb.org/en/stable/api/database/changes.html. Normal and longpoll.

A long poll holds a thread of the WSGI server while it waits. There are few of those, so only so many may wait at a
time (`create_endpoint(waiters=…)`); others are answered at once with what there is, and ask again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import flask

from sync import strict_json, wire
from sync.endpoint import answers, requests
from sync.endpoint.context import Context
from sync.errors import BadRequest
from sync.peer import Change, Changes, Seq
from sync.store import Database

PAGE: Final = 1000  # changes read at once
LONGEST_WAIT: Final = 60_000  # ms, as CouchDB's default timeout; then the answer is empty, heartbeat or not


def register(blueprint: flask.Blueprint, context: Context) -> None:
    @blueprint.route("/<db>/_changes", methods=["GET", "POST"])
    def changes(db: str) -> flask.Response:
        database = context.open(db, "read")
        if flask.request.method == "POST" and flask.request.content_length:
            requests.json_object()  # read to the end and checked; it only matters to filters
        args = flask.request.args
        feed = args.get("feed", "normal")
        if feed not in ("normal", "longpoll"):
            raise BadRequest(f"The feed {feed[:20]!r} is not served here; normal and longpoll are.")
        if "filter" in args:
            raise BadRequest("Filters are not served here.")
        since: Seq = args.get("since", "0")
        if since == "now":
            since = database.update_seq
        limit = requests.number("limit")
        with_docs = requests.flag("include_docs")
        all_leaves = args.get("style", "main_only") == "all_docs"
        first = database.changes(since, PAGE if limit is None else min(limit, PAGE))
        if feed == "longpoll" and not first.results and limit != 0:
            waiting = _poll(context, database, int(first.last_seq), limit, all_leaves, with_docs)
            return answers.raw(waiting)
        return answers.raw(_stream(database, first, limit, all_leaves, with_docs))


def _stream(
    database: Database, page: Changes, limit: int | None, all_leaves: bool, with_docs: bool
) -> Iterator[bytes]:
    """The feed from `page` on, page by page; the end of the text says where to go on."""
    yield b'{"results":[\n'
    left = limit
    separator = b""
    while page.results:
        yield separator + b",\n".join(_rows(database, page.results, all_leaves, with_docs))
        separator = b",\n"
        if left is not None:
            left -= len(page.results)
        if page.pending == 0 or left == 0:
            break
        page = database.changes(page.last_seq, PAGE if left is None else min(left, PAGE))
    yield f'\n],"last_seq":{page.last_seq},"pending":{page.pending or 0}}}\n'.encode()


def _rows(database: Database, results: list[Change], all_leaves: bool, with_docs: bool) -> list[bytes]:
    """One line a change. Written by hand where nothing needs escaping but the id: it is most of a feed's cost."""
    docs = {}
    if with_docs:
        wanted = {change.id: change.revs[:1] for change in results}
        docs = {r.rev + r.id: wire.splice(r) for r in database.get_revisions(wanted, attachments=False)}
    rows = []
    for seq, id, revs, deleted in results:
        named = '"},{"rev":"'.join(revs) if all_leaves else revs[0]
        row = b'{"seq":%d,"id":%b,"changes":[{"rev":"%b"}]' % (
            int(seq),
            strict_json.dumps(id),
            named.encode(),
        )
        if deleted:
            row += b',"deleted":true'
        if with_docs and (doc := docs.get(revs[0] + id)):
            row += b',"doc":' + doc
        rows.append(row + b"}")
    return rows


def _poll(
    context: Context, database: Database, since: int, limit: int | None, all_leaves: bool, with_docs: bool
) -> Iterator[bytes]:
    """Waits for a change after `since`, sending a newline at each heartbeat, then gives what there is."""
    beat = flask.request.args.get("heartbeat")
    wait = requests.number("timeout", LONGEST_WAIT, most=LONGEST_WAIT) or 0
    pause = float(
        wait
        if beat in (None, "false")
        else 60_000
        if beat == "true"
        else requests.number("heartbeat") or 1000
    )
    waiters = context.waiters

    def parts() -> Iterator[bytes]:
        if waiters is not None and waiters.acquire(blocking=False):
            try:
                end = time.monotonic() + (LONGEST_WAIT if beat else wait) / 1000
                while (left := end - time.monotonic()) > 0:
                    if database.wait(since, min(left, max(pause, 100) / 1000)) or not context.store.holds(
                        database
                    ):
                        break
                    if beat:
                        yield b"\n"
            finally:
                waiters.release()
        first = database.changes(since, PAGE if limit is None else min(limit, PAGE))
        yield from _stream(database, first, limit, all_leaves, with_docs)

    return parts()
