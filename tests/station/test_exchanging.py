"""A station exchanges with the server above it, one request a round, and goes the other way where that is not spoken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.exchange.side import Given
from tests.test_journey import INSTANT, record, step
from tests.test_scans_journey import BIG
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, Lane, World, small_city

PORTAL = httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<html>sign in</html>")


class Listening(httpx.BaseTransport):
    """The way to a server: what was asked, what was answered, and who may answer instead."""

    def __init__(self, way: httpx.BaseTransport) -> None:
        self._way = way
        self.asked: list[str] = []
        self.instead: dict[str, int] = {}
        self.portal = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.portal:
            return PORTAL
        if status := self.instead.get(request.url.path):
            return httpx.Response(status, json={"error": "x", "reason": "x"})
        return self._way.handle_request(request)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[World]:
    with small_city(tmp_path) as world:
        world.sync(VILLAGE, TOWNSHIP, VILLAGE)
        yield world


@pytest.fixture
def way(city: World) -> Listening:
    """How the village reaches its township."""
    listening = Listening(Lane(city[TOWNSHIP]))
    agent = city[VILLAGE].parts.agent
    agent.close()
    agent._transport_for = lambda url: listening if url == city[TOWNSHIP].url else city.way(url)
    city.sync(VILLAGE)
    listening.asked.clear()
    return listening


def test_an_idle_round_is_one_request_however_long_ago_the_last_was(city: World, way: Listening) -> None:
    city.sync(VILLAGE)
    city.time.pass_(hours=20)  # the pass for the other dialect has run out long since
    city.sync(VILLAGE)
    assert way.asked == ["/x", "/x"]


def test_a_decision_and_its_proof_come_home_in_one_request(city: World, way: Listening) -> None:
    case_no = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    city.sync(TOWNSHIP)
    way.asked.clear()
    outcome = city[VILLAGE].parts.agent.sync_once()
    assert (way.asked, outcome.trouble) == (["/x"], [])
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state is not None
    assert state.state == "concluded"
    assert city[VILLAGE].parts.register.waiting() == {}


@pytest.mark.parametrize("status", [404, 405, 415, 400])
def test_a_server_that_does_not_speak_it_is_synced_with_all_the_same(
    city: World, way: Listening, status: int
) -> None:
    way.instead["/x"] = status
    case_no = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    assert city[TOWNSHIP].parts.casework.case(case_no) is not None
    assert way.asked.count("/x") == 1, "not asked again each round"
    way.instead.clear()
    city.time.pass_(hours=2)
    way.asked.clear()
    outcome = city[VILLAGE].parts.agent.sync_once()
    assert (way.asked, outcome.trouble) == (["/x"], []), "but now and then"


def test_a_portal_between_is_no_answer_of_the_server(city: World, way: Listening) -> None:
    way.portal = True
    outcome = city[VILLAGE].parts.agent.sync_once()
    assert [each["error"] for each in outcome.trouble] == ["not_a_peer"]
    assert outcome.parent == city[HUB].url
    way.portal = False
    way.asked.clear()
    city.sync(VILLAGE)
    assert way.asked == ["/x", "/x"], "the first asks what landed of what the portal swallowed"


def test_what_is_written_while_a_message_goes_up_travels_with_its_seal(city: World) -> None:
    village = city[VILLAGE].parts
    first = record(city, INSTANT)
    village.casework.attach(first, PEOPLE["V001"], [BIG])
    exchanges = village.agent._exchanges
    assert exchanges is not None
    side = exchanges._with(city[TOWNSHIP].url)._side
    gives, written = side.give, []

    def give(*args: Any) -> Iterator[Given]:
        for given in gives(*args):
            yield given
            if not written:
                written.append(record(city, INSTANT))  # by a clerk, while the scan goes up

    side.give = give  # type: ignore[method-assign]
    exchanges._with(city[TOWNSHIP].url).room = 16 * 1024
    city.sync(VILLAGE)
    state = city[TOWNSHIP].parts.casework.case(written[0])
    assert state is not None, "the township has the events, and what proves them"
    assert state.state == "received"


def test_what_is_saved_while_two_strangers_compare_follows_in_the_next_round(city: World) -> None:
    village = city[VILLAGE].parts
    city.take_down(TOWNSHIP)  # the hub is a stranger to this village's exchange
    pulls, written = village.agent._comparing._pull, []

    def pull(*args: Any) -> None:
        if not written:
            written.append(record(city, INSTANT))  # after the push
        pulls(*args)

    village.agent._comparing._pull = pull  # type: ignore[method-assign]
    for _ in range(2):
        village.agent.sync_once()
    assert city[HUB].parts.casework.case(written[0]) is not None
    assert village.register.waiting() == {}
