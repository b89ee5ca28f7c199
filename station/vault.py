"""The key of one data folder: found at every start, drawn at the first, and three ways back to it if it is lost.

    keystore ─────────────── every start, asks nobody       station.keystore; outside the data folder
    wraps.json ───────────── unlock --staff NO              in the data folder: the key under each person's password
    recovery.age ─────────── hub recover ─> unlock --recovered      in the data folder: the key sealed to the hub

    wraps.json   {"key": what the key is called, "wraps": {employee_no: what station.sealing.wrap made}}

Nothing in the data folder gives the key away to who knows no password. Opens no store: it asks one question of the store's
file, whether a key is its own.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from station import sealing
from station.keystore import Keeper, KeyMissing, write_private
from station.sealing import COST, Cost, KeyRefused, key_id
from sync.errors import StoreLocked
from sync.store import encryption
from sync.store.connection import FileLock

log = logging.getLogger("bianmin.keys")

WRAPS: Final = "wraps.json"
RECOVERY: Final = "recovery.age"


@dataclass
class Vault:
    """An open vault: the key, and the folder that its wrappings lie in."""

    folder: Path
    key: bytes = field(repr=False)
    random: Callable[[int], bytes]
    cost: Cost = COST
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def note_password(self, employee_no: str, password: str, *, new: bool) -> None:
        """Hears a password when it is set (`new`) and when somebody has signed in with it, and wraps the key under it
        unless it already is. Never in anybody's way: where it can't be written, the log says so."""
        with self._writing:
            try:
                kept = _read(self.folder) or {"key": key_id(self.key), "wraps": {}}
                if not new and employee_no in kept["wraps"]:
                    return
                kept["wraps"][employee_no] = sealing.wrap(
                    self.key, employee_no, password, random=self.random, cost=self.cost
                )
                _write(self.folder, kept)
            except (OSError, KeyMissing) as error:
                log.warning("the key could not be wrapped for %s: %s", employee_no, error)

    def forget(self, employee_no: str) -> None:
        """Takes away the wrapping of somebody whose password counts no more. Never in anybody's way: where it can't be
        written, the log says so."""
        with self._writing:
            try:
                kept = _read(self.folder)
                if kept is not None and kept["wraps"].pop(employee_no, None) is not None:
                    _write(self.folder, kept)
            except (OSError, KeyMissing) as error:
                log.warning("the key is still wrapped for %s: %s", employee_no, error)

    def seal_for(self, recipient: str) -> Path:
        """Leaves the key, sealed to the hub's recipient ("age1…"), in the data folder; says where."""
        path = self.folder / RECOVERY
        write_private(path, sealing.seal(self.key, recipient))
        return path


def open_vault(
    folder: Path, store: Path, keeper: Keeper, *, random: Callable[[int], bytes], cost: Cost = COST
) -> Vault:
    """The vault of a data folder; at the first start it draws the key. KeyMissing, with the way back, where there was one.

    The key is safe before anything is encrypted with it.
    """
    kept = _read(folder)
    if kept is not None:
        key = keeper.get(kept["key"])
        if key is None:
            raise KeyMissing(
                f"The key of {store} is neither in this computer's keystore nor in its key file. Bring it back with `bianmin-station unlock --staff"
                f" NO` and that person's password ({_names(kept)}), or have the hub open {folder / RECOVERY}"
                " (`bianmin-hub recover`) and use `unlock --recovered`."
            )
        return Vault(folder, key, random, cost)
    lock = FileLock(store)  # two first starts at once must not draw two keys
    try:
        if _read(folder) is not None:
            raise StoreLocked(f"Another process has just made the key of {store}; start again.")
        return Vault(folder, _first_key(folder, store, keeper, random), random, cost)
    finally:
        lock.release()


def _first_key(folder: Path, store: Path, keeper: Keeper, random: Callable[[int], bytes]) -> bytes:
    encrypted = store.exists() and encryption.is_encrypted(store)
    key = keeper.only()
    if encrypted and (key is None or not encryption.opens(store, key)):
        raise KeyMissing(
            f"{store} is encrypted, and {folder / WRAPS}, which names its key, is gone. Put that file back from the backup;"
            f" or have the hub open {folder / RECOVERY} and use `bianmin-station unlock --recovered`."
        )
    if key is None:
        key = random(encryption.KEY_BYTES)
        keeper.put(key_id(key), key)
    _write(folder, {"key": key_id(key), "wraps": {}})
    return key


def unlock(folder: Path, keeper: Keeper, employee_no: str, password: str) -> str:
    """Brings the key back by a person's password; says where it is kept now. KeyRefused for another password."""
    kept = _read(folder)
    if kept is None:
        raise KeyMissing(f"There is no {folder / WRAPS}: nobody's password opens this folder.")
    if employee_no not in kept["wraps"]:
        raise KeyRefused(f"No password of {employee_no} opens this folder; {_names(kept)}.")
    key = sealing.unwrap(kept["wraps"][employee_no], kept["key"], employee_no, password)
    return keeper.put(kept["key"], key)


def unlock_recovered(folder: Path, store: Path, keeper: Keeper, recovered: bytes, words: str) -> str:
    """Brings the key back from what the hub has made of `recovery.age`; says where it is kept now."""
    key = sealing.open_with_words(recovered, words)
    kept = _read(folder)
    own = encryption.opens(store, key) if store.exists() else kept is not None and kept["key"] == key_id(key)
    if not own:
        raise KeyRefused(f"This is the key of another store than {store}.")
    where = keeper.put(key_id(key), key)
    if kept is None or kept["key"] != key_id(key):
        _write(folder, {"key": key_id(key), "wraps": {}})
    return where


def key_name(folder: Path) -> str | None:
    """What the key of the files in a folder is called; None where nothing there is encrypted. KeyMissing for a damaged folder."""
    kept = _read(folder)
    return None if kept is None else str(kept["key"])


def _names(kept: dict[str, Any]) -> str:
    return "wrapped for " + (", ".join(sorted(kept["wraps"])) or "nobody yet")


def _read(folder: Path) -> dict[str, Any] | None:
    path = folder / WRAPS
    try:
        kept = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        kept = None
    if (
        not isinstance(kept, dict)
        or not isinstance(kept.get("key"), str)
        or not isinstance(kept.get("wraps"), dict)
    ):
        raise KeyMissing(
            f"{path} is damaged. Put it back from the backup, or move it away and use `unlock --recovered`."
        )
    return kept


def _write(folder: Path, kept: dict[str, Any]) -> None:
    write_private(folder / WRAPS, json.dumps(kept, indent=1, sort_keys=True).encode() + b"\n")
