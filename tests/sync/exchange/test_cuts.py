"""Exchange over a line that is cut wherever it may hurt: everything is everywhere, once, as soon as the line holds.

BIANMIN_TEST_CUTS (default 30) says over how many sessions, each with several cuts; BIANMIN_TEST_SEED which.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from bench._link import Link, line
from bench._ours import server
from bench.links import DB, calling_of, whole
from sync import pieces
from sync.asking import Way
from sync.errors import NotAPeer, SyncError, Unreachable
from sync.exchange.calling import Calling, NothingInCommon
from sync.remote import RemoteServer
from sync.store import Store

SESSIONS = int(os.environ.get("BIANMIN_TEST_CUTS", "30"))
SEED = int(os.environ.get("BIANMIN_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)


def meet(calling: Calling, url: str, here: Store) -> None:
    with Way(url) as direct:
        with pytest.raises(NothingInCommon):
            calling.call(direct, url + "/x")
        calling.agree(direct, url + "/x", here.update_seq, calling.beginning(direct, url + "/x"))


@pytest.mark.timeout(3600)
def test_wherever_the_line_is_cut_all_arrives_once(tmp_path: Path) -> None:
    draw = random.Random(SEED)
    cuts = 0
    with Store.open(tmp_path / "here.sqlite") as here, server(tmp_path / "there.sqlite") as running:
        root = running.url.removesuffix("/db")
        with RemoteServer(running.url) as direct:
            direct.database(DB, create=True)
        here.database(DB, create=True)
        calling = calling_of(here)
        meet(calling, root, here)
        for session in range(SESSIONS):
            said = f"BIANMIN_TEST_SEED={SEED}, session {session}"
            docs = [
                {"_id": f"{session}:{n}", "text": draw.randbytes(200).hex()}
                for n in range(draw.randint(1, 40))
            ]
            here.database(DB).put_many(docs)
            if draw.random() < 0.5:
                here.database(DB).put_many(list(pieces.cut(draw.randbytes(draw.randint(1, 60_000)))))
            with RemoteServer(running.url) as direct, Store.open(tmp_path / f"o{session}.sqlite") as other:
                there = other.database(DB, create=True)
                there.put_many([{"_id": f"t{session}:{n}", "n": n} for n in range(draw.randint(0, 20))])
                changes = there.changes(0, 100).results
                direct.database(DB).add_revisions(list(there.get_revisions({c.id: c.revs for c in changes})))
            at = sorted(draw.sample(range(1, 60_000), draw.randint(1, 6)))
            bad = Link(int(root.rpartition(":")[2]), cut_at=tuple(at))
            calling.room = draw.choice((4096, 16384, 65536))
            with line(bad) as port, Way(f"http://127.0.0.1:{port}", timeout=10.0) as way:
                for _ in range(len(at) + 3):
                    try:
                        calling.call(way, f"http://127.0.0.1:{port}/x")
                        break
                    except (Unreachable, NotAPeer):
                        cuts += 1
            assert whole(here, running.url), said
            with Way(root) as straight:
                outcome = calling.call(straight, root + "/x")
            assert (outcome.given, outcome.taken) == (0, 0), said
    assert cuts


def test_a_line_that_leads_nowhere_ends_in_words(tmp_path: Path) -> None:
    with Store.open(tmp_path / "here.sqlite") as here, server(tmp_path / "there.sqlite") as running:
        root = running.url.removesuffix("/db")
        calling = calling_of(here)
        meet(calling, root, here)
        for mode in ("hole", "portal"):
            bad = Link(int(root.rpartition(":")[2]), mode=mode)
            with line(bad) as port, Way(f"http://127.0.0.1:{port}", timeout=0.5) as way:
                with pytest.raises(SyncError) as error:
                    calling.call(way, f"http://127.0.0.1:{port}/x")
                assert isinstance(error.value, Unreachable if mode == "hole" else NotAPeer)
        here.database(DB, create=True).put({"_id": "a"})
        with Way(root) as straight:
            calling.call(straight, root + "/x")
        assert whole(here, running.url)
