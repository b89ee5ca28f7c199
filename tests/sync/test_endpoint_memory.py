"""What hostile requests cost a server in memory: a server process of its own is watched while bombs are sent to it."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil
import pytest

from tests.sync.test_endpoint_hostile import FOLLOWS, JSON, MB, PARTS, ask, goes_on, raw, related

MOST = 150 * MB  # that a request may add to what the server process holds

_SERVER = """
import sys, time
from tests.sync.neighbours import Gate, application, listening
from sync.store import Store
with Store.open(sys.argv[1]) as store:
    store.database("things", create=True)
    with listening(application(store, Gate())) as url:
        print(url, flush=True)
        sys.stdin.read()
"""


class Server(NamedTuple):
    url: str
    process: psutil.Process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in a process of its own, which ends when its standard input does."""
    path = tmp_path_factory.mktemp("hostile") / "store.sqlite"
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        for _ in range(3):  # what a first request brings in is not a bomb's doing
            ask(url, f"PUT /db/things/warm\n{JSON}", b'{"n":1}')
        yield Server(url, psutil.Process(process.pid))


@contextmanager
def bounded(server: Server) -> Iterator[None]:
    """The server process never holds much more than it held before; looked at all the time while the block runs."""
    before = server.process.memory_info().rss
    highest, over = [before], threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            highest.append(server.process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
    assert max(highest) - before < MOST, f"{(max(highest) - before) / MB:.0f} MB"
    goes_on(server.url)


def packed(unit: bytes, times: int, head: bytes = b"", tail: bytes = b"") -> bytes:
    """gzip of `head`, `times` times `unit`, `tail`, made without holding it."""
    pack = zlib.compressobj(1, wbits=31)
    made = [
        pack.compress(head),
        *(pack.compress(unit) for _ in range(times)),
        pack.compress(tail),
        pack.flush(),
    ]
    return b"".join(made)


BOMBS: dict[str, Callable[[], tuple[str, bytes, int]]] = {
    "JSON": lambda: (
        f"PUT /db/things/a\n{JSON}\nContent-Encoding: gzip",
        packed(b"x" * MB, 200, b'{"a":"', b'"}'),
        413,
    ),
    "JSON, a small one": lambda: (
        f"PUT /db/things/a\n{JSON}\nContent-Encoding: gzip",
        packed(b"x" * MB, 60, b'{"a":"', b'"}'),
        413,
    ),
    "list of nothing": lambda: (f"POST /db/things/_bulk_docs\n{JSON}", b'{"docs":[' + b"[]," * 8 * MB + b"1]}", 413),
    "list of empty documents": lambda: (
        f"POST /db/things/_bulk_docs\n{JSON}",
        b'{"docs":[' + b"{}," * 5 * MB + b"{}]}",
        413,
    ),
    "file": lambda: ("PUT /db/things/a/f\nContent-Encoding: gzip", packed(b"x" * MB, 257), 413),
    "multipart": lambda: (
        PARTS,
        related({"f": {**FOLLOWS, "encoding": "gzip"}}, packed(b"x" * MB, 257)),
        413,
    ),
    "many in multipart": lambda: (
        PARTS,
        related({f"{n}": {**FOLLOWS, "encoding": "gzip"} for n in range(99)}, *[packed(b"x" * MB, 3)] * 99),
        413,
    ),
    "inline files": lambda: (
        f"PUT /db/things/a\n{JSON}",
        json.dumps({"_attachments": {f"{n}": {"data": b64encode(b"x").decode()} for n in range(50_000)}}).encode(),
        400,
    ),
    "multipart without end": lambda: (PARTS, b"--x\r\nContent-Type: application/json\r\n\r\n" + b'{"a":"' * 8 * MB, 413),
    "after the packed body": lambda: (
        "PUT /db/things/a/f\nContent-Encoding: gzip",
        gzip.compress(b"abc") + b"x" * 64 * MB,
        400,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(BOMBS))
def test_a_bomb_is_refused_and_takes_no_memory(server: Server, kind: str) -> None:
    head, body, status = BOMBS[kind]()
    with bounded(server):
        answer = ask(server.url, head, body)
        assert answer.status == status, answer.body[:300]
        assert answer.reason


def test_a_large_body_of_a_stranger_is_not_kept(server: Server) -> None:
    stranger = "Authorization: Basic " + b64encode(b"stranger:x").decode()
    with bounded(server):
        for head in (f"PUT /db/things/a/f\n{stranger}", f"POST /db/things/_bulk_docs\n{JSON}\n{stranger}"):
            answer = ask(server.url, f"{head}\nContent-Length: {200 * MB}", b"x" * 2 * MB, honest=False)
            assert answer.status == 401
            assert answer.reason


def test_a_head_without_end_takes_no_memory(server: Server) -> None:
    began = time.monotonic()
    with bounded(server):
        assert raw(server.url, b"GET /db/ HTTP/1.1\r\nX: " + b"a" * 64 * MB).status in (0, 400)
        feed = b"GET /db/things/_changes?feed=continuous HTTP/1.1\r\nHost: x\r\n\r\n"
        with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=30) as line:
            line.sendall(feed)
            assert line.recv(1000).startswith(b"HTTP/1.1 200")
            with pytest.raises(OSError):  # a second request behind one that goes on for long is bounded, too
                line.sendall(b"GET /db/ HTTP/1.1\r\nX: " + b"a" * 64 * MB)
                while line.recv(65536):
                    pass
                raise ConnectionResetError
    assert time.monotonic() - began < 10
