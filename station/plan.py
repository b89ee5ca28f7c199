"""When to sync next and with whom: pure decisions from what happened so far. Reads no clock, opens no connection."""

from __future__ import annotations

from dataclasses import dataclass, replace

# After a failure: half a second, then doubling, up to the usual interval and never beyond five minutes. A village
# whose link came back should not have to wait long; a hub that is down should not be asked all the time.
FIRST_RETRY = 0.5
LONGEST_RETRY = 300.0
# A parent that takes everything and brings no receipt is cut off above: after this long, the next one is asked as well.
PATIENCE = 300.0


@dataclass(frozen=True)
class Outlook:
    """What the agent knows of its past: failures in a row, and whether the last round moved anything."""

    failures: int = 0
    moved: bool = False


def after(outlook: Outlook, *, reached: bool, moved: bool) -> Outlook:
    """The outlook after one round."""
    return replace(outlook, failures=0 if reached else outlook.failures + 1, moved=moved)


def ask_further(unconfirmed_seconds: float) -> bool:
    """Whether a round that reached a parent should go on to the next: our numbers have been without the hub's receipt
    for too long."""
    return unconfirmed_seconds > PATIENCE


def pause(outlook: Outlook, interval: float, chance: float) -> float:
    """Seconds until the next round. `chance` in [0,1) spreads 2,324 stations, so that they never come all at once."""
    if outlook.failures:
        ceiling = min(
            max(interval, FIRST_RETRY), LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(outlook.failures, 20)
        )
        return ceiling * (0.5 + 0.5 * chance)
    if outlook.moved:
        # What was sent usually brings an answer (a receipt, a decision): look again soon.
        return min(interval, 1.0) * (0.5 + 0.5 * chance)
    return interval * (0.75 + 0.5 * chance)
