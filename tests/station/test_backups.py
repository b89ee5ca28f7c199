"""Backups: made while the server works, restored for a trial each time, thinned, and put back so that work and sync go on."""

from __future__ import annotations

import json
import os
import shutil
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from schemas.problems import DomainError
from station import app as station_app
from station import backup_copy, backup_rules
from station.app import Parts
from station.backups import Backups
from station.cli import main as station
from station.moment import ZONE
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import HUB, QUICK, QUICK_WRAPPING, TOWNSHIP, VILLAGE, Server, World

NOON = datetime(2018, 2, 9, 12, 0, tzinfo=ZONE)
moments = st.integers(0, 400 * 24).map(lambda hours: NOON + timedelta(hours=hours))


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def backups(city: World, into: Path | None, code: str = VILLAGE) -> Backups:
    found = city[code].parts.backups
    assert found is not None
    found.into = into
    return found


def cases(parts: Parts) -> set[str]:
    parts.register.catch_up()
    return {row["case_no"] for row in parts.register.select(limit=1000)}


def again(city: World, data: Path, key_file: Path | None) -> Parts:
    """The village, started on another folder."""
    settings = replace(city[VILLAGE].parts.settings, data=data, key_file=key_file)
    parts = station_app.build_parts(
        settings, clock=city.time, hasher=QUICK, wrapping=QUICK_WRAPPING, transport_for=city.way
    )
    city.servers[VILLAGE] = Server(parts, station_app.create_app(parts), city[VILLAGE].url)
    city.reconnect()
    return parts


def command(data: Path, key_file: Path, *args: str) -> Result:
    options = ["--data", str(data), "--code", VILLAGE, "--key-file", str(key_file)]
    return CliRunner().invoke(station, [*options, *args])


# -- made and checked ------------------------------------------------------------------------------------------------


def test_a_backup_is_made_restored_for_a_trial_and_told(city: World, into: Path) -> None:
    record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    made = backups(city, into).make(into)
    assert made.name == f"bianmin-{VILLAGE}-20180209-090000"
    assert {each.name for each in made.iterdir()} == {
        "store.sqlite",
        "access.sqlite",
        "wraps.json",
        "recovery.age",
        "backup.json",
    }
    told = backups(city, into).status()
    assert told["made"]["folder"] == str(made)
    assert told["made"]["bytes"] > 10_000
    assert told["checked"]["events"] == 3, "create, receive, forward"
    assert told["checked"]["heads"] >= 2, "our seal, the hub's receipt"
    assert told["problem"] is None
    page = city.visit(VILLAGE).sign_in("V001").open("/backup")
    assert "可以恢复：3 条办理记录" in page
    assert str(into) in page
    data = city[VILLAGE].parts.settings.data
    assert not (data / "restore-test").exists()


def test_nothing_of_a_person_can_be_read_in_it(city: World, into: Path) -> None:
    record(city, INSTANT)
    made = backups(city, into).make(into)
    whole = b"".join(each.read_bytes() for each in made.iterdir())
    assert "赵小明".encode() not in whole
    assert b"510903199003070012" not in whole


def test_one_a_day_is_made_by_itself_and_one_that_failed_is_tried_again(city: World, into: Path) -> None:
    each = backups(city, into)
    for hours, there in ((0, 1), (5, 1), (19, 2), (1, 2)):
        city.time.pass_(hours=hours)
        each.tend()
        assert len(list(into.iterdir())) == there
    shutil.rmtree(into)
    city.time.pass_(days=1)
    each.tend()
    told = each.status()
    assert "U盘没有插好" in told["problem"]["text"]
    assert told["made"], "the last good one is still told"
    assert not into.exists(), "a folder made where a stick was would be on this very disk"
    into.mkdir()
    each.tend()
    assert not list(into.iterdir()), "not every minute"
    city.time.pass_(hours=1)
    each.tend()
    assert len(list(into.iterdir())) == 1
    assert each.status()["problem"] is None


def test_without_a_folder_none_is_made_by_itself_and_the_page_says_so(city: World) -> None:
    backups(city, None).tend()
    assert "还没有设置自动备份" in city.visit(VILLAGE).sign_in("V001").open("/backup")


def test_a_clerk_makes_one_by_the_page(city: World, into: Path) -> None:
    backups(city, into)
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open("/backup")
    assert "已备份，并已试恢复、核对无误" in clerk.send("/backup")
    shutil.rmtree(into)
    page = clerk.send("/backup")
    assert clerk.status == 422
    assert f"备份的地方“{into}”打不开" in page


