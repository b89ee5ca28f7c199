"""Whose keys count: read from `public`, where everything is signed by the hub, and the hub's keys by the city's root.

    root (offline; pinned at enrolment) ──signs──> public/hub-key:<key>       the hub's keys, the newest serial counts
    hub key                             ──signs──> public/device:<station>    a station's devices; every other document
                                                   public/authority           whose certificates count

A document whose signature does not lead to the pinned root says nothing, whoever brought it. Reads only.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from schemas import tables
from station.certificates import is_authority
from station.databases import PUBLIC
from sync import signing, strict_json
from sync.errors import BadRequest, NotFound
from sync.peer import Seq
from sync.revisions import parse_rev
from sync.serving import ServedStore, starting
from sync.signing import Signer

PURPOSE: Final = "public"
HUB_KEY: Final = "hub-key:"
AUTHORITY: Final = "authority"
_AROUND: Final = ("_rev", "_attachments", "serial", "by", "sig")


class _Found(NamedTuple):
    """What `public` says at one moment: `at` its newest sequence and the root trusted. Devices as they were asked for."""

    at: tuple[Seq, str]
    hub_keys: frozenset[str]
    devices: dict[str, Mapping[str, Any]]


class Keys:
    """The keys that count, by what is in the store's `public` and the root this server trusts."""

    def __init__(self, store: ServedStore, root: Callable[[], str]) -> None:
        self._store = store
        self._root = root
        self._found = _Found((0, ""), frozenset(), {})

    def hub_keys(self) -> frozenset[str]:
        """The hub's keys that are in force."""
        return self._as_it_stands().hub_keys

    def _as_it_stands(self) -> _Found:
        """What was found in `public` as it is now: a hub asks for a device's key several times an exchange."""
        try:
            public = self._store.database(PUBLIC)
        except NotFound:
            return _Found((0, ""), frozenset(), {})
        asked = (public.update_seq, self._root())
        if self._found.at != asked:
            vouched = [doc for doc in starting(public, HUB_KEY).values() if self._is_vouched(doc)]
            keys = frozenset(doc["key"] for doc in vouched if doc["status"] == "active")
            self._found = _Found(asked, keys, {})
        return self._found

    def _is_vouched(self, doc: Mapping[str, Any]) -> bool:
        return bool(self._root()) and doc.get("by") == self._root() and is_sound(doc)

    def record(self, key: str) -> Mapping[str, Any] | None:
        """What `public` says of a key of the hub; None where it says nothing."""
        return self._get(HUB_KEY + key[:16])

    def knows(self, code: str, key: str) -> bool:
        """Whether the key speaks, or ever spoke, for that station."""
        if code == tables.HUB:
            return (self.record(key) or {}).get("key") == key
        return any(each["key"] == key for each in self.device(code).get("devices", ()))

    def is_vouched(self, doc: Mapping[str, Any], key: str) -> bool:
        """Whether the document, wherever it comes from, vouches for this key of the hub, and nothing else is known of it here."""
        try:
            sound = doc.get("key") == key and doc.get("status") == "active" and self._is_vouched(doc)
        except (KeyError, BadRequest):
            return False
        return sound and self.record(key) is None

    def is_from_hub(self, doc: Mapping[str, Any]) -> bool:
        """Whether the hub signed this document of `public`, for the place in its history at which it lies."""
        return doc.get("by") in self.hub_keys() and is_sound(doc)

    def device(self, code: str) -> Mapping[str, Any]:
        """The record of a station's devices as the hub signed it; empty if there is none."""
        found = self._as_it_stands()
        if code not in found.devices:
            doc = self._get(f"device:{code}")
            sound = doc is not None and doc.get("station") == code and self.is_from_hub(doc)
            found.devices[code] = doc if doc is not None and sound else {}
        return found.devices[code]

    def authorities(self) -> tuple[str, ...]:
        """The certificates of the city's authority for TLS as the hub publishes them; () if it has none."""
        doc = self._get(AUTHORITY)
        if doc is None or not self.is_from_hub(doc):
            return ()
        return tuple(each for each in doc.get("certificates", ()) if is_authority(each))

    def active(self, code: str) -> frozenset[str]:
        """The keys that may speak for a station now."""
        return self._devices(code, "active")

    def sealing(self, code: str) -> frozenset[str]:
        """The keys whose seals count: also of a device that has been replaced."""
        return self._devices(code, "active", "retired")

    def _devices(self, code: str, *statuses: str) -> frozenset[str]:
        if code == tables.HUB:
            return self.hub_keys()
        return frozenset(
            each["key"] for each in self.device(code).get("devices", ()) if each["status"] in statuses
        )

    def _get(self, id: str) -> dict[str, Any] | None:
        try:
            return self._store.database(PUBLIC).get(id)
        except NotFound:
            return None


def publish(
    store: ServedStore,
    signer: Signer,
    doc: Mapping[str, Any],
    files: Mapping[str, tuple[str, bytes]] | None = None,
) -> bool:
    """Writes a document of `public`, signed; False where it is there already, saying the same under the same key. `files`:
    its attachments, name → (content type, bytes); what is signed names the SHA-256 of each.

    `serial` in what is signed is the generation of its revision. So an older state can't be brought back as if it were
    the newest, though it was signed once.
    """
    public = store.database(PUBLIC, create=True)
    if files:
        doc = {**doc, "files": {name: hashlib.sha256(data).hexdigest() for name, (_, data) in files.items()}}
    kept = public.get(doc["_id"])
    if (
        kept is not None
        and kept.get("by") == signer.public
        and is_sound(kept)
        and unsigned(kept) == dict(doc)
    ):
        return False
    serial = 1 + parse_rev(kept["_rev"]).generation if kept is not None else 1
    said = signer.signed(PURPOSE, {**doc, "serial": serial})
    if files:
        said["_attachments"] = {
            name: {"content_type": kind, "data": base64.b64encode(data).decode()}
            for name, (kind, data) in files.items()
        }
    elif kept is not None and doc.get("files") and doc["files"] == kept.get("files"):
        said["_attachments"] = kept["_attachments"]  # the same files, signed anew
    public.put({**said, "_rev": kept["_rev"]} if kept is not None else said)
    return True


def unsigned(doc: Mapping[str, Any]) -> dict[str, Any]:
    """What a document of `public` says, without its signature and place in history."""
    return {name: value for name, value in doc.items() if name not in _AROUND}


def is_sound(doc: Mapping[str, Any]) -> bool:
    """Whether a document of `public` (with `_id` and `_rev`) is as somebody signed it, at the place in its history that it
    was signed for. Whether that key counts is another question, since a new hub key may come after what it signed."""
    return doc.get("serial") == parse_rev(doc["_rev"]).generation and _is_signed(doc)


def _is_signed(doc: Mapping[str, Any]) -> bool:
    said = {name: value for name, value in doc.items() if name not in ("_rev", "_attachments")}
    return _was_signed(strict_json.canonical(said))


@lru_cache(maxsize=4096)
def _was_signed(written: bytes) -> bool:
    # The same few documents are asked about with every request; to verify one takes 60 µs.
    return signing.is_signed(PURPOSE, strict_json.loads_own(written))
