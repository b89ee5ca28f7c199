"""Numbers printed on official papers (文号, domain.md §2.2), given out without a network.

    (船001012)受字〔2018〕第00001号
     │ │      │    │       └ serial of this station, word and year, from the caller's counter
     │ │      │    └ year     └ what the paper is: data/document_words.csv
     │ └ the station below its district: nothing for the bureau or hub, 3 digits a township, 6 a village
     └ the district: data/abbreviations.csv

A bare abbreviation, as bureaus have always written it, would make two villages of a district give out the same
number while neither can hear of the other. The digits are those of the station's own code, so a number leads
back to its station, and no list of short names need be kept unique.

Draws no serial itself: the same serial for the same station, word and year is the same number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from schemas.problems import N_, DomainError, Problem
from schemas.shipped import rows
from schemas.tables import stations

MAX_SERIAL: Final = 99_999

_FORM: Final = re.compile(r"\((\D)([0-9]{3}|[0-9]{6})?\)(\D{1,2})字[〔\[【]([0-9]{4})[〕\]】]第([0-9]{5})号")


@dataclass(frozen=True, slots=True)
class DocumentNo:
    """A printed number read: the station's 12 digits, the word for the kind of paper, year and serial."""

    station: str
    word: str
    year: int
    serial: int


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of official paper: its identifier and Chinese name. What calls for it, and what it says: schemas.papers."""

    kind: str
    name: str


@cache
def words() -> Mapping[str, PaperKind]:
    """The word of each kind of paper."""
    return {row["word"]: PaperKind(row["kind"], row["name"]) for row in rows("document_words")}


@cache
def abbreviations() -> Mapping[str, str]:
    """The one character for a district (6 digits) and for the city."""
    return {row["district_code"]: row["abbreviation"] for row in rows("abbreviations")}


@cache
def _districts() -> Mapping[str, str]:
    return {short: code for code, short in abbreviations().items()}


def document_no(station: str, word: str, year: int, serial: int) -> str:
    """The number of the serial-th paper (1–99999) of its kind that a station makes in a year.

    Raises DomainError "serials_used_up" beyond 99999, ValueError for an unknown station or word or a serial
    below 1.
    """
    if station not in stations() or word not in words() or serial < 1 or not 1000 <= year <= 9999:
        raise ValueError(f"no document number for {station!r}, {word!r}, {year}, {serial}")
    if serial > MAX_SERIAL:
        text = N_("本年度“{word}字”文号已用完（每年最多{max}号）")
        raise DomainError(Problem("document_serials_used_up", text, {"word": word, "max": MAX_SERIAL}))
    below = station[6:] if station[9:] != "000" else station[6:9] if station[6:9] != "000" else ""
    return f"({abbreviations()[station[:6]]}{below}){word}字〔{year}〕第{serial:05d}号"


def parse_document_no(text: str) -> DocumentNo:
    """Read a printed number as typed: spaces, full-width forms and other brackets are taken.

    Raises DomainError "bad_document_no" also where there is no such station, district or kind of paper.
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    found = _FORM.fullmatch(plain)
    if found is not None:
        short, below, word, year, serial = found.groups()
        station = _districts().get(short, "") + (below or "").ljust(6, "0")
        # 6 digits ending in 000 would be a second way to write a township.
        plain_form = below is None or not below.endswith("000")
        if plain_form and station in stations() and word in words() and int(serial) and int(year) >= 1000:
            return DocumentNo(station, word, int(year), int(serial))
    raise DomainError(Problem("bad_document_no", N_("文号“{text}”有误，请对照原件核对"), {"text": text}))
