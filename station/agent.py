"""The sync agent: carries this server's databases to the first server above that answers, and back.

    for each parent, best first:  welcome ─> each database of ours: push, pull ─> `public`: pull ─> note how it went
                                  (unreachable, no peer of ours, or long without a receipt: the next parent as well)

Does what station.plan decides. Never reads a document's meaning; never says that something is synced: that is
the hub's receipts, which arrive as documents.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx

from schemas import tables
from station import plan
from station.bearer import Bearer
from station.databases import HERE, PUBLIC, of_station, station_of
from station.exchanging import Exchanges
from station.identity import Identity
from station.intake import Intake
from station.moment import Clock, stamp
from station.recovery import Recovery
from station.tls import Tls
from station.trust import Trust
from sync import seals, strict_json
from sync.errors import DiskFull, Forbidden, NotAPeer, NotFound, SyncError
from sync.exchange.calling import Beginning, NothingInCommon, Outcome
from sync.ledger import parse_event_id
from sync.peer import Refusal, Seq
from sync.remote import RemoteDatabase, RemoteServer
from sync.replicate import replicate
from sync.seals import Statement
from sync.serving import ServedDatabase, ServedStore
from sync.store import Store

log = logging.getLogger("bianmin.agent")
STATUS = "sync-status"
# Where a server answers CouchDB's dialect; the rest of its address space is pages.
DIALECT = "/db"
# What was level may have stopped being so without a number telling it, as where both ends were put back to an earlier day.
LOOK_AGAIN = timedelta(hours=1)


@dataclass
class Round:
    """How one attempt went: `parent` that answered, documents moved, trouble on the way, and the refusals that stand."""

    at: str
    parent: str = ""
    pushed: int = 0
    pulled: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    trouble: list[dict[str, str]] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        return bool(self.parent)


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


class Agent:
    """Syncs one server upward. `transport_for` lets a test put an application behind a parent's address."""

    def __init__(
        self, store: ServedStore, identity: Identity, trust: Trust, recovery: Recovery | None, *, parents: Callable[[], Sequence[str]], tls: Tls, clock: Clock, random: Callable[[int], bytes],
        transport_for: Callable[[str], httpx.BaseTransport | None] = lambda _url: None,
    ) -> None:  # fmt: skip
        self._store = store
        self._identity = identity
        self._trust = trust
        self._recovery = recovery
        self._own = identity.own
        self._parents = parents
        self._tls = tls
        self._bearers: dict[str, Bearer] = {}
        self._clock = clock
        self._random = random
        self._transport_for = transport_for
        self._servers: dict[str, RemoteServer] = {}
        self._unconfirmed_since: datetime | None = None
        # What was level with which parent, so that an idle round asks little. Forgotten at a restart; costs questions.
        self._pushed: dict[tuple[str, str], Level] = {}
        self._pulled: dict[tuple[str, str], Standing] = {}
        self._stated: dict[tuple[str, str], tuple[Mapping[tuple[str, str], int], frozenset[Statement]]] = {}
        self._looked_at = clock()
        # A hub's cluster is nobody's child, so a server that calls has its own file.
        self._exchanges = (
            Exchanges(store, trust, identity, clock, random) if isinstance(store, Store) else None
        )
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._status: dict[str, Any] = self._remembered()
        self._standing: dict[tuple[str, str], dict[str, Refusal]] = {}
        for each in self._status["last"].get("refused", ()):
            refusal = Refusal(each["id"], each["rev"], each["error"], each["reason"])
            self._standing.setdefault((each["parent"], each["db"]), {})[each["id"]] = refusal

    # -- one round -----------------------------------------------------------------------------------------------

    def sync_once(self) -> Round:
        """One round now, with whichever parent answers first in order. Never raises for what a link does."""
        with self._one_at_a_time:
            outcome = Round(at=stamp(self._clock()))
            if abs(self._clock() - self._looked_at) >= LOOK_AGAIN:
                self._forget()
            self._with_parents(outcome)
            if self._recovery is not None and outcome.parent and self._recovery.look():
                # What was refused is repeated under new numbers; what was not taken in before may be now. At once: were it
                # left for later, whoever brought a false branch from below could bring it again before the true one is here.
                self._standing.clear()
                self._forget()
                self._with_parents(outcome)
                self._recovery.look()
            outcome.refused = self._refused()
            self._note(outcome)
            return outcome

    def _with_parents(self, outcome: Round) -> None:
        for parent in self._parents():
            try:
                self._sync_with(parent, outcome)
            except SyncError as error:
                # Expected on a bad link, so one quiet line; the page tells the clerk.
                log.info("no sync with %s: %s", parent, error)
                outcome.trouble.append({"parent": parent, "error": error.error, "reason": error.reason})
                continue
            outcome.parent = outcome.parent or parent
            if not plan.ask_further(self._unconfirmed_seconds()):
                break

    def _forget(self) -> None:
        """Takes nothing for level any more."""
        for known in (self._pulled, self._pushed, self._stated):
            known.clear()
        self._looked_at = self._clock()

    def _sync_with(self, parent: str, outcome: Round) -> None:
        server = self._servers.get(parent)
        if server is None:
            bearer = self._bearers.setdefault(parent, Bearer(self._identity, parent))
            server = RemoteServer(
                parent.rstrip("/") + DIALECT,
                auth=bearer,
                transport=self._transport_for(parent),
                tls=self._tls.client(),
            )
        # Kept only while all is well: a connection costs round trips (and TLS), trouble deserves a fresh start.
        self._servers.pop(parent, None)
        try:
            self._carry(server, parent, outcome)
        except BaseException:
            server.close()
            raise
        self._servers[parent] = server

    def _carry(self, server: RemoteServer, parent: str, outcome: Round) -> None:
        """One round with a parent: an exchange, or, where that is not spoken or both have to compare what they hold, in
        CouchDB's dialect."""
        if self._exchanges is None:
            self._compare(server, parent, outcome)
            return
        strangers = False
        try:
            moved = self._exchanges.call(server, parent)
        except NothingInCommon:
            moved, strangers = None, True
            self._forget()
        if moved is not None:
            self._note_exchange(server, parent, moved, outcome)
            return
        try:
            beginning = self._compare(server, parent, outcome, strangers)
        except NotAPeer:
            # Neither dialect is spoken: somebody else answered, a portal say. What the server speaks is not known by that.
            self._exchanges.ask_again(parent)
            raise
        level = self._store.update_seq
        if beginning is not None and not self._unpushed(parent):
            self._exchanges.agree(server, parent, level, beginning)

    def _note_exchange(self, server: RemoteServer, parent: str, moved: Outcome, outcome: Round) -> None:
        outcome.pushed += moved.given
        outcome.pulled += moved.taken
        for name, each in moved.refused:
            self._note_refusal((parent, name), each)
        for name, each in moved.not_taken:
            log.warning("%s not taken in %s: %s %s", each.id, name, each.error, each.reason)
            outcome.trouble.append(
                {"parent": parent, "error": "not_taken", "reason": f"{each.id}: {each.reason}"}
            )
        for (at, name), standing in self._standing.items():
            if at == parent and standing:
                there = server.database(name, create=True)
                self._offer_again(self._store.database(name), there, (parent, name))

    def _compare(
        self, server: RemoteServer, parent: str, outcome: Round, strangers: bool = False
    ) -> Beginning | None:
        """Gives all, then takes all. Where both are `strangers` to exchange: where it can begin."""
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
        # What they got from us need not be given back to us: so they are asked now.
        beginning = (
            self._exchanges.beginning(server, parent) if strangers and self._exchanges is not None else None
        )
        for name, remote in there.items():
            with self._trouble_of(name, parent, outcome):
                self._pull(remote, (parent, name), outcome)
                if name != PUBLIC:
                    self._state(server, (parent, name))
        return beginning

    @contextmanager
    def _trouble_of(self, name: str, parent: str, outcome: Round) -> Iterator[None]:
        """This database's trouble, and nobody else's."""
        try:
            yield
        except (Forbidden, NotFound) as error:
            log.warning("%s: %s", name, error)
            outcome.trouble.append(
                {"parent": parent, "error": error.error, "reason": f"{name}: {error.reason}"}
            )

    def _push(self, remote: RemoteDatabase, way: tuple[str, str], outcome: Round) -> None:
        source = self._store.database(way[1], create=True)
        self._offer_again(source, remote, way)
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
            self._stated.pop(
                way, None
            )  # what is stated of it may have to be told anew, as to a hub from a backup
        for each in session.refused:
            self._note_refusal(way, each)
        self._pushed[way] = Level(seq, there.identity, there.far + session.written)

    def _pull(self, remote: RemoteDatabase, way: tuple[str, str], outcome: Round) -> None:
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
            outcome.trouble.append(
                {"parent": way[0], "error": "not_taken", "reason": f"{each.id}: {each.reason}"}
            )
        self._pulled[way] = there
        # What came from there need not be offered back: unless somebody wrote here meanwhile, we are level.
        known = self._pushed.get(way)
        after = target.update_seq
        if isinstance(before, int) and after == before + session.written and known and known.seq == before:
            self._pushed[way] = known._replace(seq=after)

    def _state(self, server: RemoteServer, way: tuple[str, str]) -> None:
        """Gives what we state of a database for what they do. Not where neither events nor statements have moved since,
        and nothing waits to be confirmed."""
        parent, name = way
        database = self._store.database(name)
        held = database.runs()
        self._trust.seal(name)
        ours = self._trust.statements(name)
        known = (held, frozenset(ours))
        if self._stated.get(way) == known and not _unconfirmed(held, ours):
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

    def _unconfirmed_seconds(self) -> float:
        """For how long the hub's receipt has been behind this station's own numbers; 0 while it is level."""
        name = of_station(self._own)
        if name not in self._store.databases():
            return 0.0
        own = (self._own, self._store.epoch)
        held = self._store.database(name).runs().get(own, 0)
        if not _unconfirmed({own: held}, self._trust.statements(name)):
            self._unconfirmed_since = None
            return 0.0
        now = self._clock()
        self._unconfirmed_since = min(self._unconfirmed_since or now, now)
        return (now - self._unconfirmed_since).total_seconds()

    def carried(self, db: str) -> int:
        """Up to where in the feed of that database some server above has all pieces of files, as far as it has answered."""
        pushed = list(self._pushed.items())
        found = [int(each.seq) for (_, name), each in pushed if name == db and type(each.seq) is int]
        if self._exchanges is not None:
            found += map(self._exchanges.place, self._parents())
        return max(found, default=0)

    # -- what was refused ----------------------------------------------------------------------------------------

    def _note_refusal(self, way: tuple[str, str], refusal: Refusal) -> None:
        """A parent's no stands, is shown, and is tried again each round until it becomes a yes. What others wrote is
        theirs to bring (see station.gate), so a no to that is no trouble."""
        number = parse_event_id(refusal.id)
        if number is None or number.writer != self._own:
            return
        log.warning("%s refused in %s: %s %s", refusal.id, way[1], refusal.error, refusal.reason)
        self._standing.setdefault(way, {})[refusal.id] = refusal

    def _offer_again(self, source: ServedDatabase, remote: RemoteDatabase, way: tuple[str, str]) -> None:
        standing = self._standing.get(way)
        if not standing:
            return
        again = list(source.get_revisions({id_: [refusal.rev] for id_, refusal in standing.items()}))
        still = {each.id: each for each in remote.add_revisions(again)}
        self._standing[way] = {id_: still[id_] for id_ in standing if id_ in still}

    def _refused(self) -> list[dict[str, str]]:
        return [
            {
                "db": name,
                "id": each.id,
                "rev": each.rev,
                "error": each.error,
                "reason": each.reason,
                "parent": parent,
            }
            for (parent, name), standing in sorted(self._standing.items())
            for each in standing.values()
        ]

    def close(self) -> None:
        """Ends the connections; a next round would open new ones. A round that hangs on a dead line is left to end with
        its process."""
        if self._one_at_a_time.acquire(timeout=1):
            try:
                while self._servers:
                    self._servers.popitem()[1].close()
            finally:
                self._one_at_a_time.release()

    # -- the loop ------------------------------------------------------------------------------------------------

    def run(self, interval: float) -> None:
        """Syncs until stop(): on a timer with jitter, soon after any change here, at once when woken."""
        outlook = plan.Outlook()
        while not self._stop.is_set():
            try:
                outcome = self.sync_once()
            except Exception:
                # A full disk, say. Whatever it was, sync must go on when it is over.
                log.exception("this round failed; the next one is tried as usual")
                outcome = Round(at=stamp(self._clock()))
            outlook = plan.after(
                outlook, reached=outcome.reached, moved=bool(outcome.pushed or outcome.pulled)
            )
            # Read before asking what is unpushed: a write in between then wakes us instead of being overlooked.
            seen = self._store.update_seq if outcome.reached else None
            if outcome.reached and self._unpushed(outcome.parent):
                continue
            chance = int.from_bytes(self._random(4)) / 2**32
            self._rest(plan.pause(outlook, interval, chance), seen)

    def _unpushed(self, parent: str) -> bool:
        """Whether anything was written here since the push of the round that just ended."""
        if self._exchanges is not None and self._exchanges.speaks(parent):
            return self._exchanges.pending(parent)
        return any(
            (known := self._pushed.get((parent, name))) is None
            or self._store.database(name).update_seq != known.seq
            for name in self._store.databases()
            if station_of(name) is not None
        )

    def _rest(self, seconds: float, seen: int | None) -> None:
        """Waits, but not past a wake-up nor, while the parent answers, past a change made here."""
        waited = 0.0
        while waited < seconds and not self._stop.is_set() and not self._wake.is_set():
            step = min(0.25, seconds - waited)
            if seen is None:
                self._wake.wait(step)
            elif self._store.wait(seen, step):
                break
            waited += step
        self._wake.clear()

    def wake(self) -> None:
        """Asks for a round now."""
        self._wake.set()

    def stop(self) -> None:
        """Lets run() end after the round it is in."""
        self._stop.set()
        self._wake.set()

    # -- how it went ---------------------------------------------------------------------------------------------

    def _note(self, outcome: Round) -> None:
        before, reached = self._status, self._status["last_reached"]
        if outcome.reached:
            reached = stamp(self._clock())
        self._status = {"last": asdict(outcome), "last_reached": reached}
        # A write is an fsync: only for what a restart should still know, to the minute.
        told = ("parent", "trouble", "refused")
        if reached[:16] != before["last_reached"][:16] or any(
            self._status["last"][key] != before["last"].get(key) for key in told
        ):
            try:
                self._store.database(HERE, create=True).put_local(STATUS, self._status)
            except DiskFull:
                log.warning("the disk is full; how sync went is not written down")

    def status(self) -> dict[str, Any]:
        """{"last": the last round as a mapping, {} before the first; "last_reached": stamp of the last round that
        reached a parent, or ""}. Survives a restart."""
        return self._status

    def _remembered(self) -> dict[str, Any]:
        kept = self._store.database(HERE, create=True).get_local(STATUS)
        return kept if kept else {"last": {}, "last_reached": ""}


def _unconfirmed(held: Mapping[tuple[str, str], int], statements: Iterable[Statement]) -> bool:
    """Whether events are here that nothing of the hub's reaches: of a station, no receipt; of its own, no seal."""
    reached: dict[tuple[str, str], int] = {}
    for each in statements:
        if each.kind == "receipt" or each.writer == tables.HUB:
            reached[each.run] = max(each.n, reached.get(each.run, 0))
    return any(n > reached.get(run, 0) for run, n in held.items())


def _standing_of(remote: RemoteDatabase) -> Standing:
    info = remote.info()
    return Standing(f"{remote.identity}/{info.get('epoch', '')}", info["update_seq"])
