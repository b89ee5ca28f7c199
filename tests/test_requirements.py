"""The 67 demands of 遂政务〔2018〕1号, each with what proves it (requirements.csv).

proof   one or more of: a test of ours   tests/…::test_x
                        still to come    page:what will be seen, hub:what will be done
"""

from __future__ import annotations

import ast
import csv
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROWS = list(csv.DictReader((ROOT / "tests" / "requirements.csv").read_text(encoding="utf-8").splitlines()))
TO_COME = ("page:", "hub:")


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_no_demand_is_missing() -> None:
    assert [int(row["row"]) for row in ROWS] == list(range(1, 68))
    assert all(row["phrase"].strip() and row["proof"].strip() for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["row"])
def test_what_is_said_to_prove_it_is_there(row: dict[str, str]) -> None:
    for proof in row["proof"].split():
        if proof.startswith(TO_COME):
            assert proof.split(":", 1)[1], proof
            continue
        path, _, name = proof.partition("::")
        assert name.startswith("test_"), proof
        assert name in names_in(path), proof
