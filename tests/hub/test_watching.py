"""What watches the hub from outside: readiness, metrics, and when a station was last heard of."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from hub.contacts import Contacts
from hub.durations import BUCKETS
from hub.gate import HubGate
from schemas import tables
from station.databases import HERE
from sync.errors import DiskFull
from tests.test_journey import PERMIT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World


def metrics(world: World) -> dict[str, float]:
    answer = world[HUB].app.test_client().get("/metrics")
    assert answer.status_code == 200
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in answer.text.splitlines() if line[0] != "#")
    }


def test_metrics_count_queues_stations_and_changes_and_name_nobody(city: World) -> None:
    record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    city[HUB].parts.register.catch_up()
    found = metrics(city)
    assert found['bianmin_queue_cases{bureau="510903000000"}'] == 1
    assert found['bianmin_stations{heard_within="5m"}'] == 1  # the village came through its township
    assert found['bianmin_stations{heard_within="never"}'] == 2323
    assert found["bianmin_register_behind_changes"] == 0
    assert found["bianmin_store_sequence"] == city[HUB].parts.store.update_seq
    text = city[HUB].app.test_client().get("/metrics").text
    assert not re.search(r"赵|\b[0-9]{17}[0-9X]\b|\b1[0-9]{10}\b", text)
    assert len(re.findall("^# TYPE", text, re.M)) == len(re.findall("^# HELP", text, re.M)) > 4


def test_how_long_requests_took_is_a_histogram_by_kind_of_page(city: World) -> None:
    supervisor = city.visit(HUB).sign_in("S001")
    for _ in range(3):
        supervisor.open("/figures")
    found = metrics(city)
    kinds = [
        each
        for each in found
        if each.startswith("bianmin_request_seconds_bucket") and 'pages="figures"' in each
    ]
    assert len(kinds) == len(BUCKETS) + 1
    counts = [found[each] for each in kinds]
    assert (
        counts == sorted(counts)
        and counts[-1] == 3 == found['bianmin_request_seconds_count{pages="figures"}']
    )
    assert found['bianmin_request_seconds_sum{pages="figures"}'] > 0


def test_metrics_are_for_this_computer_or_with_the_token(city: World) -> None:
    client = city[HUB].app.test_client()
    elsewhere = {"REMOTE_ADDR": "10.0.0.9"}
    assert client.get("/metrics", environ_base=elsewhere).status_code == 403
    (city[HUB].parts.settings.data / "metrics-token").write_text("a long secret\n")
    for token, status in (("a long secret", 200), ("another", 403)):
        asked = {"Authorization": f"Bearer {token}"}
        assert client.get("/metrics", environ_base=elsewhere, headers=asked).status_code == status


def test_the_hub_is_ready_once_the_register_has_caught_up_and_the_store_takes_writes(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = city[HUB]
    hub.parts.register.catch_up()
    assert hub.app.test_client().get("/up/ready").status_code == 200
    store = hub.parts.store
    store.database(HERE).put_many([{"_id": f"x-{n}"} for n in range(600)])
    answer = hub.app.test_client().get("/up/ready")
    assert (answer.status_code, answer.json["wrong"]) == (
        503, [f"the register is {store.update_seq - hub.parts.register.position} changes behind the store"],
    )  # fmt: skip

    hub.parts.register.catch_up()

    def full(_run: object) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(store, "gathered", full)
    answer = hub.app.test_client().get("/up/ready")
    assert (answer.status_code, answer.json["wrong"]) == (
        503,
        ["the store takes no writes: insufficient_storage"],
    )


def test_contacts_are_written_once_a_minute_and_outlive_a_restart(city: World) -> None:
    hub = city[HUB].parts
    assert isinstance(hub.gate, HubGate)
    city.sync(TOWNSHIP)
    contacts = hub.gate.contacts
    heard = contacts.all()[TOWNSHIP].at
    city.time.pass_(minutes=2)
    contacts.tend()
    kept = f"contacts:{TOWNSHIP[:9]}"
    written = hub.store.database(HERE).get_local_rev(kept)
    assert written
    contacts.heard(VILLAGE, "1.2")
    contacts.tend()
    assert hub.store.database(HERE).get_local_rev(kept) == written
    assert Contacts(hub.store, city.time).all()[TOWNSHIP].at == heard
    city.time.pass_(minutes=1)
    contacts.tend()
    again = Contacts(hub.store, city.time).all()[VILLAGE]
    assert (again.version, city.time() - again.at) == ("1.2", timedelta(minutes=1))


def test_contacts_of_the_whole_city_are_kept(city: World) -> None:
    store = city[HUB].parts.store
    contacts = Contacts(store, city.time)
    for code in tables.stations():
        contacts.heard(code, "1" * 60)
    city.time.pass_(minutes=2)
    contacts.tend()
    kept = Contacts(store, city.time).all()
    assert kept.keys() == tables.stations().keys()
    assert {each.version for each in kept.values()} == {"1" * 40}
