"""Applications from home: made without an account, pre-reviewed at the desk, returned and mended by number and code."""

from __future__ import annotations

import re

import httpx
import pytest

from hub.online import PACE
from schemas import tables
from tests.scans import pdf
from tests.world import HUB, PEOPLE, Visitor, World, application

ITEM = next(
    each for each in tables.items().values() if each.division_code == "510903" and each.online_depth == 3
)
AT_WINDOW = next(
    each for each in tables.items().values() if each.division_code == "510903" and each.online_depth == 1
)
APPLY = f"/services/{ITEM.item_code}/apply"
REQUIRED = [each.seq for each in tables.materials(ITEM.item_code) if each.required]


def files(*materials: int, seed: int = 1) -> list[tuple[str, str, bytes]]:
    return [(f"scan-{each}", f"材料{each}.pdf", pdf(600, seed=10 * seed + each)) for each in materials]


def citizen(city: World) -> Visitor:
    visitor = city.visit(HUB)
    visitor.open(APPLY)
    return visitor


def filled(visitor: Visitor, **typed: str) -> dict[str, str]:
    return {**application(visitor.form, **typed)}


def applied(city: World) -> tuple[str, str]:
    """(number, code) of an application that was sent."""
    visitor = citizen(city)
    visitor.upload(APPLY, *files(*REQUIRED), **filled(visitor))
    assert "等待预审" in visitor.page, visitor.page
    return number_and_code(visitor.page)


def number_and_code(page: str) -> tuple[str, str]:
    case_no, code = re.findall(r'<dd class="bm-no fs-5">([0-9A-Z]+)</dd>', page)
    return case_no, code


def examiner(city: World, case_no: str) -> Visitor:
    """Who has claimed the case."""
    visitor = city.visit(HUB).sign_in("E001")
    visitor.open(f"/cases/{case_no}")
    visitor.send(f"/desk/{case_no}/claim")
    return visitor


def test_who_applies_from_home_is_answered_at_the_desk_and_follows_it_by_number_and_code(city: World) -> None:
    public = city.visit(HUB)
    assert ITEM.name in public.open("/services", q=ITEM.name, at="510903000000")
    page = public.open(f"/services/{ITEM.item_code}")
    assert "申报材料" in page and "网上申请" in page and ITEM.legal_basis in page
    case_no, code = applied(city)

    desk = city.visit(HUB).sign_in("E001")
    assert case_no in desk.open("/desk", stage="acceptance") and "已提交" in desk.open(f"/cases/{case_no}")
    window = examiner(city, case_no)
    assert {"pre_review_pass", "pre_review_return"} <= set(window.steps)
    window.send(f"/cases/{case_no}/pre_review_pass")
    assert window.status == 200, window.page
    state = city[HUB].parts.casework.case(case_no)
    assert state is not None and (state.state, state.query_code, state.channel) == ("received", code, "2")
    assert {each["material"] for each in state.files} == set(REQUIRED) and not state.set_aside
    window.send(f"/cases/{case_no}/accept")
    assert "已受理" in window.page or window.status == 200
    public.open("/query")
    page = public.send("/query", case_no=case_no, code=code)
    assert ITEM.name in page and "赵小明" not in page


