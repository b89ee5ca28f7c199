"""Writes schemas/data/pinyin.csv: how each item's name and each thing people say sounds, in plain pinyin; and initials.csv: with which
letters any character may begin, for names of people.

    make pinyin

pypinyin reads phrases; what it reads wrongly in our catalogue is put right in `RIGHT`. Only this file imports it: a
station ships the readings and works none out.
"""

from __future__ import annotations

import csv
import io
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

from pypinyin import Style, lazy_pinyin, load_phrases_dict
from pypinyin.pinyin_dict import pinyin_dict

from schemas import finding, tables

DATA = Path(__file__).parents[2] / "schemas" / "data"
FILE = DATA / "pinyin.csv"
RIGHT = {"发卡": "fa ka", "还林": "huan lin"}
load_phrases_dict({phrase: [[each] for each in reading.split()] for phrase, reading in RIGHT.items()})


def texts() -> list[str]:
    names = {item.name for item in tables.items().values()}
    return sorted(names | {row["said"] for row in tables.rows("synonyms")})


def syllables(text: str) -> list[str]:
    """As they are typed: without tones, ü as v; letters and digits stand as one."""
    return lazy_pinyin(
        text, style=Style.NORMAL, errors=lambda rest: [each] if (each := finding.plain(rest)) else []
    )


def written() -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["text", "pinyin"])
    writer.writerows([text, " ".join(syllables(text))] for text in texts())
    return out.getvalue()


def initials() -> str:
    """A row a letter: all characters of which some reading begins with it."""
    letters: defaultdict[str, str] = defaultdict(str)
    for code, readings in sorted(pinyin_dict.items()):
        plain = (unicodedata.normalize("NFD", each)[:1].lower() for each in readings.split(","))
        for letter in sorted({each for each in plain if each.isascii() and each.isalpha()}):
            letters[letter] += chr(code)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["letter", "characters"])
    writer.writerows(sorted(letters.items()))
    return out.getvalue()


if __name__ == "__main__":
    (DATA / "initials.csv").write_text(initials(), encoding="utf-8")
    FILE.write_text(written(), encoding="utf-8")
    sys.stdout.write(f"{len(texts())} readings\n")
