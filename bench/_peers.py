"""The peers that replication is measured against, each there and back with the same documents: PouchDB in Node with
PouchDB's server, with CouchDB or with us; CouchDB's own replicator; and a plain client that writes to whoever listens.

Every function gives documents a second (or milliseconds a request) and asserts that all documents arrived. What is not
on this machine is left out by whoever asks; nothing is estimated.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

from tests.node.peers import node

TIMEOUT = 600.0


class Client:
    """One kept-alive connection to the server at `url` (perhaps with a name and password): requests as bytes."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self.root = at.path.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if at.username is not None:
            token = base64.b64encode(f"{at.username}:{at.password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {token}"
        self._connection = http.client.HTTPConnection(at.hostname or "", at.port or 80, timeout=TIMEOUT)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        self._connection.request(method, f"{self.root}/{path}", body, self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status} {said[:500]!r}"
        return said

    def close(self) -> None:
        self._connection.close()


@contextmanager
def connected(url: str) -> Iterator[Client]:
    client = Client(url)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def database(url: str, *, made: bool = True) -> Iterator[str]:
    """The name of a database nobody has used; it is gone afterwards."""
    name = f"bench-{uuid.uuid4().hex}"
    if made:
        with connected(url) as client:
            client.ask("PUT", name)
    try:
        yield name
    finally:
        with suppress(AssertionError, OSError, http.client.HTTPException), connected(url) as client:
            client.ask("DELETE", name)


def count(url: str, name: str) -> int:
    """By a connection of its own: one that lay idle while others worked may have been closed."""
    with connected(url) as client:
        return int(json.loads(client.ask("GET", name))["doc_count"])


def pouchdb(url: str, documents: Path, number: int, folder: Path, batch: int) -> dict[str, float]:
    """PouchDB 9 on LevelDB to the server at `url`, and back into another database."""
    folder.mkdir(parents=True)
    with database(url, made=False) as name:
        seconds = node(
            "carry.js", "there_and_back", str(folder), str(documents), f"{url}/{name}", batch, timeout=TIMEOUT
        )
        assert count(url, name) == number
    return {way: number / seconds[way] for way in ("push", "pull")}


def couchdb_replicator(url: str, bulk: list[bytes], number: int) -> float:
    """CouchDB's `_replicate` between two databases of one CouchDB, both ends over HTTP."""
    with database(url) as source, database(url, made=False) as target, connected(url) as client:
        for body in bulk:
            client.ask("POST", f"{source}/_bulk_docs", body)
        task = {
            "source": _end(url, source),
            "target": _end(url, target),
            "create_target": True,
        }
        began = time.perf_counter()
        client.ask("POST", "_replicate", json.dumps(task).encode())
        seconds = time.perf_counter() - began
        assert count(url, target) == number
        return number / seconds


def _end(url: str, name: str) -> dict[str, Any]:
    at = urlsplit(url)
    address = at._replace(netloc=at.netloc.rpartition("@")[2]).geturl() + f"/{name}"
    return {"url": address, "auth": {"basic": {"username": at.username, "password": at.password}}}


def bulk_docs(url: str, bulk: list[bytes], number: int) -> float:
    """`_bulk_docs` with new_edits=false, one request after the other on one connection."""
    with database(url) as name, connected(url) as client:
        began = time.perf_counter()
        for body in bulk:
            client.ask("POST", f"{name}/_bulk_docs", body)
        seconds = time.perf_counter() - began
        assert count(url, name) == number
        return number / seconds


def single_puts(url: str, bodies: list[bytes]) -> dict[str, float]:
    """Milliseconds of a PUT of one new document, answered when it is durable, one after the other."""
    with database(url) as name, connected(url) as client:
        times = []
        for n, body in enumerate(bodies):
            began = time.perf_counter()
            client.ask("PUT", f"{name}/doc-{n:08}", body)
            times.append((time.perf_counter() - began) * 1000)
        assert count(url, name) == len(bodies)
        return {"p50": median(times), "p99": quantiles(times, n=100)[98]}
