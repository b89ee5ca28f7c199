"""The city's authority: made once, signs for stations what is theirs, and refuses what could pass for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from hub import authority
from hub.authority import Authority
from hub.cli import initialise
from hub.cli import main as hub_main
from hub.enrolment import enrolment_of
from station import certificates, enrolment
from sync.errors import Forbidden, NotFound, Unauthorized
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, World

FAR = "510922001000"


@pytest.fixture
def hub(city: World) -> Any:
    """The hub's parts, with an authority."""
    initialise(city[HUB].parts, ("hub.example", "10.0.0.5"))
    return city[HUB].parts


def request(*names: str) -> str:
    return certificates.make_request(certificates.new_key(), names)


def issue(hub: Any, station: str, *names: str) -> str:
    return Authority(hub.store, hub.clock).issue(station, request(*names))


def test_a_township_gets_what_it_asks_for_and_nothing_more(hub: Any) -> None:
    pem = issue(hub, TOWNSHIP, "township.example", "192.168.1.10", "127.0.0.1")
    assert certificates.names_of(pem) == ("township.example", "192.168.1.10", "127.0.0.1")
    assert not certificates.is_authority(pem), "and can sign nobody itself"
    found = x509.load_pem_x509_certificate(pem.encode())
    usage = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [each.dotted_string for each in usage] == ["1.3.6.1.5.5.7.3.1"]
    assert (found.not_valid_after_utc - hub.clock()).days == 365


@pytest.mark.parametrize("name", ["hub.example", "10.0.0.5", "HUB.example."])
def test_nobody_gets_the_hubs_names(hub: Any, name: str) -> None:
    with pytest.raises(Forbidden, match="another station's"):
        issue(hub, TOWNSHIP, name)


def test_nobody_gets_the_name_of_another_station(hub: Any) -> None:
    issue(hub, TOWNSHIP, "township.example")
    issue(hub, TOWNSHIP, "township.example")
    with pytest.raises(Forbidden, match=r"township\.example is another station's"):
        issue(hub, FAR, "township.example")
    issue(hub, FAR, "far.example")


def test_addresses_of_private_networks_may_be_several_townships(hub: Any) -> None:
    issue(hub, TOWNSHIP, "192.168.1.10")
    issue(hub, FAR, "192.168.1.10")
    issue(hub, TOWNSHIP, "8.8.4.4")
    with pytest.raises(Forbidden):
        issue(hub, FAR, "8.8.4.4")


def test_the_hub_takes_back_a_name_that_is_its_own(hub: Any) -> None:
    issue(hub, TOWNSHIP, "new-hub.example")
    initialise(hub, ("new-hub.example",))
    with pytest.raises(Forbidden):
        issue(hub, TOWNSHIP, "new-hub.example")


def test_a_village_needs_no_certificate(hub: Any) -> None:
    with pytest.raises(Forbidden, match="village"):
        issue(hub, VILLAGE, "village.example")


def csr(key: Any, *names: x509.GeneralName) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


NAME = x509.DNSName("township.example")


@pytest.mark.parametrize(
    "asked",
    [
        lambda: "",
        lambda: "x" * 20_000,
        lambda: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        lambda: csr(certificates.new_key()),
        lambda: csr(rsa.generate_private_key(65537, 1024), NAME),
        lambda: csr(ed25519.Ed25519PrivateKey.generate(), NAME),
        lambda: csr(certificates.new_key(), x509.DNSName("*.example")),
        lambda: csr(certificates.new_key(), x509.DNSName("a b")),
        lambda: csr(certificates.new_key(), x509.RFC822Name("root@hub.example")),
        lambda: csr(certificates.new_key(), x509.UniformResourceIdentifier("https://hub.example")),
        lambda: csr(certificates.new_key(), *(x509.DNSName(f"a{n}.example") for n in range(21))),
        lambda: csr(certificates.new_key(), NAME, NAME),
        lambda: broken(request("township.example")),
    ],
)
def test_a_request_of_another_form_is_refused(hub: Any, asked: Any) -> None:
    with pytest.raises(Forbidden, match="can't be certified"):
        Authority(hub.store, hub.clock).issue(TOWNSHIP, asked())


