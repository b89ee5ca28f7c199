"""What may go over which line: plain HTTP on loopback alone, TLS to everybody else, and who is believed about it. Pure but for
`Proxied`, which wraps an application.

    listens on        TLS   --proxy   what happens
    loopback          no    any       plain HTTP
    loopback          yes   no        TLS                                                  (--tls)
    another address   –     no        TLS with this server's certificate; without one it does not start
    another address   –     yes       plain HTTP for the proxy and this computer, 403 for everybody else
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from werkzeug.middleware.proxy_fix import ProxyFix

from schemas.problems import N_, DomainError, Problem
from station.certificates import LOOPBACK, normal_name
from station.settings import Settings

_EVERYWHERE: Final = frozenset(("0.0.0.0", "::", ""))  # noqa: S104  # told from others, not listened on
FORWARDED: Final = (
    "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX", "HTTP_X_REAL_IP",
)  # fmt: skip
NO_CERTIFICATE: Final = (
    "{host} is seen by others, and plain HTTP is for this computer alone. This server has no certificate yet. At the hub:"
    " `bianmin-hub init --name NAME`. At a station: `bianmin-station join URL CODE` with --hosts for the names it is reached by."
    " Or name the proxy in front that speaks TLS (--proxy ADDRESS), or listen on --host 127.0.0.1."
)
PLAIN_PARENT: Final = N_(
    "“{url}”是明文地址，只能用于本机。请改用 https:// 开头的地址（市中心提供，需先在市中心运行 bianmin-hub init）"
)
NO_ADDRESS: Final = N_("“{url}”不是网址。市中心的网址形如 https://hub.example:8000")


def is_loopback(host: str) -> bool:
    """Whether that host is this very computer."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def check_above(url: str) -> None:
    """That a server above is reached by TLS, or is on this computer; DomainError says what to do."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise DomainError(Problem("no_address", NO_ADDRESS, {"url": url[:100]}))
    if parts.scheme == "http" and not is_loopback(host):
        raise DomainError(Problem("plain_parent", PLAIN_PARENT, {"url": url[:100]}))


def speaks_tls(settings: Settings) -> bool:
    """Whether this server speaks TLS on its socket, by the table above."""
    return not settings.proxies and (settings.tls or not is_loopback(settings.host))


def is_for_others(settings: Settings) -> bool:
    """Whether other computers reach this server, by its own certificate or a proxy's that shows it."""
    return bool(settings.proxies) or speaks_tls(settings)


def outward_names(settings: Settings) -> list[str]:
    """The names and addresses other computers call this server by, as far as the settings tell."""
    named = [*settings.hosts, *(() if settings.host in _EVERYWHERE else (settings.host,))]
    found = dict.fromkeys(normal_name(each) for each in named if not is_loopback(each))
    return [each for each in found if each not in LOOPBACK]


class Proxied:
    """An application behind a proxy: what that says of the caller is believed from its address and no other. From others it is
    taken away, so that nothing further in can believe it. `plain`: others may not come at all, for their line is not TLS."""

    def __init__(self, application: Any, proxies: Iterable[str], *, plain: bool) -> None:
        self._application = application
        self._through = ProxyFix(application, x_for=1, x_proto=1, x_host=1)
        self._proxies = frozenset(ipaddress.ip_address(each) for each in proxies)
        self._plain = plain

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        address = environ.get("REMOTE_ADDR", "")
        if self._is_proxy(address):
            return self._through(environ, start_response)
        for name in FORWARDED:
            environ.pop(name, None)
        if self._plain and not is_loopback(address):
            start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
            return [
                "请通过代理的 https 地址访问本站。\nThis server is reached by its proxy alone.\n".encode()
            ]
        return self._application(environ, start_response)

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return (getattr(found, "ipv4_mapped", None) or found) in self._proxies
