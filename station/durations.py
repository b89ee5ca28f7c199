"""How long requests take, by kind of page, as Prometheus counts it: cumulative buckets, a sum and a count. In memory, from the start of the
process. Knows no address and nobody: a kind is the program's own name for a group of pages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from flask import Flask, Response, g, request

BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends in seconds; what takes longer is in the last, without an end."""
EXTENSION: Final = "bianmin-durations"


class Durations:
    """Of one process. Every method may be called from any thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._lock = threading.Lock()
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def took(self, kind: str, seconds: float) -> None:
        place = next((n for n, end in enumerate(BUCKETS) if seconds <= end), len(BUCKETS))
        with self._lock:
            self._counts.setdefault(kind, [0] * (len(BUCKETS) + 1))[place] += 1
            self._sums[kind] = self._sums.get(kind, 0.0) + seconds

    def all(self) -> list[tuple[str, list[tuple[str, int]], float]]:
        """(kind, [(le, how many took no longer)], sum of seconds), by kind."""
        found = []
        with self._lock:
            for kind, counts in sorted(self._counts.items()):
                so_far, buckets = 0, []
                for end, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
                    so_far += count
                    buckets.append((end, so_far))
                found.append((kind, buckets, self._sums[kind]))
        return found


def install(app: Flask, durations: Durations) -> None:
    """Measures an application's requests: those of pages by their blueprint, all of what is not found as one kind."""

    def before() -> None:
        g.began = durations.now()

    def after(response: Response) -> Response:
        if "began" in g:
            durations.took(str(request.blueprint or request.endpoint or "none"), durations.now() - g.began)
        return response

    app.extensions[EXTENSION] = durations
    app.before_request_funcs.setdefault(None, []).insert(0, before)
    app.after_request(after)
