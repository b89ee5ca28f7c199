"""A peer reached over HTTP, in CouchDB's dialect. Holds no retries and no schedule: those are the agent's.

    RemoteServer      one address: the connection, who we are, what the other end says it is
    RemoteDatabase    one database there: a peer

What lies between us and a peer is not to be trusted. Every wait has an end, redirects are never followed (nor are the
password and a document sent after them), the environment's proxies are not asked, answers are bounded in size also
after decompression, and whatever does not answer as a peer does (a captive portal's page, a router's) is `NotAPeer`.
"""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import httpx

from sync import errors, names, strict_json, wire
from sync.peer import Change, Changes, Refusal, Revision, Seq
from sync.revisions import parse_path

MAX_REQUEST: Final = 8 * 1024 * 1024  # bytes of documents in one request; a larger document goes alone
MAX_RESPONSE: Final = 64 * 1024 * 1024  # bytes, unpacked
LONGEST_ANSWER: Final = 300.0  # seconds from the first byte to the last: 8 MB at 30 kB/s
TIMEOUT: Final = httpx.Timeout(connect=10.0, read=30.0, write=30.0, pool=10.0)  # seconds

_BY_STATUS: Final[dict[int, type[errors.TheirFault]]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    409: errors.Conflict,
    412: errors.DatabaseExists,
    413: errors.TooLarge,
    415: errors.BadContentType,
}


class RemoteServer:
    """A server at `url` (where its welcome is: `https://hub.example/db`). Nothing is asked of it before the first call.

    `auth`: user and password. `transport`: another way than a socket, for tests. Safe to use from several threads.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: tuple[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
    ) -> None:
        self._client = httpx.Client(
            base_url=url.rstrip("/") + "/",
            auth=auth,
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "bianmin-sync"},
        )
        self._welcome: dict[str, Any] | None = None

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> RemoteServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def welcome(self) -> dict[str, Any]:
        """What the server says it is: `couchdb`, `uuid`, `version`, `vendor`, `features`. NotAPeer if it is something
        else. Asked once."""
        if self._welcome is None:
            said = self.ask("GET", "")
            if (
                type(said) is not dict
                or said.get("couchdb") != "Welcome"
                or type(said.get("uuid", "")) is not str
            ):
                raise errors.NotAPeer(
                    f"What answers at {self._client.base_url} is no CouchDB and no bianmin."
                )
            self._welcome = said
        return self._welcome

    def databases(self) -> list[str]:
        """The names of the databases we may see."""
        listed = self.ask("GET", "_all_dbs")
        if type(listed) is not list or not all(type(name) is str for name in listed):
            raise errors.NotAPeer("The list of databases is no list of names.")
        return listed

    def database(self, name: str, create: bool = False) -> RemoteDatabase:
        """The database of that name; NotFound unless it is there or `create`. Ask anew for each session: a database
        that was deleted and made again is another one."""
        names.check_database(name)
        uuid = self.welcome().get("uuid") or str(self._client.base_url)
        try:
            info = self.ask("GET", name)
        except errors.NotFound:
            if not create:
                raise
            with contextlib.suppress(errors.DatabaseExists):  # somebody else was quicker
                self.ask("PUT", name)
            info = self.ask("GET", name)
        if type(info) is not dict:
            raise errors.NotAPeer("The database does not describe itself.")
        incarnation = info.get("incarnation") or f"{name}@{info.get('instance_start_time', '0')}"
        return RemoteDatabase(self, name, f"{uuid}/{incarnation}", info)

    def ask(self, method: str, path: str, **rest: Any) -> Any:
        """As `fetch`, and the answer read."""
        return strict_json.loads(self.fetch(method, path, **rest))

    def fetch(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> bytes:
        """One request, and the JSON text it was answered with. Errors by status; Unreachable, NotAPeer, TooLarge."""
        headers = {"Content-Type": "application/json"} if content is not None else {}
        request = self._client.build_request(method, path, params=params, content=content, headers=headers)
        try:
            response = self._client.send(request, stream=True)
            try:
                data = _read(response)
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise errors.Unreachable(f"No answer from {request.url.host} in time.") from error
        except httpx.HTTPError as error:
            raise errors.Unreachable(
                f"No answer from {request.url.host}: {error or type(error).__name__}."
            ) from error
        _check(response, data)
        return data


def _read(response: httpx.Response) -> bytes:
    """The body, unpacked, bounded. Unpacked here and not by httpx, which would unpack a bomb before we could look."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("gzip", "identity"):
        raise errors.NotAPeer(f"The answer is packed in a way that was not asked for ({encoding[:20]}).")
    if response.is_stream_consumed:  # a transport of a test gave it whole
        return response.content
    unpack = zlib.decompressobj(31) if encoding == "gzip" else None
    parts, total, began = [], 0, time.monotonic()
    for part in response.iter_raw():
        if time.monotonic() - began > LONGEST_ANSWER:
            # A line that drips a byte now and then never runs into the timeout between bytes.
            raise errors.Unreachable(f"The answer did not end within {LONGEST_ANSWER:.0f} s.")
        if unpack is not None:
            try:
                part = unpack.decompress(part, MAX_RESPONSE + 1 - total)
            except zlib.error as error:
                raise errors.NotAPeer("The answer cannot be unpacked.") from error
        parts.append(part)
        total += len(part)
        if total > MAX_RESPONSE:
            raise errors.TooLarge(f"The answer has more than {MAX_RESPONSE} bytes.")
    if unpack is not None and not unpack.eof:
        raise errors.Unreachable("The answer was cut off.")
    return b"".join(parts)


