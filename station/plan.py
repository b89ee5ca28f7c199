"""When to sync next and with whom: pure decisions from what happened so far. Reads no clock, opens no connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

# After a failure: up to a second, then doubling, up to the usual interval and never beyond five minutes. A village
# whose link came back should not have to wait long; a hub that is down should not be asked all the time.
LEAST_RETRY = 0.1
FIRST_RETRY = 0.5
LONGEST_RETRY = 300.0
# A parent that takes everything and brings no receipt is cut off above: after this long, the next one is asked as well.
PATIENCE = 300.0
# While news is waited for, the timer is only a second net: so many times the interval, two minutes at the most or the interval.
LISTENING = 4.0
LONGEST_LISTENING = 120.0


@dataclass(frozen=True)
class Outlook:
    """What the agent knows of its past: failures in a row, and whether the last round moved anything."""

    failures: int = 0
    moved: bool = False


@dataclass(frozen=True)
class Health:
    """How it went with one parent: failures in a row, and until when, on a running clock, others are asked before it."""

    failures: int = 0
    rests_until: float = 0.0


WELL = Health()


def after(outlook: Outlook, *, reached: bool, moved: bool) -> Outlook:
    """The outlook after one round."""
    return replace(outlook, failures=0 if reached else outlook.failures + 1, moved=moved)


def health_after(health: Health, *, answered: bool, now: float) -> Health:
    """How it is with a parent after one attempt."""
    if answered:
        return WELL
    failures = health.failures + 1
    return Health(failures, now + min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(failures, 20)))


def order(parents: Sequence[str], health: Mapping[str, Health], now: float) -> list[str]:
    """The parents in the order in which to try them: as they are named, but for those that did not answer lately. To wait for
    a dead township's silence in each round would keep a clerk from the hub that answers; it is tried again ever more seldom,
    and always where nobody else answers."""
    return sorted(parents, key=lambda parent: health.get(parent, WELL).rests_until > now)


def ask_further(unconfirmed_seconds: float) -> bool:
    """Whether a round that reached a parent should go on to the next: our numbers have been without the hub's receipt
    for too long."""
    return unconfirmed_seconds > PATIENCE


def pause(
    outlook: Outlook, interval: float, chance: float, listening: bool = False, *, asked: float = 0.0
) -> float:
    """Seconds until the next round. `chance` in [0,1) spreads 2,324 stations, so that they never come all at once: after a
    failure over all of the time ("full jitter"). `listening`: a parent will say when there is something. `asked`: a parent that is
    too busy said when it has room for us; it spreads us itself, and a little is added so that nobody comes early."""
    if outlook.failures and asked:
        return min(asked, LONGEST_RETRY) + LEAST_RETRY * (1 + chance)
    if outlook.failures:
        ceiling = min(
            max(interval, FIRST_RETRY), LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(outlook.failures, 20)
        )
        return LEAST_RETRY + (ceiling - LEAST_RETRY) * chance
    if listening:
        interval = max(interval, min(interval * LISTENING, LONGEST_LISTENING))
    elif outlook.moved:
        # What was sent usually brings an answer (a receipt, a decision): look again soon.
        return min(interval, 1.0) * (0.5 + 0.5 * chance)
    return interval * (0.75 + 0.5 * chance)
