"""Documents: what is well filled passes, what is not is named in Chinese, what is newer is left alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from schemas import documents
from schemas.documents import DATA, SHAPES, load, problems
from schemas.lifecycle import EVENTS, fold
from schemas.workdays import calendar
from tests.schemas.histories import CASE, NOON, VILLAGE, History, forms, permit

EVENT = History().add("create", "village_clerk").events[0]
SOUND: dict[str, dict[str, Any]] = {
    "case_event": EVENT,
    "receipt": {"writer": VILLAGE, "epoch": "abcdefgh", "n": 0, "at": NOON},
    "claim": {"case": CASE, "staff": "E1", "at": NOON},
    "device": {"station": VILLAGE, "public_key": "AAAA", "at": NOON},
    "staff": {
        "name": "李四",
        "employee_no": "E1",
        "roles": ["village_clerk"],
        "station": VILLAGE,
        "active": True,
        "trained_on": "2018-01-05",
    },
    "notice": {"kind": "notice", "title": "通知", "body": "请各站核对", "at": NOON, "valid_to": "2018-12-31"},
}


def sound(kind: str) -> dict[str, Any]:
    return {"type": kind, "schema": 1, **copy.deepcopy(SOUND[kind])}


def told(doc: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.code, str(each.params.get("field", ""))) for each in problems(doc)]


@pytest.mark.parametrize("kind", SHAPES)
def test_a_sound_document_has_no_problems(kind: str) -> None:
    assert problems(sound(kind)) == ()
    assert problems({**sound(kind), "_rev": "1-abc", "later_field": {"x": [1]}}) == ()


@pytest.mark.parametrize("event", EVENTS)
def test_each_events_form_is_sound_and_stays_so_with_more_in_it(event: str) -> None:
    doc = {**sound("case_event"), "event": event, "data": forms(permit())[event]}
    assert problems(doc) == ()
    assert problems({**doc, "data": {**doc["data"], "later_field": 1}}) == ()


def test_there_is_a_form_for_each_event_of_the_table_and_no_other() -> None:
    assert set(DATA) == set(EVENTS)


def _paths(doc: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Where something stands in a document."""
    pairs = doc.items() if isinstance(doc, dict) else enumerate(doc) if isinstance(doc, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


def _without(doc: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(doc)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


OPTIONAL = {"_id", "trained_on", "valid_to", "mode", "note"}


@pytest.mark.parametrize("kind", [kind for kind in SHAPES if kind != "case_event"])
def test_a_missing_field_is_named(kind: str) -> None:
    doc = sound(kind)
    for key in doc.keys() - OPTIONAL - {"type"}:
        assert told(_without(doc, (key,))) == [("missing", key)]


def test_a_missing_field_of_an_event_is_named_however_deep() -> None:
    receive = {**sound("case_event"), "event": "receive", "data": forms(permit())["receive"]}
    for doc in (sound("case_event"), receive):
        for path in _paths(doc):
            if path[-1] in OPTIONAL or isinstance(path[-1], int) or path == ("type",):
                continue
            assert told(_without(doc, path)) == [("missing", ".".join(map(str, path)))], path


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"case": CASE[:-1]}, [("bad_form", "case")]),
        ({"lamport": 0}, [("out_of_range", "lamport")]),
        ({"lamport": True}, [("wrong_type", "lamport")]),
        ({"lamport": 3.0}, [("wrong_type", "lamport")]),
        ({"lamport": "3"}, [("wrong_type", "lamport")]),
        ({"at": "2018-02-09T09:00:00"}, [("bad_form", "at")]),
        ({"at": "2018-02-09"}, [("bad_form", "at")]),
        ({"station": 510903001001}, [("wrong_type", "station")]),
        ({"actor": "E1"}, [("wrong_type", "actor")]),
        (
            {"actor": {"staff": 1, "name": "", "role": "Clerk"}},
            [("wrong_type", "actor.staff"), ("bad_form", "actor.role")],
        ),
        ({"data": []}, [("wrong_type", "data")]),
        ({"event": "approve"}, [("unknown_event", "")]),
        ({"_id": f"ev:{VILLAGE}:abcdefgh:0"}, [("bad_form", "_id")]),
        ({"_rev": "x"}, [("bad_form", "_rev")]),
        ({"schema": 0}, [("out_of_range", "schema")]),
        ({"schema": None}, [("missing", "schema")]),
        ({"type": "note"}, [("unknown_type", "")]),
        ({"type": None}, [("unknown_type", "")]),
    ],
)
def test_what_is_wrong_with_an_event_is_named(
    change: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert told({**sound("case_event"), **change}) == expected


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        ("receive", {"privacy_notice": 1}, [("wrong_type", "data.privacy_notice")]),
        ("receive", {"query_code": "12345"}, [("bad_form", "data.query_code")]),
        ("receive", {"materials": {}}, [("wrong_type", "data.materials")]),
        ("receive", {"materials": [7]}, [("wrong_type", "data.materials.0")]),
        ("refuse", {"reason_code": "busy"}, [("not_listed", "data.reason_code")]),
        ("refuse", {"reason": "长" * 2001}, [("bad_length", "data.reason")]),
        ("suspend", {"days": 366}, [("out_of_range", "data.days")]),
        ("deliver", {"receiver": " "}, [("missing", "data.receiver")]),
        ("void", {"successor": "x"}, [("bad_form", "data.successor")]),
        ("notify_supplement", {"gaps": ["a", 2]}, [("wrong_type", "data.gaps.1")]),
    ],
)
def test_what_is_wrong_with_an_events_form_is_named(
    event: str, data: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    form = {**forms(permit())[event], **data}
    assert told({**sound("case_event"), "event": event, "data": form}) == expected


def test_a_day_is_written_with_hyphens() -> None:
    assert told({**sound("staff"), "trained_on": "20180105"}) == [("bad_form", "trained_on")]
    assert told({**sound("staff"), "trained_on": "2018-02-30"}) == [("bad_form", "trained_on")]
    assert told({**sound("staff"), "trained_on": 5}) == [("wrong_type", "trained_on")]


def test_a_problem_speaks_chinese() -> None:
    found = problems({**sound("case_event"), "lamport": 0, "at": None, "case": 1, "event": "长" * 3})
    assert {str(each) for each in found} == {
        "“顺序号”应在1至9007199254740991之间",
        "“办理时间”未填写",
        "“办件编号”的数据类型有误",
        "“办理动作”格式有误",
    }


# --- structure versions ---------------------------------------------------------------------------------------


def test_a_newer_document_is_reported_and_left_alone() -> None:
    newer = {"type": "notice", "schema": 2, "lines": ["…"]}
    assert [each.code for each in problems(newer)] == ["needs_update"]
    assert load(newer) == newer


def test_an_older_document_is_read_as_a_present_one_and_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    old = {
        "type": "notice",
        "schema": 1,
        "kind": "notice",
        "heading": "通知",
        "body": "…",
        "at": NOON,
        "own": 1,
    }
    now = {
        "type": "notice",
        "schema": 3,
        "kind": "notice",
        "title": "通知",
        "body": "…",
        "at": NOON,
        "own": 1,
    }

    def rename(doc: dict[str, Any]) -> dict[str, Any]:
        return {("title" if key == "heading" else key): value for key, value in doc.items()}

    monkeypatch.setattr(documents, "UPCASTS", {("notice", 1): rename, ("notice", 2): dict})
    monkeypatch.setattr(documents, "CURRENT", {"notice": 3})
    before = copy.deepcopy(old)
    assert load(old) == now
    assert problems(old) == ()
    assert old == before
    assert [each.code for each in problems({**now, "schema": 4})] == ["needs_update"]


# --- privacy --------------------------------------------------------------------------------------------------


def _fields(shape: Schema) -> Iterator[tuple[str, fields.Field[Any]]]:
    for name, field in shape.fields.items():
        yield f"{type(shape).__name__}.{name}", field
        inner = field.inner if isinstance(field, fields.List) else field
        if inner is not field:
            yield f"{type(shape).__name__}.{name}[]", inner
        if isinstance(inner, fields.Nested):
            yield from _fields(inner.schema)


ALL_FIELDS = [pair for shape in (*SHAPES.values(), *DATA.values()) for pair in _fields(shape())]


def test_every_field_says_whose_eyes_it_is_for_and_what_it_is_called() -> None:
    assert len(ALL_FIELDS) > 100
    for name, field in ALL_FIELDS:
        assert field.metadata["privacy"] in ("public", "personal", "secret"), name
        assert not field.metadata["label"].isascii(), name


def test_what_identifies_a_citizen_is_personal_and_what_opens_something_is_secret() -> None:
    classes = {name: field.metadata["privacy"] for name, field in ALL_FIELDS}
    personal = (
        "Applicant.name",
        "Applicant.id_no",
        "Create.phone",
        "Create.address",
        "Deliver.receiver",
        "Staff.phone",
    )
    assert {classes[name] for name in personal} == {"personal"}
    assert {name for name, each in classes.items() if each == "secret"} == {
        *("Receive.query_code", "PreReviewPass.query_code", "Staff.password_hash")
    }


# --- two checks, one event -------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(list(SHAPES)), st.data())
def test_anything_json_can_carry_is_answered(kind: str, data: st.DataObject) -> None:
    doc = sound(kind)
    path = data.draw(st.sampled_from(sorted(_paths(doc), key=str)))
    inner: Any = doc
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = data.draw(JSON)
    assert all(str(each) for each in problems(doc))


def test_whatever_the_fold_counts_on_the_walking_line_is_well_filled() -> None:
    walk = (
        History().granted().add("conclude", "district_window", "510903000000").add("deliver", "village_clerk")
    )
    state = fold(walk.events, calendar())
    assert len(state.timeline) == len(walk.events) == 9
    for entry in state.timeline:
        assert problems(dict(entry.event)) == ()
