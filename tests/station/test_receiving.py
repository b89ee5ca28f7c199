"""Around the saving of a case: a second one of the same kind is told of, a slip is taken back, the receipt is printed and answers questions."""

from __future__ import annotations

import re

import pytest

from schemas import numbers, tables
from station import query
from station.pages import KEYS
from tests.test_journey import INSTANT, PERMIT
from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World, application

NUMBER = "510903199003070012"


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def taken_in(clerk: Visitor, item: str = PERMIT.item_code, **changes: str) -> str:
    clerk.open(f"/items/{item}/record")
    clerk.send(f"/items/{item}/record", **application(clerk.form, **changes))
    return clerk.path.removeprefix("/cases/")[:25]


# -- a second one ------------------------------------------------------------------------------------------------------


def test_the_same_application_again_is_told_of_with_its_case_and_saved_when_it_is_meant(
    city: World, clerk: Visitor
) -> None:
    first = taken_in(clerk, again="")
    assert clerk.status == 200, "the first is nobody's second"
    taken_in(clerk, again="")
    assert clerk.status == 422
    assert f"此人的这个事项已有一件没有办完：{first}" in clerk.page
    assert f'href="/cases/{first}"' in clerk.page
    assert 'name="again"' in clerk.page
    assert taken_in(clerk, again="1") != first
    assert clerk.status == 200


def test_another_item_another_person_or_one_that_is_over_is_no_second(city: World, clerk: Visitor) -> None:
    first = taken_in(clerk, again="")
    taken_in(clerk, INSTANT.item_code, again="")
    assert clerk.status == 200
    taken_in(clerk, again="", id_no="510903198502280028")
    assert clerk.status == 200
    clerk.open(f"/cases/{first}")
    clerk.send(f"/cases/{first}/withdraw", reason="不办了")
    taken_in(clerk, again="")
    assert clerk.status == 200


def test_a_form_that_is_sent_twice_is_no_second_either(city: World, clerk: Visitor) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    form = clerk.form
    for _ in range(2):
        clerk.open(f"/items/{PERMIT.item_code}/record")
        clerk.send(f"/items/{PERMIT.item_code}/record", **application(form, again=""))
        assert clerk.status == 200
        assert "已保存在本机" in clerk.page


# -- a slip ------------------------------------------------------------------------------------------------------------


def test_what_was_saved_by_a_slip_is_taken_back_and_nothing_is_typed_again(
    city: World, clerk: Visitor
) -> None:
    case_no = taken_in(clerk)
    assert "撤销登记" in clerk.page
    page = clerk.send(f"/cases/{case_no}/undo")
    for value in ("赵小明", NUMBER, "13800001234", "三组12号"):
        assert f'value="{value}"' in page
    assert all(re.findall(r'name="material-\d+" id="material-\d+" value="1" (checked)?', page))
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state is not None
    assert (state.state, state.timeline[-1].event["data"]) == ("voided", {"reason": "登记有误，由登记人撤销"})
    city.sync(VILLAGE, TOWNSHIP)
    above = city[HUB].parts.casework.case(case_no)
    assert above is not None
    assert above.state == "voided", "the hub counts it as the village does"


def test_what_somebody_works_on_is_not_taken_back(city: World, clerk: Visitor) -> None:
    case_no = taken_in(clerk, INSTANT.item_code)
    clerk.open(f"/cases/{case_no}")
    city.sync(VILLAGE, TOWNSHIP)
    bureau = city.visit(HUB).sign_in("E001")
    bureau.open(f"/cases/{case_no}")
    bureau.send(f"/desk/{case_no}/claim")
    bureau.send(f"/cases/{case_no}/accept")
    city.sync(TOWNSHIP, VILLAGE)
    assert "撤销登记" not in clerk.open(f"/cases/{case_no}")
    clerk.send(f"/cases/{case_no}/undo")
    assert clerk.status == 409
    assert city[VILLAGE].parts.casework.case(case_no).state == "accepted"  # type: ignore[union-attr]
    assert city[VILLAGE].parts.drafts.of("V001") == []


# -- the receipt -------------------------------------------------------------------------------------------------------


def test_the_receipt_has_number_code_picture_and_the_day_to_expect(city: World, clerk: Visitor) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    page = clerk.send(f"/items/{PERMIT.item_code}/record", print="1", **application(clerk.form))
    assert clerk.path.endswith("/receipt")
    assert "data-print-now" in page
    case_no = clerk.path.split("/")[2]
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state is not None
    assert case_no in page
    assert f'<span class="bm-code">{state.query_code}</span>' in page
    assert re.search(r'<div class="bm-qr[^"]*"><svg[^>]* viewBox="0 0 \d+ \d+"[^>]*><path', page)
    # Friday 2018-02-09 and three working days: Sunday was one.
    assert "2018年2月13日（以当日受理计）" in page


def test_the_picture_names_the_hubs_page_and_no_server_gets_to_see_the_code(city: World) -> None:
    with city[VILLAGE].app.test_request_context("/"):
        said = query.address_of("5" * 25, "123456", "https://hub.example:8000/")
    assert said == f"https://hub.example:8000/query#{'5' * 25}-123456"


