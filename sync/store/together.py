"""What several threads write at once, made durable by one COMMIT: thousands of stations that come back wait for one disk.

    a thread    gathered(work) ──> in the queue ──> who gets the writer runs all that waits, each in a savepoint ──> COMMIT ──> all return

Nothing is told to anybody before it is durable. Work that raises is undone alone; where the COMMIT fails, all of it is. Inside its work a
thread reads what it has written. Knows no document.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from sync.store.store import Store
    from sync.store.transaction import Transaction

T = TypeVar("T")
MOST: Final = 64  # works in one COMMIT: the first of them waits for the last


class Work:
    """One thread's part."""

    def __init__(self, run: Callable[[], Any]) -> None:
        self.run = run
        self.is_over = False
        self.result: Any = None
        self.error: BaseException | None = None


class Together:
    """The queue before a store's writer."""

    def __init__(self, store: Store, writing: threading.RLock) -> None:
        self._store = store
        self._writing = writing
        self._lock = threading.Lock()
        self._queue: list[Work] = []

    def gathered(self, run: Callable[[], T]) -> T:
        """What `run` returns, once all it wrote is durable. Whatever `run` raises; the store's errors."""
        if self._store.is_writing:  # a part of what this thread is at
            return run()
        work = Work(run)
        with self._lock:
            self._queue.append(work)
        with self._writing:
            while not work.is_over:
                with self._lock:
                    some, self._queue = self._queue[:MOST], self._queue[MOST:]
                self._all(some)
        if work.error is not None:
            raise work.error
        result: T = work.result
        return result

    def _all(self, works: list[Work]) -> None:
        try:
            with self._store.transaction() as txn:
                txn.gathers = True
                for work in works:
                    _one(txn, work)
        except BaseException as error:
            for work in works:
                # One that failed by itself keeps its own reason.
                work.error = work.error or error
            if not isinstance(error, Exception):
                raise
        finally:
            for work in works:
                work.is_over = True


def _one(txn: Transaction, work: Work) -> None:
    try:
        with txn.inner():
            work.result = work.run()
    except Exception as error:
        work.error = error
        if not txn.connection.in_transaction:
            raise  # a full disk, say, has undone all of it
