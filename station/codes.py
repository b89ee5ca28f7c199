"""The one-time codes of enrolments and of accounts: how they are written, and how both ends prove that they have one. Pure.

    K3V7-Q2MH-8RTY-0ZB4      16 characters of Crockford's base32: 80 random bits; o, i, l and case don't matter

An enrolment's code never travels. Station and hub each send a MAC under it over what they say; so neither a portal nor a
relay between them can enrol in the station's place, nor play the hub to it. A person's start code is typed once at the server
where they work; the hub publishes its digest, which, the code being random, tells nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.problems import N_, DomainError, Problem
from sync import strict_json

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 16
_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


def draw(random: Callable[[int], bytes]) -> str:
    """A new code, in groups of four."""
    number = int.from_bytes(random(LENGTH * 5 // 8))
    text = "".join(ALPHABET[number >> 5 * i & 31] for i in range(LENGTH))
    return "-".join(text[i : i + 4] for i in range(0, LENGTH, 4))


def key_of(code: str) -> bytes:
    """The MAC key of a code, which is also what the hub keeps of it; DomainError if it can't be a code."""
    plain = _plain(code)
    if plain is None:
        raise DomainError(Problem("code_form", N_("注册码应为 16 位字母和数字，如 K3V7-Q2MH-8RTY-0ZB4"), {}))
    return hashlib.sha256(b"bianmin 1 enrolment\n" + plain.encode()).digest()


def start_digest(employee_no: str, code: str) -> str:
    """What is published of a person's start code; "" of what can't be one."""
    plain = _plain(code)
    said = f"bianmin 1 start code\n{employee_no}\n{plain}"
    return hashlib.sha256(said.encode()).hexdigest() if plain else ""


def is_start_code(given: str, employee_no: str, published: str) -> bool:
    """Whether what was given is that person's start code."""
    return hmac.compare_digest(start_digest(employee_no, given), published)


def _plain(code: str) -> str | None:
    plain = re.sub(r"[\s\-]", "", code).upper().translate(_LIKE)
    return plain if len(plain) == LENGTH and all(c in ALPHABET for c in plain) else None


def prove(key: bytes, who: str, said: Mapping[str, Any]) -> str:
    """The MAC of what `who` ("station" or "hub") says."""
    message = who.encode() + b"\n" + strict_json.canonical(dict(said))
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def is_proved(key: bytes, who: str, said: Mapping[str, Any], proof: object) -> bool:
    """Whether the MAC is right; takes the same time whatever it is."""
    return hmac.compare_digest(prove(key, who, said).encode(), str(proof).encode("utf-8", "replace"))
