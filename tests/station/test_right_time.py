"""A clock that is far wrong does not stop sync: the time is asked of a server above, and its signature counts, not its certificate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from schemas import tables
from station import certificates, right_time, sync_report
from station.moment import stamp
from sync.asking import Way
from sync.errors import BadRequest, NotAPeer
from sync.signing import Signer
from tests.station.test_tls import own_authority
from tests.test_journey import PERMIT, record
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, World, small_city


@pytest.fixture
def city(tmp_path: Path) -> Iterator[World]:
    with small_city(tmp_path, tls=True) as world:
        yield world


@pytest.fixture(scope="module")
def still_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for tests that change nothing."""
    with small_city(tmp_path_factory.mktemp("right-time")) as world:
        yield world


def show_one_signed(city: World, code: str, *, days_ago: int) -> None:
    """This server shows a certificate of a year that was signed so long ago, and its village connects anew."""
    tls, key = city[code].parts.tls, certificates.new_key()
    request = certificates.make_request(key, tls.names)
    began = city.time() - timedelta(days=days_ago)
    tls._put({
        "key": certificates.write_key(key),
        "certificate": certificates.sign(*own_authority(city), request, code, began),
    })  # fmt: skip
    context = tls.server()
    assert context is not None
    tls._load(context)
    city.reconnect()


def test_a_computer_whose_clock_is_a_year_ahead_syncs_all_the_same(city: World) -> None:
    case_no = record(city, PERMIT)
    # OpenSSL asks this computer's clock, which can't be moved; so the rest of the world is moved back.
    show_one_signed(city, TOWNSHIP, days_ago=400)
    city.time.now -= timedelta(days=390)
    village = city[VILLAGE].parts
    outcome = village.agent.sync_once()
    assert (outcome.parent, outcome.trouble) == (city[TOWNSHIP].url, [])
    assert city[TOWNSHIP].parts.casework.case(case_no) is not None


def test_a_wrong_clock_is_named_on_the_page_and_in_the_terminal(city: World) -> None:
    village = city[VILLAGE].parts
    show_one_signed(city, TOWNSHIP, days_ago=400)
    city.time.now -= timedelta(days=390)
    right = city.time.now
    village.tls._clock = lambda: right + timedelta(days=390)
    village.agent.sync_once()
    assert village.tls.behind is not None
    assert abs(village.tls.behind + timedelta(days=390)) < timedelta(seconds=1), (
        "a moment is told to the second"
    )
    assert "快了约 390 天" in city.visit(VILLAGE).sign_in("V001").open("/sync")
    assert "clock: 390 days ahead; sync goes on, but set the computer's date" in sync_report.lines(
        village.sync_report.now()
    )


def test_the_time_is_asked_once_and_not_with_each_connection(city: World) -> None:
    show_one_signed(city, TOWNSHIP, days_ago=400)
    city.time.now -= timedelta(days=390)
    village = city[VILLAGE].parts
    village.agent.sync_once()
    first = village.tls.client()
    city.reconnect()
    assert village.agent.sync_once().trouble == []
    assert village.tls.client() is first


def test_a_certificate_that_has_ended_is_refused_also_by_who_has_asked_the_time(city: World) -> None:
    show_one_signed(city, TOWNSHIP, days_ago=400)
    outcome = city[VILLAGE].parts.agent.sync_once()
    assert [(each["error"], each["parent"]) for each in outcome.trouble] == [
        ("untrusted", city[TOWNSHIP].url)
    ]
    assert outcome.parent == city[HUB].url, "the next way is taken"


# -- the question and its answer ---------------------------------------------------------------------------------------


def answered(still_city: World, change: Callable[[dict[str, str]], object]) -> httpx.MockTransport:
    """A way on which the township's answer about the time is changed."""

    def handle(request: httpx.Request) -> httpx.Response:

        parts = still_city[TOWNSHIP].parts
        nonce = json.loads(request.content)["nonce"]
        said = right_time.said(parts.identity.signer, TOWNSHIP, nonce, parts.clock)
        return httpx.Response(200, json=change(said))

    return httpx.MockTransport(handle)


def ask(still_city: World, change: Callable[[dict[str, str]], object]) -> str:
    with Way("https://township", transport=answered(still_city, change)) as way:
        return stamp(right_time.asked(way, "n-1", still_city[VILLAGE].parts.trust.speaks_above))


def test_the_answer_of_a_server_above_is_the_time(still_city: World) -> None:
    assert ask(still_city, lambda said: said) == stamp(still_city.time())


@pytest.mark.parametrize("change", [
    lambda said: {**said, "moment": "2030-01-01T00:00:00+08:00"},
    lambda said: {**said, "nonce": "n-0"},
    lambda said: {key: value for key, value in said.items() if key != "sig"},
    lambda said: [said],
], ids=["altered", "of yesterday", "unsigned", "no object"])  # fmt: skip
def test_an_answer_that_was_not_signed_for_this_question_is_none(
    still_city: World, change: Callable[[dict[str, str]], object]
) -> None:
    with pytest.raises(NotAPeer, match="not signed for this question"):
        ask(still_city, change)


@pytest.mark.parametrize("station", [TOWNSHIP, NEIGHBOUR, VILLAGE, tables.HUB, "nobody"])
def test_the_word_of_another_counts_nothing(still_city: World, station: str) -> None:
    stranger = Signer(b"s" * 32)
    with pytest.raises(NotAPeer, match="nobody whose word counts"):
        ask(still_city, lambda said: right_time.said(stranger, station, said["nonce"], still_city.time))


def test_a_village_does_not_tell_another_the_time(still_city: World) -> None:
    own = still_city[VILLAGE].parts.identity.signer
    with pytest.raises(NotAPeer, match="nobody whose word counts"):
        ask(still_city, lambda said: right_time.said(own, VILLAGE, said["nonce"], still_city.time))


def test_an_answer_without_a_moment_is_refused(still_city: World) -> None:
    signer = still_city[TOWNSHIP].parts.identity.signer
    with pytest.raises(NotAPeer, match="holds no moment"):
        ask(
            still_city,
            lambda said: signer.signed(
                "time", {"station": TOWNSHIP, "moment": "noon", "nonce": said["nonce"]}
            ),
        )


@pytest.mark.parametrize("nonce", ["", "n" * 101])
def test_a_nonce_that_is_none_is_refused(still_city: World, nonce: str) -> None:
    with pytest.raises(BadRequest, match="1 to 100 characters"):
        right_time.said(still_city[HUB].parts.identity.signer, HUB, nonce, still_city.time)
