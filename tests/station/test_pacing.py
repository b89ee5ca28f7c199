"""Codes and keys that are tried in vain are slowed, over a restart, and never those who are right: not a whole county at once."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from hub import app as hub_app
from hub import devices
from hub.enrolment import enrolment_of
from schemas import tables
from station import codes, pacing, passes
from station.attempts import DEVICE
from station.moment import stamp
from sync.errors import TooManyRequests
from sync.signing import Signer
from tests.world import HUB, NEIGHBOUR, QUICK, TOWNSHIP, VILLAGE, World

# How many stations come back at once; the whole county: BIANMIN_TEST_RETURNING=2324.
RETURNING = int(os.environ.get("BIANMIN_TEST_RETURNING", "150"))
OURS, STRANGERS = "10.0.0.7", "203.0.113.9"


@dataclass
class Line:
    """Requests to a server from one address."""

    city: World
    address: str = OURS
    at: str = HUB

    def ask(self, path: str, said: dict[str, Any]) -> TestResponse:
        client = Client(self.city[self.at].app, use_cookies=False)
        return client.post(path, json=said, environ_base={"REMOTE_ADDR": self.address})

    def token(self, station: str, signer: Signer) -> TestResponse:
        nonce = self.ask("/trust/challenge", {}).json["nonce"]
        said = {"station": station, "key": signer.public, "nonce": nonce}
        return self.ask("/trust/token", {**said, "sig": passes.answer(signer, station, "localhost", nonce)})

    def forge(self, station: str) -> TestResponse:
        """Names the station's key, and has another."""
        nonce = self.ask("/trust/challenge", {}).json["nonce"]
        said = {"station": station, "key": self.city[station].parts.identity.signer.public, "nonce": nonce}
        return self.ask("/trust/token", {**said, "sig": passes.answer(MADE_UP, station, "localhost", nonce)})

    def enrol(self, station: str, code: str, signer: Signer) -> TestResponse:
        said = {"station": station, "key": signer.public}
        return self.ask("/trust/enrol", {**said, "proof": codes.prove(codes.key_of(code), "station", said)})


WRONG = "0000-0000-0000-0000"
MADE_UP = Signer(b"\3" * 32)


def test_wrong_codes_have_to_wait_and_are_told_how_long(city: World) -> None:
    line = Line(city)
    good = enrolment_of(city[HUB].parts).draw(VILLAGE)
    assert [line.enrol(VILLAGE, WRONG, MADE_UP).status_code for _ in range(DEVICE.free)] == [
        403
    ] * DEVICE.free
    held_up = line.enrol(VILLAGE, good, MADE_UP)
    assert held_up.status_code == 429
    assert held_up.json["error"] == "too_many_requests"
    assert 0 < int(held_up.headers["Retry-After"]) <= 31
    assert city[HUB].parts.keys.active(VILLAGE) != {MADE_UP.public}
    assert Line(city, STRANGERS).enrol(NEIGHBOUR, WRONG, MADE_UP).status_code == 403, (
        "another's wait is not ours"
    )
    city.time.pass_(seconds=31)
    assert line.enrol(VILLAGE, good, MADE_UP).status_code == 200


def test_a_stranger_can_not_keep_a_station_from_enrolling(city: World) -> None:
    for _ in range(DEVICE.free + 2):
        Line(city, STRANGERS).enrol(VILLAGE, WRONG, MADE_UP)
    good = enrolment_of(city[HUB].parts).draw(VILLAGE)
    assert Line(city).enrol(VILLAGE, good, MADE_UP).status_code == 200


@pytest.mark.parametrize("at", [HUB, TOWNSHIP])
def test_forged_signatures_have_to_wait_at_every_server_and_the_right_one_elsewhere_does_not(
    city: World, at: str
) -> None:
    line, own = Line(city, STRANGERS, at), city[VILLAGE].parts.identity.signer
    refused = [line.forge(VILLAGE).status_code for _ in range(DEVICE.free + 1)]
    assert refused == [401] * DEVICE.free + [429]
    assert Line(city, OURS, at).token(VILLAGE, own).status_code == 200
    assert line.token(NEIGHBOUR, city[NEIGHBOUR].parts.identity.signer).status_code == 200


