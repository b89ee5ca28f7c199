"""Reads the address of a CouchDB cluster. Asks the resolver at most; opens nothing.

A cluster's nodes are named one after the other, with commas between: the first that answers is used. User and
password belong to all of them, so they are written once or alike. A path is what the databases' names begin with, for
a cluster that holds more than one city: `http://127.0.0.1:5984/suining-`.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from sync import names
from sync.errors import BadRequest

EXAMPLE = "http://user:password@127.0.0.1:5984"


class Address(NamedTuple):
    """Where a cluster answers. `nodes` are `host:port`, all reached by `scheme`."""

    scheme: str
    nodes: tuple[str, ...]
    auth: tuple[str, str] | None
    prefix: str = ""

    @property
    def url(self) -> str:
        """The first node's address, without user and password."""
        return f"{self.scheme}://{self.nodes[0]}"

    def __str__(self) -> str:
        return f"{self.scheme}://{','.join(self.nodes)}{'/' + self.prefix if self.prefix else ''}"


def parse(text: str, *, public: bool = False) -> Address:
    """The address written in `text`; BadRequest says what is wrong with it. Nothing said quotes the password.

    Refuses addresses outside this house (RFC 1918, loopback and their like) unless `public`: a CouchDB that the world
    can reach will be tried by the world.
    """
    found = [_node(part.strip(), public) for part in text.split(",")]
    schemes, prefixes = {each.scheme for each in found}, {each.prefix for each in found}
    auths = {each.auth for each in found if each.auth}
    if len(schemes) > 1 or len(auths) > 1 or len(prefixes) > 1:
        raise BadRequest("The nodes of one CouchDB cluster have the same scheme, user, password and path.")
    nodes = tuple(dict.fromkeys(node for each in found for node in each.nodes))
    return Address(schemes.pop(), nodes, next(iter(auths), None), prefixes.pop())


def masked(text: str) -> str:
    """`text` as it may be shown: without passwords, well-formed or not."""
    return re.sub(r"//([^/,:@]*):[^/,]*@", r"//\1:***@", text)


def _node(text: str, public: bool) -> Address:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 5984)
    except ValueError:
        raise BadRequest(f"{masked(text)} is no address of a CouchDB, such as {EXAMPLE}.") from None
    prefix = parts.path.strip("/")
    odd = parts.query or parts.fragment or (prefix and not names.is_database(prefix))
    if parts.scheme not in ("http", "https") or not host or odd:
        raise BadRequest(f"{masked(text)} is no address of a CouchDB, such as {EXAMPLE}.")
    if not public:
        _check_private(host)
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Address(parts.scheme, (f"[{host}]:{port}" if ":" in host else f"{host}:{port}",), auth, prefix)


def _check_private(host: str) -> None:
    """BadRequest unless every address of the host is of the kind that no router passes on."""
    try:
        addresses = {ipaddress.ip_address(host)}
    except ValueError:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError:
            raise BadRequest(f"The CouchDB host {host} is not known to this computer.") from None
        addresses = {ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found}
    if outside := [str(each) for each in addresses if not each.is_private or each.is_unspecified]:
        raise BadRequest(
            f"The CouchDB at {host} ({', '.join(sorted(outside))}) is on a public address. Put it on a private one, or say"
            " that this is meant with --couchdb-public."
        )
