"""How long requests take, by kind of page, as Prometheus counts it: cumulative buckets, a sum and a count. In memory, from the start of the
process. Knows no address and nobody: a kind is the program's own name for a group of pages.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from flask import Flask, Response, g, request, request_finished, request_started

BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends in seconds; what takes longer is in the last, without an end."""
ENDS: Final = (*map(str, BUCKETS), "+Inf")
EXTENSION: Final = "bianmin-durations"


@dataclass
class _Kind:
    counts: list[int] = field(default_factory=lambda: [0] * len(ENDS))
    seconds: float = 0.0


class Durations:
    """Of one process. Every method may be called from any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self._lock = threading.Lock()
        self._kinds: defaultdict[str, _Kind] = defaultdict(_Kind)

    def took(self, kind: str, seconds: float) -> None:
        with self._lock:
            found = self._kinds[kind]
            found.counts[bisect_left(BUCKETS, seconds)] += 1
            found.seconds += seconds

    def all(self) -> list[tuple[str, list[tuple[str, int]], float]]:
        """(kind, [(le, how many took no longer)], sum of seconds), by kind."""
        with self._lock:
            return [
                (kind, list(zip(ENDS, accumulate(each.counts), strict=True)), each.seconds)
                for kind, each in sorted(self._kinds.items())
            ]


def install(app: Flask, durations: Durations) -> None:
    """Measures an application's requests: those of pages by their blueprint, all of what is not found as one kind."""

    # Flask's signals come before and after whatever any page or gate does with a request.
    def started(_app: Flask, **_: object) -> None:
        g.began = durations.monotonic()

    def finished(_app: Flask, response: Response, **_: object) -> None:
        durations.took(str(request.blueprint or request.endpoint or "none"), durations.monotonic() - g.began)

    app.extensions[EXTENSION] = durations
    request_started.connect(started, app, weak=False)
    request_finished.connect(finished, app, weak=False)
