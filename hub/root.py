"""The city's root key, the hub's keys that it vouches for, and the identity that opens what stations leave for recovery.

    root key      made once; its file belongs on a stick in a safe, in two copies, and not on the hub
    recovery      an age identity, likewise; stations seal the keys of their stores to its public half, `here/city`
    hub key       signs receipts, device records and all else in `public`; the root signs its record

Stations pin the root when they are enrolled, and so take a new hub key without a visit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyrage

from station import keys
from station.databases import HERE, PUBLIC
from station.identity import Identity
from station.moment import Clock, stamp
from sync import pieces
from sync.serving import ServedStore, starting
from sync.signing import SEED_BYTES, Signer

FILE: Final = "root.key"
RECOVERY: Final = "recovery.key"
CITY: Final = "city"


def found_city(
    store: ServedStore, identity: Identity, folder: Path, *, clock: Clock, random: Callable[[int], bytes]
) -> Path | None:
    """At the hub's first start: makes the root key, which vouches for the hub's key, and the recovery identity; None if that
    was done before.

    Returns the file that the root key was written to; the other one lies beside it.
    """
    if identity.root:
        return None
    seed = random(SEED_BYTES)
    path = _write(folder / FILE, seed.hex())
    recovery = pyrage.x25519.Identity.generate()  # age draws its own
    _write(folder / RECOVERY, str(recovery))
    store.database(HERE, create=True).put(
        {"_id": CITY, "type": "city", "schema": 1, "recovery": str(recovery.to_public())}
    )
    root = Signer(seed)
    _vouch(store, root, identity.signer.public, "active", stamp(clock()))
    identity.pin(root.public, 0)
    return path


def rotate(
    store: ServedStore, identity: Identity, root_file: Path, *, clock: Clock, random: Callable[[int], bytes]
) -> str:
    """Gives the hub a new key, ends the old one, and signs all of `public` anew; the new key.

    ValueError if the file does not hold this city's root key.
    """
    root = read_root(root_file)
    if root.public != identity.root:
        raise ValueError(f"{root_file} does not hold the root key of this city")
    old, seed = identity.signer.public, random(SEED_BYTES)
    new = Signer(seed)
    at = stamp(clock())
    _vouch(store, root, new.public, "active", at)
    identity.take_seed(seed)
    _vouch(store, root, old, "revoked", at)
    for id, doc in starting(store.database(PUBLIC), "").items():
        if not id.startswith((keys.HUB_KEY, pieces.PREFIX)):
            keys.publish(store, new, keys.unsigned(doc))
    return new.public


def read_root(path: Path) -> Signer:
    """The root key in a file; ValueError if there is none."""
    try:
        return Signer(bytes.fromhex(path.read_text(encoding="ascii").strip()))
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} holds no root key") from error


def _vouch(store: ServedStore, root: Signer, key: str, status: str, at: str) -> None:
    record: dict[str, Any] = {
        "_id": f"{keys.HUB_KEY}{key[:16]}", "type": "hub_key", "schema": 1, "key": key, "status": status, "at": at,
    }  # fmt: skip
    keys.publish(store, root, record)


def recipient(store: ServedStore) -> str:
    """To whom stations seal the keys of their stores ("age1…")."""
    city = store.database(HERE).get(CITY)
    return city["recovery"] if city is not None else ""


def _write(path: Path, text: str) -> Path:
    """A secret in a file that nobody else can read, durable before it is used. FileExistsError rather than a root lost."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return path
