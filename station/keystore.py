"""Where a store's key is kept between two starts: the operating system's keystore, or a file. Makes no key and decides
nothing about stores.

A service that runs while nobody is signed in needs a place that asks no person. On Windows that is the Credential Manager
(DPAPI, bound to the account the service runs under), on a Linux desktop the Secret Service. Where neither works, a file in
the user's configuration folder: not beside the data, so that a copied folder or backup tells nothing; but whoever gets
the whole disk gets the file too, and that is said in the log.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Final, Protocol

import click

from station.sealing import key_id
from sync.errors import OurFault
from sync.store.encryption import KEY_BYTES, durable_folder, parse_key

log = logging.getLogger("bianmin.keys")

SERVICE: Final = "bianmin"


class KeyMissing(OurFault):
    """The key is not where it should be; the reason says how to bring it back."""


class Keeper(Protocol):
    """A place for keys, by `key_id`."""

    def get(self, id_: str) -> bytes | None:
        """The key of this name, or None."""

    def only(self) -> bytes | None:
        """The key that a person put here for this station, whatever its name; None where keys have names."""

    def put(self, id_: str, key: bytes) -> str:
        """Keeps it; says where."""


def folder(key_file: Path | None) -> Path:
    """Where files about keys lie, outside of any data folder: beside the one a person named, or in the user's
    configuration."""
    return (
        key_file.parent
        if key_file is not None
        else Path(click.get_app_dir("bianmin", roaming=False)) / "keys"
    )


def keeper(key_file: Path | None) -> Keeper:
    """The file a person named, or else this computer's keystore."""
    return KeyFile(key_file) if key_file is not None else Keystore()


class KeyFile:
    """One key in one file: 64 hexadecimal digits."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, id_: str) -> bytes | None:
        key = self.only()
        if key is not None and key_id(key) != id_:
            raise KeyMissing(f"{self.path} holds the key of another store. Name the right --key-file.")
        return key

    def only(self) -> bytes | None:
        try:
            text = self.path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyMissing(f"The key file {self.path} cannot be read: {error}.") from error
        key = parse_key(text)
        if key is None:
            raise KeyMissing(
                f"{self.path} is no key file: it should hold {KEY_BYTES * 2} hexadecimal digits."
            )
        return key

    def put(self, id_: str, key: bytes) -> str:
        known = self.only()
        if known is not None and known != key:
            raise KeyMissing(f"{self.path} holds the key of another store; it was not written over.")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self.path, key.hex().encode() + b"\n")
        except OSError as error:
            raise KeyMissing(f"The key file {self.path} cannot be written: {error.strerror}.") from error
        return str(self.path)


class Keystore:
    """The operating system's keystore; where none works, a file a key in the user's configuration folder."""

    def __init__(self, place: Path | None = None) -> None:
        self._folder = place or folder(None)

    def get(self, id_: str) -> bytes | None:
        found = KeyFile(self._file(id_)).get(id_)
        return found if found is not None else _asked(id_)

    def only(self) -> bytes | None:
        return None

    def put(self, id_: str, key: bytes) -> str:
        """In the keystore if it gives the key back when asked; else in a file, and the log says what that is worth."""
        if trouble := _told(id_, key):
            where = KeyFile(self._file(id_)).put(id_, key)
            log.warning(
                "The store's key is kept in the file %s, since this computer has no keystore that works (%s). Whoever"
                " gets the whole disk gets the key with it: encrypt the disk, or name a --key-file elsewhere.",
                where, trouble,
            )  # fmt: skip
            return where
        return "this computer's keystore"

    def _file(self, id_: str) -> Path:
        return self._folder / f"{id_}.key"


def write_private(path: Path, data: bytes) -> None:
    """Writes a file that only this user may read; it is there whole or as it was, also after a power cut."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    durable_folder(path)


def _backend() -> Any:
    """The keystore of this computer; None where there is none that keeps secrets."""
    import keyring  # a tenth of a second that a station with a key file need not wait
    from keyring.core import recommended

    found = keyring.get_keyring()
    return found if recommended(found) else None


def _told(id_: str, key: bytes) -> str:
    """Puts the key into the keystore; "" if it is in there, else why not."""
    try:
        backend = _backend()
        if backend is None:
            return "none was found"
        backend.set_password(SERVICE, id_, key.hex())
        if backend.get_password(SERVICE, id_) == key.hex():
            return ""
        return "it does not give back what it was told"
    except Exception as error:  # a keystore's own errors are as many as its makers
        return f"{type(error).__name__}: {error}"


def _asked(id_: str) -> bytes | None:
    try:
        backend = _backend()
        key = None if backend is None else parse_key(backend.get_password(SERVICE, id_) or "")
    except Exception as error:
        raise KeyMissing(
            f"This computer's keystore does not answer ({type(error).__name__}: {error}). Is it locked? Sign in to this"
            " computer as the user whom the station runs as, or bring the key back with `bianmin-station unlock`."
        ) from error
    return key if key is not None and key_id(key) == id_ else None
