"""A store as others reach it over HTTP: CouchDB's dialect at one mount point. `create_endpoint(store, gate)`.

    gate.py        what is asked of whoever judges: who is this, may they (a Protocol; implemented elsewhere)
    exchange of bytes:  requests.py  strict reading      answers.py  statuses, words and headers
    routes:             server.py    the server and its databases
                        feed.py      _changes            bulk.py     _revs_diff, _bulk_get, _bulk_docs
                        documents.py documents, attachments, _local

Speaks what CouchDB's replicator, PouchDB and CouchDB's clients ask of a database. Judges nothing, runs nothing that
documents bring along, and knows no path of its own: it is mounted where the application likes.
"""

from __future__ import annotations

import flask

from sync.endpoint import bulk, documents, feed, server
from sync.endpoint.answers import no_store, problem
from sync.endpoint.context import Context
from sync.endpoint.gate import Gate
from sync.errors import SyncError
from sync.store import Store

__all__ = ["WAITRESS", "Gate", "create_endpoint"]

WAITRESS = {
    "recv_bytes": 262_144,
    "inbuf_overflow": 16 * 1024 * 1024,
    "outbuf_overflow": 16 * 1024 * 1024,
    "outbuf_high_watermark": 64 * 1024 * 1024,
}
"""Options of waitress that suit batches: its own (8 kB reads, temporary files from 512 kB) cost a fifth of the speed."""


def create_endpoint(store: Store, gate: Gate, *, waiters: int = 2, name: str = "db") -> flask.Blueprint:
    """A blueprint that answers at whatever prefix it is registered under.

    `waiters`: how many long polls may hold a thread of the WSGI server at once; keep it below the server's threads.
    Beyond it a long poll is answered at once, with what there is.
    """
    blueprint = flask.Blueprint(name, __name__)
    context = Context(store, gate, waiters)
    for routes in (server, feed, bulk, documents):
        routes.register(blueprint, context)
    blueprint.before_request(context.authenticate)
    blueprint.after_request(no_store)
    blueprint.register_error_handler(SyncError, problem)
    return blueprint
