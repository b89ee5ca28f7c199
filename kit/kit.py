"""Sets bianmin up from the folder this file lies in, without a network, beside what is there; and goes back. Needs Python alone.

    python kit.py TARGET             installs this version below TARGET and makes it the one in use
    python kit.py TARGET --back      makes the version before the one in use

    TARGET/versions/<version>/       an environment each; the one in use and the one before stay, older ones go
    TARGET/in-use                    which version is in use, and which was before, a line each
    TARGET/bianmin-station[.bat]     starts the one in use, and so bianmin-hub; these are what services and icons name

Data is nowhere below TARGET and is not touched: the program itself backs a store up before another version opens it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
WINDOWS = os.name == "nt"
COMMANDS = ("bianmin-station", "bianmin-hub", "bianmin-sync")
LEAST = (3, 11)


class Refused(Exception):
    """What is wrong and what to do, in a sentence."""


def check() -> None:
    """Every file of the kit is what it was made as."""
    for line in (HERE / "SHA256SUMS").read_text(encoding="ascii").splitlines():
        digest, _, name = line.partition("  ")
        path = HERE / name
        if not path.exists():
            raise Refused(f"安装包不完整，缺少 {name}。请重新复制整个文件夹")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise Refused(f"安装包里的 {name} 已损坏。请重新复制整个文件夹")


def install(target: Path) -> str:
    """A fresh environment of this version, whole before it is in use; the version."""
    version = (HERE / "VERSION").read_text(encoding="ascii").strip()
    place = target / "versions" / version
    in_use = _in_use(target)
    if place.exists() and in_use[:1] != [version]:
        shutil.rmtree(place)  # one that was not finished
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        # An environment knows its own path, so it is made where it stays, and counts once `in-use` names it.
        venv.create(place, with_pip=True)
        try:
            _pip(place, "--require-hashes", "-r", str(HERE / "lock.txt"))
            _pip(place, "--no-deps", *map(str, (HERE / "wheels").glob("bianmin-*.whl")))
        except subprocess.CalledProcessError as error:
            shutil.rmtree(place, ignore_errors=True)
            raise Refused(f"没有装成（pip {error.returncode}）。请看上面的提示；正在用的版本没有动") from None
    use(target, version, [each for each in in_use if each != version][:1])
    return version


def back(target: Path) -> str:
    """The version before is in use again; which one."""
    in_use = _in_use(target)
    if len(in_use) < 2 or not (target / "versions" / in_use[1]).exists():
        raise Refused("没有可以退回的版本")
    use(target, in_use[1], in_use[:1])
    return in_use[1]


def use(target: Path, version: str, before: list[str]) -> None:
    """Writes who is in use, makes the commands, and takes away what is neither in use nor the one before."""
    aside = target / "in-use.new"
    aside.write_text("\n".join([version, *before]) + "\n", encoding="utf-8")
    for name in COMMANDS:
        if WINDOWS:
            command = target / "versions" / version / "Scripts" / f"{name}.exe"
            _write(target / f"{name}.bat", f'@"{command}" %*\r\n')
        else:
            command = target / "versions" / version / "bin" / name
            _write(target / name, f'#!/bin/sh\nexec "{command}" "$@"\n', 0o755)
    aside.replace(target / "in-use")
    for each in (target / "versions").iterdir():
        if each.name not in (version, *before):
            shutil.rmtree(each, ignore_errors=True)


def _in_use(target: Path) -> list[str]:
    path = target / "in-use"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def _pip(place: Path, *what: str) -> None:
    python = place / ("Scripts/python.exe" if WINDOWS else "bin/python")
    # No index, no settings of this computer: from these wheels or not at all.
    command = [
        str(python),
        "-m",
        "pip",
        "--isolated",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--no-index",
        "--find-links",
    ]
    subprocess.run([*command, str(HERE / "wheels"), *what], check=True)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    aside = path.with_name(path.name + ".new")
    aside.write_bytes(text.encode("mbcs" if WINDOWS else "utf-8"))
    aside.chmod(mode)
    aside.replace(path)


def main() -> None:
    """Reads options, does it, says what to do next."""
    options = argparse.ArgumentParser(description="Set bianmin up without a network.")
    options.add_argument("target", type=Path)
    options.add_argument("--back", action="store_true", help="go back to the version before")
    asked = options.parse_args()
    target = asked.target.absolute()
    try:
        if sys.version_info < LEAST:
            raise Refused(
                f"需要 Python {LEAST[0]}.{LEAST[1]} 或更新的版本，这台电脑是 {sys.version.split()[0]}"
            )
        if asked.back:
            print(f"已退回 {back(target)}。如果数据文件已被新版本改过，请用升级前的备份恢复，见 running.md")
        else:
            check()
            print(f"已装好 {install(target)}，在 {target}。停止正在运行的便民系统，再启动，就是新版本")
    except Refused as error:
        sys.exit(f"错误：{error}")


if __name__ == "__main__":
    main()
