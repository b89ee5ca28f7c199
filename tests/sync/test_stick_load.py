"""What goes into a file, what is left out, and how two ends come to know what the other has, though files get lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import pieces, seals, strict_json
from sync.exchange import message as messages
from sync.exchange.message import Message
from sync.peer import Revision
from sync.scratch import Scratch
from sync.seals import Run
from sync.signing import Signer
from sync.stick import load as loads
from sync.stick.file import Altered
from sync.stick.load import Account, Load, Unsound, Wanted
from sync.store import Database, Store
from tests.sync.test_peers import event, revision, taken

DB, PUBLIC = "station-510903001001", "public"
RUN = Run("510903001001", "k3v7q2mh")
NOTE = seals.state(Signer(b"1" * 32), "seal", DB, RUN, 2, "a" * 64)._asdict()


def add_piece(database: Database, n: int, size: int = 900) -> str:
    (doc,) = pieces.cut(random.Random(n).randbytes(size))
    database.put(doc)
    return str(doc["_id"])


@pytest.fixture
def dbs(store: Store) -> tuple[Database, Database]:
    return store.database(DB, create=True), store.database(PUBLIC, create=True)


def wanted(
    dbs: tuple[Database, Database], since: Any = (), known: Callable[[str, str], int] = lambda _d, _r: 0
) -> Wanted:
    return Wanted((dbs[0],), (dbs[1],), known, dict(since))


def account(load: Load, **changes: Any) -> Account:
    said = Account(
        "1",
        "a",
        "b",
        load.records,
        load.pieces,
        load.left,
        load.large,
        load.since,
        load.through,
        {},
        {},
        "",
        0,
        {},
    )
    return said._replace(**changes)


def frames(load: Load, **changes: Any) -> list[bytes]:
    return list(load.frames(lambda each: account(each, **changes)))


def plain(given: list[bytes]) -> Scratch:
    scratch = Scratch()
    for frame in given:
        scratch.append(len(frame).to_bytes(4) + frame)
    return scratch


def brought(given: list[bytes]) -> list[tuple[str, Revision]]:
    return [each for message in loads.documents(plain(given)) for each in message.documents]


def test_events_go_first_then_what_everybody_reads_then_files(dbs: tuple[Database, Database]) -> None:
    piece = add_piece(dbs[0], 1)
    taken(dbs[1], revision("day:2018", "1-a"))
    taken(dbs[0], event(1), event(2))
    load = Load(wanted(dbs), [(DB, NOTE)])
    given = frames(load)
    assert [each.id for _, each in brought(given)] == [event(1).id, event(2).id, "day:2018", piece]
    assert (load.records, load.pieces, load.left, load.large) == (3, 1, 0, 0)
    assert [message.notes for message in loads.documents(plain(given))][-1] == [(DB, NOTE)]
    assert loads.check(plain(given)) == account(load)
    assert Load(wanted(dbs), ()).count() == (3, 1)


def test_numbers_that_the_reader_has_are_left_out(dbs: tuple[Database, Database]) -> None:
    taken(dbs[0], *(event(n) for n in range(1, 6)), event(1, "510900000000"))
    known = {"510903001001:k3v7q2mh": 3}
    load = Load(wanted(dbs, known=lambda db, run: known.get(run, 0) if db == DB else 0), ())
    assert sorted(each.id for _, each in brought(frames(load))) == sorted(
        [event(4).id, event(5).id, event(1, "510900000000").id]
    )


def test_other_documents_go_from_where_the_reader_has_them(dbs: tuple[Database, Database]) -> None:
    taken(dbs[1], revision("a", "1-a"), revision("b", "1-b"))
    add_piece(dbs[0], 1)
    first = Load(wanted(dbs), ())
    frames(first)
    taken(dbs[1], revision("a", "2-a", "1-a"))
    second_piece = add_piece(dbs[0], 2)
    again = Load(wanted(dbs, first.through), ())
    assert [each.id for _, each in brought(frames(again))] == ["a", second_piece]
    assert again.since == first.through


def test_a_file_without_room_brings_the_urgent_first_and_tells_how_much_is_left(
    dbs: tuple[Database, Database],
) -> None:
    taken(dbs[0], *(event(n) for n in range(1, 30)))
    ids = [add_piece(dbs[0], n, 15_000) for n in range(300)]
    load = Load(wanted(dbs), (), room=1_500_000)
    found = [each.id for _, each in brought(frames(load))]
    assert found[:29] == [event(n).id for n in range(1, 30)]
    assert found[29:] == ids[: load.pieces]
    assert 0 < load.pieces < 300
    assert load.left == 300 - load.pieces
    # The next one goes on from there.
    rest = [each.id for _, each in brought(frames(Load(wanted(dbs, load.through, lambda _d, _r: 99), ())))]
    assert rest == ids[load.pieces :]


def test_one_document_that_is_too_large_holds_up_no_other(
    dbs: tuple[Database, Database], monkeypatch: Any
) -> None:
    monkeypatch.setattr(loads, "LARGE", 10_000)
    taken(dbs[1], revision("a", "1-a"), revision("large", "1-a", x="x" * 20_000), revision("z", "1-z"))
    load = Load(wanted(dbs), ())
    assert [each.id for _, each in brought(frames(load))] == ["a", "z"]
    assert load.large == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda given: given[:-1],
        lambda given: [*given, given[-1]],
        lambda given: [given[-1], *given[:-1]],
        lambda given: given[1:],
        lambda given: [given[0], *given],
        lambda given: [b"\x09what", *given],
        lambda given: [b'{"id":"1"}'],
        lambda given: [messages.pack(Message(notes=[(DB, {**NOTE, "n": 0})])), *given],
        lambda given: [*given[:-1], given[-1].replace(b'"records":3', b'"records":"3"')],
        lambda given: [*given[:-1], given[-1].replace(b'"holds":{}', b'"holds":{"x":{"r":-1}}')],
        lambda given: [*given[:-1], given[-1].replace(b'"through":{', b'"through":{"x":[],')],
    ],
)
def test_what_is_not_written_as_we_write_is_refused_before_anything_is_taken(
    dbs: tuple[Database, Database], spoil: Callable[[list[bytes]], list[bytes]]
) -> None:
    taken(dbs[0], event(1), event(2), event(3))
    given = frames(Load(wanted(dbs), [(DB, NOTE)]))
    loads.check(plain(given))
    with pytest.raises(Unsound):
        loads.check(plain(spoil(given)))


def test_a_file_that_unpacks_to_more_than_anybody_writes_is_refused(
    dbs: tuple[Database, Database], monkeypatch: Any
) -> None:
    taken(dbs[0], *(event(n, x="x" * 10_000) for n in range(1, 30)))
    given = frames(Load(wanted(dbs), ()))
    assert sum(map(len, given)) < 20_000
    loads.check(plain(given))
    monkeypatch.setattr(loads, "PLAIN", 100_000)
    with pytest.raises(Unsound):
        loads.check(plain(given))
    # And nobody writes so much.
    monkeypatch.setattr(loads, "FRAME", 20_000)
    load = Load(wanted(dbs), ())
    loads.check(plain(frames(load)))
    assert load.left > 10


def test_a_frame_that_is_longer_than_what_follows_is_refused() -> None:
    scratch = Scratch()
    scratch.append((100).to_bytes(4) + b"short")
    with pytest.raises(Altered):
        loads.check(scratch)


def test_a_bad_document_in_a_file_is_refused_with_all_of_it() -> None:
    good, bad = event(1), revision("x", "nonsense")
    frame = messages.pack(Message(documents=[(DB, good), (DB, bad)]))
    said = Account("1", "a", "b", 2, 0, 0, 0, {}, {}, {}, {}, "", 0, {})
    with pytest.raises(Unsound):
        loads.check(plain([frame, strict_json.canonical(said._asdict())]))


class End:
    """One end of the way: a store, what of the other's feed is here, and what the other has said it has of ours."""

    def __init__(self, store: Store) -> None:
        self.database = store.database(PUBLIC, create=True)
        self.here: dict[str, list[Any]] = {}
        self.there: dict[str, Any] = {}
        self.number = 0
        self.read = 0

    def write(self) -> tuple[int, list[bytes]]:
        self.number += 1
        load = Load(Wanted((), (self.database,), lambda _d, _r: 0, self.there), ())
        reached = {db: places[-1] for db, places in self.here.items()}
        return self.number, list(load.frames(lambda each: account(each, reached=reached)))

    def take(self, number: int, given: list[bytes]) -> None:
        if number <= self.read:  # an old one is not taken
            return
        said = loads.check(plain(given))
        for _, each in brought(given):
            assert self.database.add_revisions([each]) == []
        self.read, self.here, self.there = number, loads.reached(self.here, said), dict(said.reached)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["add", "write", "take", "lose"]), st.integers(0, 99)),
        max_size=60,
    )
)
def test_whatever_is_lost_or_comes_late_both_ends_have_all_in_the_end(
    steps: list[tuple[bool, str, int]],
) -> None:
    with (
        TemporaryDirectory() as folder,
        Store.open(Path(folder) / "a") as a,
        Store.open(Path(folder) / "b") as b,
    ):
        ends = (End(a), End(b))
        on_the_way: tuple[list[Any], list[Any]] = ([], [])
        for n, (which, step, choice) in enumerate(steps):
            end, files = ends[which], on_the_way[which]
            if step == "add":
                end.database.put({"_id": f"doc-{n}", "n": n})
            elif step == "write":
                files.append(end.write())
            elif files and step == "take":
                ends[not which].take(*files[choice % len(files)])  # it stays: a file may be read again
            elif files:
                files.pop(choice % len(files))
        for end, other in (ends, ends[::-1], ends, ends[::-1]):
            other.take(*end.write())
        assert {row.id for row in ends[0].database.all_docs()} == {
            row.id for row in ends[1].database.all_docs()
        }
        # And nothing is left to give.
        assert Load(Wanted((), (ends[0].database,), lambda _d, _r: 0, ends[0].there), ()).count() == (0, 0)


def test_places_are_not_taken_for_known_where_a_file_between_is_missing(
    dbs: tuple[Database, Database],
) -> None:
    base = Account("1", "a", "b", 0, 0, 0, 0, {}, {}, {}, {}, "", 0, {})
    known = loads.reached({}, base._replace(since={PUBLIC: 0}, through={PUBLIC: 5}))
    assert known == {PUBLIC: [5]}
    assert loads.reached(known, base._replace(since={PUBLIC: 7}, through={PUBLIC: 9})) == known
    assert loads.reached(known, base._replace(since={PUBLIC: 5}, through={PUBLIC: 9})) == {PUBLIC: [5, 9]}
    assert loads.reached(known, base._replace(since={PUBLIC: 0}, through={PUBLIC: 3})) == {PUBLIC: [3]}


def test_what_is_stated_beyond_what_is_held_is_lacking() -> None:
    assert loads.lacking({"a:x": 5, "b:x": 2}, [("a:x", 5), ("b:x", 3), ("c:x", 1), ("b:x", 1)]) == [
        "b:x",
        "c:x",
    ]
