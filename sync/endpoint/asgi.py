"""A WSGI application on an asyncio server. Bytes in and out; knows no path and no document.

    head ─> body: read whole, a little in memory, the rest on disk ─> a thread of the pool runs the application
            (what can be taken in before it is whole, is: exchange)
         ─> its answer is gathered, a little in memory, the rest on disk ─> sent as fast as the other end takes it
                                                    (what lies on disk is encrypted: sync.scratch)

A thread belongs to a request only while the application works: a village that sends or takes a megabyte over a line of
64 kbit/s holds a temporary file for two minutes and no thread. (That is why this is no ready-made bridge: those let
the application read from, and write to, the line.)

A *feed* (sync.endpoint.feed) needs no thread while it waits either. The route that answers with one leaves it in the
WSGI environment under FEEDS, and it is driven here: woken by the store's writes, read by a small pool of its own.
Feeds that ask for the same share one read, so that a change reaches thousands of them within a second.
"""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import unquote_to_bytes

from sync.endpoint.admission import Admission, Turns
from sync.endpoint.feed import FEEDS, Feed, Page
from sync.scratch import Scratch
from sync.serving import ServedStore

Scope: TypeAlias = dict[str, Any]
Message: TypeAlias = dict[str, Any]
Environ: TypeAlias = dict[str, Any]

EARLY: Final = "bianmin.early"  # where, in the WSGI environment, what took the body in is left
FREE_BODY: Final = 64 * 1024  # bytes anybody may send before it is asked who they are
MAX_BODY: Final = 256 * 1024 * 1024  # bytes of any body; routes allow less
BODY_IN_MEMORY: Final = 1024 * 1024  # bytes of one body …
BODIES_IN_MEMORY: Final = 64 * 1024 * 1024  # … and of all of them; the rest lies in temporary files
LARGE_BODY: Final = 8 * 1024 * 1024  # bytes; what reads it as JSON holds several times as much …
LARGE_PACKED: Final = 256 * 1024  # … and so does a packed one of this size
LARGE_AT_ONCE: Final = 2
ANSWER_IN_MEMORY: Final = 1024 * 1024  # bytes of one answer waiting to be sent
PIECE: Final = 64 * 1024
FOR_OTHERS: Final = (
    3  # threads of the pool, at least one, that are kept from those who are asked to wait their turn
)
PATIENCE: Final = 90.0  # seconds a peer may neither send nor take anything


class Early(Protocol):
    """Takes a body in while it comes. What is wrong with it is for the application to say, which gets this under EARLY."""

    def feed(self, data: bytes) -> None: ...