def test_a_returned_application_is_mended_and_sent_again_under_its_number(city: World) -> None:
    case_no, code = applied(city)
    window = examiner(city, case_no)
    window.send(
        f"/cases/{case_no}/pre_review_return", reason="照片看不清", gaps="身份证明重新拍照\n申请表签名"
    )
    assert window.status == 200, window.page
    public = city.visit(HUB)
    public.open("/query")
    assert "预审已退回" in public.send("/query", case_no=case_no, code=code)

    public.open("/services/mine")
    page = public.send("/services/mine", case_no=case_no, code=code)
    assert "照片看不清" in page and "身份证明重新拍照" in page and "申请表签名" in page
    assert PEOPLE["E001"].name not in page
    page = public.upload(
        "/services/mine", *files(REQUIRED[0], seed=7), case_no=case_no, code=code, form=public.form, send="1"
    )
    assert "已重新提交" in page and number_and_code(page) == (case_no, code)
    state = city[HUB].parts.casework.case(case_no)
    assert state is not None and state.state == "submitted" and len(state.files) == len(REQUIRED) + 1
    window = examiner(city, case_no)
    window.send(f"/cases/{case_no}/pre_review_pass")
    assert city[HUB].parts.casework.case(case_no).state == "received"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "请填写申请人姓名"),
        ({"id_no": "510903199003070013"}, "校验"),
        ({"phone": "12"}, "手机号"),
        ({"privacy_notice": ""}, "告知"),
        ({"version": "9"}, "办事指南已经更新"),
        ({"form": "x"}, "页面不完整"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_and_chosen_is_kept(
    city: World, typed: dict[str, str], said: str
) -> None:
    visitor = citizen(city)
    page = visitor.upload(APPLY, *files(*REQUIRED), **{**filled(visitor), **typed})
    assert visitor.status == 422 and said in page and 'value="三组12号"' in page
    if "form" not in typed:
        assert f"材料{REQUIRED[0]}.pdf" in page, "files need not be chosen again"
        visitor.send(APPLY, **{**filled(visitor), "version": "1"})
        assert "等待预审" in visitor.page, visitor.page


def test_a_required_paper_that_is_not_there_is_named(city: World) -> None:
    visitor = citizen(city)
    page = visitor.upload(APPLY, *files(*REQUIRED[1:]), **filled(visitor))
    lacking = next(each.name for each in tables.materials(ITEM.item_code) if each.seq == REQUIRED[0])
    assert visitor.status == 422 and f"还没有上传：{lacking}" in page


def test_a_form_that_is_sent_twice_is_one_application(city: World) -> None:
    visitor = citizen(city)
    form = filled(visitor)
    first = number_and_code(visitor.upload(APPLY, *files(*REQUIRED), **form))
    visitor.open(APPLY)
    assert number_and_code(visitor.upload(APPLY, *files(*REQUIRED), **form)) == first


def test_who_sends_many_from_one_address_has_to_wait(city: World) -> None:
    visitor = citizen(city)
    for _ in range(PACE.free):
        city[HUB].parts.accounts.attempts.count("application from 127.0.0.1", PACE)
    page = visitor.upload(APPLY, *files(*REQUIRED), **filled(visitor))
    assert visitor.status == 422 and "提交次数太多" in page and 'value="赵小明"' in page


def test_only_number_and_code_together_open_what_was_returned(city: World) -> None:
    case_no, code = applied(city)
    public = city.visit(HUB)
    public.open("/services/mine")
    answers = {
        public.send("/services/mine", case_no=number, code=typed)
        for number, typed in ((case_no, "000000" if code != "000000" else "111111"), ("5" * 25, code))
    }
    assert public.status == 422 and all("不对" in each for each in answers)
    assert "现在不需要修改" in public.send("/services/mine", case_no=case_no, code=code)


@pytest.mark.parametrize(
    "path", [f"/services/{AT_WINDOW.item_code}/apply", "/services/NOTHING", "/services/NOTHING/apply"]
)
def test_what_is_not_applied_for_over_the_network_has_no_form(city: World, path: str) -> None:
    visitor = city.visit(HUB)
    visitor.open(path)
    assert visitor.status == 404


def test_an_item_for_the_window_says_so(city: World) -> None:
    page = city.visit(HUB).open(f"/services/{AT_WINDOW.item_code}")
    assert "请到窗口申请" in page and f"/services/{AT_WINDOW.item_code}/apply" not in page


def test_the_desk_is_not_open_to_whoever_applied(city: World) -> None:
    """Whoever has an application's number gets no page of the staff's by it."""
    case_no, _ = applied(city)
    visitor = city.visit(HUB)
    visitor.open(f"/cases/{case_no}")
    assert visitor.path == "/sign-in"


def test_a_station_has_no_such_pages(city: World) -> None:
    answer: httpx.Response = city.visit("510903001001").client.get("/services")
    assert answer.status_code == 404


def test_a_person_who_is_not_trained_takes_in_nothing_for_all_that(city: World) -> None:
    """That applicants need no training opens nothing to staff: the role is the applicant's alone."""
    parts = city[HUB].parts
    case_no, _ = applied(city)
    state = parts.casework.case(case_no)
    assert state is not None and all(each.event["actor"]["role"] == "applicant" for each in state.timeline)
