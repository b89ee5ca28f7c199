"""This server's side of TLS: its key and certificate, and the contexts that sockets are opened with. Opens no socket, and asks
nobody for a certificate itself.

    here/tls     {"key": PEM, "certificate": PEM, "names": […] that a person asked for}

A client of ours trusts the city's authority and no other: not the system's, not a public one. Whether a certificate is in force is
judged by this computer's clock, until that has been found wrong (`set_right`); then by the clock and what it is wrong by. The key
lies in `here`, as all keys do; OpenSSL wants it in a file, so it gets one for a moment, under a password that is never written.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from station import certificates
from station.databases import HERE
from station.moment import Clock
from sync.asking import OUT_OF_TIME
from sync.errors import Conflict, NotAPeer
from sync.serving import ServedStore

DOC: Final = "tls"
AUTHORITY_FILE: Final = "ca.pem"
Certify = Callable[[str], str]
"""A request for a certificate → the certificate, both in PEM; SyncError where it can't be had now."""


_NO_CHECK_TIME: Final = 0x200000  # X509_V_FLAG_… of OpenSSL, which Python has no name for


class _Socket(ssl.SSLSocket):
    """Leaves its session to the next connection there."""

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        now = self.context.now if isinstance(self.context, _Resuming) else None
        if now is not None and not certificates.is_in_force(self.getpeercert(True) or b"", now()):
            error = ssl.SSLCertVerificationError(1, "certificate is not in force at the right time")
            error.verify_code = OUT_OF_TIME[-1]
            raise error

    def close(self) -> None:
        context = self.context
        if isinstance(context, _Resuming) and self.version():  # None where there was no handshake
            session = self.session
            if session is not None and session.has_ticket:
                context.sessions[self.server_hostname or ""] = session
        super().close()


class _Resuming(ssl.SSLContext):
    """Goes on with the session that the last connection to a server ended with: certificates, which are most of a handshake, travel
    once and not after each cut. The server says for how long (two hours)."""

    sslsocket_class = _Socket

    def __init__(self, *_: Any) -> None:
        self.sessions: dict[str, ssl.SSLSession] = {}
        self.now: Clock | None = None
        """By which time certificates have to be in force; by the system's, and OpenSSL sees to it, where this is None."""

    def wrap_socket(self, sock: Any, *rest: Any, **named: Any) -> ssl.SSLSocket:
        named.setdefault("session", self.sessions.get(named.get("server_hostname") or ""))
        return super().wrap_socket(sock, *rest, **named)


