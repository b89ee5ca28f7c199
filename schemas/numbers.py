"""Numbers people copy by hand: case numbers, query codes, citizens', organisations' and divisions' numbers;
their masks. Numbers printed on official papers are in document_numbers.

Holds no list of numbers in use and draws none by itself: serials and chance come from the caller.

A case number (domain.md §2.3) is 25 characters that a station can give out without a network:

    510903001001 20180209 0007 K
    station      day      serial check

Serials 1–9999 are written in digits. Those beyond begin with a letter, `A000` … `YYYY`: they are for devices that can't know
which numbers were given out before them, and so many that two of these hardly ever meet.

The check character is reckoned as in GB 32100—2015 (the organisations' credit code): each character stands
for its place in an alphabet of 31 without I O S V Z, place i (from 0) weighs 3^i mod 31, and the check
makes the sum divisible by 31. 31 is prime, two places weigh the same only 30 places apart and none but the
first weighs 1 as the check does, so one wrong character or two neighbours swapped always show.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from stdnum.cn import ric
from stdnum.cn import uscc as _uscc
from stdnum.exceptions import ValidationError

from schemas.problems import N_, DomainError, Problem

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MAX_SERIAL: Final = 9999
_LETTERS: Final = ALPHABET[10:]
LETTERED: Final = len(_LETTERS) * 31**3
"""How many serials begin with a letter: 10000 … 9999 + LETTERED."""

_VALUE: Final = {character: i for i, character in enumerate(ALPHABET)}
_WEIGHTS: Final = tuple(pow(3, i, 31) for i in range(24))
_CASE_NO: Final = re.compile(
    r"([0-9]{12})([0-9]{8})([0-9]{4}|[A-HJ-NP-RTUWXY][0-9A-HJ-NP-RTUWXY]{3})([0-9A-HJ-NP-RTUWXY])"
)


@dataclass(frozen=True, slots=True)
class CaseNo:
    """A case number read: who gave it out (12 digits), on what day, with which serial."""

    station: str
    day: date
    serial: int


@dataclass(frozen=True, slots=True)
class IdNo:
    """A citizen's identity number (GB 11643—1999) read: its 18 characters, GB/T 2260 division, bearer."""

    text: str
    division: str
    birth: date
    sex: Literal["male", "female"]


ERRAND: Final = "D"
PROJECT: Final = "P"


def _plain(text: str) -> str:
    """As typed or pasted → half-width, upper case, without spaces and hyphens."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()


def _check(digits: str) -> str:
    return ALPHABET[-sum(_VALUE[c] * w for c, w in zip(digits, _WEIGHTS, strict=True)) % 31]


def case_no(station: str, day: date, serial: int) -> str:
    """The 25-character number of a case that a station opens on a day, by its serial.

    station is a 12-digit code, the serial up to 9999 + LETTERED. ValueError if the arguments are none of that.
    """
    if not re.fullmatch(r"[0-9]{12}", station) or not 1 <= serial <= MAX_SERIAL + LETTERED or day.year < 1000:
        raise ValueError(f"no case number for {station!r}, {day}, {serial}")
    digits = f"{station}{day:%Y%m%d}{_written(serial)}"
    return digits + _check(digits)


def errand_no(station: str, day: date, serial: int) -> str:
    """The number of an errand, built as a case's, with D (代办) before it: no case has the same."""
    return ERRAND + case_no(station, day, serial)


def project_no(station: str, day: date, serial: int) -> str:
    """The number of a project, built as a case's, with P before it."""
    return PROJECT + case_no(station, day, serial)


def parse_errand_no(text: str) -> CaseNo:
    """As parse_case_no. Raises DomainError "bad_errand_no"."""
    return _parse_lettered(
        text,
        ERRAND,
        Problem("bad_errand_no", N_("代办编号“{text}”有误，请对照材料交接单核对"), {"text": text}),
    )


def parse_project_no(text: str) -> CaseNo:
    """As parse_case_no. Raises DomainError "bad_project_no"."""
    return _parse_lettered(
        text,
        PROJECT,
        Problem("bad_project_no", N_("项目编号“{text}”有误，请对照项目登记表核对"), {"text": text}),
    )


def _parse_lettered(text: str, letter: str, wrong: Problem) -> CaseNo:
    plain = _plain(text)
    try:
        if plain.startswith(letter):
            return parse_case_no(plain[1:])
    except DomainError:
        pass
    raise DomainError(wrong)


def serials_used_up() -> DomainError:
    """What to say when a device has given out all that a day has."""
    return DomainError(
        Problem("serials_used_up", N_("今天的办件编号已用完（每日最多{max}件）"), {"max": MAX_SERIAL})
    )


