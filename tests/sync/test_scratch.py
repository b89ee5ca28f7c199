"""Temporary files: what was written is read back from anywhere, and nothing of it can be read from the disk."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import blobs
from sync.endpoint import asgi
from sync.scratch import Scratch, ScratchFile
from sync.store import Store
from tests.sync.test_asgi import serving, wait_for

CANARY = "李小兰510903199003070012".encode()
LARGE = CANARY * (4 * 1024 * 1024 // len(CANARY))


def temporary_files() -> dict[str, bytes]:
    """What lies in the files without a name that this process has open."""
    found = {}
    for fd in Path("/proc/self/fd").iterdir():
        try:
            if "(deleted)" in str(fd.readlink()):
                found[fd.name] = fd.read_bytes()
        except OSError:  # closed meanwhile
            continue
    return found


@pytest.fixture
def lying() -> Callable[[], dict[str, bytes]]:
    """The temporary files that were opened since."""
    if sys.platform != "linux":
        pytest.skip("looks into /proc")
    before = set(temporary_files())
    return lambda: {
        fd: data for fd, data in temporary_files().items() if fd not in before and len(data) > 100_000
    }


@given(
    pieces=st.lists(st.binary(max_size=300)),
    places=st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 500))),
)
def test_it_reads_as_a_file_in_memory_does(pieces: list[bytes], places: list[tuple[int, int]]) -> None:
    scratch, memory = Scratch(), io.BytesIO()
    for piece in pieces:
        scratch.append(piece)
        memory.write(piece)
    data = memory.getvalue()
    assert scratch.length == len(data)
    for at, size in places:
        assert scratch.read(at, size) == data[at : at + size]
    assert scratch.reader().read() == data
    scratch.close()


@given(lines=st.lists(st.binary(max_size=200)))
def test_as_a_file_it_is_written_and_read_line_by_line(lines: list[bytes]) -> None:
    with ScratchFile() as file:
        for line in lines:
            file.write(line + b"\n")
        assert file.tell() == sum(map(len, lines)) + len(lines)
        file.seek(0)
        assert list(io.BufferedReader(file)) == list(io.BytesIO(b"".join(line + b"\n" for line in lines)))


def test_one_may_read_while_another_appends() -> None:
    scratch = Scratch()
    piece = bytes(range(256)) * 7
    over = threading.Event()
    wrong: list[int] = []

    def read() -> None:
        while not over.is_set():
            end = scratch.length
            for at in range(0, end, 40_000):
                got = scratch.read(at, min(1000, end - at))
                if got != (piece * 2)[at % 256 : at % 256 + len(got)]:
                    wrong.append(at)

    reading = threading.Thread(target=read)
    reading.start()
    for _ in range(2000):
        scratch.append(piece)
    over.set()
    reading.join()
    assert not wrong
    assert scratch.read(0, scratch.length) == piece * 2000


def test_two_files_of_the_same_bytes_have_nothing_in_common(lying: Callable[[], dict[str, bytes]]) -> None:
    one, other = Scratch(), Scratch()
    for each in (one, other):
        each.append(bytes(200_000))
        each.read(0, 1)  # writes what is still buffered
    first, second = lying().values()
    assert len({first[at : at + 64] for at in range(0, 190_000, 64)}) > 2900, "no block twice in one file"
    assert not any(a == b for a, b in zip(_blocks(first), _blocks(second), strict=True))


def _blocks(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 64] for at in range(0, len(data), 64))


def test_a_received_file_lies_nowhere_to_be_read(lying: Callable[[], dict[str, bytes]]) -> None:
    file = blobs.Spooled(LARGE[at : at + 70_001] for at in range(0, len(LARGE), 70_001))
    assert b"".join(file.pieces()) == LARGE
    (on_disk,) = lying().values()
    assert len(on_disk) == len(LARGE)
    assert CANARY not in on_disk
    del file
    assert not lying(), "and is gone with its object"


@pytest.mark.parametrize("size", [0, 1, blobs.IN_MEMORY, blobs.IN_MEMORY + 1, blobs.PIECE * 9])
def test_a_received_file_of_any_size_is_read_as_often_as_one_likes(size: int) -> None:
    data = os.urandom(size)
    file = blobs.Spooled(data[at : at + 9_999] for at in range(0, size, 9_999))
    assert (file.length, b"".join(file.pieces()), b"".join(file.pieces())) == (size, data, data)


def test_a_large_body_and_its_answer_wait_where_nobody_can_read_them(
    store: Store, lying: Callable[[], dict[str, bytes]]
) -> None:
    app = flask.Flask("echo")
    arrived, go_on = threading.Event(), threading.Event()

    @app.route("/", methods=["POST"])
    def echo() -> Any:
        data = flask.request.get_data()
        arrived.set()
        go_on.wait(20)
        pieces = (data[at : at + asgi.PIECE] for at in range(0, len(data), asgi.PIECE))
        return flask.Response(pieces, headers={"Content-Length": str(len(data))})

    with serving(app, store) as (url, _):
        at = urlsplit(url)
        with socket.create_connection((at.hostname or "", at.port or 0)) as line:
            head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(LARGE)}\r\n\r\n".encode()
            line.sendall(head + LARGE)
            assert arrived.wait(20)
            (body,) = lying().values()
            assert len(body) > len(LARGE) - 200_000
            assert CANARY not in body
            go_on.set()
            # Nothing is taken from the line, so that the answer has to wait.
            wait_for(lambda: any(len(data) > 1024 * 1024 for data in lying().values()))
            assert all(CANARY not in data for data in lying().values())
            got = b""
            while not got.endswith(LARGE):
                got += (piece := line.recv(1024 * 1024))
                assert piece, "cut off"
