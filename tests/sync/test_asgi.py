"""The bridge between the asyncio server and the application, on real sockets: answers of any size arrive whole, whoever
leaves is noticed, and what has no body is sent without one."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import flask
import httpx
import pytest

from sync.endpoint import asgi
from sync.endpoint.asgi import Asgi
from sync.endpoint.http import running
from sync.store import Store
from tests.sync.neighbours import Gate, application, documents, listening
from tests.sync.test_endpoint_hostile import ask, raw

MB = 1024 * 1024


@pytest.fixture
def asking() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@contextmanager
def serving(app: Any, store: Store, **options: Any) -> Iterator[tuple[str, Asgi]]:
    """Any WSGI application behind a socket."""
    bridge = Asgi(app, store, **options)
    bound = socket.create_server(("127.0.0.1", 0))
    try:
        with running(bridge, bound):
            yield f"http://127.0.0.1:{bound.getsockname()[1]}", bridge
    finally:
        bridge.close()
        bound.close()


def wait_for(condition: Any) -> None:
    """Until it holds; fails after ten seconds."""
    patience = threading.Event()
    for _ in range(1000):
        if condition():
            return
        patience.wait(0.01)
    raise AssertionError("it never came to be")


@pytest.mark.parametrize("size", [0, 1, asgi.PIECE, asgi.ANSWER_IN_MEMORY, asgi.ANSWER_IN_MEMORY + 1, 9 * MB])
def test_an_answer_of_any_size_arrives_whole(store: Store, asking: httpx.Client, size: int) -> None:
    app = flask.Flask("answers")
    data = bytes(range(256)) * (size // 256 + 1)

    @app.route("/<int:piece>")
    def give(piece: int) -> flask.Response:
        return flask.Response(data[:size][at : at + piece] for at in range(0, size, piece))

    with serving(app, store) as (url, _):
        for piece in (7_777, 300_000, 2 * MB):
            answer = asking.get(f"{url}/{piece}")
            assert (answer.status_code, len(answer.content)) == (200, size)
            assert hashlib.sha256(answer.content).digest() == hashlib.sha256(data[:size]).digest()


def test_a_body_of_any_size_arrives_whole(store: Store, asking: httpx.Client) -> None:
    app = flask.Flask("bodies")

    @app.route("/", methods=["POST"])
    def take() -> str:
        return hashlib.sha256(flask.request.get_data()).hexdigest()

    with serving(app, store) as (url, bridge):
        for size in (0, 1, asgi.FREE_BODY, asgi.FREE_BODY + 1, asgi.BODY_IN_MEMORY + 1, 5 * MB):
            data = b"\xe6\x96\x87" * (size // 3 + 1)
            assert asking.post(url, content=data).text == hashlib.sha256(data).hexdigest()
            assert (
                asking.post(url, content=iter([data[:9], data[9:]])).text == hashlib.sha256(data).hexdigest()
            )
        wait_for(lambda: bridge._in_memory == 0)


def test_nobody_waits_for_somebody_who_reads_slowly(store: Store, asking: httpx.Client) -> None:
    """One thread, and a peer that takes nothing of nine megabytes: the next one is answered all the same."""
    app = flask.Flask("slow")
    app.add_url_rule("/", "large", lambda: flask.Response(b"x" * MB for _ in range(9)))
    app.add_url_rule("/small", "small", lambda: "small")
    with serving(app, store, threads=1) as (url, _):
        at = urlsplit(url)
        with socket.create_connection((at.hostname or "", at.port or 0)) as line:
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert line.recv(9).startswith(b"HTTP")
            assert asking.get(f"{url}/small").text == "small"
            got = 9
            while got < 9 * MB:
                got += len(line.recv(MB))


def test_large_bodies_are_worked_on_a_few_at_a_time(store: Store, asking: httpx.Client) -> None:
    """Each may take some hundred megabytes as JSON. Small ones need not wait for them."""
    go_on, running_now, most = threading.Event(), [0], [0]

    def work() -> str:
        running_now[0] += 1
        most[0] = max(most[0], running_now[0])
        go_on.wait(20)
        running_now[0] -= 1
        return "done"

    app = flask.Flask("large")
    app.add_url_rule("/", "large", work, methods=["POST"])
    app.add_url_rule("/small", "small", lambda: "small")
    packed = {"Content-Encoding": "gzip"}
    with serving(app, store) as (url, bridge), ThreadPoolExecutor(5) as pool:
        sizes = [(asgi.LARGE_BODY + 1, {}), (asgi.LARGE_PACKED + 1, packed)] * 2
        answers = [pool.submit(asking.post, url, content=b" " * size, headers=more) for size, more in sizes]
        wait_for(lambda: running_now[0] == asgi.LARGE_AT_ONCE and len(bridge._large._waiters or ()) == 2)
        assert asking.get(f"{url}/small").text == "small"
        go_on.set()
        assert [answer.result().text for answer in answers] == ["done"] * 4
    assert most[0] == asgi.LARGE_AT_ONCE


def test_who_leaves_in_the_middle_of_an_answer_costs_nothing_more(store: Store) -> None:
    made, ended = [0], threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                made[0] += 1
                yield b"x" * MB
                if made[0] > 200:
                    break
        finally:
            ended.set()

    app = flask.Flask("endless")
    app.add_url_rule("/", "endless", lambda: flask.Response(endless()))
    with serving(app, store) as (url, _):
        at = urlsplit(url)
        with socket.create_connection((at.hostname or "", at.port or 0)) as line:
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            line.recv(10)
        assert ended.wait(20)
        assert ask(url, "GET /none").status == 404


def test_who_leaves_while_a_feed_waits_is_noticed(store: Store, gate: Gate) -> None:
    db = store.database("things", create=True)
    app = application(store, gate)
    bridge = Asgi(app, store, knows=app.extensions["endpoint"].knows)
    bound = socket.create_server(("127.0.0.1", 0))
    with running(bridge, bound):
        lines = [socket.create_connection(bound.getsockname()) for _ in range(20)]
        for line in lines:
            line.sendall(b"GET /db/things/_changes?feed=continuous HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: len(bridge._wakes._waiting.get("things", ())) == 20)
        for line in lines:
            line.close()
        wait_for(lambda: not bridge._wakes._waiting.get("things"))
        db.put({"_id": "a"})
        assert ask(f"http://127.0.0.1:{bound.getsockname()[1]}", "GET /db/things").status == 200
    bridge.close()
    bound.close()


def test_what_has_no_body_is_sent_without_one(store: Store, gate: Gate) -> None:
    rev = store.database("things", create=True).put({"_id": "a", "n": 1})
    with listening(application(store, gate)) as url:
        unchanged = raw(
            url,
            f'GET /db/things/a HTTP/1.1\r\nHost: x\r\nIf-None-Match: "{rev}"\r\nConnection: close\r\n\r\n'.encode(),
        )
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert b"transfer-encoding" not in unchanged.head.lower()
        head = raw(url, b"HEAD /db/things/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        body = ask(url, "GET /db/things/a").body
        assert (head.status, head.body) == (200, b"")
        assert b"content-length: %d" % len(body) in head.head.lower()
        many = b"HEAD /db/things/_all_docs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert (raw(url, many).status, raw(url, many).body) == (200, b"")


def test_requests_in_one_segment_are_answered_one_after_another(store: Store, gate: Gate) -> None:
    store.database("things", create=True).put_many(documents(3))
    with listening(application(store, gate)) as url:
        at = urlsplit(url)
        with socket.create_connection((at.hostname or "", at.port or 0), timeout=20) as line:
            one = b"GET /db/things/doc-%04d HTTP/1.1\r\nHost: x\r\n%b\r\n"
            line.sendall(b"".join(one % (n, b"Connection: close\r\n" if n == 2 else b"") for n in range(3)))
            got = b""
            with suppress(ConnectionResetError):
                while piece := line.recv(65536):
                    got += piece
        assert got.count(b"HTTP/1.1 200") == 3
        assert [got.index(b'"doc-%04d"' % n) for n in range(3)] == sorted(
            got.index(b'"doc-%04d"' % n) for n in range(3)
        )


def test_what_breaks_in_the_application_is_a_500_and_no_silence(store: Store) -> None:
    def broken(environ: dict[str, Any], start: Any) -> list[bytes]:
        raise RuntimeError("on purpose")

    with serving(broken, store) as (url, _):
        assert ask(url, "GET /").status == 500
        assert ask(url, "GET /").status == 500


def test_headers_that_pass_for_others_are_dropped() -> None:
    scope = {
        "type": "http", "method": "GET", "path": "/a b", "raw_path": b"/a%20b", "query_string": b"x=1", "http_version": "1.1",
        "headers": [(b"x_real", b"evil"), (b"x-real", b"1"), (b"x-real", b"2"), (b"transfer-encoding", b"chunked")],
        "server": ("h", 1), "client": ("c", 2),
    }  # fmt: skip
    environ = asgi.environ_of(scope)
    assert (environ["HTTP_X_REAL"], environ["PATH_INFO"], environ["REQUEST_URI"]) == ("1,2", "/a b", "/a%20b")
    assert "HTTP_TRANSFER_ENCODING" not in environ
