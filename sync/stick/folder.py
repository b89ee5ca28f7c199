"""How a file gets onto a stick: written under another name, forced out, read back, renamed. A stick that is taken out on the way,
is full, or keeps less than it says, never has a file with the right name that is not all there.

Nothing here needs more than FAT can do: one folder, ASCII names, no links, no rights.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from sync.errors import OurFault
from sync.stick.file import PIECE, SUFFIX, Stick

ASIDE: Final = ".part"


class StickFailed(OurFault):
    """The file could not be written so that it can be read again. Nothing of it is left on the stick."""

    error = "stick_failed"


def put(folder: Path, stick: Stick, told: Callable[[int], None] = lambda _bytes: None) -> Path:
    """Writes the file into the folder; where it is. `told` hears how many bytes are written, while it goes on. StickFailed."""
    path = folder / stick.name
    aside = path.with_name(path.name + ASIDE)
    try:
        for left in folder.glob(f"*{SUFFIX}{ASIDE}"):
            _remove(left)  # of a computer that went out while it was writing; it would take room for ever
        digest = _write(aside, stick, told)
        if _read_back(aside) != digest:
            raise StickFailed(
                f"What {folder} gives back is not what was written to it. The stick is bad, or has less room than it says: take another one."
            )
        aside.replace(path)
        _settle(folder)
    except OSError as error:
        _remove(aside)
        raise StickFailed(
            f"{folder} can't be written ({error.strerror or error}). Is the stick in, does it have {stick.length / 1e6:.1f} MB of room,"
            " and is its lock open?"
        ) from error
    except BaseException:
        _remove(aside)
        raise
    return path


def found(folder: Path) -> list[Path]:
    """The files of this kind in a folder, the last written first; [] where it can't be read."""
    try:
        return sorted(
            (each for each in folder.iterdir() if each.name.endswith(SUFFIX) and each.is_file()),
            key=lambda each: each.stat().st_mtime,
            reverse=True,
        )
    except OSError:
        return []


def _write(path: Path, stick: Stick, told: Callable[[int], None]) -> str:
    sum, written = hashlib.sha256(), 0
    with path.open("wb") as file:
        for piece in stick.pieces():
            file.write(piece)
            sum.update(piece)
            written += len(piece)
            told(written)
        file.flush()
        os.fsync(file.fileno())
    return sum.hexdigest()


def _read_back(path: Path) -> str:
    sum = hashlib.sha256()
    with path.open("rb") as file:
        if hasattr(
            os, "posix_fadvise"
        ):  # else what comes back may be what the system remembers, not what the stick does
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := file.read(PIECE):
            sum.update(piece)
    return sum.hexdigest()


def _settle(folder: Path) -> None:
    """The new name on the stick, where the system can be told so."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
