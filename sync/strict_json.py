"""The only way JSON comes in, and the two ways it goes out. Holds no opinion about what the JSON means.

Two readers of one text must never understand it differently (CouchDB's CVE-2017-12635 was a duplicate key read by
two parsers). So `loads` refuses whatever readers disagree about: duplicate keys, NaN and Infinity, numbers that
overflow, integers beyond ±(2^53-1), lone surrogates, a byte order mark, anything but UTF-8, and nesting so deep that
a recursive reader falls over.

There are two ways to the same answer. What machines send is compact, and of that orjson writes the very bytes again
that it has read, unless there was anything odd in them: a key twice, a number it had to round, white space. So where
reading and writing give the text back, nothing was odd, in 2 µs for a document of 700 bytes. All else takes the long
way, which says what is wrong: the C scanner of the standard library with three hooks, 8 µs. Depth is looked at only
where there are brackets enough. A test holds the two ways together. Batches that we write have a line an item, and each
is read by itself.

A NUL inside a string value is let through (CouchDB keeps such documents); in a key it is refused.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, Final, TypeAlias

import orjson
import rfc8785

from sync.errors import BadJson, TooLarge

_ODD: Final = object()
Scan: TypeAlias = Callable[[str, int], tuple[Any, int]]
Json: TypeAlias = (
    Any  # dict[str, Json] | list[Json] | str | int | float | bool | None; recursion tires type checkers
)

MAX_DEPTH: Final = 64
MAX_INTEGER: Final = 2**53 - 1  # what every reader holds exactly
MAX_VALUES: Final = 1_000_000  # in a body from outside (commas in strings count too)

_WHITE_SPACE = re.compile(r"[ \t\n\r]*")
_LONE_SURROGATE_HINT = re.compile(rb"\\u[dD][89a-fA-F]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counted = Counter(key for key, _ in pairs)  # once over: an object may have a million keys
        twice = next(key for key, times in counted.items() if times > 1)
        raise BadJson(f"The key {twice[:80]!r} occurs twice in one object.")
    return members


def _integer(digits: str) -> int:
    if len(digits) <= 15:
        return int(digits)
    if len(digits) <= 17 and -MAX_INTEGER <= (number := int(digits)) <= MAX_INTEGER:
        return number
    raise BadJson(f"The integer {digits[:20]}… lies beyond ±(2^53-1), where readers disagree.")


def _number(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise BadJson(f"The number {digits[:20]} is too large.")
    return number


def _constant(word: str) -> None:
    raise BadJson(f"{word} is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_number, parse_constant=_constant
)


def has_escape(data: bytes) -> bool:
    """Whether a character is written by its number, which may hide what it is. One byte is looked for first: two take six
    times as long, and most texts have neither."""
    return b"\\" in data and b"\\u" in data


def _again(data: bytes) -> Json:
    """The value, if orjson writes `data` again to the byte and so nothing in it is odd; _ODD otherwise."""
    if has_escape(data):
        return _ODD
    try:
        value = orjson.loads(data)
        again = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
        # Line ends say nothing, and can't stand inside a string; CouchDB writes some into its lists.
        return value if again == data or again == data.replace(b"\n", b"") else _ODD
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _ODD


def _items_again(data: bytes, name: str) -> tuple[dict[str, Json], list[tuple[Json, bytes]]] | None:
    """As `_again`, item by item, so that the text of each is at hand; None for what is odd or has no such list."""
    if has_escape(data):
        return None
    try:
        value = orjson.loads(data)
        listed = value.get(name) if type(value) is dict else None
        if type(listed) is not list:
            return None
        texts = [orjson.dumps(item, option=orjson.OPT_STRICT_INTEGER) for item in listed]
        value[name] = orjson.Fragment(b"[" + b",".join(texts) + b"]")
        again = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    del value[name]
    if again != data.rstrip(b"\n"):
        return None
    return value, list(zip(listed, texts, strict=True))


_NO_BRACKET: Final = bytes(set(range(256)) - set(b"{}[]"))


def _is_shallow(data: bytes, max_depth: int) -> bool:
    """Whether the brackets alone show that nothing is nested deeper; takes pairs away from inside, at most two levels a pass.

    A bracket inside a string may hide it, then the value has to be looked at.
    """
    brackets = data.translate(None, _NO_BRACKET)
    for _ in range(max_depth // 2):
        if not brackets:
            return True
        left = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(left) == len(brackets):
            return False
        brackets = left
    return not brackets


def loads(data: bytes, max_depth: int = MAX_DEPTH) -> Json:
    """The value written in `data`, UTF-8 JSON; BadJson with the reason otherwise. A bare scalar has depth 0."""
    value = _again(data)
    if value is not _ODD:
        if data.count(b"{") + data.count(b"[") > max_depth and not _is_shallow(data, max_depth):
            _check_depth(value, max_depth)
        return value
    text = _decode(data)
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise BadJson(f"The text is nested deeper than {max_depth}.") from error
    except ValueError as error:
        raise BadJson(f"The text is not JSON: {error}.") from error
    if data.count(b"{") + data.count(b"[") > max_depth:
        _check_depth(value, max_depth)
    _check_escapes(data, value)
    return value


def loads_items(
    data: bytes, name: str, max_depth: int = MAX_DEPTH, unread: re.Pattern[bytes] | None = None
) -> tuple[dict[str, Json], Iterator[tuple[Json, bytes]]]:
    """An object with one long list, `{"name": [item, …], …}`: its other members, and each item with its own text.

    What a batch of documents is read with: as strict as `loads`, and who wants to keep an item need not write it anew.
    BadJson if there is no such list; also while items are taken, so do nothing with the first before the last has come.

    `unread`: items whose text it matches may come as the match, unread. What the pattern leaves open is to be read
    strictly by whoever wants it.
    """
    lined = _lined(data, name, max_depth)
    if lined is not None:
        members, lines = lined
        return members, _by_line(lines, data, name, max_depth, unread)
    quick = _items_again(data, name)
    if quick is not None:
        value, items = quick
        _check_depth(value, max_depth)
        for item, text in items:
            if text.count(b"{") + text.count(b"[") > max_depth - 2:
                _check_depth(item, max_depth - 2)
        return value, iter(items)
    members, found = _loads_items_slowly(data, name, max_depth)
    return members, iter(found)


# How a batch begins that has its items in lines of their own.
_LINED = re.compile(rb'\{(?:"[a-z_]+":(?:true|false),)*+"([a-z_]+)":\[\n')


def _lined(data: bytes, name: str, max_depth: int) -> tuple[dict[str, Json], list[bytes]] | None:
    """The members of a batch whose items are in lines of their own, and those lines; None if it is none.

    A line cannot end inside a string, and values between commas are a list in one way only. So where every line is a
    value by itself, they are the items; and where the first line that begins with a bracket ended not the list but
    something in an item, what follows is no end of an object.
    """
    head = _LINED.match(data)
    if head is None or head[1].decode() != name:
        return None
    first, *lines = data.split(b"\n")
    end = next((n for n, line in enumerate(lines) if line.startswith(b"]")), 0)
    if end == 0:
        return None
    try:
        members = loads(first + b"\n".join(lines[end:]), max_depth)
    except BadJson:
        return None
    del members[name]
    del lines[end:]
    lines[-1] += b","
    return members, lines


def _by_line(
    lines: list[bytes], data: bytes, name: str, max_depth: int, unread: re.Pattern[bytes] | None
) -> Iterator[tuple[Json, bytes]]:
    """The items of `data`, one read when the one before has been dealt with: a thousand documents at once are tens of
    thousands of objects, for which memory has to be had, and which the garbage collector walks through again and again. It
    takes three times as long."""
    for n, line in enumerate(lines):
        text = line[:-1].strip(b" \t\r")
        try:
            value = (unread is not None and unread.match(text)) or loads(text, max_depth - 2)
            value = value if line.endswith(b",") else _ODD
        except BadJson:
            value = _ODD
        if value is _ODD:  # or an item of several lines
            yield from _loads_items_slowly(data, name, max_depth)[1][n:]
            return
        yield value, text


def _loads_items_slowly(
    data: bytes, name: str, max_depth: int
) -> tuple[dict[str, Json], list[tuple[Json, bytes]]]:
    """As `loads_items`, the long way."""
    text = _decode(data)
    members: dict[str, Json] = {}
    items: list[tuple[Json, bytes]] | None = None
    scan: Scan = _DECODER.scan_once  # type: ignore[attr-defined]  # what raw_decode calls
    try:
        at = _expect(text, _space(text, 0), "{")
        while True:
            key, at = scan(text, at)
            if type(key) is not str or key in members or (key == name and items is not None):
                raise BadJson(f"{str(key)[:80]!r} is no key, or occurs twice in one object.")
            at = _expect(text, at, ":")
            if key == name and text[at : at + 1] == "[":
                items, at = _scan_items(text, at, max_depth - 2)
            else:
                members[key], at = scan(text, at)
            at = _space(text, at)
            if text[at : at + 1] == "}":
                break
            at = _expect(text, at, ",")
    except StopIteration as error:
        raise BadJson(f"The text is not JSON (character {error.value}).") from error
    except RecursionError as error:
        raise BadJson(f"The text is nested deeper than {max_depth}.") from error
    except ValueError as error:
        raise BadJson(f"The text is not JSON: {error}.") from error
    if _space(text, at + 1) != len(text):
        raise BadJson("Something follows the JSON text.")
    if items is None:
        raise BadJson(f"The object has no list {name!r}.")
    _check_depth(members, max_depth)
    _check_escapes(data, [members, [value for value, _ in items]])
    return members, items


def _scan_items(text: str, at: int, max_depth: int) -> tuple[list[tuple[Json, bytes]], int]:
    """The items of the list that begins at `at`, and where it ends."""
    scan: Scan = _DECODER.scan_once  # type: ignore[attr-defined]
    items: list[tuple[Json, bytes]] = []
    at = _expect(text, at, "[")
    if text[at : at + 1] == "]":
        return items, at + 1
    while True:
        value, end = scan(text, at)
        if text.count("{", at, end) + text.count("[", at, end) > max_depth:
            _check_depth(value, max_depth)
        items.append((value, text[at:end].encode()))
        if text[end : end + 2] == ",{":  # how batches are written; the rest is for everybody else
            at = end + 1
            continue
        at = end if text[end : end + 1] in (",", "]") else _space(text, end)
        if text[at : at + 1] == "]":
            return items, at + 1
        at = _expect(text, at, ",")


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"The text is not UTF-8 (byte {error.start}).") from error
    if text.startswith("\ufeff"):
        raise BadJson("The text begins with a byte order mark.")
    return text


def _space(text: str, at: int) -> int:
    """Past the white space at `at`."""
    return _WHITE_SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too


def _expect(text: str, at: int, mark: str) -> int:
    """Past `mark` and the white space around it."""
    at = _space(text, at)
    if text[at : at + 1] != mark:
        raise BadJson(f"The text is not JSON: {mark!r} is wanted at character {at}.")
    return _space(text, at + 1)


def _check_escapes(data: bytes, value: Json) -> None:
    """Refuses NUL in keys and lone surrogates, which can only have come in as escapes."""
    if not has_escape(data):
        return
    if b"\\u0000" in data and _has_nul_key(value):
        raise BadJson("A key contains NUL.")
    if _LONE_SURROGATE_HINT.search(data):
        try:
            dumps(value)
        except ValueError as error:
            raise BadJson("A string contains half of a surrogate pair.") from error


def loads_own(data: bytes) -> Json:
    """The value in bytes that were read strictly before they were stored."""
    return json.loads(data)


def loads_object(data: bytes, max_depth: int = MAX_DEPTH) -> dict[str, Json]:
    """As `loads`, and the value is an object."""
    value = loads(data, max_depth)
    if type(value) is not dict:
        raise BadJson("A JSON object is wanted here.")
    return value


def check_count(data: bytes) -> bytes:
    """`data`, if it cannot hold more than MAX_VALUES values; TooLarge otherwise. A value of two bytes takes fifty when
    it has been read, so that the length of a body alone does not bound what reading it takes."""
    if len(data) > MAX_VALUES and data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_VALUES:
        raise TooLarge(f"A body has at most {MAX_VALUES} values.")
    return data


def _check_depth(value: Json, max_depth: int) -> None:
    """Level by level, so that depth costs no stack."""
    kind = type(value)
    level = [value] if kind is dict or kind is list else []
    for _ in range(max_depth):
        if not level:
            return
        below = []
        for container in level:
            for child in container.values() if type(container) is dict else container:
                kind = type(child)
                if kind is dict or kind is list:
                    below.append(child)
        level = below
    if level:
        raise BadJson(f"The text is nested deeper than {max_depth}.")


def _has_nul_key(value: Json) -> bool:
    if type(value) is dict:
        return any("\0" in key or _has_nul_key(child) for key, child in value.items())
    return type(value) is list and any(map(_has_nul_key, value))


def dumps(value: Json) -> bytes:
    """Compact UTF-8 JSON, keys in their given order. ValueError for what JSON cannot hold."""
    if type(value) is str:
        try:
            return orjson.dumps(value)
        except orjson.JSONEncodeError as error:
            raise ValueError(str(error)) from error
    return _ENCODER.encode(value).encode("utf-8")


def canonical(value: Json) -> bytes:
    """RFC 8785 bytes of a JSON value: equal values, equal bytes, on every machine. BadJson for what has no such form.

    Of plain values orjson writes the bytes of RFC 8785. It differs in floats, huge integers, and keys outside the basic
    plane (whose order differs); those go the long way. A test holds the two ways together.
    """
    if _is_plain(value):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise BadJson("A string contains half of a surrogate pair.") from error
    try:
        data = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, ValueError, TypeError, RecursionError) as error:
        raise BadJson(f"The value has no canonical form: {error}.") from error
    loads(data)  # RFC 8785 writes the float 2.0**53 as an integer that no strict reader takes
    return data


def _is_plain(value: Json) -> bool:
    """Only str, bool, None, safe int, list, and dict with keys of the basic plane; at most MAX_DEPTH deep."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return True
        below = []
        for item in level:
            kind = type(item)
            if kind is str or kind is bool or item is None:
                continue
            if kind is dict:
                for key in item:
                    if type(key) is not str or (not key.isascii() and max(key) > "\ud7ff"):
                        return False
                below += item.values()
            elif kind is list:
                below += item
            elif kind is not int or not -MAX_INTEGER <= item <= MAX_INTEGER:
                return False
        level = below
    return False
