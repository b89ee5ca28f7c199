"""What a telephone reads off a receipt is the page that answers, with number and code; nobody looks for the most even picture."""

from __future__ import annotations

import io
import random

import zxingcpp
from PIL import Image, ImageFilter

from schemas import numbers
from station import query
from tests.world import BEGIN, VILLAGE


def read(text: str, blur: float) -> str:
    """As printed by a poor printer and seen by a telephone's camera."""
    file = io.BytesIO()
    query.drawn(text).save(file, kind="png", scale=5, border=2)
    found = zxingcpp.read_barcode(Image.open(file).convert("L").filter(ImageFilter.GaussianBlur(blur)))
    return found.text if found else ""


def test_every_picture_can_be_read() -> None:
    draw = random.Random(1)
    for n in range(200):
        case_no = numbers.case_no(VILLAGE, BEGIN.date(), 1 + n)
        text = f"https://hub{n}.example.gov.cn:8443/query#{case_no}-{draw.randrange(10**6):06}"
        assert read(text, blur=n % 5 / 2) == text
