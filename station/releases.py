"""Releases of the program as they lie in `public`: which of them count here, how far their files have come, and their bytes.

    believed   signed by the hub, and what was made is signed by the city's root: a hub that was broken into can offer, and make none
    files      pieces (sync.pieces) beside the document, in the last lane; each is what the signed list of the kit says, or is not read

What a station does with one is station.upgrading's; which of two is newer, schemas.releases'. Runs nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas import documents, releases
from schemas.releases import PREFIX, PURPOSE, Release
from station import files
from station.databases import PUBLIC
from station.files import Line, Progress
from station.keys import Keys, unsigned
from sync import signing
from sync.errors import NotFound
from sync.peer import Seq
from sync.serving import ServedStore, starting

BINARY: Final = {"media_type": ""}
"""What a file of a release is to station.files: no image, no PDF."""


class Releases:
    """Of one server. Ask for each use: it costs a look at one number unless something was published."""

    def __init__(self, store: ServedStore, keys: Keys, root: Callable[[], str]) -> None:
        self._store = store
        self._keys = keys
        self._root = root
        self._seq: tuple[Seq, str] = (-1, "")
        self._found: tuple[Release, ...] = ()

    def all(self) -> tuple[Release, ...]:
        """Those that count, the newest first."""
        try:
            public = self._store.database(PUBLIC)
        except NotFound:
            return ()
        seq = (public.update_seq, self._root())
        if seq != self._seq:
            docs = starting(public, PREFIX).values()
            found = [unsigned(doc) for doc in docs if self._keys.is_from_hub(doc) and self._is_sound(doc)]
            self._found = tuple(sorted(found, key=lambda each: releases.order(each["version"]), reverse=True))
            self._seq = seq
        return self._found

    def _is_sound(self, doc: Mapping[str, Any]) -> bool:
        return not documents.problems(doc) and is_made(doc["root"], doc["version"], self._root())

    def progress(self, release: Release) -> Progress:
        """How much of its files is here."""
        found = files.progress(self._store.database(PUBLIC), release["content"]).values()
        return Progress(sum(each.here for each in found), sum(each.of for each in found))

    def file(self, release: Release, name: str) -> bytes | None:
        """A file's bytes; None where it is not among those that travel, or not whole here. DomainError if they are others than stated."""
        line = next((each for each in release["content"] if each["name"] == name), None)
        return self.bytes_of(line) if line is not None else None

    def bytes_of(self, line: Line) -> bytes | None:
        """The bytes of a release's file; None while they are on their way."""
        data = files.read(self._store.database(PUBLIC), {**line, **BINARY})
        return None if isinstance(data, Progress) else data

    def sums(self, release: Release) -> dict[str, str]:
        """File of the kit → its SHA-256, as the root key has signed it; {} while the list is on its way. ValueError for another list."""
        text = self.file(release, releases.SUMS)
        if text is None:
            return {}
        if hashlib.sha256(text).hexdigest() != release["root"]["sums"]:
            raise ValueError(
                f"the list of files of release {release['version']} is not the one that was signed"
            )
        return releases.read_sums(text.decode("ascii"))


def is_made(signed: Mapping[str, Any], version: str, root: str) -> bool:
    """Whether the city's root key says that this version is what its list of files says."""
    return (
        bool(root)
        and signed.get("version") == version
        and signed.get("by") == root
        and signing.is_signed(PURPOSE, signed)
    )
