"""How a person's name may be typed by its initials: 曾小明 → zxm or cxm, for a character may be read in several ways.

With which letters each character begins is shipped (data/initials.csv, written by `make pinyin`). Knows no person.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from schemas.finding import plain
from schemas.shipped import rows

MOST: Final = 16
"""Ways to type one name that are told."""


def initials(name: str) -> tuple[str, ...]:
    """All ways to type a name by initials, at most `MOST`; letters and digits stand for themselves."""
    ways = [""]
    for each in plain(name):
        letters = _letters().get(each) or each
        if len(ways) * len(letters) > MOST:
            letters = letters[:1]
        ways = [way + letter for way in ways for letter in letters]
    return tuple(filter(None, ways))


@cache
def _letters() -> dict[str, str]:
    letters: dict[str, str] = {}
    for row in rows("initials"):
        for character in row["characters"]:
            letters[character] = letters.get(character, "") + row["letter"]
    return letters
