"""Bodies and heads that lie, over real sockets: each is refused in words or cut off, and whoever comes next is served.

Every test ends by asking an honest question on a new connection. What it costs in memory is test_endpoint_memory.py's.
"""

from __future__ import annotations

import errno
import gzip
import json
import socket
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from sync.endpoint import asgi, http, requests
from sync.store import Store
from tests.sync.neighbours import Gate, application, listening

MB = 1024 * 1024
JSON = "Content-Type: application/json"


class Answer(NamedTuple):
    """What came back; status 0 if the connection was closed without an answer."""

    status: int
    head: bytes
    body: bytes

    @property
    def reason(self) -> str:
        told = json.loads(self.body)
        assert told["error"]
        return str(told["reason"])


def ask(url: str, head: str, body: bytes = b"", *, cut: bool = False, honest: bool = True) -> Answer:
    """Sends a head (its lines; Host is added) and a body as they are; reads to the answer's end. `cut`: the sending side
    is closed after it. `honest`: with the body's own Content-Length."""
    first, *lines = head.split("\n")
    lines.append("Host: 127.0.0.1")
    if honest:
        lines.append(f"Content-Length: {len(body)}")
    return raw(url, "\r\n".join([first + " HTTP/1.1", *lines, "", ""]).encode() + body, cut=cut)


def raw(url: str, data: bytes, *, cut: bool = False, seconds: float = 30) -> Answer:
    """Sends bytes; reads one answer, or to the end of the connection."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=seconds) as line:
        try:
            line.sendall(data)
            if cut:
                line.shutdown(socket.SHUT_WR)
            return read(line)
        except (ConnectionResetError, BrokenPipeError):
            return Answer(0, b"", b"")
        except OSError as error:
            if error.errno != errno.ENOTCONN:  # reset between the two calls
                raise
            return Answer(0, b"", b"")


def read(line: socket.socket) -> Answer:
    """One answer with a Content-Length, or what there is until the other end closes."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = line.recv(65536)
        if not piece:
            return Answer(0, b"", got)
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    told = [
        row.partition(b":")[2] for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")
    ]
    while not told or len(body) < int(told[0]):
        piece = line.recv(65536)
        if not piece:
            break
        body += piece
    return Answer(int(head.split(b" ")[1]), head, body)


def goes_on(url: str) -> None:
    """The server serves the next one."""
    answer = ask(url, "GET /db/things")
    assert (answer.status, json.loads(answer.body)["db_name"]) == (200, "things")


@pytest.fixture
def url(store: Store, gate: Gate) -> Iterator[str]:
    store.database("things", create=True)
    with listening(application(store, gate)) as address:
        yield address
        goes_on(address)


# -- lengths and chunks ------------------------------------------------------------------------------------------------


def test_a_body_that_ends_before_its_length_is_nobodys_document(url: str, store: Store) -> None:
    answer = ask(url, f"PUT /db/things/a\n{JSON}\nContent-Length: 100", b'{"n":1}', cut=True, honest=False)
    assert answer.status in (0, 400)
    assert store.database("things").get("a") is None


def test_what_follows_a_body_is_not_part_of_it(url: str, store: Store) -> None:
    answer = ask(
        url, f"PUT /db/things/a\n{JSON}\nContent-Length: 7", b'{"n":1}garbage', cut=True, honest=False
    )
    assert answer.status in (0, 201, 400)  # the garbage may be answered for first
    assert (store.database("things").get("a") or {"n": 1})["n"] == 1


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999999999999999999999", "7, 8", "+7", "0x7"])
def test_a_length_that_is_no_length_is_refused(url: str, store: Store, length: str) -> None:
    answer = ask(
        url, f"PUT /db/things/a\n{JSON}\nContent-Length: {length}", b'{"n":1}', cut=True, honest=False
    )
    assert answer.status in (400, 413)
    assert store.database("things").get("a") is None


def test_two_lengths_are_refused(url: str, store: Store) -> None:
    head = f"PUT /db/things/a\n{JSON}\nContent-Length: 7\nContent-Length: 2"
    assert ask(url, head, b'{"n":1}', cut=True, honest=False).status == 400
    assert store.database("things").get("a") is None


def test_a_length_beside_chunks_is_refused(url: str, store: Store) -> None:
    """Two ways to tell where a body ends are how a request is smuggled past a proxy."""
    head = f"PUT /db/things/a\n{JSON}\nContent-Length: 5\nTransfer-Encoding: chunked"
    answer = ask(url, head, b'7\r\n{"n":1}\r\n0\r\n\r\n', cut=True, honest=False)
    assert answer.status == 400
    assert store.database("things").get("a") is None


