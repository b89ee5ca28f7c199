"""A real CouchDB for tests, and a way to it that can fail as networks do.

BIANMIN_TEST_COUCHDB_URL names an Apache CouchDB 3 (its user must be an admin); without it PouchDB Server from npm is
started, once for each process of pytest. Every test has databases of its own, told apart by a prefix.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.couch import CouchStore, address
from sync.couch.calls import Calls
from sync.errors import SyncError
from tests.node import peers

URL = os.environ.get("BIANMIN_TEST_COUCHDB_URL", "").rstrip("/")  # read before a test's clean environment


@pytest.fixture(scope="session")
def couchdb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a CouchDB."""
    if URL:
        yield URL
    else:
        with peers.pouchdb_server(tmp_path_factory.mktemp("pouchdb"), in_memory=True) as url:
            yield url


@pytest.fixture
def couchdb(couchdb_server: str) -> Iterator[str]:
    """The address of a CouchDB with no databases yet, which are deleted afterwards."""
    url = f"{couchdb_server}/t{secrets.token_hex(6)}-"
    yield url
    calls = Calls(address.parse(url, public=True))
    try:
        for name in calls.ask("GET", "_all_dbs"):
            if name.startswith(calls.address.prefix):
                calls.ask("DELETE", name)
    finally:
        calls.close()


@pytest.fixture
def open_couch(couchdb: str, tmp_path: Path) -> Iterator[Callable[..., CouchStore]]:
    """Opens web nodes by name, each with a journal of its own; closes them in the end."""
    with contextlib.ExitStack() as opened:

        def open_(name: str = "node", url: str = couchdb, **options: object) -> CouchStore:
            where = address.parse(url, public=True)
            return opened.enter_context(CouchStore.open(where, tmp_path / f"{name}.sqlite", **options))  # type: ignore[arg-type]

        yield open_


class Way:
    """A way to a server that can be closed, and can lose answers: what was asked is done and nobody hears of it."""

    def __init__(self, url: str) -> None:
        where = address.parse(url, public=True)
        host, _, port = where.nodes[0].rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.up, self.answers, self.lost = True, True, threading.Event()
        user = ":".join(where.auth) + "@" if where.auth else ""
        self.url = f"http://{user}127.0.0.1:{self._listener.getsockname()[1]}/{where.prefix}"
        self._start(self._accept)

    def close_down(self) -> None:
        """As a server that ends: what is open is cut, what comes is refused."""
        self.up = False
        self._cut()

    def lose_answers(self) -> None:
        """From now on a request gets through and its answer does not; the first that is lost closes the way."""
        self.lost.clear()
        self.answers = False

    def restore(self) -> None:
        self.up = self.answers = True

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.up:
                near.close()
                continue
            try:
                far = socket.create_connection(self._target, 5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open |= {near, far}
            self._start(self._pump, near, far, False)
            self._start(self._pump, far, near, True)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(64 * 1024):
                if answers and not self.answers:
                    self.up = False
                    self.lost.set()
                    self._cut()
                    break
                sink.sendall(data)
        for each in (source, sink):
            self._end(each)

    def _cut(self) -> None:
        with self._lock:
            open_ = list(self._open)
        for each in open_:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _end(self, each: socket.socket) -> None:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(each)
        each.close()

    def close(self) -> None:
        self.close_down()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)


@pytest.fixture
def way(couchdb: str) -> Iterator[Way]:
    """A way to the CouchDB of this test."""
    made = Way(couchdb)
    try:
        yield made
    finally:
        made.close()


def eventually(what: Callable[[], object], seconds: float = 20.0) -> None:
    """Returns when `what` holds; an error of CouchDB's counts as not yet."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.02)):
        with contextlib.suppress(SyncError):
            if what():
                return
        waiting.wait(0.02)
    assert what()
