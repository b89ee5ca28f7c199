"""TLS on real sockets: certificates of the city's own authority and no other, renewed without a restart."""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.enrolment import enrolment_of
from station import certificates, enrolment, server
from station.app import build_parts
from station.server import listen
from station.settings import Settings
from sync.asking import Way
from sync.endpoint.http import running
from sync.errors import SyncError, Untrusted
from tests.test_journey import PERMIT, record
from tests.world import HUB, QUICK_WRAPPING, TOWNSHIP, VILLAGE, World, small_city


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("tls"), tls=True) as world:
        yield world


def shown(world: World, code: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    """An open connection to a server."""
    port = int(world[code].url.rpartition(":")[2])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")


def test_a_record_goes_from_village_to_hub_by_tls_all_the_way(city: World) -> None:
    assert city[HUB].url.startswith("https:")
    assert city[TOWNSHIP].url.startswith("https:")
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    assert city[HUB].parts.casework.case(case_no) is not None
    assert city[VILLAGE].parts.agent.status()["last"]["parent"] == city[TOWNSHIP].url


def test_cookies_stay_on_tls_and_the_server_sees_who_calls(city: World) -> None:
    visitor = city.visit(HUB)
    visitor.open("/sign-in")
    token = next(each for each in visitor.client.cookies.jar if each.name in ("session", "bianmin_session"))
    assert token.secure


def believed(pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    return context


class Impostor:
    """A server with a certificate for the right names of another authority, such as a public one."""

    def __init__(self, names: tuple[str, ...] = ("127.0.0.1",), authority: tuple[certificates.Key, str] | None = None,
                 began: datetime | None = None) -> None:  # fmt: skip
        now = began or datetime.now().astimezone()
        key = certificates.new_key()
        self.authority = authority or (key, certificates.make_authority(key, "A public authority", now))
        own = certificates.new_key()
        request = certificates.make_request(own, names)
        self.pem = certificates.sign(*self.authority, request, "impostor", now)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(self.pem + certificates.write_key(own))
            file.flush()
            self._context.load_cert_chain(file.name)
        self.heard = 0

    @contextmanager
    def serving(self) -> Iterator[str]:
        async def application(scope: object, receive: object, send: object) -> None:
            self.heard += 1

        with ExitStack() as stack:
            bound = listen("127.0.0.1", 0)
            stack.callback(bound.close)
            stack.enter_context(running(application, bound, tls=self._context))
            yield f"https://127.0.0.1:{bound.getsockname()[1]}"


def refused(city: World, impostor: Impostor) -> str:
    """What the village's client says of such a server; nothing was sent to it."""
    tls = city[VILLAGE].parts.tls.client()
    with impostor.serving() as url, Way(url, tls=tls) as way, pytest.raises(Untrusted) as said:
        way.ask("GET", "db/")
    assert impostor.heard == 0
    return said.value.reason


def test_a_certificate_of_another_authority_is_refused(
    city: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    impostor = Impostor()
    # Not even where this computer trusts that authority, as it does public ones.
    (tmp_path / "public.pem").write_text(impostor.authority[1])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
    assert "do not trust" in refused(city, impostor)
    trusted = city[VILLAGE].parts.tls.client().get_ca_certs()
    assert [each["subject"][1][0][1] for each in trusted] == [f"bianmin {HUB}"]


def test_the_agent_says_so_and_syncs_by_the_next_way(city: World) -> None:
    parts = city[VILLAGE].parts
    before = parts.settings.parents
    with Impostor().serving() as url:
        parts.agent.close()
        parts.settings = replace(parts.settings, parents=())
        parts.agent._parents = lambda: (url, city[HUB].url)
        outcome = parts.agent.sync_once()
        parts.agent._parents = lambda: before
    assert [each["error"] for each in outcome.trouble] == ["untrusted"]
    assert outcome.parent == city[HUB].url


def own_authority(city: World) -> tuple[certificates.Key, str]:
    kept = city[HUB].parts.store.database("here").get("authority")
    assert kept is not None
    return certificates.read_key(kept["key"]), kept["certificate"]


def test_a_certificate_for_another_name_is_refused(city: World) -> None:
    impostor = Impostor(("township.example", "127.0.0.2"), own_authority(city))
    assert "do not trust" in refused(city, impostor)


@pytest.mark.parametrize("days", [-400, 30])
def test_a_certificate_that_is_not_in_force_now_asks_about_the_clock(city: World, days: int) -> None:
    began = datetime.now().astimezone() + timedelta(days=days)
    key, _ = own_authority(city)
    impostor = Impostor(authority=(key, own_authority(city)[1]), began=began)
    assert "Is the clock right?" in refused(city, impostor)


def test_a_server_without_tls_under_https_is_refused(city: World) -> None:
    bound = listen("127.0.0.1", 0)

    async def application(scope: object, receive: object, send: object) -> None:
        raise AssertionError("asked")

    with bound, running(application, bound):
        url = f"https://127.0.0.1:{bound.getsockname()[1]}"
        with Way(url, tls=city[VILLAGE].parts.tls.client()) as way, pytest.raises(Untrusted, match="TLS"):
            way.ask("GET", "db/")


def test_older_versions_of_tls_are_not_spoken(city: World) -> None:
    old = believed(own_authority(city)[1])
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        shown(city, HUB, old)


def test_a_client_that_comes_again_resumes_its_session(city: World) -> None:
    context = believed(own_authority(city)[1])
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose ticket comes with the handshake
    with shown(city, HUB, context) as first:
        session = first.session
    port = int(city[HUB].url.rpartition(":")[2])
    raw = socket.create_connection(("127.0.0.1", port))
    with context.wrap_socket(raw, server_hostname="127.0.0.1", session=session) as again:
        assert again.session_reused


def aged(world: World, code: str) -> str:
    """This server's certificate as it would be had it been signed eight months ago."""
    key = certificates.new_key()
    asked = certificates.make_request(key, world[code].parts.tls.names)
    return certificates.sign(*own_authority(world), asked, code, world.time() - timedelta(days=250))


def serial(world: World, code: str) -> str:
    with shown(world, code, world[VILLAGE].parts.tls.client()) as line:
        found = line.getpeercert()
    assert found
    return str(found["serialNumber"])


def test_certificates_are_renewed_before_their_end_without_a_restart(tmp_path: Path) -> None:
    with small_city(tmp_path, tls=True) as world:
        before = {code: serial(world, code) for code in (HUB, TOWNSHIP)}
        for code in before:
            server.tend(world[code].parts)
        assert {code: serial(world, code) for code in before} == before, "not due"
        # What is shown has less than a third of its life left: as if today were eight months later, and signed today.
        for code in before:
            parts = world[code].parts
            assert not certificates.is_due(parts.tls.certificate, world.time() + timedelta(days=240))
            parts.tls._shown = aged(world, code)
            server.tend(parts)
            assert serial(world, code) != before[code]
            assert parts.tls.certificate != aged(world, code)
        world.reconnect()
        world.sync(TOWNSHIP, VILLAGE)


def test_a_server_without_its_certificate_at_hand_goes_on_with_what_it_has(
    city: World, caplog: pytest.LogCaptureFixture
) -> None:
    parts = city[TOWNSHIP].parts
    before = parts.tls.certificate
    kept, parts.certify = parts.certify, lambda _: own_authority(city)[1]
    parts.settings = replace(parts.settings, hosts=(*parts.settings.hosts, "township.example"))
    server.tend(parts)
    assert parts.tls.certificate == before
    assert "tried again in an hour" in caplog.text
    parts.certify = kept
    server.tend(parts)
    assert "township.example" in parts.tls.names


def test_no_key_is_left_in_the_folder_of_temporary_files(
    city: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = []
    load = ssl.SSLContext.load_cert_chain

    def look(self: ssl.SSLContext, name: str, *args: object, **named: object) -> None:
        seen.append(Path(name).read_text())
        assert Path(name).stat().st_mode & 0o77 == 0
        load(self, name, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", look)
    city[HUB].parts.tls._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    assert ["ENCRYPTED PRIVATE KEY" in each for each in seen] == [True]
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_gets_the_certificate_in_files_of_its_own(city: World, tmp_path: Path) -> None:
    parts = city[HUB].parts
    parts.tls.write_files(tmp_path / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls" / "server.pem", tmp_path / "tls" / "server.key")
    if os.name == "posix":
        assert (tmp_path / "tls" / "server.key").stat().st_mode & 0o77 == 0


@pytest.fixture
def laptop(tmp_path: Path, city: World) -> Iterator[object]:
    settings = Settings(data=tmp_path / "laptop", code=VILLAGE, key_file=tmp_path / "key")
    parts = build_parts(settings, wrapping=QUICK_WRAPPING, clock=city.time)
    yield parts
    parts.close()


def test_at_enrolment_the_line_need_not_be_trusted_and_whoever_is_on_it_learns_and_changes_nothing(
    city: World, laptop: object
) -> None:
    impostor = Impostor()
    code = enrolment_of(city[HUB].parts).draw(VILLAGE)
    with impostor.serving() as url, pytest.raises(SyncError):
        enrolment.let_in(laptop, url, code)  # type: ignore[arg-type]
    assert laptop.identity.root == laptop.identity.ca == ""  # type: ignore[attr-defined]


def test_the_certificate_travels_once_and_not_after_each_cut(city: World) -> None:
    tls, reused = city[VILLAGE].parts.tls, []
    tls._believing = None  # whatever other tests asked for before
    for _ in range(3):
        with Way(city[HUB].url, tls=tls.client()) as way:
            request = way.build("GET", "up")
            with way.answer(request) as answer:
                answer.read()
                reused.append(answer.extensions["network_stream"].get_extra_info("ssl_object").session_reused)
    assert reused == [False, True, True]


def test_a_session_with_one_server_is_none_with_another(city: World) -> None:
    tls = city[VILLAGE].parts.tls.client()
    with Way(city[HUB].url, tls=tls) as way:
        way.fetch("GET", "up")
    with Impostor().serving() as url, Way(url, tls=tls) as way, pytest.raises(Untrusted):
        way.fetch("GET", "up")
