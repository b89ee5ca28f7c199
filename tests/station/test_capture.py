"""What becomes of a photo or a scan when it is taken in, and what is refused, and in which words."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from schemas.lifecycle.forms import FILE_BYTES
from schemas.problems import DomainError
from station import capture as capturing
from station.capture import MB, capture, clean_name
from station.files import Scan
from tests import scans
from tests.payloads import PAYLOADS


def taken(data: bytes, name: str = "身份证.jpg", edge: int = 2000, keep: bool = False) -> Scan:
    return capture(io.BytesIO(data), name, 1, edge=edge, quality=80, keep=keep)


def refused(data: bytes, name: str = "身份证.jpg") -> str:
    with pytest.raises(DomainError) as raised:
        taken(data, name)
    return str(raised.value)


def image(scan: Scan) -> Image.Image:
    found = Image.open(io.BytesIO(scan.data))
    found.load()
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_image_is_reduced_and_tells_nothing_of_where_it_was_taken(kind: str) -> None:
    data = scans.photo(kind, width=3000, height=4000)
    if kind == "JPEG":
        assert scans.PLACE.encode() in data
    scan = taken(data, f"张三.{kind.lower()}")
    found = image(scan)
    assert (scan.name, scan.media_type, scan.quality) == ("张三.jpg", "image/jpeg", ())
    assert (found.format, found.size) == ("JPEG", (1500, 2000))
    assert not found.getexif()
    assert not {"exif", "comment", "xmp", "icc_profile"} & found.info.keys()
    assert scans.PLACE.encode() not in scan.data
    assert len(scan.data) < len(data)


def test_the_same_photo_becomes_the_same_bytes() -> None:
    assert taken(scans.photo()).data == taken(scans.photo()).data


def test_a_photo_taken_with_the_camera_on_its_side_stands_upright() -> None:
    upright, turned = image(taken(scans.photo())), image(taken(scans.photo(turned=True)))
    assert turned.size == upright.size == (1240, 1754)
    difference = zip(upright.convert("L").tobytes(), turned.convert("L").tobytes(), strict=True)
    assert sum(abs(a - b) for a, b in difference) / (1240 * 1754) < 3


def test_edge_0_keeps_the_size_and_tells_nothing_all_the_same() -> None:
    scan = taken(scans.photo(width=2600, height=3000), edge=0)
    assert image(scan).size == (2600, 3000)
    assert scans.PLACE.encode() not in scan.data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_whatever_colours_it_has_it_is_a_page_on_white(mode: str) -> None:
    made = io.BytesIO()
    if mode == "I;16":
        drawn = Image.frombytes("I;16", (900, 900), struct.pack("<H", 0xF000) * 810_000)
    elif mode in ("LA", "RGBA"):
        drawn = Image.new(mode, (900, 900))  # wholly transparent
    else:
        drawn = Image.new("RGB", (900, 900), "white").convert(mode)
    drawn.save(made, "JPEG" if mode == "CMYK" else "PNG")
    found = image(taken(made.getvalue()))
    assert found.mode in ("L", "RGB")
    assert found.convert("L").getpixel((450, 450)) > 230


def test_a_pdf_stays_as_it_is() -> None:
    data = scans.pdf(50_000)
    assert taken(data, "合同.PDF", keep=True) == Scan(1, "合同.pdf", "application/pdf", data)


def test_the_photo_as_it_came_is_kept_where_that_is_wanted() -> None:
    data = scans.photo()
    assert taken(data).original is None
    assert taken(data, keep=True).original == data


@pytest.mark.parametrize(
    ("how", "quality"),
    [
        ({}, ()),
        ({"width": 600, "height": 900}, ("small",)),
        ({"blur": 12}, ("blurred",)),
        ({"width": 600, "height": 900, "blur": 8}, ("small", "blurred")),
    ],
)
def test_what_may_be_hard_to_read_is_taken_with_a_warning(
    how: dict[str, float], quality: tuple[str, ...]
) -> None:
    assert taken(scans.photo(**how)).quality == quality


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.jpg", "“a.jpg”是空文件"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "“a.svg”不是能收的文件"),
        (b"<html><script>alert(1)</script>", "a.jpg", "不是能收的文件"),
        (b"PK\x03\x04 a spreadsheet", "表.xlsx", "“表.xlsx”不是能收的文件"),
        (b"GIF89a", "a.gif", "不是能收的文件"),
        (b"II*\x00 a TIFF", "a.tif", "不是能收的文件"),
        (b"\xff\xd8\xff\xe0 not really", "a.jpg", "不完整或者已损坏"),
        (b"%PDF-1.7 and no end", "a.pdf", "不完整或者已损坏"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a.webp", "不完整或者已损坏"),
        (scans.photo()[:20_000], "a.jpg", "不完整或者已损坏"),
        (scans.photo("PNG")[:20_000], "a.png", "不完整或者已损坏"),
        (b"\xff\xd8\xff" + bytes(20 * MB), "a.jpg", "“a.jpg”超过 20 MB"),
        (b"%PDF-" + bytes(FILE_BYTES) + b"%%EOF", "a.pdf", "“a.pdf”超过 10 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cant_be_taken_is_refused_in_words(data: bytes, name: str, said: str) -> None:
    assert said in refused(data, name)


def bomb(side: int) -> bytes:
    """A few kilobytes of PNG that say they are an image of side × side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8_001, 30_000, 2**31 - 1])
