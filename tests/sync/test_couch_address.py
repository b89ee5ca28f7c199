"""Addresses of a cluster: which are taken, what is shown of them, and the sentences for the others."""

from __future__ import annotations

import pytest

from sync.couch.address import Address, masked, parse
from sync.errors import BadRequest


def test_an_address_is_read() -> None:
    assert parse("http://user:p%40ss@127.0.0.1:5984") == Address(
        "http", ("127.0.0.1:5984",), ("user", "p@ss")
    )
    assert parse("https://[::1]/city-") == Address("https", ("[::1]:443",), None, "city-")
    assert parse("http://10.0.0.1").nodes == ("10.0.0.1:5984",)
    three = parse("http://a:b@10.0.0.1:5984, http://a:b@10.0.0.2:5984,http://10.0.0.3:5984")
    assert three.nodes == ("10.0.0.1:5984", "10.0.0.2:5984", "10.0.0.3:5984")
    assert three.auth == ("a", "b")


def test_what_is_shown_has_no_password() -> None:
    text = "http://user:p%40ss@127.0.0.1:5984/city-,http://user:p%40ss@127.0.0.2"
    assert masked(text) == "http://user:***@127.0.0.1:5984/city-,http://user:***@127.0.0.2"
    assert "ss" not in str(parse(text.replace("127.0.0.2", "127.0.0.2/city-")))
    assert masked("http://127.0.0.1:5984") == "http://127.0.0.1:5984"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nonsense", "no address of a CouchDB"),
        ("ftp://127.0.0.1", "no address of a CouchDB"),
        ("http://u:hush@127.0.0.1:port", "no address of a CouchDB"),
        ("http://u:hush@127.0.0.1/A/b", "no address of a CouchDB"),
        ("http://u:hush@127.0.0.1/?q=1", "no address of a CouchDB"),
        ("http://u:hush@127.0.0.1,https://u:hush@127.0.0.2", "same scheme"),
        ("http://u:hush@127.0.0.1,http://u:other@127.0.0.2", "same scheme"),
        ("http://u:hush@127.0.0.1/a,http://u:hush@127.0.0.2/b", "same scheme"),
        ("http://u:hush@8.8.8.8:5984", "public address"),
        ("http://u:hush@[2001:4860:4860::8888]", "public address"),
        ("http://u:hush@0.0.0.0", "public address"),
        ("http://u:hush@no-such-host.invalid", "not known"),
    ],
)
def test_what_is_refused_and_why(text: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why) as caught:
        parse(text)
    assert "hush" not in caught.value.reason


def test_a_public_address_is_taken_when_that_is_meant() -> None:
    assert parse("http://8.8.8.8", public=True).nodes == ("8.8.8.8:5984",)
