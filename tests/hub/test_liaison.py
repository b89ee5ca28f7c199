"""What a bureau decided is told to the department whose item it was: listed once, received, doubted and answered."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.liaison_pages import SERVICE
from schemas import numbers, tables
from station.databases import of_case
from tests.schemas.histories import History
from tests.world import BUREAU, HUB, PEOPLE, VILLAGE, Visitor, World

DISTRICT = BUREAU[:6]
ITEM = next(
    each for each in tables.items().values() if each.division_code == DISTRICT and each.level == "district" and each.instant
)  # fmt: skip
OTHER = "510904000000"  # a district without an approval bureau


def concluded(city: World, n: int = 3, first: int = 700) -> list[str]:
    """So many cases of the department's item that the bureau concluded."""
    hub, found = city[HUB].parts, []
    for k in range(n):
        told = History(ITEM, numbers.case_no(VILLAGE, date(2018, 2, 5), first + k)).at_bureau(
            "2018-02-05T09:00:00+08:00"
        )
        for event in ("accept", "instant_conclude"):
            told.add(event, "district_window", BUREAU, "2018-02-05T10:00:00+08:00")
        for event in told.events:
            hub.ledger.append(
                of_case(told.case), lambda _txn, event=event: [{k: v for k, v in event.items() if k != "_id"}]
            )
        found.append(told.case)
    hub.register.catch_up()
    return found


def pushed(city: World) -> tuple[Visitor, str, list[str]]:
    cases = concluded(city)
    visitor = city.visit(HUB).sign_in("E001")
    visitor.open("/liaison")
    assert ITEM.department in visitor.page and "待推送" in visitor.page
    visitor.send(f"/liaison/{BUREAU}", department=ITEM.department)
    assert visitor.status == 200, visitor.page
    return visitor, f"/liaison/{BUREAU}/000001", cases


def test_what_was_concluded_is_listed_once_and_what_comes_later_in_the_next_list(city: World) -> None:
    visitor, path, cases = pushed(city)
    assert all(each in visitor.page for each in cases) and "待签收" in visitor.page
    service = city[HUB].app.extensions[SERVICE]
    assert service.waiting(DISTRICT) == {}
    visitor.send(f"/liaison/{BUREAU}", department=ITEM.department)
    assert visitor.status == 409 and "没有待推送的办件" in visitor.page
    (late,) = concluded(city, 1, 800)
    assert service.waiting(DISTRICT) == {ITEM.department: 1}
    visitor.send(f"/liaison/{BUREAU}", department=ITEM.department)
    assert late in visitor.page and cases[0] not in visitor.page
    assert [each["_id"][-6:] for each in service.all(DISTRICT)] == ["000002", "000001"]
    assert path in visitor.open(f"/liaison/{BUREAU}")


def test_a_list_is_received_once_by_somebody_with_a_name(city: World) -> None:
    visitor, path, _ = pushed(city)
    visitor.send(f"{path}/receive", text=" ")
    assert visitor.status == 409 and "请填写主管部门的签收人" in visitor.page
    visitor.send(f"{path}/receive", text="规划股李明")
    assert "规划股李明" in visitor.page and "待签收" not in visitor.page
    visitor.send(f"{path}/receive", text="别人")
    assert visitor.status == 409 and "已经签收" in visitor.page
    assert "已签收" in visitor.open(f"/liaison/{BUREAU}")


def test_a_doubt_is_answered_once(city: World) -> None:
    visitor, path, (first, second, _) = pushed(city)
    visitor.send(f"{path}/doubt", case=first, text="用地性质与规划不符")
    assert "用地性质与规划不符" in visitor.page
    assert "异议 1 件" in visitor.open(f"/liaison/{BUREAU}")
    for said, words in (
        ({"case": first, "text": "又一次"}, "还没有异议的办件"),
        ({"case": VILLAGE, "text": "别的件"}, "还没有异议的办件"),
        ({"case": second, "text": ""}, "请写明主管部门的异议"),
    ):
        visitor.send(f"{path}/doubt", **said)
        assert visitor.status == 409 and words in visitor.page
    visitor.send(f"{path}/settle", case=first, text="")
    assert visitor.status == 409 and "请写明核查结果" in visitor.page
    visitor.send(f"{path}/settle", case=first, text="经复核，符合2017年规划调整")
    assert "经复核，符合2017年规划调整" in visitor.page
    for case in (first, second):
        visitor.send(f"{path}/settle", case=case, text="再说")
        assert visitor.status == 409 and "没有待回复的异议" in visitor.page


def test_who_supervises_reads_and_a_district_without_such_a_bureau_has_no_lists(city: World) -> None:
    _, path, cases = pushed(city)
    supervisor = city.visit(HUB).sign_in("S001")
    assert cases[0] in supervisor.open(path) and "登记签收" not in supervisor.page
    assert "射洪县" in supervisor.open(f"/liaison/{BUREAU}")
    supervisor.send(f"{path}/receive", text="某人")
    assert supervisor.status == 403
    for visitor, where in (
        (supervisor, f"/liaison/{OTHER}"),
        (supervisor, "/liaison/nonsense"),
        (city.visit(HUB).sign_in("X001"), path),
    ):
        visitor.open(where)
        assert visitor.status == 404


def test_an_unknown_list_or_step_is_not_found(city: World) -> None:
    visitor, path, _ = pushed(city)
    for where in (f"/liaison/{BUREAU}/999999/receive", f"{path}/nonsense"):
        visitor.send(where, text="某人")
        assert visitor.status == 404


@pytest.mark.parametrize("stale", ["receive", "doubt"])
def test_a_list_that_somebody_changed_meanwhile_is_not_written_over(city: World, stale: str) -> None:
    _, _, (first, second, _) = pushed(city)
    service = city[HUB].app.extensions[SERVICE]
    old: Any = service.of(DISTRICT, "000001")
    service.doubt(PEOPLE["E001"], old, first, "用地性质")
    with pytest.raises(Exception, match="刚被别人改过"):
        if stale == "receive":
            service.receive(PEOPLE["E001"], old, "李明")
        else:
            service.doubt(PEOPLE["E001"], old, second, "又一件")
    assert list(service.of(DISTRICT, "000001")["doubts"]) == [first]
