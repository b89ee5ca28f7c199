"""The way to a peer is not to be trusted: portals, redirects, bombs, silence, half answers."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from sync import asking, errors, strict_json
from sync.remote import RemoteDatabase, RemoteServer
from sync.store import Store
from tests.sync.neighbours import Gate, application, listening
from tests.sync.test_peers import revision

WELCOME = {"couchdb": "Welcome", "uuid": "abc", "version": "3.5.0"}


def answering(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> RemoteServer:
    return RemoteServer("http://peer/db", transport=httpx.MockTransport(answer), **options)


def always(*args: Any, **more: Any) -> RemoteServer:
    return answering(lambda request: httpx.Response(*args, **more))


def test_a_peer_says_welcome_and_is_asked_once() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json=WELCOME)

    with answering(answer) as server:
        assert server.welcome() == server.welcome() == WELCOME
    assert asked == ["/db/"]


@pytest.mark.parametrize(
    ("status", "headers", "content"),
    [
        (200, {"content-type": "text/html"}, b"<h1>Welcome to Hotel WiFi</h1>"),
        (200, {}, b""),
        (302, {"location": "http://portal/login"}, b""),
        (301, {"location": "http://portal/login", "content-type": "application/json"}, b"{}"),
        (307, {"location": "http://portal/"}, b""),
        (511, {"content-type": "application/json"}, b"{}"),
        (404, {"content-type": "text/html"}, b"nginx"),
        (403, {"content-type": "text/plain"}, b"blocked"),
        (200, {"content-type": "application/json"}, b'{"status":"router"}'),
        (200, {"content-type": "application/json"}, b'{"couchdb":"Welcome","uuid":7}'),
        (200, {"content-type": "application/json"}, b"[]"),
        (200, {"content-type": "application/json", "content-encoding": "br"}, b"{}"),
        (200, {"content-type": "application/json", "content-encoding": "gzip"}, b"{}"),
    ],
)
def test_whatever_is_no_peer_is_told_apart(status: int, headers: dict[str, str], content: bytes) -> None:
    with (
        always(status, headers=headers, stream=httpx.ByteStream(content)) as server,
        pytest.raises(errors.NotAPeer),
    ):
        server.database("things")


def test_the_password_is_never_carried_elsewhere() -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(307, headers={"location": "http://portal/db/"})

    with answering(answer, auth=("510903001001", "secret")) as server, pytest.raises(errors.NotAPeer):
        server.welcome()
    assert [url.host for url in asked] == ["peer"]


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with RemoteServer("http://127.0.0.1:9/db") as server:
        assert not server._client.trust_env
        assert not server._client.follow_redirects


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (412, errors.DatabaseExists),
        (413, errors.TooLarge),
        (418, errors.TheirFault),
        (429, errors.PeerFailed),
        (500, errors.PeerFailed),
        (503, errors.PeerFailed),
    ],
)
def test_an_error_keeps_its_status_and_its_words(status: int, error: type[errors.TheirFault]) -> None:
    with (
        always(status, json={"error": "x", "reason": "Because."}) as server,
        pytest.raises(error, match="Because") as said,
    ):
        server.ask("GET", "things")
    assert type(said.value) is error


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None), ("9" * 30, None)])
def test_a_busy_peer_says_when_to_come_back(header: str, seconds: float | None) -> None:
    with (
        always(503, text="busy", headers={"retry-after": header}) as server,
        pytest.raises(errors.PeerFailed) as said,
    ):
        server.ask("GET", "things")
    assert said.value.retry_after == seconds


def test_packed_answers_are_understood() -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    with always(
        200, headers=headers, stream=httpx.ByteStream(gzip.compress(strict_json.dumps(WELCOME)))
    ) as server:
        assert server.welcome() == WELCOME


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MAX_RESPONSE", 100_000)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    bomb = gzip.compress(b" " * 50_000_000)
    with (
        always(200, headers=headers, stream=httpx.ByteStream(bomb)) as server,
        pytest.raises(errors.TooLarge),
    ):
        server.ask("GET", "")
    plain = httpx.ByteStream(b" " * 200_000)
    headers = {"content-type": "application/json"}
    with always(200, headers=headers, stream=plain) as server, pytest.raises(errors.TooLarge):
        server.ask("GET", "")


def test_an_answer_cut_off_is_no_answer() -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    cut = gzip.compress(strict_json.dumps(WELCOME))[:-12]
    with (
        always(200, headers=headers, stream=httpx.ByteStream(cut)) as server,
        pytest.raises(errors.Unreachable),
    ):
        server.ask("GET", "")


def test_a_peer_that_answers_with_loose_json_is_refused() -> None:
    loose = httpx.Response(
        200, headers={"content-type": "application/json"}, content=b'{"couchdb":1,"couchdb":"Welcome"}'
    )
    with answering(lambda request: loose) as server, pytest.raises(errors.BadJson):
        server.welcome()


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda db: db.changes(), {"results": [{"id": "a"}], "last_seq": 1}),
        (lambda db: db.changes(), [1]),
        (lambda db: db.revs_diff({"a": ["1-a"]}), {"a": 1}),
        (lambda db: list(db.get_revisions({"a": ["1-a"]})), {"results": [{"id": "a"}]}),
        (lambda db: list(db.get_revisions({"a": ["1-a"]})), {"results": [{"docs": [{"ok": {"_id": "a"}}]}]}),
        (lambda db: db.add_revisions([revision("a", "1-a")]), {"ok": True}),
        (lambda db: db.get_local("a"), [1]),
    ],
)
def test_an_answer_of_another_shape_is_not_a_peers(
    call: Callable[[RemoteDatabase], Any], answer: Any
) -> None:
    with always(200, json=answer) as server, pytest.raises(errors.TheirFault):
        call(RemoteDatabase(server, "things", "abc/things", {}))


@pytest.mark.parametrize(
    "answer",
    [
        b'{"id":"a","docs":[{"ok":DOC}]}',
        b'{"docs":[{"ok":DOC}],"id":"a"}',
        b'{"docs":[{"ok":DOC}],"x":[{"y":{}}]}',
        b'{"id":{"docs":[{"ok":{"_id":"b","n":2}}]},"docs":[{"ok":DOC}]}',
        b'{"id":"a","docs":[{"error":{"n":{}},"ok":DOC}]}',
        b'{"id":"a", "docs": [ {"ok": DOC } ] }',
        b'{"id":"a\\"docs\\":[{\\"ok\\":","docs":[{"ok":DOC}]}',
    ],
)
def test_a_body_is_what_was_read_however_an_answer_is_laid_out(answer: bytes) -> None:
    doc = b'{"_id":"a","_rev":"1-a","n":1.50}'
    text = b'{"results":[' + answer.replace(b"DOC", doc) + b"]}"
    with always(200, headers={"content-type": "application/json"}, content=text) as server:
        (found,) = RemoteDatabase(server, "things", "x", {}).get_revisions({"a": ["1-a"]})
    assert (found.id, found.path, found.checked) == ("a", ("1-a",), True)
    assert found.body in (b'{"n":1.50}', b'{"n":1.5}')


def test_a_refusal_without_a_revision_gets_the_one_that_was_sent() -> None:
    answer = [{"id": "a", "error": "forbidden", "reason": "No."}]
    with always(201, json=answer) as server:
        refused = RemoteDatabase(server, "things", "x", {}).add_revisions(
            [revision("a", "1-a"), revision("b", "1-b")]
        )
    assert refused == [("a", "1-a", "forbidden", "No.")]


def test_nobody_there_is_said_at_once() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/db"
        with RemoteServer(url) as server, pytest.raises(errors.Unreachable):
            server.welcome()


@contextmanager
def _mute(says: bytes) -> Iterator[str]:
    """A listener that accepts, says a few bytes, and then nothing."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(says)
                done.wait(30)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/db"
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"]
)
def test_silence_has_an_end(says: bytes) -> None:
    late = pytest.raises(errors.Unreachable, match="in time")
    with _mute(says) as url, RemoteServer(url, timeout=0.2) as server, late:
        server.welcome()


