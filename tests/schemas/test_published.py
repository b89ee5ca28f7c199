"""A published document read back as a version, and what is not understood."""

from __future__ import annotations

from datetime import date

import pytest

from schemas import catalogue, listings, published, tables
from schemas.catalogue import InForce, Transfer, Version
from tests.catalogue import GUIDE, LAW, version

ITEM = next(each for each in tables.items().values() if each.division_code == "510903" and not each.instant)
CODE = ITEM.item_code
AROUND = {"station": "510900000000", "created_at": "2018-02-09T09:00:00+08:00", "created_by": "C001"}


def test_a_version_says_what_its_document_says() -> None:
    found = published.version_of(
        version(
            CODE,
            2,
            "2018-03-01",
            name="食品经营许可（新办）",
            fee=True,
            fee_standard="20元/本",
            fee_basis=LAW,
        )
    )
    assert found is not None
    assert found.item.name == "食品经营许可（新办）" and found.item.version == 2
    assert (found.effective_from, found.effective_to, found.withdrawn) == (date(2018, 3, 1), None, False)
    assert found.fee_basis == LAW and found.item.fee_note == "20元/本"
    assert (found.where, found.hours, found.phone) == tuple(GUIDE.values()) and found.faq == ()
    assert found.procedure == ("受理：窗口人员，0个工作日", "审查：审查人员，1个工作日")
    assert [(each.seq, each.name) for each in found.lines] == [
        (each.seq, each.name) for each in tables.materials(CODE)
    ]


def test_what_the_table_says_of_an_item_comes_back_the_same() -> None:
    found = published.version_of(version(CODE, 1, "2018-03-01"))
    assert found is not None
    same = (
        "item_code",
        "name",
        "department",
        "zone",
        "category",
        "legal_days",
        "promised_days",
        "instant",
        "fee",
        "division_code",
    )
    assert all(getattr(found.item, each) == getattr(ITEM, each) for each in same)


@pytest.mark.parametrize(
    "said",
    [
        {"status": "draft"},
        {"effective_from": "soon"},
        {"materials": [{"name": "甲"}]},
        {"promised_days": 0},
        {"name": ""},
    ],
)
def test_a_draft_and_what_is_badly_filled_count_for_nothing(said: dict[str, object]) -> None:
    assert published.version_of(version(CODE, 2, "2018-03-01", **said)) is None


def in_force(day: date, *more: Version | None) -> InForce:
    return InForce(catalogue.shipped().with_versions(filter(None, more)), day)


def test_a_version_counts_from_its_day_on_and_is_announced_before() -> None:
    second = published.version_of(version(CODE, 2, "2018-03-01", name="新名称", materials=[]))
    before, after = in_force(date(2018, 2, 28), second), in_force(date(2018, 3, 1), second)
    assert before.items()[CODE].version == 1 and before.materials(CODE) == tables.materials(CODE)
    assert before.upcoming(CODE) == second and after.upcoming(CODE) is None
    assert after.items()[CODE].name == "新名称" and after.materials(CODE) == ()


def test_a_withdrawn_item_is_offered_to_nobody_from_its_day_on() -> None:
    gone = published.version_of(version(CODE, 2, "2018-03-01", status="withdrawn"))
    bureau = tables.station("510903000000")
    assert in_force(date(2018, 2, 28), gone).item(CODE) is not None
    after = in_force(date(2018, 3, 1), gone)
    assert after.item(CODE) is None and after.materials(CODE) == () and CODE not in after.items()
    assert CODE not in {item.item_code for item, _ in after.offers(bureau)}
    assert after.book.item(CODE, 1) == ITEM, "cases that were opened under it go on"


# -- the lists ---------------------------------------------------------------------------------------------------------


def test_the_lists_come_back_as_what_was_drafted_of_them() -> None:
    moved = Transfer(
        CODE, ITEM.department, "510903000000", date(2018, 3, 1), date(2018, 4, 1), "区委〔2018〕1号"
    )
    (doc,) = listings.transfer_documents(listings.transfer_draft(moved))
    assert published.entry_of({**doc, **AROUND}) == moved
    for service in tables.intermediaries():
        doc = listings.service_document(listings.service_draft(service))
        found = published.entry_of({**doc, **AROUND})
        assert isinstance(found, tables.Intermediary)
        assert listings.service_draft(found) == listings.service_draft(service)
    for entry in tables.certificates():
        draft = {**listings.certificate_draft(entry), "effective_from": "2018-03-01"}
        read = published.entry_of({**listings.certificate_document(draft), **AROUND})
        assert isinstance(read, tables.Certificate)
        assert (read.cert_code, read.effective_from) == (entry.cert_code, date(2018, 3, 1))
        assert listings.certificate_draft(read) == listings.certificate_draft(entry)


@pytest.mark.parametrize(
    "doc",
    [
        {"_id": "transfer:X-1", "type": "transfer_record", "schema": 1, "item": "X-1"},
        {"_id": "transfer:X-1", "type": "service_item", "schema": 1},
        {"_id": "med:MED-01", "type": "intermediary_service", "schema": 1, "name": "x"},
        {"_id": "cert:KEEP-01:2018-03-01", "type": "certificate_entry", "schema": 2},
        {"_id": "staff:1", "type": "staff", "schema": 1},
        {},
    ],
)
def test_an_entry_that_is_badly_filled_or_of_another_kind_counts_for_nothing(doc: dict[str, object]) -> None:
    assert published.entry_of({**AROUND, **doc}) is None
