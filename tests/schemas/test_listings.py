"""What may be published of transfers, intermediary services and village certificates, and what stands against the rest."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas import listings, tables
from schemas.catalogue import Transfer, shipped
from schemas.publishing import INTERMEDIARY_FIELDS
from tests.schemas.histories import BUREAU, HUB, an_item, village_item

TODAY = date(2018, 2, 9)
CITY = an_item(level="city")
OTHER = an_item(level="city", department="市公安局")
DISTRICT = an_item(level="district", division_code="510903")
UPCOMING = Transfer(CITY.item_code, CITY.department, HUB, None, date(2018, 2, 10))
BEGUN = Transfer(CITY.item_code, CITY.department, HUB, date(2018, 2, 9), date(2018, 2, 10))


def transfer(**said: Any) -> dict[str, Any]:
    return {
        "key": "1", "items": [CITY.item_code], "from_department": CITY.department, "to_bureau": BUREAU, "formal_from": "2018-03-01",
        "document": "市政府令第1号", **said,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ({}, []),
        ({"formal_from": "2018-02-09"}, []),
        ({"trial_from": "2018-02-09"}, []),
        ({"to_bureau": HUB}, []),
        ({"items": []}, ["missing"]),
        ({"document": ""}, ["missing"]),
        ({"to_bureau": "510903001000"}, ["no_bureau"]),
        ({"formal_from": ""}, ["no_formal_day"]),
        ({"formal_from": "2018-02-08"}, ["transfer_past"]),
        ({"trial_from": "2018-02-08"}, ["transfer_past"]),
        ({"trial_from": "下周"}, ["trial_wrong"]),
        ({"trial_from": "2018-03-01"}, ["trial_late"]),
        ({"items": [CITY.item_code] * 2}, ["item_twice"]),
        ({"items": ["X-1"]}, ["no_such_item"]),
        ({"items": [village_item().item_code]}, ["no_bureau_item", "other_department"]),
        ({"items": [CITY.item_code, OTHER.item_code]}, ["other_department"]),
        ({"items": [DISTRICT.item_code], "from_department": DISTRICT.department}, ["transferred_already"]),
        (
            {"items": [DISTRICT.item_code], "from_department": DISTRICT.department, "to_bureau": HUB},
            ["other_district", "transferred_already"],
        ),
    ],
)
def test_a_transfer_is_of_known_items_of_one_department_from_a_day_that_is_not_over(
    said: dict[str, Any], codes: list[str]
) -> None:
    found = listings.transfer_problems(transfer(**said), shipped(), TODAY)
    assert [each.code for each in found] == codes


def test_a_transfer_may_be_put_right_until_it_begins() -> None:
    for before, codes in ((UPCOMING, []), (BEGUN, ["transferred_already"])):
        book = shipped().with_transfers([before])
        assert [each.code for each in listings.transfer_problems(transfer(), book, TODAY)] == codes


def test_an_order_that_was_interrupted_on_its_first_day_can_be_published_to_its_end() -> None:
    order = transfer(items=[CITY.item_code, OTHER.item_code], formal_from=str(TODAY))
    first = Transfer(CITY.item_code, CITY.department, BUREAU, None, TODAY, "市政府令第1号")
    book = shipped().with_transfers([first])
    assert "transferred_already" not in [each.code for each in listings.transfer_problems(order, book, TODAY)]


def test_every_item_of_an_order_is_a_document_of_its_own() -> None:
    docs = listings.transfer_documents(transfer(items=[CITY.item_code, OTHER.item_code]))
    assert [each["_id"] for each in docs] == [f"transfer:{CITY.item_code}", f"transfer:{OTHER.item_code}"]
    assert all("trial_from" not in each for each in docs)


# --- intermediary services --------------------------------------------------------------------------------------------


def service(**said: Any) -> dict[str, Any]:
    return {**listings.service_draft(tables.intermediaries()[0]), "key": "MED-29", "name": "新服务", **said}


@pytest.mark.parametrize("field", INTERMEDIARY_FIELDS)
def test_a_service_lacks_none_of_its_six_public_fields(field: str) -> None:
    assert listings.service_problems(service(), shipped()) == ()
    (found,) = listings.service_problems(service(**{field: ""}), shipped())
    assert (found.code, found.params["label"]) == ("intermediary_field_missing", INTERMEDIARY_FIELDS[field])
    assert (
        listings.service_problems(service(service_days="", service_time="与工程施工期相同"), shipped()) == ()
    )


def test_a_service_says_something_new_and_one_that_is_not_there_is_not_withdrawn() -> None:
    for each in tables.intermediaries():
        draft = listings.service_draft(each)
        assert [found.code for found in listings.service_problems(draft, shipped())] == ["nothing_changes"]
        assert listings.service_problems({**draft, "status": "withdrawn"}, shipped()) == ()
    (found,) = listings.service_problems(service(status="withdrawn"), shipped())
    assert found.code == "never_published"
    (found,) = listings.service_problems(service(name=tables.intermediaries()[1].name), shipped())
    assert found.code == "name_taken"
    (found,) = listings.service_problems(service(department=""), shipped())
    assert found.params["label"] == "主管部门"


# --- village certificates ---------------------------------------------------------------------------------------------

RETAINED = {
    "key": "KEEP-14", "name": "新证明", "status": "retained", "purpose": "办事", "requesting_unit": "民政部门", "legal_basis": "《条例》第三条",
    "check_method": "入户核实", "validity_days": 90, "effective_from": "2018-03-01",
}  # fmt: skip
ABOLISHED = {"key": "GONE-254", "name": "新证明", "status": "abolished", "replaced_by": "部门核查", "effective_from": "2018-03-01"}  # fmt: skip


@pytest.mark.parametrize(
    ("draft", "codes"),
    [
        (RETAINED, []),
        (ABOLISHED, []),
        ({**RETAINED, "effective_from": ""}, ["no_start"]),
        ({**RETAINED, "effective_from": "2018-02-08"}, ["starts_in_the_past"]),
        ({**RETAINED, "legal_basis": ""}, ["missing"]),
        ({**RETAINED, "check_method": ""}, ["missing"]),
        ({**RETAINED, "validity_days": "半年"}, ["no_validity"]),
        ({**RETAINED, "status": ""}, ["no_status"]),
        ({**RETAINED, "name": ""}, ["missing"]),
        ({**RETAINED, "key": "GONE-001"}, ["gone_for_good"]),
        ({**RETAINED, "name": tables.certificates()[0].name}, ["name_taken"]),
        ({**ABOLISHED, "replaced_by": ""}, ["missing"]),
    ],
)
def test_a_certificate_has_its_law_and_its_check_or_what_takes_its_place(
    draft: dict[str, Any], codes: list[str]
) -> None:
    assert [each.code for each in listings.certificate_problems(draft, shipped(), TODAY)] == codes


def test_every_certificate_that_is_retained_may_be_abolished_and_not_be_published_as_it_is() -> None:
    for each in tables.certificates():
        draft = {**listings.certificate_draft(each), "effective_from": "2018-03-01"}
        found = listings.certificate_problems(draft, shipped(), TODAY)
        assert [problem.code for problem in found] == ["nothing_changes"], each
        if each.status == "retained":
            gone = {**draft, "status": "abolished", "replaced_by": "部门核查"}
            assert listings.certificate_problems(gone, shipped(), TODAY) == ()


def test_codes_go_on_from_the_last() -> None:
    taken = [*shipped().service_codes(), *(each.cert_code for each in shipped().certificates())]
    assert listings.next_service(taken) == "MED-29"
    assert listings.next_certificate(taken, "retained") == "KEEP-14"
    assert listings.next_certificate(taken, "abolished") == "GONE-254"
