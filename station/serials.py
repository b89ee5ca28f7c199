"""Where the day's case serials begin at one device, so that no two devices of a station meet on one day. Pure.

    1 …  999    device 4, 8, …    a device that was enrolled, by its number, in the epoch it was enrolled in
    1000 … 1999 device 1, 5, …
    2000 … 2999 device 2, 6, …
    3000 … 3999 device 3, 7, …
    5000 … 9999                   every other life: not enrolled, copied, put back from a backup

A laptop and the one that takes its place have different blocks; a copy finds out at its start that it is one
(`station.lives`) and goes to the upper half. Within a block the place is drawn from epoch and day, so that two lives in the
upper half hardly meet either. Who makes more than 500 cases a day runs on into the next block.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final

BLOCKS: Final = 4
BLOCK: Final = 1000
UPPER: Final = 5000


def first_serial(epoch: str, day: date, device: int) -> int:
    """The serial of the day's first case. `device`: the enrolled device's number; 0 in every other life."""
    drawn = int.from_bytes(hashlib.sha256(f"{epoch}:{day}".encode()).digest()[:4])
    if device:
        return max(1, device % BLOCKS * BLOCK + drawn % (BLOCK // 2))
    return UPPER + drawn % (UPPER - BLOCK // 2)
