"""Edits of several threads go to CouchDB in one request, and each is judged as if it had come alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sync.couch.gathering import Edit, Gathering, Word
from sync.errors import Conflict, Unreachable
from tests.couch import eventually
from tests.sync.test_couch_store import Open


class Far:
    """A server whose answers come when a test lets them."""

    def __init__(self, judge: Callable[[Edit], Word]) -> None:
        self.requests: list[list[str]] = []
        self.go = threading.Event()
        self._judge = judge

    def __call__(self, edits: Sequence[Edit]) -> list[Word]:
        self.requests.append([str(each["_id"]) for each in edits])
        assert self.go.wait(10)
        return [self._judge(each) for each in edits]


def accepted(edit: Edit) -> Word:
    return {"rev": f"1-{edit['_id']}"}


def sent_while_busy(far: Far, gathering: Gathering, ids: Sequence[str]) -> list[Any]:
    """One edit of `first`, and while it is on its way one of each id; what each was told, or raised."""

    def put(id: str) -> Any:
        try:
            return gathering.put({"_id": id})
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(ids) + 1) as pool:
        first = pool.submit(put, "first")
        eventually(lambda: len(far.requests) == 1)
        rest = [pool.submit(put, id) for id in ids]
        eventually(lambda: len(gathering._came) == len(ids))
        far.go.set()
        return [each.result(10) for each in (first, *rest)]


def test_who_comes_while_a_request_is_on_its_way_goes_with_the_next() -> None:
    far = Far(accepted)
    said = sent_while_busy(far, Gathering(far), ["a", "b", "c"])
    assert far.requests[0] == ["first"]
    assert sorted(far.requests[1]) == ["a", "b", "c"]
    assert {each["rev"] for each in said} == {"1-first", "1-a", "1-b", "1-c"}


def test_two_edits_of_a_document_never_share_a_request() -> None:
    far = Far(accepted)
    sent_while_busy(far, Gathering(far), ["a", "a", "b", "a"])
    assert all(len(set(each)) == len(each) for each in far.requests)
    assert sorted(id for each in far.requests for id in each) == ["a", "a", "a", "b", "first"]


def test_each_is_told_its_own_word() -> None:
    far = Far(lambda edit: Conflict("somebody was first") if edit["_id"] == "b" else accepted(edit))
    _, a, b = sent_while_busy(far, Gathering(far), ["a", "b"])
    assert a == {"rev": "1-a"}
    assert isinstance(b, Conflict)


def test_a_request_that_failed_failed_for_all_who_were_in_it_and_nobody_waits_for_ever() -> None:
    def away(_edit: Edit) -> Word:
        raise Unreachable("no answer")

    far = Far(away)
    gathering = Gathering(far)
    said = sent_while_busy(far, gathering, ["a", "b"])
    assert all(isinstance(each, Unreachable) for each in said)
    with pytest.raises(Unreachable):
        gathering.put({"_id": "later"})


def test_of_many_who_write_one_document_at_once_one_is_first(open_couch: Open) -> None:
    db = open_couch().database("things", create=True)
    together = threading.Barrier(12)

    def put(n: int) -> str:
        together.wait(10)
        db.put({"_id": f"own-{n}", "n": n})
        try:
            db.put({"_id": "claim", "n": n})
        except Conflict:
            return "late"
        return "first"

    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(put, range(12)))
    assert sorted(told) == ["first"] + ["late"] * 11
    assert [db.get(f"own-{n}") is not None for n in range(12)] == [True] * 12
    kept = db.get("claim")
    assert kept is not None
    assert told[kept["n"]] == "first"
    assert len(db.leaves("claim")) == 1


def test_what_couchdb_refuses_does_not_take_others_with_it(open_couch: Open) -> None:
    """Sent together by hand, as threads may happen to."""
    db = open_couch().database("things", create=True)
    db.put({"_id": "there"})
    words = db._send([{"_id": "new", "n": 1}, {"_id": "there", "n": 2}])  # type: ignore[attr-defined]
    assert "rev" in words[0]
    assert words[1]["error"] == "conflict"
