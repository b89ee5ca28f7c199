"""Errands over HTTP: from the request to the result in the applicant's hands, each refusal in words, and all of it above and back."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from schemas import tables
from station import person
from station.staff import Staff
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, Visitor, World

PERSON = {"name": "赵小明", "id_no": "510903199003070012", "phone": "13800001234", "address": "三组12号"}
HEAD = Staff("V009", "刘站长", VILLAGE, frozenset({"village_clerk", "station_head"}))
LIST = {
    "material-0": "身份证", "copies-0": "1", "original-0": "1", "material-1": "申请表", "copies-1": "2", "signed_for": "1",
}  # fmt: skip


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def asked(clerk: Visitor, **fields: str) -> str:
    """The number of an errand that this clerk takes in."""
    clerk.open("/errands/new")
    clerk.send("/errands/new", **{"form": clerk.form, "kind": "agency", **PERSON, **fields})
    assert clerk.status == 200, clerk.page
    return clerk.path.removeprefix("/errands/")


def assigned(city: World, clerk: Visitor, **fields: str) -> str:
    """An errand that the township gave to this clerk."""
    errand_no = asked(clerk, **fields)
    city.sync(VILLAGE)
    window = city.visit(TOWNSHIP).sign_in("T001")
    window.open(f"/errands/{errand_no}")
    window.send(f"/errands/{errand_no}/assign", agent="V001", visit_on="2018-02-12", visit_slot="上午")
    assert window.status == 200, window.page
    city.sync(VILLAGE)
    return errand_no


def test_an_errand_goes_its_way_from_the_request_to_the_result_in_hand(city: World, clerk: Visitor) -> None:
    errand_no = assigned(city, clerk, entrusted_by="signature", item=INSTANT.item_code)
    clerk.open(f"/errands/{errand_no}")
    assert INSTANT.name in clerk.send(f"/errands/{errand_no}/collect", **LIST)
    assert "持原件 1 件" in clerk.page
    assert "身份证" in clerk.open("/errands", list="held") or errand_no in clerk.page
    case_no = record(city, INSTANT)
    clerk.send(f"/errands/{errand_no}/lodge", case=case_no)
    assert clerk.status == 200, clerk.page
    city.sync(VILLAGE, TOWNSHIP)
    assert "办件尚未办结" in clerk.send(f"/errands/{errand_no}/fetch_result")
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    city.sync(TOWNSHIP, VILLAGE)
    clerk.open(f"/errands/{errand_no}")
    clerk.send(f"/errands/{errand_no}/fetch_result")
    assert "把结果和原件交还申请人" in clerk.page
    page = clerk.send(f"/errands/{errand_no}/hand_over", receiver="赵小明")
    assert "下列原件尚未交还：身份证" in page
    clerk.send(f"/errands/{errand_no}/hand_over", receiver="赵小明", **{"returned-0": "1"})
    assert "已交还" in clerk.page
    # Who brings the result delivers it, and the applicant did not have to come.
    assert "已送达" in clerk.open(f"/cases/{case_no}")
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state is not None
    assert state.visits == 1
    city.sync(VILLAGE, TOWNSHIP)
    above = city.visit(HUB).sign_in("E001")
    assert "已交还" in above.open(f"/errands/{errand_no}")
    assert clerk.open("/errands", list="closed").count(errand_no) == 2


def test_what_the_hub_or_township_says_comes_back_and_what_waits_is_told(city: World, clerk: Visitor) -> None:
    errand_no = asked(clerk)
    assert "还没有全部送到市中心" in clerk.page
    assert len(city[VILLAGE].parts.register.waiting()) == 1
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    assert "已全部送达市中心" in clerk.open(f"/errands/{errand_no}")
    window = city.visit(TOWNSHIP).sign_in("T001")
    window.open(f"/errands/{errand_no}")
    assert "请告知其他办理途径" in window.send(f"/errands/{errand_no}/decline", reason="须本人到场")
    window.send(f"/errands/{errand_no}/decline", reason="须本人到场", other_way="请到区政务大厅")
    city.sync(TOWNSHIP, VILLAGE)
    page = clerk.open(f"/errands/{errand_no}")
    assert "不予代办" in page
    assert "请到区政务大厅" in page


def test_a_home_visit_is_made_with_the_laptop_taken_along_and_merges_on_return(
    city: World, clerk: Visitor
) -> None:
    errand_no = asked(clerk, kind="home_visit")
    city.sync(VILLAGE)
    window = city.visit(TOWNSHIP).sign_in("T001")
    window.open(f"/errands/{errand_no}")
    assert "上门服务须约定日期和时段" in window.send(f"/errands/{errand_no}/assign", agent="V001")
    assert "上门日期已过" in window.send(
        f"/errands/{errand_no}/assign", agent="V001", visit_on="2018-02-01", visit_slot="上午"
    )
    window.send(f"/errands/{errand_no}/assign", agent="V001", visit_on="2018-02-12", visit_slot="上午")
    city.sync(VILLAGE)
    assert "2018-02-12 上午" in clerk.open("/errands", list="visits")
    assert "2018-02-12 上午" in clerk.open("/work")
    # On the road there is no line; somebody at the township looks at the errand meanwhile.
    city.time.now += timedelta(days=3)
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/errands/{errand_no}")
    clerk.send(f"/errands/{errand_no}/collect", entrusted_by="fingerprint", **LIST)
    assert clerk.status == 200, clerk.page
    assert "已取材料" not in window.open(f"/errands/{errand_no}")
    city.sync(VILLAGE, TOWNSHIP)
    assert "已取材料" in city.visit(TOWNSHIP).sign_in("T001").open(f"/errands/{errand_no}")
    assert city[HUB].parts.register.errand(errand_no).state == "collected"  # type: ignore[union-attr]


def test_the_head_of_a_village_assigns_without_a_line(city: World, clerk: Visitor) -> None:
    errand_no = asked(clerk)
    assert clerk.steps == []
    assert "须由乡镇" in clerk.send(f"/errands/{errand_no}/assign", agent="V001")
    city.appoint(VILLAGE, HEAD)
    head = city.visit(VILLAGE).sign_in("V009")
    head.open(f"/errands/{errand_no}")
    assert "请选择代办员" in head.send(f"/errands/{errand_no}/assign")
    head.send(f"/errands/{errand_no}/assign", agent="V009")
    assert head.status == 200
    assert "须由指派的代办员办理" in clerk.send(f"/errands/{errand_no}/collect", entrusted_by="photo", **LIST)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "请填写申请人姓名"),
        ({"id_no": "510903199003070011"}, "身份证号码有误"),
        ({"phone": "1"}, "11 位手机号"),
        ({"kind": ""}, "请选择服务方式"),
        ({"item": "XX"}, "事项目录中没有"),
        ({"green_channel": "1"}, "绿色通道须写明理由和批准人"),
        ({"form": "x"}, "页面不完整"),
    ],
)
def test_a_bad_request_is_refused_in_words_and_nothing_typed_is_lost(
    clerk: Visitor, fields: dict[str, str], said: str
) -> None:
    clerk.open("/errands/new")
    page = clerk.send("/errands/new", **{"form": clerk.form, "kind": "agency", **PERSON, **fields})
    assert clerk.status == 422
    assert said in page
    assert "三组12号" in page


def test_the_same_form_twice_makes_one_errand(city: World, clerk: Visitor) -> None:
    clerk.open("/errands/new")
    form = clerk.form
    places = set()
    for _ in range(2):
        clerk.send("/errands/new", form=form, kind="agency", **PERSON)
        places.add(clerk.path)
    assert len(places) == 1
    assert city[VILLAGE].parts.register.errands.count("1") == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"signed_for": ""}, "请逐项登记收取的材料"),
        ({"copies-0": "x"}, "请逐项登记收取的材料"),
        ({"material-0": "", "material-1": ""}, "请逐项登记收取的材料"),
        ({"entrusted_by": ""}, "请选择委托方式"),
    ],
)
def test_papers_are_taken_only_with_a_signed_list(
    city: World, clerk: Visitor, fields: dict[str, str], said: str
) -> None:
    errand_no = assigned(city, clerk)
    clerk.open(f"/errands/{errand_no}")
    page = clerk.send(f"/errands/{errand_no}/collect", **{**LIST, "entrusted_by": "photo", **fields})
    assert clerk.status == 409
    assert said in page


def test_a_supplement_is_passed_on_and_the_case_lodged_again(city: World, clerk: Visitor) -> None:
    errand_no = assigned(city, clerk, entrusted_by="signature")
    clerk.open(f"/errands/{errand_no}")
    clerk.send(f"/errands/{errand_no}/collect", **LIST)
    assert "办件编号" in clerk.send(f"/errands/{errand_no}/lodge", case="123")
    case_no = record(city, PERMIT)
    clerk.send(f"/errands/{errand_no}/lodge", case=case_no)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "notify_supplement", gaps="户口簿")
    city.sync(TOWNSHIP, VILLAGE)
    page = clerk.open(f"/errands/{errand_no}")
    assert "办件需要补正，请转告申请人" in page
    assert "户口簿" in page, "what is missing stands in the form already"
    assert "请一次列明" in clerk.send(f"/errands/{errand_no}/relay_supplement")
    clerk.send(f"/errands/{errand_no}/relay_supplement", gaps="户口簿")
    assert "已取材料" in clerk.page


def test_the_papers_of_an_errand_are_printed_with_a_number_of_their_own(city: World, clerk: Visitor) -> None:
    errand_no = assigned(city, clerk, entrusted_by="signature")
    clerk.open(f"/errands/{errand_no}")
    clerk.send(f"/errands/{errand_no}/collect", **LIST)
    clerk.send(f"/errands/{errand_no}/cancel", **{"returned-0": "1"})
    page = clerk.open(f"/errands/{errand_no}/paper")
    kinds = re.findall(r'data-kind="(\w+)"', page)
    assert kinds == ["mandate", "handover", "returned", "timeline"]
    assert re.search(r"\(船001001\)交字〔2018〕第\d{5}号", page)
    assert "退件签收单" in page
    assert "代办不收取任何费用" in page
    assert clerk.open("/papers").count("bm-paper") == 0, "the papers of a day are those of cases"


def test_a_green_channel_shows_and_its_errand_goes_first(city: World, clerk: Visitor) -> None:
    first = asked(clerk)
    urgent = asked(clerk, green_channel="1", green_reason="重病", green_approved_by="T001")
    page = clerk.open("/errands")
    assert page.index(urgent) < page.index(first)
    assert "绿色通道" in page


def test_vip_service_is_logged_in_four_kinds_and_is_known_above(city: World, clerk: Visitor) -> None:
    errand_no = asked(clerk, kind="vip")
    form = re.search(r'name="form" value="([0-9a-f]{32})"', clerk.page)
    assert form
    assert "请选择服务类别" in clerk.send(f"/errands/{errand_no}/log", note="x", form=form[1])
    assert "请填写服务内容" in clerk.send(f"/errands/{errand_no}/log", service="consult", form=form[1])
    for n, kind in enumerate(("consult", "assist", "agency", "urge")):
        clerk.send(f"/errands/{errand_no}/log", service=kind, note=f"服务{kind}", form=f"{n:032x}")
        clerk.send(f"/errands/{errand_no}/log", service=kind, note=f"服务{kind}", form=f"{n:032x}")
    assert clerk.page.count("服务consult") == 1
    city.sync(VILLAGE, TOWNSHIP)
    page = city.visit(HUB).sign_in("E001").open(f"/errands/{errand_no}")
    assert all(f"服务{kind}" in page for kind in ("consult", "assist", "agency", "urge"))


def test_the_guide_desk_logs_without_names(city: World, clerk: Visitor) -> None:
    clerk.open("/guidance")
    assert "请填写导办内容" in clerk.send("/guidance", form=clerk.form)
    assert "事项目录中没有" in clerk.send("/guidance", form="a" * 32, note="办证", item="XX")
    clerk.send("/guidance", form="a" * 32, note="到三号窗口办理", item=PERMIT.item_code)
    assert "到三号窗口办理" in clerk.page
    assert PERMIT.name in clerk.page
    city.sync(VILLAGE)
    assert "到三号窗口办理" in city.visit(TOWNSHIP).sign_in("T001").open("/guidance")


def test_nobody_sees_a_neighbours_errand(city: World, clerk: Visitor) -> None:
    errand_no = asked(clerk)
    city.sync(VILLAGE, TOWNSHIP)
    other = city.visit(NEIGHBOUR).sign_in("V002")
    other.open(f"/errands/{errand_no}")
    assert other.status == 404
    far = city.visit(HUB).sign_in("X001")
    far.open(f"/errands/{errand_no}")
    assert far.status == 404
    assert errand_no not in far.open("/errands")
    assert errand_no in city.visit(HUB).sign_in("E001").open("/errands")
    clerk.open("/errands/D123")
    assert clerk.status == 404


def test_rebuilt_from_the_documents_errands_and_logbook_are_the_same(city: World, clerk: Visitor) -> None:
    assigned(city, clerk, kind="vip")
    clerk.open("/guidance")
    clerk.send("/guidance", form="a" * 32, note="到三号窗口办理")
    register = city[VILLAGE].parts.register
    before = register.errands.select("1"), register.logbook.select("1")
    assert all(before)
    register.rebuild()
    assert (register.errands.select("1"), register.logbook.select("1")) == before


def test_a_person_gets_what_errands_and_certificates_say_of_them(city: World, clerk: Visitor) -> None:
    errand_no = asked(clerk)
    facts = "该户家庭年收入低于本地低保标准"
    certified = {**PERSON, "form": "c" * 32, "facts": facts, "second_checker": "T001"}
    clerk.send("/certificates/KEEP-01", **certified)
    clerk.open("/person")
    page = clerk.send("/person", id_no=PERSON["id_no"], why="self")
    assert errand_no in page
    assert facts in page
    parts = city[VILLAGE].parts
    held = person.gather(
        PERSON["id_no"], "", "", parts.store, parts.register, parts.access, lambda _: True,
        card=None,
    )  # fmt: skip
    said = json.loads(person.as_json(held))
    assert said["errands"][0]["events"][0]["data"]["phone"] == PERSON["phone"]
    assert said["logbook"][0]["holder_id_no"] == PERSON["id_no"]
    assert {errand_no, said["logbook"][0]["number"]} == {row[0] for row in person.as_rows(held, str)}


def test_after_signing_in_an_errand_is_opened_again(city: World, clerk: Visitor) -> None:
    errand_no = asked(clerk)
    visitor = city.visit(VILLAGE)
    assert f'name="next" value="/errands/{errand_no}"' in visitor.open(f"/errands/{errand_no}")


def test_an_errand_costs_nothing(clerk: Visitor) -> None:
    page = clerk.open("/errands/new")
    assert "代办不收费" in page
    assert "fee" not in page
    assert tables.items()