class Asgi:
    """The application for `HttpServer`. `knows(environ)`: may whoever asks send a large body? `early(environ, first bytes)`: what
    takes this body in while it comes, if anything does. `queues(environ)`: is it one of the requests that wait their turn, or are put
    off (`sync.endpoint.admission`)? `stop` ends feeds."""

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        store: ServedStore,
        *,
        threads: int = 8,
        knows: Callable[[Environ], bool] = lambda environ: True,
        early: Callable[[Environ, bytes], Early | None] = lambda environ, first: None,
        queues: Callable[[Environ], bool] = lambda environ: False,
    ) -> None:
        self._application = application
        self._knows = knows
        self._early = early
        self._queues = queues
        self.admission = Admission(max(1, threads - FOR_OTHERS))
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="feed")
        self._wakes = Wakes(store)
        self._reads: dict[Any, asyncio.Task[Page]] = {}
        self._in_memory = 0
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    def stop(self) -> None:
        """Ends every feed; called in the loop."""
        self._wakes.stop()

    def wake(self, name: str) -> None:
        """As if the database had been written: there is something else of it to be told. From any thread."""
        self._wakes.told(frozenset((name,)))

    def close(self) -> None:
        """Gives back the threads, once the server has ended."""
        self._wakes.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._readers.shutdown(wait=False, cancel_futures=True)

    async def __call__(
        self, scope: Scope, receive: Callable[[], Any], send: Callable[[Message], Any]
    ) -> None:
        if scope["type"] != "http":
            return
        loop = asyncio.get_running_loop()
        environ = environ_of(scope)
        body = _Body(self)
        turns: Turns | None = None
        try:
            if self._queues(environ):
                if seconds := self.admission.come():
                    await _say(send, *BUSY, retry_after=seconds)
                    return
                turns = self.admission.request()
            refused = await self._take(environ, body, receive, turns)
            if refused is not None:
                await _say(send, *refused)
                return
            feeds: list[Feed] = []
            environ.update({"wsgi.input": body.file(), "CONTENT_LENGTH": str(body.length), FEEDS: feeds})
            answer = _Answer(loop)
            large = body.length > (LARGE_PACKED if "HTTP_CONTENT_ENCODING" in environ else LARGE_BODY)
            if large:
                await self._large.acquire()
            async with turns.turn() if turns else nullcontext():
                done = loop.run_in_executor(self._pool, _run, self._application, environ, answer)
                if large:
                    done.add_done_callback(lambda _: self._large.release())
                if turns:
                    await asyncio.wait((done,))
            try:
                await self._give(answer, feeds, receive, send)
            finally:
                answer.abandon()
                await done
        except (ConnectionError, TimeoutError):
            return  # the other end is gone, or as good as gone; uvicorn closes what is left
        finally:
            body.close()
            if turns:
                turns.end()

    async def _take(
        self, environ: Environ, body: _Body, receive: Callable[[], Any], turns: Turns | None
    ) -> tuple[int, str, str] | None:
        """Reads the body; None, or why it is not taken (status, word, sentence)."""
        declared = environ.get("CONTENT_LENGTH", "0")
        expected = int(declared) if declared.isascii() and declared.isdecimal() else 0
        asked = False
        if expected > MAX_BODY:
            return 413, "too_large", f"A request has at most {MAX_BODY} bytes."
        loop = asyncio.get_running_loop()
        early: Early | None = None
        length = 0
        more = True
        while more:
            if not asked and max(length, expected) > FREE_BODY:
                # Beyond a little, only from those we know; the application then says what it thinks of the others.
                asked = True
                if not await loop.run_in_executor(self._pool, self._knows, environ):
                    body.clear()
                    return None
            message = await asyncio.wait_for(receive(), PATIENCE)
            if message["type"] == "http.disconnect":
                raise ConnectionError
            data, more = message.get("body", b""), message.get("more_body", False)
            if not length and data:
                early = environ[EARLY] = self._early(environ, data)
            length += len(data)
            if early is not None:
                async with turns.turn() if turns else nullcontext():
                    await loop.run_in_executor(self._pool, early.feed, data)
            else:
                body.write(data)
            if length > MAX_BODY:
                return 413, "too_large", f"A request has at most {MAX_BODY} bytes."
        return None

    async def _give(
        self,
        answer: _Answer,
        feeds: list[Feed],
        receive: Callable[[], Any],
        send: Callable[[Message], Any],
    ) -> None:
        status, headers, first, whole = await answer.head()
        if feeds:
            headers = [(name, value) for name, value in headers if name != b"content-length"]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await self._drive(feeds[0], receive, send)
            return
        if whole and status not in (204, 304) and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", b"%d" % len(first)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        piece: bytes | None = first
        while piece is not None and not whole:
            if piece:
                await asyncio.wait_for(
                    send({"type": "http.response.body", "body": piece, "more_body": True}), PATIENCE
                )
            piece = await answer.piece()
        await send({"type": "http.response.body", "body": first if whole else b""})

    # -- feeds ---------------------------------------------------------------------------------------------------------

    async def _drive(self, feed: Feed, receive: Callable[[], Any], send: Callable[[Message], Any]) -> None:
        """Runs one feed to its end. Woken by writes, by its heartbeat, by the other end's leaving, and by `stop`."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        gone = loop.create_task(receive())
        gone.add_done_callback(lambda _: woken.set())
        end = loop.time() + feed.timeout
        with self._wakes.listening(feed.names, woken):
            try:
                await send({"type": "http.response.body", "body": feed.opening, "more_body": True})
                while not (feed.finished or gone.done() or self._wakes.stopped):
                    woken.clear()
                    page = await self._read(feed)
                    if text := feed.take(page):
                        await asyncio.wait_for(
                            send({"type": "http.response.body", "body": text, "more_body": True}), PATIENCE
                        )
                        continue
                    if page.more:
                        continue
                    left = end - loop.time()
                    if left <= 0:
                        break
                    with suppress(TimeoutError):
                        await asyncio.wait_for(woken.wait(), min(left, feed.pause))
                        continue
                    if feed.beat and loop.time() < end:
                        await send({"type": "http.response.body", "body": feed.beat, "more_body": True})
            finally:
                gone.cancel()
        await send({"type": "http.response.body", "body": feed.closing})

    async def _read(self, feed: Feed) -> Page:
        """The feed's next page. Whoever asks for the same while it is being read gets the same; but a write that came
        after the reading began must be seen, hence the count of writes in the key."""
        key = (feed.key, self._wakes.count)
        task = self._reads.get(key)
        if task is None:
            loop = asyncio.get_running_loop()
            task = self._reads[key] = loop.create_task(self._read_alone(feed))
            # Kept for one more turn: those who were woken together ask within it.
            task.add_done_callback(lambda _: loop.call_soon(self._reads.pop, key, None))
        return await asyncio.shield(task)

    async def _read_alone(self, feed: Feed) -> Page:
        return await asyncio.get_running_loop().run_in_executor(self._readers, feed.read)


class Wakes:
    """Who waits for which database. `store.watch` tells from any thread; events are set in the loop."""

    def __init__(self, store: ServedStore) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = store.watch(self.told)
        self.stopped = False
        self.count = 0

    @contextmanager
    def listening(self, names: Sequence[str], woken: asyncio.Event) -> Iterator[None]:
        """While the block runs, `woken` is set at each write to one of the databases ("" for any)."""
        self._loop = asyncio.get_running_loop()
        for name in names:
            self._waiting.setdefault(name, set()).add(woken)
        try:
            yield
        finally:
            for name in names:
                waiting = self._waiting[name]
                waiting.discard(woken)
                if not waiting:
                    del self._waiting[name]

    def told(self, names: frozenset[str]) -> None:
        loop = self._loop
        if loop is not None and not self.stopped:
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(self._wake, names)

    def _wake(self, names: Iterable[str]) -> None:
        self.count += 1
        for name in (*names, ""):
            for woken in self._waiting.get(name, ()):
                woken.set()

    def stop(self) -> None:
        self.stopped = True
        self._wake(list(self._waiting))

    def close(self) -> None:
        self._end()


# -- bodies and answers ---------------------------------------------------------------------------------------------------


class _Body:
    """A request's body as it arrives."""

    def __init__(self, owner: Asgi) -> None:
        self._owner = owner
        self._held = bytearray()
        self._file: Scratch | None = None
        self.length = 0

    def write(self, data: bytes) -> None:
        self.length += len(data)
        if self._file is None and (
            self.length <= FREE_BODY
            or (self.length <= BODY_IN_MEMORY and self._owner._in_memory + len(data) <= BODIES_IN_MEMORY)
        ):
            self._held += data
            self._owner._in_memory += len(data)
            return
        if self._file is None:
            self._file = Scratch()
            self._file.append(self._held)
            self._forget()
        self._file.append(data)

    def _forget(self) -> None:
        self._owner._in_memory -= len(self._held)
        self._held = bytearray()

    def clear(self) -> None:
        """As if nothing had come."""
        self.close()
        self._file, self.length = None, 0

    def file(self) -> Any:
        if self._file is None:
            return io.BytesIO(self._held)
        return self._file.reader()

    def close(self) -> None:
        self._forget()
        if self._file is not None:
            self._file.close()


