"""The HTTP server: sockets, heads and their bounds, a clean stop. Knows nothing of pages, documents or feeds.

uvicorn on asyncio: an open connection costs some kilobytes and no thread, on Linux and Windows alike. Added to it here
are bounds on the head of a request (in size, and in the time it may take), and *corking*: what is written in one turn
of the loop leaves in one segment. A head and a body in two segments, with Nagle at one end and a delayed ACK at the
other, is what makes 40 ms of a request that takes one.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sync import collecting

MAX_HEAD: Final = 64 * 1024  # bytes of request line and headers
HEAD_SECONDS: Final = 30.0  # a head that takes longer is nobody's we serve
MAX_CONNECTIONS: Final = (
    6000  # beyond, 503; 2,324 stations with a wait for news and a connection for messages each
)
GOODBYE_SECONDS: Final = 0.5
KEEP_ALIVE: Final = 75  # seconds; longer than a station's client keeps an idle connection


class _Corked:
    """A transport that gathers what is written in one turn of the loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._gathered: list[bytes] = []
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        self._goodbye: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        if not data:
            return
        if not self._gathered:
            self._loop.call_soon(self._flush)
        self._gathered.append(data)

    def _flush(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            if not self._transport.is_closing():
                self._transport.write(gathered[0] if len(gathered) == 1 else b"".join(gathered))

    def close(self) -> None:
        self._flush()
        self._transport.close()
        if self._is_tls and self._goodbye is None:
            # TLS says goodbye and waits for half a minute to hear it back. A client that sits idle, or is gone, says nothing.
            self._goodbye = self._loop.call_later(GOODBYE_SECONDS, self._cut)

    def lost(self) -> None:
        """The connection is over."""
        self._is_tls = False
        if self._goodbye is not None:
            self._goodbye.cancel()

    def _cut(self) -> None:
        if self._transport.get_write_buffer_size() == 0:
            self._transport.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Protocol(HttpToolsProtocol):
    """uvicorn's, with bounded heads."""

    _head = 0
    _in_head = False
    _unparsed = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Corked(transport, self.loop))  # type: ignore[arg-type]
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self.transport.lost()  # type: ignore[attr-defined]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._begin()
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head:
            # The parser keeps a header's value until it has ended. This one has not.
            self._unparsed += len(data)
            if self._unparsed > MAX_HEAD and not self.transport.is_closing():
                self.send_400_response("the head is too large")

    def on_message_begin(self) -> None:
        self._in_head = True
        self._unparsed = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end()
        self._in_head = False
        super().on_headers_complete()

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD:
            raise ValueError("the head is too large")  # the parser passes it on, and it is answered with 400

    def _begin(self) -> None:
        self._head = 0
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self.transport.abort()


class HttpServer:
    """Serves an ASGI application on a bound socket, by TLS if there is a context. `run` returns when asked to stop."""

    def __init__(
        self,
        application: Any,
        bound: socket.socket,
        *,
        ready: Callable[[], None] = lambda: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        config = uvicorn.Config(
            application,
            http=_Protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            backlog=2048,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=3,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        self._bound = bound
        self._server = _Server(config, ready)

    def run(self) -> None:
        """Serves, in this thread. In the main thread SIGINT and SIGTERM end it."""
        collecting.seldom()
        self._server.run(sockets=[self._bound])

    def stop(self) -> None:
        """Ends `run`, from any thread: open feeds are cut, running requests have three seconds."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """Says when requests are answered, and cuts feeds when it ends: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stopping = getattr(self.config.app, "stop", None)
        if stopping is not None:
            stopping()
        await super().shutdown(sockets=sockets)
        for connection in self.server_state.connections:  # a line that took too long, whatever for
            connection.transport.abort()
        await asyncio.sleep(0)


@contextmanager
def running(
    application: Any, bound: socket.socket, *, tls: ssl.SSLContext | None = None
) -> Iterator[HttpServer]:
    """A server in a thread of its own, answering when the block begins and gone when it ends."""
    ready = threading.Event()
    server = HttpServer(application, bound, ready=ready.set, tls=tls)
    thread = threading.Thread(target=server.run, name="http", daemon=True)
    thread.start()
    try:
        if not ready.wait(10):
            raise RuntimeError("the server did not start")
        yield server
    finally:
        server.stop()
        thread.join(10)
