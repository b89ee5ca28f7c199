"""Links that can be cut: TCP forwarders on loopback between a station and a server above it.

A cut closes what is open and refuses what comes, as a pulled cable with a router in between does. Moves bytes only.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from typing import Any


class Link:
    """One station's way to one server. `address` is what the station is told; `up` says whether bytes pass."""

    def __init__(self, name: str, target: tuple[str, int]) -> None:
        self.name = name
        self.up = True
        self.port = 0
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        await self.cut()
        if self._server is not None:
            self._server.close()

    async def cut(self) -> None:
        self.up = False
        for writer in list(self._open):
            writer.transport.abort()

    async def restore(self) -> None:
        self.up = True

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.up:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._open |= both
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._open -= both
            for each in both:
                each.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()


class Links:
    """All links of the city, on one event loop in a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()
        self.links: list[Link] = []

    def add(self, name: str, target: tuple[str, int]) -> Link:
        link = Link(name, target)
        self._do(link.start())
        self.links.append(link)
        return link

    def cut(self, name: str) -> None:
        """Cuts every link of this station."""
        for link in self.links:
            if link.name == name:
                self._do(link.cut())

    def restore(self, name: str) -> None:
        for link in self.links:
            if link.name == name:
                self._do(link.restore())

    def close(self) -> None:
        """Cuts everything and ends the loop; the ports are free afterwards."""

        async def end() -> None:
            for link in self.links:
                await link.stop()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def _do(self, what: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(what, self._loop)
        return future.result(timeout=10)
