"""The folder from which stations are set up without a network: what goes into it, what it refuses, upgrades and the way back.

BIANMIN_TEST_KIT=1 makes a whole kit for this Python and installs it with the network taken away (it downloads 30 MB).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kit import build, kit
from tests import kits

ROOT = Path(__file__).parent.parent
WHOLE = os.environ.get("BIANMIN_TEST_KIT") == "1"
LOCK = (ROOT / "requirements" / "run.txt").read_text(encoding="ascii")
LINUX, WINDOWS = build.SYSTEMS


def names(system: build.System) -> set[str]:
    return {line.partition("==")[0] for line in build.requirements(LOCK, system, "3.11")}


def test_each_system_gets_what_the_lock_says_for_it_with_its_hashes() -> None:
    assert {"flask", "apsw-sqlite3mc", "openpyxl", "uvicorn"} <= names(LINUX) & names(WINDOWS)
    assert "pywin32-ctypes" in names(WINDOWS) - names(LINUX)
    assert "secretstorage" in names(LINUX) - names(WINDOWS)
    for line in build.requirements(LOCK, WINDOWS, "3.13"):
        assert "==" in line
        assert "--hash=sha256:" in line
        assert ";" not in line


def test_a_lock_of_another_form_is_no_kit() -> None:
    with pytest.raises(ValueError, match="another form"):
        build.requirements("flask>=3\n", LINUX, "3.11")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kit with nothing in it but what it says of itself."""
    here = tmp_path / "kit"
    here.mkdir()
    shutil.copy(ROOT / "kit" / "kit.py", here)
    (here / "VERSION").write_text("0.2.0\n")
    (here / "SHA256SUMS").write_text(
        f"{hashlib.sha256((here / 'VERSION').read_bytes()).hexdigest()}  VERSION\n"
    )
    monkeypatch.setattr(kit, "HERE", here)
    return here


def test_a_kit_that_was_not_copied_whole_is_refused_in_words(folder: Path) -> None:
    kit.check()
    (folder / "VERSION").write_text("0.2.1\n")
    with pytest.raises(kit.Refused, match="VERSION 已损坏"):
        kit.check()
    (folder / "VERSION").unlink()
    with pytest.raises(kit.Refused, match="缺少 VERSION"):
        kit.check()


def test_the_version_before_stays_and_older_ones_go(tmp_path: Path) -> None:
    for version, before in (("1", []), ("2", ["1"]), ("3", ["2"])):
        (tmp_path / "versions" / version).mkdir(parents=True)
        kit.use(tmp_path, version, before)
    assert {each.name for each in (tmp_path / "versions").iterdir()} == {"2", "3"}
    assert (tmp_path / "in-use").read_text().split() == ["3", "2"]
    assert kit.back(tmp_path) == "2"
    assert (tmp_path / "in-use").read_text().split() == ["2", "3"]
    assert (tmp_path / "gone-back").read_text().split() == ["3"]
    assert kit.back(tmp_path) == "3", "and forward again"


def test_without_a_version_before_there_is_no_way_back(tmp_path: Path) -> None:
    (tmp_path / "versions" / "1").mkdir(parents=True)
    kit.use(tmp_path, "1", [])
    with pytest.raises(kit.Refused, match="没有可以退回的版本"):
        kit.back(tmp_path)


def run(target: Path, *words: str) -> tuple[int, list[str]]:
    """What the command of a service or an icon ends with, and what the programs it started said since the last time."""
    told = target.parent / "told"
    told.unlink(missing_ok=True)
    done = subprocess.run(
        [str(target / "bianmin-station"), *words], env={**os.environ, "TOLD": str(told)}, timeout=60
    )
    return done.returncode, told.read_text().splitlines() if told.exists() else []


