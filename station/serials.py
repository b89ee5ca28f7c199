"""Where the day's case serials begin at one device, so that no two devices of a station meet on one day. Pure.

    1    … 2499   a device that was enrolled, in the epoch it was enrolled in: device 2, 4, …
    2500 … 4999   likewise, device 1, 3, …
    A000 … YYYY   every other life: not enrolled, copied, put back from a backup

A laptop and the one that takes its place have different blocks; a copy finds out at its start that it is one
(`station.lives`) and goes to those with a letter, of which there are 600,000. Within a block the place is drawn from epoch, life
and day, so that a copied disk, which finds out only later, meets its twin with a chance of about n in 1,000 on a day of n cases
each. Who makes more than 500 cases a day runs on into the next block.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final

from schemas.numbers import LETTERED, MAX_SERIAL

BLOCK: Final = 2500
SLACK: Final = 500


def first_serial(epoch: str, life: str, day: date, device: int) -> int:
    """The serial of the day's first case in this life, as `schemas.numbers` counts them. `device`: the enrolled device's number; 0 where there is none."""
    drawn = int.from_bytes(hashlib.sha256(f"{epoch}:{life}:{day}".encode()).digest()[:8])
    if device:
        return 1 + device % 2 * BLOCK + drawn % (BLOCK - SLACK)
    return MAX_SERIAL + 1 + drawn % LETTERED


def serial(first: int, n: int) -> int:
    """The serial of the day's n-th case (from 1), where the first has `first`; within digits, or within letters."""
    start, size = (1, MAX_SERIAL) if first <= MAX_SERIAL else (MAX_SERIAL + 1, LETTERED)
    return start + (first - start + n - 1) % size
