"""Documents: what is well filled passes, what is not is named in Chinese, what is newer is left alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import documents
from schemas.canonical import canonical
from schemas.documents import DATA, EVENT_DATA, SHAPES, Library, load, problems
from schemas.documents.envelope import Envelope
from schemas.documents.fields import Text
from schemas.documents.upcasts import fill, rename
from schemas.lifecycle import EVENTS, errands, fold, projects
from schemas.workdays import calendar
from tests.schemas.histories import CASE, VILLAGE, History, forms, permit
from tests.schemas.records import ERRAND_FORMS, MATERIAL, PROJECT_FORMS, SOUND, full, sound


def told(doc: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.code, str(each.params.get("field", ""))) for each in problems(doc)]


@pytest.mark.parametrize("kind", SHAPES)
def test_a_sound_document_has_no_problems(kind: str) -> None:
    assert problems(sound(kind)) == ()
    assert problems({**full(kind), "_rev": "1-abc", "later_field": {"x": [1]}}) == ()


SPECIFIED = {
    *("service_item", "guide", "intermediary_service", "certificate_entry", "certificate_issue"),
    *("station", "staff", "case_event", "evaluation", "complaint", "inspection"),
    *("supervision_card", "accountability", "notice", "calendar_day", "transfer_record", "coordination"),
    *("target", "duty_roster"),
}
"""domain.md §4, but for case, parallel_project, agency_task and attachment: those are no documents but in their events."""


def test_every_type_of_the_specification_has_a_shape() -> None:
    servers = {"claim", "device", "hub_key", "staff_list", "notice_receipt", "release"}
    events = {"project_event", "errand_event"}
    assert (
        set(SHAPES)
        == set(SOUND)
        == {*SPECIFIED, *events, *servers, "vip_entry", "guidance_entry", "station_report"}
    )


OPTIONAL_IN = {
    "open": {"lead_officer"},
    "plan": {"materials"},
    "request": {"phone", "item"},
    "collect": {"entrusted_by"},
}


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        *(("project_event", event) for event in PROJECT_FORMS),
        *(("errand_event", event) for event in ERRAND_FORMS),
    ],
)
def test_each_form_of_a_project_and_an_errand_is_sound(kind: str, event: str) -> None:
    data = {**PROJECT_FORMS, **ERRAND_FORMS}[event]
    doc = {**sound(kind), "event": event, "data": data}
    assert problems(doc) == ()
    for key in data.keys() - OPTIONAL_IN.get(event, set()):
        assert told(_without(doc, ("data", key))) == [("missing", f"data.{key}")]


@pytest.mark.parametrize("event", EVENTS)
def test_each_events_form_is_sound_and_stays_so_with_more_in_it(event: str) -> None:
    doc = {**sound("case_event"), "event": event, "data": forms(permit())[event]}
    assert problems(doc) == ()
    assert problems({**doc, "data": {**doc["data"], "later_field": 1}}) == ()


def test_there_is_a_form_for_each_event_of_the_table_and_no_other() -> None:
    assert set(DATA) == set(EVENTS)
    assert set(EVENT_DATA["project_event"]) == set(projects.EVENTS) == set(PROJECT_FORMS)
    assert set(EVENT_DATA["errand_event"]) == set(errands.EVENTS) == set(ERRAND_FORMS)


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


@pytest.mark.parametrize("kind", [kind for kind in SHAPES if kind not in EVENT_DATA])
def test_a_missing_field_is_named(kind: str) -> None:
    doc = sound(kind)
    for key in doc.keys() - {"type", "_id"}:
        assert told(_without(doc, (key,))) == [("missing", key)], key


OPTIONAL = {"_id", "mode", "note"}


def test_a_missing_field_of_an_event_is_named_however_deep() -> None:
    receive = {**sound("case_event"), "event": "receive", "data": forms(permit())["receive"]}
    for doc in (sound("case_event"), receive):
        for path in _paths(doc):
            if path[-1] in OPTIONAL or isinstance(path[-1], int) or path == ("type",):
                continue
            assert told(_without(doc, path)) == [("missing", ".".join(map(str, path)))], path


@pytest.mark.parametrize(
    ("kind", "change", "missed"),
    [
        ("service_item", {"fee_basis": ""}, ["fee_basis"]),
        ("service_item", {"fee": False, "fee_basis": ""}, []),
        ("service_item", {"zone": None, "level": "city"}, ["zone"]),
        ("service_item", {"materials": [{**MATERIAL, "certificate_id": ""}]}, ["materials.0.certificate_id"]),
        ("certificate_entry", {"status": "abolished"}, ["replaced_by"]),
        ("complaint", {"state": "closed"}, ["answer"]),
        ("complaint", {"upheld": True}, ["upheld_at"]),
        ("inspection", {"kind": "unannounced"}, ["visible_from"]),
        ("supervision_card", {"outcome": "answered"}, ["answer", "answer_at"]),
        ("evaluation", {"channel": "back_to_back"}, ["anonymous_to_staff"]),
        ("notice", {"kind": "monthly_bulletin"}, ["period"]),
    ],
)
def test_some_fields_must_be_filled_beside_others(
    kind: str, change: dict[str, Any], missed: list[str]
) -> None:
    assert [field for _, field in told({**sound(kind), **change})] == missed


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("service_item", {"promised_days": 0}),
        ("service_item", {"runs": 10}),
        ("service_item", {"name": "长" * 201}),
        ("service_item", {"division_code": "510"}),
        ("service_item", {"zone": "其他"}),
        ("service_item", {"materials": [{**MATERIAL, "copies": 10}]}),
        ("project_event", {"project": ""}),
        ("certificate_issue", {"certificate": "cert:GONE-001"}),
        ("certificate_issue", {"facts": "长" * 1001}),
        ("evaluation", {"level": 6}),
        ("evaluation", {"case": CASE[:-1]}),
        ("complaint", {"channel": "fax"}),
        ("supervision_card", {"points": "1.55"}),
        ("calendar_day", {"_id": "day:2018-2-11"}),
        ("target", {"value": "-1"}),
        ("station", {"code": "5109"}),
    ],
)
def test_limits_and_forms_of_the_specification_hold(kind: str, change: dict[str, Any]) -> None:
    (name,) = change
    assert [field.split(".")[0] for _, field in told({**sound(kind), **change})] == [name]


@pytest.mark.parametrize("kind", ["consult", "assist", "agency", "urge"])
def test_the_vip_rooms_log_knows_four_kinds_of_service_and_no_fifth(kind: str) -> None:
    assert problems({**sound("vip_entry"), "kind": kind}) == ()
    assert told({**sound("vip_entry"), "kind": "dine"}) == [("not_listed", "kind")]


def test_a_complaint_may_be_anonymous_but_says_how_it_came() -> None:
    assert "complainant" not in sound("complaint")
    for channel in ("box", "phone", "web", "visit", "letter", "12345"):
        assert problems({**sound("complaint"), "channel": channel}) == ()
    assert told(_without(sound("complaint"), ("channel",))) == [("missing", "channel")]


def test_an_errand_has_no_field_for_a_fee() -> None:
    fields_of = [name for form in EVENT_DATA["errand_event"].values() for name in form().fields]
    assert "kind" in fields_of
    assert not [name for name in fields_of if "fee" in name]


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
        ("open", {"vip": True, "lead_officer": ""}, [("missing", "data.lead_officer")]),
        ("plan", {"promised_days": 46}, [("out_of_range", "data.promised_days")]),
        ("opinion", {"opinion": "disagree"}, [("missing", "data.text")]),
        ("extend", {"days": 16}, [("out_of_range", "data.days")]),
    ],
)
def test_what_is_wrong_with_a_projects_form_is_named(
    event: str, data: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    doc = {**sound("project_event"), "event": event, "data": {**PROJECT_FORMS[event], **data}}
    assert told(doc) == expected


def test_a_green_channel_has_a_reason_and_somebody_who_approved_it() -> None:
    form = {**ERRAND_FORMS["request"], "green_channel": True}
    assert told({**sound("errand_event"), "data": form}) == [
        ("missing", "data.green_reason"),
        ("missing", "data.green_approved_by"),
    ]


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
    newer = {"type": "notice", "schema": 99, "lines": ["…"]}
    assert [each.code for each in problems(newer)] == ["needs_update"]
    assert load(newer) == newer


class Poster(Envelope):
    """An invented type at its third structure: a heading became a title, then got a place."""

    title = Text("标题")
    place = Text("位置")
    phone = Text("电话", "personal", mask="phone")


POSTERS = Library(
    {"poster": Poster},
    {("poster", 1): (rename("heading", "title"),), ("poster", 2): (fill("place", "大厅"),)},
)
BY_STRUCTURE = {
    1: {"heading": "办事指南", "phone": "13800001234", "own": [1]},
    2: {"title": "办事指南", "phone": "13800001234", "own": [1]},
    3: {"title": "办事指南", "place": "大厅", "phone": "13800001234", "own": [1]},
    4: {"titles": ["办事指南"], "place": "大厅", "phone": "13800001234"},
    5: {"panels": [{"title": "办事指南"}], "owner": {"phone": "13800001234"}},
}


def poster(schema: int) -> dict[str, Any]:
    return {"_id": "poster:1", "type": "poster", "schema": schema, **copy.deepcopy(BY_STRUCTURE[schema])}


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_a_document_up_to_two_structures_older_is_read_as_a_present_one_and_not_changed(schema: int) -> None:
    doc = poster(schema)
    assert POSTERS.load(doc) == poster(3)
    assert POSTERS.problems(doc) == ()
    assert POSTERS.mask(doc, "public") == {**_without(poster(3), ("own",)), "phone": "138****1234"}
    assert doc == poster(schema)


@pytest.mark.parametrize("schema", [4, 5])
def test_a_document_of_newer_structures_is_kept_byte_for_byte_and_shown_as_newer(schema: int) -> None:
    doc = poster(schema)
    assert canonical(POSTERS.load(doc)) == canonical(poster(schema))
    assert [each.code for each in POSTERS.problems(doc)] == ["needs_update"]
    # Nobody here knows which of its fields are whose.
    for reader in ("public", "personal"):
        assert POSTERS.mask(doc, reader) == {"_id": "poster:1", "type": "poster", "schema": schema}


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
    assert documents.mask(doc, "public").keys() <= {"_id", *doc}


def test_whatever_the_fold_counts_on_the_walking_line_is_well_filled() -> None:
    walk = (
        History().granted().add("conclude", "district_window", "510903000000").add("deliver", "village_clerk")
    )
    state = fold(walk.events, calendar())
    assert len(state.timeline) == len(walk.events) == 9
    for entry in state.timeline:
        assert problems(dict(entry.event)) == ()
