"""Receipts: the hub says how far it holds a writer's numbers, without a gap and as they were sealed; nobody else can."""

from __future__ import annotations

from hub.gate import HubGate
from sync import seals
from sync.ledger import parse_event_id
from sync.peer import Revision
from sync.seals import Run, Statement
from tests.test_journey import INSTANT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World

DB = f"station-{VILLAGE}"


def receipt(world: World, at: str) -> Statement | None:
    """The hub's word about the village's numbers, as it is known at a server."""
    run = (VILLAGE, world[VILLAGE].parts.store.epoch)
    found = world[at].parts.trust.statements(DB)
    return next((each for each in found if each.kind == "receipt" and each.run == run), None)


def test_it_reaches_the_village_through_its_township(city: World) -> None:
    record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    for at in (HUB, TOWNSHIP, VILLAGE):
        found = receipt(city, at)
        assert found is not None
        assert found.n == 3
        assert found.is_signed
        assert found.by == city[HUB].parts.identity.signer.public


def test_it_rises_with_every_number_and_is_not_given_anew_for_nothing(city: World) -> None:
    record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    first = receipt(city, HUB)
    city.time.pass_(minutes=5)
    city.sync(VILLAGE, TOWNSHIP)
    assert receipt(city, HUB) == first
    record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    second = receipt(city, HUB)
    assert second is not None
    assert second.n == 6


def numbered(city: World) -> dict[int, Revision]:
    """The village's events by number."""
    source = city[VILLAGE].parts.store.database(DB)
    changes = source.changes(0, 100).results
    found = {}
    for each in source.get_revisions({change.id: change.revs for change in changes}):
        if number := parse_event_id(each.id):
            found[number.n] = each
    return found


def state(city: World, n: int) -> Statement:
    """The village's seal over its first n events."""
    village = city[VILLAGE].parts
    run = Run(VILLAGE, village.store.epoch)
    events = [(each.id, each.body) for number, each in sorted(numbered(city).items()) if number <= n]
    head = seals.chain(seals.beginning(DB, run), events)
    return seals.state(village.identity.signer, "seal", DB, run, n, head)


def test_a_gap_stops_it(city: World) -> None:
    """Numbers 1 and 3 without 2: whatever else arrived, the hub confirms what is sealed and whole."""
    for _ in range(3):
        record(city, INSTANT)
    hub, held = city[HUB].parts, numbered(city)
    target = hub.store.database(DB, create=True)
    assert isinstance(hub.gate, HubGate)
    assert target.add_revisions([each for n, each in held.items() if n != 2]) == []
    hub.trust.take(DB, [state(city, 1)])
    hub.gate.confirm(target)
    hub.trust.take(DB, [state(city, 9)])
    hub.gate.confirm(target)
    found = receipt(city, HUB)
    assert found is not None
    assert found.n == 1
    target.add_revisions([held[2]])
    hub.gate.confirm(target)
    found = receipt(city, HUB)
    assert found is not None
    assert found.n == 9


def test_what_is_not_sealed_is_not_confirmed_and_not_shown(city: World) -> None:
    case_no = record(city, INSTANT)
    hub = city[HUB].parts
    target = hub.store.database(DB, create=True)
    target.add_revisions(list(numbered(city).values()))
    assert isinstance(hub.gate, HubGate)
    hub.gate.confirm(target)
    assert receipt(city, HUB) is None
    assert hub.register.case(case_no) is None
    hub.trust.take(DB, [state(city, 3)])
    hub.gate.confirm(target)
    assert receipt(city, HUB) is not None
    assert hub.register.case(case_no) is not None
