"""Scans for tests, made here: pages of writing as a camera or a scanner gives them, and small PDFs. Nobody's documents."""

from __future__ import annotations

import io
import random
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

PLACE = "taken at 30.53N 105.57E by Xiaoming"


def page(width: int = 1240, height: int = 1754, *, seed: int = 1, blur: float = 0) -> Image.Image:
    """A page of lines of digits."""
    image = Image.new("RGB", (width, height), (236, 234, 226))
    draw, dice = ImageDraw.Draw(image), random.Random(seed)
    size = max(10, width // 50)
    font = ImageFont.load_default(size)
    for top in range(size, height - 2 * size, 2 * size):
        draw.text((size, top), "".join(dice.choices("0123456789 ", k=60)), fill=(35, 30, 40), font=font)
    return image.filter(ImageFilter.GaussianBlur(blur)) if blur else image


def photo(kind: str = "JPEG", **how: Any) -> bytes:
    """A photo of such a page that tells where it was taken; `turned`: with the camera on its side."""
    turned = how.pop("turned", False)
    image = page(**how)
    exif = Image.Exif()
    exif[0x010E] = PLACE
    exif[0x8825] = {1: "N", 2: (30.0, 31.0, 48.0), 3: "E", 4: (105.0, 34.0, 12.0)}
    if turned:
        exif[0x0112] = 6
        image = image.transpose(Image.Transpose.ROTATE_90)
    made = io.BytesIO()
    image.save(made, kind, exif=exif, **({"comment": PLACE} if kind == "JPEG" else {}))
    return made.getvalue()


def pdf(size: int = 1000, *, seed: int = 1) -> bytes:
    """A PDF of about that many bytes, of one page that says hello; what fills it is noise that no line packs."""
    noise = random.Random(seed).randbytes(max(0, size - 400)).replace(b"endstream", b"endstreaM")
    return (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        b"4 0 obj<</Length 40>>stream\nBT /F1 24 Tf 50 150 Td (Hello) Tj ET     \nendstream endobj\n"
        b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n6 0 obj<</Length %d>>stream\n"
        % len(noise)
        + noise
        + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )
