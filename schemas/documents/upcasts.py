"""How a document of an older structure becomes one of the next: a table of small steps.

    (type, n) ─> steps that make structure n into n+1; load walks from a document's own number to the present

A document is upgraded when read and never rewritten: two places rewriting one document would make a conflict
of it. To raise a type: change its shape, add the row from the number it had, add an old document to the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Step = Callable[[dict[str, Any]], None]
"""Changes a copy of the document in place; what it does not know it leaves alone."""

Upcasts = Mapping[tuple[str, int], tuple[Step, ...]]


def rename(old: str, new: str) -> Step:
    """The key `old` is now called `new`."""

    def step(doc: dict[str, Any]) -> None:
        if old in doc and new not in doc:
            doc[new] = doc.pop(old)

    return step


def fill(key: str, value: Any) -> Step:
    """Where there is no `key` yet, it was always meant as `value`."""

    def step(doc: dict[str, Any]) -> None:
        doc.setdefault(key, value)

    return step


UPCASTS: Final[Upcasts] = {}
"""None yet: every type of ours is still at its first structure."""