class _Answer:
    """What the application answers, between its thread, which never waits, and the loop, which sends."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._news = asyncio.Event()
        self._status: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._held: deque[bytes] = deque()
        self._size = 0
        self._file: Scratch | None = None
        self._read_to = 0
        self._ended = False
        self._abandoned = False

    # in the application's thread

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        self._status = (
            int(status.split(" ", 1)[0]),
            [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        )
        return self.write

    def write(self, data: bytes) -> None:
        if self._abandoned:
            raise BrokenPipeError("nobody waits for the answer any more")
        if not data:
            return
        with self._lock:
            if self._file is None and self._size + len(data) <= ANSWER_IN_MEMORY:
                self._held.append(data)
                self._size += len(data)
            else:
                if self._file is None:
                    self._file = Scratch()
                self._file.append(data)
            tell = self._size > PIECE or self._file is not None
        if tell:
            self._loop.call_soon_threadsafe(self._news.set)

    def end(self) -> None:
        self._ended = True
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._news.set)

    # in the loop

    async def head(self) -> tuple[int, list[tuple[bytes, bytes]], bytes, bool]:
        """Status, headers, the first bytes, and whether they are all there is."""
        await self._news.wait()
        with self._lock:
            if self._status is None:
                self._status = 500, [(b"content-type", b"text/plain"), (b"connection", b"close")]
            whole = self._ended and self._file is None
            first = b"".join(self._held)
            self._held.clear()
            self._size = 0
        return *self._status, first, whole

    async def piece(self) -> bytes | None:
        """The next bytes, or None at the end."""
        while True:
            self._news.clear()
            with self._lock:
                if self._held:
                    first = b"".join(self._held)
                    self._held.clear()
                    self._size = 0
                    return first
                if self._file is not None and self._read_to < self._file.length:
                    piece = self._file.read(self._read_to, PIECE * 4)
                    self._read_to += len(piece)
                    return piece
                if self._ended:
                    return None
            await self._news.wait()

    def abandon(self) -> None:
        self._abandoned = True
        with self._lock:
            self._held.clear()
            if self._file is not None and self._ended:
                self._file.close()


def _run(application: Callable[..., Iterable[bytes]], environ: Environ, answer: _Answer) -> None:
    """Runs the application to the end of its answer, in a thread of the pool."""
    parts: Any = ()
    try:
        parts = application(environ, answer.start)
        for part in parts:
            answer.write(part)
    except BrokenPipeError:
        pass
    finally:
        if hasattr(parts, "close"):
            parts.close()
        answer.end()


BUSY: Final = (429, "too_many_requests", "This server is busy. Come again when Retry-After says.")


async def _say(
    send: Callable[[Message], Any], status: int, error: str, reason: str, *, retry_after: int = 0
) -> None:
    text = b'{"error":"%b","reason":"%b"}\n' % (error.encode(), reason.encode())
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(text)),
        (b"retry-after", b"%d" % retry_after) if retry_after else (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def environ_of(scope: Scope) -> Environ:
    """The WSGI environment of a request, its body aside (PEP 3333). REQUEST_URI keeps the path as it came."""
    host, port = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REQUEST_URI": raw.decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": str(host),
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": str(client[0]),
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        if b"_" in raw_name:
            continue  # would be taken for the header with a dash
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ.pop("HTTP_TRANSFER_ENCODING", None)  # the body is whole by the time it is read
    return environ
