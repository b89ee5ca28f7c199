"""The laws of edit histories, and the examples of the essay in `sync.revisions`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import revisions
from sync.errors import BadRequest, Forbidden
from sync.revisions import EMPTY, History, Rev, merge, of_path, parse_path, stem


def told(*paths: str) -> History:
    """The history that pieces like "3-c 2-b 1-a" tell; one beginning with "x" ends in a deletion."""
    history = EMPTY
    for piece in paths:
        history = merge(history, of_path(parse_path(piece.lstrip("x").split()), piece.startswith("x")))
    return history


def names(revs: Any) -> str:
    return " ".join(map(str, revs))


@st.composite
def pieces(draw: st.DrawFn) -> list[History]:
    """Pieces of one document's honest history, stemmed anywhere, in any order."""
    revs = [Rev(1, "a")]
    parents: dict[Rev, Rev] = {}
    for i in range(draw(st.integers(0, 9))):
        parent = draw(st.sampled_from(revs))
        rev = Rev(parent.generation + 1, f"{draw(st.sampled_from('bcd'))}{i}")
        parents[rev] = parent
        revs.append(rev)
    deleted = draw(st.sets(st.sampled_from(revs)))
    made = []
    for _ in range(draw(st.integers(1, 5))):
        path = [draw(st.sampled_from(revs))]
        while path[-1] in parents and len(path) < 4:
            path.append(parents[path[-1]])
        made.append(of_path(tuple(path[: draw(st.integers(1, 4))]), path[0] in deleted))
    return made


def together(made: list[History]) -> History:
    history = EMPTY
    for piece in made:
        history = merge(history, piece)
    return history


@given(pieces(), pieces())
def test_merging_is_commutative(a: list[History], b: list[History]) -> None:
    assert merge(together(a), together(b)) == merge(together(b), together(a))


@given(pieces(), pieces(), pieces())
def test_merging_is_associative(a: list[History], b: list[History], c: list[History]) -> None:
    x, y, z = together(a), together(b), together(c)
    assert merge(merge(x, y), z) == merge(x, merge(y, z))


@given(pieces())
def test_merging_is_idempotent(made: list[History]) -> None:
    history = together(made)
    assert merge(history, history) == history
    assert all(merge(history, piece) == history for piece in made)


@given(pieces().flatmap(lambda made: st.tuples(st.just(made), st.permutations(made))))
def test_the_winner_does_not_depend_on_the_order_of_arrival(
    both: tuple[list[History], list[History]],
) -> None:
    one, other = map(together, both)
    assert revisions.leaves(one) == revisions.leaves(other)
    assert revisions.leaves(one)[0] == revisions.winner(revisions.leaves(other), other.deleted)


@given(pieces(), st.integers(1, 5))
def test_stemming_keeps_all_leaves_and_every_edge_between_what_it_keeps(
    made: list[History], limit: int
) -> None:
    history = together(made)
    short = stem(history, limit)
    assert revisions.leaves(short) == revisions.leaves(history)
    for rev, parents in short.parents.items():
        assert parents == {p for p in history.parents[rev] if p in short.parents}
    assert stem(short, limit) == short


@given(pieces(), st.integers(1, 5))
def test_merging_a_stemmed_piece_cuts_nothing(made: list[History], limit: int) -> None:
    history = together(made)
    assert merge(history, stem(history, limit)) == history


@given(pieces(), pieces())
def test_what_is_missing_is_what_a_merge_would_add(a: list[History], b: list[History]) -> None:
    ours, theirs = together(a), together(b)
    asked = [str(rev) for rev in theirs.parents]
    missing = revisions.missing(ours, asked)
    assert {revisions.parse_rev(rev) for rev in missing} == set(merge(ours, theirs).parents) - set(
        ours.parents
    )
    assert revisions.missing(merge(ours, theirs), asked) == []


@given(pieces())
def test_there_is_always_a_winner_and_it_is_a_leaf(made: list[History]) -> None:
    history = together(made)
    inner = {p for parents in history.parents.values() for p in parents}
    assert set(revisions.leaves(history)) == set(history.parents) - inner
    assert revisions.leaves(history)


@pytest.mark.parametrize(
    ("paths", "leaves"),
    [
        (["2-b 1-a", "3-c 2-b"], "3-c"),
        (["3-c 2-b 1-a", "3-d 2-b"], "3-d 3-c"),
        (["3-c 2-b 1-a", "x4-d 3-c", "2-e 1-a"], "2-e 4-d"),
        (["x3-c 2-b 1-a", "x2-e 1-a"], "3-c 2-e"),
        (["10-a", "9-b"], "10-a 9-b"),
        (["3-c 2-b 1-a", "4-d 3-c"], "4-d"),
        (["4-d", "3-c 2-b"], "4-d 3-c"),
        (["4-d", "3-c 2-b", "4-d 3-c"], "4-d"),
    ],
)
def test_leaves_come_with_the_winner_first(paths: list[str], leaves: str) -> None:
    assert names(revisions.leaves(told(*paths))) == leaves
    assert names(revisions.leaves(told(*reversed(paths)))) == leaves


