"""The agent when things go wrong around it: a hub put back to an earlier day, a refusal, a full disk, one bad database."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hub import app as hub_app
from hub import devices
from schemas import tables
from schemas.problems import DomainError
from station import forms, plan
from station.casework import Application
from station.moment import stamp
from station.staff import Staff
from sync.errors import DiskFull
from sync.signing import Signer
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import HUB, QUICK, TOWNSHIP, VILLAGE, World, application

DB = f"station-{VILLAGE}"


def events_at(world: World, code: str) -> set[str]:
    store = world[code].parts.store
    if DB not in store.databases():
        return set()
    return {
        change.id for change in store.database(DB).changes(0, 1000).results if change.id.startswith("ev:")
    }


def restart_hub(world: World) -> None:
    """Closes the hub and opens it again on what its folder holds now."""
    hub = world[HUB]
    hub.parts.close()
    parts = hub_app.build_parts(hub.parts.settings, clock=world.time, hasher=QUICK)
    hub.parts, hub.app = parts, hub_app.create_app(parts)


def test_a_hub_put_back_to_an_earlier_day_gets_again_what_it_lost(city: World) -> None:
    hub = city[HUB].parts
    record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    hub.store.backup(hub.settings.data / "backup.sqlite")
    lost = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    hub.register.catch_up()
    assert lost in [row["case_no"] for row in hub.register.select()]

    epoch = hub.store.epoch
    hub.close()
    for stray in hub.settings.data.glob("store.sqlite*"):
        stray.unlink()
    (hub.settings.data / "backup.sqlite").rename(hub.settings.store_path)
    city[HUB].parts = hub_app.build_parts(hub.settings, clock=city.time, hasher=QUICK)
    city[HUB].app = hub_app.create_app(city[HUB].parts)
    city[HUB].parts.register.catch_up()
    assert lost not in [row["case_no"] for row in city[HUB].parts.register.select()]
    assert city[HUB].parts.store.epoch != epoch, "numbers given out since must not be given again"

    city.reconnect()
    city.sync(TOWNSHIP, VILLAGE, TOWNSHIP, VILLAGE)
    assert events_at(city, HUB) == events_at(city, VILLAGE)
    city[HUB].parts.register.catch_up()
    assert lost in [row["case_no"] for row in city[HUB].parts.register.select()]


def test_a_station_put_back_to_an_earlier_day_goes_on_in_a_new_epoch(city: World) -> None:
    """Its next record must reach the hub, and what it lost must come back."""
    from station.app import build_parts, create_app

    village = city[VILLAGE].parts
    record(city, INSTANT)
    village.store.backup(village.settings.data / "backup.sqlite")
    lost = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    before = village.store.epoch
    village.close()
    for stray in village.settings.data.glob("store.sqlite*"):
        stray.unlink()
    (village.settings.data / "backup.sqlite").rename(village.settings.store_path)
    parts = build_parts(village.settings, clock=city.time, hasher=QUICK, transport_for=city.way)
    city[VILLAGE].parts, city[VILLAGE].app = parts, create_app(parts)
    assert parts.store.epoch != before

    fresh = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    for code in (HUB, VILLAGE):
        city[code].parts.register.catch_up()
        assert {lost, fresh} <= {row["case_no"] for row in city[code].parts.register.select()}
    assert parts.register.waiting() == {}


def test_a_receipt_that_a_crash_left_out_is_written_at_the_next_start(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(city, INSTANT)
    monkeypatch.setattr(
        city[HUB].parts.gate, "confirm", lambda *_: 0
    )  # killed after the commit, before the receipt
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    assert city[VILLAGE].parts.lamp().waiting == 1
    restart_hub(city)
    city.reconnect()
    city.sync(TOWNSHIP, VILLAGE)
    assert city[VILLAGE].parts.lamp().waiting == 0


def test_what_was_refused_stands_is_shown_and_is_offered_until_it_is_taken(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    village, township = city[VILLAGE].parts, city[TOWNSHIP].parts
    village.store.database(DB, create=True)
    city.sync(VILLAGE)
    monkeypatch.setattr(township.gate, "serves", lambda code: code != VILLAGE or _asked_for_database())

    def _asked_for_database() -> bool:
        # May open the database, may not bring events: the township's idea of its villages is behind the times.
        import sys

        return sys._getframe(2).f_code.co_name != "admit"

    record(city, INSTANT)
    outcome = village.agent.sync_once()
    assert len(outcome.refused) == 3
    assert len(village.agent.sync_once().refused) == 3, "still shown after the next round"
    assert "对方没有收下的记录" in city.visit(VILLAGE).sign_in("V001").open("/sync")
    monkeypatch.undo()
    assert village.agent.sync_once().refused == []
    assert events_at(city, TOWNSHIP) == events_at(city, VILLAGE)


def test_a_full_disk_does_not_end_the_loop(city: World, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = city[VILLAGE].parts.agent
    rounds: list[int] = []
    again = threading.Event()

    def failing() -> Any:
        rounds.append(1)
        if len(rounds) >= 3:
            again.set()
        raise DiskFull("no space")

    monkeypatch.setattr(agent, "_round", failing)
    thread = threading.Thread(target=agent.run, args=(0.2,))
    thread.start()
    assert again.wait(20)
    agent.stop()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_database_that_is_refused_does_not_keep_the_others_back(city: World) -> None:
    city[VILLAGE].parts.store.database("station-510922001000", create=True)
    case_no = record(city, INSTANT)
    outcome = city[VILLAGE].parts.agent.sync_once()
    assert outcome.reached
    assert any("510922001000" in each["reason"] for each in outcome.trouble)
    city[TOWNSHIP].parts.register.catch_up()
    assert city[TOWNSHIP].parts.register.case(case_no) is not None


def test_staff_of_another_station_record_nothing_and_leave_nothing(city: World) -> None:
    village = city[VILLAGE].parts
    stray = Staff("V009", "陈错", "510903000000", frozenset({"district_window"}))
    city.appoint(VILLAGE, stray)
    clerk = city.visit(VILLAGE).sign_in("V009")
    clerk.open("/sign-in")
    clerk.send(f"/items/{INSTANT.item_code}/record", **application("a" * 32))
    assert clerk.status == 403
    entered, ticked, _ = forms.application(application("a" * 32), tables.materials(INSTANT.item_code))
    entered = {**entered, "item_code": INSTANT.item_code, "got": frozenset(ticked)}
    with pytest.raises(DomainError) as caught:
        village.casework.record(stray, Application(**entered))
    assert caught.value.problem.code == "not_this_station"
    assert "station-510903000000" not in village.store.databases()


def test_a_device_whose_place_another_one_took_is_let_in_no_more(city: World) -> None:
    hub, other = city[HUB].parts, Signer(bytes(32)).public
    devices.admit_device(hub.store, hub.identity.signer, TOWNSHIP, other, stamp(city.time()))
    outcome = city[TOWNSHIP].parts.agent.sync_once()
    assert not outcome.reached
    assert [each["error"] for each in outcome.trouble] == ["unauthorized"]


def test_a_township_that_is_cut_off_above_is_bypassed_after_a_while(city: World) -> None:
    """It takes what its village brings and sends nothing on; the hub itself can be reached."""
    village = city[VILLAGE].parts
    case_no = record(city, INSTANT)
    assert village.agent.sync_once().parent == city[TOWNSHIP].url
    city.time.pass_(seconds=plan.PATIENCE / 2)
    village.agent.sync_once()
    assert events_at(city, HUB) == set()
    city.time.pass_(seconds=plan.PATIENCE)
    village.agent.sync_once()
    assert events_at(city, HUB) == events_at(city, VILLAGE)
    assert village.lamp().waiting == 0
    city.time.pass_(hours=1)
    record(city, PERMIT)
    village.agent.sync_once()
    assert len(events_at(city, HUB)) == 3, "a fresh record gives the township its chance first"
    city[HUB].parts.register.catch_up()
    assert city[HUB].parts.register.case(case_no) is not None


def test_a_busy_hub_is_left_alone_for_as_long_as_it_asks_and_then_gets_it_all(city: World) -> None:
    busy = {"township": True}
    app = city[TOWNSHIP].app.wsgi_app

    def answered(environ: dict[str, Any], start: Any) -> Any:
        if busy["township"] and environ["PATH_INFO"] == "/x":
            start("429 TOO MANY REQUESTS", [("Content-Type", "application/json"), ("Retry-After", "7")])
            return [b'{"error":"too_many_requests","reason":"This server is busy."}']
        return app(environ, start)

    city.sync(VILLAGE)
    record(city, INSTANT)
    city[TOWNSHIP].app.wsgi_app = answered  # type: ignore[method-assign]
    city[HUB].up = False
    outcome = city[VILLAGE].parts.agent.sync_once()
    assert (outcome.reached, outcome.retry_after) == (False, 7.0)
    assert plan.pause(plan.Outlook(failures=1), 30, 0.5, asked=outcome.retry_after) > 7.0

    busy["township"], city[HUB].up = False, True
    city.sync(VILLAGE)
    assert events_at(city, TOWNSHIP) == events_at(city, VILLAGE) != set()


def test_a_log_of_exchanges_that_is_wrong_is_found_out_by_what_the_hub_does_not_confirm(city: World) -> None:
    """Whatever made it wrong: both compare what they hold, once, and go on with exchanges from there."""
    city.sync(TOWNSHIP, VILLAGE, TOWNSHIP)
    record(city, INSTANT)
    believe_all_is_given(city, VILLAGE, TOWNSHIP)
    city.sync(VILLAGE, TOWNSHIP)
    assert events_at(city, TOWNSHIP) == set(), "nothing tells them yet"
    city.time.pass_(seconds=plan.PATIENCE + 1)
    city[HUB].up = False  # or the village would go past its township
    city.sync(VILLAGE)
    assert events_at(city, TOWNSHIP) == events_at(city, VILLAGE) != set()

    city[HUB].up = True
    believe_all_is_given(city, TOWNSHIP, HUB)
    city.sync(TOWNSHIP)
    assert events_at(city, HUB) == set()
    city.time.pass_(seconds=plan.PATIENCE + 1)
    city.sync(TOWNSHIP, VILLAGE)
    assert events_at(city, HUB) == events_at(city, VILLAGE)
    assert city[VILLAGE].parts.register.waiting() == {}
    assert city[TOWNSHIP].parts.agent.sync_once().trouble == []


def test_what_the_hub_does_not_confirm_for_a_reason_is_not_compared_again_and_again(city: World) -> None:
    city.sync(TOWNSHIP, VILLAGE, TOWNSHIP)
    village = city[VILLAGE].parts.agent
    record(city, INSTANT)
    city[HUB].up = False  # so the township has nothing to confirm it with
    city.sync(VILLAGE)
    compared: list[str] = []
    compare = village._comparing.compare

    def counted(server: Any, parent: str, *args: Any) -> None:
        if parent == city[TOWNSHIP].url:  # with the hub, which is asked as well, it has nothing in common yet
            compared.append(parent)
        compare(server, parent, *args)

    village._comparing.compare = counted  # type: ignore[method-assign]
    for _ in range(5):
        city.time.pass_(seconds=plan.PATIENCE + 1)
        city.sync(VILLAGE)
    assert compared == [city[TOWNSHIP].url]
    city.time.pass_(hours=6)
    city.sync(VILLAGE)
    assert compared == [city[TOWNSHIP].url] * 2


def believe_all_is_given(city: World, code: str, above: str) -> None:
    """The log of exchanges between the two says that all that is here is there."""
    parts, url = city[code].parts, city[above].url
    exchanges, server = parts.agent._exchanges, parts.agent._connect(url)
    assert exchanges is not None
    begun = exchanges.beginning(server, url)
    assert begun is not None
    exchanges.agree(server, url, parts.store.update_seq, begun)
    server.close()