@pytest.mark.parametrize(
    "body",
    [
        b'x\r\n{"n":1}\r\n0\r\n\r\n',
        b'7\r\n{"n":1}0\r\n\r\n',
        b'-7\r\n{"n":1}\r\n0\r\n\r\n',
        b'fffffffffffffffff\r\n{"n":1}',
        b'7\r\n{"n":1}\r\n',
        b"9" * 5000,
    ],
    ids=lambda body: repr(body[:9]),
)
def test_broken_chunks_are_refused(url: str, store: Store, body: bytes) -> None:
    head = f"PUT /db/things/a\n{JSON}\nTransfer-Encoding: chunked"
    assert ask(url, head, body, cut=True, honest=False).status in (0, 400)
    assert store.database("things").get("a") is None


def test_honest_chunks_are_taken(url: str) -> None:
    head = f"PUT /db/things/a\n{JSON}\nTransfer-Encoding: chunked"
    assert ask(url, head, b'3\r\n{"n\r\n4\r\n":1}\r\n0\r\n\r\n', honest=False).status == 201


def test_a_declared_length_beyond_every_bound_is_refused_unread(url: str) -> None:
    answer = ask(url, f"PUT /db/things/a\n{JSON}\nContent-Length: {asgi.MAX_BODY + 1}", b"{", honest=False)
    assert answer.status == 413
    assert "at most" in answer.reason


# -- heads ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"GET /db/" + b"a" * http.MAX_HEAD + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /db/ HTTP/1.1\r\nHost: x\r\nX: " + b"a" * http.MAX_HEAD + b"\r\n\r\n",
        b"GET /db/ HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * http.MAX_HEAD,
        b"GET /db/ HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 8 * MB,
        b"\0" * 1000,
        b"GET /db/ HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["path", "header", "headers", "endless", "zeros", "version", "TLS"],
)
def test_a_head_that_is_none_or_too_large_is_refused(url: str, head: bytes) -> None:
    assert raw(url, head, cut=True).status in (0, 400)


def test_a_head_that_never_comes_is_cut_off(
    store: Store, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "HEAD_SECONDS", 0.3)
    store.database("things", create=True)
    with listening(application(store, gate)) as url:
        began = time.monotonic()
        assert raw(url, b"GET /db/ HTTP/1.1\r\nX: ", seconds=20).status == 0
        assert raw(url, b"", seconds=20).status == 0
        assert time.monotonic() - began < 10
        goes_on(url)


def test_a_body_that_never_comes_is_cut_off(
    store: Store, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "PATIENCE", 0.3)
    store.database("things", create=True)
    with listening(application(store, gate)) as url:
        answer = ask(url, f"PUT /db/things/a\n{JSON}\nContent-Length: 9", b"{", honest=False)
        assert answer.status in (0, 408, 500)
        goes_on(url)


# -- JSON that lies --------------------------------------------------------------------------------------------------------

HASH = "a" * 32


def replicated(*docs: Any) -> bytes:
    return json.dumps({"docs": docs, "new_edits": False}).encode()


