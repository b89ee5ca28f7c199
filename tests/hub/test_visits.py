"""Visits: told beforehand or not, carried out, released, put right; and a station's own patrol. Nobody at the visited sees an unannounced
one before it is released, by any page and in any database.
"""

from __future__ import annotations

import re

import pytest

from hub.visit_pages import SERVICE
from station.databases import HERE, logged_as
from tests.world import BUREAU, HUB, NEIGHBOUR, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World

SECRET = "有人反映下午没有人"


def planned(city: World, who: str = "S001", **said: str) -> Visitor:
    visitor = city.visit(HUB).sign_in(who)
    visitor.open("/supervision/visits")
    visitor.send(
        "/supervision/visits",
        **{"form": visitor.form, "kind": "unannounced", "station": VILLAGE, "planned_on": "2018-02-09", "inspectors": "S001、李明", "reason": SECRET, **said},
    )  # fmt: skip
    return visitor


def found(visitor: Visitor, **said: str) -> str:
    """Records a finding and ends the visit; its key."""
    key = visitor.path.rpartition("/")[2]
    visitor.send(
        f"/supervision/visits/{key}/finding",
        **{"code": "absent", "severity": "2", "note": "下午两点无人", **said},
    )
    assert visitor.status == 200, visitor.page
    visitor.send(f"/supervision/visits/{key}/finish", conclusion="限期整改")
    assert visitor.status == 200, visitor.page
    return key


def everything_at(city: World, code: str) -> str:
    """All that a server holds, as text."""
    store = city[code].parts.store
    databases = [store.database(name) for name in store.databases() if name != HERE]
    return repr([each.get(change.id) for each in databases for change in each.changes(0, 10_000).results])


def test_an_unannounced_visit_is_hidden_until_it_is_released_and_then_put_right(city: World) -> None:
    visitor = planned(city)
    assert "暗访" in visitor.page and "未公布" in visitor.page and SECRET in visitor.page
    key = found(visitor)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    for code, who in ((VILLAGE, "V001"), (TOWNSHIP, "T001")):
        clerk = city.visit(code).sign_in(who)
        clerk.open("/inspections")
        assert clerk.status == 200 and "暗访" not in clerk.page
        clerk.open(f"/inspections/{key}")
        assert clerk.status == 404
        assert SECRET not in everything_at(city, code)
    assert SECRET not in everything_at(city, HUB), "nor is it in any database that is ever given to anybody"

    visitor.send(f"/supervision/visits/{key}/release")
    assert "未公布" not in visitor.page and "公布" in visitor.page
    assert city[HUB].app.extensions[SERVICE].hidden() == []
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert (
        "暗访" in clerk.open("/inspections")
        and "待整改 1 项" in clerk.page
        and "还剩 5 个工作日" in clerk.page
    )
    assert "下午两点无人" in clerk.open(f"/inspections/{key}")
    clerk.send(f"/inspections/{key}/fix", n="0", text="已安排两人轮岗")
    assert "已整改" in clerk.page and "已安排两人轮岗" in clerk.page
    city.sync(VILLAGE, TOWNSHIP)
    assert "已安排两人轮岗" in visitor.open(f"/supervision/visits/{key}")
    assert "已整改" in visitor.open("/supervision/visits?list=all")


def test_an_open_visit_is_told_beforehand(city: World) -> None:
    visitor = planned(city, kind="open_visit")
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "明查" in clerk.open("/inspections") and "待检查" in clerk.page
    key = found(visitor)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    assert "待整改 1 项" in clerk.open("/inspections")
    visitor.send(f"/supervision/visits/{key}/finding", code="order", severity="1", note="再来一个")
    assert visitor.status == 409 and "已经结束" in visitor.page


def test_a_form_sent_twice_plans_one_visit(city: World) -> None:
    visitor = city.visit(HUB).sign_in("S001")
    visitor.open("/supervision/visits")
    form = visitor.form
    for _ in range(2):
        planned(city, form=form)
        planned(city, form="a" * 32, kind="open_visit")
    service = city[HUB].app.extensions[SERVICE]
    assert [each["key"] for each in service.hidden()] == [logged_as(VILLAGE, form)]
    assert city[HUB].parts.register.logbook.count("type = 'inspection'") == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"kind": "daily_patrol"}, "请选择检查方式"),
        ({"planned_on": "明天"}, "请填写检查日期"),
        ({"inspectors": " 、"}, "请填写检查人员"),
        ({"station": "没有这个村"}, "没有这个单位"),
        ({"station": HUB}, "没有这个单位"),
        ({"form": "nonsense"}, "页面不完整"),
    ],
)
def test_what_is_missing_is_said(city: World, said: dict[str, str], words: str) -> None:
    visitor = planned(city, **said)
    assert visitor.status == 409 and words in visitor.page
    assert SECRET in visitor.page, "what was typed is still there"


