"""A wrong scan is taken off again: who may, what must be said, what is left of it, here and at the hub."""

from __future__ import annotations

import pytest

from station.files import Scan
from tests.scans import pdf
from tests.test_journey import PERMIT, record
from tests.world import HUB, NEIGHBOUR, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World

WRONG, RIGHT = (
    Scan(1, "别人的身份证.pdf", "application/pdf", pdf(seed=1)),
    Scan(1, "身份证.pdf", "application/pdf", pdf(seed=2)),
)


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


@pytest.fixture
def case_no(city: World) -> str:
    made = record(city, PERMIT)
    city[VILLAGE].parts.casework.attach(made, PEOPLE["V001"], [WRONG, RIGHT])
    return made


def detach(visitor: Visitor, case_no: str, scan: Scan = WRONG, **fields: str) -> str:
    visitor.open(f"/cases/{case_no}")
    said = {"material": "1", "reason": "扫错了人", **fields}
    return visitor.send(f"/cases/{case_no}/files/{scan.line['sha256']}/detach", **said)


def test_it_is_struck_through_with_the_reason_here_and_at_the_hub(
    city: World, clerk: Visitor, case_no: str
) -> None:
    page = detach(clerk, case_no)
    assert clerk.status == 200
    assert "撤下：扫错了人" in page and "扫描件共 1 份" in page
    assert page.count("text-decoration-line-through") == 1
    city.sync(VILLAGE, TOWNSHIP)
    examiner = city.visit(HUB).sign_in("E001")
    assert "撤下：扫错了人" in examiner.open(f"/cases/{case_no}")
    assert "扫描件共 1 份" in examiner.page


def test_its_bytes_stay_and_each_look_is_logged(city: World, clerk: Visitor, case_no: str) -> None:
    detach(clerk, case_no)
    before = city[VILLAGE].parts.access.count()
    answer = clerk.client.get(f"/cases/{case_no}/files/{WRONG.line['sha256']}")
    assert (answer.status_code, answer.content) == (200, WRONG.data)
    assert city[VILLAGE].parts.access.count() == before + 1


def test_a_reason_is_asked_for_and_the_box_stays_open(clerk: Visitor, case_no: str) -> None:
    assert "请填写理由" in detach(clerk, case_no, reason=" ")
    assert clerk.status == 409
    assert '<details class="small" open>' in clerk.page


@pytest.mark.parametrize("material", ["2", "0", "x", "²"])
def test_a_scan_that_the_case_does_not_have_is_refused(clerk: Visitor, case_no: str, material: str) -> None:
    assert "本件没有这份扫描件" in detach(clerk, case_no, material=material)


def test_what_is_off_can_not_be_taken_off_again_and_can_be_added_again(
    city: World, clerk: Visitor, case_no: str
) -> None:
    detach(clerk, case_no)
    assert "这份扫描件已经撤下" in detach(clerk, case_no)
    city[VILLAGE].parts.casework.attach(case_no, PEOPLE["V001"], [WRONG])
    assert "扫描件共 2 份" in clerk.open(f"/cases/{case_no}")


def test_a_village_does_not_take_off_what_the_bureau_added(city: World, clerk: Visitor, case_no: str) -> None:
    city.sync(VILLAGE, TOWNSHIP)
    added = Scan(2, "核查照片.pdf", "application/pdf", pdf(seed=3))
    city[HUB].parts.casework.attach(case_no, PEOPLE["E003"], [added])
    city.sync(TOWNSHIP, VILLAGE)
    assert "须由该处撤下" in detach(clerk, case_no, added, material="2")
    assert clerk.status == 409


def test_neighbours_do_not_even_see_the_case(city: World, case_no: str) -> None:
    other = city.visit(NEIGHBOUR).sign_in("V002")
    detach(other, case_no)
    assert other.status == 404


def test_a_case_that_is_taken_back_brings_back_only_the_scans_that_count(
    city: World, clerk: Visitor, case_no: str
) -> None:
    detach(clerk, case_no)
    clerk.send(f"/cases/{case_no}/undo", reason="登记有误")
    assert clerk.status == 200, clerk.page
    assert "身份证.pdf" in clerk.page and "别人的身份证.pdf" not in clerk.page


def test_nothing_is_taken_off_once_it_is_decided(city: World, clerk: Visitor, case_no: str) -> None:
    clerk.open(f"/cases/{case_no}")
    clerk.send(f"/cases/{case_no}/withdraw", reason="申请人要求撤回")
    assert clerk.status == 200, clerk.page
    assert "撤下这份" not in clerk.page
    assert "不能“撤下扫描件”" in detach(clerk, case_no)
