"""Before another version of the program opens a store for the first time, a backup of it as the version before left it.

    version in the data folder    <version> <form of its store>     that ran here last, and behind it the one before
                                  backup <folder>                   made between the two

So an upgrade can be taken back: the version before is installed still (kit/), and what it wrote is here, also where the newer one has
changed the form of the store. A version that finds a newer store refuses to touch it (sync.store); but where the newer one never answered
a page, nothing was recorded by it, and the backup is put back.
"""

from __future__ import annotations

import logging
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

from schemas.problems import DomainError
from station import backup_copy
from station.keystore import write_private
from station.settings import Settings
from sync.errors import DiskFull
from sync.store import encryption, schema
from sync.store.connection import FileLock

log = logging.getLogger("bianmin.upgrade")

FILE: Final = "version"
KEPT: Final = "before-upgrade"


class Ran(NamedTuple):
    """A version that ran here, and the form of its store; 0 where that was not written down."""

    version: str
    form: int


class Told(NamedTuple):
    """What is written down of the versions that ran here: the last one first."""

    ran: tuple[Ran, ...] = ()
    backup: Path | None = None

    @property
    def last(self) -> str:
        """ "" before the first."""
        return self.ran[0].version if self.ran else ""

    def same_form(self) -> bool:
        """Whether the version before can work with the store of the last one."""
        return len(self.ran) > 1 and self.ran[0].form == self.ran[1].form != 0


def running() -> str:
    """The version of this program."""
    return metadata.version("bianmin")


def told(data: Path) -> Told:
    """Of a data folder."""
    try:
        lines = (data / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return Told()
    ran, backup = [], None
    for line in lines:
        name, _, more = line.strip().partition(" ")
        if name == "backup":
            backup = Path(more)
        elif name:
            ran.append(Ran(name, int(more) if more.isdecimal() else 0))
    return Told(tuple(ran[:2]), backup)


def guard(
    settings: Settings, key: bytes | None, now: datetime, version: str | None = None, *, failed: str = ""
) -> Path | None:
    """Makes that backup, where the settings want backups or else in the data folder, if another version ran here last; where it is. Without
    one the newer version does not begin: DiskFull where there is no room for it. `failed`: the version that was put back because it did not
    stay up; if it had changed the form of the store, the backup that was made before it is put back too."""
    version = version or running()
    before = told(settings.data)
    if before.last == version:
        return None
    if failed and failed == before.last and before.backup and before.ran[0].form > schema.VERSION:
        moved = backup_copy.put_back(before.backup, settings.data, now)
        log.warning(
            "version %s did not stay up: %s is put back; what it left is in %s", failed, before.backup, moved
        )
    made = None
    # A plain store that is about to be encrypted is copied, checked and renamed by that; a backup would be plain for good.
    if (
        before.last
        and settings.store_path.exists()
        and not (key and encryption.is_plain(settings.store_path))
    ):
        lock = FileLock(settings.store_path)
        try:
            made = _backup(settings, key, now)
        except DomainError as error:
            raise DiskFull(
                f"Before version {version} opens the data of {before.last}, it is backed up, and that failed: {error}"
            ) from error
        finally:
            lock.release()
        log.warning("version %s follows %s; what %s left is in %s", version, before.last, before.last, made)
    lines = [f"{each.version} {each.form}" for each in (Ran(version, schema.VERSION), *before.ran[:1])]
    lines += [f"backup {made}"] if made else []
    write_private(settings.data / FILE, "\n".join([*lines, ""]).encode())
    return made


def _backup(settings: Settings, key: bytes | None, now: datetime) -> Path:
    paths = (settings.store_path, settings.access_path)
    copies = {path.name: backup_copy.copier(path, key) for path in paths if path.exists()}
    into = settings.backup
    if into is None or not into.is_dir():
        into = settings.data / KEPT
        into.mkdir(mode=0o700, exist_ok=True)
    return backup_copy.make(copies, settings.data, settings.code, now, into)
