"""The sync agent: carries this server's databases to the first server above that answers, and back.

    for each parent, best first:  exchange, or in CouchDB's dialect: each database of ours: push, then pull ─> note how it went
                                  (unreachable, no peer of ours, or long without a receipt: the next parent as well)
    then rest:                    until the timer, a change here, news from above (station.listening), or a network that returns

Does what station.plan decides. Never reads a document's meaning; never says that something is synced: that is
the hub's receipts, which arrive as documents.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import httpx

from station import network, plan, right_time
from station.bearer import Bearer
from station.comparing import Comparing, unconfirmed
from station.databases import HERE, station_of
from station.exchanging import Exchanges
from station.identity import Identity
from station.listening import Listener
from station.moment import Clock, stamp
from station.recovery import Recovery
from station.rounds import Refusals, Round, remember
from station.tls import Tls
from station.trust import Trust
from sync.asking import Way
from sync.errors import DiskFull, NotAPeer, NotInForce, PeerFailed, SyncError
from sync.exchange.calling import Beginning, NothingInCommon, Outcome
from sync.remote import RemoteServer
from sync.serving import ServedStore
from sync.store import Store

log = logging.getLogger("bianmin.agent")
STATUS = "sync-status"
# Where a server answers CouchDB's dialect; the rest of its address space is pages.
DIALECT = "/db"
# What was level may have stopped being so without a number telling it, as where both ends were put back to an earlier day.
LOOK_AGAIN = timedelta(hours=1)
# A log of exchanges may be wrong, by a fault of the program or of a disk, and nothing in it would ever say so. What the hub has not
# confirmed although it answers does: then both compare what they hold. Not more often, for a record may be left out for a reason.
COMPARE_AGAIN = timedelta(hours=6)
LOOK_OUT = 2.0  # seconds between two looks whether there is a network


class Agent:
    """Syncs one server upward. `transport_for` lets a test put an application behind a parent's address; `outward` says by which
    address this computer goes out."""

    def __init__(
        self, store: ServedStore, identity: Identity, trust: Trust, recovery: Recovery | None, *, parents: Callable[[], Sequence[str]], tls: Tls, clock: Clock, random: Callable[[int], bytes],
        transport_for: Callable[[str], httpx.BaseTransport | None] = lambda _url: None,
        outward: Callable[[], str] = network.outward, monotonic: Callable[[], float] = time.monotonic,
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
        self._outward = outward
        self._monotonic = monotonic
        self._health: dict[str, plan.Health] = {}
        self._servers: dict[str, RemoteServer] = {}
        self._unconfirmed_since: datetime | None = None
        self._looked_at = clock()
        self._doubted_at: datetime | None = None
        # A hub's cluster is nobody's child, so a server that calls has its own file.
        news = threading.Event()
        self._exchanges = (
            Exchanges(store, trust, identity, clock, random, news) if isinstance(store, Store) else None
        )
        self._wake = threading.Event()
        self._listener = Listener(self._connect, news, self._wake)
        self._stop = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._status: dict[str, Any] = self._remembered()
        self._refusals = Refusals(self._own, self._status["last"].get("refused", ()))
        self._comparing = Comparing(store, identity, trust, self._refusals, random)

    # -- one round -----------------------------------------------------------------------------------------------

    def sync_once(self) -> Round:
        """One round now, with whichever parent answers first, as they are named. Never raises for what a link does."""
        self._health.clear()
        return self._round()

    def _round(self) -> Round:
        with self._one_at_a_time:
            outcome = Round(at=stamp(self._clock()))
            if abs(self._clock() - self._looked_at) >= LOOK_AGAIN:
                self._forget()
            self._with_parents(outcome)
            if self._recovery is not None and outcome.parent and self._recovery.look():
                # What was refused is repeated under new numbers; what was not taken in before may be now. At once: were it
                # left for later, whoever brought a false branch from below could bring it again before the true one is here.
                self._refusals.forget()
                self._forget()
                self._with_parents(outcome)
                self._recovery.look()
            outcome.refused = self._refusals.listed()
            self._note(outcome)
            return outcome

    def _with_parents(self, outcome: Round) -> None:
        for parent in plan.order(self._parents(), self._health, self._monotonic()):
            health = self._health.get(parent, plan.WELL)
            try:
                self._sync_with(parent, outcome)
                self._health[parent] = plan.WELL
            except SyncError as error:
                self._health[parent] = plan.health_after(health, answered=False, now=self._monotonic())
                # Expected on a bad link, so one quiet line; the page tells the clerk.
                log.info("no sync with %s: %s", parent, error)
                outcome.note_trouble(parent, error.error, error.reason)
                if isinstance(error, PeerFailed) and error.retry_after:
                    # The one that lets us come first: no parent is asked again before.
                    outcome.retry_after = min(outcome.retry_after or error.retry_after, error.retry_after)
                continue
            outcome.parent, outcome.retry_after = outcome.parent or parent, 0.0
            if not plan.ask_further(self._unconfirmed_seconds()):
                break

    def _forget(self) -> None:
        """Takes nothing for level any more."""
        self._comparing.forget()
        self._looked_at = self._clock()

    def _sync_with(self, parent: str, outcome: Round) -> None:
        try:
            self._try(parent, outcome)
        except NotInForce:
            # Nothing was sent. A clock whose battery is empty says 1980, and must not keep records from the city.
            with Way(parent, transport=self._transport_for(parent), tls=self._tls.timeless()) as way:
                self._tls.set_right(right_time.asked(way, self._random(16).hex(), self._trust.speaks_above))
            self._try(parent, outcome)

    def _try(self, parent: str, outcome: Round) -> None:
        server = self._servers.get(parent)
        if server is None:
            server = self._connect(parent)
        # Kept only while all is well: a connection costs round trips (and TLS), trouble deserves a fresh start.
        self._servers.pop(parent, None)
        try:
            self._carry(server, parent, outcome)
        except BaseException:
            server.close()
            raise
        self._servers[parent] = server

    def _connect(self, parent: str) -> RemoteServer:
        return RemoteServer(
            parent.rstrip("/") + DIALECT,
            auth=self._bearers.setdefault(parent, Bearer(self._identity, parent, clock=self._clock)),
            transport=self._transport_for(parent),
            tls=self._tls.client(),
        )

    def _carry(self, server: RemoteServer, parent: str, outcome: Round) -> None:
        """One round with a parent: an exchange, or, where that is not spoken or both have to compare what they hold, in
        CouchDB's dialect."""
        if self._exchanges is None:
            self._comparing.compare(server, parent, outcome)
            return
        beginning: list[Beginning | None] = []
        exchanges, strangers = self._exchanges, False
        try:
            moved = exchanges.call(server, parent)
        except NothingInCommon:
            moved, strangers = None, True
        if moved is not None:
            self._note_exchange(server, parent, moved, outcome)
            strangers = self._doubts()
            if not strangers:
                return
        if strangers:
            self._forget()
        try:
            # What they got from us need not be given back to us: so they are asked in between where their feed is.
            between = (
                (lambda: beginning.append(exchanges.beginning(server, parent)))
                if strangers
                else (lambda: None)
            )
            self._comparing.compare(server, parent, outcome, between)
        except NotAPeer:
            # Neither dialect is spoken: somebody else answered, a portal say. What the server speaks is not known by that.
            exchanges.ask_again(parent)
            raise
        level = self._store.update_seq
        # What a clerk saved after the push is not there; then both compare once more in the next round.
        if beginning and beginning[0] is not None and not self._comparing.unpushed(parent):
            exchanges.agree(server, parent, level, beginning[0])

    def _note_exchange(self, server: RemoteServer, parent: str, moved: Outcome, outcome: Round) -> None:
        outcome.pushed += moved.given
        outcome.pulled += moved.taken
        for name, each in moved.refused:
            self._refusals.note((parent, name), each)
        for name, each in moved.not_taken:
            log.warning("%s not taken in %s: %s %s", each.id, name, each.error, each.reason)
            outcome.note_trouble(parent, "not_taken", f"{each.id}: {each.reason}")
        for name in self._refusals.databases(parent):
            there = server.database(name, create=True)
            self._refusals.offer_again(self._store.database(name), there, (parent, name))

    def _doubts(self) -> bool:
        """Whether to compare what both hold although they have just exchanged."""
        if not plan.ask_further(self._unconfirmed_seconds()):
            return False
        now = self._clock()
        if self._doubted_at is not None and abs(now - self._doubted_at) < COMPARE_AGAIN:
            return False
        self._doubted_at = now
        return True

    def _unconfirmed_seconds(self) -> float:
        """For how long something here has been without the hub's receipt, of this station or of one below; 0 while it is level."""
        stations = [name for name in self._store.databases() if station_of(name) is not None]
        if not any(
            unconfirmed(self._store.database(name).runs(), self._trust.statements(name)) for name in stations
        ):
            self._unconfirmed_since = None
            return 0.0
        now = self._clock()
        self._unconfirmed_since = min(self._unconfirmed_since or now, now)
        return (now - self._unconfirmed_since).total_seconds()

    def carried(self, db: str) -> int:
        """Up to where in the feed of that database some server above has all pieces of files, as far as it has answered."""
        found = self._comparing.pushed(db)
        if self._exchanges is not None:
            found += map(self._exchanges.place, self._parents())
        return max(found, default=0)

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
        """Syncs until stop(): on a timer with jitter, soon after any change here, at once when woken, when there is news above, or
        when the network returns."""
        outlook = plan.Outlook()
        threading.Thread(target=self._listener.run, name="news", daemon=True).start()
        while not self._stop.is_set():
            try:
                outcome = self._round()
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
            speaks = self._exchanges is not None and self._exchanges.speaks(outcome.parent)
            self._listener.listen_at(outcome.parent if speaks else "")
            chance = int.from_bytes(self._random(4)) / 2**32
            listening, asked = self._listener.is_waiting, outcome.retry_after
            self._rest(plan.pause(outlook, interval, chance, listening, asked=asked), seen)

    def _unpushed(self, parent: str) -> bool:
        """Whether anything was written here since the push of the round that just ended."""
        if self._exchanges is not None and self._exchanges.speaks(parent):
            return self._exchanges.pending(parent)
        return self._comparing.unpushed(parent)

    def _rest(self, seconds: float, seen: int | None) -> None:
        """Waits, but not past a wake-up, nor a network that has changed, nor, while the parent answers, past a change made here."""
        waited, asked, way_out = 0.0, 0.0, self._outward()
        while waited < seconds and not self._stop.is_set() and not self._wake.is_set():
            step = min(0.25, seconds - waited)
            if seen is None:
                self._wake.wait(step)
            elif self._store.wait(seen, step):
                break
            waited += step
            if waited - asked >= LOOK_OUT:
                asked, before = waited, way_out
                way_out = self._outward()
                if way_out and way_out != before:
                    break
        self._wake.clear()

    def wake(self) -> None:
        """Asks for a round now, with all parents as they are named."""
        self._health.clear()
        self._wake.set()

    def stop(self) -> None:
        """Lets run() end after the round it is in."""
        self._stop.set()
        self._listener.stop()
        self._wake.set()

    # -- how it went ---------------------------------------------------------------------------------------------

    def _note(self, outcome: Round) -> None:
        before, reached = self._status, self._status["last_reached"]
        if outcome.reached:
            reached = stamp(self._clock())
        history = remember(before["history"], outcome)
        self._status = {"last": asdict(outcome), "last_reached": reached, "history": history}
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
        reached a parent, or ""; "history": as `rounds.remember` keeps it}. Survives a restart."""
        return self._status

    def clock_ahead(self) -> float | None:
        """Seconds by which this computer's clock is ahead of the server above that is reached first; None while nobody told."""
        told = (self._bearers[url].ahead for url in self._parents() if url in self._bearers)
        return next((each for each in told if each is not None), None)

    def link(self) -> dict[str, Any]:
        """{"parent": that answered last, or ""; "bytes_per_second", "round_trip": in seconds, as exchange has measured them, or
        None; "told_of_news": whether a server will say when there is something; "clock_behind": seconds, less than 0 where the
        computer's clock is ahead; None where nobody had to ask}."""
        parent = str(self._status["last"].get("parent", ""))
        measured = (
            self._exchanges.measured(parent) if self._exchanges is not None and parent else (None, None)
        )
        return {
            "parent": parent, "bytes_per_second": measured[0], "round_trip": measured[1],
            "told_of_news": self._listener.is_waiting,
            "clock_behind": None if self._tls.behind is None else self._tls.behind.total_seconds(),
        }  # fmt: skip

    def _remembered(self) -> dict[str, Any]:
        kept = self._store.database(HERE, create=True).get_local(STATUS)
        return {"last": {}, "last_reached": "", "history": [], **(kept or {})}