def test_noise_is_no_answer() -> None:
    unreachable = pytest.raises(errors.Unreachable)
    with _mute(b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as url, RemoteServer(url, timeout=2) as server, unreachable:
        server.welcome()


def test_a_database_is_found_or_made(store: Store, gate: Gate) -> None:
    gate.hidden.add("secret")
    for name in ("one", "secret"):
        store.create_database(name)
    with RemoteServer("http://peer/db", transport=httpx.WSGITransport(application(store, gate))) as server:
        with pytest.raises(errors.NotFound):
            server.database("other")
        assert server.database("other", create=True).identity == store.database("other").identity
        assert server.database("other", create=True).info()["db_name"] == "other"
        assert server.databases() == ["one", "other"]
        with pytest.raises(errors.BadRequest):
            server.database("../one")


def test_a_database_made_anew_is_another(store: Store, gate: Gate) -> None:
    with RemoteServer("http://peer/db", transport=httpx.WSGITransport(application(store, gate))) as server:
        before = server.database("one", create=True).identity
        store.delete_database("one")
        assert server.database("one", create=True).identity != before


def test_a_checkpoint_written_by_somebody_else_meanwhile_is_replaced(store: Store, gate: Gate) -> None:
    with RemoteServer("http://peer/db", transport=httpx.WSGITransport(application(store, gate))) as server:
        db = server.database("one", create=True)
        db.put_local("mark", {"n": 1})
        store.database("one").put_local("mark", {"n": 2})
        db.put_local("mark", {"n": 3})
    assert store.database("one").get_local("mark") == {"n": 3}


def test_names_of_all_kinds_pass_a_real_socket(store: Store, gate: Gate) -> None:
    names = ["文件 一", "a/b", "a%2Fb", "a?b#c", "x+y=z&", "~'\"()"]
    db = store.database("things", create=True)
    with listening(application(store, gate)) as url, RemoteServer(url) as server, httpx.Client() as client:
        peer = server.database("things")
        for name in names:
            peer.put_local(name, {"name": name})
            assert peer.get_local(name) == {"name": name}
            assert db.get_local(name) == {"name": name}
            rev = db.put(
                {"_id": name, "_attachments": {name: {"content_type": "text/plain", "data": "aGVsbG8="}}}
            )
            quoted = quote(name, safe="")
            assert client.get(f"{url}/things/{quoted}").json()["_rev"] == rev
            assert client.get(f"{url}/things/{quoted}/{quoted}").content == b"hello"


def test_bodies_go_packed_until_a_server_cannot_take_them() -> None:
    came: list[tuple[str, bytes]] = []
    old = False

    def answer(request: httpx.Request) -> httpx.Response:
        packed = request.headers.get("content-encoding", "")
        came.append((packed, gzip.decompress(request.content) if packed else request.content))
        if packed and old:
            return httpx.Response(415, json={"error": "bad_content_type", "reason": "gzip not supported"})
        return httpx.Response(200, json={})

    body = strict_json.dumps({"ids": ["低保申请"] * 500})
    for is_old, ways in ((False, ["gzip", "gzip"]), (True, ["gzip", "", ""])):
        old = is_old
        came.clear()
        with answering(answer) as server:
            server.ask("POST", "x", content=body)
            server.ask("POST", "x", content=body)
        assert came == [(way, body) for way in ways]
    came.clear()
    with answering(answer) as server:
        server.ask("POST", "x", content=b"{}")  # not worth it
    with answering(answer, compress=False) as server:
        server.ask("POST", "x", content=body)
    assert [way for way, _ in came] == ["", ""]


@pytest.mark.parametrize("cut", [httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError])
def test_a_request_is_sent_again_only_where_that_does_no_harm(cut: type[httpx.TransportError]) -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        if len(sent) == 1:
            raise cut("the connection had been closed", request=request)
        return httpx.Response(200, json={})

    with answering(answer) as server:
        assert server.ask("POST", "_revs_diff") == {}
        assert sent == ["POST", "POST"]
        sent.clear()
        with pytest.raises(errors.Unreachable):
            server.ask("PUT", "_local/x", once=True)
        assert sent == ["PUT"]


def test_a_request_is_sent_again_once_and_never_after_a_silence() -> None:
    sent: list[str] = []
    fault: type[httpx.TransportError] = httpx.ReadError

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        raise fault("no", request=request)

    faults: list[tuple[type[httpx.TransportError], int]]
    faults = [(httpx.ReadError, 2), (httpx.ReadTimeout, 1), (httpx.ConnectError, 1)]
    for each, times in faults:
        fault = each
        sent.clear()
        with answering(answer) as server, pytest.raises(errors.Unreachable):
            server.ask("GET", "x")
        assert len(sent) == times
