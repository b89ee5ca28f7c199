"""A store as others reach it over HTTP: CouchDB's dialect at one mount point. `create_endpoint(store, gate)`.

    gate.py        what is asked of whoever judges: who is this, may they (a Protocol; implemented elsewhere)
    exchange of bytes:  http.py  the server     asgi.py  bodies, answers and waiting feeds without threads
                        requests.py  strict reading      answers.py  statuses, words and headers
    routes:             server.py       the server        databases.py    databases as a whole
                        changes.py      _changes (feed.py: what waits)
                        listing.py      _all_docs         bulk.py         _revs_diff, _bulk_get, _bulk_docs
                        documents.py    one document      attachments.py  its files
                        local.py        _local            find.py         _find, _index, _explain

Speaks what CouchDB's replicator, PouchDB and CouchDB's clients ask of a database; docs/couchdb.md lists it all. Judges
nothing, runs nothing that documents bring along, and knows no path of its own: it is mounted where the application likes.
"""

from __future__ import annotations

import secrets
from typing import Any

import flask

from sync.endpoint import bulk, changes, databases, documents, find, listing, local, server
from sync.endpoint.answers import no_store, problem
from sync.endpoint.context import Context
from sync.endpoint.gate import Gate
from sync.errors import SyncError
from sync.serving import ServedStore

__all__ = ["Endpoint", "Gate", "create_endpoint"]


class Endpoint(flask.Blueprint):
    """The blueprint, and what a server asks of it before it reads a large body."""

    context: Context

    def knows(self, environ: dict[str, Any]) -> bool:
        """Whether the request comes from somebody the gate knows."""
        try:
            self.context.who(flask.Request(environ))
        except SyncError:
            return False
        return True


def create_endpoint(
    store: ServedStore, gate: Gate, *, waiters: int = 2, name: str = "db", secret: bytes | None = None
) -> Endpoint:
    """A blueprint that answers at whatever prefix it is registered under.

    `secret` signs session cookies (random by default). `waiters`: on a plain WSGI server, how many feeds may hold a
    thread at once; beyond it a feed ends at once, with what there is. On `asgi.Asgi` feeds hold none.
    """
    blueprint = Endpoint(name, __name__)
    blueprint.context = context = Context(store, gate, waiters, secret or secrets.token_bytes(32))
    for routes in (server, databases, changes, bulk, listing, find, local, documents):
        routes.register(blueprint, context)
    blueprint.before_request(context.authenticate)
    blueprint.after_request(no_store)
    blueprint.register_error_handler(SyncError, problem)
    return blueprint
