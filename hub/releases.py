"""Releases at the hub: kits that were signed away from it, looked over, given to stations piece by piece, offered to more and more of them, or
withdrawn.

    make offline-kit ─> kit ─ sign (where the root key is) ─> kit/RELEASE ─ carried into <data>/releases/ ─> publish ─> offer 射洪 ─> offer all
                                                                                                                     └─> withdraw

Stations get only the wheels that are new (the others they have, station.upgrading); what a kit is, kit/; what a release is, schemas.releases.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from schemas import releases, tables
from schemas.problems import N_, DomainError, Problem
from schemas.releases import PURPOSE, Release
from station import files, keys
from station.databases import PUBLIC
from station.identity import Identity
from station.moment import Clock, stamp
from station.releases import Releases, is_made
from station.staff import Staff
from sync import strict_json
from sync.errors import BadJson
from sync.serving import ServedStore
from sync.signing import Signer

FOLDER: Final = "releases"
SIGNED: Final = "RELEASE"
ALWAYS: Final = (releases.SUMS, "VERSION", "lock.txt", "kit.py")
"""What travels of every kit, besides wheels."""


class Kit(NamedTuple):
    """A folder with a kit. problem: why it can't be published, None if it can; size: bytes that would travel."""

    name: str
    version: str
    size: int
    problem: Problem | None


def sign(kit: Path, root: Signer) -> str:
    """Writes RELEASE into a kit: what the root key says of it; the version. ValueError for a folder that is no whole kit."""
    version, text = _look_over(kit)
    said = root.signed(PURPOSE, {"version": version, "sums": hashlib.sha256(text).hexdigest()})
    (kit / SIGNED).write_bytes(strict_json.canonical(said))
    return version


def _look_over(kit: Path) -> tuple[str, bytes]:
    """(version, its list of files) of a kit in which every file is as that says. ValueError for any other folder."""
    try:
        text = (kit / releases.SUMS).read_bytes()
        listed = releases.read_sums(text.decode("ascii"))
        for name, digest in listed.items():
            if hashlib.sha256((kit / name).read_bytes()).hexdigest() != digest:
                raise ValueError(f"{name} of {kit} is not what SHA256SUMS says: copy the kit again")
        version = (kit / "VERSION").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{kit} is no whole kit: {error}") from error
    if lacking := [name for name in (*ALWAYS[1:],) if name not in listed]:
        raise ValueError(f"{kit} is no kit: SHA256SUMS does not name {', '.join(lacking)}")
    if not releases.order(version):
        raise ValueError(f"{kit}/VERSION says {version!r}, which is no version such as 0.2.0")
    return version, text


