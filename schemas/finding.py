"""Finds what a station may do by what a clerk types: a name or parts of it, plain talk, pinyin, initials, with a slip.

    asked ─> words ─┬─> each item the station offers: its name, code, department, how it sounds
                    └─> plain talk (data/synonyms.csv): what people say, and which names that leads to

The best way counts for each item, in the order of `Way`; where nothing answers to all that was asked, slips are looked for. How
names and talk sound is shipped (data/pinyin.csv, written by `make pinyin`), so that nothing is worked out at start.
`question` asks which of several situations it is (data/situations.csv): each answer is one item with one material list.

Offers nothing that schemas.offers does not, and holds no rule about cases or materials.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal, get_args

from schemas.catalogue import InForce, as_shipped
from schemas.offers import Offer
from schemas.shipped import rows
from schemas.tables import Item, Mode, Station

Way = Literal["all", "name", "begins", "words", "said", "department", "pinyin", "initials", "slip"]
"""How an item was found, best first. `all`: nothing was asked; `name`: its whole name, or its code."""

LONGEST: Final = 60
"""Characters of a question that are read; the longest name has fewer."""

# What a station decides itself comes first, what it only tells about last.
MODES: Final[tuple[Mode, ...]] = ("own", "direct", "agency", "assist", "inform")
_WAYS: Final[Sequence[str]] = get_args(Way)
# Below these lengths a slip of one leaves too little to go by.
_SLIP_LETTERS, _SLIP_CHARACTERS = 5, 3
# How well it was met: by a part of what was asked alone.
_PARTLY = 9
_MISSED: Final = (99, 0, "")
# What many speakers here do not tell apart; typed by ear, either may come.
_ALIKE: Final = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"), ("hu", "f"))


@dataclass(frozen=True, slots=True)
class Hit:
    """An item that was found, as this station offers it; `because`: the plain talk that led to it, or ""."""

    item: Item
    offer: Offer
    way: Way
    because: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask the applicant, and the item for each answer."""

    text: str
    answers: tuple[tuple[str, Item], ...]


@dataclass(frozen=True, slots=True)
class _Sound:
    """How a text sounds: `whole` its pinyin without spaces, `starts` where in it syllables begin, `alike` as many hear it."""

    whole: str
    starts: frozenset[int]
    initials: str
    alike: str


@dataclass(frozen=True, slots=True)
class _Talk:
    said: str
    plain: str
    sound: _Sound
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Entry:
    item: Item
    offer: Offer
    code: str
    name: str
    core: str
    """The name without what stands in brackets: what a sentence may hold."""
    about: str
    """Name, department and zone."""
    sound: _Sound
    order: tuple[int, str]


def find(asked: str, station: Station, of: InForce | None = None) -> tuple[Hit, ...]:
    """What `station` may do of what was asked, best first; all it may do when nothing was asked. `of`, here and below: the catalogue on
    a day, the shipped one by default."""
    of = of or as_shipped()
    words = tuple(filter(None, map(plain, asked[:LONGEST].split())))
    if not words:
        return tuple(Hit(each.item, each.offer, "all") for each in _entries(station, of))
    found = _met(station, of, _Asked(words))
    if all(key[1] == _PARTLY for key, _ in found.values()):
        found = _met(station, of, _Slipped("".join(words))) | found
    return tuple(hit for _, hit in sorted(found.values(), key=lambda each: each[0]))


def nearest(asked: str, station: Station, of: InForce | None = None, most: int = 6) -> tuple[Hit, ...]:
    """Ideas where nothing was found: what shares most pairs of characters with the question, by name or by what people say."""
    of, pairs = of or as_shipped(), _pairs(plain(asked[:LONGEST]))
    talk: dict[str, tuple[float, str]] = {}
    for each in _talk(of):
        likeness = _likeness(pairs, each.plain)
        for name in each.names:
            talk[name] = max(talk.get(name, (0.0, "")), (likeness, each.said))
    found = []
    for entry in _entries(station, of):
        best = max((_likeness(pairs, entry.name), ""), talk.get(entry.item.name, (0.0, "")))
        if best[0]:
            found.append((-best[0], entry.order, Hit(entry.item, entry.offer, "slip", best[1])))
    return tuple(hit for _, _, hit in sorted(found, key=lambda each: each[:2])[:most])


