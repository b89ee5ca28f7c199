"""Which sticks are in this computer. Reads the system's word for it, and writes nothing."""

from __future__ import annotations

import os
import shutil
import string
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

MOUNTS: Final = ("/media", "/run/media", "/mnt")
"""Where Linux puts them, right there or in a folder of the user's."""
REMOVABLE: Final = 2
"""As Windows calls that type of drive."""


class Drive(NamedTuple):
    """`free`: bytes."""

    path: Path
    name: str
    free: int


def removable() -> list[Drive]:
    """Those that can be written, by path."""
    return list(_usable(_windows() if sys.platform == "win32" else _linux(MOUNTS)))


def _usable(paths: Iterable[Path]) -> Iterator[Drive]:
    for path in paths:
        try:
            if os.access(path, os.W_OK):
                yield Drive(path, path.name or str(path), shutil.disk_usage(path).free)
        except OSError:
            continue  # taken out just now


def _linux(mounts: Iterable[str]) -> Iterator[Path]:
    for mount in mounts:
        for path in _below(Path(mount)):
            if path.is_mount():
                yield path
            else:
                yield from (each for each in _below(path) if each.is_mount())


def _below(path: Path) -> list[Path]:
    try:
        return sorted(each for each in path.iterdir() if each.is_dir())
    except OSError:
        return []


def _windows() -> Iterator[Path]:
    import ctypes

    kind_of = ctypes.windll.kernel32.GetDriveTypeW  # type: ignore[attr-defined]  # only Windows has it
    for letter in string.ascii_uppercase:
        if kind_of(f"{letter}:\\") == REMOVABLE:
            yield Path(f"{letter}:\\")