class Office:
    """Of one hub. `folder`: where kits are put that are to be published; `locks`: of the versions
    installed at the hub."""

    def __init__(
        self, store: ServedStore, identity: Identity, known: Releases, clock: Clock, folder: Path, locks: Mapping[str, str]
    ) -> None:  # fmt: skip
        self._store = store
        self._identity = identity
        self._known = known
        self._clock = clock
        self.folder = folder
        self._locks = dict(locks)

    def kits(self) -> list[Kit]:
        """What lies in the folder and is not published yet, by name."""
        published = {each["version"] for each in self._known.all()}
        found = [self._kit(each) for each in sorted(self.folder.glob("*/")) if (each / "VERSION").exists()]
        return [each for each in found if each.version not in published]

    def _kit(self, path: Path) -> Kit:
        try:
            version, _, _ = self._signed(path)
            size = sum((path / name).stat().st_size for name in self._new(path, version))
        except DomainError as error:
            said = (path / "VERSION").read_text(encoding="ascii", errors="replace").strip()[:40]
            return Kit(path.name, said, 0, error.problem)
        return Kit(path.name, version, size, None)

    def _signed(self, kit: Path) -> tuple[str, bytes, dict[str, Any]]:
        """(version, list of files, what the root key signed). DomainError for what may not be published."""
        try:
            version, text = _look_over(kit)
        except ValueError as error:
            raise DomainError(
                Problem("kit_broken", N_("安装包不完整或已损坏：{why}"), {"why": str(error)})
            ) from error
        try:
            signed = strict_json.loads_object((kit / SIGNED).read_bytes())
        except OSError:
            raise DomainError(
                Problem("kit_unsigned", N_("安装包还没有用根密钥签名，见 running.md“发布新版本”"), {})
            ) from None
        except BadJson:
            signed = {}
        if (
            not is_made(signed, version, self._identity.root)
            or signed["sums"] != hashlib.sha256(text).hexdigest()
        ):
            raise DomainError(Problem("kit_badly_signed", N_("签名不是本市根密钥对这个安装包所签的"), {}))
        return version, text, signed

    def _new(self, kit: Path, version: str) -> list[str]:
        """Which files travel: the few that every release has, our own wheel, and wheels that stations do not have yet."""
        there = self._held(version)
        wheels = sorted(path.name for path in (kit / "wheels").glob("*.whl"))
        return [*ALWAYS, *(f"wheels/{name}" for name in wheels if _pin_of(name) not in there)]

    def _held(self, version: str) -> set[str]:
        """What stations have or can have: of the oldest version installed here, with which the city began, and of every release since."""
        older = sorted(
            (each for each in self._locks if releases.order(each) < releases.order(version)),
            key=releases.order,
        )
        locks = [self._locks[each] for each in older[:1]]
        for each in self._known.all():
            text = self._known.file(each, "lock.txt")
            locks += [text.decode("ascii", errors="replace")] if text is not None else []
        return set().union(*map(_pins, locks))

    def publish(self, staff: Staff, name: str, notes: str) -> str:
        """Gives a kit's new files to all stations, offered to none yet; the version. DomainError for what may not be published."""
        path = self.folder / name
        if name not in [each.name for each in self.kits()]:
            raise DomainError(Problem("kit_unknown", N_("没有找到这个安装包"), {}))
        version, _, signed = self._signed(path)
        if any(releases.order(each["version"]) >= releases.order(version) for each in self._known.all()):
            raise DomainError(Problem("kit_old", N_("已经发布过更新的版本"), {}))
        content = []
        for each in self._new(path, version):
            data = (path / each).read_bytes()
            files.keep(self._store.database(PUBLIC, create=True), data)
            content.append({"name": each, **files.described(data)})
        self._write(
            {
                "_id": releases.doc_id(version), "type": "release", "schema": 1, "version": version, "notes": notes,
                "at": stamp(self._clock()), "staff": staff.employee_no, "to": [], "withdrawn": False, "root": signed, "content": content,
            }
        )  # fmt: skip
        return version

    def offer(self, version: str, to: Iterable[str]) -> None:
        """Offers it to these parts of the city (beginnings of station codes), and to no others. DomainError for parts there are not."""
        wanted = sorted(set(to))
        known = {releases.WHOLE_CITY, *(each.code[:6] for each in tables.districts())}
        if wrong := [each for each in wanted if each not in known and each not in tables.stations()]:
            raise DomainError(
                Problem("place_unknown", N_("没有“{place}”这个区县或站点"), {"place": wrong[0]})
            )
        self._write({**self._one(version), "to": wanted, "withdrawn": False})

    def withdraw(self, version: str) -> None:
        """Offers it to nobody any more, and lets who runs it go back to the version before."""
        self._write({**self._one(version), "to": [], "withdrawn": True})

    def _one(self, version: str) -> Release:
        found = next((each for each in self._known.all() if each["version"] == version), None)
        if found is None:
            raise DomainError(Problem("release_unknown", N_("没有这个版本"), {}))
        return found

    def _write(self, doc: Release) -> None:
        keys.publish(self._store, self._identity.signer, doc)


def locks_in(home: Path | None) -> dict[str, str]:
    """The locks of the versions that a kit has installed in a folder."""
    found = sorted((home / "versions").glob("*/lock.txt")) if home is not None else []
    return {each.parent.name: each.read_text(encoding="ascii", errors="replace") for each in found}


def _pins(lock: str) -> set[str]:
    """name==version of what a lock names, as wheels are called."""
    return {_normal(line) for line in re.findall(r"^([A-Za-z0-9._-]+==[^\s;\\]+)", lock, re.MULTILINE)}


def _pin_of(wheel: str) -> str:
    """name==version of a wheel by its file's name."""
    name, version = wheel.split("-")[:2]
    return _normal(f"{name}=={version}")


def _normal(pin: str) -> str:
    name, _, version = pin.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower() + "==" + version
