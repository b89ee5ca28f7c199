"""Marks of moments (station.moments) in the hub's feed: one a day, and one whenever somebody needs to say later what was known now.

Writes marks and nothing else. Which of them count at a web node is the register's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from station.databases import HERE
from station.moment import Clock, read, stamp
from station.moments import HEARD, Known
from station.register import Register
from sync.serving import ServedStore

Random: TypeAlias = Callable[[int], bytes]
TRIES: Final = 20
"""While stations bring a lot, something comes between counting and marking; then it is done again."""


class Marks:
    """Of one web node of the hub."""

    def __init__(self, store: ServedStore, register: Register, clock: Clock, random: Random) -> None:
        self._here = store.database(HERE, create=True)
        self._register = register
        self._clock = clock
        self._random = random

    def tend(self) -> None:
        """Marks each day once, as early in it as the hub runs."""
        now = self._clock()
        last = self._register.moments.last(stamp(now))
        if last is None or last.at.date() < read(stamp(now)).date():
            self.mark()

    def mark(self) -> Known | None:
        """Marks what is known now; None where too much came in meanwhile."""
        moments = self._register.moments
        for _ in range(TRIES):
            self._register.catch_up()
            before = moments.passed_by()
            mark = {"type": "heard", "schema": 1, "at": stamp(self._clock()), "subjects": moments.subjects()}
            self._here.put({"_id": HEARD + self._random(8).hex(), **mark})
            self._register.catch_up()
            for newest in moments.newest(1):
                if newest.n > before:
                    return newest
        return None
