"""Practice: a station's pages over invented people, marked on every page and print, with no way out and no way in anywhere."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from hub.enrolment import enrolment_of
from station import app as station_app
from station import practice
from station.app import Parts
from station.practising import Silent, WrongKind
from station.transport import is_loopback
from sync.errors import SyncError
from sync.remote import RemoteServer
from sync.replicate import replicate
from tests.world import HUB, QUICK, TOWNSHIP, VILLAGE, Server, Visitor, World

MARK = "练习模式，数据不上报"


@pytest.fixture
def trial(city: World) -> Iterator[Server]:
    """The practice beside the village, found as "practice"."""
    settings = practice.settings_for(city[VILLAGE].parts.settings)
    parts = practice.build_parts(settings, clock=city.time, hasher=QUICK)
    server = Server(parts, station_app.create_app(parts), "http://practice")
    city.servers["practice"] = server
    yield server


def pupil(city: World) -> Visitor:
    return city.visit("practice").sign_in(practice.NUMBER, practice.PASSWORD)


def events(parts: Parts) -> int:
    parts.register.catch_up()
    return parts.register.totals()["events"]


def test_it_lies_beside_the_real_data_and_has_people_and_cases_to_practise_with(
    city: World, trial: Server
) -> None:
    real = city[VILLAGE].parts.settings
    assert trial.parts.settings.data == real.data.with_name(real.data.name + "-practice")
    page = pupil(city).open("/")
    assert "赵练习" in page
    assert {row["list"] for row in trial.parts.register.select()} >= {"open", "supplement", "result"}
    assert events(city[VILLAGE].parts) == 0


def test_every_page_and_every_print_says_that_it_is_practice(city: World, trial: Server) -> None:
    visitor = city.visit("practice")
    assert MARK in visitor.open("/sign-in")
    assert "练习工号 L001" in visitor.page
    visitor = pupil(city)
    case_no = trial.parts.register.select()[0]["case_no"]
    paths = ("/", "/items", "/cases", f"/cases/{case_no}", f"/cases/{case_no}/receipt", f"/cases/{case_no}/papers", "/papers",
             "/sync", "/backup", "/health", "/paper", "/sheets", "/person", "/posters", "/nothing-here")  # fmt: skip
    for path in paths:
        assert MARK in visitor.open(path), path
    item = trial.parts.register.select()[0]["item_code"]
    for path in (f"/items/{item}/poster", f"/items/{item}/screen", f"/items/{item}/list"):
        assert MARK in visitor.open(path), path
    assert MARK not in city.visit(VILLAGE).sign_in("V001").open("/")


def test_a_whole_application_can_be_practised(city: World, trial: Server) -> None:
    from tests.test_journey import INSTANT
    from tests.world import application

    visitor = pupil(city)
    visitor.open(f"/items/{INSTANT.item_code}/record")
    visitor.send(f"/items/{INSTANT.item_code}/record", **application(visitor.form))
    assert visitor.status == 200
    assert "收件凭证" in visitor.page


def test_there_is_no_agent_no_stick_and_nothing_that_answers_programs(city: World, trial: Server) -> None:
    assert isinstance(trial.parts.agent, Silent)
    assert not hasattr(trial.parts.agent, "sync_once")
    there = {rule.rule for rule in trial.app.url_map.iter_rules()}
    assert not [rule for rule in there if rule.startswith(("/db", "/trust", "/x"))]
    visitor = pupil(city)
    for path in ("/stick",):
        visitor.open(path)
        assert visitor.status == 403
    visitor.open("/sync")
    visitor.send("/sync")
    assert visitor.status == 403


def test_what_is_practised_is_no_city_s_and_the_hub_refuses_it_by_every_way(
    city: World, trial: Server
) -> None:
    """Also where somebody carries the practice's store to the hub with the real protocols in hand."""
    own, hub = trial.parts, city[HUB].parts
    assert own.identity.root != city[VILLAGE].parts.identity.root
    assert own.store.uuid != city[VILLAGE].parts.store.uuid
    before = (events(hub), hub.store.update_seq)
    db = f"station-{VILLAGE}"
    # By CouchDB's dialect, with the practice's own device key.
    from station.bearer import Bearer

    url = city[HUB].url
    with (
        RemoteServer(url, auth=Bearer(own.identity, url), transport=city.way(url)) as remote,
        pytest.raises(SyncError) as refused,
    ):
        replicate(own.store.database(db), remote.database(db))
    assert refused.value.status in (401, 403)
    # By a stick: nobody can write one for the hub, and what is written for another is not for it.
    with pytest.raises(SyncError):
        hub.sticks.read(io.BytesIO(b"".join(own.sticks.write(HUB)[0].pieces())))
    # As the village's own agent would, were the practice's folder put in the place of the real one.
    with pytest.raises(WrongKind, match="practice data, which never leaves this computer"):
        own.close()
        station_app.build_parts(replace(city[VILLAGE].parts.settings, data=own.settings.data, encrypt=False))
    assert (events(hub), hub.store.update_seq) == before


def test_a_real_store_is_never_opened_for_practice(city: World) -> None:
    parts = city[VILLAGE].parts
    parts.close()
    with pytest.raises(WrongKind, match="holds real data"):
        station_app.build_parts(parts.settings, practice=True)


def test_practice_needs_no_enrolment_and_gives_none(city: World, trial: Server) -> None:
    drawn = enrolment_of(city[HUB].parts).draw("510903001003")
    visitor = pupil(city)
    visitor.open("/start")
    visitor.send("/start", url=city[HUB].url, code=drawn)
    assert trial.parts.identity.root != city[HUB].parts.identity.root


def test_it_goes_on_the_next_day_and_begins_anew_when_told(city: World, trial: Server) -> None:
    count = events(trial.parts)
    trial.parts.close()
    city.time.pass_(days=40)
    again = practice.build_parts(trial.parts.settings, clock=city.time, hasher=QUICK)
    assert events(again) == count
    assert again.appointments.problem() is None, "no lease ends here"
    again.close()
    assert practice.clean(again.settings.data)
    assert not practice.clean(again.settings.data)
    assert not practice.clean(city[VILLAGE].parts.settings.data), "never a real folder"
    assert city[VILLAGE].parts.settings.data.exists()
    city.servers.pop("practice")


def test_the_command_serves_it_and_the_button_finds_it(city: World, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = port - practice.PORT_BEYOND
    if base < 1:
        pytest.skip("no such port")
    parts = city[TOWNSHIP].parts
    parts.settings = replace(parts.settings, port=base, data=tmp_path / "township")
    visitor = city.visit(TOWNSHIP)
    page = visitor.open("/practice")
    assert "打开练习系统" in page
    page = visitor.send("/practice")
    try:
        assert f'href="http://localhost:{port}"' in page
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            said = client.get("/sign-in", headers={"Host": "localhost"}).text
            assert MARK in said
            assert client.get("/db/", headers={"Host": "localhost"}).status_code == 404
    finally:
        (process,) = parts.started
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_somebody_elsewhere_can_t_start_processes_here(city: World) -> None:
    assert is_loopback("127.0.0.1")
    client = city[VILLAGE].app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    answer = client.post(
        "/practice", data={"csrf_token": token[1]}, environ_overrides={"REMOTE_ADDR": "10.1.2.3"}
    )
    assert answer.status_code == 403
    assert city[VILLAGE].parts.started == []


def test_the_command_says_how_to_sign_in() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "station.cli", "--code", VILLAGE, "practice", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "never syncs" in " ".join(said.stdout.split())
