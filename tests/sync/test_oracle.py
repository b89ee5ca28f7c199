"""PouchDB as oracle: random histories, told in pieces, end for `sync.revisions` as they end for `pouchdb-merge`.

One thing PouchDB does that we do not: a piece that joins two of its trees is kept in both, and what comes later may grow
in one of them only. It then shows as a leaf what it was told a child of. Such a *phantom* is told from a leaf by the
pieces alone; in the trees that have one (one in two thousand), the true leaves are compared and nothing else.

BIANMIN_TEST_ORACLE_TREES asks for more than the 20,000 trees of an ordinary run, BIANMIN_TEST_SEED for other ones.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from sync import revisions
from sync.revisions import EMPTY, History
from tests.node.peers import conversation

TREES = int(os.environ.get("BIANMIN_TEST_ORACLE_TREES", "20000"))
SEED = int(os.environ.get("BIANMIN_TEST_SEED", "20180209"))
PARTS = 4  # one test each, so that two cores share the work
AT_ONCE = 500
KEPT = (revisions.LIMIT, 7, 4, 2)  # revisions kept before a leaf: CouchDB's own limit, and some that cut

Tree = dict[str, Any]


def tree(rand: random.Random) -> Tree:
    """Pieces of one document's honest history: branched, with deletions, stemmed anywhere, in any order, some twice."""
    size = rand.choice((1, 2, 4, 8, 16, 32))
    first = rand.choice((1, 1, 1, 40))  # a history may be long stemmed before we first hear of it
    names = [f"{first}-{rand.randrange(16):x}0"]
    parents: list[int | None] = [None]
    newest = rand.choice((0.2, 0.7, 0.95))  # how often the newest is edited: bushes, trees and poles
    for n in range(1, size):
        parent = n - 1 if rand.random() < newest else rand.randrange(n)
        if rand.random() < 0.03:
            names.append(f"{first}-{rand.randrange(16):x}{n:x}")  # made twice, apart from each other
            parents.append(None)
            continue
        generation = int(names[parent].partition("-")[0]) + 1
        names.append(f"{generation}-{rand.randrange(16):x}{n:x}")  # siblings win in random order
        parents.append(parent)
    deleted = [rand.random() < 0.25 for _ in names]
    inner = set(parents)

    def piece(tip: int) -> tuple[list[str], bool]:
        path: list[str] = []
        at: int | None = tip
        length = rand.choice((1, 2, 3, 5, size, size))
        while at is not None and len(path) < length:
            path.append(names[at])
            at = parents[at]
        return path, deleted[tip]

    pieces = [piece(n) for n in range(size) if n not in inner or rand.random() < 0.3]
    pieces = [each for each in pieces if rand.random() < 0.9] or pieces
    pieces += rand.choices(pieces, k=rand.randrange(3))
    rand.shuffle(pieces)
    asked = sorted({*rand.sample(names, min(size, 6)), f"{first + 1}-nobodys"})
    return {"pieces": pieces, "asked": asked, "depth": rand.choice(KEPT)}


def trees(part: int) -> Iterator[list[Tree]]:
    rand = random.Random(f"{SEED}.{part}")
    for _ in range(max(1, TREES // PARTS // AT_ONCE)):
        yield [tree(rand) for _ in range(AT_ONCE)]


def ours(told: Tree) -> dict[str, Any]:
    """What `sync.revisions` says to what the oracle is asked."""
    history: History = EMPTY
    for path, deleted in told["pieces"]:
        piece = revisions.of_path(revisions.parse_path(path), deleted)
        history = revisions.merge(history, piece)
    history = revisions.stem(history, told["depth"])
    leaves = revisions.leaves(history)
    winner = revisions.winner(leaves, history.deleted)
    assert leaves[0] == winner
    return {
        "winner": str(winner),
        "leaves": {str(rev) for rev in leaves},
        "conflicts": {str(rev) for rev in leaves[1:] if rev not in history.deleted},
        "deleted": winner in history.deleted,
        "missing": revisions.missing(history, told["asked"]),
        "held": {str(rev) for rev in history.parents},
    }


def phantoms(told: Tree, theirs: dict[str, Any]) -> set[str]:
    """What PouchDB shows as a leaf although a piece named its child."""
    return set(theirs["leaves"]) & {rev for path, _ in told["pieces"] for rev in path[1:]}


@pytest.mark.parametrize("part", range(PARTS))
def test_every_tree_ends_as_pouchdb_ends_it(part: int) -> None:
    compared = haunted = 0
    with conversation("oracle.js") as pouchdb:
        for batch in trees(part):
            for told, theirs in zip(batch, pouchdb.ask(batch), strict=True):
                mine = ours(told)
                compared += 1
                if unreal := phantoms(told, theirs):
                    haunted += 1
                    assert mine["leaves"] == set(theirs["leaves"]) - unreal, told
                    continue
                sets = {name: set(theirs[name]) for name in ("leaves", "conflicts", "held")}
                assert mine == theirs | sets, told
    assert compared >= min(TREES, 20_000) // PARTS
    assert haunted <= compared // 500