def _check(response: httpx.Response, data: bytes) -> None:
    """Raises the error an answer stands for unless it is a good one, in JSON."""
    status = response.status_code
    host = response.request.url.host
    if 300 <= status < 400 or status == 511:
        raise errors.NotAPeer(
            f"{host} sends us elsewhere ({status}); a sign-in page of the network, perhaps."
        )
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        if status in (429, 502, 503, 504):
            raise errors.PeerFailed(f"{host} is not ready ({status}).", _retry_after(response))
        raise errors.NotAPeer(f"{host} answers with {kind[:40] or 'nothing'}, not with JSON ({status}).")
    if status < 300:
        return
    value = strict_json.loads(data)
    said = value if type(value) is dict else {}
    reason = f"{said.get('reason') or said.get('error') or response.reason_phrase} ({status})"[:300]
    if status >= 500 or status == 429:
        raise errors.PeerFailed(f"{host}: {reason}", _retry_after(response))
    raise _BY_STATUS.get(status, errors.TheirFault)(reason)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdecimal() and len(value) < 6 else None


def _lone(result: Any, text: str) -> str | None:
    """The text of the only document in `{"id":…,"docs":[{"ok":document}]}`, if that is, exactly, what `text` is."""
    if list(result) != ["id", "docs"] or type(result["id"]) is not str or len(result["docs"]) != 1:
        return None
    head = text.find('"docs":[{"ok":')
    if list(result["docs"][0]) != ["ok"] or head < 0 or not text.endswith("}}]}"):
        return None
    return text[head + 14 : -3]


