"""Selectors choose what CouchDB's documentation says they choose, and refuse what they can't."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import mango
from sync.errors import BadRequest

DOC = {
    "_id": "a",
    "name": "王芳",
    "n": 5,
    "ok": True,
    "nothing": None,
    "tags": ["a", "b"],
    "lines": [{"qty": 1}, {"qty": 7}],
    "at": {"town": "仁里", "a.b": 1},
}


@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"n": 5},
        {"n": 5.0},
        {"name": "王芳", "n": {"$gte": 5, "$lt": 6}},
        {"n": {"$gt": 4}},
        {"n": {"$lte": 5}},
        {"n": {"$gt": None}},
        {"name": {"$gt": 10**9}},
        {"at.town": "仁里"},
        {"at": {"town": {"$beginsWith": "仁"}}},
        {"at.a\\.b": 1},
        {"at": {"a.b": {"$exists": False}}},
        {"nothing": None},
        {"nothing": {"$exists": True}},
        {"missing": {"$exists": False}},
        {"n": {"$in": [1, 5]}},
        {"tags": {"$in": ["b"]}},
        {"n": {"$nin": [1]}},
        {"n": {"$ne": 4}},
        {"tags": {"$all": ["b", "a"]}},
        {"tags": {"$size": 2}},
        {"tags.1": "b"},
        {"tags": {"$elemMatch": {"$eq": "b"}}},
        {"lines": {"$elemMatch": {"qty": {"$gt": 5}}}},
        {"lines": {"$allMatch": {"qty": {"$gt": 0}}}},
        {"at": {"$keyMapMatch": {"$eq": "town"}}},
        {"n": {"$mod": [3, 2]}},
        {"n": {"$type": "number"}},
        {"ok": {"$type": "boolean"}},
        {"$or": [{"n": 1}, {"ok": True}]},
        {"$and": [{"n": 5}, {"ok": True}]},
        {"$nor": [{"n": 1}, {"n": 2}]},
        {"$not": {"n": 1}},
        {"n": {"$not": {"$eq": 1}}},
        {"n": {"$or": [{"$eq": 1}, {"$eq": 5}]}},
        {"at": {"$eq": {"a.b": 1, "town": "仁里"}}},
    ],
)
def test_what_is_chosen(selector: dict[str, Any]) -> None:
    assert mango.selector(selector)(DOC)


@pytest.mark.parametrize(
    "selector",
    [
        {"n": 6},
        {"n": "5"},
        {"ok": 1},
        {"n": True},
        {"missing": None},
        {"missing": {"$ne": 1}},
        {"missing": {"$nin": [1]}},
        {"missing": {"$lt": 10**9}},
        {"n": {"$gt": "a"}},
        {"at": {"town": "仁里"}, "n": 1},
        {"at": {"$eq": {"town": "仁里"}}},
        {"at": {}},
        {"tags": {"$all": ["a", "c"]}},
        {"tags": {"$all": []}},
        {"tags.2": "b"},
        {"n": {"$size": 1}},
        {"lines": {"$allMatch": {"qty": {"$gt": 5}}}},
        {"n": {"$mod": [3, 1]}},
        {"name": {"$mod": [3, 1]}},
        {"n": {"$beginsWith": "5"}},
        {"$or": []},
        {"$not": {"n": 5}},
    ],
)
def test_what_is_not_chosen(selector: dict[str, Any]) -> None:
    assert not mango.selector(selector)(DOC)


@pytest.mark.parametrize(
    "selector",
    [
        None,
        [],
        "n",
        {"n": {"$regex": "^(a+)+$"}},
        {"$text": "a"},
        {"n": {"$odd": 1}},
        {"$and": {"n": 1}},
        {"$or": [1]},
        {"n": {"$in": 1}},
        {"n": {"$exists": 1}},
        {"n": {"$type": "integer"}},
        {"n": {"$size": -1}},
        {"n": {"$mod": [0, 1]}},
        {"n": {"$beginsWith": 1}},
        {f"f{i}": 1 for i in range(mango.MAX_PARTS + 1)},
    ],
)
def test_what_is_no_selector(selector: Any) -> None:
    with pytest.raises(BadRequest):
        mango.selector(selector)


def test_depth_is_bounded() -> None:
    deep: dict[str, Any] = {"n": 1}
    for _ in range(mango.MAX_DEPTH + 2):
        deep = {"$not": deep}
    with pytest.raises(BadRequest):
        mango.selector(deep)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(VALUES, min_size=3, max_size=3))
def test_the_order_of_values_is_an_order(values: list[Any]) -> None:
    a, b, c = sorted(values, key=mango.sort_key)
    assert mango.compare(a, b) <= 0 and mango.compare(b, c) <= 0 and mango.compare(a, c) <= 0
    assert mango.compare(a, c) == -mango.compare(c, a)


@given(VALUES)
def test_every_value_chooses_itself(value: Any) -> None:
    assert mango.selector({"x": {"$eq": value}})({"x": value})
    assert mango.selector({"x": {"$gte": value, "$lte": value}})({"x": value})
    assert not mango.selector({"x": {"$ne": value}})({"x": value})
