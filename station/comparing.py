"""A round with a server above in CouchDB's dialect: gives what is here of each database, then takes what is there, by comparing what
both hold. What exchange falls back to, and the only way to a hub on a CouchDB cluster.

    for each database:  push      for each database:  pull ─> what is stated of it, for what they state

Remembers what was level with which parent, so that an idle round asks little. Forgotten at a restart; costs questions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from schemas import tables
from station.databases import PUBLIC, of_station, station_of
from station.identity import Identity
from station.intake import Intake
from station.rounds import Refusals, Round, Way
from station.trust import Trust
from sync import seals, strict_json
from sync.errors import Forbidden, NotAPeer, NotFound
from sync.peer import Seq
from sync.remote import RemoteDatabase, RemoteServer
from sync.replicate import replicate
from sync.seals import Statement
from sync.serving import ServedStore

log = logging.getLogger("bianmin.agent")


class Level(NamedTuple):
    """Where a push ended: our sequence, and the far end's identity and count of changes at that time."""

    seq: Seq
    identity: str
    far: int


class Standing(NamedTuple):
    """Which database that is, in which life of its store, and how far it has come. A store that was put back to an
    earlier day is in a new life."""

    identity: str
    seq: Seq

    @property
    def far(self) -> int:
        """The number that a sequence is, or begins with: a hub on CouchDB has sequences such as `12-g1AAAA…`."""
        digits = str(self.seq).partition("-")[0]
        return int(digits) if digits.isascii() and digits.isdecimal() else 0


