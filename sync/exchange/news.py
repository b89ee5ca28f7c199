"""The wait for news: an end that asks is told at once when there is something for it that should not wait. `GET /x?wait=55`.

    \\x01    there is: exchange now             \\x00    there is not, and the time is over

Carries nothing itself and keeps nothing: what comes, and how far, is the business of the exchange that follows. So two requests
of one end never have to agree with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sync.endpoint.feed import Feed, Page

NEWS: Final = b"\x01"
NONE: Final = b"\x00"
LONGEST: Final = 300.0  # seconds


class News(Feed):
    """A feed of one byte. `look`: is there something now? Asked at each write to one of the databases."""

    def __init__(self, who: str, names: Sequence[str], look: Callable[[], bool], seconds: float) -> None:
        def read(_since: object, _limit: object) -> Page:
            return Page([(0, NEWS)] if look() else [], 0, False)

        super().__init__("news", names, read, ("news", who), 0)
        self.timeout = min(seconds, LONGEST)

    def take(self, page: Page) -> bytes:
        """The byte that says there is something."""
        self.finished = bool(page.rows)
        return NEWS if self.finished else b""

    @property
    def closing(self) -> bytes:
        """What is left to say."""
        return b"" if self.finished else NONE
