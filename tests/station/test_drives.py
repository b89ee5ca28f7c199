"""Which sticks are in this computer: what is mounted where sticks are, and nothing else."""

from __future__ import annotations

from pathlib import Path

from station import drives


def test_a_folder_that_is_no_stick_is_none(tmp_path: Path) -> None:
    (tmp_path / "clerk" / "folder").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    assert list(drives._linux([str(tmp_path), str(tmp_path / "missing")])) == []


def test_what_is_mounted_is_found_right_there_or_in_a_user_s_folder() -> None:
    found = list(drives._linux(["/"]))
    assert Path("/proc") in found
    assert Path("/dev/shm") in found or Path("/dev/pts") in found or Path("/dev") in found


def test_only_what_can_be_written_is_offered(tmp_path: Path) -> None:
    (drive,) = drives._usable([tmp_path / "gone", tmp_path])
    assert (drive.path, drive.name) == (tmp_path, tmp_path.name)
    assert drive.free > 0


def test_asking_never_fails() -> None:
    assert isinstance(drives.removable(), list)
