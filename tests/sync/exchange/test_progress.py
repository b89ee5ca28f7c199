"""Nothing that landed is sent again, in either direction, and what is urgent does not wait for what is bulky. Over real HTTP."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench._link import Link, line
from bench._ours import server
from bench.links import DB, calling_of, whole
from sync import pieces
from sync.asking import Way
from sync.errors import Unreachable
from sync.exchange.calling import Calling
from sync.exchange.side import Rights
from sync.remote import RemoteServer
from sync.store import Store

FILE = 200_000


class Ends:
    """A station, a server, and the line between them."""

    def __init__(self, here: Store, url: str) -> None:
        self.here = here
        self.url = url
        self.root = url.removesuffix("/db")
        self.calling = calling_of(here)
        with Way(self.root) as direct:
            beginning = self.calling.beginning(direct, self.root + "/x")
            self.calling.agree(direct, self.root + "/x", here.update_seq, beginning)
        self.calling.room = 60_000

    def put_there(self, documents: list[dict[str, object]], folder: Path) -> None:
        with RemoteServer(self.url) as direct, Store.open(folder / "other.sqlite") as other:
            there = other.database(DB, create=True)
            there.put_many(documents)
            revs = {each.id: each.revs for each in there.changes(0, 10_000).results}
            direct.database(DB).add_revisions(list(there.get_revisions(revs)))

    def there(self) -> list[str]:
        with RemoteServer(self.url) as direct:
            return [each.id for each in direct.database(DB).changes(0, 10_000).results]

    @contextmanager
    def over(self, link: Link) -> Iterator[tuple[Way, str]]:
        link.port = int(self.root.rpartition(":")[2])
        with line(link) as port, Way(f"http://127.0.0.1:{port}", timeout=10.0) as way:
            yield way, f"http://127.0.0.1:{port}/x"


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    with Store.open(tmp_path / "here.sqlite") as here, server(tmp_path / "there.sqlite") as running:
        here.database(DB, create=True)
        with RemoteServer(running.url) as direct:
            direct.database(DB, create=True)
        yield Ends(here, running.url)


def file() -> list[dict[str, object]]:
    return list(pieces.cut(random.Random(1).randbytes(FILE)))


def test_a_file_that_was_cut_on_its_way_up_goes_on_with_the_piece_it_was_at(ends: Ends) -> None:
    ends.here.database(DB).put_many(file())
    link = Link(0, rate=60_000, delay=0.02, cut_at=(60_000, 130_000))
    with ends.over(link) as (way, url):
        for _ in range(2):
            with pytest.raises(Unreachable):
                ends.calling.call(way, url)
        assert 2 <= len(ends.there()) < len(file())
        ends.calling.call(way, url)
    assert whole(ends.here, ends.url)
    assert link.up.arrived < FILE * 1.012 + 2 * 1.1 * pieces.SIZE


def test_a_file_that_was_cut_on_its_way_down_goes_on_with_the_piece_it_was_at(
    ends: Ends, tmp_path: Path
) -> None:
    ends.put_there(file(), tmp_path)
    link = Link(0, rate=60_000, delay=0.02)
    link.cut_down_at = (60_000, 130_000)
    with ends.over(link) as (way, url):
        for _ in range(2):
            with pytest.raises(Unreachable):
                ends.calling.call(way, url)
        assert 2 <= ends.here.database(DB).info()["doc_count"] < len(file())
        ends.calling.call(way, url)
    assert whole(ends.here, ends.url)
    assert link.down.arrived < FILE * 1.012 + 2 * 1.1 * pieces.SIZE


def test_progress_survives_the_end_of_the_program_that_asked(ends: Ends, tmp_path: Path) -> None:
    ends.put_there(file(), tmp_path)
    link = Link(0, rate=60_000, delay=0.02)
    link.cut_down_at = (100_000,)
    with ends.over(link) as (way, url):
        with pytest.raises(Unreachable):
            ends.calling.call(way, url)
        again = calling_of(ends.here)
        outcome = again.call(way, url)
    assert outcome.taken < len(file())
    assert whole(ends.here, ends.url)
    assert link.down.arrived < FILE * 1.012 + 1.1 * pieces.SIZE


def test_a_record_that_is_written_while_a_file_goes_up_goes_before_the_rest_of_it(ends: Ends) -> None:
    ends.here.database(DB).put_many(file())
    parts = ends.calling._side.give
    written = threading.Event()

    def give(*args: object) -> Iterator[object]:
        for given in parts(*args):  # type: ignore[arg-type]
            yield given
            if not written.is_set():
                written.set()
                ends.here.database(DB).put({"_id": "urgent"})

    ends.calling._side.give = give  # type: ignore[method-assign]
    with ends.over(Link(0, rate=60_000, delay=0.02)) as (way, url):
        ends.calling.call(way, url)
    assert ends.there().index("urgent") <= 3


def test_a_record_that_is_written_while_a_file_comes_down_does_not_wait_for_the_rest_of_it(
    ends: Ends, tmp_path: Path
) -> None:
    ends.put_there(file(), tmp_path)
    ended = threading.Event()

    def write() -> None:
        seq = ends.here.update_seq
        while not ends.here.wait(seq, 1.0) and not ended.is_set():
            pass
        ends.here.database(DB).put({"_id": "urgent"})

    writing = threading.Thread(target=write)
    writing.start()
    link = Link(0, rate=60_000, delay=0.02)
    with ends.over(link) as (way, url):
        outcome = ends.calling.call(way, url)
    ended.set()
    writing.join()
    assert outcome.calls >= 2
    assert whole(ends.here, ends.url)
    held = {each.id: int(each.seq) for each in ends.here.database(DB).changes(0, 1000).results}
    assert sum(seq > held["urgent"] for seq in held.values()) >= 5
    assert link.down.arrived < FILE * 1.012 + 1.1 * pieces.SIZE


def test_news_from_the_other_end_ends_a_message_with_the_part_it_is_at(ends: Ends, tmp_path: Path) -> None:
    ends.here.database(DB).put_many(file())
    news = threading.Event()
    rights: Rights = ends.calling._side.rights
    ends.calling = Calling(
        ends.here, ends.here.database("here"), rights, "hub", random=random.Random(2).randbytes, news=news
    )
    ends.calling.room = 1_000_000
    seen: list[int] = []

    def tell() -> None:
        # A decision comes while the file goes up: the long poll says so.
        ends.put_there([{"_id": "decision"}], tmp_path)
        news.set()

    def watch() -> None:
        while "decision" not in {each.id for each in ends.here.database(DB).changes(0, 1000).results}:
            ends.here.wait(ends.here.update_seq, 0.5)
        seen.append(len(ends.there()))

    with ends.over(Link(0, rate=60_000, delay=0.02)) as (way, url):
        threading.Timer(0.5, tell).start()
        watching = threading.Thread(target=watch)
        watching.start()
        ends.calling.call(way, url)
        watching.join()
    assert whole(ends.here, ends.url)
    assert seen[0] < len(file())