def _written(serial: int) -> str:
    if serial <= MAX_SERIAL:
        return f"{serial:04d}"
    first, rest = divmod(serial - MAX_SERIAL - 1, 31**3)
    return _LETTERS[first] + "".join(ALPHABET[rest // 31**place % 31] for place in (2, 1, 0))


def _serial(written: str) -> int:
    if written.isdecimal():
        return int(written)
    rest = [ALPHABET.index(each) for each in written[1:]]
    return MAX_SERIAL + 1 + _LETTERS.index(written[0]) * 31**3 + rest[0] * 961 + rest[1] * 31 + rest[2]


def parse_case_no(text: str) -> CaseNo:
    """Read a case number as typed: spaces, hyphens, full-width and lower-case forms are taken.

    Raises DomainError "bad_case_no".
    """
    found = _CASE_NO.fullmatch(_plain(text))
    if found is not None and _check(found[1] + found[2] + found[3]) == found[4] and found[3] != "0000":
        try:
            return CaseNo(found[1], date.fromisoformat(found[2]), _serial(found[3]))
        except ValueError:  # no such day
            pass
    raise DomainError(Problem("bad_case_no", N_("办件编号“{text}”有误，请对照收件凭证核对"), {"text": text}))


def query_code(rand: Callable[[int], int]) -> str:
    """A 6-digit code for asking about a case without an account. rand(n) gives a whole number from 0 to
    n-1, all equally likely and not to be guessed (secrets.randbelow)."""
    return f"{rand(1_000_000):06d}"


def id_no(text: str, on: date | None = None) -> IdNo:
    """Read a citizen's identity number as typed; with `on`, the bearer must have been born by that day.

    Check digit and a birth date that exists, as GB 11643 asks. The division is not looked up: numbers keep
    the code of a county long since dissolved, or carry that of one founded after the bearer was born.
    Raises DomainError "bad_id_no".
    """
    plain = _plain(text)
    try:
        # ASCII is asked for because stdnum takes digits of other scripts as well.
        if (
            len(plain) == 18
            and plain.isascii()
            and plain[:17].isdigit()
            and plain[17] == ric.calc_check_digit(plain)
        ):
            birth = ric.get_birth_date(plain)
            if on is None or birth <= on:
                return IdNo(plain, plain[:6], birth, "male" if int(plain[16]) % 2 else "female")
    except ValidationError:
        pass  # no such day
    raise DomainError(Problem("bad_id_no", N_("身份证号码有误：应为18位，且与校验码、出生日期相符")))


def uscc(text: str) -> str:
    """Read a unified social credit code (GB 32100—2015) as typed. Raises DomainError "bad_uscc"."""
    try:
        return str(_uscc.validate(_plain(text)))
    except ValidationError as error:
        raise DomainError(
            Problem("bad_uscc", N_("统一社会信用代码有误：应为18位，且与校验码相符"))
        ) from error


DivisionLevel = Literal["province", "prefecture", "county", "township", "village"]

_PROVINCE: Final = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12]")
"""The first two digits of GB/T 2260."""


@dataclass(frozen=True, slots=True)
class Division:
    """A division code read: its 12 digits, and whose it is."""

    code: str
    level: DivisionLevel


def division_code(text: str) -> Division:
    """Read a division code as typed: 6 digits (GB/T 2260), 9 or 12 (statistics bureau: +3 street, +3 village).

    Shorter forms stand for the same with noughts behind. Checked are length, province, and that no level is
    passed over; whether there is such a place is for the tables to say. Raises DomainError "bad_division_code".
    """
    plain = _plain(text)
    if re.fullmatch(r"[0-9]{6}(?:[0-9]{3}){0,2}", plain):
        code = plain.ljust(12, "0")
        parts = (code[:2], code[2:4], code[4:6], code[6:9], code[9:])
        depth = max((i for i, part in enumerate(parts) if part.strip("0")), default=0)
        # Between county and street some cities have no county (e.g. 4419 Dongguan): its two digits are 00.
        passed_over = [part for i, part in enumerate(parts[:depth]) if not part.strip("0") and i != 2]
        if _PROVINCE.fullmatch(parts[0]) and not passed_over:
            levels: tuple[DivisionLevel, ...] = ("province", "prefecture", "county", "township", "village")
            return Division(code, levels[depth])
    sentence = N_("行政区划代码“{text}”有误：应为6位、9位或者12位数字")
    raise DomainError(Problem("bad_division_code", sentence, {"text": text}))


def mask_name(name: str) -> str:
    """张三丰 → 张**, for lists and public screens. Always two stars, so that the length tells nothing."""
    return name[:1] + "**" if name else ""


def mask_id_no(text: str) -> str:
    """510903198001011234 → 510903********1234 (domain.md §2.7); shorter ones keep a character each end."""
    if len(text) >= 15:
        return text[:6] + "*" * (len(text) - 10) + text[-4:]
    if len(text) >= 5:
        return text[0] + "*" * (len(text) - 2) + text[-1]
    return "*" * len(text)


def mask_phone(text: str) -> str:
    """13800001234 → 138****1234; shorter ones keep their last two."""
    if len(text) >= 11:
        return text[:3] + "*" * (len(text) - 7) + text[-4:]
    return "*" * max(0, len(text) - 2) + text[-2:] if len(text) > 4 else "*" * len(text)


PERSONAL_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|\d{15}|1[3-9]\d{9})(?![0-9A-Za-z])")
"""What looks like an identity number, of either generation, or like a mobile phone's, inside any text."""


def mask_numbers(text: str) -> str:
    """A text that somebody wrote, with the identity numbers and mobile phones in it masked."""
    return PERSONAL_NUMBER.sub(
        lambda found: mask_phone(found[0]) if len(found[0]) == 11 else mask_id_no(found[0]), text
    )
