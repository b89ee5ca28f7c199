"""Wrapped and sealed keys: opened by whom they are for, refused in words when damaged or forged."""

from __future__ import annotations

import secrets
from typing import Any

import pyrage
import pytest

from station import sealing
from station.accounts import HASHER
from station.sealing import KeyRefused, key_id
from tests.world import PASSWORD, QUICK_WRAPPING

KEY = bytes(range(32))


@pytest.mark.parametrize(
    "change",
    [
        {"memory": 2**31},
        {"passes": 0},
        {"lanes": "1"},
        {"kdf": "md5"},
        {"salt": "!"},
        {"wrapped": 7},
        {"nonce": ""},
    ],
)
def test_a_forged_wrapping_is_refused_and_costs_nothing(change: dict[str, Any]) -> None:
    kept = sealing.wrap(KEY, "V001", PASSWORD, random=secrets.token_bytes, cost=QUICK_WRAPPING)
    assert sealing.unwrap(kept, key_id(KEY), "V001", PASSWORD) == KEY
    with pytest.raises(KeyRefused):
        sealing.unwrap({**kept, **change}, key_id(KEY), "V001", PASSWORD)


def test_a_guess_at_a_wrapped_key_costs_more_than_a_guess_at_sign_in() -> None:
    kept = sealing.wrap(KEY, "V001", PASSWORD, random=secrets.token_bytes)
    assert kept["passes"] * kept["memory"] >= 3 * HASHER.time_cost * HASHER.memory_cost
    assert sealing.unwrap(kept, key_id(KEY), "V001", PASSWORD) == KEY


@pytest.mark.parametrize("recipient", ["", "age1", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1", "age1" + "q" * 58])
def test_what_is_no_recipient_is_refused(recipient: str) -> None:
    with pytest.raises(KeyRefused, match="no age recipient"):
        sealing.seal(KEY, recipient)


def test_what_was_sealed_and_is_no_key_is_refused() -> None:
    mine = pyrage.x25519.Identity.generate()
    sealed = pyrage.encrypt(b"a letter", [mine.to_public()])
    with pytest.raises(KeyRefused, match="no store's key"):
        sealing.open_sealed(sealed, str(mine))
    for broken in (b"", sealed[:-1], b"not age at all"):
        with pytest.raises(KeyRefused, match="damaged"):
            sealing.open_sealed(broken, str(mine))
