"""A file in pieces beside the events: whole again to the byte, or told how much is here, or refused; and each piece once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.lifecycle.forms import FILE_BYTES, INDEX, file_lines
from schemas.problems import DomainError
from station import files
from station.files import Progress, Scan
from sync import ledger, pieces
from sync.serving import ServedDatabase
from sync.store import Store
from tests import scans

DB = "station-510903001001"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def database(store: Store) -> ServedDatabase:
    return store.database(DB, create=True)


def scan(size: int, seed: int = 1) -> Scan:
    return Scan(1, "合同.pdf", "application/pdf", scans.pdf(size, seed=seed))


def held(database: ServedDatabase) -> list[str]:
    return [row.id for row in database.all_docs("chunk:", "chunk;", limit=10_000)]


def take_away(database: ServedDatabase, *ids: str) -> None:
    database.purge({id: [rev for rev, _ in database.leaves(id)] for id in ids})


@pytest.mark.parametrize("size", [500, pieces.SIZE, 5 * pieces.SIZE + 7, 600 * pieces.SIZE])
def test_a_file_is_the_same_again(database: ServedDatabase, size: int) -> None:
    one = scan(size)
    files.keep(database, one.data)
    count = pieces.count(len(one.data)) + len(one.line["index"])
    assert files.read(database, one.line) == one.data
    assert files.progress(database, [one.line]) == {one.line["sha256"]: Progress(count, count)}


def test_the_largest_file_fits_into_an_event_and_its_line_stays_small() -> None:
    line = Scan(1, "长" * 100 + ".pdf", "application/pdf", bytes(range(256)) * (FILE_BYTES // 256)).line
    assert len(line["index"]) == 2 <= INDEX
    assert file_lines({"files": [line]}) == (line,)
    assert len(str(line)) < 500


def test_kept_twice_it_is_there_once_and_files_share_what_is_the_same(database: ServedDatabase) -> None:
    one = scan(4 * pieces.SIZE)
    files.keep(database, one.data)
    before, seq = held(database), database.update_seq
    files.keep(database, one.data)
    assert (held(database), database.update_seq) == (before, seq)
    files.keep(database, one.data[: 2 * pieces.SIZE] + b"another end")
    assert len(held(database)) == len(before) + 2, "its last piece and its index"


def test_what_is_missing_is_counted_and_nothing_is_read_before_it_is_whole(database: ServedDatabase) -> None:
    one = scan(10 * pieces.SIZE)
    sha256, index = one.line["sha256"], ["chunk:" + each for each in one.line["index"]]
    of = pieces.count(len(one.data)) + 1
    assert files.read(database, one.line) == Progress(0, of)
    docs = list(pieces.cut(one.data))
    database.put_many(docs[:3])
    assert files.progress(database, [one.line])[sha256] == Progress(0, of), "whose they are, the index says"
    files.keep(database, one.data)
    take_away(database, docs[5]["_id"], docs[7]["_id"])
    assert (
        files.read(database, one.line) == files.progress(database, [one.line])[sha256] == Progress(of - 2, of)
    )
    take_away(database, *index)
    assert files.read(database, one.line) == Progress(0, of)


@pytest.mark.parametrize(
    "change",
    [
        {"size": 999},
        {"size": 9 * 1024 * 1024},
        {"sha256": "0" * 64},
        {"media_type": "image/jpeg"},
    ],
)
def test_what_is_not_what_the_event_states_is_not_shown(
    database: ServedDatabase, change: dict[str, Any]
) -> None:
    one = scan(3 * pieces.SIZE)
    files.keep(database, one.data)
    with pytest.raises(DomainError, match="与登记时的记录不符"):
        files.read(database, {**one.line, **change})


def test_html_that_calls_itself_a_picture_is_not_shown(database: ServedDatabase) -> None:
    hostile = Scan(1, "照片.jpg", "image/jpeg", b"<html><script>alert(1)</script></html>")
    files.keep(database, hostile.data)
    with pytest.raises(DomainError):
        files.read(database, hostile.line)


def test_an_index_of_anything_costs_no_more_than_a_file(database: ServedDatabase) -> None:
    """Whoever may write events may name any pieces as an index."""
    noise = random.Random(1).randbytes(INDEX * pieces.SIZE)
    docs = list(pieces.cut(noise))
    database.put_many(docs)
    line = {**scan(500).line, "index": [each["_id"].removeprefix("chunk:") for each in docs]}
    assert file_lines({"files": [line]})
    with pytest.raises(DomainError):
        files.read(database, line)


def test_a_piece_that_was_given_up_is_written_anew(store: Store, database: ServedDatabase) -> None:
    one = scan(3 * pieces.SIZE)
    files.keep(database, one.data)
    ledger.give_up(store, DB, held(database), "here", [])
    assert files.progress(database, [one.line])[one.line["sha256"]].here == 0
    files.keep(database, one.data)
    assert files.read(database, one.line) == one.data


def test_the_pieces_of_a_case_are_those_that_its_events_name(database: ServedDatabase) -> None:
    one, other = scan(3 * pieces.SIZE), scan(2 * pieces.SIZE, seed=2)
    for each in (one, other):
        files.keep(database, each.data)
    event = {"event": "attach", "data": {"files": [one.line]}}
    assert len(files.pieces_of(database, [event])) == pieces.count(len(one.data)) + 1
    assert files.pieces_of(database, [{"event": "receive", "data": {"files": [one.line]}}]) == set()
    assert files.pieces_of(database, [{"event": "attach", "data": 5}, {}]) == set()
    both = {"event": "attach", "data": {"files": [one.line, other.line]}}
    assert files.pieces_of(database, [event, both]) == set(held(database))


def test_what_waits_to_go_up_is_counted_from_where_it_has_gone(
    store: Store, database: ServedDatabase
) -> None:
    files.keep(database, scan(3 * pieces.SIZE).data)
    gone, first = int(database.update_seq), len(held(database))
    database.put({"_id": "note:1"})
    files.keep(database, scan(5 * pieces.SIZE, seed=2).data)
    assert files.waiting(store, lambda _db: 0) == len(held(database))
    assert files.waiting(store, lambda _db: gone) == len(held(database)) - first
    assert files.waiting(store, lambda _db: int(database.update_seq)) == 0
