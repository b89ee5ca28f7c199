"""The duty roster: a village says who serves on a day off, changes and calls it off; the hub sees who serves where."""

from __future__ import annotations

import pytest

from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World


def serving(city: World, **said: str) -> Visitor:
    visitor = city.visit(VILLAGE).sign_in("V001")
    visitor.open("/duty")
    visitor.send("/duty", **{"date": "2018-02-10", "staff": "V001，李明", "hours": "9:00–12:00", **said})
    return visitor


def test_a_village_says_who_serves_and_the_hub_sees_it(city: World) -> None:
    clerk = serving(city)
    assert "王芳（V001）、李明" in clerk.page and "9:00–12:00" in clerk.page and "春节" in clerk.page
    city.sync(VILLAGE, TOWNSHIP)
    supervisor = city.visit(HUB).sign_in("S001")
    assert "电江路社区便民服务站" in supervisor.open("/duty", on="2018-02-10") and "李明" in supervisor.page
    assert "这一天还没有单位安排值班" in supervisor.open("/duty", on="2018-02-17")
    assert "李明" in supervisor.open("/duty"), "the next day off"


def test_a_newer_word_counts_and_nobody_calls_it_off(city: World) -> None:
    serving(city)
    register = city[VILLAGE].parts.register
    serving(city)
    assert register.logbook.select("type = 'duty_roster'")[0]["lamport"] == 1, "the same again is nothing new"
    assert "值守" in serving(city, hours="全天值守").page
    clerk = serving(city, staff="")
    assert "李明" not in clerk.page
    city.sync(VILLAGE, TOWNSHIP)
    assert "电江路" not in city.visit(HUB).sign_in("S001").open("/duty")


@pytest.mark.parametrize("day", ["2018-02-12", "2018-02-11", "2018-02-03", "2090-01-01", "nonsense", ""])
def test_only_a_day_off_to_come_has_a_roster(city: World, day: str) -> None:
    clerk = serving(city, date=day)
    assert clerk.status == 409 and "请选择今天以后的双休日或者法定节假日" in clerk.page
    assert city[VILLAGE].parts.register.logbook.count("type = 'duty_roster'") == 0
