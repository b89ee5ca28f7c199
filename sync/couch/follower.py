"""The thread that keeps a web node's journal up with the cluster. Reads no document.

    listen to _db_updates ─> for each database named: its _changes since the last time ─> journal

CouchDB tells of updates as well as it can, not always: after a crash some are never told. So every few minutes, and
after any trouble, all databases are looked through for sequences that have moved. A server that has no _db_updates
(PouchDB's) is looked through all the time.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from sync.couch.calls import Calls
from sync.errors import BadRequest, NotFound, StoreClosed, SyncError

if TYPE_CHECKING:
    from sync.couch.store import CouchStore

log = logging.getLogger("bianmin.couch")

LISTEN: Final = 20.0  # seconds that a question for updates is held by CouchDB
SWEEP: Final = 300.0  # seconds between looking through everything
LOOK: Final = 0.3  # seconds between two looks at a server that tells nothing
GATHER: Final = 0.03
"""Seconds between two questions for updates. Where a hundred claims a second are written, to be told of each alone cost CouchDB a third of its time."""
LONGEST_PAUSE: Final = 15.0  # seconds between attempts while CouchDB is away


class Follower:
    """Follows until `stop`. While CouchDB is away it tries again, each time a little later."""

    def __init__(self, store: CouchStore) -> None:
        self._store = store
        self._calls = Calls(store.calls.address, answer=LISTEN + 10)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="couchdb", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stopping.set()
        self._calls.close()
        if self._thread.is_alive():
            self._thread.join(timeout=LISTEN)

    def _run(self) -> None:
        pause = 0.2
        while not self._stopping.wait(0):
            try:
                listened = self._since_now()
                self._store.sweep()
                pause = 0.2
                if listened is None:
                    self._stopping.wait(LOOK)
                else:
                    self._listen(listened)
            except StoreClosed:
                return
            except SyncError as error:
                if self._stopping.is_set():
                    return
                log.warning("CouchDB cannot be followed, tried again in %.1f s: %s", pause, error)
                self._stopping.wait(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
            except Exception:
                if self._stopping.is_set():
                    return
                log.exception("CouchDB could not be followed; tried again in %.1f s", LONGEST_PAUSE)
                self._stopping.wait(LONGEST_PAUSE)

    def _since_now(self) -> str | None:
        """Where the feed of updates stands; None where there is no such feed."""
        try:
            said = self._calls.ask("GET", "_db_updates", since="now", limit=1)
        except (BadRequest, NotFound):
            return None
        return str(said["last_seq"]) if isinstance(said, dict) and "last_seq" in said else None

    def _listen(self, since: str) -> None:
        """Hears of updates until everything is due to be looked through again."""
        until = time.monotonic() + SWEEP
        while time.monotonic() < until and not self._stopping.is_set():
            said: dict[str, Any] = self._calls.ask(
                "GET", "_db_updates", feed="longpoll", since=since, timeout=int(LISTEN * 1000)
            )
            since = str(said["last_seq"])
            for real in dict.fromkeys(row["db_name"] for row in said["results"]):
                made = any(row["db_name"] == real and row["type"] != "updated" for row in said["results"])
                if (name := self._calls.ours(real)) is not None:
                    self._store.hear(name, anew=made)
            self._stopping.wait(GATHER)