@pytest.mark.parametrize(
    ("size", "kind"), [("a5", "bm-a5"), ("large", "bm-large"), ("", "bm-paper "), ("x", "bm-paper ")]
)
def test_it_comes_on_half_a_sheet_and_in_large_print(clerk: Visitor, size: str, kind: str) -> None:
    case_no = taken_in(clerk)
    page = clerk.open(f"/cases/{case_no}/receipt", size=size)
    assert f'class="bm-sheet bm-paper {kind}' in page or kind == "bm-paper "


# -- asking ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [VILLAGE, TOWNSHIP, HUB])
def test_number_and_code_open_the_state_of_a_case_at_the_village_and_at_the_hub(
    city: World, clerk: Visitor, at: str
) -> None:
    case_no = taken_in(clerk)
    city.sync(VILLAGE, TOWNSHIP)
    code = city[VILLAGE].parts.casework.case(case_no).query_code  # type: ignore[union-attr]
    anybody = city.visit(at)
    anybody.open("/query")
    page = anybody.send("/query", case_no=f" {case_no[:12]} {case_no[12:].lower()} ", code=code)
    assert anybody.status == 200
    assert PERMIT.name in page
    assert "已收件" in page
    assert "赵**" in page
    for hidden in ("赵小明", "13800001234", "三组12号", NUMBER, "王芳", code):
        assert hidden not in page.replace(f'value="{case_no}"', "")


def test_a_wrong_number_and_a_wrong_code_get_one_answer(city: World, clerk: Visitor) -> None:
    case_no = taken_in(clerk)
    code = city[VILLAGE].parts.casework.case(case_no).query_code  # type: ignore[union-attr]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    other = numbers.case_no(VILLAGE, city.time().date(), 9999)
    anybody = city.visit(VILLAGE)
    anybody.open("/query")
    for number, tried in ((case_no, wrong), (other, code), ("x", code), (case_no, ""), ("", "")):
        page = anybody.send("/query", case_no=number, code=tried)
        assert anybody.status == 422
        assert "办件编号或查询码不对，请对照收件凭证核对" in page
        assert PERMIT.name not in page


def test_a_code_in_other_signs_is_wrong_and_no_error(city: World, clerk: Visitor) -> None:
    case_no = taken_in(clerk)
    citizen = city.visit(VILLAGE)
    for code in ("１２３４５６", "密码密码密码", "", "1234567890" * 5):
        citizen.open("/query")
        citizen.send("/query", case_no=case_no, code=code)
        assert citizen.status == 422


def test_guessing_the_code_of_a_case_is_slowed(city: World, clerk: Visitor) -> None:
    case_no = taken_in(clerk)
    code = city[VILLAGE].parts.casework.case(case_no).query_code  # type: ignore[union-attr]
    anybody = city.visit(VILLAGE)
    anybody.open("/query")
    for _ in range(5):
        anybody.send("/query", case_no=case_no, code=f"{(int(code) + 1) % 10**6:06}")
    page = anybody.send("/query", case_no=case_no, code=code)
    assert re.search(r"查询次数太多，请 \d+ 秒后再试", page)
    city.time.pass_(minutes=1)
    assert PERMIT.name in anybody.send("/query", case_no=case_no, code=code)


# -- what is missing ---------------------------------------------------------------------------------------------------


def test_all_that_is_missing_is_on_one_sheet_with_its_reason_and_the_form_is_kept(
    city: World, clerk: Visitor
) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    form = clerk.form
    page = clerk.send(
        f"/items/{PERMIT.item_code}/missing", form=form, name="赵小明", phone="1", **{"material-1": "1"}
    )
    assert "一次性告知单" in page
    for each in tables.materials(PERMIT.item_code):
        assert (f"<td>{each.name}</td>" in page) == (each.required and each.seq != 1), each
        if each.required and each.seq != 1:
            assert f"《申报材料目录》第 {each.seq} 项，必交" in page
    assert "请填写 11 位手机号" in page
    assert PERMIT.legal_basis and PERMIT.legal_basis in page
    assert 'value="赵小明"' in clerk.open(f"/items/{PERMIT.item_code}/record", draft=form)


def test_nothing_missing_is_said_so(clerk: Visitor) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    page = clerk.send(f"/items/{PERMIT.item_code}/missing", **application(clerk.form))
    assert "必交材料已经齐全" in page
    assert "还缺" not in page


def test_a_form_without_its_token_is_told_of(clerk: Visitor) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    page = clerk.send(f"/items/{PERMIT.item_code}/missing", **application("x"))
    assert clerk.status == 409
    assert "页面不完整，请从事项页面重新打开登记表" in page


# -- the keyboard ------------------------------------------------------------------------------------------------------


def test_every_shortcut_of_the_help_page_is_on_a_page_once_and_no_other_is(clerk: Visitor) -> None:
    case_no = taken_in(clerk)
    found: set[str] = set()
    for path in (
        "/",
        "/items",
        f"/items/{PERMIT.item_code}/record",
        f"/cases/{case_no}",
        f"/cases/{case_no}/receipt",
        "/people",
        "/help",
    ):
        keys = re.findall(r'accesskey="(.)"', clerk.open(path))
        assert len(keys) == len(set(keys)), path
        found |= set(keys)
    assert found == {key for key, _, _ in KEYS}
