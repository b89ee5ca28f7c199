"""The desk: who sees which queue, in which order, and that a case is in one person's hands."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.claims import Claims
from schemas import tables
from schemas.problems import DomainError
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import HUB, NEIGHBOUR, PEOPLE, TOWNSHIP, VILLAGE, World


@pytest.fixture
def case_no(city: World) -> str:
    made = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    return made


def test_the_queue_is_by_due_date_earliest_first(city: World) -> None:
    later = record(city, INSTANT)
    city.time.pass_(days=-1)
    sooner = record(city, PERMIT, NEIGHBOUR, "V002")
    city.time.pass_(days=1)
    city.sync(VILLAGE, NEIGHBOUR, TOWNSHIP)
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open("/desk")
    assert examiner.cases == [sooner, later]


def test_a_zone_shows_its_own(city: World, case_no: str) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open("/desk", zone=PERMIT.zone or "")
    assert examiner.cases == [case_no]
    examiner.open("/desk", zone="综合事务" if PERMIT.zone != "综合事务" else "社会事务")
    assert examiner.cases == []


def test_another_districts_bureau_sees_neither_queue_nor_case(city: World, case_no: str) -> None:
    other = city.visit(HUB).sign_in("X001")
    other.open("/desk")
    assert other.cases == []
    other.open("/desk", bureau="510903000000")
    assert other.status == 404
    other.open("/desk/all")
    assert other.cases == []
    other.open(f"/cases/{case_no}")
    assert other.status == 404


def test_the_city_sees_both_bureaus_and_all_districts(city: World, case_no: str) -> None:
    lead = city.visit(HUB).sign_in("S001")
    page = lead.open("/desk")
    assert lead.cases == [case_no]
    assert "射洪县行政审批局" in page
    page = lead.open("/desk/all")
    for district in tables.districts():
        assert district.division_name in page
    lead.open("/desk/all", district="510903000000")
    assert lead.cases == [case_no]
    lead.send("/desk/all", q="赵小明")
    assert lead.cases == [case_no]


def test_a_case_of_a_district_without_a_bureau_is_kept_and_listed(city: World) -> None:
    village = next(
        each
        for each in tables.stations().values()
        if each.level == "village" and each.district_code == "510921"
    )
    item = next(each for each in tables.items().values() if each.village_mode == "direct" and each.instant)
    from dataclasses import replace

    city.add(village.code, HUB, people=())
    city.appoint(village.code, replace(PEOPLE["V001"], station=village.code))
    made = record(city, item, village.code, "V001")
    city.sync(village.code)
    lead = city.visit(HUB).sign_in("S001")
    lead.open("/desk")
    assert lead.cases == []
    lead.open("/desk/all", district="510921000000")
    assert lead.cases == [made]


def test_nothing_is_done_to_a_case_before_it_is_claimed(city: World, case_no: str) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open(f"/cases/{case_no}")
    assert examiner.steps == []
    page = examiner.send(f"/cases/{case_no}/accept")
    assert examiner.status == 409
    assert "请先点“由我办理”" in page


def test_who_comes_second_is_told_who_was_first(city: World, case_no: str) -> None:
    first, second = city.visit(HUB).sign_in("E001"), city.visit(HUB).sign_in("E002")
    first.open(f"/cases/{case_no}")
    second.open(f"/cases/{case_no}")
    first.send(f"/desk/{case_no}/claim")
    page = second.send(f"/desk/{case_no}/claim")
    assert second.status == 409
    assert "周审查已在办理本件" in page
    second.send(f"/cases/{case_no}/accept")
    assert second.status == 409


def test_a_released_case_is_free_again(city: World, case_no: str) -> None:
    first, window = city.visit(HUB).sign_in("E001"), city.visit(HUB).sign_in("E003")
    first.open(f"/cases/{case_no}")
    first.send(f"/desk/{case_no}/claim")
    window.open(f"/cases/{case_no}")
    window.send(f"/desk/{case_no}/release")
    assert window.status == 409, "only who holds it, or a head, can put it back"
    first.send(f"/desk/{case_no}/release")
    window.open(f"/cases/{case_no}")
    window.send(f"/desk/{case_no}/claim")
    assert window.status == 200


def test_a_head_frees_a_case_whose_holder_is_away(city: World, case_no: str) -> None:
    window, head = city.visit(HUB).sign_in("E003"), city.visit(HUB).sign_in("E002")
    window.open(f"/cases/{case_no}")
    window.send(f"/desk/{case_no}/claim")
    head.open(f"/cases/{case_no}")
    head.send(f"/desk/{case_no}/release")
    assert head.status == 200
    head.send(f"/desk/{case_no}/claim")
    assert head.status == 200


def test_who_has_no_step_to_take_can_not_hold_a_case(city: World, case_no: str) -> None:
    lead = city.visit(HUB).sign_in("S001")
    page = lead.open(f"/cases/{case_no}")
    assert "由我办理" not in page
    lead.send(f"/desk/{case_no}/claim")
    assert lead.status == 403


def test_of_many_who_claim_at_once_one_gets_it(city: World, case_no: str) -> None:
    parts = city[HUB].parts
    state = parts.casework.case(case_no)
    assert state is not None
    assert isinstance(parts.house, Claims)
    claims = parts.house

    def claim(employee_no: str) -> bool:
        try:
            claims.claim(state, PEOPLE[employee_no])
        except DomainError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(claim, ["E001", "E002", "X001", "S001"]))
    assert won.count(True) == 1


def test_who_accepted_a_permit_does_not_review_it(city: World, case_no: str) -> None:
    step(city, "E001", case_no, "accept")
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    assert "pass_step" not in examiner.steps
    page = examiner.send(f"/cases/{case_no}/pass_step", opinion="同意")
    assert examiner.status == 409
    assert "审查人员不得是受理本件的人员" in page


@pytest.mark.parametrize(
    ("event", "fields", "said"),
    [
        ("notify_supplement", {"gaps": " \n "}, "请一次列明"),
        ("refuse", {"reason_code": "not_competent", "reason": "太短"}, "不得少于"),
        (
            "refuse",
            {"reason_code": "", "reason": "不属于本机关职权范围，请到市级窗口"},
            "请选择不予受理的法定情形",
        ),
    ],
)
def test_an_incomplete_step_is_refused_and_what_was_written_stays(
    city: World, case_no: str, event: str, fields: dict[str, str], said: str
) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    page = examiner.send(f"/cases/{case_no}/{event}", **fields)
    assert examiner.status == 409
    assert said in page
    for value in fields.values():
        assert value.strip() in page


@pytest.mark.parametrize("query", [{"bureau": "510904000000"}, {"zone": "没有这个区"}])
def test_a_queue_that_does_not_exist_is_not_found(city: World, query: dict[str, str]) -> None:
    examiner = city.visit(HUB).sign_in("S001")
    examiner.open("/desk", **query)
    assert examiner.status == 404
