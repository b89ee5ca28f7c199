"""The form of a stick's file: what was written comes out, for its reader alone, and anything else is named for what it is."""

from __future__ import annotations

import io
import random
import resource
import tempfile
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import strict_json
from sync.errors import DiskFull, StoreClosed
from sync.signing import Signer
from sync.stick import file as files
from sync.stick.file import Altered, Cut, Envelope, NoStick, Stick, TooNew
from tests.sync.test_scratch import CANARY, LARGE, lying  # noqa: F401  # a fixture

WRITER, READER, OTHER = (Signer(bytes([n]) * 32) for n in (1, 2, 3))
ENVELOPE = Envelope(
    "510903001001", "510900000000", (READER.public,), "a" * 16, "b" * 16, 7, "2018-02-09T09:00:00+08:00"
)
FRAMES = [b"first", b"second" * 1000, bytes(range(256)) * 300]


def sealed(frames: Iterable[bytes] = FRAMES, envelope: Envelope = ENVELOPE) -> Stick:
    return files.seal(frames, envelope, WRITER)


def written(stick: Stick) -> bytes:
    return b"".join(stick.pieces())


def taken(data: bytes, reader: Signer = READER) -> list[bytes]:
    file = files.kept(io.BytesIO(data))
    header = files.read_head(file)
    files.check_whole(file, header)
    return list(files.frames(files.opened(file, reader)))


GOOD = written(sealed())
HEAD = GOOD.index(b"\n", 20) + 1


@given(st.lists(st.binary(min_size=1, max_size=2000), max_size=20))
def test_what_was_written_comes_out(frames: list[bytes]) -> None:
    assert taken(written(sealed(frames))) == frames


def test_a_file_says_who_wrote_it_for_whom_and_which_it_is() -> None:
    header = files.read_head(io.BytesIO(GOOD))
    assert header[:7] == (*ENVELOPE[:7],)
    assert (header.by, header.size) == (WRITER.public, len(GOOD) - HEAD)


def test_its_name_is_one_that_every_stick_can_keep() -> None:
    assert sealed().name == "bianmin-510903001001-510900000000-0007.bianmin"


def test_only_its_reader_can_open_it_and_what_is_in_it_is_not_seen() -> None:
    data = written(sealed([b"canary" * 100]))
    assert b"canary" not in data
    with pytest.raises(Altered):
        taken(data, OTHER)
    with pytest.raises(Altered):
        taken(data, WRITER)


def test_wherever_it_was_cut_off_it_is_not_taken() -> None:
    for length in (*range(0, len(GOOD), 64), HEAD - 1, HEAD, HEAD + 1, len(GOOD) - 1):
        with pytest.raises(NoStick if length < len("bianmin stick 1\n") else Cut):
            taken(GOOD[:length])


def test_wherever_a_bit_is_wrong_it_is_not_taken() -> None:
    for at in (*range(0, len(GOOD), 64), *range(HEAD)):
        data = GOOD[:at] + bytes([GOOD[at] ^ (1 << at % 8)]) + GOOD[at + 1 :]
        with pytest.raises(Altered if at >= HEAD else (Altered, NoStick, TooNew, Cut)):
            taken(data)


def test_a_stick_that_keeps_less_than_it_says_gives_back_zeros_and_is_found_out() -> None:
    with pytest.raises(Altered):
        taken(GOOD[:-500] + bytes(500))
    with pytest.raises(Altered):
        taken(GOOD[:HEAD] + bytes(len(GOOD) - HEAD))


@pytest.mark.parametrize("more", [b"\0", b"x" * 1000, GOOD])
def test_what_follows_the_end_is_seen(more: bytes) -> None:
    with pytest.raises(Altered):
        taken(GOOD + more)


