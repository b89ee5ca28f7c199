"""Onto a stick: whole under its name, or not there at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.stick import folder as folders
from sync.stick.file import Stick
from sync.stick.folder import StickFailed
from tests.sync.test_stick_file import room, sealed, taken, written


@pytest.fixture
def stick() -> Stick:
    return sealed([bytes(700_000), b"x" * 10])


def test_it_is_there_whole_and_nothing_else_is(tmp_path: Path, stick: Stick) -> None:
    heard: list[int] = []
    path = folders.put(tmp_path, stick, heard.append)
    assert path == tmp_path / stick.name
    assert path.read_bytes() == written(stick)
    assert len(taken(path.read_bytes())) == 2
    assert list(tmp_path.iterdir()) == [path]
    assert heard == sorted(heard)
    assert heard[-1] == stick.length


def test_a_full_stick_is_told_and_left_as_it_was(tmp_path: Path, stick: Stick) -> None:
    with room(300_000), pytest.raises(StickFailed, match=r"does it have 0\.7 MB of room"):
        folders.put(tmp_path, stick)
    assert list(tmp_path.iterdir()) == []


def test_a_stick_that_gives_back_something_else_is_found_out(tmp_path: Path, stick: Stick) -> None:
    def spoil(so_far: int) -> None:
        if so_far == stick.length:
            with (tmp_path / (stick.name + folders.ASIDE)).open("r+b") as file:
                file.seek(1000)
                file.write(b"?")

    with pytest.raises(StickFailed, match="take another one"):
        folders.put(tmp_path, stick, spoil)
    assert list(tmp_path.iterdir()) == []


def test_who_is_broken_off_leaves_nothing(tmp_path: Path, stick: Stick) -> None:
    def stop(_so_far: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folders.put(tmp_path, stick, stop)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_killed_leaves_no_file_with_the_right_name(tmp_path: Path, stick: Stick) -> None:
    def look(so_far: int) -> None:
        assert [each.name for each in tmp_path.iterdir()] == [stick.name + folders.ASIDE]
        assert folders.found(tmp_path) == []

    folders.put(tmp_path, stick, look)


def test_what_a_killed_process_has_left_is_cleared_away_by_the_next_one(tmp_path: Path, stick: Stick) -> None:
    (tmp_path / "bianmin-1-2-0001.bianmin.part").write_bytes(b"half")
    (tmp_path / "photo.part").write_bytes(b"theirs")
    path = folders.put(tmp_path, stick)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([path.name, "photo.part"])


def test_a_stick_that_is_gone_is_told(tmp_path: Path, stick: Stick) -> None:
    with pytest.raises(StickFailed, match="Is the stick in"):
        folders.put(tmp_path / "gone", stick)
    assert folders.found(tmp_path / "gone") == []


def test_a_folder_s_files_come_with_the_newest_first(tmp_path: Path) -> None:
    import os

    for n, name in enumerate(("b.bianmin", "a.bianmin", "c.txt", "d.bianmin.part")):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (n, n))
    assert [each.name for each in folders.found(tmp_path)] == ["a.bianmin", "b.bianmin"]