def kit_of(made: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(made / "kit.py"), *words], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(180)
@pytest.mark.skipif(os.name == "nt", reason="starts what a kit of tests has installed on Linux")
def test_a_version_is_installed_aside_taken_on_trial_and_put_back_if_it_does_not_stay_up(
    tmp_path: Path,
) -> None:
    target = tmp_path / "program"
    first = kits.kit(tmp_path, "0.1.0", status=3)
    kit_of(first, str(target))
    assert run(target, "--code", "1", "serve") == (3, ["0.1.0 --code 1 serve"]), "words and status go through"

    second = kits.kit(tmp_path, "0.2.0", falls=True)
    (second / "wheels" / "little-1.0-py3-none-any.whl").unlink()  # stations have it: it does not travel
    (second / "running.md").unlink()
    kit_of(second, str(target), "--aside")
    assert (target / "in-use").read_text().split() == ["0.1.0"], "nothing has changed yet"
    kit_of(target, str(target), "--take", "0.2.0")
    assert run(target, "status") == (1, ["0.2.0 status"]), "a command that ends is no trial"
    assert run(target, "serve") == (3, ["0.2.0 serve", "0.2.0 serve", "0.1.0 serve"]), (
        "twice, and then the one before"
    )
    assert (target / "in-use").read_text().split() == ["0.1.0", "0.2.0"]
    assert (target / "gone-back").read_text().split() == ["0.2.0", "failed"]

    third = kits.kit(tmp_path, "0.3.0")
    (third / "kit.py").write_text((third / "kit.py").read_text() + "# of 0.3.0\n")
    kits.list_files(third)
    kit_of(third, str(target), "--aside")
    assert "# of 0.3.0" not in (target / "kit.py").read_text()
    kit_of(target, str(target), "--take", "0.3.0")
    assert run(target, "serve") == (0, ["0.3.0 serve"])
    assert "# of 0.3.0" in (target / "kit.py").read_text(), "it is started by what it came with"
    assert not (target / "trial").exists()
    assert {each.name for each in (target / "versions").iterdir()} == {"0.1.0", "0.3.0"}


@pytest.mark.timeout(120)
@pytest.mark.skipif(os.name == "nt", reason="starts what a kit of tests has installed on Linux")
def test_a_program_on_trial_that_asks_for_it_is_started_anew_in_the_version_in_use_then(
    tmp_path: Path,
) -> None:
    target = tmp_path / "program"
    kit_of(kits.kit(tmp_path, "0.1.0"), str(target))
    kit_of(kits.kit(tmp_path, "0.2.0", status=kit.AGAIN), str(target), "--aside")
    kit_of(target, str(target), "--take", "0.2.0")
    ended, said = run(target, "serve")
    assert (ended, said[0]) == (kit.AGAIN, "0.2.0 serve")
    assert len(said) == 2, "the second time it is no trial any more, and nobody waits for it"


def test_what_was_not_installed_aside_can_not_be_taken(tmp_path: Path) -> None:
    with pytest.raises(kit.Refused, match="版本 9 没有装好"):
        kit.take(tmp_path, "9")


def test_of_a_release_that_came_by_sync_wheels_may_be_missing_and_nothing_else(folder: Path) -> None:
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  wheels/flask-3.0-py3-none-any.whl\n")
    kit.check(part=True)
    with pytest.raises(kit.Refused, match="缺少 wheels/flask"):
        kit.check()
    (folder / "VERSION").unlink()
    with pytest.raises(kit.Refused, match="缺少 VERSION"):
        kit.check(part=True)


@pytest.mark.timeout(600)
@pytest.mark.skipif(not WHOLE, reason="downloads wheels; BIANMIN_TEST_KIT=1 runs it")
def test_a_kit_installs_with_the_network_taken_away_and_what_is_installed_works(tmp_path: Path) -> None:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    made = build.build(tmp_path, (python,), (LINUX,))
    target = tmp_path / "program"
    # A name space of its own has no network at all; where none may be made, there is still no index to ask.
    alone = ["unshare", "--map-root-user", "--net"]
    cut = shutil.which("unshare") and subprocess.run([*alone, "true"], capture_output=True).returncode == 0
    installed = subprocess.run(
        [*(alone if cut else []), sys.executable, str(made / "kit.py"), str(target)],
        capture_output=True,
        text=True,
    )
    assert installed.returncode == 0, installed.stderr
    assert "已装好 0.1.0" in installed.stdout
    told = subprocess.run(
        [str(target / "bianmin-station"), "--version"], capture_output=True, text=True, cwd=tmp_path
    )
    assert "0.1.0" in told.stdout, told.stderr
    doctor = [
        str(target / "bianmin-station"),
        "--data",
        str(tmp_path / "data"),
        "--code",
        "510903001001",
        "--key-file",
        str(tmp_path / "key"),
        "doctor",
    ]
    said = subprocess.run(doctor, capture_output=True, text=True, cwd=tmp_path)
    assert "本机还没有注册" in said.stdout, said.stderr
    wheel = next((made / "wheels").glob("flask-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")
    again = subprocess.run(
        [sys.executable, str(made / "kit.py"), str(target)], capture_output=True, text=True
    )
    assert again.returncode == 1
    assert "已损坏" in again.stderr
