"""Heads name exactly the events of a run; statements join to the same whatever way they come."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import seals, strict_json
from sync.errors import BadRequest
from sync.event_ids import event_id
from sync.seals import Run, Statement
from sync.signing import Signer

DEVICE, HUB = Signer(bytes(32)), Signer(b"\1" * 32)
DB, RUN = "station-510903001001", Run("510903001001", "abcdefgh")


def events(count: int) -> dict[int, tuple[str, bytes]]:
    return {n: (event_id(*RUN, n), strict_json.canonical({"n": n})) for n in range(1, count + 1)}


START = seals.beginning(DB, RUN)


def head(*numbers: int) -> str:
    return seals.chain(START, [events(9)[n] for n in numbers])


def test_a_head_is_of_these_events_in_this_order() -> None:
    heads = {head(1, 2, 3), head(1, 2), head(1, 3), head(2, 1, 3), head(1, 2, 3, 3), head(), START}
    assert len(heads) == 6
    assert head() == START
    changed = seals.chain(START, [(event_id(*RUN, 1), b'{"n":2}')])
    moved = seals.chain(START, [(event_id(RUN.writer, "bbbbbbbb", 1), b'{"n":1}')])
    assert len({changed, moved, head(1)}) == 3


def test_a_head_belongs_to_its_database_writer_and_epoch() -> None:
    others = [
        seals.beginning("station-510903001002", RUN),
        seals.beginning(DB, RUN._replace(writer="510903001002")),
        seals.beginning(DB, RUN._replace(epoch="bbbbbbbb")),
    ]
    assert len({START, *others}) == 4


def test_a_chain_goes_on_from_any_head() -> None:
    assert seals.chain(head(1, 2), [events(4)[3], events(4)[4]]) == head(1, 2, 3, 4)


def test_a_statement_survives_being_written_and_is_signed() -> None:
    said = seals.state(HUB, "receipt", DB, RUN, 3, head(1, 2, 3), "2018-02-09T09:00:00+08:00")
    read = seals.read(strict_json.loads(strict_json.dumps(said._asdict())))
    assert read == said
    assert read.is_signed
    assert read.run == RUN


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "seal"},
        {"db": "station-510903001002"},
        {"writer": "510903001002"},
        {"epoch": "bbbbbbbb"},
        {"n": 4},
        {"head": head(1)},
        {"at": "2019-02-09T09:00:00+08:00"},
        {"by": DEVICE.public},
    ],
)
def test_whatever_is_changed_in_a_statement_spoils_it(change: dict[str, Any]) -> None:
    said = seals.state(HUB, "receipt", DB, RUN, 3, head(1, 2, 3), "2018-02-09T09:00:00+08:00")
    assert not said._replace(**change).is_signed


SOUND = seals.state(DEVICE, "seal", DB, RUN, 3, head(1, 2, 3))._asdict()


@pytest.mark.parametrize(
    "written",
    [
        None,
        [],
        {},
        {**SOUND, "more": 1},
        {name: SOUND[name] for name in list(SOUND)[1:]},
        {**SOUND, "kind": "note"},
        {**SOUND, "n": "3"},
        {**SOUND, "n": True},
        {**SOUND, "n": 0},
        {**SOUND, "n": 10**15},
        {**SOUND, "writer": "5109"},
        {**SOUND, "epoch": "ABCDEFGH"},
        {**SOUND, "head": "00"},
        {**SOUND, "head": 1},
        {**SOUND, "by": "x"},
        {**SOUND, "sig": ""},
        {**SOUND, "at": "x" * 40},
        {**SOUND, "db": "d" * 200},
    ],
)
def test_what_is_no_statement_is_refused(written: Any) -> None:
    with pytest.raises(BadRequest):
        seals.read(written)


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    signer = draw(st.sampled_from([DEVICE, HUB]))
    kind = draw(st.sampled_from(["seal", "receipt"]))
    run = Run(draw(st.sampled_from(["510903001001", "510903001002"])), "abcdefgh")
    n = draw(st.integers(1, 4))
    return seals.state(signer, kind, DB, run, n, draw(st.sampled_from([head(1), head(2)])))


@given(st.lists(statements(), max_size=8), st.lists(statements(), max_size=8))
def test_statements_join_to_the_same_in_any_order_and_however_often(
    one: list[Statement], other: list[Statement]
) -> None:
    joined = seals.join(one, other)
    assert joined == seals.join(other, one) == seals.join(joined, [*one, *other, *one])
    assert joined == seals.join(seals.join(one, ()), seals.join(other, ()))
    for statement in (*one, *other):
        same = [
            each
            for each in joined
            if (each.kind, each.run, each.by) == (statement.kind, statement.run, statement.by)
        ]
        assert max(each.n for each in same) >= statement.n


def test_two_copies_of_a_laptop_are_both_heard_until_the_hub_has_confirmed_more() -> None:
    one, other = (
        seals.state(DEVICE, "seal", DB, RUN, 3, head(1, 2, 3)),
        seals.state(DEVICE, "seal", DB, RUN, 2, head(2, 1)),
    )
    assert seals.join([one], [other]) == {one, other}
    receipt = seals.state(HUB, "receipt", DB, RUN, 2, head(2, 1))
    assert seals.join([one], [other, receipt]) == {one, receipt}


def test_seals_without_a_receipt_do_not_pile_up() -> None:
    many = [seals.state(DEVICE, "seal", DB, RUN, n, head(1)) for n in range(1, 40)]
    assert {each.n for each in seals.join(many, ())} == set(range(32, 40))
