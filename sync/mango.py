"""Selectors: CouchDB's JSON language for choosing documents. Pure; reads no store, keeps no index.

    matches = selector({"status": "open", "n": {"$gt": 3}})
    matches(doc)

https://docs.couchdb.org/en/stable/api/database/find.html#selector-syntax, all operators but `$regex` and `$text`: a
regular expression from outside can take any time it likes. Strings compare by code point (CouchDB asks ICU).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cmp_to_key
from typing import Any, Final, TypeAlias

from sync.errors import BadRequest

Test: TypeAlias = Callable[[Any], bool]
"""Whether a value, or ABSENT, passes."""

MAX_PARTS: Final = 500  # operators and fields in one selector
MAX_DEPTH: Final = 20
MAX_LIST: Final = 1000  # values in one $in, $nin or $all; each is compared with each of a document's
MAX_WORK: Final = 2_000_000  # comparisons of one document's lists with one selector: a few tenths of a second

ABSENT: Final = object()
"""What a field that is not there holds."""


def selector(written: Any) -> Test:
    """What `written` asks for, as a function of a document; BadRequest where it is no selector."""
    if type(written) is not dict:
        raise BadRequest("A selector is a JSON object.")
    reader = _Reader()
    test = reader.read(written, 0)

    def matches(doc: Any) -> bool:
        reader.left = MAX_WORK
        return test(doc)

    return matches


def fields_of(path: str) -> list[str]:
    """`a.b\\.c` as its parts: a, then b.c."""
    parts = [""]
    escaped = False
    for sign in path:
        if escaped or sign not in "\\.":
            parts[-1] += sign
            escaped = False
        elif sign == "\\":
            escaped = True
        else:
            parts.append("")
    return parts


def lookup(doc: Any, path: list[str]) -> Any:
    """The value at the path, or ABSENT. A number steps into a list."""
    for part in path:
        if type(doc) is dict and part in doc:
            doc = doc[part]
        elif type(doc) is list and part.isascii() and part.isdecimal() and int(part[:9]) < len(doc):
            doc = doc[int(part)]
        else:
            return ABSENT
    return doc


# -- order: https://docs.couchdb.org/en/stable/ddocs/views/collation.html ------------------------------------------------

_RANKS = {type(None): 0, bool: 1, int: 2, float: 2, str: 3, list: 4, dict: 5}


def compare(a: Any, b: Any) -> int:
    """-1, 0 or 1 by CouchDB's order of JSON values: null, booleans, numbers, strings, lists, objects."""
    rank = _RANKS[type(a)]
    other = _RANKS[type(b)]
    if rank != other:
        return -1 if rank < other else 1
    if rank == 5:
        a, b = [part for pair in a.items() for part in pair], [part for pair in b.items() for part in pair]
        rank = 4
    if rank == 4:
        for x, y in zip(a, b, strict=False):
            if difference := compare(x, y):
                return difference
        a, b = len(a), len(b)
    if rank == 0 or a == b:
        return 0
    return -1 if a < b else 1


sort_key = cmp_to_key(compare)


def equal(a: Any, b: Any) -> bool:
    """As JSON values: objects whatever the order of their members; 1 is 1.0 and not true."""
    if type(a) is dict and type(b) is dict:
        return a.keys() == b.keys() and all(equal(value, b[name]) for name, value in a.items())
    if type(a) is list and type(b) is list:
        return len(a) == len(b) and all(map(equal, a, b))
    return _RANKS[type(a)] == _RANKS[type(b)] and a == b


# -- reading selectors ---------------------------------------------------------------------------------------------------

_TYPES = {"null": 0, "boolean": 1, "number": 2, "string": 3, "array": 4, "object": 5}


