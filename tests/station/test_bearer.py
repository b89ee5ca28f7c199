"""A station shows a pass with every request, and fetches another when the one it has does no longer do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from station.bearer import Bearer
from sync.errors import NotAPeer, PeerFailed, Unauthorized
from sync.remote import RemoteServer
from tests.world import HUB, TOWNSHIP, VILLAGE, World


class Counting(httpx.BaseTransport):
    """The way to a server, and the paths that were asked for on it."""

    def __init__(self, way: httpx.BaseTransport) -> None:
        self._way = way
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        return self._way.handle_request(request)


@pytest.fixture
def way(city: World) -> Counting:
    found = city.way(city[HUB].url)
    assert found is not None
    return Counting(found)


def server(city: World, way: httpx.BaseTransport, monotonic: Callable[[], float]) -> RemoteServer:
    bearer = Bearer(city[VILLAGE].parts.identity, city[HUB].url, monotonic=monotonic)
    return RemoteServer(f"{city[HUB].url}/db", auth=bearer, transport=way)


def test_one_pass_does_for_many_requests(city: World, way: Counting) -> None:
    with server(city, way, lambda: 0.0) as hub:
        for _ in range(3):
            hub.databases()
    assert way.asked == ["/trust/challenge", "/trust/token", *["/db/_all_dbs"] * 3]


def test_a_pass_is_renewed_before_it_ends(city: World, way: Counting) -> None:
    now = 0.0
    with server(city, way, lambda: now) as hub:
        hub.databases()
        now = 841.0
        hub.databases()
    assert way.asked.count("/trust/token") == 2


def test_a_pass_that_is_not_taken_is_replaced_once(city: World, way: Counting) -> None:
    with server(city, way, lambda: 0.0) as hub:
        hub.databases()
        city.time.pass_(minutes=20)  # by the hub's clock; the laptop slept
        assert "public" in hub.databases()
    assert way.asked[-4:] == ["/db/_all_dbs", "/trust/challenge", "/trust/token", "/db/_all_dbs"]


def test_a_wrong_clock_of_the_station_does_not_matter(city: World) -> None:
    """Its requests say no time, and the passes are by the hub's."""
    with server(city, city.way(city[HUB].url) or httpx.HTTPTransport(), lambda: 1e12) as hub:
        assert "public" in hub.databases()


def test_a_revoked_device_gets_none(city: World, way: Counting) -> None:
    from hub import devices

    hub = city[HUB].parts
    with server(city, way, lambda: 0.0) as remote:
        remote.databases()
        devices.revoke_device(hub.store, hub.identity.signer, VILLAGE)
        with pytest.raises(Unauthorized, match="revoked"):
            remote.databases()


def test_a_township_can_not_pass_the_hubs_challenge_on(city: World, way: Counting) -> None:
    """The village signs for the host it calls; with that the township gets nothing at the hub."""
    hub_says = httpx.Client(transport=way, base_url=city[HUB].url)

    def between(request: httpx.Request) -> httpx.Response:
        name = request.url.path
        answer = hub_says.post(name, content=request.content, headers={"content-type": "application/json"})
        return httpx.Response(answer.status_code, json=answer.json())

    bearer = Bearer(city[VILLAGE].parts.identity, city[TOWNSHIP].url)
    township = RemoteServer(f"{city[TOWNSHIP].url}/db", auth=bearer, transport=httpx.MockTransport(between))
    with township, pytest.raises(Unauthorized, match="another server"):
        township.databases()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, html="<h1>Sign in to the network</h1>"), NotAPeer),
        (httpx.Response(302, headers={"location": "http://portal/"}), NotAPeer),
        (httpx.Response(200, json={}), NotAPeer),
        (httpx.Response(200, json=[]), NotAPeer),
        (httpx.Response(200, json={"nonce": 7}), NotAPeer),
        (httpx.Response(503, json={"error": "busy", "reason": "later"}), PeerFailed),
    ],
)
def test_what_is_no_server_of_ours_gets_no_signature(
    city: World, answer: httpx.Response, error: type[Exception]
) -> None:
    sent: list[Any] = []

    def portal(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return answer

    with server(city, httpx.MockTransport(portal), lambda: 0.0) as hub, pytest.raises(error):
        hub.databases()
    assert sent == [b"{}"]
