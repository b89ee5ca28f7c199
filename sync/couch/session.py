"""The way to a CouchDB cluster: python-couchdb's Session with an end to every wait. Knows no document and no database.

What differs from python-couchdb's own: every connection has a timeout; a redirect is an error, since a password and a
document would go where it leads; nothing is cached, or another web node's write would go unseen; only a question is
asked again on a fresh connection, a write never; several nodes may be named, and the next is taken when one is away;
no answer is larger or slower than its bound.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from couchdb import http as couch

from sync import strict_json
from sync.couch.address import Address

CONNECT: Final = 5.0  # seconds
ANSWER: Final = 30.0  # seconds without a byte
LONGEST: Final = 300.0  # seconds for a whole answer
LARGEST: Final = 256 * 1024 * 1024  # bytes of an answer that is read whole
IDLE: Final = 16  # connections kept for later
_ERRORS: Final[dict[int, type[Exception]]] = {
    401: couch.Unauthorized,
    403: couch.Forbidden,
    404: couch.ResourceNotFound,
    409: couch.ResourceConflict,
    412: couch.PreconditionFailed,
}


class TooMuch(Exception):
    """An answer beyond LARGEST or LONGEST."""


class Body:
    """An answer's bytes as they come. Read to the end or closed, its connection goes back."""

    def __init__(self, session: Session, connection: http.client.HTTPConnection) -> None:
        self._session, self._connection = session, connection
        self._response: http.client.HTTPResponse | None = None
        self._until = time.monotonic() + LONGEST

    def of(self, response: http.client.HTTPResponse) -> Body:
        self._response = response
        return self

    def read(self, size: int | None = None) -> bytes:
        """As a file's `read`. Without `size` all of it, within bounds."""
        if size is not None:
            return self._some(size)
        parts, total = [], 0
        while part := self._some(64 * 1024):
            parts.append(part)
            total += len(part)
            if total > LARGEST:
                self.close()
                raise TooMuch(f"The answer has more than {LARGEST} bytes.")
        return b"".join(parts)

    def _some(self, size: int) -> bytes:
        if self._response is None:
            return b""
        if time.monotonic() > self._until:
            self.close()
            raise TooMuch(f"The answer did not end within {LONGEST:.0f} s.")
        try:
            part = self._response.read(size)
        except BaseException:
            self.close()
            raise
        if not part:
            response, self._response = self._response, None
            self._session.give_back(self._connection, reuse=not response.will_close)
        return part

    def close(self) -> None:
        """Gives the connection up if the answer was not read to its end."""
        if self._response is not None:
            self._response.close()
            self._response = None
            self._session.give_back(self._connection, reuse=False)


class Session(couch.Session):  # type: ignore[misc]  # python-couchdb has no types
    """For couchdb.Server. Safe to use from any thread. `answer`: seconds to wait for a byte."""

    def __init__(self, address: Address, answer: float = ANSWER) -> None:
        super().__init__(timeout=answer, retry_delays=[])
        self._address = address
        self._answer = answer
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._busy: set[http.client.HTTPConnection] = set()
        self._node = 0
        self._closed = False
        self.user_agent = "bianmin (python-couchdb)"

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        credentials: tuple[str, str] | None = None,
        num_redirects: int = 0,
    ) -> tuple[int, http.client.HTTPMessage, Body]:
        """As python-couchdb's, which calls it: status, headers, and the body as a file."""
        sent = {"Accept": "application/json", "User-Agent": self.user_agent, **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = strict_json.dumps(body)
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        if credentials:
            sent["Authorization"] = couch.basic_auth(credentials).decode()
        parts = urlsplit(url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection, response = self._answered(method, target, body, sent)
        answer = Body(self, connection).of(response)
        if 300 <= response.status < 400:
            answer.close()
            raise couch.RedirectLimit(f"an answer {response.status}, which is followed nowhere")
        if response.status >= 400:
            raise _error(response, answer)
        if method == "HEAD" or response.status == 204:
            answer.read()
        return response.status, response.msg, answer

    def _answered(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """The answer to a request, and the connection it comes by. A question that a node breaks off goes to the next
        one; it may also be that the node ended a connection while it lay idle. What writes is never sent twice."""
        left = len(self._address.nodes) if method in ("GET", "HEAD") else 0
        fresh = False
        while True:
            connection, fresh = self._take(fresh=fresh)
            try:
                return connection, self._ask(connection, method, target, body, headers)
            except BaseException as error:
                self.give_back(connection, reuse=False)
                if fresh:
                    self._next_node()
                if (
                    not isinstance(error, (OSError, http.client.HTTPException))
                    or isinstance(error, TimeoutError)
                    or not left
                ):
                    raise
            left -= 1
            fresh = True

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:  # fmt: skip
        connection.request(method, target, body=body, headers=headers)
        return connection.getresponse()

    # -- connections ----------------------------------------------------------------------------------------------

    def _take(self, *, fresh: bool = False) -> tuple[http.client.HTTPConnection, bool]:
        """A connection, and whether it is new. OSError when no node takes one."""
        while not fresh:
            with self._lock:
                if self._closed:
                    raise ConnectionAbortedError("closed")
                if not self._idle:
                    break
                connection = self._idle.pop()
                self._busy.add(connection)
            if connection.sock is not None and not select.select([connection.sock], [], [], 0)[0]:
                return connection, False
            # What speaks before it was asked has hung up.
            self.give_back(connection, reuse=False)
        nodes, first = self._address.nodes, self._node
        for attempt in range(len(nodes)):
            connection = self._connection(nodes[(first + attempt) % len(nodes)])
            try:
                connection.connect()
            except OSError:
                connection.close()
                if attempt + 1 == len(nodes):
                    raise
                continue
            assert connection.sock is not None
            connection.sock.settimeout(self._answer)
            with self._lock:
                if not self._closed:
                    self._node = (first + attempt) % len(nodes)
                    self._busy.add(connection)
                    return connection, True
            connection.close()
            raise ConnectionAbortedError("closed")
        raise AssertionError("an address has a node")

    def _connection(self, node: str) -> http.client.HTTPConnection:
        if self._address.scheme == "https":
            return http.client.HTTPSConnection(node, timeout=CONNECT, context=ssl.create_default_context())
        return http.client.HTTPConnection(node, timeout=CONNECT)

    def give_back(self, connection: http.client.HTTPConnection, *, reuse: bool) -> None:
        """Keeps a connection for the next request, or ends it."""
        with self._lock:
            self._busy.discard(connection)
            if reuse and not self._closed and connection.sock is not None and len(self._idle) < IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _next_node(self) -> None:
        """The next connection goes to another node; those kept to this one are ended."""
        with self._lock:
            self._node = (self._node + 1) % len(self._address.nodes)
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Ends every connection; whoever waits on one gets an error."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for connection in idle:
            connection.close()
        for connection in busy:
            if connection.sock is not None:
                _hang_up(connection)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """Wakes the thread that reads from it; that thread closes it."""
    with contextlib.suppress(OSError):
        assert connection.sock is not None
        connection.sock.shutdown(socket.SHUT_RDWR)


def _error(response: http.client.HTTPResponse, answer: Body) -> Exception:
    """python-couchdb's exception for an answer that is one, with CouchDB's word and sentence."""
    try:
        said = strict_json.loads_own(answer.read() or b"{}")
    except ValueError:
        said = {}
    told = said if isinstance(said, dict) else {}
    word, reason = str(told.get("error") or ""), str(told.get("reason") or response.reason)
    kind = _ERRORS.get(response.status)
    return kind((word, reason)) if kind else couch.ServerError((response.status, (word, reason)))
