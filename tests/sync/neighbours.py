"""What sync's tests share: a gate that can be told what to refuse, an application, and a real socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import flask

from sync.endpoint import create_endpoint
from sync.endpoint.asgi import Asgi
from sync.endpoint.http import running
from sync.errors import Forbidden, Unauthorized
from sync.peer import Peer, Refusal, Revision
from sync.serving import ServedDatabase
from sync.store import Store


class Gate:
    """Lets everybody in but the user "stranger"; refuses what `refuse` says; notes what it was asked."""

    def __init__(self) -> None:
        self.refuse: Callable[[Revision], str | None] = lambda revision: None
        self.forbidden: set[tuple[str, str]] = set()
        self.hidden: set[str] = set()
        self.let_go: set[str] = set()
        self.written_to: list[str] = []

    def authenticate(self, request: flask.Request) -> str:
        user = request.authorization.username if request.authorization else "anybody"
        if user == "stranger" or (request.authorization and request.authorization.password == "wrong"):
            raise Unauthorized("Who are you?")
        return str(user)

    def name(self, principal: Any) -> str:
        return str(principal)

    def shelf(self, principal: Any) -> str:
        return ""

    def recall(self, name: str) -> str:
        if name in self.let_go:
            raise Unauthorized("Who are you?")
        return name

    def allow(self, principal: Any, db: str, action: str) -> None:
        if (db, action) in self.forbidden:
            raise Forbidden(f"No {action} in {db}.")

    def databases(self, principal: Any, names: Iterable[str]) -> Iterable[str]:
        return [name for name in names if name not in self.hidden]

    def admit(self, principal: Any, db: str, revision: Revision) -> Refusal | None:
        reason = self.refuse(revision)
        return Refusal(revision.id, revision.rev, "forbidden", reason) if reason else None

    def written(self, principal: Any, db: ServedDatabase) -> None:
        self.written_to.append(db.name)


def application(store: Store, gate: Gate, **options: Any) -> flask.Flask:
    """The endpoint of `store`, mounted at /db."""
    app = flask.Flask("test")
    endpoint = create_endpoint(store, gate, **options)
    app.register_blueprint(endpoint, url_prefix="/db")
    app.extensions["endpoint"] = endpoint
    return app


@contextmanager
def listening(app: flask.Flask, threads: int = 4) -> Iterator[str]:
    """`app` behind a real socket: the address it is reached at, with /db."""
    endpoint = app.extensions["endpoint"]
    bridge = Asgi(app, endpoint.context.store, threads=threads, knows=endpoint.knows)
    bound = socket.create_server(("127.0.0.1", 0))
    try:
        with running(bridge, bound):
            yield f"http://127.0.0.1:{bound.getsockname()[1]}/db"
    finally:
        bridge.close()
        bound.close()


def contents(peer: Peer) -> dict[str, list[str]]:
    """Every document of a peer with all its leaves, by walking its feed in small steps."""
    found: dict[str, list[str]] = {}
    changes = peer.changes(0, 7)
    while changes.results:
        found |= {change.id: change.revs for change in changes.results}
        changes = peer.changes(changes.last_seq, 7)
    return found


def documents(n: int, *, start: int = 0, **members: Any) -> list[dict[str, Any]]:
    """`n` small documents with Chinese text."""
    return [{"_id": f"doc-{i:04}", "名称": f"文件{i}", "n": i, **members} for i in range(start, start + n)]


def said(response: Any) -> tuple[int, Any]:
    """Status and JSON of an answer, which is marked as JSON and not to be kept."""
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, json.loads(response.data)
