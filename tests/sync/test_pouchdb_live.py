"""Live two-way replications between PouchDB and our endpoint, edited at random on both sides, end with equal databases.

BIANMIN_TEST_LIVE_REPLICATIONS asks for more than the 200 of an ordinary run, BIANMIN_TEST_SEED for other ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sync.store import Store
from tests.node.peers import node
from tests.sync.neighbours import Gate, application, contents, listening

REPLICATIONS = int(os.environ.get("BIANMIN_TEST_LIVE_REPLICATIONS", "200"))
SEED = int(os.environ.get("BIANMIN_TEST_SEED", "20180209"))
PARTS = 2  # one test each, so that two cores share the work


@pytest.mark.timeout(300 + 2 * REPLICATIONS)
@pytest.mark.parametrize("part", range(PARTS))
def test_random_live_replications_end_with_equal_databases(part: int, tmp_path: Path) -> None:
    count = -(-REPLICATIONS // PARTS)
    with Store.open(tmp_path / "store.sqlite") as store, listening(application(store, Gate())) as url:
        tally = node("live.js", "random", url, count, SEED + part * count, timeout=240 + 2 * count)
        assert tally["replications"] == count
        # The dice fell so that there was something to get wrong.
        assert tally["edits"] > 8 * count
        assert tally["deletions"] > count
        assert tally["conflicts"] > count // 2
        assert len(store.databases()) == count
        assert all(contents(store.database(name)) for name in store.databases())
