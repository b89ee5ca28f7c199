"""A store's key made unreadable but for one reader: wrapped under a password, or sealed to a recipient. Reads and writes
no file, and keeps no key.

    wrap ─> unwrap            argon2id makes a key of the password, ChaCha20-Poly1305 wraps ours under it
    seal ─> open_sealed       age: whoever has the identity that belongs to the recipient
    seal_with_words           age again, under a passphrase told by telephone: from the hub back to a station
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from sync.errors import TheirFault
from sync.store.encryption import KEY_BYTES

SHORTEST_WORDS: Final = 12  # characters of a passphrase; age makes each guess cost about a second


class KeyRefused(TheirFault):
    """A password, identity or file that does not open what it was brought for."""


class Cost(NamedTuple):
    """What one guess at a password costs: passes, KiB, lanes."""

    passes: int
    memory: int
    lanes: int = 1


# Nearly half a second on this side, once for each new password; whoever stole the folder pays it at every guess. Dearer
# than sign-in, since nobody counts the guesses of a thief.
COST: Final = Cost(6, 64 * 1024)
# What a file may ask of us; a forged one must not take all memory.
DEAREST: Final = Cost(64, 1024 * 1024, 16)


def key_id(key: bytes) -> str:
    """What a key is called: tells two keys apart and nothing of either."""
    return hashlib.sha256(b"bianmin store key\0" + key).hexdigest()[:16]


def wrap(
    key: bytes, who: str, password: str, *, random: Callable[[int], bytes], cost: Cost = COST
) -> dict[str, Any]:
    """The key as only this password gives it back; a JSON object."""
    salt, nonce = random(16), random(12)
    wrapped = ChaCha20Poly1305(_kek(password, salt, cost)).encrypt(nonce, key, _about(key_id(key), who))
    return {
        "kdf": "argon2id", "passes": cost.passes, "memory": cost.memory, "lanes": cost.lanes,
        "salt": _text(salt), "nonce": _text(nonce), "wrapped": _text(wrapped),
    }  # fmt: skip


def unwrap(kept: Mapping[str, Any], id_: str, who: str, password: str) -> bytes:
    """The key called `id_`; KeyRefused for another password, and for what is no wrapped key."""
    try:
        cost = Cost(kept["passes"], kept["memory"], kept["lanes"])
        if kept["kdf"] != "argon2id" or any(
            type(asked) is not int or not 0 < asked <= most for asked, most in zip(cost, DEAREST, strict=True)
        ):
            raise KeyRefused(f"{who}'s wrapped key is not of this program's making.")
        salt, nonce, wrapped = (
            base64.b64decode(kept[name], validate=True) for name in ("salt", "nonce", "wrapped")
        )
        return ChaCha20Poly1305(_kek(password, salt, cost)).decrypt(nonce, wrapped, _about(id_, who))
    except InvalidTag:
        raise KeyRefused(f"This is not the password under which {who}'s key was wrapped.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise KeyRefused(f"{who}'s wrapped key is damaged.") from error


def seal(key: bytes, recipient: str) -> bytes:
    """The key for whoever has the identity of `recipient` ("age1…"); KeyRefused if that is no recipient."""
    import pyrage

    try:
        return bytes(pyrage.encrypt(key, [pyrage.x25519.Recipient.from_str(recipient.strip())]))
    except pyrage.RecipientError as error:
        raise KeyRefused(f"{recipient[:80]!r} is no age recipient; it begins with age1.") from error


def open_sealed(sealed: bytes, identity: str) -> bytes:
    """The key that was sealed. `identity`: the text of an age identity file. KeyRefused if it does not open it."""
    import pyrage

    lines = [line.strip() for line in identity.splitlines()]
    try:
        mine = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError as error:
        raise KeyRefused("The identity file holds no age identity (AGE-SECRET-KEY-1…).") from error
    if not mine:
        raise KeyRefused("The identity file holds no age identity (AGE-SECRET-KEY-1…).")
    try:
        return _key(pyrage.decrypt(sealed, mine))
    except pyrage.DecryptError as error:
        raise KeyRefused(
            "The sealed key is damaged, or sealed to somebody else than this identity."
        ) from error


def seal_with_words(key: bytes, words: str) -> bytes:
    """The key for whoever is told the passphrase."""
    import pyrage

    if len(words) < SHORTEST_WORDS:
        raise KeyRefused(f"The passphrase needs at least {SHORTEST_WORDS} characters.")
    return bytes(pyrage.passphrase.encrypt(key, words))


def open_with_words(sealed: bytes, words: str) -> bytes:
    """The key that was sealed under the passphrase; KeyRefused under another one."""
    import pyrage

    try:
        return _key(pyrage.passphrase.decrypt(sealed, words))
    except pyrage.DecryptError as error:
        raise KeyRefused("The file is damaged, or was made with another passphrase.") from error


def _kek(password: str, salt: bytes, cost: Cost) -> bytes:
    return hash_secret_raw(
        password.encode(), salt, cost.passes, cost.memory, cost.lanes, hash_len=KEY_BYTES, type=Type.ID
    )


def _about(id_: str, who: str) -> bytes:
    """Bound to the wrapping: one person's cannot be passed off as another's, nor one key's as another's."""
    return f"{id_}:{who}".encode()


def _key(opened: bytes) -> bytes:
    if len(opened) != KEY_BYTES:
        raise KeyRefused("What was sealed is no store's key.")
    return opened


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