def kinds(station: Station, of: InForce | None = None) -> tuple[str, ...]:
    """Zones and departments of what the station does itself or takes in, the largest first; each may be asked."""
    counts = Counter(
        each.item.zone or each.item.department
        for each in _entries(station, of or as_shipped())
        if each.offer.mode != "inform"
    )
    return tuple(kind for kind, _ in counts.most_common())


def question(
    found: Iterable[Hit], station: Station, of: InForce | None = None, first: int = 12
) -> Question | None:
    """The question that tells the first of these hits apart, if two or more of its answers are among them."""
    names = [hit.item.name for hit in found][:first]
    asked: Counter[str] = Counter()
    for text, answers in _situations().items():
        asked[text] = len({name for _, name in answers}.intersection(names))
    text, among = asked.most_common(1)[0]
    return _question(text, station, of or as_shipped()) if among > 1 else None


def question_of(item: Item, station: Station, of: InForce | None = None) -> Question | None:
    """The question to which `item` is one answer."""
    for text, answers in _situations().items():
        if any(name == item.name for _, name in answers):
            return _question(text, station, of or as_shipped())
    return None


def questions(station: Station, of: InForce | None = None) -> tuple[Question, ...]:
    """All questions of which this station offers two answers or more, in the order of the data."""
    of = of or as_shipped()
    return tuple(filter(None, (_question(text, station, of) for text in _situations())))


def plain(text: str) -> str:
    """Letters, digits and characters alone, in one form: what is compared."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("ü", "v")
    return "".join(ch for ch in folded if ch.isalnum())


# -- one question ----------------------------------------------------------------------------------------------------

Fit = tuple[Way, int]
"""How a text was met, and how well in that way, 0 best."""
_Key = tuple[int, int, int, str]


class _Asked:
    """What was asked, held against texts as it stands."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words, self.joined = words, "".join(words)
        self.letters = self.joined.isascii() and not self.joined.isdigit()

    def entry(self, entry: _Entry) -> Fit | None:
        if self.joined in (entry.name, entry.code):
            return "name", 0
        if entry.name.startswith(self.joined):
            return "begins", 0
        if self._all_in(entry.name):
            return "words", 0
        if entry.core in self.joined:
            return "words", _PARTLY
        if self._all_in(entry.about):
            return "department", 0
        return self._by_ear(entry.sound)

    def talk(self, talk: _Talk) -> Fit | None:
        if self.joined == talk.plain:
            return "said", 0
        if talk.plain in self.joined:
            return "said", _PARTLY
        if len(self.joined) > 1 and self._all_in(talk.plain):
            return "said", 1
        return self._by_ear(talk.sound)

    def _all_in(self, text: str) -> bool:
        return all(word in text for word in self.words)

    def _by_ear(self, sound: _Sound) -> Fit | None:
        if not self.letters:
            return None
        if len(self.joined) > 1 and any(
            match.start() in sound.starts for match in re.finditer(f"(?={self.joined})", sound.whole)
        ):
            whole, begins = sound.whole == self.joined, sound.whole.startswith(self.joined)
            return "pinyin", 0 if whole else 1 if begins else 2
        if sound.initials.startswith(self.joined):
            return "initials", 0 if sound.initials == self.joined else 1
        return ("initials", 2) if len(self.joined) > 1 and self.joined in sound.initials else None


class _Slipped:
    """What was asked with one character wrong, missing or too many, or letters that sound alike here."""

    def __init__(self, joined: str) -> None:
        self.joined, half = joined, len(joined) // 2
        self.letters = joined.isascii()
        # One slip lies in one half; the other is as it should be.
        self.halves = joined[:half], joined[half:]
        self.enough = len(joined) >= (_SLIP_LETTERS if self.letters else _SLIP_CHARACTERS)
        wrong = [f"{joined[:at]}.?{joined[at + 1 :]}" for at in range(len(joined))]
        missing = [f"{joined[:at]}.{joined[at:]}" for at in range(1, len(joined))]
        self.alike = _alike(joined) if self.letters and len(joined) > 1 else ""
        self.pattern = re.compile("|".join(wrong + missing))

    def entry(self, entry: _Entry) -> Fit | None:
        return self._fit(entry.name, entry.sound)

    def talk(self, talk: _Talk) -> Fit | None:
        return self._fit(talk.plain, talk.sound)

    def _fit(self, text: str, sound: _Sound) -> Fit | None:
        if self.alike and self.alike in sound.alike:
            return "slip", 0
        text = sound.whole if self.letters else text
        near = self.enough and any(half in text for half in self.halves) and self.pattern.search(text)
        return ("slip", 1) if near else None


