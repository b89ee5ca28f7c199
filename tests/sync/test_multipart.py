"""Documents with their files as multipart: what is written is what is read, however the bytes are cut on the way."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import blobs, multipart, strict_json, wire
from sync.errors import BadRequest, SyncError, TooLarge
from sync.peer import Attachment, Revision

NAMES = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x20FFF, exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=20,
)
FILES = st.dictionaries(
    NAMES,
    st.one_of(
        st.binary(max_size=200),
        st.sampled_from([b"", b"\r\n", b"--", b"\r\n--", b"\r\n--x--\r\n", b"\r" * 99]),
    ),
    max_size=4,
)
BODIES = st.dictionaries(
    st.sampled_from(["n", "名称", "a b"]), st.integers(-9, 9) | st.text(max_size=9), max_size=3
)


def a_revision(files: dict[str, bytes], body: dict[str, Any], id: str = "a") -> Revision:
    attachments = {
        name: Attachment("text/plain", blobs.digests(data).md5, len(data), 2, data)
        for name, data in files.items()
    }
    return Revision(id, ("2-b", "1-a"), False, strict_json.dumps(body), attachments)


def cut(data: bytes, at: Iterable[int]) -> Iterator[bytes]:
    places = sorted({place % (len(data) + 1) for place in at} | {0, len(data)})
    return (data[start:stop] for start, stop in pairwise(places))


def told(revision: Revision) -> Any:
    """What must be the same at the other end."""
    files = {
        name: (a.content_type, a.digest, blobs.whole(a.data or b""))
        for name, a in revision.attachments.items()
    }
    return revision.id, revision.path, revision.deleted, revision.body, files


@given(FILES, BODIES, st.lists(st.integers(0, 5000), max_size=12))
def test_what_is_written_is_read(files: dict[str, bytes], body: dict[str, Any], places: list[int]) -> None:
    revision = a_revision(files, body)
    written = multipart.related(revision)
    data = b"".join(written.pieces)
    assert len(data) == written.length
    assert told(wire.unsplice(multipart.read_related(cut(data, places), written.content_type))) == told(
        revision
    )


@given(st.lists(st.tuples(FILES, BODIES), max_size=4), st.lists(st.integers(0, 9000), max_size=12))
def test_several_written_are_several_read(
    some: list[tuple[dict[str, bytes], dict[str, Any]]], places: list[int]
) -> None:
    revisions = [a_revision(*one, id=f"doc-{n}") for n, one in enumerate(some)]
    content_type, pieces = multipart.mixed([*revisions, {"missing": "9-x"}])
    found, errors = [], []
    boundary = multipart.boundary_of(content_type)
    for part in multipart.parts(cut(b"".join(pieces), places), boundary):
        if part.is_error:
            errors.append(multipart.read_json(part))
        elif part.content_type.startswith("multipart/related"):
            found.append(wire.unsplice(multipart.read_related(part.pieces, part.content_type)))
        else:
            found.append(wire.unsplice(multipart.read_json(part)))
    assert [told(one) for one in found] == [told(one) for one in revisions]
    assert errors == [{"missing": "9-x"}]


@given(FILES, st.integers(0, 5000), st.binary(max_size=3))
def test_whatever_is_cut_or_changed_is_read_or_refused(
    files: dict[str, bytes], at: int, other: bytes
) -> None:
    written = multipart.related(a_revision(files, {"n": 1}))
    data = b"".join(written.pieces)
    at %= len(data)
    for broken in (data[:at], data[:at] + other + data[at + 1 :]):
        try:
            multipart.read_related([broken], written.content_type)
        except SyncError as error:
            assert error.status in (400, 413)


def test_a_part_that_is_not_read_is_passed_over() -> None:
    content_type, pieces = multipart.mixed([a_revision({}, {"n": n}, f"{n}") for n in range(5)])
    seen = [part.content_type for part in multipart.parts(pieces, multipart.boundary_of(content_type))]
    assert seen == ["application/json"] * 5


def test_a_name_or_type_cannot_end_its_header() -> None:
    revision = Revision(
        "a",
        ("1-a",),
        False,
        b"{}",
        {'"\\;x="': Attachment("text/plain\r\nX: y", blobs.digests(b"1").md5, 1, 1, b"1")},
    )
    written = multipart.related(revision)
    doc = multipart.read_related(written.pieces, written.content_type)
    assert blobs.whole(doc["_attachments"]['"\\;x="']["data"]) == b"1"


# -- packed files ---------------------------------------------------------------------------------------------------------


def md5(data: bytes) -> str:
    return "md5-" + base64.b64encode(hashlib.md5(data).digest()).decode()


def test_a_packed_file_is_checked_packed_and_kept_unpacked() -> None:
    packed = gzip.compress(b"text" * 999)
    member = {"encoding": "gzip", "digest": md5(packed), "encoded_length": len(packed), "length": 4 * 999}
    assert blobs.whole(multipart.receive([packed], dict(member))) == b"text" * 999
    for lie in ({"digest": md5(b"text" * 999)}, {"encoded_length": 9}, {"encoding": "br"}):
        with pytest.raises(BadRequest):
            multipart.receive([packed], {**member, **lie})


def test_files_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    written = multipart.related(a_revision({"1": b"x" * 600, "2": b"y" * 600}, {}))
    data = b"".join(written.pieces)
    multipart.read_related([data], written.content_type)
    monkeypatch.setattr(multipart, "MAX_FILE", 1000)
    with pytest.raises(TooLarge):
        multipart.read_related([data], written.content_type)


def test_unpacking_stops_at_its_bound_and_at_the_end() -> None:
    packed = gzip.compress(b"x" * 10_000)
    assert b"".join(multipart.unpacked(cut(packed, range(0, 99, 3)), 10_000)) == b"x" * 10_000
    with pytest.raises(TooLarge):
        list(multipart.unpacked([packed], 9_999))
    for broken in (packed[:-1], packed + b"x", b"x" + packed, b""):
        with pytest.raises(BadRequest):
            list(multipart.unpacked([broken]))
    with pytest.raises(BadRequest):
        list(multipart.unpacked([packed, b"x"]))


@pytest.mark.parametrize(
    "kind", ["multipart/related", "multipart/related; boundary=", "multipart/related; boundary=é"]
)
def test_a_body_without_a_boundary_is_refused(kind: str) -> None:
    with pytest.raises(BadRequest):
        multipart.boundary_of(kind)
