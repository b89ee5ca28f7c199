"""Servers that were put back to an earlier day, and never meet but by stick: as by the line, nothing acknowledged is lost, nothing
happens twice, and no file is taken for an old one that brings something new."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from hub import app as hub_app
from station.stick import Old, ReadBefore
from tests.hub.test_healing import put_back_and_start
from tests.hub.test_healing import record as recorded
from tests.station.test_recovery import cases, copy_of, put_back
from tests.station.test_stick import read, written
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import HUB, NEIGHBOUR, QUICK, TOWNSHIP, VILLAGE, Server, World

WALKS = ((VILLAGE, HUB), (HUB, VILLAGE), (TOWNSHIP, HUB), (HUB, TOWNSHIP))


def walk(city: World, *ways: tuple[str, str], times: int = 1) -> None:
    for _ in range(times):
        for at, to in ways:
            city.tend(HUB)
            with suppress(Old, ReadBefore):
                read(city, to, written(city, at, to))


def test_a_village_s_folder_that_was_put_back_goes_on_in_a_new_epoch(city: World, tmp_path: Path) -> None:
    first = record(city, INSTANT)
    walk(city, *WALKS)
    copy_of(city, VILLAGE, tmp_path / "backup")
    lost = record(city, PERMIT)
    walk(city, *WALKS)
    before = city[VILLAGE].parts
    assert before.lives is not None
    before.lives.note(before.store.update_seq, 100.0)
    village = put_back(city, tmp_path / "backup")
    assert village.ledger.epoch != before.identity.epoch
    new = record(city, INSTANT)
    walk(city, *WALKS, times=2)
    for code in (VILLAGE, TOWNSHIP, HUB):
        assert cases(city[code].parts) == {first, lost, new}
    assert village.register.waiting() == {}


@pytest.mark.parametrize("writes_first", [False, True])
def test_a_village_s_disk_that_was_put_back_whole_hears_of_it_by_the_answer(
    city: World, tmp_path: Path, writes_first: bool
) -> None:
    """Nothing at the village tells. Its files have numbers that the hub has read: but where they bring something new, they are taken."""
    first = record(city, INSTANT)
    walk(city, *WALKS)
    copy_of(city, VILLAGE, tmp_path / "backup")
    shutil.copytree(city.folder / "keys", tmp_path / "marks")
    lost = record(city, PERMIT)
    walk(city, *WALKS, times=3)
    before = city[VILLAGE].parts.ledger.epoch
    village = put_back(city, tmp_path / "backup", marks=tmp_path / "marks")
    assert village.ledger.epoch == before
    city.time.pass_(days=1)
    new = {record(city, INSTANT)} if writes_first else set()
    walk(city, *WALKS, times=3)
    assert village.ledger.epoch != before
    for code in (VILLAGE, TOWNSHIP, HUB):
        assert cases(city[code].parts) == {first, lost} | new
    assert [each["kind"] for each in village.recovery.alarms()] == [  # type: ignore[union-attr]
        "forked" if writes_first else "went_back"
    ]
    assert village.register.waiting() == {}


@pytest.mark.parametrize("whole_disk", [False, True])
def test_a_hub_that_was_put_back_gets_everything_back_by_stick(
    city: World, tmp_path: Path, whole_disk: bool
) -> None:
    """Also its own decisions, which count by its own seals."""
    case_no = record(city, INSTANT)
    walk(city, *WALKS)
    hub = city[HUB].parts
    (tmp_path / "backup").mkdir()
    hub.store.backup(tmp_path / "backup" / "store.sqlite")
    shutil.copytree(city.folder / "keys", tmp_path / "marks")
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    later = record(city, PERMIT)
    walk(city, *WALKS, times=2)
    before = hub.ledger.epoch
    assert hub.lives is not None
    hub.lives.note(hub.store.update_seq, 100.0)
    hub.close()
    for path in hub.settings.data.iterdir():
        path.unlink()
    shutil.copy(tmp_path / "backup" / "store.sqlite", hub.settings.store_path)
    if whole_disk:
        for mark in (tmp_path / "marks").glob(f"{hub.store.uuid}*"):
            shutil.copy(mark, city.folder / "keys")
    parts = hub_app.build_parts(hub.settings, clock=city.time, hasher=QUICK)
    city.servers[HUB] = Server(parts, hub_app.create_app(parts), city[HUB].url)
    assert cases(parts) == {case_no}
    assert (parts.ledger.epoch == before) == whole_disk
    walk(city, *WALKS, times=4)
    assert parts.ledger.epoch != before
    assert cases(parts) == {case_no, later}
    for code in (HUB, TOWNSHIP, VILLAGE):
        state = city[code].parts.casework.case(case_no)
        assert state is not None
        assert (state.state, code) == ("concluded", code)
        assert not state.set_aside
    assert city[VILLAGE].parts.register.waiting() == {}


def test_the_desk_of_a_hub_that_was_put_back_opens_when_every_station_s_stick_was_read(city: World) -> None:
    case_no = recorded(city, VILLAGE)
    recorded(city, NEIGHBOUR)
    city.sync(VILLAGE, NEIGHBOUR, TOWNSHIP)
    put_back_and_start(city)
    examiner = city.visit(HUB).sign_in("E001")
    assert "从备份恢复" in examiner.open("/desk")
    walk(city, (VILLAGE, HUB))
    assert "从备份恢复" in examiner.open("/desk"), "what it says it had confirmed is still missing"
    walk(city, (HUB, VILLAGE), (VILLAGE, HUB))
    assert "从备份恢复" in examiner.open("/desk"), "two are still to be heard"
    walk(city, (NEIGHBOUR, HUB), (HUB, NEIGHBOUR), (NEIGHBOUR, HUB))
    walk(city, (TOWNSHIP, HUB), (HUB, TOWNSHIP), (TOWNSHIP, HUB))
    assert "从备份恢复" not in examiner.open("/desk")
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    examiner.send(f"/cases/{case_no}/accept")
    assert examiner.status == 200
    assert city[HUB].parts.register.totals()["cases"] == 4