def _met(station: Station, of: InForce, asked: _Asked | _Slipped) -> dict[str, tuple[_Key, Hit]]:
    """(where it stands, hit) of the items that were met, by code."""
    said: dict[str, tuple[int, int, str]] = {}
    for talk in _talk(of):
        if fit := asked.talk(talk):
            for name in talk.names:
                said[name] = min(said.get(name, _MISSED), (_WAYS.index(fit[0]), fit[1], talk.said))
    found = {}
    for entry in _entries(station, of):
        fit = asked.entry(entry)
        itself = (_WAYS.index(fit[0]), fit[1], "") if fit else _MISSED
        best = min(itself, said.get(entry.item.name, _MISSED))
        if best != _MISSED:
            hit = Hit(entry.item, entry.offer, _way(best[0]), best[2])
            found[entry.item.item_code] = ((best[0], best[1], *entry.order), hit)
    return found


def _way(rank: int) -> Way:
    way: Way = get_args(Way)[rank]
    return way


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 2] for at in range(len(text) - 1))


def _likeness(pairs: frozenset[str], text: str) -> float:
    """The share of all pairs of characters that both have, 0 to 1."""
    own = _pairs(text)
    return 2 * len(pairs & own) / (len(pairs) + len(own)) if pairs & own else 0.0


def _alike(letters: str) -> str:
    for heard, written in _ALIKE:
        letters = letters.replace(heard, written)
    return letters


# -- what is searched, made once -------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _entries(station: Station, of: InForce) -> tuple[_Entry, ...]:
    """All a station offers, what it does itself first."""
    found = [_entry(item, made) for item, made in of.offers(station)]
    return tuple(sorted(found, key=lambda each: each.order))


def _entry(item: Item, made: Offer) -> _Entry:
    name, core = plain(item.name), plain(re.sub("（.*?）", "", item.name))
    about = name + plain(item.department + (item.zone or ""))
    order = MODES.index(made.mode), item.item_code
    return _Entry(item, made, plain(item.item_code), name, core, about, _sound(item.name), order)


@lru_cache(maxsize=4)
def _talk(of: InForce) -> tuple[_Talk, ...]:
    leads: dict[str, set[str]] = {}
    for row in rows("synonyms"):
        leads.setdefault(row["said"], set()).update(named(row["towards"], of))
    return tuple(_Talk(said, plain(said), _sound(said), frozenset(names)) for said, names in leads.items())


def named(towards: str, of: InForce | None = None) -> frozenset[str]:
    """The names of the catalogue that hold each of these words; a whole name means that name alone."""
    names = {item.name for item in (of or as_shipped()).items().values()}
    if towards in names:
        return frozenset([towards])
    return frozenset(name for name in names if all(word in name for word in towards.split()))


@cache
def _situations() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """(answer, name of an item) by question."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows("situations"):
        found.setdefault(row["question"], []).append((row["answer"], row["item"]))
    return {text: tuple(answers) for text, answers in found.items()}


def _question(text: str, station: Station, of: InForce) -> Question | None:
    offered = {each.item.name: each.item for each in reversed(_entries(station, of))}
    answers = tuple((answer, offered[name]) for answer, name in _situations()[text] if name in offered)
    return Question(text, answers) if len(answers) > 1 else None


@cache
def _sounds() -> Mapping[str, _Sound]:
    return {row["text"]: _heard(row["pinyin"].split()) for row in rows("pinyin")}


@lru_cache(maxsize=2048)
def _sound(text: str) -> _Sound:
    """How it sounds; of what was not there when the file was written, each character by itself."""
    from schemas.names import syllables  # it stands on this file

    return _sounds().get(text) or _heard(syllables(text))


def _heard(syllables: Sequence[str]) -> _Sound:
    whole, initials = "".join(syllables), "".join(each[0] for each in syllables)
    return _Sound(whole, frozenset(_starts(syllables)), initials, _alike(whole))


def _starts(syllables: Sequence[str]) -> Iterator[int]:
    at = 0
    for each in syllables:
        yield at
        at += len(each)