def test_a_key_that_is_not_known_yet_is_asked_about_as_often_as_it_likes(city: World) -> None:
    """As a village's new laptop asks at a township that has not synced since."""
    line = Line(city, OURS, TOWNSHIP)
    assert {line.token(VILLAGE, MADE_UP).status_code for _ in range(5 * DEVICE.free)} == {401}
    assert line.token(VILLAGE, city[VILLAGE].parts.identity.signer).status_code == 200


def test_the_wait_survives_a_restart(city: World) -> None:
    line = Line(city)
    for _ in range(DEVICE.free):
        line.forge(VILLAGE)
    hub = city[HUB]
    hub.parts.close()
    hub.parts = hub_app.build_parts(hub.parts.settings, clock=city.time, hasher=QUICK)
    hub.app = hub_app.create_app(hub.parts)
    assert line.forge(VILLAGE).status_code == 429
    city.time.pass_(seconds=31)
    assert line.token(VILLAGE, city[VILLAGE].parts.identity.signer).status_code == 200


def test_nobody_waits_for_a_clock_that_was_wrong(city: World) -> None:
    line = Line(city)
    city.time.pass_(days=40)
    for _ in range(DEVICE.free):
        line.forge(VILLAGE)
    city.time.pass_(days=-40)
    assert line.token(VILLAGE, city[VILLAGE].parts.identity.signer).status_code == 200


def test_many_stations_of_one_address_are_tried_in_vain_for_a_while_only(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "CODES_OF_ADDRESS", pacing.Pace(12, *_rest(pacing.CODES_OF_ADDRESS)))
    stations = list(tables.stations())[1:14]
    said = [Line(city).enrol(code, WRONG, MADE_UP).status_code for code in stations]
    assert said == [403] * 12 + [429]
    assert Line(city, STRANGERS).enrol(stations[-1], WRONG, MADE_UP).status_code == 403


def _rest(pace: pacing.Pace) -> tuple[Any, Any]:
    return pace.longest, pace.quiet


def test_a_county_that_comes_back_at_once_by_one_line_is_not_held_up(city: World) -> None:
    hub = city[HUB].parts
    stations = [code for code in tables.stations() if code != HUB][:RETURNING]
    signers = {code: Signer(secrets.token_bytes(32)) for code in stations}
    for code, signer in signers.items():
        devices.admit_device(hub.store, hub.identity.signer, code, signer.public, stamp(city.time()))
    line = Line(city)
    # Some laptops among them were replaced, and try in vain.
    for code in stations[:20]:
        assert line.token(code, MADE_UP).status_code == 401
    assert {line.token(code, signer).status_code for code, signer in signers.items()} == {200}


def test_challenges_have_a_bound_by_address_that_a_county_does_not_reach() -> None:
    now = [0.0]
    flow = pacing.Flow(monotonic=lambda: now[0])
    for _ in range(3 * 2324):  # and each tries three times
        flow.take(OURS)
    for _ in range(pacing.CHALLENGES - 3 * 2324):
        flow.take(OURS)
    with pytest.raises(TooManyRequests):
        flow.take(OURS)
    flow.take(STRANGERS)
    now[0] += 1
    for _ in range(pacing.CHALLENGES_A_SECOND):
        flow.take(OURS)
    with pytest.raises(TooManyRequests):
        flow.take(OURS)


def test_too_many_challenges_are_answered_in_words(city: World) -> None:
    city[HUB].parts.challenges = pacing.Flow(most=1, rate=0.001)
    assert Line(city).ask("/trust/challenge", {}).status_code == 200
    held_up = Line(city).ask("/trust/challenge", {})
    assert held_up.status_code == 429
    assert held_up.headers["Retry-After"] == "1"
