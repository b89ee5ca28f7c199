"""Waits for news at the server above that answered last, in a thread of its own, so that a decision is here at once.

    a round reached the hub ─> wait there ─> news ─> the agent is woken, and its message ends early ─> a round ─> wait again
                                        └─> the time is over ─> wait again        └─> any trouble ─> until a round goes well

Carries nothing and keeps nothing: whatever goes wrong here, the agent's timer brings a little later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from station.exchanging import wait_for_news
from sync.asking import Way
from sync.errors import SyncError

log = logging.getLogger("bianmin.agent")

SECONDS: Final = (
    55  # of one wait: less than what a modem's or a proxy's table remembers a silent connection for
)


class Listener:
    """`connect(parent)`: a way there of this listener's own. `told`: events to be set where there is news."""

    def __init__(
        self,
        connect: Callable[[str], Way],
        *told: threading.Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._told = told
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._parent = ""
        self._stopped = False
        self._way: tuple[str, Way] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a server will tell us of news."""
        return bool(self._parent)

    def listen_at(self, parent: str) -> None:
        """A round has reached this server, by exchange; "" if none was."""
        with self._changed:
            self._parent = parent
            self._changed.notify()

    def run(self) -> None:
        """Waits until stop()."""
        while parent := self._next():
            began = self._monotonic()
            try:
                news = wait_for_news(self._way_to(parent), parent, SECONDS)
            except SyncError as error:
                log.info("no news from %s: %s", parent, error)
                self._give_up(parent)
                continue
            if news or self._monotonic() - began < SECONDS / 2:
                # Until the round that fetches it is over. Or it can't wait, and is not to be asked in a circle.
                self._give_up(parent)
            if news and not self._stopped:
                for event in self._told:
                    event.set()
        self._close()

    def stop(self) -> None:
        """Lets run() end with the wait it is in."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _next(self) -> str:
        with self._changed:
            self._changed.wait_for(lambda: self._parent or self._stopped)
            return "" if self._stopped else self._parent

    def _give_up(self, parent: str) -> None:
        with self._changed:
            if self._parent == parent:
                self._parent = ""

    def _way_to(self, parent: str) -> Way:
        if self._way is None or self._way[0] != parent:
            self._close()
            self._way = (parent, self._connect(parent))
        return self._way[1]

    def _close(self) -> None:
        if self._way is not None:
            self._way[1].close()
            self._way = None