@pytest.mark.parametrize(
    ("asked", "body", "status", "words"),
    [
        ("PUT /db/things/a", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "nested deeper"),
        ("POST /db/things/_bulk_docs", b'{"docs":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "nested deeper"),
        ("POST /db/things/_find", b'{"selector":' + b'{"$not":' * 100_000, 400, "nested deeper"),
        ("PUT /db/things/a", b'{"a":1,"a":2}', 400, "occurs twice"),
        ("POST /db/things/_bulk_docs", b'{"docs":[{"_id":"a","_id":"b"}]}', 400, "occurs twice"),
        ("POST /db/things/_bulk_docs", b'{"docs":[],"docs":[]}', 400, "occurs twice"),
        ("PUT /db/things/a", b'{"a":1' + b"0" * 100_000 + b"}", 400, "integer"),
        ("PUT /db/things/a", b'{"a":1e999}', 400, "too large"),
        ("PUT /db/things/a", b'{"a":NaN}', 400, "NaN"),
        ("PUT /db/things/a", b'{"a":"\\ud800"}', 400, "surrogate"),
        ("PUT /db/things/a", b'{"a":"\xff"}', 400, "UTF-8"),
        ("PUT /db/things/a", b"\xef\xbb\xbf{}", 400, "byte order mark"),
        ("PUT /db/things/a", b"{} {}", 400, "JSON"),
        ("PUT /db/things/a?new_edits=false", b'{"_rev":"1000000000-%b"}' % HASH.encode(), 403, "beyond what"),
        ("PUT /db/things/a?new_edits=false", b'{"_rev":"1000000000000000-%b"}' % HASH.encode(), 403, "beyond what"),
        ("PUT /db/things/a?new_edits=false", b'{"_rev":"1' + b"0" * 30 + b'-a"}', 400, "not a revision"),
        ("PUT /db/things/a?new_edits=false", b'{"_revisions":{"start":1,"ids":["b","a"]}}', 400, "_revisions"),
        ("PUT /db/things/a?new_edits=false", b'{"_revisions":{"start":-1,"ids":["b"]}}', 400, "_revisions"),
        ("PUT /db/things/a?new_edits=false", b'{"_rev":"3-b","_revisions":{"start":2,"ids":["b"]}}', 400, "different"),
        ("PUT /db/things/a?new_edits=false", b'{"_revisions":{"start":3,"ids":["b",null]}}', 400, "_revisions"),
        ("PUT /db/things/a", b'{"_attachments":{"x":{"data":"AA==","digest":"md5-AAAA"}}}', 400, "digest"),
        ("PUT /db/things/a", b'{"_attachments":{"x":{"data":"!"}}}', 400, "base64"),
        ("PUT /db/things/a", b'{"_attachments":{"x":{"stub":true,"digest":"md5-AAAA"}}}', 403, "stub"),
        ("POST /db/things/_revs_diff", json.dumps({"a": ["1-a"] * 5000}).encode(), 400, "at most 1000"),
        ("POST /db/things/_revs_diff", json.dumps({str(n): [] for n in range(10_001)}).encode(), 413, "At most"),
        ("POST /db/things/_all_docs", json.dumps({"keys": ["a"] * 10_001}).encode(), 413, "at most"),
        ("POST /db/things/_bulk_get", json.dumps({"docs": [{"id": "a"}] * 10_001}).encode(), 413, "at most"),
        ("POST /db/things/_bulk_docs", b'{"docs":[' + b"{}," * 10_000 + b"{}]}", 413, "at most"),
        ("POST /db/things/_purge", json.dumps({str(n): [] for n in range(10_001)}).encode(), 413, "At most"),
        ("POST /db/things/_changes?filter=_doc_ids", b'{"doc_ids":[' + b'"a",' * 10_000 + b'"a"]}', 400, "at most"),
        ("POST /db/things/_find", b'{"selector":{"$and":[' + b'{"a":1},' * 600 + b"{}]}}", 400, "at most"),
        ("POST /db/things/_find", b'{"selector":{"a":{"$in":[' + b"1," * 9000 + b"1]}}}", 400, "at most"),
        ("POST /db/things/_find", b'{"selector":{"a":{"$regex":"(a+)+$"}}}', 400, "not served"),
        ("POST /db/_session", b'{"name":"a","password":"wrong"}', 401, "Who are you?"),
        ("GET /db/things/_design/x/_view/y", b"", 501, "never run"),
    ],
    ids=lambda value: repr(value[:34]) if isinstance(value, str | bytes) else str(value),
)  # fmt: skip
def test_what_lies_or_is_too_much_is_refused_in_words(
    url: str, asked: str, body: bytes, status: int, words: str
) -> None:
    began = time.monotonic()
    answer = ask(url, f"{asked}\n{JSON}", body)
    assert (answer.status, words in answer.reason) == (status, True), answer.body[:300]
    assert time.monotonic() - began < 5


def test_two_thousand_siblings_in_one_request_are_refused(url: str, store: Store) -> None:
    docs = [{"_id": "a", "_rev": f"1-{n:032x}"} for n in range(2000)]
    for body in (replicated(*docs), json.dumps({"docs": docs}).encode()):
        answer = ask(url, f"POST /db/things/_bulk_docs\n{JSON}", body)
        assert (answer.status, "revisions of one document" in answer.reason) == (413, True)
    assert store.database("things").leaves("a") == []


def test_siblings_beyond_the_bound_of_a_document_are_refused_one_by_one(url: str, store: Store) -> None:
    docs = [{"_id": "a", "_rev": f"1-{n:032x}"} for n in range(requests.MAX_SIBLINGS)]
    refused = json.loads(ask(url, f"POST /db/things/_bulk_docs\n{JSON}", replicated(*docs)).body)
    leaves = store.database("things").leaves("a")
    assert len(refused) + len(leaves) == len(docs)
    assert {one["error"] for one in refused} == {"forbidden"}


def test_gaps_in_a_history_are_a_document_refused_among_others_taken(url: str, store: Store) -> None:
    bad = [
        {"_id": "x", "_revisions": {"start": 9, "ids": ["c", "b b", "a"]}},
        {"_id": "y", "_rev": f"{10**9}-{HASH}"},
        {"_id": "z", "_revisions": {"start": 2, "ids": ["c", "b", "a"]}},
    ]
    answer = ask(url, f"POST /db/things/_bulk_docs\n{JSON}", replicated(*bad, {"_id": "a", "_rev": "1-a"}))
    assert [(one["id"], one["error"]) for one in json.loads(answer.body)] == [
        (id, "forbidden") for id in ("x", "z", "y")
    ]
    assert store.database("things").get("a") is not None


def test_a_million_keys_of_which_one_is_twice_take_no_minutes(url: str) -> None:
    body = b"{" + b",".join(b'"%d":1' % n for n in range(100_000)) + b',"99999":1}'
    began = time.monotonic()
    answer = ask(url, f"PUT /db/things/a\n{JSON}", body)
    assert (answer.status, "occurs twice" in answer.reason) == (400, True)
    assert time.monotonic() - began < 5


# -- files that lie ----------------------------------------------------------------------------------------------------------


def related(members: dict[str, Any], *files: bytes, end: bytes = b"\r\n--x--") -> bytes:
    text = b'--x\r\nContent-Type: application/json\r\n\r\n{"_attachments":%b}' % json.dumps(members).encode()
    return b"\r\n--x\r\n\r\n".join([text, *files]) + end


FOLLOWS = {"follows": True, "content_type": "text/plain"}
PARTS = 'PUT /db/things/a\nContent-Type: multipart/related; boundary="x"'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (related({"f": {**FOLLOWS, "length": 4}}, b"abc"), "announced"),
        (related({"f": {**FOLLOWS, "length": 2}}, b"abc"), "announced"),
        (related({"f": {**FOLLOWS, "digest": "md5-AAAA"}}, b"abc"), "digest"),
        (related({"f": {**FOLLOWS, "encoding": "gzip"}}, b"abc"), "unpacked"),
        (related({"f": {**FOLLOWS, "encoding": "gzip"}}, gzip.compress(b"abc", mtime=0)[:-5]), "cut off"),
        (
            related({"f": {**FOLLOWS, "encoding": "gzip"}}, gzip.compress(b"abc", mtime=0) + b"more"),
            "follows",
        ),
        (related({"f": {**FOLLOWS, "encoding": "x"}}, b"abc"), "encoding"),
        (related({"f": FOLLOWS}, b"abc", end=b""), "cut off"),
        (related({"f": FOLLOWS}, b"abc" * MB, end=b""), "cut off"),
        (related({"f": FOLLOWS, "g": FOLLOWS}, b"abc"), "does not follow"),
        (related({"f": FOLLOWS}, *[b"abc"] * 5000), "more files"),
        (related({str(n): FOLLOWS for n in range(5000)}, *[b"abc"] * 5000), "at most 100"),
        (b"--x\r\n" + b"A: b\r\n" * 50_000, "broken"),
        (b"--x\r\nA: " + b"b" * MB, "broken"),
        (b"--x\r\n\r\n" + b"[" * 9 * MB, "."),
        (b"--x\r\n\r\n\r\n--x--", "JSON"),
        (b"x" * MB, "broken"),
        (b"", "cut off"),
        (
            b"--x\r\nContent-Type: multipart/related; boundary=y\r\n\r\n"
            + b"--y\r\n\r\n{}" * 9000
            + b"\r\n--x--",
            "JSON",
        ),
    ],
    ids=lambda value: repr(value[-34:]) if isinstance(value, bytes) else value,
)
def test_multipart_that_lies_is_refused_in_words(url: str, store: Store, body: bytes, words: str) -> None:
    answer = ask(url, PARTS, body)
    assert answer.status in (400, 413)
    assert words in answer.reason, answer.reason
    assert store.database("things").get("a") is None


def test_an_attachment_that_is_not_what_it_claims_is_refused(url: str, store: Store) -> None:
    answer = ask(url, "PUT /db/things/a/f\nContent-MD5: AAAA", b"abc")
    assert (answer.status, "Content-MD5" in answer.reason) == (400, True)
    assert ask(url, "PUT /db/things/a/f\nContent-Encoding: br", b"abc").status == 400
    assert store.database("things").get("a") is None
