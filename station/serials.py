"""Where the day's case serials begin at one device, so that no two devices of a station meet on one day. Pure.

    1    … 2499   a device that was enrolled, in the epoch it was enrolled in: device 2, 4, …
    2500 … 4999   likewise, device 1, 3, …
    5000 … 9999   every other life: not enrolled, copied, put back from a backup

A laptop and the one that takes its place have different blocks; a copy finds out at its start that it is one
(`station.lives`) and goes to the upper half. Within a block the place is drawn from epoch, life and day, so that a copied
disk, which finds out only later, meets its twin with a chance of about n in 1,000 on a day of n cases each. Who makes more than
500 cases a day runs on into the next block.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final

BLOCK: Final = 2500
UPPER: Final = 5000
SLACK: Final = 500


def first_serial(epoch: str, life: str, day: date, device: int) -> int:
    """The serial of the day's first case in this life. `device`: the enrolled device's number; 0 where there is none."""
    drawn = int.from_bytes(hashlib.sha256(f"{epoch}:{life}:{day}".encode()).digest()[:4])
    if device:
        return 1 + device % 2 * BLOCK + drawn % (BLOCK - SLACK)
    return UPPER + drawn % (UPPER - SLACK)
