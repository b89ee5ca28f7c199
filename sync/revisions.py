"""Edit histories of documents. Pure: no I/O, no clock, no randomness; knows nothing of bodies.

A document's revision is named `generation-hash`. Every edit names the revision it was made from, so a document's
history is a graph that grows from its first revision. Two people who edit the same revision apart from each other
make it branch; that is a conflict, and it is kept until somebody removes one branch by deleting its leaf:

        1-a ──> 2-b ──> 3-c             leaves: 3-c and 3-d
                   └──> 3-d             winner: 3-d, since "d" > "c"; everybody computes the same

We keep a history as the *set of its edges* `revision -> parent`, together with the set of revisions known to be
deletions. Two peers' knowledge of one document then merges by union, and union is commutative, associative and
idempotent by itself: in whatever order, and however often, pieces of history arrive, everybody ends with the same.

Long histories are *stemmed*: a peer sends, and keeps, only the last so many revisions before each leaf. A stemmed
piece begins with a revision whose parent is not named. Merging it adds no edge there, and so takes none away: what is
known stays connected (a table with one `parent` column, overwritten with NULL by a stemmed piece, cuts its history).

        known:     1-a ──> 2-b ──> 3-c
        arrives:                   3-c ──> 4-d          (stemmed to two)
        merged:    1-a ──> 2-b ──> 3-c ──> 4-d          one leaf, no conflict

An edge always leads from generation n to n-1, so no history, however forged, contains a circle. An honest revision
has one parent. A forged piece may name another one; then both edges stand, neither is believed more than the other.

A deletion is a revision like any other. The winner is a leaf that is no deletion if there is one; among those the
highest generation; among those the highest hash. This is CouchDB's rule, and it is written here and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from sync import strict_json
from sync.errors import BadRequest, Forbidden

LIMIT: Final = (
    1000  # revisions kept before each leaf, as in CouchDB; well above the longest streak of offline edits
)
MAX_LEAVES: Final = 32  # more branches than this are an attack or a loop, not people
MAX_JUMP: Final = (
    100_000  # generations beyond the highest known; stops 10^9-f… from outranking everything for ever
)

MAX_NAME: Final = 81  # characters of a revision's name

# Ours are 32 hex digits. CouchDB's too; PouchDB and CouchDB take any word from others, so we take well-formed words.
_REV = re.compile(r"([1-9][0-9]{0,15})-([0-9A-Za-z_]{1,64})")
_OUR_HASH = re.compile(r"[0-9a-f]{32}")


class Rev(NamedTuple):
    """A revision's name. Compares by generation, then hash: the order in which leaves win."""

    generation: int
    hash: str

    def __str__(self) -> str:
        return f"{self.generation}-{self.hash}"


def parse_rev(text: str, *, strict: bool = False) -> Rev:
    """`3-abc` as a Rev; BadRequest unless well-formed. `strict` wants the 32 hex digits our own revisions have."""
    match = _REV.fullmatch(text) if type(text) is str else None
    if match is None or (strict and not _OUR_HASH.fullmatch(match[2])):
        raise BadRequest(f"{str(text)[:80]!r} is not a revision.")
    return Rev(int(match[1]), match[2])


def check_path(path: Sequence[str]) -> None:
    """As `parse_path`, for whoever needs only to know. Most paths are of one revision."""
    if len(path) != 1 or type(path[0]) is not str or not _REV.fullmatch(path[0]):
        parse_path(path)


def parse_path(path: Iterable[str]) -> tuple[Rev, ...]:
    """A path, newest first, generations falling by one; BadRequest otherwise."""
    revs = tuple(map(parse_rev, path))
    if not revs:
        raise BadRequest("A revision without a path.")
    top = revs[0].generation
    if len(revs) > 1 and any(rev.generation != top - i for i, rev in enumerate(revs)):
        raise BadRequest(f"The generations before {revs[0]} do not fall by one.")
    return revs


class History(NamedTuple):
    """What is known of one document's edits. A value: nothing here changes one in place."""

    parents: Mapping[Rev, frozenset[Rev]]
    """Every known revision, with the parents it is known to have: none (first, or stemmed), one, or, forged, more."""
    deleted: frozenset[Rev]
    """Revisions known to be deletions."""


EMPTY: Final = History({}, frozenset())
_NO_PARENT: Final[frozenset[Rev]] = frozenset()


def of_path(path: tuple[Rev, ...], deleted: bool) -> History:
    """The history that one travelling revision tells: newest first; `deleted` says what the newest is."""
    parents = {rev: frozenset((parent,)) for rev, parent in pairwise(path)}
    parents[path[-1]] = _NO_PARENT
    return History(parents, frozenset(path[:1]) if deleted else frozenset())


