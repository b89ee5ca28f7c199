"""Requests to a server over HTTP, bounded and suspicious. Knows no database and no document.

What lies between us and a peer is not to be trusted. Every wait has an end, redirects are never followed (nor are the
password and a document sent after them), the environment's proxies are not asked, answers are bounded in size also
after decompression, and whatever does not answer as a peer does (a captive portal's page, a router's) is `NotAPeer`.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol, Self

import httpx

from sync import errors, multipart, strict_json

MAX_RESPONSE: Final = 64 * 1024 * 1024  # bytes, unpacked
PACKED_FROM: Final = 1400  # bytes of a request's body; less fits in one segment anyway
_HERE: Final = frozenset(("127.0.0.1", "localhost", "::1"))
LONGEST_ANSWER: Final = 300.0  # seconds from the first byte to the last: 8 MB at 30 kB/s
TIMEOUT: Final = httpx.Timeout(connect=10.0, read=30.0, write=30.0, pool=10.0)  # seconds

# What is handed to the system waits there for the line, and nothing can go before it: so little of it, where the system knows how.
UNSENT: Final = 16 * 1024  # bytes
_OPTIONS: Final = (
    [(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)] if hasattr(socket, "TCP_NOTSENT_LOWAT") else []
)

# A connection outlives the pause between two rounds: to open one costs a way there and back, by TLS two. Servers of ours keep it longer.
_LIMITS: Final = httpx.Limits(keepalive_expiry=60.0)

OUT_OF_TIME: Final = (9, 10)  # not yet valid, has expired: X509_V_ERR_… of OpenSSL

_BY_STATUS: Final[dict[int, type[errors.TheirFault]]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    409: errors.Conflict,
    412: errors.DatabaseExists,  # or MissingStub: the error's word tells
    413: errors.TooLarge,
    415: errors.BadContentType,
}


class Credentials(Protocol):
    """Who we are, where a name and a password do not do."""

    def header(self, way: Way, lean: bool) -> str:
        """What the Authorization header says; may ask the server for it (`bare`). `lean`: in as few bytes as will do."""

    def spoiled(self) -> None:
        """The server did not take the last one."""


class Way:
    """The way to a server at `url` (where its welcome is: `https://hub.example/db`). Opened at the first request.

    `auth`: user and password, or credentials. `transport`: another way than a socket, for tests. `compress`: request bodies are sent
    packed (by default unless the server is on this very machine). `tls`: whom we believe over https; by default the system's
    authorities. Safe to use from several threads.

    A request is sent a second time only where that can do no harm: the connection ended without an answer, as one kept
    alive does when the server has just closed it, and asking twice is the same as asking once.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: tuple[str, str] | Credentials | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
        compress: bool | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        basic = auth if isinstance(auth, tuple) else None
        self._credentials = None if isinstance(auth, tuple) else auth
        self._client = httpx.Client(
            base_url=url.rstrip("/") + "/",
            auth=basic,
            transport=transport
            or httpx.HTTPTransport(
                verify=_believed(url, tls), trust_env=False, limits=_LIMITS, socket_options=_OPTIONS
            ),
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "bianmin-sync"},
        )
        self._packs = self._client.base_url.host not in _HERE if compress is None else compress

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, method: str, path: str, **rest: Any) -> Any:
        """As `fetch`, and the answer read."""
        return strict_json.loads(self.fetch(method, path, **rest))

    def fetch(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        once: bool = False,
        bare: bool = False,
    ) -> bytes:
        """One request, and the JSON text it was answered with. Errors by status; Unreachable, NotAPeer, TooLarge.

        `once`: asking twice is not the same as asking once. `bare`: without credentials.
        """
        headers = {"Content-Type": "application/json"} if content is not None else {}
        packed = content is not None and self._packs and len(content) > PACKED_FROM
        if packed:
            assert content is not None
            content = gzip.compress(content, 6, mtime=0)
            headers["Content-Encoding"] = "gzip"
        request = self._client.build_request(method, path, params=params, content=content, headers=headers)
        try:
            with self.answer(request, once=once, bare=bare) as response:
                data = b"".join(pieces(response, MAX_RESPONSE))
                check(response, data)
        except errors.BadContentType:
            if not packed:
                raise
            self._packs = False  # an older server; from now on it gets bodies as they are
            assert content is not None
            plain = gzip.decompress(content)
            return self.fetch(method, path, params=params, content=plain, once=once, bare=bare)
        return data

    def build(self, method: str, path: str, **rest: Any) -> httpx.Request:
        """A request, to be given to `answer`."""
        return self._client.build_request(method, path, **rest)

    def lean(
        self,
        method: str,
        path: str,
        content: bytes | Iterator[bytes],
        kind: str,
        *,
        patience: float | None = None,
    ) -> httpx.Request:
        """A request with no more words than it needs, to be given to `answer`. `patience`: seconds until its answer begins,
        where that may take longer than others."""
        timeout = self._client.timeout
        if patience is not None:
            timeout = httpx.Timeout(timeout.connect, read=patience, write=timeout.write, pool=timeout.pool)
        return httpx.Request(
            method,
            self._client.base_url.join(path),
            content=content,
            headers={"Content-Type": kind} if kind else {},
            extensions={"lean": True, "timeout": timeout.as_dict()},
        )

    @contextlib.contextmanager
    def answer(
        self, request: httpx.Request, *, once: bool = False, bare: bool = False
    ) -> Iterator[httpx.Response]:
        """The answer to a request, its body still to be read. Unreachable."""
        credentials = None if bare else self._credentials
        try:
            response = self._sent(request, credentials, once)
            # Credentials end before their time when a server is restarted. A body that was read as it went is gone.
            if response.status_code == 401 and credentials:
                credentials.spoiled()
                if isinstance(request.stream, httpx.ByteStream):
                    response.close()
                    response = self._sent(request, credentials, once)
            try:
                yield response
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise errors.Unreachable(f"No answer from {request.url.host} in time.") from error
        except httpx.HTTPError as error:
            if distrust := _distrust(error):
                kind, said = distrust
                raise kind(f"{request.url.host} {said}") from error
            raise errors.Unreachable(
                f"No answer from {request.url.host}: {error or type(error).__name__}."
            ) from error

    def _sent(self, request: httpx.Request, credentials: Credentials | None, once: bool) -> httpx.Response:
        if credentials is not None:
            request.headers["Authorization"] = credentials.header(self, "lean" in request.extensions)
        try:
            return self._client.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if once or not isinstance(request.stream, httpx.ByteStream):
                raise
            return self._client.send(request, stream=True)


