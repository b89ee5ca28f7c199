"""The one byte form of a JSON value (RFC 8785) and its hash. Knows no document types and never will."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of a JSON value.

    Raises rfc8785.CanonicalizationError for what JSON cannot carry safely: NaN, infinities, integers beyond
    ±(2^53-1), lone surrogates, keys that are not text.
    """
    return rfc8785.dumps(value)


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical bytes, 64 lower-case hex digits. Errors as `canonical`."""
    return hashlib.sha256(canonical(value)).hexdigest()
