"""One click: the file on the desktop, and what it calls, with a real server and a browser that writes down what it is shown."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from station import launcher
from station.cli import main as station
from tests.world import VILLAGE


def config(folder: Path, port: int = 0) -> Path:
    path = folder / "station.toml"
    path.write_text(
        f'code = "{VILLAGE}"\ndata = "{folder / "data"}"\nkey_file = "{folder / "key"}"\nport = {port}\n'
    )
    return path


def test_windows_gets_a_bat_and_linux_a_desktop_entry(tmp_path: Path) -> None:
    path = config(tmp_path)
    for system, name in launcher.NAMES.items():
        made = CliRunner().invoke(
            station, ["--config", str(path), "launcher", str(tmp_path), "--system", system]
        )
        assert made.output.strip() == str(tmp_path / name)
    bat = (tmp_path / "便民.bat").read_bytes().decode()
    assert bat.splitlines()[-1].endswith(f'"--config" "{path}" "open"')
    assert "\r\n" in bat
    desktop = (tmp_path / "便民.desktop").read_text()
    assert f'"{path}" "open"' in desktop
    assert os.access(tmp_path / "便民.desktop", os.X_OK)


def test_it_names_what_an_upgrade_leaves_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "in-use").write_text("1\n")
    installed = tmp_path / "versions" / "1" / "bin" / "python"
    assert launcher.program(installed) == [str(tmp_path / "bianmin-station")]
    assert launcher.program(Path("/usr/bin/python3"))[1:] == ["-m", "station.cli"]


def test_without_a_settings_file_or_with_an_odd_path_it_is_refused(tmp_path: Path) -> None:
    bare = CliRunner().invoke(station, ["--code", VILLAGE, "launcher", str(tmp_path)])
    assert bare.exit_code == 2
    assert "--config" in bare.output
    with pytest.raises(ValueError, match="can't stand in a launcher"):
        launcher.text("windows", ["py"], Path("C:/100%/station.toml"))


@pytest.mark.skipif(sys.platform == "win32", reason="reads a desktop entry")
def test_a_click_starts_the_station_and_shows_its_pages_and_a_second_one_only_shows_them(
    tmp_path: Path,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = launcher.write(tmp_path, "linux", launcher.program(), config(tmp_path, port))
    line = next(line for line in made.read_text().splitlines() if line.startswith("Exec="))
    shown = tmp_path / "shown"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> "{shown}"\n')
    browser.chmod(0o755)
    environment = {**os.environ, "BROWSER": f"{browser} %s"}
    command = shlex.split(line.removeprefix("Exec="))
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert f"ready on http://127.0.0.1:{port}" in process.stdout.readline()
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                assert "首次使用" in client.get("/", follow_redirects=True).text
            second = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=60, check=True
            )
            assert second.stdout == ""
            assert set(shown.read_text().split()) == {f"http://127.0.0.1:{port}/"}
        finally:
            process.send_signal(signal.SIGTERM)
