"""Edits that several threads have for one database at the same moment, in one request. Knows nothing of what they say.

CouchDB commits a request, not a document: twenty people who each take a case cost twenty commits, and wait for each other's. Whoever comes
while a request is on its way waits for it and goes with the next, with all who came meanwhile; who comes alone waits for nobody. Each edit is
judged by itself, as if it had come alone.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Edit = Mapping[str, Any]
Word = Mapping[str, Any] | Exception
"""CouchDB's word on an edit: {"rev"}, or {"error", "reason"}; or why there is none on this very edit."""
Send = Callable[[Sequence[Edit]], Sequence[Word]]
"""Edits to the word on each, in their order."""

MOST: Final = 100


class _Waiting:
    def __init__(self, edit: Edit) -> None:
        self.edit = edit
        self.said: Word | None = None


class Gathering:
    """Of one database. From any thread."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._came: deque[_Waiting] = deque()
        self._sending = threading.Lock()

    def put(self, edit: Edit) -> Mapping[str, Any]:
        """CouchDB's word on one edit. Raises what kept it from saying one."""
        mine = _Waiting(edit)
        self._came.append(mine)
        with self._sending:
            while mine.said is None:
                self._go()
        if isinstance(mine.said, Exception):
            raise mine.said
        return mine.said

    def _go(self) -> None:
        """Sends all who wait, but of a document one edit alone: of two in a request CouchDB may keep both."""
        some: dict[str, _Waiting] = {}
        later: list[_Waiting] = []
        while self._came and len(some) < MOST:
            each = self._came.popleft()
            if some.setdefault(each.edit["_id"], each) is not each:
                later.append(each)
        self._came.extendleft(reversed(later))
        said: Sequence[Word]
        try:
            said = self._send([each.edit for each in some.values()])
        except Exception as error:
            said = [error] * len(some)
        for each, word in zip(some.values(), said, strict=True):
            each.said = word
