"""Notices at the start that this store is a copy, or was put back to an earlier day. A mark outside the data folder tells:

    <folder of keys>/<store>.life    {"lives": [the life that runs, the one that is beginning], "seq": how far the store had come, "machine"}

Each start begins a new life, which the store and the mark both know. A folder that was copied to another computer finds no
mark there, or another's; one that was put back whole, register and all, has not come as far as the mark says. A whole disk
that was put back is noticed at the next contact with the hub (`station.recovery`). To be wrong costs a new epoch and no more.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from station.identity import Identity
from station.keystore import write_private

log = logging.getLogger("bianmin.lives")

SUFFIX: Final = ".life"
NOTE_SECONDS: Final = (
    5.0  # a mark is an fsync; what was written in the last seconds before a copy, the hub tells
)


class Lives:
    """The mark of one store at `path`."""

    def __init__(
        self, path: Path, identity: Identity, *, random: Callable[[int], bytes], machine: str
    ) -> None:
        self._path = path
        self._identity = identity
        self._random = random
        self._machine = machine
        self._lock = threading.Lock()
        self._noted, self._noted_at = -1, -NOTE_SECONDS

    def begin(self, seq: int) -> bool:
        """Begins a life at this start; whether the store is not the one, or not as far, as the mark says."""
        before, mark = self._identity.life, self._read()
        strange = bool(before) and not (
            mark is not None
            and before in mark["lives"]
            and seq >= mark["seq"]
            and mark["machine"] == self._machine
        )
        life = self._random(8).hex()
        # Both lives are good until the store knows the new one: the power may go in between.
        self._write([before, life], seq)
        self._identity.note_life(life)
        self._write([life], seq)
        return strange

    def note(self, seq: int, now: float) -> None:
        """The store has come that far, at `now` by a running clock."""
        with self._lock:
            if seq > self._noted and now - self._noted_at >= NOTE_SECONDS:
                self._noted_at = now
                self._write([self._identity.life], seq)

    def _write(self, lives: list[str], seq: int) -> None:
        try:
            said = {"lives": lives, "seq": seq, "machine": self._machine}
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self._path, json.dumps(said).encode())
            self._noted = seq
        except OSError as error:
            log.warning(
                "%s can't be written (%s): a copy of this folder would not be noticed at once",
                self._path,
                error,
            )

    def _read(self) -> dict[str, Any] | None:
        try:
            mark = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return None
        sound = (
            type(mark) is dict
            and type(mark.get("lives")) is list
            and type(mark.get("seq")) is int
            and type(mark.get("machine")) is str
        )
        return mark if sound else None


def this_machine() -> str:
    """Something that two computers don't share, also when one is a copy of the other's files; "" where there is none."""
    return hashlib.sha256(b"bianmin 1 machine\n" + _machine_id().encode()).hexdigest()[:32]


def _machine_id() -> str:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
                return str(winreg.QueryValueEx(key, "MachineGuid")[0])
        except OSError:
            return ""
    for path in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        if path.exists():
            return path.read_text(encoding="ascii", errors="replace").strip()
    return ""
