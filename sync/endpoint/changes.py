"""`_changes`, in all its forms: https://docs.couchdb.org/en/stable/api/database/changes.html

What a row says is written here; how a feed that waits goes on is `feed.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import flask

from sync import strict_json, wire
from sync.endpoint import answers, requests
from sync.endpoint.context import Context
from sync.endpoint.feed import FEEDS, FORMS, Feed, Page, run
from sync.errors import BadRequest, NotServed
from sync.filters import read_filter
from sync.peer import Change, Filter, Revision, Seq
from sync.serving import ServedDatabase

PAGE: Final = 1000  # changes read at once
LONGEST_WAIT: Final = 60_000  # ms


class Wanted(NamedTuple):
    """What a row of the feed is to say."""

    all_leaves: bool
    docs: bool
    conflicts: bool
    attachments: bool
    every: int
    """A sequence in every so-manyth row only."""


def register(blueprint: flask.Blueprint, context: Context) -> None:
    @blueprint.route("/<db>/_changes", methods=["GET", "POST"])
    def changes(db: str) -> flask.Response:
        database = context.open(db, "read")
        options = requests.Options()
        body = requests.json_object() if flask.request.method == "POST" and requests.has_body() else {}
        only = _only(options, body)
        wanted = Wanted(
            all_leaves=options.word("style", "main_only", "all_docs") == "all_docs",
            docs=options.flag("include_docs"),
            conflicts=options.flag("conflicts"),
            attachments=options.flag("attachments"),
            every=max(1, options.number("seq_interval", 1) or 1),
        )
        since: Seq = flask.request.args.get("since") or flask.request.headers.get("Last-Event-ID", "0")
        if since == "now":
            since = database.update_seq
        elif since in ("", '"0"'):
            since = 0

        def read(since: Seq, limit: int | None) -> Page:
            return page(database, since, limit, only, wanted)

        if options.flag("descending"):
            if flask.request.args.get("feed", "normal") != "normal":
                raise BadRequest("Only the normal feed runs backwards.")
            found = database.changes(
                0, min(options.number("limit") or PAGE, 10_000), only=only, descending=True
            )
            rows = [row for _, row in _rows(database, found.results, wanted)]
            return answers.raw(_normal(iter([Page([(0, row) for row in rows], found.last_seq, False)])))
        key = (db, str(only), wanted)
        return feed_answer(context, db, read, key, since, options)


def feed_answer(
    context: Context,
    name: str,
    read: Callable[[Seq, int | None], Page],
    key: Hashable,
    since: Seq,
    options: requests.Options,
) -> flask.Response:
    """The answer to a request for a feed: pages of what there is, or a feed that waits.

    Where the server can drive feeds without a thread (FEEDS in the environment) it is left to it; else a thread is
    held, of which only so many may be at a time.
    """
    form = options.word("feed", "normal", *FORMS)
    limit = options.number("limit")
    if form == "normal":
        return answers.raw(_normal(_pages(read, since, limit)))
    read(since, 0)  # what is wrong with the request shows here, before the answer begins
    feed = Feed(
        form,
        (name,),
        read,
        key,
        since,
        limit=limit,
        heartbeat=options.heartbeat(),
        timeout=(options.number("timeout", LONGEST_WAIT) or 0) / 1000,
    )
    driven = flask.request.environ.get(FEEDS)
    if driven is not None:
        driven.append(feed)
        return flask.Response(b"", content_type=feed.content_type)
    return flask.Response(_held(context, feed), content_type=feed.content_type)


def _held(context: Context, feed: Feed) -> Iterator[bytes]:
    """The feed in this thread, if one may be held."""
    waiters = context.waiters
    may_wait = waiters is not None and waiters.acquire(blocking=False)
    try:
        if name := feed.names[0]:
            wait = context.store.database(name).wait
            yield from run(feed, wait, may_wait)
        else:
            yield from run(
                feed, lambda _, seconds: context.store.wait(context.store.update_seq, seconds), may_wait
            )
    finally:
        if may_wait and waiters is not None:
            waiters.release()


def _pages(read: Callable[[Seq, int | None], Page], since: Seq, limit: int | None) -> Iterator[Page]:
    more = True
    while more:
        found = read(since, limit)
        yield found
        if limit is not None:
            limit -= len(found.rows)
        since = found.last_seq
        more = found.more and limit != 0


def _normal(pages: Iterator[Page]) -> Iterator[bytes]:
    """The normal feed, page by page; the end of the text says where to go on."""
    found = next(pages)
    yield b'{"results":[\n' + b",\n".join([row for _, row in found.rows])
    separator = b",\n" if found.rows else b""
    for found in pages:
        if found.rows:
            yield separator + b",\n".join([row for _, row in found.rows])
            separator = b",\n"
    yield b'\n],"last_seq":%b,"pending":%d}\n' % (strict_json.dumps(found.last_seq), found.pending)


def page(
    database: ServedDatabase, since: Seq, limit: int | None, only: Filter | None, wanted: Wanted
) -> Page:
    """Rows after `since`."""
    asked = PAGE if limit is None else min(limit, PAGE)
    found = database.changes(since, asked, only=only)
    more = found.pending != 0 and (found.pending is not None or len(found.results) >= asked)
    return Page(_rows(database, found.results, wanted), found.last_seq, more, found.pending or 0)


def _rows(database: ServedDatabase, results: Sequence[Change], wanted: Wanted) -> list[tuple[Seq, bytes]]:
    """One line a change. Written by hand where nothing needs escaping but the id: it is most of a feed's cost."""
    docs: dict[tuple[str, str], Revision] = {}
    if wanted.docs:
        winners = {change.id: change.revs[:1] for change in results}
        found = database.get_revisions(winners, attachments=wanted.attachments)
        docs = {(r.id, r.rev): r for r in found}
    rows: list[tuple[Seq, bytes]] = []
    for n, (seq, id, revs, deleted) in enumerate(results, start=1):
        named = '"},{"rev":"'.join(revs) if wanted.all_leaves else revs[0]
        if n % wanted.every and n != len(results):
            place = b"null"
        else:
            place = b"%d" % seq if type(seq) is int else strict_json.dumps(seq)
        row = b'{"seq":%b,"id":%b,"changes":[{"rev":"%b"}]' % (place, strict_json.dumps(id), named.encode())
        if deleted:
            row += b',"deleted":true'
        if wanted.docs and (doc := docs.get((id, revs[0]))):
            others = revs[1:] if wanted.conflicts else []
            row += b',"doc":' + wire.splice(doc, extra=conflicts(database, id, doc.rev) if others else ())
        rows.append((seq, row + b"}"))
    return rows


def conflicts(database: ServedDatabase, id: str, rev: str) -> list[tuple[str, Any]]:
    """The member `_conflicts` of a document: its other living leaves, if there are any."""
    others = [leaf for leaf, deleted in database.leaves(id) if not deleted and leaf != rev]
    return [("_conflicts", others)] if others else []


def _only(options: requests.Options, body: dict[str, Any]) -> Filter | None:
    """What a filter asks for. NotServed for those that are code in design documents."""
    name = flask.request.args.get("filter")
    if name is None:
        return None
    if name in ("_doc_ids", "_selector", "_design"):
        if name == "_doc_ids" and "doc_ids" not in body:
            body = {"doc_ids": options.value("doc_ids")}
        return read_filter(name, body)
    raise NotServed(
        "Filters in design documents are never run here; _doc_ids, _selector and _design are served."
    )
