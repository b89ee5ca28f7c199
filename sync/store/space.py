"""Gives room that a store has freed back to the disk. SQLite keeps freed pages for itself, which is right while little is freed."""

from __future__ import annotations

from typing import Final

from sync.store import connection as sqlite
from sync.store.store import Store

LEAST: Final = 8 * 1024 * 1024  # bytes
SHARE: Final = 4  # of a file at least a quarter


def give_back(store: Store, *, least: int = LEAST) -> int:
    """Writes the file anew without its free pages, if they are worth it; how many bytes it got smaller. Writers wait meanwhile,
    a second for 50 MB or so; needs as much free disk as the store takes. A power cut leaves the file as it was or as it will be."""
    with store._write_lock, sqlite.translated(store.path):
        writer = store._writer
        size, pages, free = (
            int(writer.pragma(name)) for name in ("page_size", "page_count", "freelist_count")
        )
        if free * size < least or free * SHARE < pages:
            return 0
        writer.execute("VACUUM")
        return (pages - int(writer.pragma("page_count"))) * size
