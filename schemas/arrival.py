"""When the hub came to know of an event: the one rule that as-of statistics and e-supervision share.

Holds no arrival times; the hub hands them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

_EVER: Final = datetime.min.replace(tzinfo=UTC)


def known_from(event: Mapping[str, Any], arrivals: Mapping[str, datetime]) -> datetime:
    """The moment from which the hub knew an event (with an offset).

    arrivals  event _id -> when it arrived; what is not in it was written at the hub, and known from its own
              time. An event without a sound time was always there: fold sets it aside whenever it is asked.
    """
    arrived = arrivals.get(str(event.get("_id")))
    if arrived is not None:
        return arrived
    try:
        at = datetime.fromisoformat(event["at"])
        return _EVER if at.tzinfo is None else at
    except (KeyError, TypeError, ValueError):
        return _EVER
