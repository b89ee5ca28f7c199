"""Releases of the program that travel to stations by sync: which of two is newer, and which one a station should run. Pure.

    public/release:<version>   {"version", "notes", "to", "withdrawn", "root", "content"}       signed by the hub
        to         beginnings of station codes it is offered to: 5109 the city, 510903 a district, twelve digits a station
        withdrawn  who runs it goes back to the version before
        root       {"version", "sums"}, signed by the city's root key: sums is the SHA-256 of the kit's SHA256SUMS, which names every file.
                   A hub that was broken into can offer, and can't make, a release
        content    the kit's files that stations do not have yet: name and what station.files says of a file (size, sha256, index)

What is done with one is station.upgrading's; a kit is kit/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

PREFIX: Final = "release:"
PURPOSE: Final = "release"
"""What the root key signs one for."""
VERSION: Final = r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}"
SUMS: Final = "SHA256SUMS"
WHOLE_CITY: Final = "5109"

Release = Mapping[str, Any]


def doc_id(version: str) -> str:
    return PREFIX + version


def order(version: str) -> tuple[int, ...]:
    """By which versions are compared; () for what is none, which is older than every one."""
    return tuple(map(int, version.split("."))) if re.fullmatch(VERSION, version) else ()


def is_for(release: Release, code: str) -> bool:
    """Whether it is offered to this station."""
    return not release["withdrawn"] and any(code.startswith(each) for each in release["to"] if each)


def wanted(releases: Iterable[Release], code: str, running: str) -> Release | None:
    """The release that a station should run next: the newest that is offered to it, newer than what it runs; None where it has it."""
    found = [each for each in releases if is_for(each, code) and order(each["version"]) > order(running)]
    return max(found, key=lambda each: order(each["version"]), default=None)


def is_withdrawn(releases: Iterable[Release], running: str) -> bool:
    """Whether the hub has withdrawn what this station runs."""
    return any(each["withdrawn"] and each["version"] == running for each in releases)


def read_sums(text: str) -> dict[str, str]:
    """File of a kit → its SHA-256, as SHA256SUMS says. ValueError for what is none, and for names that lead out of the kit."""
    found = {}
    for line in text.splitlines():
        stated = re.fullmatch(r"([0-9a-f]{64})  ((?:wheels/)?[A-Za-z0-9][A-Za-z0-9._+-]*)", line)
        if stated is None:
            raise ValueError(f"SHA256SUMS has a line of another form: {line[:80]!r}")
        found[stated[2]] = stated[1]
    return found