def believing(
    authorities: Sequence[str], *, timeless: bool = False, now: Clock | None = None
) -> ssl.SSLContext:
    """A client's context that trusts these and nobody else. `timeless`: also before and after their time. `now`: at that time and
    not at the system's."""
    context = _Resuming(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.now = now
    if timeless or now is not None:
        context.verify_flags |= _NO_CHECK_TIME
    if authorities:
        context.load_verify_locations(cadata="\n".join(authorities))
    return context


class Tls:
    """What this server shows others, and whom it believes. `authorities`: the certificates that count (station.keys)."""

    def __init__(self, store: ServedStore, authorities: Callable[[], tuple[str, ...]], clock: Clock) -> None:
        self._here = store.database(HERE, create=True)
        self._authorities = authorities
        self._clock = clock
        self._serving: ssl.SSLContext | None = None
        self._believing: tuple[tuple[str, ...], ssl.SSLContext] | None = None
        self.behind: timedelta | None = None
        """By how much this computer's clock was found to be behind the time, or, where negative, ahead of it."""
        self._shown = str(self._kept().get("certificate", ""))  # asked for with every request

    # -- as a client ---------------------------------------------------------------------------------------------

    def client(self) -> ssl.SSLContext:
        """For requests to servers above: the city's authority, and where there is none yet, nobody. The same one while they are
        the same, as it remembers sessions."""
        authorities = self._authorities()
        if self._believing is None or self._believing[0] != authorities:
            now = self._now if self.behind is not None else None
            self._believing = (authorities, believing(authorities, now=now))
        return self._believing[1]

    def timeless(self) -> ssl.SSLContext:
        """For one question: what time it is."""
        return believing(self._authorities(), timeless=True)

    def set_right(self, moment: datetime) -> None:
        """From now on certificates are judged by a clock that shows this moment now. The computer's own is not touched."""
        self.behind = moment - self._clock()
        self._believing = None

    def _now(self) -> datetime:
        return self._clock() + (self.behind or timedelta(0))

    # -- as a server ---------------------------------------------------------------------------------------------

    @property
    def certificate(self) -> str:
        """What this server shows; "" while it has none."""
        return self._shown

    @property
    def names(self) -> tuple[str, ...]:
        """The names and addresses this server may be called by over TLS."""
        shown = self.certificate
        return certificates.names_of(shown) if shown else ()

    def want(self, names: Iterable[str]) -> None:
        """These names belong into the certificate from now on."""
        self._put({"names": [certificates.normal_name(name) for name in names]})

    def is_due(self, names: Iterable[str] = ()) -> bool:
        """Whether a certificate is to be fetched: there is none, it ends before long, or lacks a name."""
        shown = self.certificate
        if not shown or certificates.is_due(shown, self._now()):
            return True
        return not set(self._wanted(names)) <= set(certificates.names_of(shown))

    def renew(self, names: Iterable[str], certify: Certify) -> None:
        """A new key and its certificate, in force for the next connection. NotAPeer for one that is not as asked for; what
        `certify` raises."""
        key = certificates.new_key()
        shown = certify(certificates.make_request(key, self._wanted(names)))
        try:
            certificates.check(shown, key, self._authorities(), self._now())
        except ValueError as error:
            raise NotAPeer(f"What came as a certificate can't be used: {error}.") from error
        with suppress(Conflict):  # another web node was first; its certificate does as well
            self._put({"key": certificates.write_key(key), "certificate": shown})
        self._shown = str(self._kept()["certificate"])
        if self._serving is not None:
            self._load(self._serving)

    def server(self) -> ssl.SSLContext | None:
        """For the socket this server listens on; None while it has no certificate. Always the same one, so that a renewed
        certificate is shown without a restart."""
        if self._serving is None and self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._load(context)
            self._serving = context
        return self._serving

    def write_files(self, folder: Path) -> None:
        """For a proxy in front, which shows the certificate in this server's place: server.pem and server.key."""
        from station.keystore import write_private

        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = self._kept()
        for name, text in (("server.key", kept["key"]), ("server.pem", kept["certificate"])):
            if not (folder / name).exists() or (folder / name).read_text(encoding="ascii") != text:
                write_private(folder / name, text.encode())

    def write_authority(self, folder: Path) -> Path:
        """The city's authority as a file that browsers and proxies take; it is no secret."""
        path = folder / AUTHORITY_FILE
        path.write_text("".join(self._authorities()), encoding="ascii")
        return path

    def _load(self, context: ssl.SSLContext) -> None:
        kept = self._kept()
        password = os.urandom(24).hex().encode()
        both = kept["certificate"] + certificates.write_key(certificates.read_key(kept["key"]), password)
        handle, name = tempfile.mkstemp(prefix="bianmin-")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(both)
            context.load_cert_chain(name, password=password)
        finally:
            Path(name).unlink()

    def _wanted(self, names: Iterable[str]) -> list[str]:
        asked = [*self._kept().get("names", ()), *map(certificates.normal_name, names)]
        return list(dict.fromkeys([*asked, *certificates.LOOPBACK]))

    def _kept(self) -> dict[str, Any]:
        return self._here.get(DOC) or {}

    def _put(self, fields: dict[str, Any]) -> None:
        kept = self._here.get(DOC) or {"_id": DOC, "type": "tls", "schema": 1}
        self._here.put({**kept, **fields})
