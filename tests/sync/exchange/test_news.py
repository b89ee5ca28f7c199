"""The wait for news, over real HTTP: told at once, of what should not wait and of nothing else, and no thread held."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench._ours import server
from bench.links import DB, calling_of
from sync import pieces
from sync.asking import Way
from sync.exchange.calling import Calling, wait
from sync.remote import RemoteServer
from sync.store import Store


class Waiting(threading.Thread):
    """One wait."""

    def __init__(self, url: str, seconds: int = 30) -> None:
        super().__init__()
        self._url, self._seconds = url, seconds
        self.news: bool | None = None
        self.start()

    def run(self) -> None:
        with Way(self._url) as way:
            self.news = wait(way, self._url + "/x", self._seconds)


class Ends:
    def __init__(self, here: Store, url: str) -> None:
        self.here, self.dialect, self.url = here, url, url.removesuffix("/db")
        self.calling: Calling = calling_of(here)
        self.put("begun")
        with Way(self.url) as way:
            beginning = self.calling.beginning(way, self.url + "/x")
            self.calling.agree(way, self.url + "/x", here.update_seq, beginning)

    def put(self, *ids: str) -> None:
        with RemoteServer(self.dialect) as direct:
            direct.database(DB, create=True)
            for id in ids:
                direct.ask("PUT", f"{self.dialect}/{DB}/{id}", content=b'{"n":1}')

    def sync(self) -> None:
        with Way(self.url) as way:
            self.calling.call(way, self.url + "/x")


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    with Store.open(tmp_path / "here.sqlite") as here, server(tmp_path / "there.sqlite") as running:
        here.database(DB, create=True)
        yield Ends(here, running.url)


def test_what_is_there_already_is_told_at_once(ends: Ends) -> None:
    ends.put("decision")
    waiting = Waiting(ends.url)
    waiting.join(10)
    assert waiting.news is True


def test_what_comes_while_it_waits_is_told_when_it_comes(ends: Ends) -> None:
    ends.sync()
    waiting = Waiting(ends.url)
    waiting.join(0.3)
    assert waiting.news is None
    ends.put("decision")
    began = time.monotonic()
    waiting.join(10)
    assert waiting.news is True
    assert time.monotonic() - began < 5
    ends.sync()
    assert ends.here.database(DB).get("decision") is not None


def test_what_the_asker_brought_itself_is_no_news(ends: Ends) -> None:
    ends.here.database(DB).put({"_id": "ours"})
    ends.sync()
    waiting = Waiting(ends.url, seconds=1)
    waiting.join(10)
    assert waiting.news is False


def test_nor_are_pieces_of_files(ends: Ends, tmp_path: Path) -> None:
    ends.sync()
    with Store.open(tmp_path / "other.sqlite") as other, RemoteServer(ends.dialect) as direct:
        there = other.database(DB, create=True)
        there.put_many(list(pieces.cut(bytes(40_000))))
        revs = {each.id: each.revs for each in there.changes(0, 100).results}
        waiting = Waiting(ends.url, seconds=1)
        direct.database(DB).add_revisions(list(there.get_revisions(revs)))
        waiting.join(10)
    assert waiting.news is False
