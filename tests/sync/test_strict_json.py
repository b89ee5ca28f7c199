"""One text, one meaning: what readers disagree about does not come in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from sync import strict_json
from sync.errors import BadJson

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
floats = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.integers(-strict_json.MAX_INTEGER, strict_json.MAX_INTEGER) | floats.filter(
    lambda number: not 2**53 <= abs(number) < 1e21
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts.filter(lambda key: "\0" not in key), inner, max_size=4)
    ),
    max_leaves=20,
)


def taken(text: bytes) -> tuple[dict[str, Any], list[tuple[Any, bytes]]]:
    members, items = strict_json.loads_items(text, "docs")
    return members, list(items)


@pytest.mark.parametrize(
    "text",
    [
        b'{"roles":["_admin"],"roles":[]}',
        b'{"a":1,"\\u0061":2}',
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[9007199254740992]",
        b"[-9007199254740992]",
        b"[" + b"9" * 4000 + b"]",
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b'["\xff"]',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32-le"),
        b'["\\ud800"]',
        b'["\\udc00 \\ud800"]',
        b'{"\\ud83d":1}',
        b'{"a\\u0000b":1}',
        b'["\x00"]',
        b'["\n"]',
        b"",
        b" ",
        b"[1,]",
        b'{"a":1,}',
        b"{'a':1}",
        b"[01]",
        b"[+1]",
        b"[.5]",
        b"[1.]",
        b"[1]x",
        b"[1][2]",
        b"// no\n[1]",
        b"nul",
        '["\uff11", \uff11]'.encode(),
    ],
    ids=lambda text: repr(text[:24]),
)
def test_is_refused(text: bytes) -> None:
    with pytest.raises(BadJson):
        strict_json.loads(text)
    with pytest.raises(BadJson):
        taken(b'{"docs":[' + text + b"]}" if text.strip() else text)
    with pytest.raises(BadJson):
        taken(b'{"docs":[\n{},\n' + text + b"\n]}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"[9007199254740991,-9007199254740991,0,-0]", [2**53 - 1, 1 - 2**53, 0, 0]),
        (b"[" * 64 + b"]" * 64, None),
        (b'["\\ud83d\\ude00"]', ["😀"]),
        (b'["\\\\ud800"]', ["\\ud800"]),
        (b'["a\\u0000b"]', ["a\0b"]),
        (b' {"a" : [1 , 2.5e3] }\r\n', {"a": [1, 2500.0]}),
        (b'"5109"', "5109"),
        (b"null", None),
    ],
)
def test_is_taken(text: bytes, value: Any) -> None:
    read = strict_json.loads(text)
    assert value is None or read == value


@given(values)
def test_reads_what_it_wrote(value: Any) -> None:
    assert strict_json.loads(strict_json.dumps(value)) == value


@given(values)
def test_canonical_form_is_that_of_rfc_8785(value: Any) -> None:
    assert strict_json.canonical(value) == rfc8785.dumps(value)


@given(values)
def test_canonical_form_does_not_depend_on_the_way_a_value_was_written(value: Any) -> None:
    rewritten = json.dumps(value, indent=1, ensure_ascii=True).encode()
    assert strict_json.canonical(strict_json.loads(rewritten)) == strict_json.canonical(value)


@pytest.mark.parametrize(
    "value", [2**53, 2.0**53, [float("inf")], [float("nan")], {"a": "\ud800"}, {1: 2}, {"a": {1, 2}}, b"x"]
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(BadJson):
        strict_json.canonical(value)


def test_keys_outside_the_basic_plane_sort_as_in_rfc_8785() -> None:
    value = {"\ufb33": 1, "😀": 2, "a": 3}
    assert strict_json.canonical(value) == '{"a":3,"😀":2,"\ufb33":1}'.encode()


@given(
    st.lists(values, max_size=5),
    st.booleans(),
    st.sampled_from(["", "\n", " ", "\n\t "]),
    st.sampled_from([(",", ":"), (", ", ": ")]),
)
def test_a_batch_reads_as_the_whole_text_does(
    items: list[Any], last: bool, gap: str, separators: tuple[str, str]
) -> None:
    written = [json.dumps(item, ensure_ascii=False, separators=separators) for item in items]
    listed = f'"docs"{gap}:{gap}[{gap}{f"{gap},{gap}".join(written)}{gap}]'
    members = [listed, '"new_edits":false'] if last else ['"new_edits":false', listed]
    text = f"{gap}{{{gap}{f'{gap},{gap}'.join(members)}{gap}}}{gap}".encode()
    rest, read = taken(text)
    assert {**rest, "docs": [value for value, _ in read]} == strict_json.loads(text)
    assert [own for _, own in read] == [item.encode() for item in written]


TEXTS = st.recursive(
    st.sampled_from(
        [
            "null",
            "true",
            "0",
            "-0",
            "1",
            "-7",
            "1.5",
            "1e2",
            "1E400",
            "9007199254740993",
            "12345678901234567890",
        ]
    )
    | st.text(max_size=3).map(lambda text: json.dumps(text, ensure_ascii=False))
    | st.text(max_size=3).map(json.dumps),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ",".join(items) + "]")
        | st.lists(st.tuples(st.sampled_from(["a", "b", "\\u0000", "名"]), inner), max_size=3).map(
            lambda pairs: "{" + ",\n".join(f'"{name}":{value}' for name, value in pairs) + "}"
        )
    ),
    max_leaves=8,
)


@given(TEXTS)
def test_the_quick_way_and_the_long_way_say_the_same(text: str) -> None:
    def said(max_depth: int = strict_json.MAX_DEPTH) -> Any:
        try:
            return repr(strict_json.loads(text.encode("utf-8", "surrogatepass"), max_depth))
        except BadJson:
            return BadJson

    quickly = said()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_json, "_again", lambda data: strict_json._ODD)
        assert said() == quickly


@pytest.mark.parametrize(
    "text",
    [
        b'{"docs":[1],"docs":[2]}',
        b'{"docs":[],"a":1,"a":2}',
        b'{"docs":1}',
        b'{"docs":[1]',
        b'{"docs":[1 2]}',
        b'{"docs":[1],}',
        b'{"docs":[1]}x',
        b'{"a":1}',
        b'[{"docs":[]}]',
        b'{"docs":[,1]}',
        b"{1:[]}",
    ],
)
def test_a_batch_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(BadJson):
        taken(text)


# Items and what they end with, so that lists come about which are in lines, partly so, or none at all.
LINES = st.lists(
    st.tuples(
        TEXTS
        | st.sampled_from(['{"a":[\n1,\n2\n]}', "[\n]", '{"a":{},\n"b":1}', " 1 ", "]", '{"a":"\n"}', ""]),
        st.sampled_from([",\n"] * 6 + [",", "\n", " ,\r\n", '\n],"new_edits":true,"x":[\n']),
    ),
    max_size=4,
)
ENDS = [
    "\n]}",
    "\n]}\n",
    '\n],"new_edits":true}',
    '\n],"docs":[]}',
    '\n],\n"last":"1\n"}',
    "\n]",
    "]}",
    '\n],"x":[\n]}',
]


@given(st.sampled_from(["", '"new_edits":false,']), LINES, TEXTS, st.sampled_from(ENDS))
def test_a_batch_in_lines_reads_as_the_long_way_reads_it(
    first: str, lines: list[tuple[str, str]], last: str, end: str
) -> None:
    text = "".join(["{", first, '"docs":[\n', *map("".join, lines), last, end])
    data = text.encode("utf-8", "surrogatepass")

    def said(read: Callable[..., tuple[Any, Any]]) -> Any:
        try:
            members, items = read(data, "docs", strict_json.MAX_DEPTH)
            return members, repr(list(items))
        except BadJson:
            return BadJson

    assert said(strict_json.loads_items) == said(strict_json._loads_items_slowly)


def test_one_odd_item_leaves_the_others_to_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "_loads_items_slowly", None)
    _, items = taken(b'{"docs":[\n{"a":1},\n{"a" : "\\u0041"},\n{"a":3}\n]}')
    assert items == [({"a": 1}, b'{"a":1}'), ({"a": "A"}, b'{"a" : "\\u0041"}'), ({"a": 3}, b'{"a":3}')]


@given(st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_anything_else_is_refused_in_words(data: bytes) -> None:
    try:
        value = strict_json.loads(data)
    except BadJson as error:
        assert error.reason and error.status == 400
    else:
        assert json.loads(data) == value


@pytest.mark.parametrize(
    "inner", [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")], ids=["lists", "objects", "both"]
)
@pytest.mark.parametrize("extra", [0, 1, 2, 63, 64, 65, 200])
def test_depth_is_counted_alike_in_every_form(inner: tuple[str, str], extra: int) -> None:
    levels = 2 if inner[1] == "}]" else 1
    for depth in range(strict_json.MAX_DEPTH - 3, strict_json.MAX_DEPTH + 1 + extra):
        times, rest = divmod(depth, levels)
        text = ("[" * rest + inner[0] * times + "1" + inner[1] * times + "]" * rest).encode()
        if depth <= strict_json.MAX_DEPTH:
            strict_json.loads(text)
        else:
            with pytest.raises(BadJson, match="nested deeper"):
                strict_json.loads(text)
