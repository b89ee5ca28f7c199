"""Kits small enough to be made in a moment, which pip installs as it does real ones: a program that says its version, or falls over, and a library."""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from pathlib import Path

from hub import releases
from sync.signing import Signer

ROOT = Path(__file__).parent.parent
PROGRAM = """
import os, pathlib, sys
import little
VERSION, FALLS, STATUS = {version!r}, {falls!r}, {status!r}
def main():
    with open(os.environ["TOLD"], "a") as told:
        told.write(VERSION + " " + " ".join(sys.argv[1:]) + "\\n")
    home = pathlib.Path(sys.prefix).parent.parent
    if FALLS:
        sys.exit(1)
    (home / "trial").unlink(missing_ok=True)
    sys.exit(STATUS)
"""


def kit(folder: Path, version: str, *, falls: bool = False, status: int = 0, little: str = "1.0") -> Path:
    """A kit below `folder`. falls: its program ends at once with 1, before it says that it works; status: what it ends with otherwise."""
    made = folder / f"bianmin-kit-{version}"
    wheels = made / "wheels"
    wheels.mkdir(parents=True)
    body = PROGRAM.format(version=version, falls=falls, status=status)
    commands = "[console_scripts]\n" + "".join(
        f"{each} = program:main\n" for each in ("bianmin-station", "bianmin-hub", "bianmin-sync")
    )
    wheel(wheels, "bianmin", version, {"program.py": body}, commands)
    library = wheel(wheels, "little", little, {"little.py": ""}, "")
    digest = hashlib.sha256(library.read_bytes()).hexdigest()
    (made / "lock.txt").write_text(f"little=={little} \\\n    --hash=sha256:{digest}\n")
    (made / "VERSION").write_text(version + "\n")
    shutil.copy(ROOT / "kit" / "kit.py", made)
    (made / "running.md").write_text("for hands")
    list_files(made)
    return made


def list_files(made: Path) -> None:
    """Writes a kit's list of files."""
    every = sorted(
        each for each in made.rglob("*") if each.is_file() and each.name not in ("SHA256SUMS", "RELEASE")
    )
    sums = [
        f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.relative_to(made).as_posix()}"
        for each in every
    ]
    (made / "SHA256SUMS").write_text("\n".join(sums) + "\n")


def signed(made: Path, root: Signer) -> Path:
    """The kit, signed."""
    releases.sign(made, root)
    return made


def wheel(folder: Path, name: str, version: str, files: dict[str, str], entry_points: str) -> Path:
    """A wheel for any Python."""
    about = f"{name}-{version}.dist-info"
    inside = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": entry_points,
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in inside.items())
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for each, text in inside.items():
            file.writestr(zipfile.ZipInfo(each), text)
        file.writestr(zipfile.ZipInfo(f"{about}/RECORD"), record + f"{about}/RECORD,,\n")
    return path


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