def test_work_goes_on_while_it_is_made_and_what_was_saved_before_is_in_it(city: World, into: Path) -> None:
    before = record(city, INSTANT)
    parts = city[VILLAGE].parts
    stop, db = threading.Event(), parts.store.database("here")

    def write() -> None:
        n = 0
        while not stop.is_set():
            db.put({"_id": f"busy:{n}", "type": "busy", "schema": 1})
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = backups(city, into).make(into)
    finally:
        stop.set()
        writer.join()
    restored = again(city, _put(made, into.parent / "new"), parts.settings.key_file)
    assert cases(restored) == {before}
    parts.close()


def test_a_disk_that_is_full_leaves_nothing_half(
    city: World, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(into)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(DomainError, match="空间不够，备份需要"):
        backups(city, into).make(into)
    assert not list(into.iterdir())
    monkeypatch.undo()
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(DomainError, match="备份写不到"):
        backups(city, into).make(into)
    assert not list(into.iterdir())


def _full(_fd: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda folder: (folder / "store.sqlite").unlink(), "备份里缺少“store.sqlite”"),
        (lambda folder: _flip(folder / "store.sqlite", 9000), "备份里的“store.sqlite”和备份时不一样"),
        (lambda folder: _flip(folder / "wraps.json", 20), "备份里的“wraps.json”和备份时不一样"),
        (lambda folder: (folder / "backup.json").write_text("{}"), "不是便民系统的备份"),
        (lambda folder: (folder / "backup.json").unlink(), "不是便民系统的备份"),
        (lambda folder: _truly(folder, "store.sqlite"), "备份打不开"),
    ],
    ids=["gone", "flipped", "wraps", "manifest", "none", "altered with its digest"],
)
def test_a_backup_that_is_no_good_is_told_before_anything_is_touched(
    city: World, into: Path, harm: object, sentence: str
) -> None:
    record(city, INSTANT)
    made = backups(city, into).make(into)
    parts = city[VILLAGE].parts
    parts.close()
    harm(made)  # type: ignore[operator]
    was = (parts.settings.data / "store.sqlite").read_bytes()
    for name in ("verify", "restore"):
        result = command(parts.settings.data, parts.settings.key_file, name, str(made))  # type: ignore[arg-type]
        assert result.exit_code == 1
        assert sentence in result.output
    assert (parts.settings.data / "store.sqlite").read_bytes() == was
    assert not (parts.settings.data / "restore-test").exists()


def _flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def _truly(folder: Path, name: str) -> None:
    """As somebody would who knows of the manifest."""
    _flip(folder / name, 9000)
    said = json.loads((folder / "backup.json").read_bytes())
    said["files"][name] = backup_copy._forced_out(folder / name)
    (folder / "backup.json").write_text(json.dumps(said))


# -- put back --------------------------------------------------------------------------------------------------------


def _put(made: Path, data: Path) -> Path:
    assert backup_copy.put_back(made, data, NOON) is None
    return data


def test_a_new_computer_goes_on_from_a_backup_in_a_new_epoch_and_nothing_is_lost(
    city: World, into: Path, tmp_path: Path
) -> None:
    kept = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    made = backups(city, into).make(into)
    sent = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    old = city[VILLAGE].parts
    old.close()
    # Another disk: nothing is there but the backup; the key comes back by a person's password.
    data, key_file = tmp_path / "laptop", tmp_path / "new-keys" / "key"
    restored = command(data, key_file, "restore", str(made))
    assert restored.exit_code == 0, restored.output
    assert "unlock --staff NO" in restored.output
    options = ["--data", str(data), "--code", VILLAGE, "--key-file", str(key_file)]
    opened = CliRunner().invoke(
        station, [*options, "unlock", "--staff", "V001", "--password-stdin"], input="correct horse\n"
    )
    assert opened.exit_code == 0, opened.output
    parts = again(city, data, key_file)
    assert cases(parts) == {kept}
    assert parts.ledger.epoch != old.identity.epoch, "no number is given out twice"
    new = record(city, INSTANT)
    for _ in range(3):
        city.sync(VILLAGE, TOWNSHIP)
    assert cases(parts) == {kept, sent, new} == cases(city[HUB].parts)
    assert parts.register.waiting() == {}


