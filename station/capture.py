"""Takes in a scan or a photo. What a file is, its first bytes say and not its name; an image becomes a JPEG that stands upright, is
reduced, and tells nothing of where, when and with what it was taken; a PDF stays as it is.

    bytes ─> which of the four? ─> bounds ─> decode ─> turn ─> flatten ─> reduce ─> is it legible? ─> encode

These are bytes from anywhere: four formats and no other are opened, one image at a time, bounded in bytes and pixels. What can't
be taken is refused in words; what may be hard to read is taken, with a warning. Keeps nothing.
"""

from __future__ import annotations

import io
import threading
import unicodedata
from pathlib import PurePosixPath
from typing import IO, Final

from PIL import Image, ImageFilter, ImageOps, ImageStat

from schemas.lifecycle.forms import FILE_BYTES
from schemas.problems import N_, DomainError, Problem
from station.files import Scan, type_of

MB: Final = 1024 * 1024
IMAGE_BYTES: Final = 20 * MB  # as it comes from a camera; what is kept is far smaller
# A page of A4 at 600 dots an inch has 35 million; a JPEG, which a telephone makes larger, is decoded no larger than it is needed.
PIXELS: Final = {"image/jpeg": 64_000_000, "image/png": 40_000_000, "image/webp": 40_000_000}
SHORT_EDGE: Final = 800  # pixels; half a millimetre of an A4 page is then two of them
LOOKED_AT: Final = 1000  # longest edge of what sharpness is measured on, so that one threshold fits all
# Least variance of the Laplacian in the sharpest part of a page. Measured on made pages with a camera's noise: 120 … 480 where
# they are sharp, 17 in pale grey on grey, 8 … 14 where a stroke is blurred over its own width, 6 from noise alone.
SHARP: Final = 15.0
PARTS: Final = 6  # rows and columns of a page that are looked at one by one
FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
SUFFIXES: Final = {"image/jpeg": ".jpg", "application/pdf": ".pdf"}
NAME: Final = 100  # characters
LARGE: Final = N_("“{name}”超过 {max} MB。请降低扫描或拍照的分辨率，或者分成几个文件")

# What is opened is bounded here, before anything is decoded; Pillow's own warning knows other numbers.
Image.MAX_IMAGE_PIXELS = None
_LAPLACIAN: Final = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
_one_at_a_time = threading.Lock()


def capture(
    file: IO[bytes], name: str, material: int, *, edge: int, quality: int, keep: bool = False
) -> Scan:
    """The file as it is to be kept; DomainError says what to do instead. `edge`: pixels of the longest one, 0 leaves it as it
    is; `quality`: of the JPEG, 1 … 95; `keep`: with what it was made of."""
    data = file.read(IMAGE_BYTES + 1)
    found = type_of(data)
    kept_as = {"application/pdf": "application/pdf", "": ""}.get(found, "image/jpeg")
    shown = clean_name(name, kept_as)
    if not data:
        raise _refused("file_empty", N_("“{name}”是空文件，请重新选择"), shown)
    if not found:
        raise _refused(
            "file_kind",
            N_("“{name}”不是能收的文件。请拍照，或者扫描成 JPEG、PNG、WebP 图片或 PDF 文件"),
            shown,
        )
    if len(data) > (most := FILE_BYTES if found == kept_as == "application/pdf" else IMAGE_BYTES):
        raise _refused("file_large", LARGE, shown, max=most // MB)
    if found == "application/pdf":
        if b"%%EOF" not in data[-2048:]:
            raise _broken(shown)
        return Scan(material, shown, kept_as, data)
    with _one_at_a_time:
        image, doubts = _decoded(data, found, shown, edge)
        made = io.BytesIO()
        image.save(made, "JPEG", quality=quality, optimize=True)
    if made.tell() > FILE_BYTES:
        raise _refused("file_large", LARGE, shown, max=FILE_BYTES // MB)
    return Scan(material, shown, kept_as, made.getvalue(), doubts, data if keep else None)


def clean_name(name: str, media_type: str) -> str:
    """What a file is called: without folders, without characters that can't be seen or turn a line around, and with the ending
    of what it is."""
    last = PurePosixPath(unicodedata.normalize("NFC", name[-1000:]).replace("\\", "/")).name
    seen = "".join(each for each in last if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    suffix = SUFFIXES.get(media_type)
    if suffix is None:
        return seen.strip(" .")[:NAME] or "?"
    return (PurePosixPath(seen).stem.strip(" .")[:NAME] or "scan") + suffix


def _decoded(data: bytes, media_type: str, shown: str, edge: int) -> tuple[Image.Image, tuple[str, ...]]:
    """The image as it is to be kept, and what is doubtful about it."""
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=(FORMATS[media_type],))
        width, height = image.size
    except Exception as error:  # whatever a codec raises at bytes from anywhere: it can't be read
        raise _broken(shown) from error
    if width * height > (most := PIXELS[media_type]):
        raise _refused(
            "file_pixels",
            N_("“{name}”有 {n} 万像素，最多 {max} 万。请降低扫描或拍照的分辨率"),
            shown, n=width * height // 10_000, max=most // 10_000,
        )  # fmt: skip
    try:
        if edge:
            image.draft(None, (edge, edge))
        image.load()
        if edge and image.mode in ("RGB", "RGBA", "CMYK", "L"):  # before anything makes a copy of it
            image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        flat = _flat(ImageOps.exif_transpose(image))
    except Exception as error:
        raise _broken(shown) from error
    if edge:
        flat.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    flat.info.clear()  # comments and the like, which would be written again
    small = ("small",) * (min(width, height) < SHORT_EDGE)
    return flat, (*small, *(("blurred",) * (sharpness(flat) < SHARP)))


def _flat(image: Image.Image) -> Image.Image:
    """In grey or in colours, on white."""
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        over = image.convert("RGBA")
        page = Image.new("RGB", over.size, "white")
        page.paste(over, mask=over.getchannel("A"))
        return page
    if image.mode.startswith("I"):  # 16 bits
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def sharpness(image: Image.Image) -> float:
    """The variance of the Laplacian in the part of the page where it is greatest: a page may be blank for the most part."""
    grey = image.convert("L")
    grey.thumbnail((LOOKED_AT, LOOKED_AT))
    edges = grey.filter(ImageFilter.GaussianBlur(1)).filter(_LAPLACIAN)  # noise is no edge
    width, height = edges.size
    boxes = [
        (width * x // PARTS, height * y // PARTS, width * (x + 1) // PARTS, height * (y + 1) // PARTS)
        for x in range(PARTS)
        for y in range(PARTS)
    ]
    # The frame is left out: where the filter does not reach, the image itself shows through.
    inner = [
        (max(left, 2), max(top, 2), min(right, width - 2), min(low, height - 2))
        for left, top, right, low in boxes
    ]
    return max(
        (
            float(ImageStat.Stat(edges.crop(box)).var[0])
            for box in inner
            if box[0] < box[2] and box[1] < box[3]
        ),
        default=0.0,
    )


def _refused(code: str, text: str, name: str, **params: object) -> DomainError:
    return DomainError(Problem(code, text, {"name": name, **params}))


def _broken(name: str) -> DomainError:
    return _refused("file_broken", N_("“{name}”不完整或者已损坏，打不开。请重新拍照或扫描"), name)
