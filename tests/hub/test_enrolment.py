"""A code takes one device in, once, within 72 hours; neither a portal nor a relay can use what passes between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from hub.cli import main as hub_main
from hub.enrolment import enrolment_of
from schemas.problems import DomainError
from station import codes, enrolment
from station import keys as station_keys
from station.identity import Identity
from sync import strict_json
from sync.errors import BadRequest, Forbidden, NotAPeer
from sync.signing import Signer
from sync.store import Store
from tests.world import HUB, TOWNSHIP, VILLAGE, World


@pytest.fixture
def laptop(tmp_path: Path) -> Identity:
    """A device of the village that nobody knows yet."""
    store = Store.open(tmp_path / "laptop.sqlite")
    return Identity(store, VILLAGE, lambda n: b"\5" * n)


@pytest.fixture
def code(city: World) -> str:
    return enrolment_of(city[HUB].parts).draw(VILLAGE)


def join(city: World, laptop: Identity, code: str) -> int:
    return enrolment.join(laptop, None, city[HUB].url, code, transport=city.way(city[HUB].url))


def test_a_device_is_taken_in_for_a_code(city: World, laptop: Identity, code: str) -> None:
    before = city[VILLAGE].parts.identity
    assert join(city, laptop, code) == 2
    assert laptop.root == city[HUB].parts.identity.root == before.root
    assert laptop.number == 2
    hub = city[HUB].parts.keys
    assert hub.active(VILLAGE) == {laptop.signer.public}
    # What the laptop before has sealed still counts: some of it may be on its way.
    assert hub.sealing(VILLAGE) == {laptop.signer.public, before.signer.public}


def test_the_laptop_before_is_let_in_no_more(city: World, laptop: Identity, code: str) -> None:
    assert city[VILLAGE].parts.agent.sync_once().reached
    join(city, laptop, code)
    city.sync(TOWNSHIP)
    trouble = city[VILLAGE].parts.agent.sync_once().trouble
    assert [each["error"] for each in trouble] == ["unauthorized", "unauthorized"]


def test_a_code_may_be_typed_as_people_do(city: World, laptop: Identity, code: str) -> None:
    typed = code.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    assert join(city, laptop, typed) == 2


def test_a_code_is_used_once(city: World, laptop: Identity, code: str, tmp_path: Path) -> None:
    join(city, laptop, code)
    join(city, laptop, code)  # the answer was lost, the same laptop asks again
    with Store.open(tmp_path / "thief.sqlite") as store:
        thief = Identity(store, VILLAGE, lambda n: b"\6" * n)
        with pytest.raises(Forbidden, match="used already"):
            join(city, thief, code)
    desk = enrolment_of(city[HUB].parts)
    assert [doc["device"] for doc in desk.used_twice()] == [laptop.signer.public]
    assert city[HUB].parts.keys.active(VILLAGE) == {laptop.signer.public}


def test_a_code_runs_out(city: World, laptop: Identity, code: str) -> None:
    city.time.pass_(hours=72, seconds=1)
    with pytest.raises(Forbidden, match="run out"):
        join(city, laptop, code)
    assert laptop.root == ""


def test_a_new_code_voids_the_one_before(city: World, laptop: Identity, code: str) -> None:
    enrolment_of(city[HUB].parts).draw(VILLAGE)
    with pytest.raises(Forbidden):
        join(city, laptop, code)


def test_a_code_is_for_its_station(city: World, laptop: Identity) -> None:
    other = enrolment_of(city[HUB].parts).draw("510903001002")
    with pytest.raises(Forbidden):
        join(city, laptop, other)


@pytest.mark.parametrize("typed", ["", "K3V7", "K3V7-Q2MH-8RTY-0ZBU", "K3V7-Q2MH-8RTY-0ZB44", "村村村村" * 4])
def test_what_can_be_no_code_is_said_before_anything_is_asked(
    city: World, laptop: Identity, typed: str
) -> None:
    with pytest.raises(DomainError) as said:
        enrolment.join(laptop, None, "http://nobody", typed, transport=httpx.MockTransport(_never))
    assert said.value.problem.code == "code_form"


def _never(request: httpx.Request) -> httpx.Response:
    raise AssertionError("asked")


def test_the_code_itself_never_travels(city: World, laptop: Identity, code: str) -> None:
    sent: list[bytes] = []
    way = city.way(city[HUB].url)
    assert way is not None

    def overhear(request: httpx.Request) -> httpx.Response:
        answer = way.handle_request(request)
        body = answer.read()
        sent.extend((request.content, body))
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)

    enrolment.join(laptop, None, city[HUB].url, code, transport=httpx.MockTransport(overhear))
    told = b"".join(sent).decode()
    assert code not in told
    assert codes.key_of(code).hex() not in told
    # Nor is it kept: what the hub stores opens nothing after its hours.
    here = city[HUB].parts.store.database("here")
    assert not any(code in str(doc) for doc in here.bodies([row.id for row in here.all_docs()]).values())


MINE = Signer(b"\7" * 32)


def replace_root(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "root": MINE.public}


@pytest.mark.parametrize(
    "change",
    [
        replace_root,
        lambda said: {**said, "no": 9},
        lambda said: {**said, "recovery": "age1" + "q" * 58},
        lambda said: {name: said[name] for name in said if name != "proof"},
        lambda said: {**said, "proof": codes.prove(b"guess", "hub", {"root": MINE.public, "no": 1})},
        lambda said: [said],
        lambda said: {},
    ],
)
def test_nobody_between_can_play_the_hub(
    city: World, laptop: Identity, code: str, change: Callable[[dict[str, Any]], Any]
) -> None:
    way = city.way(city[HUB].url)
    assert way is not None

    def lie(request: httpx.Request) -> httpx.Response:
        said = strict_json.loads(way.handle_request(request).read())
        return httpx.Response(200, json=change(said))

    with pytest.raises(NotAPeer):
        enrolment.join(laptop, None, city[HUB].url, code, transport=httpx.MockTransport(lie))
    assert laptop.root == ""


def test_a_relay_can_not_put_its_own_key_in(city: World, laptop: Identity, code: str) -> None:
    way = city.way(city[HUB].url)
    assert way is not None

    def swap(request: httpx.Request) -> httpx.Response:
        said = {**strict_json.loads(request.content), "key": MINE.public}
        return way.handle_request(
            httpx.Request("POST", request.url, json=said, headers={"content-type": "application/json"})
        )

    with pytest.raises(Forbidden):
        enrolment.join(laptop, None, city[HUB].url, code, transport=httpx.MockTransport(swap))
    assert MINE.public not in city[HUB].parts.keys.sealing(VILLAGE)


@pytest.mark.parametrize(
    "given", [{}, {"station": VILLAGE}, {"station": "1", "key": "x"}, {"station": VILLAGE, "key": "x" * 42}]
)
def test_a_request_of_another_form_is_refused(city: World, given: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        enrolment_of(city[HUB].parts).take_in(given)


def test_a_station_takes_nobody_in(city: World) -> None:
    visitor = city.visit(TOWNSHIP).client
    assert visitor.post("/trust/enrol", json={}).status_code == 404


def test_the_command_draws_codes(tmp_path: Path) -> None:
    run = CliRunner().invoke(hub_main, ["--data", str(tmp_path / "hub"), "enrol", VILLAGE, TOWNSHIP])
    assert run.exit_code == 0, run.output
    lines = dict(line.split() for line in run.stdout.splitlines())
    assert list(lines) == [VILLAGE, TOWNSHIP]
    assert all(len(codes.key_of(code)) == 32 for code in lines.values())
    refused = CliRunner().invoke(hub_main, ["--data", str(tmp_path / "hub"), "enrol", "999999999999"])
    assert refused.exit_code != 0
    assert "999999999999" in refused.output


def test_a_record_the_hub_did_not_sign_counts_for_nothing(city: World) -> None:
    """As a township might write it into its own store, or hand it down."""
    township = city[TOWNSHIP].parts
    public = township.store.database("public")
    record = public.get(f"device:{VILLAGE}")
    assert record is not None
    assert township.keys.active(VILLAGE)
    forged = {**record, "devices": [{**record["devices"][0], "key": MINE.public}]}
    public.put(MINE.signed(station_keys.PURPOSE, {**forged, "serial": 2}))
    assert township.keys.active(VILLAGE) == frozenset()
