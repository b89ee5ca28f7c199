"""Enrolment at the station: shows the hub the one-time code and the device's key, and pins the city's root and its authority
for TLS; then, with a pass of that device, fetches a certificate for what others call this station by.

The line to the hub can't be verified yet and need not be: the answer is authenticated under the code. From then on only what the
authority in it has signed is believed. Asks once; what to do when it fails, the person decides who typed the code.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import httpx

from station import certificates, codes, transport
from station.bearer import Bearer
from station.identity import Identity
from station.tls import Tls, believing
from station.vault import Vault
from sync import errors, strict_json
from sync.asking import Way

if TYPE_CHECKING:
    from station.app import Parts

PATH: Final = "trust/enrol"
CERTIFICATE: Final = "trust/certificate"


def let_in(parts: Parts, url: str, code: str, *, way: httpx.BaseTransport | None = None) -> int:
    """All that a station's first contact needs: enrolled at the hub, with a certificate if others are to reach it. Which of the
    station's devices this is. DomainError for an address or code that can't be one; SyncError as `join` and `certify`."""
    transport.check_above(url)
    names = transport.outward_names(parts.settings)
    number = join(parts.identity, parts.vault, url, code, transport=way)
    if parts.identity.ca and transport.is_for_others(parts.settings):
        parts.tls.renew(
            names,
            lambda request: certify(parts.identity, parts.tls, (url,), request, lambda _: way),
        )
    if parts.identity.ca:
        parts.tls.write_authority(parts.settings.data)
    return number


def join(
    identity: Identity,
    vault: Vault | None,
    url: str,
    code: str,
    *,
    transport: httpx.BaseTransport | None = None,
) -> int:
    """Enrols this device with the hub at `url`; which of the station's devices it is. The key of an encrypted store is
    sealed to the hub, in case it gets lost here.

    DomainError for a code that can't be one; SyncError: Forbidden where the code is not good, NotAPeer where something else
    answers than the hub.
    """
    key = codes.key_of(code)
    said = {"station": identity.own, "key": identity.signer.public}
    with Way(url, transport=transport, tls=_unverified() if url.startswith("https:") else None) as way:
        answer = way.ask(
            "POST",
            PATH,
            content=strict_json.dumps({**said, "proof": codes.prove(key, "station", said)}),
        )
    told = (
        {name: answer.get(name) for name in ("root", "no", "recovery", "ca")} if type(answer) is dict else {}
    )
    root, number, recovery, ca = (told.get(name) for name in ("root", "no", "recovery", "ca"))
    # Only who knows the code can have said this: no relay and no portal.
    if (
        type(root) is not str
        or type(number) is not int
        or type(recovery) is not str
        or type(ca) is not str
        or not (ca == "" or certificates.is_authority(ca))
        or not codes.is_proved(key, "hub", told, answer.get("proof"))
    ):
        raise errors.NotAPeer("What answers there is not the hub that gave out this code.")
    if url.startswith("https:"):
        if not ca:
            raise errors.NotAPeer(
                "The hub has no authority of its own yet. There: bianmin-hub init --name NAME."
            )
        # Whoever answered has the code; is it also who the line leads to, under the name that was typed?
        with Way(url, transport=transport, tls=believing((ca,))) as way:
            way.ask("GET", "db/")
    if vault is not None and recovery:
        vault.seal_for(recovery)
    identity.pin(root, number, ca=ca, hub=url)
    return number


def certify(
    identity: Identity,
    tls: Tls,
    above: Sequence[str],
    request: str,
    transport_for: Callable[[str], httpx.BaseTransport | None],
) -> str:
    """The certificate for a request, from the first server above that gives one: the hub. SyncError."""
    failed: errors.SyncError = errors.NotFound("No server above is named.")
    for url in above:
        way = Way(url, auth=Bearer(identity, url), transport=transport_for(url), tls=tls.client())
        try:
            with way:
                answer = way.ask("POST", CERTIFICATE, content=strict_json.dumps({"request": request}))
        except errors.SyncError as error:  # a township gives none; another way may be open
            failed = error
            continue
        found = answer.get("certificate") if type(answer) is dict else None
        if type(found) is str and len(found) <= certificates.LARGEST:
            return found
        failed = errors.NotAPeer("The answer about a certificate has not the form of one.")
    raise failed


def _unverified() -> ssl.SSLContext:
    """For the one request whose answer proves itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
