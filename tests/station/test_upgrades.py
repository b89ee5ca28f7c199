"""An upgrade keeps the data and can be taken back: before another version opens a store it is backed up, and what was is put back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from station import app as station_app
from station import backup_copy, upgrades
from station.app import Parts
from sync.errors import DiskFull, StoreTooNew
from sync.store import schema
from tests.station.test_backups import NOON, again, cases
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import QUICK, QUICK_WRAPPING, VILLAGE, World


def start(city: World, parts: Parts) -> Parts:
    return station_app.build_parts(
        parts.settings, clock=city.time, hasher=QUICK, wrapping=QUICK_WRAPPING, transport_for=city.way
    )


def last_ran(parts: Parts, version: str) -> None:
    (parts.settings.data / "version").write_text(version)


def test_it_is_known_whether_the_version_before_can_work_with_the_store(city: World) -> None:
    parts = city[VILLAGE].parts
    parts.close()
    last_ran(parts, f"0.0.9 {schema.VERSION}\n")
    start(city, parts).close()
    said = upgrades.told(parts.settings.data)
    assert [each.version for each in said.ran] == [upgrades.running(), "0.0.9"]
    assert said.same_form()
    for unknown_or_other in ("0.0.9\n", f"0.0.9 {schema.VERSION - 1}\n"):
        last_ran(parts, unknown_or_other)
        start(city, parts).close()
        assert not upgrades.told(parts.settings.data).same_form()


def test_what_a_version_that_never_answered_did_to_the_store_is_undone(city: World) -> None:
    """It had changed the form of the store and did not stay up; kit.py started this one again."""
    kept = record(city, INSTANT)
    parts = city[VILLAGE].parts
    parts.close()
    last_ran(parts, "0.0.9")
    newer = start(city, parts)
    made = upgrades.told(parts.settings.data).backup
    with newer.store.transaction() as txn:  # type: ignore[attr-defined]
        txn.connection.execute("PRAGMA user_version = 99")
    newer.close()
    (parts.settings.data / "version").write_text(
        f"0.3.0 99\n{upgrades.running()} {schema.VERSION}\nbackup {made}\n"
    )
    key = parts.vault and parts.vault.key
    upgrades.guard(parts.settings, key, NOON, failed="0.3.0")
    older = again(city, parts.settings.data, parts.settings.key_file)
    assert cases(older) == {kept}
    older.close()


def test_a_version_that_somebody_went_back_from_keeps_what_was_recorded_with_it(city: World) -> None:
    parts = city[VILLAGE].parts
    parts.close()
    last_ran(parts, "0.0.9")
    newer = start(city, parts)
    made = upgrades.told(parts.settings.data).backup
    with newer.store.transaction() as txn:  # type: ignore[attr-defined]
        txn.connection.execute("PRAGMA user_version = 99")
    newer.close()
    (parts.settings.data / "version").write_text(
        f"0.3.0 99\n{upgrades.running()} {schema.VERSION}\nbackup {made}\n"
    )
    with pytest.raises(StoreTooNew):
        start(city, parts)


def test_the_same_version_makes_no_backup(city: World) -> None:
    parts = city[VILLAGE].parts
    assert upgrades.told(parts.settings.data).last == upgrades.running()
    parts.close()
    start(city, parts).close()
    assert not (parts.settings.data / "before-upgrade").exists()


def test_another_version_backs_up_first_and_goes_on(city: World) -> None:
    kept = record(city, INSTANT)
    parts = city[VILLAGE].parts
    parts.close()
    last_ran(parts, "0.0.9")
    newer = start(city, parts)
    assert cases(newer) == {kept}
    (made,) = (parts.settings.data / "before-upgrade").iterdir()
    assert backup_copy.manifest(made).code == VILLAGE
    newer.close()
    start(city, parts).close()
    assert len(list((parts.settings.data / "before-upgrade").iterdir())) == 1, "once"


def test_it_goes_where_backups_go(city: World, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    parts = city[VILLAGE].parts
    parts.close()
    last_ran(parts, "0.0.9")
    made = upgrades.guard(replace(parts.settings, backup=stick), parts.vault and parts.vault.key, NOON)
    assert made is not None
    assert made.parent == stick


def test_going_back_finds_what_was_there_before(city: World, tmp_path: Path) -> None:
    """The newer version has changed the form of the store, so the older one does not touch it; the backup is put back."""
    kept = record(city, INSTANT)
    parts = city[VILLAGE].parts
    parts.close()
    last_ran(parts, "0.0.9")
    newer = start(city, parts)
    city.servers[VILLAGE].parts = newer
    with newer.store.transaction() as txn:  # type: ignore[attr-defined]
        txn.connection.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreTooNew):
        start(city, parts)
    (made,) = (parts.settings.data / "before-upgrade").iterdir()
    backup_copy.put_back(made, parts.settings.data, NOON)
    older = again(city, parts.settings.data, parts.settings.key_file)
    assert cases(older) == {kept}
    assert record(city, PERMIT) in cases(older)


def test_without_room_for_the_backup_the_newer_version_does_not_begin(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = city[VILLAGE].parts
    parts.close()
    last_ran(parts, "0.0.9")
    usage = shutil.disk_usage(parts.settings.data)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=0))
    with pytest.raises(DiskFull, match=r"opens the data of 0\.0\.9.*空间不够"):
        start(city, parts)
    monkeypatch.undo()
    assert (parts.settings.data / "version").read_text() == "0.0.9", "the next start tries again"
    start(city, parts).close()
