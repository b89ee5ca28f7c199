"""This server's exchanges with those above it: one `Calling` for each, and which of them do not speak it.

Says what moved and what is left for CouchDB's dialect; the agent does that.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from station.carriage import Above
from station.databases import HERE
from station.identity import Identity
from station.moment import Clock
from station.trust import Trust
from sync.asking import Way
from sync.errors import BadContentType, BadRequest, MethodNotAllowed, NotAPeer, NotFound
from sync.exchange.calling import Beginning, Calling, Outcome, wait
from sync.exchange.route import PATH
from sync.store import Store

Said = TypeVar("Said")
ASK_AGAIN: Final = timedelta(hours=1)
"""A server that does not speak exchange may have been renewed, or the proxy before it."""


class Exchanges:
    """Exchanges by the address of the server above. Not to be used by two threads at once."""

    def __init__(
        self,
        store: Store,
        trust: Trust,
        identity: Identity,
        clock: Clock,
        random: Callable[[int], bytes],
        news: threading.Event,
    ) -> None:
        """`news`: set while something urgent is known to wait above."""
        self._store = store
        self._rights = Above(store, trust, identity.own, identity)
        self._clock = clock
        self._random = random
        self._news = news
        self._callings: dict[str, Calling] = {}
        self._mute: dict[str, datetime] = {}

    def call(self, way: Way, parent: str) -> Outcome | None:
        """Exchanges with the server at `parent`; None where it does not speak it. NothingInCommon, errors of the way."""
        return self._asked(parent, lambda: self._with(parent).call(way, _url(parent)))

    def ask_again(self, parent: str) -> None:
        """That it did not answer as one that speaks exchange was no answer of its own."""
        self._mute.pop(parent, None)

    def beginning(self, way: Way, parent: str) -> Beginning | None:
        """Where both could go on from, asked between giving all and taking all; None where exchange is not spoken."""
        return self._asked(parent, lambda: self._with(parent).beginning(way, _url(parent)))

    def agree(self, way: Way, parent: str, ours: int, theirs: Beginning) -> None:
        """All that was here up to `ours`, and all that was there up to `theirs`, is at both ends."""
        self._with(parent).agree(way, _url(parent), ours, theirs)

    def speaks(self, parent: str) -> bool:
        """Whether the last call there was an exchange."""
        return parent in self._callings and parent not in self._mute

    def measured(self, parent: str) -> tuple[float | None, float | None]:
        """(bytes a second, seconds there and back) of the line to that server, None where not measured."""
        calling = self._callings.get(parent)
        return (calling.speed, calling.round_trip) if calling is not None else (None, None)

    def pending(self, parent: str) -> bool:
        """Whether something has been written here since that the server above is to get."""
        return self._with(parent).pending()

    def place(self, parent: str) -> int:
        """Up to where in this store's feed the server above has all pieces of files."""
        return self._with(parent).places[-1]

    def _asked(self, parent: str, ask: Callable[[], Said]) -> Said | None:
        if (since := self._mute.get(parent)) and abs(self._clock() - since) < ASK_AGAIN:
            return None
        try:
            said = ask()
        except (NotFound, MethodNotAllowed, BadContentType, BadRequest, NotAPeer):
            self._mute[parent] = self._clock()
            return None
        self._mute.pop(parent, None)
        return said

    def _with(self, parent: str) -> Calling:
        if parent not in self._callings:
            kept = self._store.database(HERE, create=True)
            self._callings[parent] = Calling(
                self._store, kept, self._rights, name_of(parent), random=self._random, news=self._news
            )
        return self._callings[parent]


def wait_for_news(way: Way, parent: str, seconds: int) -> bool:
    """Waits until the server at `parent` has something urgent for us, for so long at the most; errors of the way. Keeps nothing:
    may be called while others exchange."""
    return wait(way, _url(parent), seconds)


def name_of(parent: str) -> str:
    """Under which the log with the server at `parent` is kept."""
    return hashlib.sha256(parent.encode()).hexdigest()[:16]


def _url(parent: str) -> str:
    return parent.rstrip("/") + PATH