def test_other_files_are_told_apart_from_bad_ones() -> None:
    for data in (b"", b"PK\x03\x04", b"bianmin", b"bianmin stick x\n", "便民".encode(), bytes(5000)):
        with pytest.raises(NoStick) as found:
            taken(data)
    assert found.value.reason == "This is not a file of bianmin's."
    with pytest.raises(TooNew) as newer:
        taken(GOOD.replace(b"stick 1\n", b"stick 2\n", 1))
    assert "newer version" in newer.value.reason


def test_a_head_that_its_writer_did_not_sign_as_it_stands_is_refused() -> None:
    line = GOOD[GOOD.index(b"\n") + 1 : HEAD - 1]
    said = strict_json.loads_object(line)
    for changed in (
        {**said, "to": "510903001002"},
        {**said, "number": 8},
        {**said, "by": OTHER.public},
        {**said, "_rev": "1-a"},  # a signature of a document says nothing of its revision
        {**said, "more": 1},
        {**said, "size": str(said["size"])},
        {name: value for name, value in said.items() if name != "era"},
    ):
        with pytest.raises(Altered):
            taken(b"bianmin stick 1\n" + strict_json.canonical(changed) + b"\n" + GOOD[HEAD:])
    with pytest.raises(Altered):  # the same value, written another way
        taken(b"bianmin stick 1\n" + line.replace(b",", b", ", 1) + b"\n" + GOOD[HEAD:])


def test_the_sealed_part_of_one_file_does_not_go_under_the_head_of_another() -> None:
    other = written(sealed([b"another"], ENVELOPE._replace(number=8)))
    cut = other.index(b"\n", 20) + 1
    for data in (GOOD[:HEAD] + other[cut:], other[:cut] + GOOD[HEAD:]):
        with pytest.raises((Altered, Cut)):
            taken(data)


def test_frames_that_run_over_the_end_are_none() -> None:
    class Lying(bytes):
        def __len__(self) -> int:
            return 5000

    with pytest.raises(Altered):
        taken(written(sealed([Lying(b"short")])))


def test_a_large_file_is_never_in_memory_whole() -> None:
    draw = random.Random(1)
    size, count = 512 * 1024, 40
    tracemalloc.start()
    try:
        stick = sealed(draw.randbytes(size) for _ in range(count))
        with tempfile.TemporaryFile() as file:
            file.writelines(stick.pieces())
            file.seek(0)
            whole = files.kept(file)
        header = files.read_head(whole)
        files.check_whole(whole, header)
        assert sum(map(len, files.frames(files.opened(whole, READER)))) == size * count
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 6 * 1024 * 1024


def test_what_goes_wrong_while_it_is_written_comes_out_as_it_was() -> None:
    def broken() -> Iterator[bytes]:
        yield b"first"
        raise StoreClosed("The store is closed.")

    with pytest.raises(StoreClosed, match="The store is closed"):
        sealed(broken())


def test_a_stick_that_can_not_be_read_to_its_end_is_named_so() -> None:
    class Bad(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(1000)

    with pytest.raises(Cut, match="can't be read to its end"):
        files.kept(Bad(GOOD))


def test_a_full_disk_for_temporary_files_is_not_told_as_a_bad_stick() -> None:
    file = files.kept(io.BytesIO(GOOD))
    header = files.read_head(file)
    with room(1000):
        for act in (
            lambda: sealed([bytes(100_000)]),
            lambda: files.kept(io.BytesIO(GOOD)),
            lambda: files.opened(file, READER),
        ):
            with pytest.raises(DiskFull):
                act()
    assert header.size > 1000


@contextmanager
def room(length: int) -> Iterator[None]:
    """Files get no longer than that: what a full disk does to a writer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_nothing_that_is_in_a_file_can_be_read_from_a_temporary_one(
    lying: Callable[[], dict[str, bytes]],  # noqa: F811
) -> None:
    stick = sealed([LARGE])
    file = files.kept(io.BytesIO(written(stick)))
    header = files.read_head(file)
    files.check_whole(file, header)
    plain = files.opened(file, READER)
    assert list(files.frames(plain)) == [LARGE]
    assert len(lying()) == 3
    assert not any(CANARY in data for data in lying().values())