def test_a_living_branch_wins_over_a_longer_deleted_one() -> None:
    assert names(revisions.leaves(told("x5-e 4-d 3-c 2-b 1-a", "2-z 1-a"))[:1]) == "2-z"


def test_a_path_is_as_long_as_is_known() -> None:
    history = told("3-c 2-b", "2-b 1-a", "3-d 2-b")
    assert names(revisions.path(history, Rev(3, "c"))) == "3-c 2-b 1-a"
    assert names(revisions.path(history, Rev(3, "c"), 2)) == "3-c 2-b"


def test_latest_means_the_leaves_that_grew_from_a_revision() -> None:
    history = told("3-c 2-b 1-a", "3-d 2-b", "2-e 1-a")
    assert names(revisions.descendants(history, ["2-b"])) == "3-d 3-c"
    assert names(revisions.descendants(history, ["2-e", "9-z", "nonsense"])) == "2-e"


def test_a_forged_parent_stands_beside_the_true_one() -> None:
    history = told("2-b 1-a", "2-b 1-f")
    assert names(revisions.leaves(history)) == "2-b"
    assert merge(history, told("2-b 1-a")) == history


@pytest.mark.parametrize(
    "rev", ["", "1", "1-", "-a", "0-a", "01-a", "1-ä", "1-a b", "1-" + "a" * 65, "9" * 17 + "-a", None]
)
def test_what_is_no_revision(rev: Any) -> None:
    with pytest.raises(BadRequest):
        revisions.parse_rev(rev)


def test_ours_have_32_hex_digits() -> None:
    assert revisions.parse_rev("1-x") == (1, "x")
    with pytest.raises(BadRequest):
        revisions.parse_rev("1-x", strict=True)
    assert revisions.parse_rev("1-" + "0a" * 16, strict=True).generation == 1


@pytest.mark.parametrize("path", [[], ["3-c", "1-a"], ["1-a", "2-b"], ["2-b", "2-a"], ["1-ä"], [None]])
def test_what_is_no_path(path: list[str]) -> None:
    for check in (parse_path, revisions.check_path):
        with pytest.raises(BadRequest):
            check(path)


@pytest.mark.parametrize("path", [["1-a"], ["7-a"], ["3-c", "2-b", "1-a"]])
def test_what_is_a_path(path: list[str]) -> None:
    revisions.check_path(path)
    assert [str(rev) for rev in parse_path(path)] == path


def test_generations_do_not_leap() -> None:
    with pytest.raises(Forbidden, match="Generation 1000000000"):
        revisions.check_growth(told("1-a"), told("1-a", "1000000000-f"))
    revisions.check_growth(EMPTY, told("3000-a"))


def test_branches_are_bounded() -> None:
    bush = told(*(f"2-{i} 1-a" for i in range(revisions.MAX_LEAVES)))
    revisions.check_growth(EMPTY, bush)
    with pytest.raises(Forbidden, match="branches"):
        revisions.check_growth(bush, merge(bush, told("2-x 1-a")))
    revisions.check_growth(bush, merge(bush, told("3-x 2-1")))


@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers(0, 9)),
    st.sampled_from([None, "1-a", "7-b"]),
    st.booleans(),
)
def test_a_revisions_name_is_computed_from_what_it_says(
    content: dict[str, int], parent: str | None, dead: bool
) -> None:
    doc = {**content, "_id": "x"}
    rev = revisions.parse_rev(revisions.compute_rev(doc, parent, dead), strict=True)
    assert rev.generation == (revisions.parse_rev(parent).generation + 1 if parent else 1)
    assert str(rev) == revisions.compute_rev(dict(reversed(doc.items())), parent, dead)
    assert str(rev) != revisions.compute_rev({**doc, "_id": "y"}, parent, dead)
    assert str(rev) != revisions.compute_rev(doc, parent, not dead)


@given(pieces(), st.data())
def test_what_is_purged_was_never_there(made: list[History], data: st.DataObject) -> None:
    whole = together(made)
    leaves = revisions.leaves(whole)
    gone = data.draw(st.lists(st.sampled_from(leaves), unique=True))
    left = revisions.without(whole, gone)
    assert set(revisions.leaves(left)) == set(leaves) - set(gone)
    assert all(parents <= left.parents.keys() for parents in left.parents.values())
    assert left.deleted <= left.parents.keys()
