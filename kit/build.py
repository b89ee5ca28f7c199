"""make offline-kit: a folder from which stations are set up without a network. Wheels for Linux and Windows, the lock, the scripts.

    build/bianmin-kit-<version>/    wheels/  lock.txt  install.sh  install.bat  kit.py  VERSION  SHA256SUMS

The lock's hashes hold for every wheel, here and again where it is installed; of our own wheel, SHA256SUMS says it. For each Python
version that is named (3.11 … by default those that stations have) and both systems, exactly what the lock says, and nothing built.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("install.sh", "install.bat", "kit.py")
PYTHONS = ("3.11", "3.12", "3.13")


class System(NamedTuple):
    """A kind of computer: how markers and how wheels call it."""

    name: str
    sys_platform: str
    platform_system: str
    os_name: str
    machine: str
    platforms: tuple[str, ...]


SYSTEMS = (
    System("linux", "linux", "Linux", "posix", "x86_64",
           ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "manylinux_2_34_x86_64", "linux_x86_64")),
    System("windows", "win32", "Windows", "nt", "AMD64", ("win_amd64",)),
)  # fmt: skip


def requirements(lock: str, system: System, python: str) -> list[str]:
    """The lock's entries for a system, each with its hashes and without its marker. Pure."""
    environment = {
        "sys_platform": system.sys_platform, "platform_system": system.platform_system, "os_name": system.os_name,
        "platform_machine": system.machine, "python_version": python, "python_full_version": f"{python}.0",
        "implementation_name": "cpython", "platform_python_implementation": "CPython", "implementation_version": f"{python}.0",
        "platform_release": "", "platform_version": "", "extra": "",
    }  # fmt: skip
    found = []
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        line = re.sub(r"\s*\\\n\s*", " ", entry)
        stated = re.match(r"(\S+?==[^\s;]+)(?:\s*;\s*(.*?))?\s+(--hash.*)", line)
        if stated is None:
            raise ValueError(f"the lock has an entry of another form: {entry[:80]}")
        name, marker, hashes = stated.groups()
        if not marker or Marker(marker).evaluate(environment):
            found.append(f"{name} {hashes}")
    return found


def download(lines: list[str], system: System, python: str, into: Path) -> None:
    """The wheels that these entries name, from the index that pip is set to."""
    asked = into.parent / f"{system.name}-{python}.tmp"
    asked.write_text("\n".join(lines) + "\n", encoding="ascii")
    platforms = [word for each in system.platforms for word in ("--platform", each)]
    command = [
        sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--require-hashes",
        "--only-binary", ":all:", "--implementation", "cp", "--python-version", python, *platforms, "--dest", str(into), "-r", str(asked),
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True)
    finally:
        asked.unlink()


def build(into: Path, pythons: tuple[str, ...], systems: tuple[System, ...]) -> Path:
    """Makes the kit anew; where it is."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    kit = into / f"bianmin-kit-{version}"
    shutil.rmtree(kit, ignore_errors=True)
    wheels = kit / "wheels"
    wheels.mkdir(parents=True)
    lock = (ROOT / "requirements" / "run.txt").read_text(encoding="ascii")
    for system in systems:
        for python in pythons:
            download(requirements(lock, system, python), system, python, wheels)
    (kit / "lock.txt").write_text(lock, encoding="ascii")  # pip reads its markers where it is installed
    own = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*own, "--wheel-dir", str(wheels), str(ROOT)], check=True)
    for name in SCRIPTS:
        shutil.copy(ROOT / "kit" / name, kit / name)
    (kit / "VERSION").write_text(version + "\n", encoding="ascii")
    shutil.copy(ROOT / "docs" / "running.md", kit / "running.md")
    sums = [
        f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.relative_to(kit).as_posix()}"
        for each in sorted(kit.rglob("*"))
        if each.is_file()
    ]
    (kit / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="ascii")
    return kit


def main() -> None:
    """Reads options, builds, says where and how large."""
    options = argparse.ArgumentParser(description="Make a folder that sets stations up without a network.")
    options.add_argument("--into", type=Path, default=ROOT / "build")
    options.add_argument(
        "--python", action="append", choices=PYTHONS, help="for this Python alone; repeat it"
    )
    options.add_argument("--system", action="append", choices=[each.name for each in SYSTEMS])
    asked = options.parse_args()
    systems = tuple(each for each in SYSTEMS if not asked.system or each.name in asked.system)
    kit = build(asked.into, tuple(asked.python or PYTHONS), systems)
    size = sum(each.stat().st_size for each in kit.rglob("*") if each.is_file())
    print(f"{kit}: {len(list((kit / 'wheels').iterdir()))} wheels, {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
