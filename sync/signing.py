"""Signatures over JSON: Ed25519 keys, what is signed, and how it is written down. Pure; keeps no key and trusts none.

A key is written as 43 characters of base64url (32 bytes), a signature as 86. What is signed is the canonical JSON
(RFC 8785) of an object behind a line that says for what, so that no signature counts for anything else than it was
made for:

    bianmin 1 <purpose>\n{"…":…}

Which keys count for whom is not decided here (`station.trust`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync import strict_json
from sync.errors import BadJson

SEED_BYTES: Final = 32
KEY_LENGTH: Final = 43
SIGNATURE_LENGTH: Final = 86


class Signer:
    """One private key. `seed`: its 32 bytes, which are the secret."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a key's seed has {SEED_BYTES} bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public: Final = text_of(self._key.public_key().public_bytes_raw())

    def openssh(self) -> bytes:
        """The private key as OpenSSH writes it: age opens with it what was sealed to `openssh(self.public)`."""
        form = serialization.PrivateFormat.OpenSSH
        return self._key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    def sign(self, purpose: str, body: Mapping[str, Any]) -> str:
        """The signature over `body`, in base64url."""
        return text_of(self._key.sign(_message(purpose, body)))

    def signed(self, purpose: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """`body` with `by`, this key, and `sig` over all of it but `_rev`."""
        said = {**body, "by": self.public}
        return {**said, "sig": self.sign(purpose, _lasting(said))}


def verify(public: str, purpose: str, body: Mapping[str, Any], signature: str) -> bool:
    """Whether the holder of `public` signed `body` for this purpose. Never raises for what it is given."""
    try:
        _key(public).verify(bytes_of(signature, SIGNATURE_LENGTH), _message(purpose, body))
    except (InvalidSignature, ValueError, TypeError, BadJson):
        return False
    return True


def is_signed(purpose: str, document: Mapping[str, Any]) -> bool:
    """Whether a document with `by` and `sig` was signed so by the key it names. Says nothing of whose key that is."""
    by, signature = document.get("by"), document.get("sig")
    if type(by) is not str or type(signature) is not str:
        return False
    return verify(by, purpose, _lasting(document), signature)


def _lasting(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("sig", "_rev")}


def _message(purpose: str, body: Mapping[str, Any]) -> bytes:
    return b"bianmin 1 %b\n%b" % (purpose.encode(), strict_json.canonical(body))


@lru_cache(maxsize=4096)
def _key(public: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes_of(public, KEY_LENGTH))


def openssh(public: str) -> str:
    """A public key as OpenSSH writes it; ValueError for what is none."""
    form = serialization.PublicFormat.OpenSSH
    return _key(public).public_bytes(serialization.Encoding.OpenSSH, form).decode()


def text_of(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text: str, length: int) -> bytes:
    """What `text_of` wrote, `length` characters; ValueError otherwise. Each value has one writing only."""
    if type(text) is not str or len(text) != length:
        raise ValueError("not the length of a key or signature")
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if text_of(data) != text:
        raise ValueError("not how base64url is written")
    return data
