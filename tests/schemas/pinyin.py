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


def readings() -> str:
    """A row a syllable, as it is typed: the characters that are usually read so, and those that may be."""
    usual: defaultdict[str, str] = defaultdict(str)
    also: defaultdict[str, str] = defaultdict(str)
    for code, said in sorted(pinyin_dict.items()):
        if 0x4E00 <= code <= 0x9FFF:
            first, *others = dict.fromkeys(_typed(each) for each in said.split(","))
            usual[first] += chr(code)
            for each in others:
                also[each] += chr(code)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["syllable", "usual", "also"])
    writer.writerows(
        [each, usual[each], also[each]]
        for each in sorted({*usual, *also})
        if each.isascii() and each.isalpha()
    )
    return out.getvalue()


def _typed(reading: str) -> str:
    """A reading without its tone, ü as v."""
    bare = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(each for each in bare if each.isascii()).lower()


if __name__ == "__main__":
    (DATA / "initials.csv").write_text(initials(), encoding="utf-8")
    (DATA / "syllables.csv").write_text(readings(), encoding="utf-8")
    FILE.write_text(written(), encoding="utf-8")
    sys.stdout.write(f"{len(texts())} readings\n")
