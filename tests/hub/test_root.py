"""The root vouches for the hub's key; a new one is taken by every station, and the old one ends."""

from __future__ import annotations

import stat
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner

from hub import days, root
from hub.cli import main
from station import keys, sealing
from sync import blobs
from sync.revisions import parse_rev
from sync.serving import starting
from sync.signing import Signer
from tests.hub.test_days import FILE
from tests.world import HUB, TOWNSHIP, VILLAGE, World


def test_the_first_start_makes_a_root_that_only_its_owner_can_read(city: World) -> None:
    file = city.folder / HUB / root.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert root.read_root(file).public == city[HUB].parts.identity.root
    assert city[HUB].parts.keys.hub_keys() == {city[HUB].parts.identity.signer.public}
    assert city[VILLAGE].parts.identity.root == city[HUB].parts.identity.root


def rotate(city: World) -> str:
    hub = city[HUB].parts
    return root.rotate(
        hub.store, hub.identity, city.folder / HUB / root.FILE, clock=hub.clock, random=hub.random
    )


def test_a_new_key_is_taken_by_every_station(city: World) -> None:
    hub, village = city[HUB].parts, city[VILLAGE].parts
    days.publish(hub.store, hub.identity.signer, days.read_days(FILE))
    city.sync(TOWNSHIP, VILLAGE)
    old = hub.identity.signer
    new = rotate(city)
    assert new == hub.identity.signer.public != old.public
    city.sync(TOWNSHIP, VILLAGE)
    for code in (HUB, TOWNSHIP, VILLAGE):
        parts = city[code].parts
        assert parts.keys.hub_keys() == {new}
        assert parts.keys.active(VILLAGE) == {village.identity.signer.public}
        assert parts.almanac.calendar().is_workday(days_day()) is False
    # What the old one signs from now on counts for nothing.
    keys.publish(village.store, old, {"_id": "note", "type": "notice"})
    note = village.store.database("public").get("note")
    assert note is not None
    assert keys.is_sound(note)
    assert not village.keys.is_from_hub(note)


def days_day() -> object:
    from datetime import date

    return date(2027, 1, 1)


def test_another_citys_root_changes_nothing(city: World, tmp_path: Path) -> None:
    hub = city[HUB].parts
    other = tmp_path / "other.key"
    other.write_text("ab" * 32)
    before = hub.identity.signer.public
    with pytest.raises(ValueError, match="this city"):
        root.rotate(hub.store, hub.identity, other, clock=hub.clock, random=hub.random)
    other.write_text("not a key")
    with pytest.raises(ValueError, match="no root key"):
        root.read_root(other)
    assert hub.identity.signer.public == before


def test_a_hub_key_that_the_root_did_not_sign_is_none(city: World) -> None:
    village, forger = city[VILLAGE].parts, Signer(b"\7" * 32)
    record = {"_id": "hub-key:x", "type": "hub_key", "schema": 1, "key": forger.public, "status": "active"}
    keys.publish(village.store, forger, {**record, "at": ""})
    assert forger.public not in village.keys.hub_keys()


def test_an_older_state_is_not_sound_at_a_newer_place(city: World) -> None:
    """A revoked key, brought back under a revision that would win."""
    hub = city[HUB].parts
    public = hub.store.database("public")
    id = f"{keys.HUB_KEY}{hub.identity.signer.public[:16]}"
    old = public.get(id)
    assert old is not None
    rotate(city)
    now = public.get(id)
    assert now is not None
    assert (old["status"], now["status"]) == ("active", "revoked")
    assert keys.is_sound(now)
    replayed = {**old, "_rev": f"{parse_rev(now['_rev']).generation + 1}-{'f' * 32}"}
    assert not keys.is_sound(replayed)


def test_publishing_the_same_again_writes_nothing(city: World) -> None:
    hub = city[HUB].parts
    doc = {"_id": "note", "type": "notice"}
    assert keys.publish(hub.store, hub.identity.signer, doc)
    assert not keys.publish(hub.store, hub.identity.signer, doc)
    assert keys.publish(hub.store, hub.identity.signer, {**doc, "text": "新"})
    kept = hub.store.database("public").get("note")
    assert kept is not None
    assert kept["serial"] == parse_rev(kept["_rev"]).generation == 2


def test_the_command_rotates(tmp_path: Path) -> None:
    folder = tmp_path / "hub"
    run = CliRunner().invoke(main, ["--data", str(folder), "rotate-key", __file__])
    assert run.exit_code != 0
    assert "holds no root key" in run.output
    run = CliRunner().invoke(main, ["--data", str(folder), "rotate-key", str(folder / root.FILE)])
    assert run.exit_code == 0, run.output
    assert "signs with" in run.output


def test_what_a_station_leaves_for_recovery_is_opened_with_the_identity_that_was_carried_away(
    city: World,
) -> None:
    village, folder = city[VILLAGE].parts, city.folder / HUB
    assert village.vault is not None
    file = folder / root.RECOVERY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    left = (village.settings.data / "recovery.age").read_bytes()
    assert sealing.open_sealed(left, file.read_text()) == village.vault.key
    other = str(pyrage.x25519.Identity.generate())
    with pytest.raises(sealing.KeyRefused):
        sealing.open_sealed(left, other)


def test_all_that_was_published_is_signed_anew_with_its_files(city: World) -> None:
    """More documents than one page of a listing has; a file is the same as before."""
    hub, township = city[HUB].parts, city[TOWNSHIP].parts
    old = hub.identity.signer
    keys.publish(hub.store, old, {"_id": "a", "type": "notice"}, {"a.jpg": ("image/jpeg", b"scan")})
    for n in range(1005):
        keys.publish(hub.store, old, {"_id": f"n{n:04}", "type": "notice"})
    rotate(city)
    city.sync(TOWNSHIP)
    found = starting(township.store.database("public"), "")
    assert len(found) > 1005
    assert [
        id
        for id, doc in found.items()
        if not id.startswith(keys.HUB_KEY) and not township.keys.is_from_hub(doc)
    ] == []
    file = township.store.database("public").attachment("a", "a.jpg")
    assert file is not None
    assert file.data is not None
    assert blobs.whole(file.data) == b"scan"
