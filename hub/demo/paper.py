"""Invented papers as a telephone photographs them: lines of an applicant's own words, on a page that is nobody's."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw, ImageFont


def photographed(seed: int) -> bytes:
    """A JPEG of a page; another one for another seed."""
    chance = random.Random(seed)  # noqa: S311 - invented papers, not secrets
    page = Image.new("RGB", (900, 1270), (238, 236, 228))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(24)
    for top in range(80, 1200, 44):
        words = " ".join("".join(chance.choices("0123456789", k=chance.randrange(2, 9))) for _ in range(9))
        draw.text((70, top), words, fill=(40, 36, 48), font=font)
    made = io.BytesIO()
    page.save(made, "JPEG", quality=70)
    return made.getvalue()
