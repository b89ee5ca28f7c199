"""The steps of a case on pages: no row of the transition table without its form, and each form filled as its event asks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas import documents, tables
from schemas.lifecycle import CaseState
from schemas.transitions import transitions
from station import forms
from station.staff import Staff
from tests.schemas.histories import CASE, History
from tests.test_journey import PERMIT, record, step
from tests.world import BUREAU, HUB, PEOPLE, TOWNSHIP, VILLAGE, World

# What is no button of a case's page, and where it is done.
ELSEWHERE = {
    "create": "the form of an item",
    "attach": "the box of scans",
    "detach": "the box of scans",
    "submit_online": "the applicant, online",
    "deemed_accept": "the program, when the law's five days are over",
    "evaluate": "the screen that is turned to the applicant",
}
TYPED = {
    "materials": {"material-1": "1"}, "privacy_notice": {"privacy_notice": "1"}, "days": {"days": "5"},
    "kind": {"kind": "hearing"}, "reason_code": {"reason_code": "not_competent"}, "to": {"to": BUREAU},
    "id_no": {"id_no": "510903199003070012"}, "phone": {"phone": "13900000000"}, "successor": {"successor": CASE},
    "gaps": {"gaps": "营业执照\n申请表"},
}  # fmt: skip


def typed(event: str) -> dict[str, str]:
    """A form of this step as a person fills it."""
    fields: dict[str, str] = {}
    for name in forms.STEPS[event].fields:
        fields |= TYPED.get(name, {name: "申请材料齐全，符合法定形式"})
    return fields


def a_case() -> CaseState:
    return History().received().sound()


def test_no_row_of_the_table_is_without_a_form() -> None:
    rows = {row.event for row in transitions() if row.machine == "case"}
    assert rows == forms.STEPS.keys() | ELSEWHERE.keys()
    assert not forms.STEPS.keys() & ELSEWHERE.keys()
    assert forms.STEPS.keys() >= forms.ENDS | forms.OVERSEEN


@pytest.mark.parametrize("event", forms.STEPS)
def test_a_filled_form_is_an_event_of_its_shape(event: str) -> None:
    data, problem = forms.step(event, typed(event), a_case())
    assert problem is None
    if event in ("receive", "pre_review_pass"):
        data["query_code"] = "123456"  # drawn by the program
    assert not tuple(documents._check(documents.DATA[event], data, ""))


@pytest.mark.parametrize(
    ("event", "field", "value", "said"),
    [
        ("correct_on_spot", "id_no", "510903199003070011", "身份证号码有误"),
        ("correct_on_spot", "phone", "123", "11 位手机号"),
        ("void", "successor", "123", "办件编号"),
    ],
)
def test_a_wrong_number_in_a_step_is_named(event: str, field: str, value: str, said: str) -> None:
    _, problem = forms.step(event, {**typed(event), field: value}, a_case())
    assert problem is not None
    assert said in problem.text


def test_a_correction_changes_what_was_filled_in_and_nothing_else() -> None:
    state = a_case()
    data, _ = forms.step("correct_on_spot", {"name": "张三峰", "id_no": "", "address": ""}, state)
    assert data == {"changes": {"applicant": {**(state.applicant or {}), "name": "张三峰"}}}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("suspend", "请填写特别程序预计所需的工作日数"),
        ("return_step", "请填写理由"),
        ("pass_step", "请填写审查意见"),
        ("submit_upward", "只能转报上级机关"),
    ],
)
def test_an_empty_step_of_an_examiner_is_refused_in_words(city: World, event: str, said: str) -> None:
    case_no = reviewed(city)
    examiner = city.visit(HUB).sign_in("E002")
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    assert event in examiner.steps
    assert said in examiner.send(f"/cases/{case_no}/{event}", kind="hearing")
    assert examiner.status == 409


def reviewed(city: World) -> str:
    """A permit that is accepted and waits for review."""
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept")
    return case_no


def test_a_special_procedure_stops_the_clock_and_its_result_starts_it_again(city: World) -> None:
    case_no = reviewed(city)
    page = step(city, "E002", case_no, "suspend", kind="testing", days="7", approved_by="E002")
    assert "特别程序进行中" in page
    assert "检测" in page
    assert "7 个工作日" in page
    city.time.now += timedelta(days=3)
    assert "期限" in step(city, "E002", case_no, "resume", result="检测合格")


def test_a_head_of_a_bureau_extends_once_with_a_reason(city: World) -> None:
    case_no = reviewed(city)
    page = step(city, "B001", case_no, "extend", days="10", reason="案情复杂")
    assert "10 个工作日" in page
    head = city.visit(HUB).sign_in("B001")
    head.open(f"/cases/{case_no}")
    assert "extend" not in head.steps
    assert "本件已延期" in head.send(f"/cases/{case_no}/extend", days="3", reason="再延")


def test_what_is_sent_back_a_step_goes_on_with_another_opinion(city: World) -> None:
    case_no = reviewed(city)
    page = step(city, "E002", case_no, "return_step", reason="现场核查记录不全")
    assert "退回上一步" in page
    assert step(city, "E002", case_no, "pass_step", opinion="已补核查记录")


def test_a_permit_that_a_higher_authority_decides_is_sent_up(city: World) -> None:
    case_no = reviewed(city)
    assert "已转报上级机关" in step(city, "E002", case_no, "submit_upward", to=HUB, reason="省级权限")


def test_a_clerk_mends_a_slip_and_ends_what_nobody_supplied(city: World) -> None:
    item = next(each for each in tables.items().values() if each.village_mode == "direct" and each.instant)
    case_no = record(city, item)
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/cases/{case_no}")
    assert "请填写要更正的" in clerk.send(f"/cases/{case_no}/correct_on_spot")
    clerk.send(f"/cases/{case_no}/correct_on_spot", name="赵晓明")
    assert "赵晓明" in clerk.page
    clerk.send(f"/cases/{case_no}/notify_supplement", gaps="户口簿")
    assert "lapse" not in clerk.steps
    assert "补正期限未满" in clerk.send(f"/cases/{case_no}/lapse")
    city.time.now += timedelta(days=40)
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/cases/{case_no}")
    assert "补正期满没有补齐" in clerk.send(f"/cases/{case_no}/lapse")


def test_a_case_goes_up_by_one_click_where_there_is_one_way(city: World) -> None:
    state = city[VILLAGE].parts.casework.case(record(city, PERMIT))
    assert state is not None
    # A township may send on to who decides, and no further.
    assert forms.destinations("forward", state, PEOPLE["T001"]) == (BUREAU,)
    assert forms.destinations("forward", state, PEOPLE["V001"]) == (TOWNSHIP, BUREAU)
    assert forms.destinations("submit_upward", state, PEOPLE["E001"]) == (HUB,)


def test_the_head_of_a_station_voids_an_entry_error_and_a_clerk_only_their_own(city: World) -> None:
    city.appoint(VILLAGE, Staff("V008", "孙文员", VILLAGE, frozenset({"village_clerk"})))
    item = next(each for each in tables.items().values() if each.village_mode == "direct")
    case_no = record(city, item)
    for number, may_void in (("V001", True), ("V008", False)):
        clerk = city.visit(VILLAGE).sign_in(number)
        clerk.open(f"/cases/{case_no}")
        assert ("void" in clerk.steps) is may_void
    city.appoint(VILLAGE, Staff("V009", "刘站长", VILLAGE, frozenset({"village_clerk", "station_head"})))
    head = city.visit(VILLAGE).sign_in("V009")
    head.open(f"/cases/{case_no}")
    assert "请填写作废理由" in head.send(f"/cases/{case_no}/void")
    assert "本件已作废" in head.send(f"/cases/{case_no}/void", reason="重复登记")


def test_a_supervisor_urges_from_an_address_of_their_own(city: World) -> None:
    case_no = reviewed(city)
    supervisor = city.visit(HUB).sign_in("S001")
    page = supervisor.open(f"/cases/{case_no}")
    assert f"/desk/{case_no}/oversee/urge" in page
    assert supervisor.steps == []
    assert "请填写理由" in supervisor.send(f"/desk/{case_no}/oversee/urge")
    assert "督办" in supervisor.send(f"/desk/{case_no}/oversee/urge", reason="临近到期")
    assert supervisor.status == 200
    supervisor.send(f"/desk/{case_no}/oversee/accept")
    assert supervisor.status == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"case_no": "1"}, "办件编号"),
        ({"cosigned_by": "E001"}, "不是市级监察人员"),
        ({"cosigned_by": ""}, "须由监察人员会签"),
        ({"note": ""}, "请填写更正说明"),
    ],
)
def test_a_correction_is_added_with_a_supervisor_and_refused_in_words(
    city: World, fields: dict[str, str], said: str
) -> None:
    case_no = reviewed(city)
    step(city, "E002", case_no, "pass_step", "grant", opinion="符合条件")
    step(city, "E002", case_no, "conclude", result="已发证")
    admin = city.visit(HUB).sign_in("A001")
    admin.open("/corrections")
    whole = {"case_no": case_no, "note": "证照编号更正", "cosigned_by": "S001"}
    assert said in admin.send("/corrections", **{**whole, **fields})
    assert admin.status == 409
    assert "已追加更正" in admin.send("/corrections", **whole)
