"""How often Python looks for objects that keep each other alive. Holds the one number, for processes that move documents.

By default it looks after every 700 objects that came and stayed. A batch is ten thousand that stay until it is written and
then go by themselves, so that it is walked through fifteen times in vain; by the profile of 20,000 documents, there and
back, a tenth of all time. Servers and `bianmin-sync` ask for it, and so do the benchmarks.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 20_000  # objects; a few MB of what could have been found earlier


def seldom() -> None:
    """Looks once for that many objects, in this process, from now on."""
    gc.set_threshold(YOUNG, 10, 10)
