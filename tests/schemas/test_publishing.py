"""What may be published and what may not: each rule by what breaks it, and the shipped catalogue against all it can
answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from schemas import catalogue, documents, publishing, tables
from schemas.catalogue import Catalogue
from schemas.lifecycle import CaseState
from schemas.published import version_of
from schemas.publishing import (
    CATCH_ALLS,
    DISCLOSURES,
    INTERMEDIARY_FIELDS,
    SHIPPED_RULES,
    count_problems,
    demand_problem,
    follow_up,
    intermediary_problems,
    issue_problem,
    item_problems,
    material_problems,
)
from schemas.workdays import calendar
from tests.catalogue import version
from tests.schemas.histories import BUREAU, CASE, NOON, History, case_at, moment
from tests.schemas.records import MATERIAL, full, sound

FROM = date(2017, 9, 30)
DAY_BEFORE = FROM - timedelta(days=1)
ITEMS = list(tables.items().values())
LINES = [line for item in ITEMS for line in tables.materials(item.item_code)]


def codes(found: tuple[Any, ...]) -> list[str]:
    return [each.code for each in found]


# --- items ------------------------------------------------------------------------------------------------------


def test_an_item_that_says_everything_is_published() -> None:
    assert item_problems(sound("service_item")) == ()


@pytest.mark.parametrize("field", DISCLOSURES)
def test_each_of_the_eight_disclosures_is_missed_by_its_name(field: str) -> None:
    assert len(DISCLOSURES) == 8
    blanks: tuple[object, ...] = (None, "  ", [])
    for blank in blanks:
        (found,) = item_problems({**sound("service_item"), field: blank}, ["disclosures"])
        assert found.code == "disclosure_missing"
        assert DISCLOSURES[field] in str(found)


def test_what_costs_nothing_need_not_say_what_it_costs() -> None:
    free = {**sound("service_item"), "fee": False, "fee_standard": "", "fee_basis": ""}
    assert item_problems(free) == ()


def test_a_promise_keeps_within_the_law() -> None:
    doc = {**sound("service_item"), "legal_days": 2}
    assert codes(item_problems(doc)) == ["promise_beyond_law"]
    assert item_problems({**doc, "promised_days": 2}) == ()


@pytest.mark.parametrize(
    ("level", "days", "told"),
    [
        ("city", 3, []),
        ("city", 4, ["exception_missing"]),
        ("district", 4, ["exception_missing"]),
        ("village", 15, []),
    ],
)
def test_more_than_three_days_are_promised_only_at_the_grassroots(
    level: str, days: int, told: list[str]
) -> None:
    assert codes(item_problems({**sound("service_item"), "level": level, "promised_days": days})) == told


def test_an_exception_needs_a_reason_and_somebody_who_approved_it() -> None:
    doc = {**sound("service_item"), "promised_days": 4}
    reason, approved = {"exception_reason": "须组织专家评审"}, {"exception_approved_by": "H1"}
    assert codes(item_problems({**doc, **reason})) == ["exception_missing"]
    assert codes(item_problems({**doc, **approved})) == ["exception_missing"]
    assert item_problems({**doc, **reason, **approved}) == ()
    assert publishing.has_exception({**doc, **reason, **approved})
    # Within the limit nothing is an exception, whatever was written down once.
    assert not publishing.has_exception({**doc, "promised_days": 3, **reason, **approved})


def test_an_instant_item_promises_the_same_day() -> None:
    assert codes(item_problems({**sound("service_item"), "instant": True})) == ["instant_promise"]


def test_a_delegated_item_waits_for_its_people_to_be_trained() -> None:
    doc = full("service_item")
    assert codes(item_problems(doc)) == ["not_trained"]
    doc["delegated"]["trained_on"] = "2014-07-01"
    assert item_problems(doc) == ()


def test_a_new_version_shows_what_it_changed() -> None:
    old = {**sound("service_item"), "preconditions": ["消防验收", "环评批复"], "legal_days": 30}
    new = {
        **old,
        "version": 2,
        "procedure": old["procedure"][:1],
        "materials": [],
        "preconditions": ["消防验收"],
    }
    changed = {each.field: (each.before, each.after) for each in publishing.version_changes(old, new)}
    assert changed.keys() == {"procedure", "materials", "preconditions"}
    assert (len(changed["procedure"][0]), len(changed["procedure"][1])) == (2, 1)
    assert changed["preconditions"] == (["消防验收", "环评批复"], ["消防验收"])
    assert [each.field for each in publishing.version_changes(old, {**old, "legal_days": 20})] == [
        "legal_days"
    ]
    assert publishing.version_changes(old, old) == ()


# --- materials --------------------------------------------------------------------------------------------------


def material(**change: object) -> dict[str, Any]:
    basis = {"legal_basis": "食品经营许可管理办法§12"}
    return {**MATERIAL, "source_channel": "applicant", **basis, **change}


def test_what_no_law_asks_for_cannot_be_required() -> None:
    assert material_problems(material(), FROM) == ()
    assert codes(material_problems(material(legal_basis=" "), FROM)) == ["no_material_basis"]
    assert material_problems(material(legal_basis="", required=False), FROM) == ()


@pytest.mark.parametrize("name", [*CATCH_ALLS, "其他材料等"])
def test_there_is_no_other_materials(name: str) -> None:
    assert codes(material_problems(material(name=name), FROM)) == ["catch_all"]


@pytest.mark.parametrize(
    ("certificate", "on", "told"),
    [
        ("cert:KEEP-01", FROM, []),
        ("cert:GONE-001", FROM, ["certificate_abolished"]),
        ("cert:GONE-001", DAY_BEFORE, []),
        ("cert:KEEP-99", FROM, ["certificate_not_listed"]),
        ("cert:KEEP-99", DAY_BEFORE, []),
        ("", FROM, ["certificate_not_listed"]),
    ],
)
def test_a_village_certificate_among_materials_is_a_retained_one(
    certificate: str, on: date, told: list[str]
) -> None:
    doc = material(source_channel="village_certificate", certificate_id=certificate)
    assert codes(material_problems(doc, on)) == told


# --- village certificates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [issue_problem, demand_problem])
def test_from_the_day_on_thirteen_certificates_are_left(ask: Any) -> None:
    for entry in tables.certificates():
        assert ask(entry.cert_code, DAY_BEFORE) is None
        found = ask(entry.cert_code, FROM)
        assert (None if found is None else found.code) == (
            None if entry.status == "retained" else "certificate_abolished"
        )
    assert sum(ask(entry.cert_code, FROM) is None for entry in tables.certificates()) == 13


def test_an_abolished_certificate_is_named_with_its_last_day() -> None:
    found = issue_problem("GONE-001", date(2018, 1, 1))
    assert str(found) == "“亲属关系证明”已取消，自2017-09-30起不得出具"


def test_a_list_that_begins_later_blocks_later() -> None:
    later = [replace(entry, effective_from=date(2019, 1, 1)) for entry in tables.certificates()]
    assert issue_problem("GONE-001", date(2018, 12, 31), later) is None
    assert issue_problem("GONE-001", date(2019, 1, 1), later) is not None
    assert issue_problem("NONE", date(2018, 12, 31), later) is None


# --- intermediary services --------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", INTERMEDIARY_FIELDS)
def test_each_of_the_six_public_fields_is_missed_by_its_name(field: str) -> None:
    assert len(INTERMEDIARY_FIELDS) == 6
    doc = publishing.shipped_intermediary(tables.intermediaries()[0])
    (found,) = intermediary_problems({**doc, field: None})
    assert INTERMEDIARY_FIELDS[field] in str(found)


def test_a_service_may_last_as_long_as_the_work() -> None:
    doc = publishing.shipped_intermediary(tables.intermediaries()[0])
    assert intermediary_problems({**doc, "service_days": None, "service_time": "与工程施工期相同"}) == ()


# --- the shipped catalogue --------------------------------------------------------------------------------------


def test_every_shipped_item_passes_what_its_row_can_answer() -> None:
    """Not: procedure and fee basis, which items.csv does not have."""
    for item in ITEMS:
        doc = publishing.shipped_item(item, tables.materials(item.item_code))
        assert item_problems(doc, SHIPPED_RULES) == (), item.item_code
        assert publishing.shipped_disclosures(doc) == (), item.item_code
        missing = {each.params["label"] for each in item_problems(doc, ["disclosures"])}
        assert missing == ({"办理程序", "收费依据"} if item.fee else {"办理程序"})


def test_no_shipped_item_is_an_exception() -> None:
    docs = [publishing.shipped_item(item, ()) for item in ITEMS]
    assert [doc["code"] for doc in docs if publishing.has_exception(doc)] == []
    assert {doc["level"] for doc in docs if doc["promised_days"] > 3} == {"township", "village"}


def test_no_shipped_material_is_a_catch_all_or_an_abolished_certificate() -> None:
    """Not: the legal basis of each, which materials.csv does not have."""
    assert len(LINES) == 2198
    for line in LINES:
        found = material_problems(publishing.shipped_material(line), FROM)
        assert set(codes(found)) <= {"no_material_basis"}, line


def test_every_shipped_intermediary_service_can_be_published() -> None:
    docs = [publishing.shipped_intermediary(each) for each in tables.intermediaries()]
    assert len(docs) == 28
    assert [doc["name"] for doc in docs if intermediary_problems(doc)] == []


def test_the_catalogue_has_the_counts_of_the_seed() -> None:
    assert {(each.division_code, each.items) for each in publishing.counts()} == {
        ("510900", 227),
        ("510903", 130),
        ("510922", 122),
    }
    assert count_problems(ITEMS) == ()


def test_a_lost_item_or_department_is_noticed() -> None:
    assert codes(count_problems(ITEMS[1:])) == ["wrong_count"]
    merged = [replace(item, department="区行政审批局") for item in ITEMS]
    assert {each.params["what"] for each in count_problems(merged)} == {"部门"}
    one_zone = [replace(item, zone=item.zone and "综合事务") for item in ITEMS]
    assert [str(each) for each in count_problems(one_zone)] == ["510903的审批服务区数为1，应为5"]


# --- after the grant --------------------------------------------------------------------------------------------

DELEGATED = full("service_item")["delegated"]


def granted() -> CaseState:
    return History().granted().sound()


def test_a_granted_delegated_item_is_inspected_afterwards() -> None:
    task = follow_up(granted(), DELEGATED, calendar())
    assert task is not None
    assert task["_id"] == f"insp:follow-up:{CASE}"
    assert task["station"] == BUREAU
    assert task["planned_on"] == "2018-03-14"  # 11 and 24 February are made up, 15–21 off
    assert documents.problems({**task, "created_at": NOON, "created_by": "H1"}) == ()
    assert follow_up(granted(), DELEGATED, calendar()) == task


@pytest.mark.parametrize(
    "state",
    [
        case_at(BUREAU, "reviewing"),
        case_at(BUREAU, "decided", result="denied", decided_at=moment(NOON)),
    ],
)
def test_no_inspection_follows_what_was_not_granted(state: CaseState) -> None:
    assert follow_up(state, DELEGATED, calendar()) is None


def test_no_inspection_follows_an_item_that_was_not_handed_down() -> None:
    assert follow_up(granted(), None, calendar()) is None


# --- a version, as it is to be published ------------------------------------------------------------------

CODE = next(each.item_code for each in tables.items().values() if each.zone and not each.instant)
TODAY = date(2018, 2, 9)


def told_of(doc: dict[str, Any], book: Catalogue | None = None) -> list[str]:
    return [each.code for each in publishing.version_problems(doc, book or catalogue.shipped(), TODAY)]


def test_a_whole_version_that_follows_the_newest_may_be_published() -> None:
    assert told_of(version(CODE, 2, "2018-02-09")) == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"procedure": []}, "disclosure_missing"),
        *(({field: " "}, "guide_missing") for field in publishing.GUIDE_FIELDS),
        ({"effective_from": "2018-02-08"}, "starts_in_the_past"),
        ({"effective_from": ""}, "no_start"),
        ({"version": 3}, "not_the_next"),
        ({"version": 1}, "not_the_next"),
        ({"division_code": "510922"}, "other_item"),
        ({"code": "NEW-1", "version": 2}, "not_the_first"),
        ({"materials": [{"name": "身份证", "required": False}] * 2}, "material_twice"),
        ({"materials": [{"name": "其他材料", "required": False}]}, "catch_all"),
        ({"materials": [{"name": "身份证", "required": True, "legal_basis": ""}]}, "no_material_basis"),
    ],
)
def test_what_stands_against_a_version(said: dict[str, Any], code: str) -> None:
    assert told_of(version(CODE, 2, "2018-02-20") | said) == [code]


def test_the_next_version_begins_after_the_one_before_it() -> None:
    second = version_of(version(CODE, 2, "2018-03-01"))
    assert second is not None
    book = catalogue.shipped().with_versions([second])
    assert told_of(version(CODE, 3, "2018-03-01"), book) == ["not_after"]
    assert told_of(version(CODE, 3, "2018-03-02"), book) == []


def test_what_is_withdrawn_need_not_disclose_anything() -> None:
    assert told_of(version(CODE, 2, "2018-02-20", status="withdrawn", procedure=[], legal_basis="")) == []


def test_a_certificate_that_was_abolished_later_is_free_until_that_day_and_a_new_one_from_its_day_on() -> (
    None
):
    first = tables.certificates()[0]
    day = date(2018, 3, 1)
    more = [
        replace(first, status="abolished", effective_from=day),
        replace(first, cert_code="KEEP-14", effective_from=day),
    ]
    entries = [*tables.certificates(), *more]
    for ask in (issue_problem, demand_problem):
        told = [
            (ask(first.cert_code, on, entries), ask("KEEP-14", on, entries))
            for on in (date(2018, 2, 28), day)
        ]
        assert told[0][0] is None and told[0][1] is not None and told[0][1].code == "certificate_not_listed"
        assert told[1][0] is not None and told[1][0].code == "certificate_abolished" and told[1][1] is None
