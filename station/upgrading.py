"""A station upgrades itself: a release that came by sync is installed beside what runs, taken while nobody works, and put back if it fails.

    offered ─> fetching ─> whole: each file is what the root key signed ─> installed aside ─> idle ─> in use, on trial ─> pages answered: kept
                                                                                                        └─ did not stay up: the one before
                                                                                                           (kit.py, which starts both)

Only where a kit has installed the program (kit/): that knows how to have two versions beside each other and how to change between them.
What a release is and who is offered it: schemas.releases, station.releases. Before a version first opens the store: station.upgrades.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from schemas import releases
from schemas.problems import N_, DomainError, Problem
from schemas.releases import Release
from station import upgrades
from station.files import Progress
from station.moment import Clock
from station.releases import Releases

log = logging.getLogger("bianmin.upgrade")

IDLE: Final = 1200.0
"""Seconds without anybody at a page, after which a new version may be taken."""
AGAIN_AFTER: Final = 24 * 3600.0
"""Seconds until what failed is tried again."""
ROOM: Final = 300_000_000  # bytes of an environment with its wheels, and some
AGAIN: Final = 75
WAITED_FOR: Final = "BIANMIN_WAITED_FOR"
"""Both as kit.py says."""
NEEDED: Final = ("kit.py", "lock.txt", "VERSION")
TRIAL, GONE_BACK, IN_USE = "trial", "gone-back", "in-use"
FOLDER: Final = "release"

Stage = Literal["", "fetching", "here", "aside"]
"""Of what is offered: nothing is; files are on their way; all are here; it is installed beside what runs."""
LACKS_ROOM: Final = Problem("upgrade_room", N_("硬盘空间不足，新版本装不下。请清理后再试"), {})
NOT_INSTALLED: Final = Problem(
    "upgrade_failed", N_("新版本没有装成，正在用的版本没有动；明天会再试。仍不行请告知市中心"), {}
)
NOT_SIGNED: Final = Problem(
    "upgrade_unsigned", N_("收到的新版本与市里签发的不符，没有安装。请告知市中心"), {}
)
NO_WAY_BACK: Final = Problem("no_way_back", N_("没有可以退回的版本"), {})
OTHER_FORM: Final = Problem(
    "other_form", N_("本版本已改变数据格式，不能直接退回。请按手册用升级前的备份恢复"), {}
)


class Standing(NamedTuple):
    """How this computer stands. home: whether a kit installed it here, so that it can upgrade itself."""

    running: str
    home: bool
    offered: Release | None
    stage: Stage
    progress: Progress
    before: str
    """The version that could be gone back to, "" for none."""
    way_back: Problem | None
    """Why one can't go back; None if one can."""
    gone_back: str
    """The version that was gone back from and is not taken again by itself, "" for none."""
    failed: bool
    """It did not stay up, and nobody asked for it."""
    problem: Problem | None
    withdrawn: bool
    """The hub has withdrawn what runs here."""