def test_what_was_there_is_moved_aside_and_a_second_try_after_a_power_cut_does_it(
    city: World, into: Path
) -> None:
    kept = record(city, INSTANT)
    made = backups(city, into).make(into)
    late = record(city, PERMIT)
    parts = city[VILLAGE].parts
    data, key_file = parts.settings.data, parts.settings.key_file
    assert key_file is not None
    epoch = parts.identity.epoch
    parts.close()
    (data / "store.sqlite").rename(
        data / "gone"
    )  # the power went when the old one was away and the new one not there yet
    (data / "store.sqlite.restoring").write_bytes(b"half")
    (data / "gone").rename(data / "store.sqlite")
    result = command(data, key_file, "restore", str(made))
    assert result.exit_code == 0, result.output
    (before,) = data.glob("before-restore-*")
    assert (before / "store.sqlite").exists()
    restored = again(city, data, key_file)
    assert cases(restored) == {kept}
    assert restored.ledger.epoch != epoch
    restored.close()
    assert late in cases(again(city, _as_it_was(before, data.parent / "was", data), key_file))


def _as_it_was(before: Path, folder: Path, data: Path) -> Path:
    shutil.copytree(before, folder)
    shutil.copy(data / "wraps.json", folder / "wraps.json")
    return folder


def test_another_stations_backup_and_a_running_station_are_refused(city: World, into: Path) -> None:
    made = backups(city, into, TOWNSHIP).make(into)
    parts = city[VILLAGE].parts
    result = command(parts.settings.data, parts.settings.key_file, "restore", str(made))  # type: ignore[arg-type]
    assert result.exit_code == 2
    assert f"is a backup of {TOWNSHIP}" in result.output
    made = backups(city, into).make(into)
    result = command(parts.settings.data, parts.settings.key_file, "restore", str(made))  # type: ignore[arg-type]
    assert result.exit_code == 3
    assert "Another process" in result.output


def test_the_command_makes_one_and_verify_says_that_it_is_good(city: World, into: Path) -> None:
    record(city, INSTANT)
    parts = city[VILLAGE].parts
    parts.close()
    data, key_file = parts.settings.data, parts.settings.key_file
    assert key_file is not None
    made = command(data, key_file, "backup", str(into))
    assert made.exit_code == 0, made.output
    (folder,) = into.iterdir()
    checked = command(data, key_file, "verify", str(folder))
    assert "good; " in checked.output
    assert "3 events" in checked.output
    assert command(data, key_file, "backup").exit_code == 2
    inside = command(data, key_file, "--backup", str(data / "x"), "config")
    assert inside.exit_code == 2


# -- which stay ------------------------------------------------------------------------------------------------------


@given(st.sets(moments, max_size=80))
def test_old_ones_are_thinned_and_the_newest_always_stays(made: set[datetime]) -> None:
    kept = backup_rules.kept(made)
    assert kept <= made
    assert len(kept) <= backup_rules.DAILY + backup_rules.WEEKLY
    if made:
        assert max(made) in kept
        days = sorted({each.date() for each in made})[-7:]
        assert set(days) <= {each.date() for each in kept}
    assert backup_rules.kept(kept) == kept


@given(st.sets(moments, min_size=1, max_size=120))
def test_thinning_day_by_day_keeps_four_weeks(made: set[datetime]) -> None:
    there: set[datetime] = set()
    for each in sorted(made):
        there = backup_rules.kept({*there, each})
    weeks = sorted({each.isocalendar()[:2] for each in made})[-4:]
    assert set(weeks) <= {each.isocalendar()[:2] for each in there}


@given(moments)
def test_a_name_tells_whose_it_is_and_when_it_was_made(at: datetime) -> None:
    assert backup_rules.made_at(backup_rules.name(VILLAGE, at), VILLAGE) == at
    assert backup_rules.made_at(backup_rules.name(VILLAGE, at), TOWNSHIP) is None
    assert backup_rules.made_at(backup_rules.name(VILLAGE, at) + ".part", VILLAGE) is None


def test_thinning_takes_no_folder_that_is_not_this_stations(city: World, into: Path) -> None:
    (into / "holiday photos").mkdir()
    (into / f"bianmin-{TOWNSHIP}-20170101-000000").mkdir()
    each = backups(city, into)
    for _ in range(40):
        old = backup_rules.name(VILLAGE, city.time() - timedelta(days=30 + _))
        (into / old).mkdir()
    each.make(into)
    names = {path.name for path in into.iterdir()}
    assert {"holiday photos", f"bianmin-{TOWNSHIP}-20170101-000000"} <= names
    assert len([name for name in names if VILLAGE in name]) <= 11
