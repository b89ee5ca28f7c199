"""The sync agent: carries this server's databases to the first server above that answers, and back.

    for each parent, best first:  welcome ─> each database of ours: push, pull ─> `public`: pull ─> note how it went
                                  (unreachable or no peer of ours: the next parent)

Does what station.plan decides. Never reads a document's meaning; never says that something is synced: that is
the hub's receipts, which arrive as documents.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from station import plan
from station.accounts import HERE
from station.moment import Clock, stamp
from sync.errors import SyncError
from sync.peer import Refusal
from sync.remote import RemoteServer
from sync.replicate import replicate
from sync.store import Store

log = logging.getLogger("bianmin.agent")
STATUS = "sync-status"
PREFIX = "station-"
PUBLIC = "public"
# Where a server answers CouchDB's dialect; the rest of its address space is pages.
DIALECT = "/db"


@dataclass
class Round:
    """How one attempt went: `parent` that answered, documents moved, refusals, and the first trouble in words."""

    at: str
    parent: str = ""
    pushed: int = 0
    pulled: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    trouble: list[dict[str, str]] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        return bool(self.parent)


class Agent:
    """Syncs one server upward. `transport_for` lets a test put an application behind a parent's address."""

    def __init__(
        self, store: Store, *, own: str, parents: Sequence[str], token: str, clock: Clock, random: Callable[[int], bytes],
        transport_for: Callable[[str], httpx.BaseTransport | None] = lambda _url: None,
    ) -> None:  # fmt: skip
        self._store = store
        self._own = own
        self._parents = tuple(parents)
        self._auth = (own, token)
        self._clock = clock
        self._random = random
        self._transport_for = transport_for
        self._servers: dict[str, RemoteServer] = {}
        # What was level with which parent, so that an idle round asks little. Forgotten at a restart; costs questions.
        self._pushed: dict[tuple[str, str], int] = {}
        self._pulled: dict[tuple[str, str], tuple[str, object]] = {}
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._status: dict[str, Any] = self._remembered()

    # -- one round -----------------------------------------------------------------------------------------------

    def sync_once(self) -> Round:
        """One round now, with whichever parent answers first in order. Never raises for what a link does."""
        with self._one_at_a_time:
            outcome = Round(at=stamp(self._clock()))
            for parent in self._parents:
                try:
                    self._sync_with(parent, outcome)
                except SyncError as error:
                    # Expected on a bad link, so one quiet line; the page tells the clerk.
                    log.info("no sync with %s: %s", parent, error)
                    outcome.trouble.append({"parent": parent, "error": error.error, "reason": error.reason})
                    continue
                outcome.parent = parent
                break
            self._note(outcome)
            return outcome

    def _sync_with(self, parent: str, outcome: Round) -> None:
        server = self._servers.get(parent)
        if server is None:
            server = RemoteServer(
                parent.rstrip("/") + DIALECT, auth=self._auth, transport=self._transport_for(parent)
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
        server.welcome()
        theirs = {name for name in server.databases() if name.startswith(PREFIX) or name == PUBLIC}
        ours = {name for name in self._store.databases() if name.startswith(PREFIX)}
        for name in sorted(ours | theirs):
            if name != PUBLIC:
                self._push(server, parent, name, name in theirs, outcome)
            if name != PUBLIC or name in theirs:
                self._pull(server, parent, name, outcome)

    def _push(self, server: RemoteServer, parent: str, name: str, there: bool, outcome: Round) -> None:
        source = self._store.database(name, create=True)
        seq = source.update_seq
        # Nothing new here since the last push to this parent: not even a question.
        if there and self._pushed.get((parent, name)) == seq:
            return
        session = replicate(source, server.database(name, create=not there), random=self._random)
        outcome.pushed += session.written
        _note_refusals(outcome, name, session.refused)
        self._pushed[parent, name] = seq

    def _pull(self, server: RemoteServer, parent: str, name: str, outcome: Round) -> None:
        source = server.database(name)
        # One question tells whether anything is new there: the same database, at the same sequence as last time.
        there = (source.identity, source.info()["update_seq"])
        if self._pulled.get((parent, name)) == there:
            return
        target = self._store.database(name, create=True)
        before = target.update_seq
        session = replicate(source, target, random=self._random)
        outcome.pulled += session.written
        _note_refusals(outcome, name, session.refused)
        self._pulled[parent, name] = there
        # What came from there need not be offered back: unless somebody wrote here meanwhile, we are level.
        if self._pushed.get((parent, name)) == before and target.update_seq == before + session.written:
            self._pushed[parent, name] = target.update_seq

    def close(self) -> None:
        """Ends the connections; a next round would open new ones."""
        with self._one_at_a_time:
            while self._servers:
                self._servers.popitem()[1].close()

    # -- the loop ------------------------------------------------------------------------------------------------

    def run(self, interval: float) -> None:
        """Syncs until stop(): on a timer with jitter, soon after any change here, at once when woken."""
        outlook = plan.Outlook()
        while not self._stop.is_set():
            outcome = self.sync_once()
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
        return any(
            self._store.database(name).update_seq != self._pushed.get((parent, name))
            for name in self._store.databases()
            if name.startswith(PREFIX)
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
            self._store.database(HERE, create=True).put_local(STATUS, self._status)

    def status(self) -> dict[str, Any]:
        """{"last": the last round as a mapping, {} before the first; "last_reached": stamp of the last round that
        reached a parent, or ""}. Survives a restart."""
        return self._status

    def _remembered(self) -> dict[str, Any]:
        kept = self._store.database(HERE, create=True).get_local(STATUS)
        return kept if kept else {"last": {}, "last_reached": ""}


def _note_refusals(outcome: Round, name: str, refused: Sequence[Refusal]) -> None:
    for each in refused:
        log.warning("%s refused in %s: %s %s", each.id, name, each.error, each.reason)
        outcome.refused.append({"db": name, "id": each.id, "error": each.error, "reason": each.reason})
