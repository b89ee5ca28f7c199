"""What a station does when its numbers were given out twice, or some of them are gone here: after a copied laptop, or a
backup that was put back.

    went back   somebody who may say so knows more of the epoch we write in than we hold
    forked      somebody else has written under a name and number of ours

Either way the station goes on in a new epoch, and what it wrote since the hub's last receipt is written once more in it,
each event naming the one it repeats (`was`). Under the old numbers, whatever the hub holds comes in from above. A repeated
event counts only where the one it repeats does not (`station.register`), so nothing is lost and nothing happens twice. A
person is told:

    here/alarm:<epoch>    {"kind": "went_back" | "forked", "db", "at", "repeated": how many events}
"""

from __future__ import annotations

import logging
import threading
from typing import Any, Final

from station.databases import HERE, station_of
from station.identity import Identity
from station.moment import Clock, stamp
from station.register import Register
from station.trust import Trust
from sync.ledger import Ledger, discard
from sync.seals import Run
from sync.serving import starting
from sync.store import Store

log = logging.getLogger("bianmin.recovery")

ALARM: Final = "alarm:"
REPEATED: Final = "repeated:"


class Recovery:
    """Looks, after each round of sync, whether this server's numbers are still its own."""

    def __init__(
        self, store: Store, ledger: Ledger, register: Register, identity: Identity, trust: Trust, clock: Clock
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._register = register
        self._identity = identity
        self._trust = trust
        self._clock = clock
        self._here = store.database(HERE, create=True)
        self._looking = threading.Lock()

    def look(self, db: str = "") -> str:
        """What was wrong and has been put in order: "went_back", "forked", "discarded", or "". `db`: the one database in which
        anything is new."""
        with self._looking:  # the agent's rounds and what comes from below ask at the same time
            return self._look(db)

    def _look(self, db: str) -> str:
        self._register.catch_up()
        discarded = self._discard()
        kind, runs = self._wrong({db} if db else self._databases())
        if not kind:
            return "discarded" if discarded else ""
        old = self._ledger.epoch
        log.error(
            "this station's numbers are not its own any more (%s in %s): going on in a new epoch",
            kind,
            sorted(runs),
        )
        for db in self._databases() - {db for db, epoch in runs if epoch == old}:
            self._trust.seal(db)
        self._store.renew_epoch()
        self._identity.note_epoch(self._ledger.epoch)
        repeated = 0
        for db, epoch in sorted(runs):
            repeated += self._ledger.repeat(
                db, epoch, self._register.confirmed(db, Run(self._identity.own, epoch))
            )
            self._here.put({"_id": f"{REPEATED}{db}:{epoch}", "type": "repeated", "schema": 1})
        alarm: dict[str, Any] = {
            "_id": f"{ALARM}{self._ledger.epoch}", "type": "alarm", "schema": 1, "kind": kind,
            "db": sorted(db for db, _ in runs), "at": stamp(self._clock()), "repeated": repeated,
        }  # fmt: skip
        self._here.put(alarm)
        self._register.rebuild()
        return kind

    def _discard(self) -> int:
        """Takes out what others are said to have written and have not: beyond what is proven, what a seal of theirs
        contradicts; beyond what the hub has confirmed, what its receipt contradicts, for of two copies of a laptop the hub
        knows which one was first. The true events could not come in for them."""
        count = 0
        for each in self._register.disputes():
            after = each.confirmed if each.kind == "receipt" else each.proven
            if self._is_foreign(each.db, each.run) and each.n > after:
                log.warning("%s holds events of %s beyond %d that are not its own", each.db, each.run, after)
                count += discard(self._store, each.db, *each.run, after)
                self._register.forget(each.db, each.run, after)
        return count

    def _is_foreign(self, db: str, run: Run) -> bool:
        """Whether what is here of a run is others' to answer for: also a run of ours whose end has been repeated, for since
        then it holds what came in from above."""
        return run.writer != self._identity.own or bool(self._here.get(f"{REPEATED}{db}:{run.epoch}"))

    def _wrong(self, databases: set[str]) -> tuple[str, set[tuple[str, str]]]:
        """What is wrong, and the runs (database, epoch) whose ends are to be repeated. Only what is signed, by the hub or
        with our own key, counts as a sign of it: a relay that makes up events in our name is to move nothing here."""
        own, now = self._identity.own, self._ledger.epoch
        forked = {
            (each.db, each.run.epoch)
            for each in self._register.disputes()
            if not self._is_foreign(each.db, each.run)
        }
        back = set()
        for db in databases & self._databases():
            # Statements first: what is written and sealed while we look is then held as well.
            said = [each.n for each in self._trust.statements(db) if each.run == (own, now)]
            if said and max(said) > self._store.database(db).runs().get((own, now), 0):
                back.add((db, now))
        return ("forked" if forked else "went_back" if back else "", forked | back)

    def _databases(self) -> set[str]:
        return {name for name in self._store.databases() if station_of(name) is not None}

    def alarms(self) -> list[dict[str, Any]]:
        """What happened so far, the newest last."""
        return sorted(starting(self._here, ALARM).values(), key=lambda each: each["at"])
