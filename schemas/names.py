"""How a person's name may be typed by its initials or its sound: 曾小明 → zxm or cxm, for a character may be read in several ways.

With which letters each character begins, and how it is read, is shipped (data/initials.csv, syllables.csv, written by `make pinyin`).
Knows no person.
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


def readings(name: str) -> tuple[str, ...]:
    """All ways to type a name by its sound, at most `MOST`: 曾小明 → zengxiaoming, cengxiaoming; as `initials` otherwise."""
    ways = [""]
    for each in plain(name):
        said = _syllables().get(each) or (each,)
        if len(ways) * len(said) > MOST:
            said = said[:1]
        ways = [way + one for way in ways for one in said]
    return tuple(filter(None, ways))


def syllables(text: str) -> tuple[str, ...]:
    """How each character is usually read; what is none stands for itself."""
    return tuple((_syllables().get(each) or (each,))[0] for each in plain(text))


@cache
def _syllables() -> dict[str, tuple[str, ...]]:
    """How each character is read, the usual way first."""
    found: dict[str, tuple[str, ...]] = {}
    for column in ("usual", "also"):
        for row in rows("syllables"):
            for character in row[column]:
                found[character] = (*found.get(character, ()), row["syllable"])
    return found


@cache
def _letters() -> dict[str, str]:
    letters: dict[str, str] = {}
    for row in rows("initials"):
        for character in row["characters"]:
            letters[character] = letters.get(character, "") + row["letter"]
    return letters
