"""Three peers, a few hundred schedules of cuts, lost replies, crashes and restores: does everybody end equal?

The peers are models in memory that obey the `Peer` protocol; the replication is the real one. A schedule is drawn from
its seed alone, so a failing seed is the whole report. The negative control runs CouchDB's literal resume rule over the
same schedules and must lose documents: it shows that the simulation can see what it is there to see.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sync import replicate as replication
from sync.errors import Unreachable
from sync.peer import Change, Changes, Peer, Refusal, Revision, Seq
from sync.replicate import Checkpoint, replicate

SCHEDULES = 400
STEPS = 60


class Model:
    """A peer that can be copied and put back. Documents have one revision each."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.feed: list[str] = []
        self.local: dict[str, dict[str, Any]] = {}

    def changes(self, since: Seq = 0, limit: int = 500) -> Changes:
        start = int(since)
        found = [
            Change(n, id, ["1-a"], False) for n, id in enumerate(self.feed[start : start + limit], start + 1)
        ]
        return Changes(found, found[-1].seq if found else since, None)

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return {id: list(asked) for id, asked in revs.items() if id not in self.feed}

    def get_revisions(self, revs: Mapping[str, Sequence[str]]) -> list[Revision]:
        return [Revision(id, ("1-a",), False, b"{}") for id in revs if id in self.feed]

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        self.feed += [revision.id for revision in revisions if revision.id not in self.feed]
        return []

    def get_local(self, id: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.local.get(id))

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        self.local[id] = copy.deepcopy(dict(doc))


class World:
    """A village, a township and a hub, and everything that befalls them, drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.peers = [Model(name) for name in ("village", "township", "hub")]
        self.backups: list[tuple[int, list[str], dict[str, dict[str, Any]]]] = []
        self.written = 0

    def step(self) -> None:
        act = self.random.choices([self.write, self.sync, self.back_up, self.restore], [30, 50, 8, 6])[0]
        act()

    def write(self) -> None:
        peer = self.random.choice(self.peers)
        for _ in range(self.random.randint(1, 6)):
            self.written += 1
            peer.feed.append(f"{peer.identity}-{self.written}")

    def sync(self, trouble: float = 0.04) -> None:
        near = self.random.choice([0, 1])
        ends = self.peers[near : near + 2]
        self.random.shuffle(ends)
        source, target = (Troubled(end, self, trouble) for end in ends)
        try:
            replicate(
                source,
                target,
                batch=self.random.choice([1, 2, 5]),
                random=self.random.randbytes,
                clock=lambda: 0.0,
            )
            if (
                self.random.random() < 0.2
            ):  # a second program at the same time, or the same session over again
                replicate(source, target, batch=3, random=self.random.randbytes, clock=lambda: 0.0)
        except Unreachable:
            pass

    def back_up(self) -> None:
        which = self.random.randrange(3)
        peer = self.peers[which]
        self.backups.append((which, list(peer.feed), copy.deepcopy(peer.local)))

    def restore(self) -> None:
        if self.backups:
            which, feed, local = self.random.choice(self.backups)
            self.peers[which].feed, self.peers[which].local = list(feed), copy.deepcopy(local)

    def settle(self) -> None:
        """Two rounds without trouble."""
        for _ in range(2):
            for source, target in ((0, 1), (1, 2), (2, 1), (1, 0)):
                replicate(
                    self.peers[source], self.peers[target], random=self.random.randbytes, clock=lambda: 0.0
                )

    @property
    def converged(self) -> bool:
        held = [set(peer.feed) for peer in self.peers]
        return held[0] == held[1] == held[2]


class Troubled:
    """The way to a peer: a request may be lost before it arrives, or its answer after; backups happen meanwhile."""

    def __init__(self, peer: Model, world: World, trouble: float) -> None:
        self._peer, self._world, self._trouble = peer, world, trouble
        self.identity = peer.identity

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            draw = self._world.random
            if draw.random() < self._trouble:
                raise Unreachable("lost on the way there")
            answer = getattr(self._peer, name)(*args, **more)
            if draw.random() < 0.03:
                self._world.back_up()
            if draw.random() < self._trouble:
                raise Unreachable("lost on the way back")
            return answer

        return call


class CouchLogs:
    """CouchDB's rule, to the letter: one id a session, and where ids match the source's sequence is believed.

    compare_replication_logs and compare_rep_history in couch_replicator_scheduler_job.erl.
    """

    def __init__(self, source: Peer, target: Peer, id: str) -> None:
        self._source, self._target, self._id = source, target, id
        self._session = ""

    def resume_at(self) -> Seq:
        ours, theirs = self._source.get_local(self._id) or {}, self._target.get_local(self._id) or {}
        self._old = [theirs.get("history", []), ours.get("history", [])]
        if ours and ours.get("session_id") == theirs.get("session_id"):
            return int(ours["source_last_seq"])
        known = {entry["session_id"] for entry in theirs.get("history", [])}
        return next((e["recorded_seq"] for e in ours.get("history", []) if e["session_id"] in known), 0)

    def record(self, checkpoint: Checkpoint) -> bool:
        self._session = self._session or checkpoint.id
        entry = {"session_id": self._session, "recorded_seq": checkpoint.seq}
        for end, old in zip((self._target, self._source), self._old, strict=True):
            log = {
                "session_id": self._session,
                "source_last_seq": checkpoint.seq,
                "history": [entry, *old][:50],
            }
            end.put_local(self._id, log)
        return True


def run(seed: int) -> World:
    world = World(seed)
    for _ in range(STEPS):
        world.step()
    world.settle()
    return world


@pytest.fixture(autouse=True)
def _frequent_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "CHECKPOINT_BATCHES", 2)


@pytest.mark.parametrize("part", range(4))
def test_after_any_schedule_everybody_holds_the_same(part: int) -> None:
    lost = [seed for seed in range(part, SCHEDULES, 4) if not run(seed).converged]
    assert lost == []


def test_couchdbs_rule_loses_documents_on_the_same_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "_Logs", CouchLogs)
    lost = [seed for seed in range(SCHEDULES // 2) if not run(seed).converged]
    assert len(lost) >= 3


def test_a_schedule_is_its_seed() -> None:
    one, again = run(7), run(7)
    assert [peer.feed for peer in one.peers] == [peer.feed for peer in again.peers]
    assert len(one.peers[0].feed) > 10
