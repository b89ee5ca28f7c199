"""The administrator's pages of devices: lists, codes shown once, revocation that is typed, codes that were tried twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.cli import initialise
from hub.enrolment import enrolment_of
from schemas import tables
from schemas.problems import DomainError
from station import codes, enrolment
from station.identity import Identity
from station.staff import Staff
from sync.errors import Forbidden
from sync.store import Store
from tests.rights import test_web
from tests.world import BUREAU, HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, Visitor, World

FAR = "510922001001"


@pytest.fixture
def admin(city: World) -> Visitor:
    return city.visit(HUB).sign_in("A001")


def code_on(page: str) -> str:
    found = re.search(r'class="bm-code">([0-9A-Z-]{19})<', page)
    assert found, page
    return found[1]


def listed(page: str) -> list[str]:
    return re.findall(r'<td><a href="/stations/(\d{12})"', page)


def draw(admin: Visitor, station: str) -> str:
    admin.open(f"/stations/{station}")
    return admin.send(f"/stations/{station}/code")


def test_the_administrator_begins_at_the_devices(admin: Visitor) -> None:
    admin.open("/")
    assert admin.path == "/stations"


def test_nobody_of_a_district_is_the_hubs_administrator(city: World) -> None:
    other = Staff("A002", "何管理", BUREAU, frozenset({"hub_administrator"}))
    with pytest.raises(DomainError):
        city.appoint(HUB, other)


def test_stations_are_found_by_district_township_name_and_number(admin: Visitor) -> None:
    here = tables.station(VILLAGE)
    assert VILLAGE in listed(admin.open("/stations", district="510903000000", township=TOWNSHIP))
    assert FAR not in listed(admin.page)
    assert listed(admin.open("/stations", q=VILLAGE)) == [VILLAGE]
    assert VILLAGE in listed(admin.open("/stations", q=here.name[:4]))
    assert "没有符合条件的服务站" in admin.open("/stations", q="不存在的站")
    assert listed(admin.page) == []


def test_lists_by_state(admin: Visitor, city: World) -> None:
    assert sorted(listed(admin.open("/stations", state="active"))) == sorted([TOWNSHIP, VILLAGE, NEIGHBOUR])
    assert listed(admin.open("/stations", state="drawn")) == []
    draw(admin, FAR)
    assert listed(admin.open("/stations", state="drawn")) == [FAR]
    city.time.pass_(hours=72, seconds=1)
    admin.sign_in("A001")
    assert listed(admin.open("/stations", state="drawn")) == []


@pytest.mark.parametrize(
    "path", ["/stations?state=odd", "/stations?district=1", "/stations/1", f"/stations/{HUB}"]
)
def test_what_is_not_there(admin: Visitor, path: str) -> None:
    admin._take(admin.client.get(path))
    assert admin.status == 404


def test_a_code_is_shown_once_with_its_picture_and_takes_one_laptop_in(
    admin: Visitor, city: World, tmp_path: Path
) -> None:
    page = draw(admin, FAR)
    code = code_on(page)
    assert tables.station(FAR).name in page
    scanner = test_web.Scanner()
    scanner.feed(page)
    assert scanner.found == [], "a drawing, without script or style"
    assert "<svg" in page
    for path in ("/stations", f"/stations/{FAR}", "/stations?state=drawn"):
        assert code not in admin.open(path)
    with Store.open(tmp_path / "laptop.sqlite") as store:
        laptop = Identity(store, FAR, lambda n: b"\5" * n)
        enrolment.join(laptop, None, city[HUB].url, code, transport=city.way(city[HUB].url))
    assert "已启用" in admin.open(f"/stations/{FAR}")
    drawn = city[HUB].parts.store.database("here").get(_id_of(city, FAR))
    assert drawn is not None
    assert drawn["by"] == "A001"


def _id_of(city: World, station: str) -> str:
    here = city[HUB].parts.store.database("here")
    return next(row.id for row in here.all_docs() if row.id.startswith(f"enrolment:{station}:"))


def test_a_second_code_voids_the_first(admin: Visitor, city: World) -> None:
    first, second = code_on(draw(admin, FAR)), code_on(draw(admin, FAR))
    kept = [doc["key"] for doc in enrolment_of(city[HUB].parts)._codes(FAR)]
    assert kept == [codes.key_of(second).hex()]
    assert first != second


def test_the_slip_names_the_address_that_stations_reach(admin: Visitor, city: World) -> None:
    assert "只能在市中心这台电脑上使用" in draw(admin, FAR)
    initialise(city[HUB].parts, ("hub.example",))
    page = draw(admin, FAR)
    assert "https://hub.example:8100<" in page
    assert "只能在市中心这台电脑上使用" not in page


def test_revoking_asks_for_the_stations_number(admin: Visitor, city: World) -> None:
    keys = city[HUB].parts.keys
    for typed in ("", NEIGHBOUR, "是"):
        admin.open(f"/stations/{VILLAGE}")
        page = admin.send(f"/stations/{VILLAGE}/revoke", confirm=typed)
        assert admin.status == 422
        assert "没有停用" in page
    assert keys.active(VILLAGE)
    code = code_on(draw(admin, VILLAGE))
    admin.open(f"/stations/{VILLAGE}")
    assert "已停用" in admin.send(f"/stations/{VILLAGE}/revoke", confirm=f" {VILLAGE} ")
    assert not keys.active(VILLAGE)
    with pytest.raises(Forbidden):  # a thief may have the slip as well
        identity = city[VILLAGE].parts.identity
        enrolment.join(identity, None, city[HUB].url, code, transport=city.way(city[HUB].url))


def test_a_code_that_was_tried_twice_is_an_alarm_until_somebody_looked_into_it(
    admin: Visitor, city: World, tmp_path: Path
) -> None:
    code = code_on(draw(admin, FAR))
    way = city.way(city[HUB].url)
    for name in ("laptop", "thief"):
        with Store.open(tmp_path / f"{name}.sqlite") as store:
            device = Identity(store, FAR, lambda n, name=name: name.encode()[:1] * n)  # type: ignore[misc]
            try:
                enrolment.join(device, None, city[HUB].url, code, transport=way)
            except Forbidden as error:
                assert (name, error.word) == ("thief", "code_used")
    assert "又被人用了一次" in admin.open("/stations")
    admin.open(f"/stations/{FAR}")
    admin.send(f"/stations/{FAR}/looked-into")
    assert "又被人用了一次" not in admin.page
    assert "又被人用了一次" not in admin.open("/stations")


def test_the_pages_read_in_english(admin: Visitor) -> None:
    admin.client.cookies.set("language", "en")
    assert "Devices of stations" in admin.open("/stations")
    assert "Draw a code" in admin.open(f"/stations/{FAR}")
    assert "Enrolment slip" in draw(admin, FAR)
