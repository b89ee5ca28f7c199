"""Before another version of the program opens a store for the first time, a backup of it as the version before left it.

    version in the data folder    the version that ran here last

So an upgrade can be taken back: the version before is installed still (kit/), and what it wrote is here, also where the newer one has
changed the form of the store. A version that finds a newer store refuses to touch it (sync.store).
"""

from __future__ import annotations

import logging
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Final

from schemas.problems import DomainError
from station import backup_copy
from station.keystore import write_private
from station.settings import Settings
from sync.errors import DiskFull
from sync.store import encryption
from sync.store.connection import FileLock

log = logging.getLogger("bianmin.upgrade")

FILE: Final = "version"
KEPT: Final = "before-upgrade"


def running() -> str:
    """The version of this program."""
    return metadata.version("bianmin")


def guard(settings: Settings, key: bytes | None, now: datetime, version: str | None = None) -> Path | None:
    """Makes that backup, where the settings want backups or else in the data folder, if another version ran here last; where it is. Without
    one the newer version does not begin: DiskFull where there is no room for it."""
    version = version or running()
    mark = settings.data / FILE
    before = mark.read_text(encoding="ascii", errors="replace").strip() if mark.exists() else ""
    if before == version:
        return None
    made = None
    # A plain store that is about to be encrypted is copied, checked and renamed by that; a backup would be plain for good.
    if before and settings.store_path.exists() and not (key and encryption.is_plain(settings.store_path)):
        lock = FileLock(settings.store_path)
        try:
            made = _backup(settings, key, now)
        except DomainError as error:
            raise DiskFull(
                f"Before version {version} opens the data of {before}, it is backed up, and that failed: {error}"
            ) from error
        finally:
            lock.release()
        log.warning("version %s follows %s; what %s left is in %s", version, before, before, made)
    write_private(mark, version.encode() + b"\n")
    return made


def _backup(settings: Settings, key: bytes | None, now: datetime) -> Path:
    paths = (settings.store_path, settings.access_path)
    copies = {path.name: backup_copy.copier(path, key) for path in paths if path.exists()}
    into = settings.backup
    if into is None or not into.is_dir():
        into = settings.data / KEPT
        into.mkdir(mode=0o700, exist_ok=True)
    return backup_copy.make(copies, settings.data, settings.code, now, into)