class _Reader:
    """Reads one selector; counts its parts, and what looking through lists costs when it is asked about a document."""

    def __init__(self) -> None:
        self._parts = 0
        self.left = MAX_WORK

    def _costly(self, test: Test, parts: int) -> Test:
        """`test`, which looks at each item of a list `parts` times; BadRequest where that takes too long."""

        def spending(found: Any) -> bool:
            if type(found) is list:
                self.left -= len(found) * parts
                if self.left < 0:
                    raise BadRequest("The selector looks at too many list items of one document.")
            return test(found)

        return spending

    def read(self, written: Mapping[str, Any], depth: int) -> Test:
        """An object: every member must hold."""
        tests = [self._member(name, value, depth) for name, value in written.items()]
        if len(tests) == 1:
            return tests[0]
        return lambda doc: all(test(doc) for test in tests)

    def _member(self, name: str, value: Any, depth: int) -> Test:
        self._parts += 1
        if self._parts > MAX_PARTS or depth > MAX_DEPTH:
            raise BadRequest(f"A selector has at most {MAX_PARTS} parts, nested {MAX_DEPTH} deep.")
        if name.startswith("$"):
            return self._operator(name, value, depth)
        path = fields_of(name)
        test = self._condition(value, depth + 1)
        return lambda doc: test(lookup(doc, path))

    def _condition(self, value: Any, depth: int) -> Test:
        """What stands beside a field: an object of operators or further fields, or the very value."""
        if type(value) is dict and value:
            return self.read(value, depth)
        return lambda found: found is not ABSENT and equal(found, value)

    def _several(self, name: str, value: Any, depth: int) -> list[Test]:
        if type(value) is not list or not all(type(part) is dict for part in value):
            raise BadRequest(f"{name} takes a list of selectors.")
        return [self.read(part, depth + 1) for part in value]

    def _operator(self, name: str, value: Any, depth: int) -> Test:
        if name in ("$and", "$or", "$nor"):
            tests = self._several(name, value, depth)
            if name == "$and":
                return lambda found: all(test(found) for test in tests)
            if name == "$or":
                return lambda found: any(test(found) for test in tests)
            return lambda found: not any(test(found) for test in tests)
        if name in ("$not", "$elemMatch", "$allMatch", "$keyMapMatch"):
            before = self._parts
            test = self._condition(value, depth + 1)
            if name == "$not":
                return lambda found: not test(found)
            if name == "$keyMapMatch":
                return lambda found: type(found) is dict and any(test(key) for key in found)
            some = name == "$elemMatch"
            return self._costly(
                lambda found: (
                    type(found) is list and bool(found) and (any if some else all)(test(one) for one in found)
                ),
                1 + self._parts - before,
            )
        if name not in _OPERATORS:
            raise BadRequest(f"The operator {name[:40]} is not served here.")
        test = _OPERATORS[name](value)
        return self._costly(test, len(value)) if name in ("$in", "$nin", "$all") else test


def _ordered(holds: Callable[[int], bool]) -> Callable[[Any], Test]:
    return lambda value: lambda found: found is not ABSENT and holds(compare(found, value))


def _list(name: str, value: Any) -> list[Any]:
    if type(value) is not list:
        raise BadRequest(f"{name} takes a list.")
    if len(value) > MAX_LIST:
        raise BadRequest(f"{name} takes a list of at most {MAX_LIST} values.")
    return value


def _in(value: Any) -> Test:
    wanted = _list("$in", value)
    return lambda found: (
        found is not ABSENT
        and any(
            equal(found, one) or (type(found) is list and any(equal(item, one) for item in found))
            for one in wanted
        )
    )


def _nin(value: Any) -> Test:
    held = _in(_list("$nin", value))
    return lambda found: found is not ABSENT and not held(found)


def _all(value: Any) -> Test:
    wanted = _list("$all", value)
    return lambda found: (
        type(found) is list
        and bool(wanted)
        and all(any(equal(item, one) for item in found) for one in wanted)
    )


def _exists(value: Any) -> Test:
    if type(value) is not bool:
        raise BadRequest("$exists takes true or false.")
    return lambda found: (found is not ABSENT) is value


def _type(value: Any) -> Test:
    if type(value) is not str or value not in _TYPES:
        raise BadRequest(f"$type takes one of {', '.join(_TYPES)}.")
    rank = _TYPES[value]
    return lambda found: found is not ABSENT and _RANKS[type(found)] == rank


def _size(value: Any) -> Test:
    if type(value) is not int or value < 0:
        raise BadRequest("$size takes a whole number.")
    return lambda found: type(found) is list and len(found) == value


def _mod(value: Any) -> Test:
    if (
        type(value) is not list
        or len(value) != 2
        or not all(type(part) is int for part in value)
        or value[0] == 0
    ):
        raise BadRequest("$mod takes [divisor, remainder].")
    divisor, remainder = value
    # The sign of the remainder is the dividend's, as in CouchDB.
    return lambda found: (
        type(found) is int and abs(found) % abs(divisor) * (1 if found >= 0 else -1) == remainder
    )


def _begins(value: Any) -> Test:
    if type(value) is not str:
        raise BadRequest("$beginsWith takes a string.")
    return lambda found: type(found) is str and found.startswith(value)


_OPERATORS: Final[dict[str, Callable[[Any], Test]]] = {
    "$eq": lambda value: lambda found: found is not ABSENT and equal(found, value),
    "$ne": lambda value: lambda found: found is not ABSENT and not equal(found, value),
    "$lt": _ordered(lambda sign: sign < 0),
    "$lte": _ordered(lambda sign: sign <= 0),
    "$gt": _ordered(lambda sign: sign > 0),
    "$gte": _ordered(lambda sign: sign >= 0),
    "$in": _in,
    "$nin": _nin,
    "$all": _all,
    "$exists": _exists,
    "$type": _type,
    "$size": _size,
    "$mod": _mod,
    "$beginsWith": _begins,
}
