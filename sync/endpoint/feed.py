"""A feed of changes that may wait for more: what is sent, and when it is over. Reads through what it is given, sends
nothing itself and waits for nothing: `asgi` drives it without a thread, `run` with one (a plain WSGI server, a test).

    longpoll      one JSON object, once there is a change          newline a heartbeat
    continuous    a line a change, then a line with last_seq       newline a heartbeat
    eventsource   text/event-stream                                an event "heartbeat"

https://docs.couchdb.org/en/stable/api/database/changes.html#changes-feeds
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Final, NamedTuple

from sync import strict_json
from sync.peer import Seq

FEEDS: Final = "bianmin.feeds"  # where, in the WSGI environment, a route leaves a feed for who can drive it
FORMS: Final = ("longpoll", "continuous", "eventsource")
LONGEST: Final = 900.0  # seconds; then a feed ends, and who asks again is asked again who they are
LONGEST_SILENT: Final = 60.0  # seconds without a heartbeat, as CouchDB's default
SHORTEST_BEAT: Final = 0.1  # seconds between heartbeats


class Page(NamedTuple):
    """Rows as JSON bytes, each with its sequence. `more`: others follow at once."""

    rows: list[tuple[Seq, bytes]]
    last_seq: Seq
    more: bool
    pending: int = 0


class Feed:
    """One feed. `read_page(since, limit)` may be called from any thread and must depend on `key` and those alone."""

    def __init__(
        self,
        form: str,
        names: Sequence[str],
        read_page: Callable[[Seq, int | None], Page],
        key: Hashable,
        since: Seq,
        *,
        limit: int | None = None,
        heartbeat: float | None = None,
        timeout: float = LONGEST_SILENT,
    ) -> None:
        self.form = form
        self.names = names
        """The databases it waits for; "" for any."""
        self._read_page = read_page
        self._key = key
        self._since = since
        self._left = limit
        self._waits = True
        self.pause = max(heartbeat, SHORTEST_BEAT) if heartbeat else LONGEST
        """Seconds between heartbeats."""
        self.timeout = LONGEST if heartbeat else min(timeout, LONGEST_SILENT)
        """Seconds after which it ends by itself."""
        self.beat = (
            b"" if not heartbeat else b"event: heartbeat\ndata: \n\n" if form == "eventsource" else b"\n"
        )
        self.opening = b'{"results":[\n' if form == "longpoll" else b""
        self.finished = limit == 0
        self._pending = 0

    @property
    def content_type(self) -> str:
        return "text/event-stream" if self.form == "eventsource" else "application/json"

    @property
    def key(self) -> Hashable:
        """Feeds of equal keys read the same."""
        return self._key, self._since, self._left

    def read(self) -> Page:
        """What there is now; changes nothing here."""
        return self._read_page(self._since, self._left)

    def take(self, page: Page) -> bytes:
        """Goes on past the page; what is to be sent of it, b"" where there is nothing yet."""
        self._since = page.last_seq
        if self._left is not None:
            self._left -= len(page.rows)
        started = not self._waits
        if page.rows:
            self._waits = False
        self.finished = self._left == 0 or (self.form == "longpoll" and not self._waits and not page.more)
        if not page.rows:
            return b""
        if self.form == "eventsource":
            return b"".join(b"data: %b\nid: %b\n\n" % (row, strict_json.dumps(seq)) for seq, row in page.rows)
        if self.form == "continuous":
            return b"".join(row + b"\n" for _, row in page.rows)
        return (b",\n" if started else b"") + b",\n".join([row for _, row in page.rows])

    @property
    def closing(self) -> bytes:
        """The end of the text; says where to go on."""
        last = strict_json.dumps(self._since)
        if self.form == "longpoll":
            return b'\n],"last_seq":%b,"pending":0}\n' % last
        return b'{"last_seq":%b,"pending":0}\n' % last if self.form == "continuous" else b""


def run(feed: Feed, wait: Callable[[Seq, float], bool], may_wait: bool = True) -> Iterator[bytes]:
    """The feed in the caller's thread. `wait(seq, seconds)`: is there something after it? `may_wait` False: it ends
    with what there is."""
    end = time.monotonic() + (feed.timeout if may_wait else 0)
    yield feed.opening
    while not feed.finished:
        page = feed.read()
        if text := feed.take(page):
            yield text
            continue
        if page.more:
            continue
        left = end - time.monotonic()
        if left <= 0:
            break
        if not wait(page.last_seq, min(left, feed.pause)) and time.monotonic() < end:
            yield feed.beat
    yield feed.closing
