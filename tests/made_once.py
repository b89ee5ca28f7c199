"""What each of the thousands of apps of a test run would make for itself again, made once a process: the code that builds a rule's address,
and the code of a page's template. A third of the processor's time of a test over HTTP went there.

Changes nothing that an app does: the code depends on the rule, or on the template's text, alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

_builders: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}
_compile_builder = Rule._compile_builder


def _builder_of(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    # `_trace` is the rule's text in parts; the converters that it names are looked up in the rule when an address is built.
    defaults = tuple(sorted((rule.defaults or {}).items()))
    key = (rule.rule, tuple(rule._trace), defaults, append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


class _InMemory(BytecodeCache):
    """Compiled templates by jinja's key and the checksum of their text."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key, bucket.checksum] = bucket.code


def make_once() -> None:
    """From now on, in this process."""
    Rule._compile_builder = _builder_of  # type: ignore[method-assign]
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _InMemory()}
