"""A hostile township between village and hub: it may delay, and nothing else.

Each run is six events of the village with its seal, as they lie at the township, changed in one way and handed to the hub.
Whatever arrives: what counts at the hub is what the village wrote, to the byte, or nothing; and where anything was changed,
the village sees it by the receipt, or the hub by a dispute. Runs that nobody touches are never doubted.

BIANMIN_TEST_TAMPERINGS (default 240) says how many runs; BIANMIN_TEST_HONEST (half as many) how many
honest ones come after.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from schemas import tables
from station.app import Parts
from sync import event_ids, seals, strict_json
from sync.peer import Revision
from sync.seals import Run, Statement
from sync.signing import Signer
from tests.world import HUB, NEIGHBOUR, VILLAGE, World

COUNT = int(os.environ.get("BIANMIN_TEST_TAMPERINGS", "240"))
HONEST = int(os.environ.get("BIANMIN_TEST_HONEST", str(COUNT // 2)))
LENGTH = 6
TOWNSHIP_KEY = Signer(b"\x09" * 32)

Load = tuple[list[Revision], list[Statement]]


def event(run: Run, n: int, body: dict[str, Any]) -> Revision:
    id = event_ids.event_id(*run, n)
    text = strict_json.canonical(body)
    return Revision(id, (event_ids.event_rev(id, text),), False, text)


def run_of(draw: random.Random, village: Parts, db: str) -> tuple[Run, Load]:
    """A fresh run of the village's, sealed at its end and somewhere before."""
    run = Run(VILLAGE, "".join(draw.choices("abcdefghijklmnopqrstuvwxyz234567", k=8)))
    case_no = f"{VILLAGE}20180209{draw.randrange(10**4):04}0"
    events = [
        event(
            run,
            n,
            {"type": "case_event", "schema": 1, "case": case_no, "event": "urge", "at": str(draw.random())},
        )
        for n in range(1, LENGTH + 1)
    ]
    return run, (
        events,
        [seal(village.identity.signer, db, run, events, n) for n in (draw.randint(1, 5), LENGTH)],
    )


def seal(signer: Signer, db: str, run: Run, events: list[Revision], n: int) -> Statement:
    head = seals.chain(seals.beginning(db, run), [(each.id, each.body) for each in events[:n]])
    return seals.state(signer, "seal", db, run, n, head)


# -- what a township might do ------------------------------------------------------------------------------------------


def rewritten(draw: random.Random, run: Run, revision: Revision, **changes: Any) -> Revision:
    content = {**strict_json.loads_object(revision.body), "forged": draw.random(), **changes}
    n = int(revision.id.rpartition(":")[2])
    return event(run, n, content)