def test_a_station_is_meant_by_its_name_or_if_several_are_called_so_by_its_code(city: World) -> None:
    from collections import Counter

    from schemas import tables

    called = Counter(each.name for each in tables.stations().values() if each.level == "village")
    once = next(each for each in tables.stations().values() if called[each.name] == 1)
    twice = next(name for name, n in called.items() if n > 1)
    assert once.name in planned(city, station=once.name).page
    visitor = planned(city, station=twice)
    assert visitor.status == 409 and "请填写12位代码" in visitor.page
    for each in tables.named(twice):
        assert each.code in visitor.page


def test_a_district_knows_nothing_of_an_unannounced_visit_to_its_own_house(city: World) -> None:
    own = planned(city, who="D001", station=BUREAU)
    assert own.status == 409 and "由市级安排" in own.page
    visitor = planned(city, station=BUREAU)
    key = visitor.path.rpartition("/")[2]
    district = city.visit(HUB).sign_in("D001")
    assert SECRET not in district.open("/supervision/visits") and "没有公布的暗访" not in district.page
    district.open(f"/supervision/visits/{key}")
    assert district.status == 404
    district.send(f"/supervision/visits/{key}/finding", code="absent", severity="2", note="无人")
    assert district.status == 404
    found(visitor)
    visitor.send(f"/supervision/visits/{key}/release")
    assert "下午两点无人" in district.open(f"/supervision/visits/{key}")
    village = planned(city, who="D001")
    assert village.status == 200


def test_only_what_is_done_is_released_and_only_what_has_not_begun_is_dropped(city: World) -> None:
    visitor = planned(city)
    key = visitor.path.rpartition("/")[2]
    visitor.send(f"/supervision/visits/{key}/release")
    assert visitor.status == 409 and "请先结束检查" in visitor.page
    visitor.open(f"/supervision/visits/{key}")
    found(visitor)
    visitor.send(f"/supervision/visits/{key}/drop")
    assert visitor.status == 409 and "还没有开始的暗访" in visitor.page
    other = planned(city)
    key = other.path.rpartition("/")[2]
    other.send(f"/supervision/visits/{key}/drop")
    assert other.path == "/supervision/visits"
    other.open(f"/supervision/visits/{key}")
    assert other.status == 404
    open_one = planned(city, kind="open_visit")
    key = open_one.path.rpartition("/")[2]
    open_one.send(f"/supervision/visits/{key}/drop")
    assert open_one.status == 409


def test_a_station_keeps_its_daily_patrol_and_a_township_that_of_its_villages(city: World) -> None:
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open("/inspections")
    clerk.send("/inspections", form=clerk.form)
    assert "无问题" in clerk.page
    window = city.visit(TOWNSHIP).sign_in("T001")
    window.open("/inspections")
    window.send(
        "/inspections",
        form=window.form,
        station=VILLAGE,
        window="一号窗口",
        code0="disclosure",
        severity0="1",
        note0="公示栏未更新",
        due0="2018-02-28",
    )
    assert "待整改 1 项" in window.page and "一号窗口" in window.page
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    clerk.open("/inspections")
    key = re.findall(r"/inspections/([0-9L:a-f]+)", clerk.page)[0]
    assert "公示栏未更新" in clerk.open(f"/inspections/{key}") and "2018-02-28" in clerk.page
    window.open(f"/inspections/{key}")
    window.send(f"/inspections/{key}/fix", n="0", text="替村里说")
    assert window.status == 404
    clerk.send(f"/inspections/{key}/fix", n="0", text="")
    assert clerk.status == 409 and "请写明怎样整改" in clerk.page
    clerk.send(f"/inspections/{key}/fix", n="0", text="已更新")
    city.sync(VILLAGE, TOWNSHIP)
    visitor = city.visit(HUB).sign_in("S001")
    assert "公示栏未更新" in visitor.open(f"/supervision/visits/{key}") and "已更新" in visitor.page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"form": ""}, "页面不完整"),
        ({"station": NEIGHBOUR}, "请选择本站"),
        ({"code0": "absent", "severity0": "1"}, "请写明发现了什么问题"),
        ({"note0": "无人"}, "请选择问题类别"),
        (
            {"code0": "absent", "severity0": "2", "note0": "无人", "due0": "2018-02-08"},
            "请填写今天或以后的日期",
        ),
        ({"code0": "absent", "severity0": "2", "note0": "无人", "due0": "后天"}, "请填写今天或以后的日期"),
    ],
)
def test_a_patrol_that_says_too_little_is_not_kept(city: World, said: dict[str, str], words: str) -> None:
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open("/inspections")
    clerk.send("/inspections", **{"form": clerk.form, **said})
    assert clerk.status == 422 and words in clerk.page
    assert city[VILLAGE].parts.register.logbook.count("type = 'inspection'") == 0


def test_what_a_station_writes_of_a_visit_that_the_hub_never_made_counts_for_nothing(city: World) -> None:
    parts = city[VILLAGE].parts
    said = {"station": VILLAGE, "kind": "open_visit", "planned_on": "2018-02-09", "inspectors": ["S001"]}
    key = parts.keeper.keep(VILLAGE, PEOPLE["V001"], "inspection", "e" * 32, lambda _txn, _before: said)
    city.sync(VILLAGE, TOWNSHIP)
    for code in (VILLAGE, HUB):
        city[code].parts.register.catch_up()
        assert city[code].parts.register.logbook.get(key) is None
