"""What stops a server from starting: each a sentence a person can act on, a status that is not 0, and nothing lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CODE = "510903001001"


def start(data: Path, *options: str, code: str = CODE, module: str = "station.cli") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, "--data", str(data), "--code", code, "--port", "0", *options, "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refused(process: subprocess.Popen[str]) -> tuple[int, str]:
    """(exit status, what it said) of a server that does not start."""
    out, err = process.communicate(timeout=30)
    assert "ready on" not in out
    assert "Traceback" not in err
    return process.returncode, err


@contextmanager
def running(data: Path, *options: str) -> Iterator[str]:
    """A station that has said it is ready; its address."""
    process = start(data, *options)
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert "ready on" in line, process.communicate()[1]
        yield line.rsplit(" ", 1)[1].strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_it_starts_says_where_and_stops_cleanly(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        assert url.startswith("http://127.0.0.1:")
    port = int(url.rsplit(":", 1)[1])
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, said = refused(start(tmp_path / "data", "--port", str(port)))
    assert status == 4
    assert f"port {port} is in use" in said
    assert not (tmp_path / "data").exists(), "nothing is made before the port is had"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_plain_http_for_others(tmp_path: Path, host: str) -> None:
    status, said = refused(start(tmp_path, "--host", host))
    assert status == 4
    assert "plain HTTP is for this computer alone" in said
    for way_out in ("bianmin-hub init", "bianmin-station join", "--proxy", "--host 127.0.0.1"):
        assert way_out in said


def test_a_parent_reached_by_plain_http(tmp_path: Path) -> None:
    status, said = refused(start(tmp_path / "data", "--parent", "http://hub.example:8000"))
    assert status == 2
    assert "http://hub.example:8000" in said
    assert "https://" in said
    assert not (tmp_path / "data").exists()


def test_behind_a_proxy_it_may_listen_for_others(tmp_path: Path) -> None:
    with running(tmp_path, "--host", "0.0.0.0", "--proxy", "127.0.0.1") as url:
        assert url.startswith("http://0.0.0.0:")


def test_an_unknown_station_code(tmp_path: Path) -> None:
    status, said = refused(start(tmp_path / "data", code="999999999999"))
    assert status == 2
    assert "999999999999" in said
    assert not (tmp_path / "data").exists()


def test_a_store_that_another_process_has_open(tmp_path: Path) -> None:
    with running(tmp_path):
        status, said = refused(start(tmp_path))
    assert status == 3
    assert str(tmp_path) in said


def test_a_store_made_by_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    import apsw

    with running(tmp_path, "--no-encrypt"):
        pass
    path = tmp_path / "store.sqlite"
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    before = path.read_bytes()
    for encrypted in ("--no-encrypt", "--encrypt"):
        status, said = refused(start(tmp_path, encrypted))
        assert status == 3
        assert "newer version" in said
    assert path.read_bytes() == before


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"this is a letter, not a database\n" * 100)
    status, said = refused(start(tmp_path))
    assert status == 3
    assert str(path) in said
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_store_that_vanished_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    with running(tmp_path):
        pass
    (tmp_path / "store.sqlite").unlink()
    status, said = refused(start(tmp_path))
    assert status == 3
    assert "backup" in said
    assert not (tmp_path / "store.sqlite").exists()


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        target = Path("/proc/bianmin")
    else:
        target = tmp_path / "closed" / "data"
        target.parent.mkdir(mode=0o500)
    status, said = refused(start(target))
    assert status == 3
    assert "--data" in said


def test_a_full_disk(tmp_path: Path) -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs to mount a small disk, which only root may")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let tests mount a small disk")
    try:
        (disk / "filler").write_bytes(b"x" * 48 * 1024)
        status, said = refused(start(disk / "data"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert status == 3
    assert "full" in said.lower() or "space" in said.lower()
