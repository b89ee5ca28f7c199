"""One click that starts the station and opens its pages: the file on the desktop, and what it calls. Decides nothing.

Windows gets a .bat, Linux a .desktop. Both call `open`, which starts the station unless it runs, and then shows it in the browser.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

NAMES: Final = {"windows": "便民.bat", "linux": "便民.desktop"}
THIS: Final = "windows" if sys.platform == "win32" else "linux"


def program(python: Path = Path(sys.executable)) -> list[str]:
    """How this station is started: by the command that a kit has made, which an upgrade leaves in its place, or by this very Python."""
    above = python.parents
    if len(above) > 3 and above[2].name == "versions" and (above[3] / "in-use").exists():
        return [str(above[3] / ("bianmin-station.bat" if THIS == "windows" else "bianmin-station"))]
    return [str(python), "-m", "station.cli"]


def text(system: str, command: list[str], config: Path) -> str:
    """What stands in the file. ValueError for a path that such a file can't hold."""
    words = [*command, "--config", str(config), "open"]
    if any(ch in word for word in words for ch in '"\n\r%`$'):
        raise ValueError("paths with quotes, percent or dollar signs can't stand in a launcher")
    if system == "windows":
        quoted = " ".join(f'"{word}"' for word in words)
        return f'@echo off\r\nchcp 65001 >nul\r\nstart "bianmin" /min {quoted}\r\n'
    quoted = " ".join('"' + word.replace("\\", "\\\\") + '"' for word in words)
    return (
        "[Desktop Entry]\nType=Application\nName=便民\nComment=便民服务站\n"
        f"Exec={quoted}\nTerminal=false\nCategories=Office;\n"
    )


def write(folder: Path, system: str, command: list[str], config: Path) -> Path:
    """Writes it into a folder; where it is."""
    path = folder / NAMES[system]
    path.write_text(text(system, command, config), encoding="utf-8", newline="")
    path.chmod(0o755)
    return path
