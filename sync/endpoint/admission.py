"""How many requests of servers are worked on at once, who waits, and who is asked to come later. Knows no path and no document.

    comes ──> few wait: stays, and gets a turn ──> works ──> perhaps another turn, before those who have had none
          └─> many wait: 429, Retry-After: when it would be its turn

After an outage thousands of stations come at one moment. More of them at once would not be quicker, pages would wait behind them, and
whoever waits for long gives up and comes again. So who can't be served soon is told at once when to come: one after the other, as
fast as work has gone lately. A turn is work alone, not the time that a body takes on a bad line. Used in one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import ceil
from typing import Final

PATIENCE: Final = 1.5  # seconds that who comes may have to wait for a turn
AHEAD: Final = 2.0  # times as many are called as work went lately: idle is worse than once more in vain
LATEST: Final = 120.0  # seconds; nobody is sent away for longer
FIRST_GUESS: Final = 0.05  # seconds of work a request, before any was done
SHARE: Final = 0.05  # of the newest in the mean


class Admission:
    """`most` turns at once. `monotonic`: seconds."""

    def __init__(self, most: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._monotonic = monotonic
        self._working = 0
        self._new: deque[asyncio.Future[None]] = deque()
        self._begun: deque[asyncio.Future[None]] = deque()
        self._work = FIRST_GUESS
        self._booked = 0.0
        self.put_off = 0
        """Requests that were asked to come later."""
        self.done = 0
        """Requests that have been worked on."""
        self.worked = 0.0
        """Seconds of work they took."""

    @property
    def waiting(self) -> int:
        """Requests that wait for a turn."""
        return len(self._new) + len(self._begun)

    def come(self) -> int:
        """0 where a request may stay; else in how many seconds it is to come again."""
        pace = self._work / self._most
        if self.waiting * pace < PATIENCE:
            return 0
        now = self._monotonic()
        self._booked = min(max(self._booked, now + self.waiting * pace) + pace / AHEAD, now + LATEST)
        self.put_off += 1
        return max(1, ceil(self._booked - now))

    def request(self) -> Turns:
        """The turns of a request that stays."""
        return Turns(self)

    async def _enter(self, queue: deque[asyncio.Future[None]]) -> None:
        if self._working < self._most:
            self._working += 1
            return
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        for queue in (self._begun, self._new):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)  # the place is handed on
                    return
        self._working -= 1


class Turns:
    """Of one request."""

    def __init__(self, owner: Admission) -> None:
        self._owner = owner
        self._worked = 0.0
        self._has_begun = False

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for a turn; it ends with the block."""
        owner = self._owner
        await owner._enter(owner._begun if self._has_begun else owner._new)
        self._has_begun = True
        began = owner._monotonic()
        try:
            yield
        finally:
            self._worked += owner._monotonic() - began
            owner._leave()

    def end(self) -> None:
        """The request is over."""
        if self._has_begun:
            self._owner._work += SHARE * (self._worked - self._owner._work)
            self._owner.done += 1
            self._owner.worked += self._worked
