"""The first page of a station that is not enrolled yet: everything leads there, from this computer alone, and errors are plain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from werkzeug.test import Client

from hub import staff
from hub.enrolment import enrolment_of
from schemas import tables
from station import transport
from station.staff import Staff
from tests.world import HUB, NEIGHBOUR, VILLAGE, Visitor, World, small_city

FRESH = "510903001003"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("start"), tls=True) as world:
        yield world


@pytest.fixture
def clerk(city: World) -> Iterator[Visitor]:
    """Somebody at the station that nobody knows yet."""
    server = city.add(FRESH, enrol=False)
    yield city.visit(FRESH)
    for each in city.servers.values():  # what one test tried in vain is not to slow the next one
        each.parts.accounts.attempts.sweep(city.time() + timedelta(days=3))
    city.take_down(FRESH)
    server.parts.close()
    del city.servers[FRESH]
    for path in sorted((city.folder / FRESH).iterdir()):
        path.unlink()
    (city.folder / "keys" / FRESH).unlink()


def code(city: World, station: str = FRESH) -> str:
    return enrolment_of(city[HUB].parts).draw(station)


def give(clerk: Visitor, url: str, code: str) -> str:
    clerk.open("/start")
    return clerk.send("/start", url=url, code=code)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/items", "/cases", "/sync"])
def test_every_page_leads_to_the_first_one(clerk: Visitor, path: str) -> None:
    assert "首次使用" in clerk.open(path)
    assert clerk.path == "/start"


def test_programs_and_what_pages_are_made_of_are_answered_as_ever(clerk: Visitor) -> None:
    for path, status in (
        ("/up", 200),
        ("/static/bianmin.css", 200),
        ("/db/", 200),
        ("/db/_all_dbs", 401),
        ("/no", 404),
    ):
        assert clerk.client.get(path).status_code == status, path


def test_it_joins_and_goes_on_to_sign_in_and_syncs_with_the_hub_it_joined(
    city: World, clerk: Visitor
) -> None:
    page = give(clerk, city[HUB].url + "/", code(city).lower().replace("-", " "))
    assert f"已加入：{tables.station(FRESH).name}" in page
    parts = city[FRESH].parts
    assert parts.identity.ca
    number = parts.identity.number
    assert parts.agent.sync_once().parent == city[HUB].url, "no setting names it"
    for path in ("/start", "/"):
        clerk.open(path)
        assert clerk.path == "/sign-in"
    clerk.send("/start", url=city[HUB].url, code=code(city))
    assert clerk.path == "/sign-in"
    assert parts.identity.number == number, "once is enough"


def test_a_scanner_fills_in_both(city: World, clerk: Visitor) -> None:
    assert "已加入" in give(clerk, "", f"{city[HUB].url} {code(city)}\n")


@pytest.mark.parametrize(
    ("url", "typed", "said"),
    [
        ("hub", "0000-0000-0000-0000", "没有接受这个注册码"),
        ("hub", "0000", "注册码应为 16 位"),
        ("hub.example", "0000-0000-0000-0000", "不是网址"),
        ("http://hub.example:8000", "0000-0000-0000-0000", "是明文地址"),
        ("https://127.0.0.1:1", "0000-0000-0000-0000", "连不上"),
        ("village", "0000-0000-0000-0000", "答话的不是发出注册码的市中心"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words_and_what_was_typed_stays(
    city: World, clerk: Visitor, url: str, typed: str, said: str
) -> None:
    url = {"hub": city[HUB].url, "village": city[VILLAGE].url}.get(url, url)
    page = give(clerk, url, typed)
    assert clerk.status in (409, 422)
    assert said in page
    assert f'value="{url}"' in page
    assert f'value="{typed}"' in page
    assert city[FRESH].parts.identity.root == ""


def test_a_code_of_another_station(city: World, clerk: Visitor) -> None:
    assert "是不是发给本站的" in give(clerk, city[HUB].url, code(city, NEIGHBOUR))


def test_a_code_that_has_run_out(city: World, clerk: Visitor) -> None:
    drawn = code(city)
    city.time.pass_(hours=73)
    try:
        assert "已经过期" in give(clerk, city[HUB].url, drawn)
    finally:
        city.time.pass_(hours=-73)


def test_a_code_that_was_used(city: World, clerk: Visitor) -> None:
    drawn = code(city)
    kept = next(doc for doc in enrolment_of(city[HUB].parts)._codes(FRESH) if not doc["used"])
    city[HUB].parts.store.database("here").put({**kept, "used": kept["until"], "device": "another"})
    page = give(clerk, city[HUB].url, drawn)
    assert "已经用过" in page
    assert "立即告知市中心" in page


def test_too_many_tries(city: World, clerk: Visitor) -> None:
    for _ in range(7):
        page = give(clerk, city[HUB].url, "0000-0000-0000-0000")
    assert "秒后再试" in page
    city.time.pass_(minutes=20)
    city[HUB].parts.accounts.attempts.sweep(city.time.now.replace(year=city.time.now.year + 1))
    city.time.pass_(minutes=-20)


@pytest.mark.parametrize("name", transport.FORWARDED)
def test_nobody_elsewhere_sees_it(city: World, clerk: Visitor, name: str) -> None:
    browser = Client(city[FRESH].app)
    far = browser.get("/start", environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert far.status_code == 403
    assert "请在本站的电脑上打开" in far.text
    assert "注册码" not in far.text
    proxied = transport.Proxied(lambda environ, start: city[FRESH].app.wsgi_app._application(environ, start), ["127.0.0.1"], plain=False)  # type: ignore[attr-defined]  # fmt: skip
    near = Client(proxied).get(
        "/start", environ_base={"REMOTE_ADDR": "127.0.0.1", name: "127.0.0.1"}, base_url="http://127.0.0.1"
    )
    assert near.status_code in (403, 421)


def test_a_form_without_its_token_is_refused(city: World, clerk: Visitor) -> None:
    answer = clerk.client.post("/start", data={"url": city[HUB].url, "code": code(city)})
    assert answer.status_code == 400
    assert city[FRESH].parts.identity.root == ""


# -- after it is enrolled --------------------------------------------------------------------------------------------


def test_after_joining_a_page_is_printed_and_says_who_may_sign_in_first(city: World, clerk: Visitor) -> None:
    page = give(clerk, city[HUB].url, code(city))
    assert "下一步：试打印" in page
    assert "四边的框线都印全了" in clerk.open("/start/print")
    assert "正在从市中心取本站的人员名单" in clerk.open("/start/people")
    person = Staff("V777", "何新来", FRESH, frozenset({"village_clerk"}))
    hub = city[HUB].parts
    drawn = staff.add(hub.store, hub.identity.signer, person, hub.random)
    city.carry(FRESH)
    page = clerk.open("/start/people")
    assert "何新来" in page
    assert "V777" in page
    assert "王芳" not in page, "who works elsewhere"
    clerk.take_up("V777", drawn)
    assert clerk.open("/start/people")
    assert "何新来" not in city.visit(FRESH).open("/start/people"), (
        "once somebody has signed in, nobody is told any more"
    )