class Upgrading:
    """Of one station. `home`: the folder a kit installed it in; None for a program that came another way."""

    def __init__(
        self, code: str, known: Releases, data: Path, clock: Clock, *, home: Path | None, running: str, by_itself: bool,
        monotonic: Callable[[], float] = time.monotonic, ask_kit: Callable[[list[str]], bool] | None = None,
    ) -> None:  # fmt: skip
        """`by_itself`: takes a version while nobody works; else a person has to say so. `ask_kit`: runs a kit, and whether it did it."""
        self._code = code
        self._known = known
        self._data = data
        self._clock = clock
        self._home = home
        self._running = running
        self._by_itself = by_itself
        self._monotonic = monotonic
        self._ask_kit = ask_kit or _ask
        self._used = monotonic()
        self._tried: tuple[str, datetime] | None = None
        self._problem: Problem | None = None
        self._one_at_a_time = threading.Lock()
        self.stop: Callable[[], None] = lambda: None
        """Ends the server, which is then started anew."""
        self.restarting = False

    # -- how it stands -------------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        """As it is now."""
        every = self._known.all()
        offered = releases.wanted(every, self._code, self._running)
        progress = self._known.progress(offered) if offered else Progress(0, 0)
        stage: Stage = ""
        if offered:
            stage = "aside" if self._is_aside(offered) else "here" if progress.whole else "fetching"
        before = self._before()
        gone_back, _, why = self._word(GONE_BACK).partition(" ")
        return Standing(
            running=self._running, home=self._home is not None, offered=offered, stage=stage, progress=progress, before=before,
            way_back=self._way_back(), gone_back=gone_back, failed=why == "failed", problem=self._problem,
            withdrawn=releases.is_withdrawn(every, self._running),
        )  # fmt: skip

    def _before(self) -> str:
        in_use = self._word(IN_USE).split()
        return in_use[1] if len(in_use) > 1 else ""

    def _way_back(self) -> Problem | None:
        before, told = self._before(), upgrades.told(self._data)
        if not before or releases.order(before) >= releases.order(self._running):
            return NO_WAY_BACK
        ran = [each.version for each in told.ran]
        return None if ran == [self._running, before] and told.same_form() else OTHER_FORM

    def _is_aside(self, release: Release) -> bool:
        # kit.py copies the lock last, when all else is in place.
        return self._home is not None and (self._home / "versions" / release["version"] / "lock.txt").exists()

    def _word(self, name: str) -> str:
        try:
            return (self._home / name).read_text(encoding="utf-8").strip() if self._home else ""
        except OSError:
            return ""

    # -- what is done about it -----------------------------------------------------------------------------------

    def used(self) -> None:
        """Somebody is at a page."""
        self._used = self._monotonic()

    def is_idle(self) -> bool:
        """Whether nobody has been at a page for long."""
        return self._monotonic() - self._used >= IDLE

    def works(self) -> None:
        """Pages are answered: the version that runs has stood its trial."""
        if self._home is not None:
            (self._home / TRIAL).unlink(missing_ok=True)
            if self._word(GONE_BACK).partition(" ")[0] == self._running:
                (self._home / GONE_BACK).unlink(missing_ok=True)

    def tend(self) -> None:
        """Does what is due. Takes as long as an installation does: not for the thread that pages wait for."""
        if self._home is None or self.restarting:
            return
        with self._one_at_a_time:
            every = self._known.all()
            if releases.is_withdrawn(every, self._running):
                if self._by_itself and self.is_idle() and self._way_back() is None:
                    log.warning("version %s was withdrawn; going back to %s", self._running, self._before())
                    self._go_back()
                return
            release = releases.wanted(every, self._code, self._running)
            if release is None:
                shutil.rmtree(self._data / FOLDER, ignore_errors=True)
                return
            if release["version"] == self._word(GONE_BACK).partition(" ")[0]:
                return  # a person may still take it
            if not self._is_aside(release):
                self._install(release)
            if self._is_aside(release) and self._by_itself and self.is_idle():
                self._take(release)

    def take(self) -> None:
        """A person wants the version that is installed aside now. DomainError where there is none."""
        with self._one_at_a_time:
            release = releases.wanted(self._known.all(), self._code, self._running)
            if release is None or not self._is_aside(release):
                raise DomainError(Problem("upgrade_not_ready", N_("新版本还没有准备好，请稍后再试"), {}))
            self._take(release)

    def go_back(self) -> None:
        """A person wants the version before. DomainError where that can't be."""
        with self._one_at_a_time:
            if (why := self._way_back()) is not None:
                raise DomainError(why)
            self._go_back()

    def _install(self, release: Release) -> None:
        version, now = release["version"], self._clock()
        if (
            self._tried is not None
            and self._tried[0] == version
            and abs((now - self._tried[1]).total_seconds()) < AGAIN_AFTER
        ):
            return
        assert self._home is not None
        try:
            folder = self._put_together(release)
        except (ValueError, DomainError) as error:
            log.error("release %s is not what was signed: %s", version, error)
            self._tried, self._problem = (version, now), NOT_SIGNED
            return
        if folder is None:
            return  # on its way
        self._tried = (version, now)
        if shutil.disk_usage(self._home).free < ROOM:
            self._problem = LACKS_ROOM
            return
        log.info("installing version %s beside %s", version, self._running)
        done = self._ask_kit([str(folder / "kit.py"), str(self._home), "--aside"])
        self._problem = None if done else NOT_INSTALLED
        if done:
            shutil.rmtree(folder, ignore_errors=True)

    def _put_together(self, release: Release) -> Path | None:
        """The kit's files in a folder, each as the root key's list says; None while some are on their way. ValueError for others."""
        if not self._known.progress(release).whole:
            return None
        sums = self._known.sums(release)
        folder: Path = self._data / FOLDER / release["version"]
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "wheels").mkdir(mode=0o700, parents=True)
        for each in release["content"]:
            data = self._known.bytes_of(each) or b""
            if each["name"] != releases.SUMS and hashlib.sha256(data).hexdigest() != sums.get(each["name"]):
                raise ValueError(f"{each['name']} is not in the signed list")
            (folder / each["name"]).write_bytes(data)
        if missing := [name for name in NEEDED if not (folder / name).exists()]:
            raise ValueError(f"it lacks {', '.join(missing)}")
        return folder

    def _take(self, release: Release) -> None:
        log.warning("version %s follows %s", release["version"], self._running)
        if self._kit("--take", release["version"]):
            self._restart()
        else:
            self._problem = NOT_INSTALLED

    def _go_back(self) -> None:
        if self._kit("--back"):
            self._restart()

    def _kit(self, *words: str) -> bool:
        home = self._home
        return home is not None and self._ask_kit([str(home / "kit.py"), str(home), *words])

    def _restart(self) -> None:
        self.restarting = True
        self.stop()


def installed_in(prefix: Path = Path(sys.prefix)) -> Path | None:
    """The folder in which a kit has installed this program; None where it came another way."""
    home = prefix.parent.parent
    return home if prefix.parent.name == "versions" and (home / IN_USE).exists() else None


def failed_in(home: Path | None) -> str:
    """The version that did not stay up there and was put back, "" for none."""
    path = home / GONE_BACK if home is not None else None
    word = path.read_text(encoding="utf-8").split() if path is not None and path.exists() else []
    return word[0] if word[1:] == ["failed"] else ""


def start_again(home: Path) -> None:
    """Ends this process so that the version in use follows it: with the status that kit.py waits for, or by becoming it."""
    if os.environ.get(WAITED_FOR) or os.name == "nt":
        sys.exit(AGAIN)
    command = str(home / Path(sys.argv[0]).name)
    os.execv(command, [command, *sys.argv[1:]])  # noqa: S606 - what a kit wrote, with the words this was started by


def _ask(words: list[str]) -> bool:
    """Runs a kit by the Python that this environment was made of."""
    python = getattr(sys, "_base_executable", "") or sys.executable
    done = subprocess.run(  # noqa: S603 - a kit that was signed, or the one that installed this
        [python, *words], capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        log.error("the kit says: %s", (done.stderr or done.stdout).strip()[-2000:])
    return done.returncode == 0
