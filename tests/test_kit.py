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
    assert "versions/3/" in (tmp_path / "bianmin-station").read_text()
    assert kit.back(tmp_path) == "2"
    assert "versions/2/" in (tmp_path / "bianmin-station").read_text()
    assert kit.back(tmp_path) == "3", "and forward again"


def test_without_a_version_before_there_is_no_way_back(tmp_path: Path) -> None:
    (tmp_path / "versions" / "1").mkdir(parents=True)
    kit.use(tmp_path, "1", [])
    with pytest.raises(kit.Refused, match="没有可以退回的版本"):
        kit.back(tmp_path)


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
