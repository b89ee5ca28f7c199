"""A copied laptop, a backup that was put back: nothing acknowledged is lost, no number is given twice, a person is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hub import app as hub_app
from station import app as station_app
from station.app import Parts
from sync import seals
from sync.ledger import numbered
from sync.seals import Run
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import HUB, QUICK, QUICK_WRAPPING, TOWNSHIP, VILLAGE, Server, World

DB = f"station-{VILLAGE}"
CLONE = "clone"


def copy_of(city: World, code: str, folder: Path) -> None:
    """The server's folder as a backup, or an image of the disk, would have it."""
    parts = city[code].parts
    folder.mkdir()
    parts.store.backup(folder / "store.sqlite")
    for name in ("wraps.json",):
        shutil.copy(parts.settings.data / name, folder / name)


def start(city: World, data: Path, keys: Path) -> Parts:
    settings = replace(city[VILLAGE].parts.settings, data=data, key_file=keys / VILLAGE)
    return station_app.build_parts(
        settings, clock=city.time, hasher=QUICK, wrapping=QUICK_WRAPPING, transport_for=city.way
    )


def put_back(city: World, backup: Path, *, marks: Path | None = None) -> Parts:
    """The village's folder, register and all, is replaced by the backup; with `marks`, so is what lies outside of it, as
    when the whole disk is put back."""
    village = city[VILLAGE].parts
    data, keys = village.settings.data, city.folder / "keys"
    village.close()
    shutil.rmtree(data)
    shutil.copytree(backup, data)
    if marks is not None:
        shutil.rmtree(keys)
        shutil.copytree(marks, keys)
    parts = start(city, data, keys)
    city.servers[VILLAGE] = Server(parts, station_app.create_app(parts), city[VILLAGE].url)
    return parts


def cases(parts: Parts) -> set[str]:
    parts.register.catch_up()
    return {row["case_no"] for row in parts.register.select(limit=1000)}


def settle(city: World, *more: Parts) -> None:
    for _ in range(3):
        city.sync(VILLAGE)
        for parts in more:
            parts.agent.sync_once()
        city.sync(TOWNSHIP)


def test_a_folder_put_back_whole_is_noticed_at_the_start(city: World, tmp_path: Path) -> None:
    """Register and all: nothing in the folder tells that it went back, the mark outside does."""
    first = record(city, INSTANT)
    settle(city)
    copy_of(city, VILLAGE, tmp_path / "backup")
    lost = record(city, PERMIT)
    settle(city)
    before = city[VILLAGE].parts
    assert before.lives is not None
    before.lives.note(before.store.update_seq, 100.0)
    village = put_back(city, tmp_path / "backup")
    assert village.ledger.epoch != before.identity.epoch
    new = record(city, INSTANT)
    settle(city)
    for code in (VILLAGE, TOWNSHIP, HUB):
        assert cases(city[code].parts) == {first, lost, new}
    assert len({first, lost, new}) == 3
    assert village.register.waiting() == {}
    assert not village.recovery.alarms()  # type: ignore[union-attr]


@pytest.mark.parametrize("writes_first", [False, True])
def test_a_disk_put_back_whole_is_noticed_at_the_next_contact(
    city: World, tmp_path: Path, writes_first: bool
) -> None:
    """Not even the mark tells. The hub's word does, also where something was recorded under the lost numbers."""
    first = record(city, INSTANT)
    settle(city)
    copy_of(city, VILLAGE, tmp_path / "backup")
    shutil.copytree(city.folder / "keys", tmp_path / "marks")
    lost = record(city, PERMIT)
    settle(city)
    before = city[VILLAGE].parts.ledger.epoch
    village = put_back(city, tmp_path / "backup", marks=tmp_path / "marks")
    assert village.ledger.epoch == before
    city.time.pass_(days=1)  # else the day's serials could be given twice, which only the mark prevents
    new = {record(city, INSTANT)} if writes_first else set()
    settle(city)
    assert village.ledger.epoch != before
    for code in (VILLAGE, TOWNSHIP, HUB):
        assert cases(city[code].parts) == {first, lost} | new
    assert [each["kind"] for each in village.recovery.alarms()] == [  # type: ignore[union-attr]
        "forked" if writes_first else "went_back"
    ]
    assert village.register.waiting() == {}


