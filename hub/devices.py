"""Device records: which station may come in, by which secret. Published to all stations, so that a township can
check its villages while the hub is away.

    public/device:<code>   {"type": "device", "station", "secret_sha256", "status": "active" | "revoked"}

The secret itself is shown once and kept nowhere here; being 256 random bits, its SHA-256 tells nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from schemas import tables
from station.databases import PUBLIC
from station.gate import secret_digest
from sync.serving import ServedStore


def admit_device(store: ServedStore, code: str, random: Callable[[int], bytes]) -> str:
    """A new secret for this station; an older one is worth nothing from now on. DomainError for an unknown code."""
    tables.station(code)
    secret = base64.urlsafe_b64encode(random(32)).decode().rstrip("=")
    _put(store, code, {"secret_sha256": secret_digest(secret), "status": "active"})
    return secret


def revoke_device(store: ServedStore, code: str) -> None:
    """Lets this station's device in no more, here and, once they have synced, at its township."""
    tables.station(code)
    _put(store, code, {"secret_sha256": "0" * 64, "status": "revoked"})


def _put(store: ServedStore, code: str, fields: dict[str, Any]) -> None:
    public = store.database(PUBLIC, create=True)
    id_ = f"device:{code}"
    body: dict[str, Any] = {"_id": id_, "type": "device", "schema": 1, "station": code, **fields}
    if kept := public.get(id_):
        body["_rev"] = kept["_rev"]
    public.put(body)
