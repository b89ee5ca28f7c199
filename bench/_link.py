"""A bad line between a client and a server on this machine: a TCP proxy with a rate each way, latency, cuts, a black hole, a
captive portal, a slow drip. Also used by tests. Measures bytes and connections; knows nothing of what is carried.

    Link(port, rate=8_000, delay=0.3)             64 kbit/s each way, 600 ms there and back
    Link(port, rate=2_500, delay=0.3, cut=10.0)   20 kbit/s, and every 10 s everything that is on its way is lost

The rate is the line's and not a connection's: who opens more connections gets no more. A connection takes one way there and
back to open, as on a real line. What is cut is lost with all that was in the line.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

PIECE: Final = 1400  # bytes, a packet
QUEUE: Final = 0.25  # seconds of the line's rate that may wait in it
BUFFER: Final = 4096  # bytes that wait before the line: a line is no store
PORTAL: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 31\r\nConnection: close\r\n\r\n"
    b"<html>Please sign in</html>\r\n\r\n"
)


@dataclass
class Lane:
    """One direction."""

    rate: float
    """Bytes a second; 0 for as many as come."""
    free_at: float = 0.0
    moved: int = 0
    arrived: int = 0
    """What is cut off on its way has moved and does not arrive."""
    requests: int = 0
    """Heads of HTTP/1.1 requests that went by."""


@dataclass
class Link:
    """The line. Its fields may be changed while it runs."""

    port: int
    """Where the server listens."""
    rate: float = 0.0
    delay: float = 0.0
    """Seconds one way."""
    cut: float = 0.0
    """Every so many seconds; 0 for never."""
    cut_at: tuple[int, ...] = ()
    """Once each, when so many bytes have gone up since the start …"""
    cut_down_at: tuple[int, ...] = ()
    """… or down."""
    mode: str = "open"
    """open, hole (nothing comes through), portal (another server answers), drip (a byte at a time), down (nobody there)."""
    up: Lane = field(init=False)
    down: Lane = field(init=False)
    connections: int = 0
    cuts: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.up, self.down = Lane(self.rate), Lane(self.rate)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        server: asyncio.StreamWriter | None = None
        try:
            if self.mode == "down":
                return
            await asyncio.sleep(self.delay * 2)  # SYN there and back
            if self.mode == "portal":
                await reader.read(1)
                writer.write(PORTAL)
                await writer.drain()
                return
            onward = socket.socket()
            onward.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            onward.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(onward, ("127.0.0.1", self.port))
            except OSError:
                onward.close()
                return
            theirs, server = await asyncio.open_connection(sock=onward, limit=BUFFER)
            self._writers.add(server)
            await asyncio.gather(self._carry(reader, server, self.up), self._carry(theirs, writer, self.down))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            for each in (writer, server):
                if each is not None:
                    self._writers.discard(each)
                    each.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lane: Lane) -> None:
        loop = asyncio.get_running_loop()
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                at, data = await line.get()
                await asyncio.sleep(max(0.0, at - loop.time()))
                lane.arrived += len(data)
                if not data:
                    with contextlib.suppress(OSError):
                        writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()

        arriving = asyncio.create_task(arrive())
        try:
            while True:
                wait = lane.free_at - loop.time()
                if wait > QUEUE:
                    await asyncio.sleep(wait - QUEUE / 2)
                    continue
                data = await reader.read(1 if self.mode == "drip" else PIECE)
                while self.mode == "hole":
                    await asyncio.sleep(0.05)
                if self.mode == "drip":
                    await asyncio.sleep(1.0)
                now = loop.time()
                lane.free_at = max(now, lane.free_at) + (len(data) / lane.rate if lane.rate else 0.0)
                lane.moved += len(data)
                lane.requests += data.count(b" HTTP/1.1\r\n")
                line.put_nowait((lane.free_at + self.delay, data))
                if self._is_cut_at(lane):
                    self.drop()
                if not data:
                    break
            await arriving
        finally:
            arriving.cancel()

    def _is_cut_at(self, lane: Lane) -> bool:
        which = "cut_at" if lane is self.up else "cut_down_at"
        places = getattr(self, which)
        if not places or lane.moved < places[0]:
            return False
        setattr(self, which, places[1:])
        return True

    def drop(self) -> None:
        """Cuts every connection; what was on its way is lost."""
        self.cuts += 1
        now = asyncio.get_running_loop().time()
        self.up.free_at = self.down.free_at = now
        for each in list(self._writers):
            each.transport.abort()

    async def _cutting(self) -> None:
        while True:
            await asyncio.sleep(self.cut or 0.1)
            if self.cut:
                self.drop()


@contextlib.contextmanager
def line(link: Link) -> Iterator[int]:
    """The link, running beside; the port at which a client finds it."""
    started = threading.Event()
    held: dict[str, Any] = {}

    async def run() -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)  # its connections inherit it
        listening.bind(("127.0.0.1", 0))
        server = await asyncio.start_server(link._take, sock=listening, limit=BUFFER)
        held["port"], held["loop"], held["stop"] = (
            server.sockets[0].getsockname()[1],
            asyncio.get_running_loop(),
            asyncio.Event(),
        )
        cutting = asyncio.create_task(link._cutting())
        started.set()
        await held["stop"].wait()
        cutting.cancel()
        server.close()
        link.drop()
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    started.wait()
    try:
        yield held["port"]
    finally:
        stop: Callable[[], None] = held["stop"].set
        held["loop"].call_soon_threadsafe(stop)
        thread.join(5)
