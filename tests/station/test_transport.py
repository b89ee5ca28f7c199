"""Plain HTTP stays on this computer, and who calls is what the socket says, or the proxy that was named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from schemas.problems import DomainError
from station import transport
from station.settings import Settings
from tests.world import VILLAGE

PROXY, STRANGER = "10.0.0.2", "203.0.113.9"
SAID = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "hub.example"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST.", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_this_computer(host: str) -> None:
    assert transport.is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example", "127.0.0.1.example", "", "2130706433"]
)
def test_others(host: str) -> None:
    assert not transport.is_loopback(host)


@pytest.mark.parametrize("url", ["https://hub.example", "http://127.0.0.1:8000/", "http://[::1]:8000"])
def test_a_good_address_above(url: str) -> None:
    transport.check_above(url)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hub.example", "plain_parent"),
        ("http://10.0.0.1:8000", "plain_parent"),
        ("http://localhost.example", "plain_parent"),
        ("hub.example", "no_address"),
        ("ftp://hub.example", "no_address"),
        ("https://", "no_address"),
        ("https://name:word@hub.example", "no_address"),
        ("https://hub.example:port", "no_address"),
        ("https://[::1", "no_address"),
    ],
)
def test_an_address_above_that_is_refused(url: str, code: str) -> None:
    with pytest.raises(DomainError) as said:
        transport.check_above(url)
    assert said.value.problem.code == code


@pytest.mark.parametrize(
    ("given", "tls"),
    [
        ({}, False),
        ({"tls": True}, True),
        ({"host": "10.0.0.1"}, True),
        ({"host": "0.0.0.0"}, True),
        ({"host": "0.0.0.0", "proxies": (PROXY,)}, False),
        ({"tls": True, "proxies": (PROXY,)}, False),
    ],
)
def test_when_tls_is_spoken(given: dict[str, Any], tls: bool) -> None:
    assert transport.speaks_tls(Settings(data=Path("x"), code=VILLAGE, **given)) is tls


def test_names_for_others_are_those_that_are_not_this_computer() -> None:
    hosts = ("127.0.0.1", "localhost", "Township.example")
    settings = Settings(data=Path("x"), code=VILLAGE, hosts=hosts, host="10.0.0.9")
    assert transport.outward_names(settings) == ["township.example", "10.0.0.9"]
    everywhere = Settings(data=Path("x"), code=VILLAGE, hosts=hosts, host="0.0.0.0")
    assert transport.outward_names(everywhere) == ["township.example"]


def caller(environ: dict[str, Any], start_response: Any) -> Any:
    request = Request(environ)
    said = {"address": request.remote_addr, "secure": request.is_secure, "host": request.host}
    told = sorted(name for name in transport.FORWARDED if name in environ)
    return Response(f"{said} {told}")(environ, start_response)


def asked(address: str, plain: bool = False, **headers: str) -> str:
    client = Client(transport.Proxied(caller, [PROXY, "::1"], plain=plain))
    answer = client.get("/", environ_base={"REMOTE_ADDR": address}, headers={**SAID, **headers})
    return f"{answer.status_code} {answer.text}"


@pytest.mark.parametrize("address", [PROXY, f"::ffff:{PROXY}", "::1"])
def test_the_proxy_that_was_named_is_believed(address: str) -> None:
    said = asked(address)
    assert "'address': '198.51.100.7', 'secure': True, 'host': 'hub.example'" in said


def test_of_what_the_caller_told_the_proxy_only_the_proxys_own_word_counts() -> None:
    assert "'address': '198.51.100.7'" in asked(
        PROXY, **{"X-Forwarded-For": "127.0.0.1, 10.9.9.9, 198.51.100.7"}
    )


@pytest.mark.parametrize("address", [STRANGER, "10.0.0.20", "127.0.0.1", ""])
def test_nobody_else_is_believed(address: str) -> None:
    said = asked(address, Forwarded="for=127.0.0.1;proto=https")
    assert f"'address': {address!r}, 'secure': False, 'host': 'localhost'" in said
    assert said.endswith("[]"), "nothing further in can believe it either"


def test_where_the_line_is_plain_others_than_the_proxy_may_not_come() -> None:
    assert asked(STRANGER, plain=True).startswith("403")
    assert asked(PROXY, plain=True).startswith("200")
    assert asked("127.0.0.1", plain=True).startswith("200")
