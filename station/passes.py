"""Passes: how a device shows who it is. It signs a challenge once and gets a token for a quarter of an hour.

    device                                            server
      POST /trust/challenge                     ──>
                                                <──   {"nonce"}                       good for a minute, by this server's clock
      POST /trust/token {station, key, nonce, sig} ──>   is that key in force for that station? is the signature over this nonce,
                                                <──   {"token", "seconds"}            for this host?  ES256, by this server's clock
      Authorization: Bearer <token>             ──>

What the device signs names the host it called: a server between that passes the hub's challenge on gets a signature
that the hub does not take. No clock of the device is asked. The token is a JWT as CouchDB's `jwt_auth` reads them.

Beside it goes a short one of 16 characters, which nobody but this server can read, as long as it runs and is shown the token
now and then: an idle exchange on a bad line is hardly larger than a JWT. Whether the device is still let in is asked with
every request, whichever it shows.
"""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from station.databases import HERE
from station.moment import Clock
from sync import signing
from sync.errors import Conflict, Unauthorized
from sync.serving import ServedStore
from sync.signing import Signer

CHALLENGE_SECONDS: Final = 60
TOKEN_SECONDS: Final = 15 * 60
SHORT_SECONDS: Final = 24 * 3600  # since it was last shown
SHORT: Final = 16  # characters
MOST_SHORT: Final = 10_000
PURPOSE: Final = "pass"
_P256: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # the curve's order (FIPS 186-4, D.1.2.3)


class Passes:
    """Challenges and tokens of one server; several web nodes of a hub share the key and so take each other's."""

    def __init__(self, store: ServedStore, *, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._random = random
        self._issuer = store.uuid
        self._key = _key(store, random)
        self._lock = threading.Lock()
        self._short: OrderedDict[str, tuple[str, str, float]] = OrderedDict()

    def challenge(self) -> str:
        """A nonce."""
        return self._issue(
            {"sub": base64.b64encode(self._random(12)).decode(), "aud": "challenge"}, CHALLENGE_SECONDS
        )

    def issue(self, station: str, key: str, host: str, nonce: str, signature: str) -> str:
        """A token for who signed the nonce. Whether `key` is one of that station's, the caller knows. Unauthorized."""
        self._read(nonce, "challenge")
        if not signing.verify(key, PURPOSE, _said(station, host, nonce), signature):
            raise Unauthorized(
                "The signature over the challenge is not that key's, or was made for another server."
            )
        return self._issue(
            {"sub": station, "key": key, "roles": ["station"], "aud": "bianmin"}, TOKEN_SECONDS
        )

    def lend(self, station: str, key: str) -> str:
        """A short pass for who has just been issued a token."""
        short = base64.urlsafe_b64encode(self._random(12)).decode()
        with self._lock:
            self._keep(short, station, key)
            while len(self._short) > MOST_SHORT:
                self._short.popitem(last=False)
        return short

    def _keep(self, short: str, station: str, key: str) -> None:
        self._short[short] = (station, key, self._clock().timestamp())
        self._short.move_to_end(short)

    def _read_short(self, short: str) -> tuple[str, str]:
        with self._lock:
            station, key, shown = self._short.get(short, ("", "", 0.0))
            if not station or not 0 <= self._clock().timestamp() - shown + CHALLENGE_SECONDS < SHORT_SECONDS:
                self._short.pop(short, None)
                raise Unauthorized("The pass has run out.")
            self._keep(short, station, key)
        return station, key

    def read(self, token: str) -> tuple[str, str]:
        """The station and the key a token was issued for; Unauthorized if it is not ours, or has run out."""
        if len(token) == SHORT:
            return self._read_short(token)
        claims = self._read(token, "bianmin")
        return claims["sub"], claims["key"]

    def public_key(self) -> str:
        """The key in PEM that a CouchDB behind this server needs in order to take these tokens (`jwt_keys`)."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def _issue(self, claims: dict[str, Any], seconds: int) -> str:
        now = int(self._clock().timestamp())
        said = {**claims, "iss": self._issuer, "iat": now, "exp": now + seconds}
        return jwt.encode(said, self._key, algorithm="ES256", headers={"kid": "bianmin"})

    def _read(self, token: str, audience: str) -> dict[str, Any]:
        try:
            # One algorithm, one key: a token that asks for another is not asked which.
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["ES256"],
                audience=audience,
                issuer=self._issuer,
                options={"require": ["exp", "iat", "sub"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError as error:
            raise Unauthorized("The pass is not one of this server's.") from error
        now = self._clock().timestamp()
        # A token from the future was issued before the clock was set back: it would be good for too long.
        if not claims["iat"] - CHALLENGE_SECONDS <= now < claims["exp"]:
            raise Unauthorized("The pass has run out.")
        return dict(claims)


def answer(signer: Signer, station: str, host: str, nonce: str) -> str:
    """The device's signature over a challenge of the server it calls `host`."""
    return signer.sign(PURPOSE, _said(station, host, nonce))


def _said(station: str, host: str, nonce: str) -> dict[str, str]:
    return {"station": station, "host": host, "nonce": nonce}


def _key(store: ServedStore, random: Callable[[int], bytes]) -> ec.EllipticCurvePrivateKey:
    db = store.database(HERE, create=True)
    if (kept := db.get("pass-key")) is None:
        secret = 1 + int.from_bytes(random(40)) % (_P256 - 1)
        with suppress(Conflict):  # another web node was first
            db.put({"_id": "pass-key", "type": "pass_key", "schema": 1, "secret": f"{secret:064x}"})
        kept = db.get("pass-key")
        assert kept is not None
    return ec.derive_private_key(int(kept["secret"], 16), ec.SECP256R1())
