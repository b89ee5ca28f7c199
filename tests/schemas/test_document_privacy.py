"""Privacy: every field has a class, and what is of a citizen is met on no public screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import Schema, fields

from schemas import documents
from schemas.documents import EVENT_DATA, SHAPES
from schemas.documents.fields import Text
from schemas.numbers import PERSONAL_NUMBER
from tests.schemas.histories import ID_NO, forms, permit
from tests.schemas.records import full, sound


def _fields(shape: Schema) -> Iterator[tuple[str, fields.Field[Any]]]:
    for name, field in shape.fields.items():
        yield f"{type(shape).__name__}.{name}", field
        inner = field.inner if isinstance(field, fields.List) else field
        if inner is not field:
            yield f"{type(shape).__name__}.{name}[]", inner
        if isinstance(inner, fields.Nested):
            yield from _fields(inner.schema)


ALL_FIELDS = [
    pair
    for shape in (*SHAPES.values(), *(form for forms_ in EVENT_DATA.values() for form in forms_.values()))
    for pair in _fields(shape())
]


def test_every_field_says_whose_eyes_it_is_for_and_what_it_is_called() -> None:
    assert len(ALL_FIELDS) > 300
    for name, field in ALL_FIELDS:
        assert field.metadata["privacy"] in ("public", "personal", "secret"), name
        assert not field.metadata["label"].isascii(), name


PERSONAL = {
    *("Applicant.name", "Applicant.id_type", "Applicant.id_no", "Complainant.name", "Complainant.phone"),
    *("Create.phone", "Create.address", "Changes.phone", "Changes.address", "Deliver.receiver"),
    *("Request.phone", "Request.address", "Open.phone", "Open.address", "Opinion.text", "File.name"),
    *("CertificateIssue.holder", "CertificateIssue.holder_id_no", "CertificateIssue.facts"),
    *("Complaint.content", "Complaint.answer", "Complaint.callback", "Evaluation.text"),
    *("Rectification.callback_result",),
}


def test_what_identifies_a_citizen_is_personal_and_what_opens_something_is_secret() -> None:
    classes = {name: field.metadata["privacy"] for name, field in ALL_FIELDS}
    assert {classes[name] for name in PERSONAL} == {"personal"}
    assert {name for name, each in classes.items() if each == "secret"} == {
        *("Receive.query_code", "PreReviewPass.query_code", "SubmitOnline.query_code", "Open.query_code")
    }


def test_names_numbers_and_telephones_are_personal_wherever_they_stand() -> None:
    masks = {
        name: field
        for name, field in ALL_FIELDS
        if isinstance(field, Text) and field.mask not in ("hide", "text")
    }
    assert {field.metadata["privacy"] for field in masks.values()} == {"personal"}
    assert {name: field.mask for name, field in masks.items()} == {
        **dict.fromkeys(("Applicant.name", "Complainant.name", "Deliver.receiver"), "name"),
        **dict.fromkeys(("CertificateIssue.holder", "HandOver.receiver"), "name"),
        **dict.fromkeys(("Applicant.id_no", "CertificateIssue.holder_id_no"), "id_no"),
        **dict.fromkeys(("Create.phone", "Changes.phone", "Request.phone", "Open.phone"), "phone"),
        **dict.fromkeys(("Complainant.phone",), "phone"),
    }


def test_a_public_screen_shows_a_case_without_its_applicant() -> None:
    shown = documents.mask(sound("case_event"), "public")
    applicant = shown["data"]["applicant"]
    assert applicant == {"name": "张**", "id_type": "***", "id_no": "110105********002X"}
    assert shown["data"]["phone"] == "138****0000"
    assert shown["data"]["address"] == "***"
    assert shown["data"]["item"] == sound("case_event")["data"]["item"]
    assert documents.mask(sound("case_event"), "personal") == sound("case_event")


def test_who_works_on_a_case_sees_whose_it_is_and_no_number() -> None:
    shown = documents.mask(sound("case_event"), "work")["data"]
    assert shown["applicant"] == {**sound("case_event")["data"]["applicant"], "id_no": "110105********002X"}
    assert shown["phone"] == "138****0000"
    assert shown["address"] == sound("case_event")["data"]["address"]


def test_who_supervises_a_case_sees_what_was_done_and_not_to_whom() -> None:
    shown = documents.mask(sound("case_event"), "watch")["data"]
    assert shown["applicant"] == {"name": "张**", "id_type": "***", "id_no": "110105********002X"}
    assert shown["address"] == "***"
    denied = {"reason": f"{ID_NO}与档案不符，请致电13800001234", "remedy": "可申请行政复议"}
    said = documents.mask({**sound("case_event"), "event": "deny", "data": denied}, "watch")["data"]
    assert said == {"reason": "110105********002X与档案不符，请致电138****1234", "remedy": "可申请行政复议"}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("reader", ["watch", "work"])
def test_no_number_stands_on_a_page_unasked_for(kind: str, reader: documents.Reader) -> None:
    text = json.dumps(documents.mask(full(kind), reader), ensure_ascii=False)
    assert not PERSONAL_NUMBER.search(text)


def test_every_long_text_that_is_written_about_a_case_says_so() -> None:
    long = {
        name: f.mask
        for name, f in ALL_FIELDS
        if isinstance(f, Text) and f.metadata["privacy"] == "personal" and f.high >= 500
    }
    assert set(long.values()) == {"text"}


def test_a_code_that_opens_something_is_shown_to_nobody() -> None:
    doc = {**sound("case_event"), "event": "receive", "data": forms(permit())["receive"]}
    for reader in ("public", "personal"):
        shown = documents.mask(doc, reader)["data"]
        assert shown["privacy_notice"] is True
        assert "query_code" not in shown


@pytest.mark.parametrize("kind", SHAPES)
def test_no_reader_of_a_public_screen_meets_what_is_personal(kind: str) -> None:
    text = json.dumps(documents.mask(full(kind), "public"), ensure_ascii=False)
    for private in ("张三丰", ID_NO, "13800001234", "$argon2id$", "房屋受损", "已取消的证明", "身份证.jpg"):
        assert private not in text


def test_a_key_no_shape_knows_is_not_shown_in_public() -> None:
    assert "later" not in documents.mask({**sound("target"), "later": "13800001234"}, "public")
    assert documents.mask({"type": "poem", "schema": 1, "lines": ["…"]}, "personal") == {
        "type": "poem",
        "schema": 1,
    }
