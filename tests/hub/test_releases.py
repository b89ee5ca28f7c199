"""Releases at the hub: signed away from it, looked over, published piece by piece, offered to parts of the city, withdrawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub import cli, release_pages, root
from hub.releases import Office, sign
from schemas import tables
from schemas.problems import DomainError
from station import upgrades
from station.upgrading import Standing
from sync.signing import Signer
from tests import kits
from tests.world import HUB, NEIGHBOUR, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World


def root_of(city: World) -> Signer:
    return root.read_root(city[HUB].parts.settings.data / root.FILE)


def office(city: World) -> Office:
    found: Office = city[HUB].app.extensions[release_pages.OFFICE]
    return found


def carried(city: World, version: str = "0.2.0", *, little: str = "1.0") -> Path:
    """A kit, signed and put where the hub looks."""
    return kits.signed(kits.kit(office(city).folder, version, little=little), root_of(city))


def publish(city: World, version: str = "0.2.0", *to: str, little: str = "1.0") -> None:
    name = carried(city, version, little=little).name
    office(city).publish(PEOPLE["A001"], name, "修正打印问题")
    office(city).offer(version, to)


def stands(city: World, code: str) -> Standing:
    return city[code].parts.upgrading.standing()


@pytest.fixture
def admin(city: World) -> Visitor:
    return city.visit(HUB).sign_in("A001")


def test_the_administrator_publishes_a_signed_kit_and_offers_it_to_a_district(
    city: World, admin: Visitor
) -> None:
    name = carried(city).name
    admin.open("/stations/releases")
    assert "签名有效" in admin.page
    admin.send("/stations/releases", kit=name, notes="修正打印问题")
    assert "尚未推送" in admin.page
    assert "修正打印问题" in admin.page
    city.sync(TOWNSHIP, VILLAGE)
    assert stands(city, VILLAGE).offered is None, "not before it is offered"
    admin.send("/stations/releases/0.2.0/offer", to="510903")
    city.sync(TOWNSHIP, VILLAGE)
    offered = stands(city, VILLAGE)
    assert offered.offered is not None
    assert offered.offered["version"] == "0.2.0"
    assert offered.stage == "here", "its files came with it"


def test_one_station_can_try_it_first(city: World, admin: Visitor) -> None:
    publish(city)
    admin.open("/stations/releases")
    admin.send("/stations/releases/0.2.0/offer", station=VILLAGE)
    city.sync(TOWNSHIP, VILLAGE, NEIGHBOUR)
    assert stands(city, VILLAGE).offered
    assert stands(city, NEIGHBOUR).offered is None
    assert f'value="{VILLAGE}"' in admin.open("/stations/releases")


def test_what_is_withdrawn_is_offered_no_more(city: World, admin: Visitor) -> None:
    publish(city, "0.2.0", "5109")
    admin.open("/stations/releases")
    admin.send("/stations/releases/0.2.0/withdraw")
    assert "已撤回" in admin.page
    city.sync(TOWNSHIP, VILLAGE)
    assert stands(city, VILLAGE).offered is None


def test_only_what_stations_do_not_have_travels(city: World) -> None:
    """Of the first release all wheels, since nobody knows what stations have; of the second what is new."""
    publish(city, "0.2.0")
    publish(city, "0.3.0")
    publish(city, "0.4.0", little="2.0")
    travelling = {
        each["version"]: {line["name"] for line in each["content"] if line["name"].startswith("wheels/")}
        for each in city[HUB].parts.releases.all()
    }
    assert travelling == {
        "0.2.0": {"wheels/bianmin-0.2.0-py3-none-any.whl", "wheels/little-1.0-py3-none-any.whl"},
        "0.3.0": {"wheels/bianmin-0.3.0-py3-none-any.whl"},
        "0.4.0": {"wheels/bianmin-0.4.0-py3-none-any.whl", "wheels/little-2.0-py3-none-any.whl"},
    }


def test_wheels_of_the_version_that_the_hub_was_set_up_with_do_not_travel(city: World) -> None:
    parts = city[HUB].parts
    kit = carried(city)
    lock = (kit / "lock.txt").read_text()
    known = Office(
        parts.store, parts.identity, parts.releases, parts.clock, office(city).folder, {"0.1.0": lock}
    )
    known.publish(PEOPLE["A001"], kit.name, "")
    (release,) = parts.releases.all()
    assert "wheels/little-1.0-py3-none-any.whl" not in {each["name"] for each in release["content"]}
    assert known.kits() == [], "it is published"


def test_nothing_is_taken_from_the_very_version_that_is_published(city: World) -> None:
    """A hub that was set up anew with it says nothing of what stations have."""
    parts = city[HUB].parts
    kit = carried(city)
    locks = {"0.2.0": (kit / "lock.txt").read_text()}
    known = Office(parts.store, parts.identity, parts.releases, parts.clock, office(city).folder, locks)
    known.publish(PEOPLE["A001"], kit.name, "")
    assert "wheels/little-1.0-py3-none-any.whl" in {
        each["name"] for each in parts.releases.all()[0]["content"]
    }


def refusal(city: World, admin: Visitor, kit: Path) -> str:
    """What the page says of a kit; sending it all the same changes nothing."""
    admin.open("/stations/releases")
    page = admin.send("/stations/releases", kit=kit.name, notes="")
    assert admin.status == 422
    assert city[HUB].parts.releases.all() == ()
    return page


def test_an_unsigned_kit_is_refused(city: World, admin: Visitor) -> None:
    assert "还没有用根密钥签名" in refusal(city, admin, kits.kit(office(city).folder, "0.2.0"))


def test_a_kit_signed_by_another_key_is_refused(city: World, admin: Visitor) -> None:
    other = Signer(bytes(32))
    assert "不是本市根密钥" in refusal(
        city, admin, kits.signed(kits.kit(office(city).folder, "0.2.0"), other)
    )


def test_a_signature_of_the_hub_itself_is_none(city: World, admin: Visitor) -> None:
    hubs = city[HUB].parts.identity.signer
    assert "不是本市根密钥" in refusal(city, admin, kits.signed(kits.kit(office(city).folder, "0.2.0"), hubs))


def test_a_kit_that_was_changed_after_it_was_signed_is_refused(city: World, admin: Visitor) -> None:
    kit = carried(city)
    (kit / "kit.py").write_text("print('somebody else')")
    assert "安装包不完整或已损坏" in refusal(city, admin, kit)
    kits.list_files(kit)
    assert "不是本市根密钥" in refusal(city, admin, kit), "with a list of its own, too"


def test_a_signature_of_another_version_does_not_count(city: World, admin: Visitor) -> None:
    kit, other = carried(city), carried(city, "0.3.0")
    (kit / "RELEASE").write_bytes((other / "RELEASE").read_bytes())
    assert "不是本市根密钥" in refusal(city, admin, kit)
    (kit / "RELEASE").write_bytes(b"{")
    assert "不是本市根密钥" in refusal(city, admin, kit)


def test_an_older_version_than_the_newest_is_not_published(city: World) -> None:
    publish(city, "0.3.0")
    with pytest.raises(DomainError, match="已经发布过更新的版本"):
        office(city).publish(PEOPLE["A001"], carried(city, "0.2.0").name, "")


def test_a_folder_that_is_not_there_is_no_kit(city: World) -> None:
    for name in ("nothing", "../keys", ""):
        with pytest.raises(DomainError, match="没有找到这个安装包"):
            office(city).publish(PEOPLE["A001"], name, "")


def test_a_part_of_the_city_that_there_is_not_is_refused(city: World, admin: Visitor) -> None:
    publish(city)
    admin.open("/stations/releases")
    page = admin.send("/stations/releases/0.2.0/offer", station="110000000000")
    assert admin.status == 422
    assert "没有“110000000000”这个区县或站点" in page
    admin.send("/stations/releases/0.9.9/offer", to="5109")
    assert admin.status == 422
    admin.send("/stations/releases/0.9.9/withdraw")
    assert admin.status == 422


def test_the_page_counts_who_runs_what(city: World, admin: Visitor) -> None:
    publish(city)
    city.sync(TOWNSHIP, VILLAGE)
    for code in (VILLAGE, TOWNSHIP):
        for chore in city[code].parts.chores:
            chore()
    city.sync(VILLAGE, TOWNSHIP)
    told = re.findall(r'<td>(.+?)</td><td class="text-end">(\d+)</td>', admin.open("/stations/releases"))
    below = [each for each in tables.stations().values() if each.level in ("township", "village")]
    assert told == [(upgrades.running(), "2"), ("没有报告过", str(len(below) - 2))]


def test_a_new_key_of_the_hub_signs_releases_anew_and_pieces_stay_as_they_are(city: World) -> None:
    publish(city, "0.2.0", "5109")
    parts = city[HUB].parts
    root.rotate(
        parts.store, parts.identity, parts.settings.data / root.FILE, clock=parts.clock, random=parts.random
    )
    assert [each["version"] for each in parts.releases.all()] == ["0.2.0"]
    city.sync(TOWNSHIP, VILLAGE)
    assert stands(city, VILLAGE).stage == "here"


def test_the_command_signs_a_whole_kit_and_nothing_else(tmp_path: Path) -> None:
    key = tmp_path / "root.key"
    key.write_text("07" * 32)
    kit = kits.kit(tmp_path, "0.2.0")
    said = CliRunner().invoke(cli.main, ["sign-release", str(kit), str(key)])
    assert said.exit_code == 0, said.output
    assert "is signed as version 0.2.0" in said.output
    assert (kit / "RELEASE").exists()
    key.write_text("no key")
    said = CliRunner().invoke(cli.main, ["sign-release", str(kit), str(key)])
    assert said.exit_code == 1
    assert "holds no root key" in said.output


def test_a_kit_that_is_not_whole_is_not_signed(tmp_path: Path) -> None:
    signer = Signer(bytes(32))
    kit = kits.kit(tmp_path, "0.2.0")
    (kit / "lock.txt").write_text("")
    with pytest.raises(ValueError, match=r"lock\.txt of .* is not what SHA256SUMS says"):
        sign(kit, signer)
    (kit / "lock.txt").unlink()
    with pytest.raises(ValueError, match="no whole kit"):
        sign(kit, signer)
    kits.list_files(kit)
    with pytest.raises(ValueError, match=r"does not name lock\.txt"):
        sign(kit, signer)
    (kit / "lock.txt").write_text("")
    (kit / "VERSION").write_text("next\n")
    kits.list_files(kit)
    with pytest.raises(ValueError, match="is no version"):
        sign(kit, signer)
