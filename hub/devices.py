"""Device records: which keys, and which secret, may speak for a station. Published to all stations, so that a township
can check its villages while the hub is away.

    public/device:<code>   {"type": "device", "station", "devices": [{"key", "no", "at", "status"}, …], "secret_sha256",
                            "status": "active" | "revoked"}

A device proves itself with its key. A secret is for other CouchDB clients that are to act as the station: shown once
and kept nowhere here; being 256 random bits, its SHA-256 tells nothing.

    active     lets in, and what it seals counts
    retired    another device took its place: what it sealed still counts, for some of it may be on its way
    revoked    stolen, or not to be trusted: nothing of it counts but what the hub has confirmed
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from schemas import tables
from station import keys
from station.databases import PUBLIC
from station.gate import secret_digest
from sync.serving import ServedStore
from sync.signing import Signer

NO_SECRET = "0" * 64


def admit_device(store: ServedStore, signer: Signer, code: str, key: str, at: str) -> int:
    """Lets a device with this key speak for the station, and no other one from now on: a station has one laptop.

    Its number among the station's devices. DomainError for an unknown code.
    """
    record = _record(store, code)
    for each in record["devices"]:
        if each["key"] == key and each["status"] == "active":
            return int(each["no"])
    devices = [
        {**each, "status": "retired" if each["status"] == "active" else each["status"]}
        for each in record["devices"]
        if each["key"] != key
    ]
    number = 1 + max((each["no"] for each in record["devices"]), default=0)
    devices.append({"key": key, "no": number, "at": at, "status": "active"})
    keys.publish(store, signer, {**record, "devices": devices, "status": "active"})
    return number


def give_secret(store: ServedStore, signer: Signer, code: str, random: Callable[[int], bytes]) -> str:
    """A new secret for other CouchDB clients of this station; an older one is worth nothing from now on."""
    secret = base64.urlsafe_b64encode(random(32)).decode().rstrip("=")
    record = {**_record(store, code), "secret_sha256": secret_digest(secret), "status": "active"}
    keys.publish(store, signer, record)
    return secret


def revoke_device(store: ServedStore, signer: Signer, code: str) -> None:
    """Lets this station's devices and clients in no more, here and, once they have synced, at its township."""
    record = _record(store, code)
    devices = [{**each, "status": "revoked"} for each in record["devices"]]
    keys.publish(
        store, signer, {**record, "devices": devices, "secret_sha256": NO_SECRET, "status": "revoked"}
    )


def _record(store: ServedStore, code: str) -> dict[str, Any]:
    """The station's record as it stands, or a new one."""
    tables.station(code)
    id = f"device:{code}"
    kept = store.database(PUBLIC, create=True).get(id)
    if kept is None:
        kept = {
            "_id": id, "type": "device", "schema": 1, "station": code, "devices": [], "secret_sha256": NO_SECRET,
            "status": "active",
        }  # fmt: skip
    return keys.unsigned(kept)