def merge(a: History, b: History) -> History:
    """All that either knows. Commutative, associative, idempotent."""
    parents = dict(a.parents)
    for rev, known in b.parents.items():
        parents[rev] = parents.get(rev, _NO_PARENT) | known
    return History(parents, a.deleted | b.deleted)


def leaves(history: History) -> list[Rev]:
    """Revisions nobody is known to have edited further, the winner first."""
    inner: set[Rev] = set().union(*history.parents.values())
    return sorted(
        (rev for rev in history.parents if rev not in inner), key=_rank(history.deleted), reverse=True
    )


def winner(leaf_revs: Iterable[Rev], deleted: frozenset[Rev]) -> Rev:
    """The one everybody shows: living before deleted, then the highest generation, then the highest hash."""
    return max(leaf_revs, key=_rank(deleted))


def _rank(deleted: frozenset[Rev]) -> Any:
    return lambda rev: (rev not in deleted, rev)


def path(history: History, rev: Rev, limit: int = LIMIT) -> tuple[Rev, ...]:
    """`rev` and up to `limit`-1 of its known ancestors, newest first."""
    steps = [rev]
    while len(steps) < limit and (known := history.parents.get(steps[-1])):
        steps.append(max(known))
    return tuple(steps)


def stem(history: History, limit: int = LIMIT) -> History:
    """Without revisions that are `limit` or more steps before every leaf. Keeps all leaves and all edges between."""
    kept: set[Rev] = set()
    level = set(leaves(history))
    for _ in range(limit):
        kept |= level
        level = {p for rev in level for p in history.parents[rev] if p not in kept and p in history.parents}
    if len(kept) == len(history.parents):
        return history
    parents = {rev: frozenset(p for p in history.parents[rev] if p in kept) for rev in kept}
    return History(parents, history.deleted & kept)


def without(history: History, gone: Iterable[Rev]) -> History:
    """The history as if the leaves `gone` had never been: they and the ancestors that lead only to them."""
    parents = dict(history.parents)
    level = set(gone)
    while level:
        above = {parent for rev in level for parent in parents.pop(rev, ())}
        inner = set().union(*parents.values()) if parents else set()
        level = {rev for rev in above if rev in parents and rev not in inner}
    return History(parents, history.deleted & parents.keys())


def knows(history: History, rev: str) -> bool:
    """Whether the revision named is known, as leaf or as ancestor. What is no revision's name is not."""
    match = _REV.fullmatch(rev)
    return match is not None and (int(match[1]), match[2]) in history.parents


def missing(history: History, revs: Iterable[str]) -> list[str]:
    """`_revs_diff` for one document: those of `revs` that are not known."""
    return [rev for rev in revs if not knows(history, rev)]


def descendants(history: History, revs: Iterable[str]) -> list[Rev]:
    """The leaves that are, or grew from, any of `revs`: what `latest=true` asks for."""
    found = {parse_rev(rev) for rev in revs if knows(history, rev)}
    for rev in sorted(history.parents):  # parents come before children: their generation is lower
        if history.parents[rev] & found:
            found.add(rev)
    return [rev for rev in leaves(history) if rev in found]


def check_growth(before: History, after: History) -> None:
    """Forbidden if the step from one to the other is one no honest editing makes."""
    known = max((rev.generation for rev in before.parents), default=0)
    newest = max(rev.generation for rev in after.parents)
    if newest > known + MAX_JUMP:
        raise Forbidden(f"Generation {newest} lies more than {MAX_JUMP} beyond what is known ({known}).")
    if len(after.parents) > 1 and len(leaves(after)) > max(MAX_LEAVES, len(leaves(before))):
        raise Forbidden(f"The document would have more than {MAX_LEAVES} branches.")


def compute_rev(doc: Mapping[str, Any], parent: str | None = None, deleted: bool = False) -> str:
    """The revision's name, computed from what it says, so that the far end can compute it too.

    `doc` has `_id` and no other member that begins with `_` but perhaps `_attachments`; for a first, living revision
    the hash is the first 32 hex digits of SHA-256 over `doc`'s canonical JSON. That is all a case event ever has.
    """
    digest = hashlib.sha256(strict_json.canonical(doc))
    if parent is not None or deleted:
        digest.update(f"\n{parent or ''}\n{int(deleted)}".encode())
    generation = parse_rev(parent).generation + 1 if parent is not None else 1
    return f"{generation}-{digest.hexdigest()[:32]}"
