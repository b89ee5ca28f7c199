"""Receipts: the hub says how far it holds a writer's numbers without a gap, and nobody else can say so."""

from __future__ import annotations

from hub.gate import HubGate
from tests.test_journey import INSTANT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World

DB = f"station-{VILLAGE}"


def receipt(world: World, at: str) -> dict[str, object] | None:
    epoch = world[VILLAGE].parts.store.epoch
    return world[at].parts.store.database(DB).get(f"receipt:{VILLAGE}:{epoch}")


def test_it_reaches_the_village_through_its_township(city: World) -> None:
    record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    for at in (HUB, TOWNSHIP, VILLAGE):
        found = receipt(city, at)
        assert found is not None
        assert found["n"] == 3


def test_it_rises_with_every_number_and_is_not_rewritten_for_nothing(city: World) -> None:
    record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    first = receipt(city, HUB)
    city.sync(VILLAGE, TOWNSHIP)
    assert receipt(city, HUB) == first
    record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    second = receipt(city, HUB)
    assert second is not None
    assert second["n"] == 6


def test_a_gap_stops_it(city: World) -> None:
    """Numbers 1 and 3 without 2: the hub holds 1, whatever else arrived."""
    for _ in range(3):
        record(city, INSTANT)
    source, hub = city[VILLAGE].parts.store.database(DB), city[HUB].parts
    ids = [change.id for change in source.changes(0, 100).results if change.id.startswith("ev:")]
    revisions = list(
        source.get_revisions(
            {
                id_: [change.revs[0] for change in source.changes(0, 100).results if change.id == id_]
                for id_ in ids
            }
        )
    )
    without_two = [each for each in revisions if not each.id.endswith(":2")]
    target = hub.store.database(DB, create=True)
    assert target.add_revisions(without_two) == []
    assert isinstance(hub.gate, HubGate)
    hub.gate.confirm(target)
    found = receipt(city, HUB)
    assert found is not None
    assert found["n"] == 1
    target.add_revisions(revisions)
    hub.gate.confirm(target)
    found = receipt(city, HUB)
    assert found is not None
    assert found["n"] == 9
