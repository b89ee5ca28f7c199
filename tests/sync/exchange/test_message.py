"""A message comes out as it went in, in few bytes; what is none is refused before it costs anything."""

from __future__ import annotations

import contextlib
import hashlib
from importlib.resources import files
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sync import event_ids, revisions, strict_json
from sync.errors import BadRequest, TheirFault, TooLarge
from sync.exchange import message as messages
from sync.exchange.message import Message
from sync.peer import Attachment, Refusal, Revision
from sync.wire import unsplice

PLACES = st.tuples(*[st.integers(0, 2**50)] * messages.LANES)
IDS = st.text("0123456789abcdef", max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc同意", min_size=1, max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
CONTENTS = st.dictionaries(st.text("abc准予", min_size=1, max_size=6), VALUES, max_size=4)


@st.composite
def documents(draw: Any) -> tuple[str, Revision]:
    content = draw(CONTENTS)
    db = draw(st.sampled_from(["public", "station-510903001001", "station-510903001002"]))
    if draw(st.booleans()):
        id = event_ids.event_id("510903001001", "k3v7q2mh", draw(st.integers(1, 10**6)))
        body = strict_json.canonical(content)
        return db, Revision(id, (event_ids.event_rev(id, body),), False, body, checked=True)
    id = draw(st.text("xyz:", min_size=1, max_size=8))
    rev = revisions.compute_rev({**content, "_id": id})
    edited = draw(st.booleans())
    said = {"_id": id, "_rev": "2-" + "a" * 32 if edited else rev, **content}
    if edited:
        said["_revisions"] = {"start": 2, "ids": ["a" * 32, rev[2:]]}
    return db, unsplice(said)


MESSAGES = st.builds(
    Message, last=IDS, id=IDS, places=PLACES | st.just(()), more=st.booleans(), documents=st.lists(documents(), max_size=5),
    notes=st.lists(st.tuples(st.sampled_from(["public", "station-1"]), st.fixed_dictionaries({"kind": IDS, "n": st.integers(1, 9)})), max_size=3),
    refused=st.lists(st.tuples(st.just("public"), st.builds(Refusal, IDS, IDS, IDS, st.text(max_size=9))), max_size=3),
    room=st.integers(0, 10**9), unsure=st.booleans(), landed=PLACES | st.just(()), lost=st.booleans(),
)  # fmt: skip


@given(MESSAGES, st.sampled_from([messages.PLAIN, messages.ZSTD, messages.DICTIONARY_1]))
def test_a_message_comes_out_as_it_went_in(message: Message, how: int) -> None:
    there = messages.unpack(messages.pack(message, how))
    for name in Message._fields:
        if name != "documents":
            assert (
                list(there[Message._fields.index(name)] or []) == list(getattr(message, name) or [])
                if isinstance(getattr(message, name), list | tuple)
                else getattr(there, name) == getattr(message, name)
            ), name
    assert [(db, each.id, each.path, strict_json.loads_own(each.body)) for db, each in there.documents] == [
        (db, each.id, each.path, strict_json.loads_own(each.body)) for db, each in message.documents
    ]


@given(MESSAGES, st.data())
def test_a_message_that_was_damaged_is_refused_or_is_another_message(
    message: Message, data: st.DataObject
) -> None:
    packed = bytearray(messages.pack(message))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(TheirFault):
        messages.unpack(bytes(packed))


def test_small_files_travel_inside_their_document() -> None:
    file = {"_attachments": {"scan.jpg": {"content_type": "image/jpeg", "data": "/9j/4AAQ"}}}
    revision = unsplice({"_id": "scan", "_rev": "1-" + "b" * 32, "n": 1, **file})
    ((_, there),) = messages.unpack(messages.pack(Message(documents=[("station-1", revision)]))).documents
    assert isinstance(there.attachments["scan.jpg"], Attachment)
    assert there.attachments["scan.jpg"].data == b"\xff\xd8\xff\xe0\x00\x10"


def test_a_body_that_was_written_in_several_lines_is_one_document() -> None:
    revision = Revision("a", ("1-" + "c" * 32,), False, b'{\n "n": 1\n}')
    ((_, there),) = messages.unpack(messages.pack(Message(documents=[("station-1", revision)]))).documents
    assert (there.rev, strict_json.loads_own(there.body)) == (revision.rev, {"n": 1})


def test_an_idle_message_is_a_few_bytes() -> None:
    assert len(messages.pack(Message(last="b2b3f4d5ca63", room=16384))) < 50
    assert len(messages.pack(Message())) == 3


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(b" " * (messages.MAX_PLAIN + 1))
    with pytest.raises(TooLarge):
        messages.unpack(b"\x01" + bomb)
    # One that does not say how large it is.
    silent = zstandard.ZstdCompressor(level=3, write_content_size=False).compress(b" " * 10_000_000)
    with pytest.raises((BadRequest, TooLarge)):
        messages.unpack(b"\x01" + silent)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x07{}", b"\x00[]", b"\x00{\"c\":5}", b'\x00{"p":[1,2]}', b'\x00{"p":[1,2,-3]}', b'\x00{"p":[1,2,3.5]}',
     b'\x00{"m":"yes"}', b'\x00{"d":["a"]}\n0 {"_id":"x","_odd":1}', b'\x00{"d":["a"]}\n9 {"_id":"x"}',
     b'\x00{"d":["a"]}\nx {"_id":"x"}', b'\x00{"d":["a"]}\n0 {}', b'\x00{"d":[5]}', b'\x00{"r":[[0,1]],"d":["a"]}',
     b'\x00{"n":[[0,1,2]],"f":["a"],"d":["b"]}', b'\x00{"k":[5]}', b"\x00{}\n\xff\xfe"],
)  # fmt: skip
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(TheirFault):
        messages.unpack(data)


def test_the_dictionary_that_was_shipped_is_never_changed() -> None:
    shipped = files("sync.exchange").joinpath("dictionary-1").read_bytes()
    assert (
        hashlib.sha256(shipped).hexdigest()
        == "c872998a62d62a0d905c97b8b0cefee2c8846d59b5faf8cf46bec64f75b2122e"
    )
