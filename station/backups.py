"""The backups of a running server: made by themselves once a day into the folder that the settings name, each one restored for a
trial, old ones thinned; and what is told of the last one.

    backup.json in the data folder    {"made": {"at", "folder", "bytes"}, "checked": {"at", …}, "tried", "problem": {"text", "params"}}

How one is made and checked is station.backup_copy's, when and which stay station.backup_rules'.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from schemas.problems import N_, DomainError, Problem
from station import backup_copy, backup_rules
from station.access import Access
from station.keystore import write_private
from station.moment import Clock, read, stamp
from sync.store import Store

log = logging.getLogger("bianmin.backup")

FILE: Final = "backup.json"
SCRATCH: Final = "restore-test"


class Backups:
    """Of one server with a store of its own. `into`: where they go by themselves, None for nowhere."""

    def __init__(
        self, store: Store, access: Access, data: Path, code: str, into: Path | None, *, key: bytes | None, clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self.into = into
        self._store = store
        self._access = access
        self._data = data
        self._code = code
        self._key = key
        self._clock = clock
        self._random = random
        self._making = threading.Lock()

    def tend(self) -> None:
        """Makes one if it is due. Takes as long as copying does: not for the thread that pages wait for."""
        told = self.status()
        made, tried = told.get("made", {}).get("at"), told.get("tried")
        if self.into is not None and backup_rules.is_due(
            read(made) if made else None, read(tried) if tried else None, self._clock()
        ):
            try:
                self.make(self.into)
            except DomainError as error:
                log.warning("no backup was made: %s", error.problem.code)

    def make(self, into: Path) -> Path:
        """Makes one, restores it for a trial, thins out the old ones in that folder; where it is. DomainError says what went wrong, and
        so does `status` from then on."""
        with self._making:
            now, told = self._clock(), self.status()
            told |= {"tried": stamp(now), "problem": None}
            try:
                if not into.is_dir():
                    # Never made: where a stick is not in, its folder would come to be on this very disk.
                    text = N_("备份的地方“{folder}”打不开：U盘没有插好，或者文件夹不在了")
                    raise DomainError(Problem("backup_away", text, {"folder": str(into)}))
                copies = {"store.sqlite": self._store.backup, "access.sqlite": self._access.backup}
                made = backup_copy.make(copies, self._data, self._code, now, into)
                told["made"] = {
                    "at": stamp(now),
                    "folder": str(made),
                    "bytes": backup_copy.manifest(made).bytes,
                }
                told["checked"] = None
                found = backup_copy.check(made, self._key, self._data / SCRATCH, self._random)
                told["checked"] = {"at": stamp(self._clock()), **found._asdict()}
                self._thin(into)
                log.info("a backup of %s bytes was made and checked", told["made"]["bytes"])
            except DomainError as error:
                told["problem"] = {"text": error.problem.text, "params": dict(error.problem.params)}
                raise
            finally:
                self._note(told)
            return made

    def status(self) -> dict[str, Any]:
        """What is told of the last one; {} before the first."""
        try:
            told = json.loads((self._data / FILE).read_bytes())
        except (OSError, ValueError):
            return {}
        return told if type(told) is dict else {}

    def is_on_same_disk(self) -> bool:
        """Whether backups lie on the disk that they are to outlive."""
        try:
            return self.into is not None and self.into.stat().st_dev == self._data.stat().st_dev
        except OSError:
            return False

    def _thin(self, into: Path) -> None:
        found = {
            at: each
            for each in into.iterdir()
            if (at := backup_rules.made_at(each.name, self._code)) is not None
        }
        for at in found.keys() - backup_rules.kept(found):
            # Renamed first: a folder that is half deleted must not look like a backup.
            gone = found[at].with_name(found[at].name + ".part")
            try:
                found[at].replace(gone)
            except OSError:
                continue  # somebody looks into it; the next time
            shutil.rmtree(gone, ignore_errors=True)

    def _note(self, told: dict[str, Any]) -> None:
        try:
            write_private(self._data / FILE, json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")
        except OSError as error:
            log.warning("what became of the backup can't be written down: %s", error.strerror)
