"""A message in parts: each is whole before the next has come, however the bytes arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import BadRequest, TooLarge
from sync.exchange.message import Message, pack, unpack
from sync.exchange.parts import MAX_PART, PARTS, Arriving, framed

MESSAGES = st.lists(st.binary(max_size=40), min_size=2, max_size=6)


@given(MESSAGES, st.data())
def test_parts_come_out_as_they_went_in_however_the_body_is_split(
    parts: list[bytes], data: st.DataObject
) -> None:
    body = b"".join(framed(parts))
    arriving = Arriving()
    came: list[bytes] = []
    while body:
        size = data.draw(st.integers(1, len(body)))
        came += arriving.feed(body[:size])
        body = body[size:]
    assert [*came, *arriving.end()] == parts


@given(MESSAGES, st.data())
def test_of_a_body_that_is_cut_every_whole_part_is_there_and_the_cut_is_told(
    parts: list[bytes], data: st.DataObject
) -> None:
    pieces = list(framed(parts))
    body = b"".join(pieces)
    at = data.draw(st.integers(2, len(body) - 1))
    arriving = Arriving()
    came = list(arriving.feed(body[:at]))
    assert came == parts[: len(came)]
    ends = [sum(map(len, pieces[: n + 1])) for n in range(len(pieces))]
    assert len(came) == sum(end <= at for end in ends)
    if at not in ends:
        with pytest.raises(BadRequest, match="cut off"):
            list(arriving.end())


def test_a_message_that_is_not_in_parts_is_whole_at_the_end() -> None:
    packed = pack(Message(last="a", room=1000))
    arriving = Arriving()
    assert list(arriving.feed(packed[:3])) == list(arriving.feed(packed[3:])) == []
    assert [unpack(each).last for each in arriving.end()] == ["a"]


@pytest.mark.parametrize("body", [PARTS + b"\xff\xff\xff\xff", b"\x00" + bytes(MAX_PART)])
def test_what_says_or_proves_to_be_too_large_is_refused_before_it_is_all_here(body: bytes) -> None:
    with pytest.raises(TooLarge):
        list(Arriving().feed(body))
