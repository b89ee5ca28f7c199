"""`stick write` and `stick read`, of a station, of the hub, and by `bianmin-sync` for whichever the settings name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main as hub
from station.cli import main as station
from sync.cli import main as sync
from tests.test_journey import INSTANT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World, small_city


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """The data folders of a city whose servers are stopped, one case at the village."""
    with small_city(tmp_path) as world:
        record(world, INSTANT)
        assert isinstance(world, World)
    (tmp_path / "usb").mkdir()
    return tmp_path


def options(folders: Path, code: str) -> list[str]:
    key = ["--key-file", str(folders / "keys" / code)] if code != HUB else []
    return ["--data", str(folders / code), "--code", code, *key]


def run(folders: Path, code: str, *args: str) -> Result:
    """The command of that server."""
    return CliRunner().invoke(hub if code == HUB else station, [*options(folders, code), "stick", *args])


def run_sync(folders: Path, code: str, *args: str) -> Result:
    return CliRunner().invoke(sync, ["stick", *options(folders, code), *args])


@pytest.mark.parametrize("command", [run, run_sync], ids=["own", "bianmin-sync"])
def test_there_and_back_while_both_are_stopped(folders: Path, command: object) -> None:
    assert callable(command)
    usb = folders / "usb"
    out = command(folders, VILLAGE, "write", str(usb))
    assert out.exit_code == 0, out.output
    (path,) = usb.iterdir()
    assert path.name == f"bianmin-{VILLAGE}-{HUB}-0001.bianmin"
    assert f"{path}: 3 records, 0 pieces of files, {path.stat().st_size} bytes" in out.output
    taken = command(folders, HUB, "read", str(usb))
    assert taken.exit_code == 0, taken.output
    assert f"{path}: 3 from {VILLAGE}, 3 new, 0 known, 0 refused" in taken.output
    answered = command(folders, HUB, "write", str(usb), "--to", VILLAGE)
    assert answered.exit_code == 0, answered.output
    back = command(folders, VILLAGE, "read", str(usb))
    assert back.exit_code == 0, "the file for the hub that is still there does not matter"
    assert f"from {HUB}" in back.output
    assert "nothing taken. The file is for" in back.output
    again = command(folders, VILLAGE, "read", str(usb))
    assert again.exit_code == 1
    assert "nothing taken. This file was read before." in again.output
    log = CliRunner().invoke(station, [*options(folders, VILLAGE), "audit"])
    assert "写U盘文件" in log.output
    assert "读入U盘文件" in log.output


def test_a_bad_file_is_told_in_a_sentence(folders: Path) -> None:
    usb = folders / "usb"
    run(folders, VILLAGE, "write", str(usb))
    (path,) = usb.iterdir()
    path.write_bytes(path.read_bytes()[:-10])
    out = run(folders, HUB, "read", str(path))
    assert out.exit_code == 1
    assert (
        "nothing taken. The file is not complete: copying it was broken off, or the stick is bad."
        in out.output
    )


def test_a_reader_whose_key_is_not_known_is_told(folders: Path) -> None:
    out = run(folders, HUB, "write", str(folders / "usb"), "--to", "510903001003")
    assert out.exit_code == 1
    assert "No key of 510903001003 is known here" in out.output
    out = run(folders, TOWNSHIP, "write", str(folders / "usb"), "--to", "510922001001")
    assert "510922001001 is neither above nor below 510903001000" in out.output


def test_a_stick_that_is_not_in_is_told(folders: Path) -> None:
    assert run(folders, VILLAGE, "write", str(folders / "none")).exit_code == 2


def test_bianmin_sync_lists_it_beside_its_own(folders: Path) -> None:
    out = CliRunner().invoke(sync, ["--help"])
    assert "stick" in out.output
    assert "replicate-all" in out.output
    assert CliRunner().invoke(sync, ["stick", "--help"]).exit_code == 0
