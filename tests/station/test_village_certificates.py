"""Village certificates over HTTP: only what was retained, checked by two, numbered, printed, known above."""

from __future__ import annotations

import re

import pytest

from schemas import tables
from station.databases import logged_as
from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World

GONE = next(each for each in tables.certificates() if each.status == "abolished" and each.replaced_by)
FILLED = {
    "name": "赵小明", "id_no": "510903199003070012", "facts": "该户家庭年收入低于本地低保标准，两人入户核实", "second_checker": "T001",
}  # fmt: skip


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def issued(clerk: Visitor, code: str = "KEEP-01", **fields: str) -> str:
    clerk.open(f"/certificates/{code}")
    return clerk.send(f"/certificates/{code}", **{"form": clerk.form, **FILLED, **fields})


def test_thirteen_are_offered_and_no_other(clerk: Visitor) -> None:
    page = clerk.open("/certificates")
    assert len(set(re.findall(r"/certificates/(KEEP-\d+)", page))) == 13
    assert "GONE" not in page


def test_one_is_given_out_numbered_valid_for_its_time_and_printed(city: World, clerk: Visitor) -> None:
    page = issued(clerk)
    assert clerk.status == 200
    assert re.search(r"\(船001001\)证字〔2018〕第\d{5}号", page)
    assert "赵小明" in page
    assert "2018年8月8日" in page, "180 days from 2018-02-09"
    assert "V001" in page
    assert "T001" in page
    first, second = (re.findall(r"第(\d{5})号", each)[0] for each in (page, issued(clerk, "KEEP-03")))
    assert int(second) == int(first) + 1
    assert "最近出具" in clerk.open("/certificates")
    assert first in clerk.page


def test_the_same_form_twice_is_one_certificate(city: World, clerk: Visitor) -> None:
    clerk.open("/certificates/KEEP-01")
    form = clerk.form
    pages = [clerk.send("/certificates/KEEP-01", form=form, **FILLED) for _ in range(2)]
    assert len({re.findall(r"第(\d{5})号", page)[0] for page in pages}) == 1
    assert city[VILLAGE].parts.register.logbook.count("type = 'certificate_issue'") == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "请填写被证明人姓名"),
        ({"facts": " "}, "请写明核实的事实"),
        ({"second_checker": ""}, "证明须由两人核实"),
        ({"second_checker": "V001"}, "不能与核实人是同一人"),
        ({"second_checker": "E001"}, "不能复核"),
        ({"second_checker": "NOBODY"}, "不能复核"),
        ({"id_no": "510903199003070011"}, "身份证号码有误"),
        ({"form": "x"}, "页面不完整"),
    ],
)
def test_a_certificate_that_is_badly_filled_is_refused_in_words(
    city: World, clerk: Visitor, fields: dict[str, str], said: str
) -> None:
    page = issued(clerk, **fields)
    assert clerk.status == 422
    assert said in page
    assert city[VILLAGE].parts.register.logbook.count("1") == 0


def test_an_abolished_one_is_refused_with_the_reason_and_what_replaces_it(
    city: World, clerk: Visitor
) -> None:
    page = clerk.open("/certificates", q=GONE.name)
    assert "已取消" in page
    assert str(GONE.replaced_by) in page
    page = clerk.open(f"/certificates/{GONE.cert_code}")
    assert "不得出具" in page
    assert str(GONE.replaced_by) in page
    assert "出具并打印" not in page
    clerk.send(f"/certificates/{GONE.cert_code}", form="a" * 32, **FILLED)
    assert clerk.status == 422
    assert city[VILLAGE].parts.register.logbook.count("1") == 0
    assert "清单里没有这种证明" in clerk.open("/certificates", q="好人好事证明")
    clerk.open("/certificates/KEEP-99")
    assert clerk.status == 404


def test_what_a_village_gave_out_is_known_and_confirmed_above(city: World, clerk: Visitor) -> None:
    clerk.open("/certificates/KEEP-01")
    form = clerk.form
    clerk.send("/certificates/KEEP-01", form=form, **FILLED)
    assert len(city[VILLAGE].parts.register.waiting()) == 1
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    assert city[VILLAGE].parts.register.waiting() == {}
    hub = city[HUB].parts.register
    hub.catch_up()
    doc = hub.logbook.get(logged_as(VILLAGE, form))
    assert doc is not None
    assert (doc["holder"], doc["second_checker"]) == ("赵小明", "T001")


def test_a_village_prints_and_a_township_does_not(city: World) -> None:
    window = city.visit(TOWNSHIP).sign_in("T001")
    window.open("/certificates")
    assert window.status == 404
