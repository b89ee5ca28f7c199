"""What is signed counts for what it was signed for, by whom, and for nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import signing
from sync.signing import Signer

ONE, OTHER = Signer(bytes(32)), Signer(b"\1" * 32)
DOC = {"_id": "device:1", "n": 3, "name": "王芳", "keys": ["a", {"b": 1}]}


def test_a_signature_is_verified() -> None:
    assert signing.verify(ONE.public, "seal", DOC, ONE.sign("seal", DOC))
    assert signing.is_signed("public", ONE.signed("public", DOC))
    assert signing.is_signed("public", {**ONE.signed("public", DOC), "_rev": "3-a"})


def test_the_order_of_members_says_nothing() -> None:
    assert ONE.sign("seal", {"a": 1, "b": 2}) == ONE.sign("seal", {"b": 2, "a": 1})


@pytest.mark.parametrize(
    ("public", "purpose", "body"),
    [
        (OTHER.public, "seal", DOC),
        (ONE.public, "receipt", DOC),
        (ONE.public, "seal", {**DOC, "n": 4}),
        (ONE.public, "seal", {**DOC, "more": None}),
        (ONE.public, "seal", {"x": float("nan")}),
        ("", "seal", DOC),
        ("A" * 43, "seal", DOC),
        ("王" * 43, "seal", DOC),
    ],
)
def test_it_counts_for_nothing_else(public: str, purpose: str, body: dict[str, Any]) -> None:
    assert not signing.verify(public, purpose, body, ONE.sign("seal", DOC))


@given(st.integers(0, 85), st.characters())
def test_a_changed_signature_is_none(at: int, char: str) -> None:
    signature = ONE.sign("seal", DOC)
    changed = signature[:at] + char + signature[at + 1 :]
    assert signing.verify(ONE.public, "seal", DOC, changed) == (changed == signature)


@pytest.mark.parametrize(
    "change",
    [{"by": OTHER.public}, {"by": None}, {"sig": None}, {"sig": "x"}, {"n": 4}, {"_id": "device:2"}],
)
def test_a_changed_document_is_not_signed(change: dict[str, Any]) -> None:
    assert not signing.is_signed("public", {**ONE.signed("public", DOC), **change})


def test_keys_are_written_in_one_way_only() -> None:
    assert len(ONE.public) == signing.KEY_LENGTH
    assert signing.text_of(signing.bytes_of(ONE.public, 43)) == ONE.public
    # The last character carries four bits: another one with the same four is another writing of the same key.
    twin = ONE.public[:-1] + chr(ord(ONE.public[-1]) + 1)
    for text in (twin, ONE.public + "=", ONE.public[:-1] + "+", ONE.public[:-1]):
        with pytest.raises(ValueError, match=r"key or signature|base64|padding|data"):
            signing.bytes_of(text, 43)


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32"):
        Signer(b"short")