class RemoteDatabase:
    """A peer. Methods are those of `sync.peer.Peer`; one request each, but for large batches."""

    def __init__(self, server: RemoteServer, name: str, identity: str, info: dict[str, Any]) -> None:
        self._server = server
        self.name = name
        self.identity = identity
        self._info = info
        self._local_revs: dict[str, str] = {}

    def info(self) -> dict[str, Any]:
        """`GET /db`, as it was when this object was made."""
        return self._info

    def changes(self, since: Seq = 0, limit: int = 500) -> Changes:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#listen-to-changes-feed"""
        params = {"style": "all_docs", "since": str(since), "limit": str(limit)}
        said = self._ask("GET", "_changes", params=params)
        try:
            results = [
                Change(
                    row["seq"],
                    row["id"],
                    [leaf["rev"] for leaf in row["changes"]],
                    row.get("deleted") is True,
                )
                for row in said["results"]
            ]
            return Changes(results, said["last_seq"], said.get("pending"))
        except (KeyError, TypeError, AttributeError) as error:
            raise errors.NotAPeer("The changes feed has not the form of one.") from error

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#calculate-revision-difference"""
        said = self._ask("POST", "_revs_diff", content=strict_json.dumps(revs))
        try:
            return {id: list(diff["missing"]) for id, diff in said.items() if diff["missing"]}
        except (KeyError, TypeError, AttributeError) as error:
            raise errors.NotAPeer("The answer to _revs_diff has not the form of one.") from error

    def get_revisions(self, revs: Mapping[str, Sequence[str]]) -> Iterator[Revision]:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#fetch-changed-documents, all in one `_bulk_get`."""
        if not revs:
            return
        content = strict_json.dumps(
            {"docs": [{"id": id, "rev": rev} for id, wanted in revs.items() for rev in wanted]}
        )
        params = {"revs": "true", "latest": "true", "attachments": "true"}
        data = self._server.fetch("POST", f"{self.name}/_bulk_get", params=params, content=content)
        _, results = strict_json.loads_items(data, "results")
        seen: set[tuple[str, str]] = set()
        try:
            for result, text in results:
                for answer in result["docs"]:
                    doc = answer.get("ok")
                    if (
                        doc is None or (doc["_id"], doc["_rev"]) in seen
                    ):  # gone; or two asked for grew into one
                        continue
                    seen.add((doc["_id"], doc["_rev"]))
                    yield wire.unsplice(doc, _lone(result, text))
        except (KeyError, TypeError, AttributeError) as error:
            raise errors.NotAPeer("The answer to _bulk_get has not the form of one.") from error

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#upload-batch-of-changed-documents"""
        refused: list[Refusal] = []
        sound: list[Revision] = []
        for revision in revisions:
            try:
                parse_path(revision.path)  # else it cannot even be written down
                sound.append(revision)
            except errors.BadRequest as fault:
                refused.append(Refusal(revision.id, "".join(revision.path[:1]), "forbidden", fault.reason))
        for some in wire.slices(sound, MAX_REQUEST):
            docs = b",".join([wire.splice(revision, revs=True) for revision in some])
            said = self._ask("POST", "_bulk_docs", content=b'{"new_edits":false,"docs":[' + docs + b"]}")
            if type(said) is not list:
                raise errors.NotAPeer("The answer to _bulk_docs has not the form of one.")
            revs = {revision.id: revision.rev for revision in some}
            for answer in said:
                if type(answer) is dict and "error" in answer:
                    id = str(answer.get("id", ""))
                    rev = str(answer.get("rev") or revs.get(id, ""))
                    refused.append(Refusal(id, rev, str(answer["error"]), str(answer.get("reason", ""))))
        return refused

    def get_local(self, id: str) -> dict[str, Any] | None:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#retrieve-replication-logs-from-source-and-target"""
        try:
            said = self._ask("GET", "_local/" + quote(id, safe=""))
        except errors.NotFound:
            self._local_revs.pop(id, None)
            return None
        if type(said) is not dict or type(said.get("_rev")) is not str:
            raise errors.NotAPeer("The _local document has not the form of one.")
        self._local_revs[id] = said["_rev"]
        return {name: value for name, value in said.items() if not name.startswith("_")}

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#record-replication-checkpoint"""
        try:
            self._put_local(id, doc)
        except errors.Conflict:  # written since we read it, or never read
            self.get_local(id)
            self._put_local(id, doc)

    def _put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        rev = self._local_revs.get(id)
        content = strict_json.dumps({**doc, "_id": "_local/" + id, **({"_rev": rev} if rev else {})})
        said = self._ask("PUT", "_local/" + quote(id, safe=""), content=content)
        if type(said) is dict and type(said.get("rev")) is str:
            self._local_revs[id] = said["rev"]

    def _ask(self, method: str, path: str, **rest: Any) -> Any:
        return self._server.ask(method, f"{self.name}/{path}", **rest)
