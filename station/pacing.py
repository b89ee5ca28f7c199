"""Slows who tries codes and keys in vain at /trust, over restarts; strict with one station at one address, patient with an
address, which a whole county may share. Those who are right are never slowed.

    enrolment   a wrong code          by station and address as devices' secrets; by address 300 an hour
    passes      a wrong signature     likewise; by address 5,000 an hour. A key that is not known is no guess
    challenges  cost no write and prove nothing: 200 a second from one address, 10,000 at once

By station and address together, so that a stranger who knows a village's code can't cut it off.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from station.attempts import DEVICE, Attempts, Pace
from sync.errors import BadRequest, Forbidden, TooManyRequests, Unauthorized

CODES_OF_ADDRESS: Final = Pace(300, timedelta(minutes=1), timedelta(hours=1))
KEYS_OF_ADDRESS: Final = Pace(5000, timedelta(minutes=1), timedelta(hours=1))
CHALLENGES: Final = 10_000
CHALLENGES_A_SECOND: Final = 200
_MOST_ADDRESSES: Final = 10_000


@contextmanager
def slowed(attempts: Attempts, what: str, station: str, address: str, patience: Pace) -> Iterator[None]:
    """What is done inside is a try for this station: TooManyRequests while it has to wait, counted where it is refused."""
    pair, line = f"{what} {station} at {address}", f"{what} at {address}"
    wait = max(_left(attempts, pair, DEVICE), _left(attempts, line, patience))
    if wait:
        raise TooManyRequests(f"Too many tries in vain. Try again in {wait} s.", wait)
    try:
        yield
    except (BadRequest, Forbidden, Unauthorized):
        attempts.count(pair, DEVICE)
        attempts.count(line, patience)
        raise
    if attempts.known(pair):
        attempts.forget(pair)


def _left(attempts: Attempts, what: str, pace: Pace) -> int:
    # Longer than the longest: the clock was wrong when it was counted, and nobody waits for that.
    wait = attempts.wait(what)
    return wait if wait <= pace.longest.total_seconds() + 1 else 0


class Flow:
    """A bound on what costs little: so many at once, so many a second afterwards, by address. Forgotten at a restart."""

    def __init__(self, most: int = CHALLENGES, rate: float = CHALLENGES_A_SECOND,
                 monotonic: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        self._most, self._rate, self._monotonic = most, rate, monotonic
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, address: str) -> None:
        """One more; TooManyRequests if that is too many."""
        with self._lock:
            now = self._monotonic()
            left, at = self._left.get(address, (float(self._most), now))
            left = min(self._most, left + (now - at) * self._rate)
            if left < 1:
                raise TooManyRequests("Too many challenges are asked for from there. Try again in 1 s.", 1)
            if len(self._left) >= _MOST_ADDRESSES:
                self._left.clear()
            self._left[address] = (left - 1, now)
