"""A file in pieces is the same file again, whatever carried it; a piece is what its name says or nothing."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from station.intake import problem
from sync import blobs, pieces
from sync.peer import Revision
from sync.store import Store
from sync.wire import unsplice
from tests.sync.exchange.two import Two

DB = "station-510903001001"


@given(st.binary(max_size=3 * pieces.SIZE + 7))
def test_a_file_comes_together_again_and_the_same_bytes_are_one_piece(data: bytes) -> None:
    docs = list(pieces.cut(data))
    held = {doc["_id"]: blobs.whole(revision(doc).attachments[pieces.NAME].data) for doc in docs}  # type: ignore[arg-type]
    index = pieces.index(doc["_id"] for doc in docs)
    assert b"".join(held[id] for id in pieces.listed(index)) == data
    assert len(docs) == pieces.count(len(data))
    assert pieces.listed(index + b"left over") == pieces.listed(index)
    assert all(pieces.is_piece(revision(doc)) for doc in docs)


def revision(doc: object) -> Revision:
    return unsplice({**doc, "_rev": "1-" + "a" * 32})  # type: ignore[dict-item]


def test_what_is_no_piece_is_not_let_in_by_its_name() -> None:
    (sound,) = map(revision, pieces.cut(b"scan"))
    other = next(iter(map(revision, pieces.cut(b"other"))))
    (empty,) = [sound._replace(attachments={})]
    for wrong in (
        sound._replace(attachments=other.attachments),
        sound._replace(id="chunk:" + "0" * 64),
        sound._replace(id="note:1"),
        sound._replace(body=b'{"type":"chunk","name":"x"}'),
        sound._replace(deleted=True),
        sound._replace(attachments={**sound.attachments, "more": sound.attachments[pieces.NAME]}),
        sound._replace(attachments={"data": sound.attachments["data"]._replace(data=None)}),
        empty,
    ):
        assert not pieces.is_piece(wrong)
        for db in (DB, "public"):
            assert problem(db, wrong, "510903001001", "aaaaaaaa")
    assert problem(DB, sound, "510903001001", "aaaaaaaa") is None
    assert problem("public", sound, "510903001001", "aaaaaaaa") is None, "a release's"
    assert problem("desk", sound, "510903001001", "aaaaaaaa")


def test_pieces_travel_by_exchange_after_everything_else_and_once(tmp_path: Path) -> None:
    two = Two(tmp_path)
    try:
        two.sync()
        file = two.draw.randbytes(5 * pieces.SIZE)
        docs = list(pieces.cut(file))
        two.village.database(DB, create=True).put_many(docs)
        assert two.sync().given == 5
        two.village.database("station-510903001002", create=True).put_many(docs)
        two.sync()
        there: Store = two.hub
        held = {doc["_id"]: there.database(DB).attachment(doc["_id"], pieces.NAME) for doc in docs}
        assert b"".join(blobs.whole(each.data) for each in held.values() if each and each.data) == file
    finally:
        two.close()
