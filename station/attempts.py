"""Counts wrong passwords and secrets, so that guessing slows down and stays slow over a restart.

    here/_local/attempts:<digest>     failures of one name, of one address, or of one device's name from one address

Knows nothing of who may come in; whoever asks says what was tried and how patient to be. A web node of a hub sees at
once what it counted itself, and what others counted when it is asked about that very name.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from station.moment import Clock, read, stamp
from sync.serving import ServedDatabase

PREFIX: Final = "attempts:"
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Pace:
    """`free` failures, then one try every 30 s, 60 s, … up to `longest`. Forgotten after `quiet` without a failure."""

    free: int
    longest: timedelta
    quiet: timedelta = DAY


# A locked-out clerk calls the township; a guesser gets 5 tries, then one every 30 s, 60 s, … up to 15 min.
NAME: Final = Pace(5, timedelta(minutes=15))
# One laptop has many clerks, and one line many offices: more patience, and never so long that they could not work.
ADDRESS: Final = Pace(30, timedelta(minutes=1), timedelta(hours=1))
# By name and address: a stranger who only knows a village's code must not be able to cut the village off.
DEVICE: Final = Pace(5, timedelta(minutes=15))
DEVICES_OF_ADDRESS: Final = Pace(100, timedelta(minutes=1), timedelta(hours=1))


class Attempts:
    """What was tried in vain, kept in a database that no peer can reach."""

    def __init__(self, db: ServedDatabase, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._lock = threading.Lock()
        # What has to wait now, so that a request in order costs no look into the store.
        self._until = {id_: read(kept["again_at"]) for id_, kept in db.local_documents(PREFIX).items()}

    def wait(self, what: str) -> int:
        """Seconds until `what` may be tried again; 0 for now. Never asks the store."""
        until = self._until.get(_id(what))
        return 0 if until is None else max(0, _seconds(until - self._clock()))

    def known(self, what: str) -> bool:
        """Whether any failure of `what` is remembered. Never asks the store."""
        return _id(what) in self._until

    def count(self, what: str, pace: Pace) -> int:
        """Counts an attempt as failed, before it is looked at: many guesses at once are many guesses. Returns the seconds
        to wait where it may not be tried now; then it is not counted."""
        id_, now = _id(what), self._clock()
        with self._lock:
            kept = self._db.get_local(id_)
            failures, again_at = (kept["failures"], read(kept["again_at"])) if kept else (0, now)
            if again_at > now + pace.longest:
                # Never longer than the longest wait, also when the clock was wrong for a while.
                again_at = now + pace.longest
                self._put(id_, failures, again_at)
            if now < again_at:
                self._until[id_] = again_at
                return _seconds(again_at - now)
            failures = 1 if again_at + pace.quiet < now else failures + 1
            pause = timedelta(0)
            if failures >= pace.free:
                pause = min(pace.longest, timedelta(seconds=30 * 2 ** min(failures - pace.free, 10)))
            self._put(id_, failures, now + pause)
        return 0

    def forget(self, what: str) -> None:
        """It was right after all: earlier failures count no more."""
        with self._lock:
            self._until.pop(_id(what), None)
            self._db.delete_local(_id(what))

    def take_back(self, what: str) -> None:
        """This one attempt was none; those before it stay."""
        id_ = _id(what)
        with self._lock:
            kept = self._db.get_local(id_)
            if kept and kept["failures"] > 1:
                self._put(id_, kept["failures"] - 1, self._clock())
            elif kept:
                self._until.pop(id_, None)
                self._db.delete_local(id_)

    def sweep(self, now: datetime) -> None:
        """Forgets what counts no more, so that years leave nothing behind."""
        for id_, kept in self._db.local_documents(PREFIX).items():
            if read(kept["again_at"]) + DAY < now:
                self._until.pop(id_, None)
                self._db.delete_local(id_)

    def _put(self, id_: str, failures: int, again_at: datetime) -> None:
        self._until[id_] = again_at
        self._db.put_local(id_, {"failures": failures, "again_at": stamp(again_at)})


def _id(what: str) -> str:
    return PREFIX + hashlib.sha256(what.encode()).hexdigest()[:32]


def _seconds(left: timedelta) -> int:
    return int(left.total_seconds()) + 1 if left > timedelta(0) else 0
