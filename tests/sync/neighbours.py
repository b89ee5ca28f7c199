"""What sync's tests share: a gate that can be told what to refuse, an application, and a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import flask
from waitress.server import create_server

from sync.endpoint import WAITRESS, create_endpoint
from sync.errors import Forbidden, Unauthorized
from sync.peer import Peer, Refusal, Revision
from sync.store import Database, Store


class Gate:
    """Lets everybody in but the user "stranger"; refuses what `refuse` says; notes what it was asked."""

    def __init__(self) -> None:
        self.refuse: Callable[[Revision], str | None] = lambda revision: None
        self.forbidden: set[tuple[str, str]] = set()
        self.hidden: set[str] = set()
        self.written_to: list[str] = []

    def authenticate(self, request: flask.Request) -> str:
        user = request.authorization.username if request.authorization else "anybody"
        if user == "stranger":
            raise Unauthorized("Who are you?")
        return str(user)

    def allow(self, principal: Any, db: str, action: str) -> None:
        if (db, action) in self.forbidden:
            raise Forbidden(f"No {action} in {db}.")

    def databases(self, principal: Any, names: Iterable[str]) -> Iterable[str]:
        return [name for name in names if name not in self.hidden]

    def admit(self, principal: Any, db: str, revision: Revision) -> Refusal | None:
        reason = self.refuse(revision)
        return Refusal(revision.id, revision.rev, "forbidden", reason) if reason else None

    def written(self, principal: Any, db: Database) -> None:
        self.written_to.append(db.name)


def application(store: Store, gate: Gate, **options: Any) -> flask.Flask:
    """The endpoint of `store`, mounted at /db."""
    app = flask.Flask("test")
    app.register_blueprint(create_endpoint(store, gate, **options), url_prefix="/db")
    return app


@contextmanager
def listening(app: flask.Flask) -> Iterator[str]:
    """`app` behind a real socket: the address it is reached at, with /db."""
    sockets: dict[int, Any] = {}
    server = create_server(app, map=sockets, host="127.0.0.1", port=0, threads=4, **WAITRESS)

    def run() -> None:
        while sockets:
            server.asyncore.loop(timeout=0.05, map=sockets, count=1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}/db"
    finally:
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(sockets))
        thread.join(10)
        server.task_dispatcher.shutdown()
        assert not thread.is_alive()


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
