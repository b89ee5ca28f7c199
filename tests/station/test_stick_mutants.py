"""Files that were changed on their way: none of them is taken, each is named, and no good one is doubted.

Each run is a good file of a village for the hub, or of the hub for the village, changed in one way (flipped, cut, blocks left out, put
in another order, overwritten, put together of two, signed by somebody else, read again, read too late, another station's). What the
reader's store holds afterwards is what it held before, to the sequence. Good ones between are taken, whole and without a word.

BIANMIN_TEST_STICKS (default 200) says how many of each; the promise speaks of 10,000.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from station.stick import Foreign, NotForUs, Old, ReadBefore
from sync import strict_json
from sync.signing import Signer
from sync.stick import file as files
from sync.stick.file import Altered, BadStick, Cut, NoStick, TooNew
from tests.station.test_stick import put_file, read, written
from tests.test_journey import INSTANT, record
from tests.world import HUB, NEIGHBOUR, VILLAGE, World

COUNT = int(os.environ.get("BIANMIN_TEST_STICKS", "200"))
BLOCK = 64
STRANGER = Signer(b"?" * 32)


class Desk:
    """The writer and the reader of a run, and the files that were there before."""

    def __init__(self, city: World, at: str, to: str, draw: random.Random) -> None:
        self.city, self.at, self.to, self.draw = city, at, to, draw
        self.old = [written(city, at, to) for _ in range(3)]
        read(city, to, self.old[-1])
        self.good = written(city, at, to)
        self.other = written(city, at, to)
        self.neighbours = written(city, NEIGHBOUR, HUB)

    @property
    def head(self) -> int:
        """Where the sealed part begins."""
        return self.good.index(b"\n", 20) + 1

    def place(self) -> int:
        return self.draw.randrange(len(self.good))


Mutation = Callable[[Desk], tuple[bytes, tuple[type[BadStick], ...]]]
ANY = (Altered, NoStick, TooNew, Cut)


def flip(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    at = desk.place()
    data = desk.good[:at] + bytes([desk.good[at] ^ (1 << desk.draw.randrange(8))]) + desk.good[at + 1 :]
    return data, ANY if at < desk.head else (Altered,)


def truncate(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    return desk.good[: desk.place()], (Cut, NoStick)


def blocks(desk: Desk) -> list[bytes]:
    return [desk.good[at : at + BLOCK] for at in range(0, len(desk.good), BLOCK)]


def drop(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    cut = blocks(desk)
    del cut[desk.draw.randrange(len(cut))]
    return b"".join(cut), ANY


def reorder(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    cut = blocks(desk)
    a, b = desk.draw.sample(range(len(cut)), 2)
    cut[a], cut[b] = cut[b], cut[a]
    return b"".join(cut), ANY


def repeat(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    cut = blocks(desk)
    at = desk.draw.randrange(len(cut))
    return b"".join((*cut[:at], cut[at], *cut[at:])), ANY


def forget(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    """As a stick that keeps less than it says."""
    at = desk.place()
    return desk.good[:at] + bytes(len(desk.good) - at), ANY


def append(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    return desk.good + desk.draw.randbytes(desk.draw.randint(1, 300)), (Altered,)


def splice(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    """The beginning of one file, the end of another; often right at the seam."""
    at = desk.draw.choice([desk.head, desk.place()])
    return desk.good[:at] + desk.other[at:], ANY


def sign_again(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    """Somebody changes what it says and signs it with a key of their own."""
    said = strict_json.loads_object(desk.good[len("bianmin stick 1\n") : desk.head - 1])
    del said["sig"]
    if desk.draw.random() < 0.5:
        said["number"] += 1
    head = b"bianmin stick 1\n%b\n" % strict_json.canonical(STRANGER.signed(files.PURPOSE, said))
    return head + desk.good[desk.head :], (Foreign,)


def replay(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    return desk.old[-1], (ReadBefore,)


def too_late(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    return desk.draw.choice(desk.old[:-1]), (Old,)


def anothers(desk: Desk) -> tuple[bytes, tuple[type[BadStick], ...]]:
    """Another station's, as it is; or its sealed part under our head."""
    if desk.to != HUB:
        return desk.neighbours, (NotForUs,)
    cut = desk.neighbours.index(b"\n", 20) + 1
    return desk.good[: desk.head] + desk.neighbours[cut:], (Altered, Cut)


MUTATIONS: tuple[Mutation, ...] = (
    flip, truncate, drop, reorder, repeat, forget, append, splice, sign_again, replay, too_late, anothers,
)  # fmt: skip


@pytest.mark.timeout(max(120, COUNT))
@pytest.mark.parametrize("way", [(VILLAGE, HUB), (HUB, VILLAGE)], ids=["up", "down"])
def test_no_file_that_was_changed_is_taken_and_no_good_one_is_doubted(
    city: World, way: tuple[str, str]
) -> None:
    draw = random.Random(int(os.environ.get("BIANMIN_TEST_SEED", "7")))
    at, to = way
    record(city, INSTANT)
    put_file(city, VILLAGE, draw.randbytes(4000))
    city.sync(VILLAGE)
    store = city[to].parts.store
    here = store.database("here")
    mutants = good = 0
    while mutants < COUNT // 2:
        put_file(city, at, draw.randbytes(600))  # something new to carry each time
        desk = Desk(city, at, to, draw)
        for change in MUTATIONS:
            data, expected = change(desk)
            if data in (desk.good, desk.other):
                continue  # two equal blocks changed places, or both files begin alike
            before = (store.update_seq, here.local_documents("stick:"))
            with pytest.raises(expected) as found:
                read(city, to, data)
            assert type(found.value) in expected, change.__name__
            assert (store.update_seq, here.local_documents("stick:")) == before, change.__name__
            mutants += 1
        report = read(city, to, desk.good)
        assert report.refused == []
        read(city, at, written(city, to, at))  # an answer, so that files don't grow
        good += 1
    while good < COUNT // 2:
        fresh = put_file(city, at, draw.randbytes(600))
        report = read(city, to, written(city, at, to))
        assert (report.refused, report.new) == ([], len(fresh))
        good += 1
        if good % 10 == 0:
            read(city, at, written(city, to, at))
    assert mutants >= COUNT // 2
    assert good >= COUNT // 2