@pytest.mark.parametrize("copied_with_its_mark", [False, True])
@pytest.mark.parametrize("first_to_sync", ["original", "clone"])
def test_two_laptops_from_one_image_lose_nothing(
    city: World, tmp_path: Path, first_to_sync: str, copied_with_its_mark: bool
) -> None:
    """A copied folder is noticed at its start. A copy of a whole disk is noticed when both have met the hub."""
    shared = record(city, INSTANT)
    settle(city)
    copy_of(city, VILLAGE, tmp_path / "image")
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(city.folder / "keys" / VILLAGE, tmp_path / "elsewhere" / VILLAGE)
    if copied_with_its_mark:
        shutil.copytree(city.folder / "keys", tmp_path / "elsewhere", dirs_exist_ok=True)
    clone = start(city, tmp_path / "image", tmp_path / "elsewhere")
    try:
        city.servers[CLONE] = Server(clone, station_app.create_app(clone), "http://clone")
        here, there = set(), set()
        for _ in range(2):
            here.add(record(city, INSTANT))
            if copied_with_its_mark:
                city.time.pass_(days=1)  # on one day a copy of the whole disk may give the same numbers
            there.add(record(city, PERMIT, station=CLONE))
            if copied_with_its_mark:
                city.time.pass_(days=1)
            one, two = (city[VILLAGE].parts, clone)
            for parts in (one, two) if first_to_sync == "original" else (two, one):
                parts.agent.sync_once()
            city.sync(TOWNSHIP)
        assert here.isdisjoint(there), "one number was given to two cases"
        settle(city, clone)
        settle(city, clone)
        for parts in (city[HUB].parts, city[TOWNSHIP].parts, city[VILLAGE].parts, clone):
            assert cases(parts) == {shared} | here | there
        alarms = [*clone.recovery.alarms(), *city[VILLAGE].parts.recovery.alarms()]  # type: ignore[union-attr]
        assert bool(alarms) == copied_with_its_mark
        assert clone.ledger.epoch != city[VILLAGE].parts.ledger.epoch
        assert city[VILLAGE].parts.register.waiting() == clone.register.waiting() == {}
    finally:
        del city.servers[CLONE]
        clone.close()


def test_what_is_repeated_happens_once(city: World, tmp_path: Path) -> None:
    """The events were on the way when the laptop took them for lost, and arrive under both numbers."""
    case_no = record(city, INSTANT)
    village = city[VILLAGE].parts
    city.sync(VILLAGE)  # the township has them, the hub not yet
    stranger = seals.state(
        village.identity.signer, "seal", DB, Run(VILLAGE, village.ledger.epoch), 99, "0" * 64
    )
    village.trust.take(DB, [stranger])
    assert village.recovery.look() == "went_back"
    settle(city)
    for code in (VILLAGE, TOWNSHIP, HUB):
        parts = city[code].parts
        state = parts.casework.case(case_no)
        assert state is not None
        assert [each.event["event"] for each in state.timeline] == ["create", "receive", "forward"], code
        assert not state.set_aside
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    settle(city)
    state = village.casework.case(case_no)
    assert state is not None
    assert state.state == "concluded"


@pytest.mark.parametrize("whole_disk", [False, True])
def test_a_hub_put_back_gets_its_own_decisions_back_from_below(
    city: World, tmp_path: Path, whole_disk: bool
) -> None:
    """What it decided since the backup was sealed, and the stations have it."""
    case_no = record(city, INSTANT)
    settle(city)
    hub = city[HUB].parts
    (tmp_path / "backup").mkdir()
    hub.store.backup(tmp_path / "backup" / "store.sqlite")
    shutil.copytree(city.folder / "keys", tmp_path / "marks")
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    later = record(city, PERMIT)
    settle(city)
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
    city.reconnect()
    assert cases(parts) == {case_no}
    assert (parts.ledger.epoch == before) == whole_disk
    settle(city)
    settle(city)
    assert parts.ledger.epoch != before
    assert cases(parts) == {case_no, later}
    for code in (HUB, TOWNSHIP, VILLAGE):
        state = city[code].parts.casework.case(case_no)
        assert state is not None
        assert (state.state, code) == ("concluded", code)
        assert not state.set_aside
    assert city[VILLAGE].parts.register.waiting() == {}


def test_a_village_can_not_bring_the_hub_a_decision_of_its_own_making(city: World) -> None:
    case_no = record(city, INSTANT)
    settle(city)
    village, hub = city[VILLAGE].parts, city[HUB].parts
    known = village.register.events(case_no)[0]
    forged = {name: known[name] for name in known if name not in ("_id", "_rev")}
    forged |= {"event": "withdraw", "lamport": 99, "data": {"reason": "不办了"}}
    _, revisions = numbered([forged], HUB, "abcdefgh", 1)
    village.store.database(DB).add_revisions(revisions)
    before = hub.casework.case(case_no)
    village.agent._parents = lambda: (city[HUB].url,)
    settle(city)
    assert hub.store.database(DB).texts([revisions[0].id]), "taken in, as a decision that was lost would be"
    after = hub.casework.case(case_no)
    assert before is not None
    assert after is not None
    assert after.state == before.state
    assert "withdraw" not in [each.event["event"] for each in after.timeline]