def test_an_image_that_would_fill_the_memory_is_not_decoded(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("decoded"))
    assert f"有 {side * side // 10_000} 万像素" in refused(bomb(side))


@given(st.binary(max_size=300), st.sampled_from(["image/jpeg", "image/png", "image/webp"]))
def test_bytes_from_anywhere_are_an_image_or_refused(data: bytes, kind: str) -> None:
    head = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "image/webp": b"RIFF    WEBP"}
    try:
        taken(head[kind] + data)
    except DomainError as error:
        assert error.problem.code in ("file_broken", "file_pixels")


@given(st.data())
def test_a_damaged_photo_is_an_image_or_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))
    made = bytearray(scans.photo(kind, width=200, height=200))
    for _ in range(data.draw(st.integers(1, 5))):
        made[data.draw(st.integers(12, len(made) - 1))] = data.draw(st.integers(0, 255))
    try:
        taken(bytes(made))
    except DomainError as error:
        assert error.problem.code in ("file_broken", "file_pixels", "file_kind")


HOSTILE = [
    "../../etc/passwd", "..\\..\\windows\\win.ini", "CON", "a\x00b.jpg", "a\r\nSet-Cookie: x=1.jpg", "scan\u202egpj.exe",
    "长" * 300 + ".jpg", ".", "..", "", " ", "a/b/c.png", "C:\\Users\\赵小明\\扫描.PNG", "\u2028.jpg", *PAYLOADS,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_becomes_a_plain_one(name: str) -> None:
    found = clean_name(name, "image/jpeg")
    assert found.endswith(".jpg")
    assert len(found) > 4
    assert len(found) <= 120
    assert not set(found) & set("/\\\r\n\x00\u202e\u2028")
    assert found == found.strip()


def test_names_keep_what_they_say() -> None:
    assert clean_name("C:\\Users\\王芳\\扫描 2018.02.PNG", "image/jpeg") == "扫描 2018.02.jpg"
    assert clean_name("㐂𠮷.jpeg", "image/jpeg") == "㐂𠮷.jpg"
    assert clean_name("", "application/pdf") == "scan.pdf"


def test_only_the_formats_that_are_taken_are_opened() -> None:
    assert set(capturing.FORMATS.values()) == {"JPEG", "PNG", "WEBP"}
    assert features.check("webp"), "the wheel has it"