def broken(pem: str) -> str:
    """The request with another name put in behind its signature."""
    import base64

    der = base64.b64decode("".join(pem.splitlines()[1:-1])).replace(b"township.example", b"townshop.example")
    body = base64.b64encode(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n"


def test_without_an_authority_there_is_no_certificate_and_the_reason_says_the_way(city: World) -> None:
    with pytest.raises(NotFound, match="bianmin-hub init"):
        issue(city[HUB].parts, TOWNSHIP, "township.example")


def test_a_device_gets_one_over_its_pass(city: World, hub: Any) -> None:
    parts = city[TOWNSHIP].parts
    asked = (city[HUB].url,)
    pem = enrolment.certify(parts.identity, parts.tls, asked, request("township.example"), city.way)
    assert certificates.names_of(pem) == ("township.example",)


def test_a_server_above_that_gives_none_is_passed_over(city: World, hub: Any) -> None:
    parts = city[NEIGHBOUR].parts
    with pytest.raises(Forbidden, match="village"):  # the hub's word, after the township's 404
        enrolment.certify(parts.identity, parts.tls, parts.settings.parents, request("a.example"), city.way)


def test_a_secret_of_another_client_is_not_enough(city: World, hub: Any) -> None:
    from hub import devices

    secret = devices.give_secret(hub.store, hub.identity.signer, TOWNSHIP, hub.random)
    answer = city.visit(HUB).client.post(
        "/trust/certificate", json={"request": request("a.example")}, auth=(TOWNSHIP, secret)
    )
    assert answer.status_code == Unauthorized.status


def test_stations_are_told_by_a_document_that_the_hub_signed(city: World, hub: Any) -> None:
    pem = authority.current(hub.store)
    village = city[VILLAGE].parts
    assert village.keys.authorities() == ()
    city.sync(TOWNSHIP, VILLAGE)
    assert village.keys.authorities() == (pem,), "so does one that was enrolled before there was an authority"
    public = village.store.database("public")
    kept = public.get("authority")
    assert kept is not None
    key = certificates.new_key()
    public.put({**kept, "certificates": [certificates.make_authority(key, "mine", hub.clock())]})
    assert village.keys.authorities() == (), "what it did not sign counts for nothing"


def test_a_device_pins_the_authority_with_its_code(city: World, hub: Any) -> None:
    parts = city[VILLAGE].parts
    code = enrolment_of(hub).draw(VILLAGE)
    enrolment.join(parts.identity, parts.vault, city[HUB].url, code, transport=city.way(city[HUB].url))
    assert parts.identity.ca == authority.current(hub.store)
    assert parts.identity.hub == city[HUB].url


def test_the_command_is_idempotent_and_takes_other_names(tmp_path: Path) -> None:
    def run(*options: str) -> str:
        done = CliRunner().invoke(hub_main, ["--data", str(tmp_path), "init", *options])
        assert done.exit_code == 0, done.output
        return done.stdout

    first = run("--name", "hub.example", "--ip", "10.0.0.5")
    assert "authority is made" in first
    assert "hub.example, 10.0.0.5" in first
    pem = (tmp_path / "ca.pem").read_text()
    again = run()
    assert "authority is there already" in again
    assert "certificate is there already, for hub.example, 10.0.0.5" in again
    assert "certificate is made, for other.example" in run("--name", "other.example")
    assert (tmp_path / "ca.pem").read_text() == pem
    refused = CliRunner().invoke(hub_main, ["--data", str(tmp_path), "init", "--name", "a b"])
    assert refused.exit_code == 2
    assert "neither a host name nor an address" in refused.output
