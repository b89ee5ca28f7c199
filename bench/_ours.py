"""Our server in a process of its own, for benchmarks: the endpoint over an empty store, open to everybody."""

from __future__ import annotations

import multiprocessing
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import flask

from sync.endpoint import create_endpoint
from sync.endpoint.asgi import Asgi
from sync.endpoint.http import HttpServer
from sync.exchange.answering import Answering
from sync.exchange.route import create_route
from sync.peer import Refusal, Revision
from sync.serving import ServedDatabase
from sync.store import Store


class OpenGate:
    """Lets everybody in: it is the way that is measured, not the watchman."""

    def authenticate(self, request: flask.Request) -> str:
        return "anybody"

    def name(self, principal: Any) -> str:
        return str(principal)

    def shelf(self, principal: Any) -> str:
        return ""

    def recall(self, name: str) -> str:
        return name

    def allow(self, principal: Any, db: str, action: str) -> None:
        pass

    def databases(self, principal: Any, names: Iterable[str]) -> Iterable[str]:
        return names

    def admit(self, principal: Any, db: str, revision: Revision) -> Refusal | None:
        return None

    def written(self, principal: Any, db: ServedDatabase) -> None:
        pass


class OpenRights:
    """Of an end that gives and gets every database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def gives(self) -> Sequence[str]:
        return [name for name in self._store.databases() if name != "here"]

    def hears(self) -> Sequence[str]:
        return [""]

    def everybodys(self, db: str) -> bool:
        return False

    def notes(self, db: str, since: int) -> list[Mapping[str, Any]]:
        return []

    def take(self, db: str, revisions: Sequence[Revision]) -> list[Refusal]:
        return self._store.database(db, create=True).add_revisions(revisions)

    def take_notes(self, db: str, notes: Sequence[Mapping[str, Any]]) -> None:
        pass

    def settle(self, dbs: Iterable[str]) -> None:
        pass

    def heard(self) -> None:
        pass


class Running(NamedTuple):
    """A server that answers: the address of its endpoint, and its process."""

    url: str
    pid: int


def serve(path: str, pipe: Connection) -> None:
    """The server process: says its port, serves until it is ended."""
    with Store.open(path) as store:
        app = flask.Flask("bench")
        endpoint = create_endpoint(store, OpenGate())
        app.register_blueprint(endpoint, url_prefix="/db")
        kept = store.database("here", create=True)
        answering = Answering(store, kept, secrets.token_bytes)
        route = create_route(answering, lambda _request: ("client", OpenRights(store)))
        app.register_blueprint(route)
        bound = socket.create_server(("127.0.0.1", 0))
        bridge = Asgi(app, store, knows=endpoint.knows, early=route.early)
        HttpServer(bridge, bound, ready=lambda: pipe.send(bound.getsockname()[1])).run()
        bridge.close()


@contextmanager
def server(path: Path) -> Iterator[Running]:
    """Our server with its store at `path`."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(str(path), theirs), daemon=True)
    process.start()
    theirs.close()  # so that a server that dies before it is ready is an EOFError, not a wait for ever
    try:
        yield Running(f"http://127.0.0.1:{ours.recv()}/db", process.pid or 0)
    finally:
        process.terminate()
        process.join()
