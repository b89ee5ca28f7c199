"""A decision is in the village at once, however long the agent's timer is; and a network that returns is noticed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from station import network
from station.agent import Agent
from tests.test_journey import INSTANT, record, step
from tests.world import HUB, TOWNSHIP, VILLAGE, World, small_city

LONG = 600.0  # seconds of the timer: nothing below waits for it


@pytest.fixture
def city(tmp_path: Path) -> Iterator[World]:
    with small_city(tmp_path, sockets=True) as world:
        world.sync(VILLAGE, TOWNSHIP, VILLAGE)
        yield world


@contextmanager
def running(agent: Agent) -> Iterator[None]:
    thread = threading.Thread(target=agent.run, args=(LONG,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        agent.stop()
        thread.join(10)


def until(world: World, code: str, state: str, case_no: str) -> bool:
    """Waits until the case is in that state there."""
    store, casework = world[code].parts.store, world[code].parts.casework
    for _ in range(40):
        seen = store.update_seq
        case = casework.case(case_no)
        if case is not None and case.state == state:
            return True
        store.wait(seen, 0.5)
    return False


def test_a_decision_goes_down_from_hub_to_village_without_a_timer(city: World) -> None:
    with running(city[TOWNSHIP].parts.agent), running(city[VILLAGE].parts.agent):
        case_no = record(city, INSTANT)
        assert until(city, HUB, "received", case_no)
        step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
        assert until(city, VILLAGE, "concluded", case_no)


def test_a_receipt_goes_down_as_well(city: World) -> None:
    with running(city[TOWNSHIP].parts.agent), running(city[VILLAGE].parts.agent):
        record(city, INSTANT)
        parts = city[VILLAGE].parts
        for _ in range(40):
            seen = parts.store.update_seq
            parts.register.catch_up()
            if not parts.register.waiting():
                break
            parts.store.wait(seen, 0.5)
        assert parts.register.waiting() == {}


def test_when_the_township_goes_away_the_village_listens_at_the_hub(city: World) -> None:
    with running(city[VILLAGE].parts.agent):
        first = record(city, INSTANT)
        assert until(city, TOWNSHIP, "received", first)
        city.take_down(TOWNSHIP)
        second = record(city, INSTANT)
        assert until(city, HUB, "received", second)
        step(city, "E001", second, "accept", "instant_conclude", result="已核发")
        assert until(city, VILLAGE, "concluded", second)


def test_a_network_that_returns_is_noticed_before_the_timer(city: World) -> None:
    address = [""]
    agent = city[VILLAGE].parts.agent
    agent._outward = lambda: address[0]
    parents = agent._parents
    agent._parents = lambda: ()  # nobody to be reached without a network
    with running(agent):
        case_no = record(city, INSTANT)
        seen = city[TOWNSHIP].parts.store.update_seq
        assert not city[TOWNSHIP].parts.store.wait(seen, 0.5)
        agent._parents = parents
        address[0] = "10.0.0.7"
        assert until(city, TOWNSHIP, "received", case_no)


def test_whether_there_is_a_network_is_asked_without_a_packet() -> None:
    assert network.outward() == network.outward()


def test_a_server_that_answers_at_once_instead_of_waiting_is_not_asked_in_a_circle(tmp_path: Path) -> None:
    with small_city(tmp_path) as world:  # in process, where no server can wait without a thread
        world.sync(VILLAGE, TOWNSHIP, VILLAGE)
        agent = world[VILLAGE].parts.agent
        asked: list[str] = []
        way = agent._transport_for

        def counting(url: str) -> httpx.BaseTransport | None:
            real = way(url)
            assert real is not None
            return Counting(real, asked)

        agent._transport_for = counting
        agent.close()
        with running(agent):
            record(world, INSTANT)
            store = world[VILLAGE].parts.store
            while store.wait(store.update_seq, 1.0):
                pass
        assert 1 <= sum(each.startswith("GET /x") for each in asked) <= 5


class Counting(httpx.BaseTransport):
    """Another transport, and what goes over it."""

    def __init__(self, real: httpx.BaseTransport, asked: list[str]) -> None:
        self._real, self._asked = real, asked

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._asked.append(f"{request.method} {request.url.raw_path.decode()}")
        return self._real.handle_request(request)