def alter(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = load
    i = draw.randrange(LENGTH)
    return [*events[:i], rewritten(draw, run, events[i]), *events[i + 1 :]], said


def alter_clumsily(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = load
    i = draw.randrange(LENGTH)
    body = events[i].body.replace(b"urge", b"void")
    return [*events[:i], events[i]._replace(body=body), *events[i + 1 :]], said


def flip(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = load
    i = draw.randrange(LENGTH)
    body = bytearray(events[i].body)
    body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
    return [*events[:i], events[i]._replace(body=bytes(body)), *events[i + 1 :]], said


def drop(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = load
    i = draw.randrange(LENGTH)
    return [*events[:i], *events[i + 1 :]], said


def drop_the_end(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = load
    return events[: draw.randrange(LENGTH)], said


def drop_seals(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = load
    return events, said[: draw.randrange(len(said))]


def add(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = load
    return [*events, event(run, LENGTH + 1, {"type": "case_event", "case": "x", "event": "void"})], said


def add_and_seal_itself(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = add(draw, run, load)
    return events, [*said, seal(TOWNSHIP_KEY, said[0].db, run, events, LENGTH + 1)]


def swap(draw: random.Random, run: Run, load: Load) -> Load:
    """Two events change places: each gets the other's number."""
    events, said = load
    i, k = sorted(draw.sample(range(LENGTH), 2))
    one, two = (strict_json.loads_object(events[j].body) for j in (i, k))
    changed = list(events)
    changed[i], changed[k] = event(run, i + 1, two), event(run, k + 1, one)
    return changed, said


def splice(draw: random.Random, run: Run, load: Load) -> Load:
    """The beginning of this run, and the end of another one under its numbers."""
    events, said = load
    i = draw.randrange(LENGTH)
    other = [event(run, n, {"type": "case_event", "case": "y", "n": n}) for n in range(i + 1, LENGTH + 1)]
    return events[:i] + other, said


def state_more(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = load
    changes: dict[str, Any] = draw.choice(
        [{"n": LENGTH + 1}, {"n": 1}, {"head": "0" * 64}, {"kind": "receipt"}, {"by": TOWNSHIP_KEY.public},
         {"sig": "A" * 86}, {"epoch": "zzzzzzzz"}, {"writer": NEIGHBOUR}, {"at": "2018-02-09T09:00:00+08:00"}]
    )  # fmt: skip
    return alter(draw, run, (events, []))[0], [each._replace(**changes) for each in said]


def play_the_hub(draw: random.Random, run: Run, load: Load) -> Load:
    events, said = alter(draw, run, load)
    head = seals.chain(seals.beginning(said[0].db, run), [(each.id, each.body) for each in events])
    return events, [
        *said,
        seals.state(TOWNSHIP_KEY, "receipt", said[0].db, run, LENGTH, head, "2018-02-09T09:00:00+08:00"),
    ]


MUTATIONS: list[Callable[[random.Random, Run, Load], Load]] = [
    alter, alter_clumsily, flip, drop, drop_the_end, drop_seals, add, add_and_seal_itself, swap, splice, state_more,
    play_the_hub,
]  # fmt: skip


def honest(draw: random.Random, run: Run, load: Load) -> Load:
    """In any order, some of it twice: what a bad line does."""
    events, said = load
    several = [*events, *draw.sample(events, draw.randrange(LENGTH))]
    draw.shuffle(several)
    return several, draw.sample(said * 2, len(said) * 2)


# -- what the hub makes of it ------------------------------------------------------------------------------------------


def hand_over(hub: Parts, db: str, load: Load) -> None:
    events, said = load
    database = hub.store.database(db, create=True)
    for some in (events[:3], events[3:]):
        if some:
            database.add_revisions(some)
    hub.trust.take(db, said)
    hub.gate.confirm(database)  # type: ignore[attr-defined]


def counted(hub: Parts, db: str, run: Run) -> dict[str, bytes]:
    """The events of a run that count at the hub: those that are proven."""
    n = {each: number for each, number, _ in hub.register.proven(db)}.get(run, 0)
    return hub.store.database(db).texts([event_ids.event_id(*run, i) for i in range(1, n + 1)])


def confirmed(hub: Parts, db: str, run: Run) -> int:
    receipts = [each for each in hub.trust.statements(db) if each.kind == "receipt" and each.run == run]
    return max((each.n for each in receipts), default=0)


@pytest.mark.timeout(3600)
def test_a_township_may_delay_and_nothing_else(city: World) -> None:
    hub, village = city[HUB].parts, city[VILLAGE].parts
    seed = random.SystemRandom().randrange(10**9)
    draw = random.Random(seed)
    # A database has a handful of runs; so every ten are put into another one.
    places = [f"station-{code}" for code, each in tables.stations().items() if each.level == "village"]
    disputed = 0
    for turn in range(COUNT + HONEST):
        mutate = MUTATIONS[turn % len(MUTATIONS)] if turn < COUNT else honest
        db = places[turn // 10 % len(places)]
        run, load = run_of(draw, village, db)
        true = {each.id: each.body for each in load[0]}
        hand_over(hub, db, mutate(draw, run, load))
        said = f"seed {seed}, turn {turn}: {mutate.__name__}"
        assert counted(hub, db, run).items() <= true.items(), said
        disputes = [each for each in hub.register.disputes() if each.run == run]
        if mutate is honest:
            assert confirmed(hub, db, run) == LENGTH, said
            assert not disputes, said
        elif mutate in (add, add_and_seal_itself):
            # What the village wrote is proven all the same; what was put behind it counts for nothing.
            assert confirmed(hub, db, run) == LENGTH, said
        else:
            # The village sees by the receipt that not all of its numbers are confirmed; or the hub sees why.
            assert confirmed(hub, db, run) < LENGTH or disputes, said
            if mutate in (alter, swap, splice):
                assert disputes, said
        disputed += len(disputes)
    assert disputed