def _believed(url: str, tls: ssl.SSLContext | None) -> ssl.SSLContext | bool:
    # To load the system's authorities takes longer than a request on loopback.
    return tls if tls is not None else url.startswith("https:")


def _distrust(error: BaseException) -> tuple[type[errors.Untrusted], str] | None:
    """What is wrong with the TLS of who answers, if that is what failed."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            if seen.verify_code in OUT_OF_TIME:
                return (
                    errors.NotInForce,
                    "shows a certificate that is not in force at this computer's time. Is the clock right?",
                )
            return (
                errors.Untrusted,
                "shows a certificate that we do not trust: that of a sign-in page of the network, of something between, or of"
                f" another server ({seen.verify_message}).",
            )
        if isinstance(seen, ssl.SSLError) and "EOF" not in str(seen):
            return errors.Untrusted, f"does not speak TLS as we do ({seen.reason or seen})."
        seen = seen.__cause__ or seen.__context__
    return None


def pieces(response: httpx.Response, limit: int) -> Iterator[bytes]:
    """The body, unpacked, at most `limit` bytes. Unpacked here and not by httpx, which would unpack a bomb before we
    could look."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("gzip", "identity"):
        raise errors.NotAPeer(f"The answer is packed in a way that was not asked for ({encoding[:20]}).")
    if response.is_stream_consumed:  # a transport of a test gave it whole
        yield response.content
        return
    try:
        yield from (
            multipart.unpacked(_arriving(response), limit)
            if encoding == "gzip"
            else _bounded(response, limit)
        )
    except errors.BadRequest as error:
        cut = "cut off" in error.reason
        raise (errors.Unreachable if cut else errors.NotAPeer)(f"The answer: {error.reason}") from error


def _arriving(response: httpx.Response) -> Iterator[bytes]:
    began = time.monotonic()
    for piece in response.iter_raw():
        if time.monotonic() - began > LONGEST_ANSWER:
            # A line that drips a byte now and then never runs into the timeout between bytes.
            raise errors.Unreachable(f"The answer did not end within {LONGEST_ANSWER:.0f} s.")
        yield piece


def _bounded(response: httpx.Response, limit: int) -> Iterator[bytes]:
    total = 0
    for piece in _arriving(response):
        total += len(piece)
        if total > limit:
            raise errors.TooLarge(f"The answer has more than {limit} bytes.")
        yield piece


def check(response: httpx.Response, data: bytes) -> None:
    """Raises the error an answer stands for unless it is a good one, in JSON."""
    status = response.status_code
    host = response.request.url.host
    if 300 <= status < 400 or status == 511:
        raise errors.NotAPeer(
            f"{host} sends us elsewhere ({status}); a sign-in page of the network, perhaps."
        )
    kind = kind_of(response)
    if kind != "application/json":
        if status in (429, 502, 503, 504):
            raise errors.PeerFailed(
                f"{host} is not ready ({status}).", _retry_after(response), untouched=status == 429
            )
        raise errors.NotAPeer(f"{host} answers with {kind[:40] or 'nothing'}, not with JSON ({status}).")
    if status < 300:
        return
    value = strict_json.loads(data)
    said = value if type(value) is dict else {}
    reason = f"{said.get('reason') or said.get('error') or response.reason_phrase} ({status})"[:300]
    if status >= 500 or status == 429:
        raise errors.PeerFailed(f"{host}: {reason}", _retry_after(response), untouched=status == 429)
    if said.get("error") == errors.MissingStub.error:
        raise errors.MissingStub(reason)
    failure = _BY_STATUS.get(status, errors.TheirFault)(reason)
    failure.word = str(said.get("error", ""))[:40]
    raise failure


def kind_of(response: httpx.Response) -> str:
    """The kind of body, without its parameters."""
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdecimal() and len(value) < 6 else None
