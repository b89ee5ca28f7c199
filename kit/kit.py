"""Sets bianmin up from the folder this file lies in, without a network, beside what is there; goes back; starts what is in use. Needs
Python alone.

    python kit.py TARGET             installs this version below TARGET and makes it the one in use
    python kit.py TARGET --aside     installs it only; what a station does with a release that came by sync (station.upgrading)
    python kit.py TARGET --take V    makes version V, which was installed aside, the one in use, on trial
    python kit.py TARGET --back      makes the version before the one in use

    TARGET/versions/<version>/       an environment each, with the wheels and the lock it was made of; the one in use and the one
                                     before stay, older ones go
    TARGET/in-use                    which version is in use, and which was before, a line each
    TARGET/trial                     <version> <how often it was started>, until the program has said that it works (it takes this away)
    TARGET/gone-back                 <version> [failed], which was gone back from, by somebody or because it did not stay up: no station
                                     takes it again by itself
    TARGET/bianmin-station[.bat]     starts the one in use, and so bianmin-hub; these are what services and icons name
    TARGET/kit.py                    this file as the version in use brought it, which they call

Data is nowhere below TARGET and is not touched: the program itself backs a store up before another version opens it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WINDOWS = os.name == "nt"
COMMANDS = ("bianmin-station", "bianmin-hub", "bianmin-sync")
LEAST = (3, 11)
TRIES = 2
"""How often a version on trial is started before it is put back."""
AGAIN = 75
"""The exit status by which a program asks to be started anew, in the version that is in use then."""
LONG = ("serve", "open")
"""The commands that run until they are stopped: what on trial is about."""
WAITED_FOR = "BIANMIN_WAITED_FOR"
"""Set for a program that is a child of this one, which starts it anew on that status; one that is none becomes this one again."""


class Refused(Exception):
    """What is wrong and what to do, in a sentence."""


def check(*, part: bool = False) -> None:
    """Every file of the kit is what it was made as. `part`: of a release that came by sync, which has no wheels that are there already,
    and nothing for hands."""
    for line in (HERE / "SHA256SUMS").read_text(encoding="ascii").splitlines():
        digest, _, name = line.partition("  ")
        path = HERE / name
        if part and not path.exists() and name not in ("lock.txt", "VERSION"):
            continue
        if not path.exists():
            raise Refused(f"安装包不完整，缺少 {name}。请重新复制整个文件夹")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise Refused(f"安装包里的 {name} 已损坏。请重新复制整个文件夹")


def install(target: Path, *, aside: bool = False) -> str:
    """A fresh environment of this version, whole before it is in use; the version."""
    import venv  # only here: a program that starts does not wait for it

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
            lock = str(HERE / "lock.txt")
            _pip(place, target, "install", "--require-hashes", "-r", lock)
            own = list(map(str, (HERE / "wheels").glob("bianmin-*.whl")))
            _pip(place, target, "install", "--no-deps", *own)
            # A release that comes by sync brings the wheels that are new, and finds the others here.
            kept = str(place / "wheels")
            _pip(place, target, "download", "--require-hashes", "--dest", kept, "-r", lock)
            shutil.copy(HERE / "kit.py", place)
            shutil.copy(lock, place / "lock.txt")  # last: by this a station knows that all else is in place
        except subprocess.CalledProcessError as error:
            shutil.rmtree(place, ignore_errors=True)
            raise Refused(f"没有装成（pip {error.returncode}）。请看上面的提示；正在用的版本没有动") from None
    if not aside:
        use(target, version, [each for each in in_use if each != version][:1])
    return version


def take(target: Path, version: str) -> None:
    """A version that was installed aside is in use from the next start on, on trial: it is put back if it does not stay up."""
    if not (target / "versions" / version).exists():
        raise Refused(f"版本 {version} 没有装好")
    before = [each for each in _in_use(target) if each != version][:1]
    _write(target / "trial", f"{version} 0\n")
    use(target, version, before)


def back(target: Path, why: str = "") -> str:
    """The version before is in use again; which one. `why`: "failed" where nobody asked for it."""
    in_use = _in_use(target)
    if len(in_use) < 2 or not (target / "versions" / in_use[1]).exists():
        raise Refused("没有可以退回的版本")
    (target / "trial").unlink(missing_ok=True)
    _write(target / "gone-back", f"{in_use[0]} {why}".strip() + "\n")
    use(target, in_use[1], in_use[:1])
    return in_use[1]


def use(target: Path, version: str, before: list[str]) -> None:
    """Writes who is in use, makes the commands, and takes away what is neither in use nor the one before."""
    python = getattr(sys, "_base_executable", "") or sys.executable
    own = target / "versions" / version / "kit.py"
    # Each version is started by the file it came with, whoever puts it in use.
    shutil.copy(own if own.exists() else HERE / "kit.py", target / "kit.py.new")
    (target / "kit.py.new").replace(target / "kit.py")
    for name in COMMANDS:
        if WINDOWS:
            _write(target / f"{name}.bat", f'@"{python}" "%~dp0kit.py" --start {name} %*\r\n')
        else:
            _write(
                target / name,
                f'#!/bin/sh\nexec "{python}" "{target / "kit.py"}" --start {name} "$@"\n',
                0o755,
            )
    _write(target / "in-use", "\n".join([version, *before]) + "\n")
    for each in (target / "versions").iterdir():
        if each.name not in (version, *before):
            shutil.rmtree(each, ignore_errors=True)


# -- starting ---------------------------------------------------------------------------------------------------------


def start(target: Path, name: str, words: list[str]) -> int:
    """Runs a command of the version in use. One on trial that does not stay up is put back, and the one before it started; the exit status."""
    while True:
        on_trial = any(each in LONG for each in words) and _tried(target)
        command = [str(_command(target, name)), *words]
        if not on_trial and not WINDOWS:
            # One process, which gets what the system has to say.
            os.execv(command[0], command)  # noqa: S606 - a command that this file installed
        status = _run(command)
        failed = bool(status) and (target / "trial").exists() and on_trial
        if status != AGAIN and not failed:
            return status


def _tried(target: Path) -> bool:
    """Counts one more start of the version on trial, or puts it back after too many; whether one is on trial."""
    trial, in_use = target / "trial", _in_use(target)
    if not trial.exists():
        return False
    version, _, times = trial.read_text(encoding="ascii").strip().partition(" ")
    if version != in_use[0]:
        trial.unlink()
        return False
    if int(times or 0) >= TRIES and len(in_use) > 1:
        back(target, "failed")
        return False
    _write(trial, f"{version} {int(times or 0) + 1}\n")
    return True


def _command(target: Path, name: str) -> Path:
    place = target / "versions" / _in_use(target)[0]
    return place / "Scripts" / f"{name}.exe" if WINDOWS else place / "bin" / name


def _run(command: list[str]) -> int:
    """Runs it as a child, which hears of what is sent to this process; its exit status."""
    with subprocess.Popen(command, env={**os.environ, WAITED_FOR: "1"}) as child:
        if not WINDOWS:
            for each in (signal.SIGTERM, signal.SIGINT):
                signal.signal(each, lambda number, _frame: child.send_signal(number))
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # on Windows the child has heard it too
                continue


def _in_use(target: Path) -> list[str]:
    path = target / "in-use"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def _pip(place: Path, target: Path, command: str, *what: str) -> None:
    python = place / ("Scripts/python.exe" if WINDOWS else "bin/python")
    # No index, no settings of this computer: from wheels that are here or not at all.
    alone = ["--isolated", "--disable-pip-version-check", command, "--quiet", "--no-index"]
    folders = [HERE / "wheels", *(target / "versions").glob("*/wheels")]
    links = [word for each in folders for word in ("--find-links", str(each))]
    subprocess.run([str(python), "-m", "pip", *alone, *links, *what], check=True)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    aside = path.with_name(path.name + ".new")
    aside.write_bytes(text.encode("mbcs" if WINDOWS else "utf-8"))
    aside.chmod(mode)
    aside.replace(path)


def main() -> None:
    """Reads options, does it, says what to do next."""
    if sys.argv[1:2] == ["--start"]:
        sys.exit(start(HERE, sys.argv[2], sys.argv[3:]))
    options = argparse.ArgumentParser(description="Set bianmin up without a network.")
    options.add_argument("target", type=Path)
    options.add_argument("--back", action="store_true", help="go back to the version before")
    options.add_argument("--aside", action="store_true", help="install it, and leave in use what is")
    options.add_argument("--take", metavar="VERSION", help="use a version that was installed aside, on trial")
    asked = options.parse_args()
    target = asked.target.absolute()
    try:
        if sys.version_info < LEAST:
            raise Refused(
                f"需要 Python {LEAST[0]}.{LEAST[1]} 或更新的版本，这台电脑是 {sys.version.split()[0]}"
            )
        if asked.back:
            print(f"已退回 {back(target)}。如果数据文件已被新版本改过，请用升级前的备份恢复，见 running.md")
        elif asked.take:
            take(target, asked.take)
        else:
            check(part=asked.aside)
            version = install(target, aside=asked.aside)
            done = "" if asked.aside else "。停止正在运行的便民系统，再启动，就是新版本"
            print(f"已装好 {version}，在 {target}{done}")
    except Refused as error:
        sys.exit(f"错误：{error}")


if __name__ == "__main__":
    main()