class Comparing:
    """Rounds in the dialect, with any parent. Not to be used by two threads at once."""

    def __init__(
        self, store: ServedStore, identity: Identity, trust: Trust, refusals: Refusals, random: Callable[[int], bytes]
    ) -> None:  # fmt: skip
        self._store = store
        self._identity = identity
        self._own = identity.own
        self._trust = trust
        self._refusals = refusals
        self._random = random
        self._pushed: dict[Way, Level] = {}
        self._pulled: dict[Way, Standing] = {}
        self._stated: dict[Way, tuple[Mapping[tuple[str, str], int], frozenset[Statement]]] = {}

    def forget(self) -> None:
        """Takes nothing for level any more."""
        for known in (self._pulled, self._pushed, self._stated):
            known.clear()

    def pushed(self, db: str) -> list[int]:
        """Up to where in the feed of a database each parent has got it, where that is a number."""
        return [
            int(each.seq)
            for (_, name), each in list(self._pushed.items())
            if name == db and type(each.seq) is int
        ]

    def unpushed(self, parent: str) -> bool:
        """Whether anything was written here since the last push there."""
        return any(
            (known := self._pushed.get((parent, name))) is None
            or self._store.database(name).update_seq != known.seq
            for name in self._store.databases()
            if station_of(name) is not None
        )

    def compare(
        self, server: RemoteServer, parent: str, outcome: Round, between: Callable[[], None] = lambda: None
    ) -> None:
        """One round. `between`: what is done when they have all of ours, and before we take theirs."""
        server.welcome()
        theirs = {name for name in server.databases() if station_of(name) is not None or name == PUBLIC}
        ours = {name for name in self._store.databases() if station_of(name) is not None}
        # Our own first; before that `public`, while we don't know the hub's key and could believe nothing of it.
        first = [*([] if self._trust.knows_the_hub() else [PUBLIC]), of_station(self._own)]
        names = sorted(ours | theirs, key=lambda each: (first.index(each) if each in first else 9, each))
        there: dict[str, RemoteDatabase] = {}
        for name in names:
            with self._trouble_of(name, parent, outcome):
                there[name] = server.database(name, create=name not in theirs)
                if name != PUBLIC:
                    self._push(there[name], (parent, name), outcome)
        between()
        for name, remote in there.items():
            with self._trouble_of(name, parent, outcome):
                self._pull(remote, (parent, name), outcome)
                if name != PUBLIC:
                    self._state(server, (parent, name))

    @contextmanager
    def _trouble_of(self, name: str, parent: str, outcome: Round) -> Iterator[None]:
        """This database's trouble, and nobody else's."""
        try:
            yield
        except (Forbidden, NotFound) as error:
            log.warning("%s: %s", name, error)
            outcome.note_trouble(parent, error.error, f"{name}: {error.reason}")

    def _push(self, remote: RemoteDatabase, way: Way, outcome: Round) -> None:
        source = self._store.database(way[1], create=True)
        self._refusals.offer_again(source, remote, way)
        seq = source.update_seq
        there = _standing_of(remote)
        known = self._pushed.get(way)
        # Nothing new here since the last push, and the far end is the same and has not gone back (a hub restored from
        # a backup has): not even a question.
        if (
            known is not None
            and known.seq == seq
            and known.identity == there.identity
            and known.far <= there.far
        ):
            self._pushed[way] = Level(seq, there.identity, there.far)
            return
        session = replicate(source, remote, random=self._random)
        outcome.pushed += session.written
        if session.written:
            self._stated.pop(way, None)  # may have to be told anew, as to a hub from a backup
        for each in session.refused:
            self._refusals.note(way, each)
        self._pushed[way] = Level(seq, there.identity, there.far + session.written)

    def _pull(self, remote: RemoteDatabase, way: Way, outcome: Round) -> None:
        # One question tells whether anything is new there: the same database, at the same sequence as last time.
        there = _standing_of(remote)
        if self._pulled.get(way) == there:
            return
        target = self._store.database(way[1], create=True)
        before = target.update_seq
        guarded = Intake(target, self._own, lambda: self._identity.epoch)
        session = replicate(remote, guarded, random=self._random)
        outcome.pulled += session.written
        if session.written or session.refused:
            self._stated.pop(way, None)  # a seal may prove what came, or tell why it could not come in
        for each in session.refused:
            log.warning("%s not taken in %s: %s %s", each.id, way[1], each.error, each.reason)
            outcome.note_trouble(way[0], "not_taken", f"{each.id}: {each.reason}")
        self._pulled[way] = there
        # What came from there need not be offered back: unless somebody wrote here meanwhile, we are level.
        known = self._pushed.get(way)
        after = target.update_seq
        if isinstance(before, int) and after == before + session.written and known and known.seq == before:
            self._pushed[way] = known._replace(seq=after)

    def _state(self, server: RemoteServer, way: Way) -> None:
        """Gives what we state of a database for what they do. Not where neither events nor statements have moved since,
        and nothing waits to be confirmed."""
        parent, name = way
        database = self._store.database(name)
        held = database.runs()
        self._trust.seal(name)
        ours = self._trust.statements(name)
        known = (held, frozenset(ours))
        if self._stated.get(way) == known and not unconfirmed(held, ours):
            return
        said = server.ask(
            "POST",
            f"{parent.rstrip('/')}/trust/statements/{name}",
            content=strict_json.dumps({"statements": [each._asdict() for each in ours]}),
        )
        told = said.get("statements") if type(said) is dict else None
        if type(told) is not list:
            raise NotAPeer("The answer about statements has not the form of one.")
        self._trust.take(name, [seals.read(each) for each in told[: seals.MAX_STATEMENTS]])
        self._stated[way] = (held, frozenset(self._trust.statements(name)))


def unconfirmed(held: Mapping[tuple[str, str], int], statements: Iterable[Statement]) -> bool:
    """Whether events are here that nothing of the hub's reaches: of a station, no receipt; of its own, no seal."""
    reached: dict[tuple[str, str], int] = {}
    for each in statements:
        if each.kind == "receipt" or each.writer == tables.HUB:
            reached[each.run] = max(each.n, reached.get(each.run, 0))
    return any(n > reached.get(run, 0) for run, n in held.items())


def _standing_of(remote: RemoteDatabase) -> Standing:
    info = remote.info()
    return Standing(f"{remote.identity}/{info.get('epoch', '')}", info["update_seq"])
