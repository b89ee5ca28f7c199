"""A paper ledger that comes as xlsx: good rows become cases by the rules, bad ones are named, and the same rows again add nothing.

BIANMIN_TEST_LEDGER (default 300) says how many rows the large one has, of which 7 % are wrong.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random

import pytest

from hub import staff as office
from schemas.problems import DomainError
from station import app as station_app
from station import paper_sheet
from station.paper_imports import Import
from tests import ledgers
from tests.station.test_personal import raw
from tests.world import (
    HUB,
    PEOPLE,
    QUICK,
    QUICK_WRAPPING,
    TOWNSHIP,
    VILLAGE,
    Server,
    Visitor,
    World,
    small_city,
)

ROWS = int(os.environ.get("BIANMIN_TEST_LEDGER", "300"))
CLERK = PEOPLE["V001"]
GOOD = {"item": "养犬登记信息采集", "received": "2018-01-10"}


@pytest.fixture
def city(tmp_path: object) -> Iterator[World]:
    with small_city(tmp_path) as world:  # type: ignore[arg-type]
        yield world


def check(city: World, rows: list[ledgers.Cells]) -> str:
    return city[VILLAGE].parts.paper_imports.check(CLERK, "ledger.xlsx", ledgers.xlsx(rows), str)


def enter(city: World, id: str) -> Import:
    """Confirms, and lets the server do its work."""
    imports = city[VILLAGE].parts.paper_imports
    imports.confirm(id, "V001")
    while (found := got(city, id)).stage == "going":
        imports.tend()
    return found


def got(city: World, id: str) -> Import:
    found = city[VILLAGE].parts.paper_imports.get(id, "V001")
    assert found is not None
    return found


def cases(city: World) -> int:
    city[VILLAGE].parts.register.catch_up()
    return city[VILLAGE].parts.register.count()


def row(**changes: object) -> ledgers.Cells:
    return ledgers.row(
        1, Random(1), **{**GOOD, "done": "", "result": "", "delivered": "", "receiver": "", **changes}
    )


@pytest.mark.timeout(1200)
def test_good_rows_go_in_bad_ones_are_named_and_the_same_file_again_adds_nothing(
    city: World, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, said = ledgers.ledger(ROWS, ROWS * 7 // 100)
    began = time.monotonic()
    id = check(city, rows)
    checked = time.monotonic()
    found = got(city, id)
    assert dict(found.wrong).keys() == said.keys()
    for n, why in found.wrong:
        assert said[n] in why
    assert (found.good, cases(city)) == (ROWS - len(said), 0), "checked, and nothing entered"
    done = enter(city, id)
    ended = time.monotonic()
    assert (done.entered, done.known, len(done.wrong)) == (ROWS - len(said), 0, len(said))
    assert cases(city) == ROWS - len(said)
    again = check(city, rows)
    assert (got(city, again).good, got(city, again).known) == (0, ROWS - len(said))
    assert (enter(city, again).entered, cases(city)) == (0, ROWS - len(said))
    with capsys.disabled():
        print(
            f"\n{ROWS} rows, {len(said)} wrong: checked in {checked - began:.1f} s, entered in {ended - checked:.1f} s"
        )


def test_what_the_ledger_says_happened_is_in_the_case_and_it_is_marked(city: World) -> None:
    whole = {
        "done": "2018-01-11",
        "result": "已登记",
        "delivered": "2018-01-12",
        "receiver": "赵小明",
        "no": "2018-7",
    }
    done = enter(city, check(city, [row(**whole)]))
    assert (done.entered, cases(city)) == (1, 1), done
    (found,) = city[VILLAGE].parts.register.select()
    state = city[VILLAGE].parts.casework.case(found["case_no"])
    assert state is not None
    assert state.set_aside == ()
    assert state.state == "delivered"
    moments = (state.received_at, state.accepted_at, state.decided_at, state.delivered_at)
    assert [each and each.date() for each in moments] == [date(2018, 1, day) for day in (10, 10, 11, 12)]
    assert found["case_no"][12:20] == "20180110"
    entered = {each.event["at"][:10] for each in state.timeline}
    assert entered == {"2018-02-09"}, "when it was entered is not made up"
    page = city.visit(VILLAGE).sign_in("V001").open(f"/cases/{found['case_no']}")
    assert "本件由纸质台账（编号 2018-7）补录，2018-02-09 录入；各日期以台账为准" in page
    assert not [each for each in state.timeline if "document_no" in each.event["data"]]


def test_an_item_of_the_townships_goes_up_and_is_there_as_the_village_has_it(city: World) -> None:
    enter(city, check(city, [row(item="临时救助申请")]))
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    for code in (VILLAGE, TOWNSHIP, HUB):
        city[code].parts.register.catch_up()
        (found,) = city[code].parts.register.select()
        assert (found["state"], found["current"], found["received_at"][:10]) == (
            "received",
            TOWNSHIP,
            "2018-01-10",
        )
    assert city[VILLAGE].parts.register.waiting() == {}


def test_a_changed_row_is_told_and_not_entered_twice(city: World) -> None:
    enter(city, check(city, [row()]))
    assert cases(city) == 1
    (found,) = city[VILLAGE].parts.register.select()
    ((_, why),) = got(city, check(city, [row(phone="13900009999")])).wrong
    assert f"已补录为办件 {found['case_no']}，但这次内容不一样" in why
    assert got(city, check(city, [row()])).known == 1


def test_the_rules_judge_a_row_as_they_would_a_clerk(city: World) -> None:
    """What a village clerk may not accept, they may not enter as accepted either."""
    someone = replace(CLERK, trained_on=None)
    id = city[VILLAGE].parts.paper_imports.check(someone, "x.xlsx", ledgers.xlsx([row()]), str)
    ((n, why),) = got(city, id).wrong
    assert n == 2
    assert "培训" in why


def test_rows_of_one_number_and_days_the_wrong_way_round_are_told(city: World) -> None:
    late = {"done": "2018-01-09", "result": "已登记"}
    found = got(
        city, check(city, [row(), row(phone="13900000000"), row(no="9", **late), row(no="10", receiver="谁")])
    )
    said = dict(found.wrong)
    assert said[3] == "台账编号：与第 2 行的台账编号相同"
    assert said[4] == "办结日期：办结日期早于收件日期，请核对"
    assert "送达日期：填了签收人，还要填送达日期" in said[5]
    assert found.good == 1


@pytest.mark.parametrize(
    "day", [date(2018, 1, 10), "2018/1/10", "2018年1月10日", "2018.1.10", "20180110", 20180110]
)
def test_a_day_may_be_written_as_people_write_it(city: World, day: object) -> None:
    assert got(city, check(city, [row(received=day)])).good == 1


def test_a_power_cut_in_the_middle_loses_nothing_and_repeats_nothing(city: World) -> None:
    rows, _ = ledgers.ledger(90, 0)
    id = check(city, rows)
    parts = city[VILLAGE].parts
    parts.paper_imports.confirm(id, "V001")
    parts.paper_imports.tend()
    # The rows of a batch are durable, and what says so is not: the power goes in between.
    doc = parts.store.database("here").get(f"paper:{id}")
    parts.paper_imports.tend()
    now = parts.store.database("here").get(f"paper:{id}")
    assert doc is not None
    assert now is not None
    parts.store.database("here").put({**doc, "_rev": now["_rev"]})
    parts.close()
    world = {"clock": city.time, "hasher": QUICK, "wrapping": QUICK_WRAPPING, "transport_for": city.way}
    parts = station_app.build_parts(parts.settings, **world)
    city.servers[VILLAGE] = Server(parts, station_app.create_app(parts), city[VILLAGE].url)
    done = got(city, id)
    while done.stage == "going":
        city.tend(VILLAGE)
        done = got(city, id)
    assert (cases(city), done.entered + done.known) == (90, 90)


def test_it_stops_in_words_when_whoever_confirmed_it_has_left(city: World) -> None:
    id = check(city, [row()])
    city[VILLAGE].parts.paper_imports.confirm(id, "V001")
    hub = city[HUB].parts
    office.leave(hub.store, hub.identity.signer, "V001", hub.clock(), hub.clock())
    city.carry(VILLAGE)
    city.tend(VILLAGE)
    found = got(city, id)
    assert (found.stage, cases(city)) == ("stopped", 0)
    assert "确认导入的人已不在本站工作" in found.stopped


def test_what_is_refused_comes_back_with_reasons_and_goes_in_once_it_is_mended(city: World) -> None:
    id = check(city, [row(phone="", address="=1+1"), row(no="2")])
    enter(city, id)
    (back,) = list(paper_sheet.read(city[VILLAGE].parts.paper_imports.refused(id)))
    assert back[1]["address"] == "=1+1"
    mended = {**back[1], "phone": "13800000001"}
    assert enter(city, check(city, [mended])).entered == 1
    assert cases(city) == 2


# -- by the page -----------------------------------------------------------------------------------------------------


def clerk(city: World) -> Visitor:
    visitor = city.visit(VILLAGE).sign_in("V001")
    visitor.open("/paper")
    return visitor


def send(visitor: Visitor, data: bytes, **fields: str) -> str:
    return visitor.upload("/paper", ("file", "台账.xlsx", data), **{"vouched": "1", **fields})


def test_a_clerk_fills_the_template_sends_it_confirms_and_sees_it_done(city: World) -> None:
    visitor = clerk(city)
    made = visitor.client.get("/paper/template")
    assert "养犬登记信息采集".encode() not in made.content, "it is packed"
    with pytest.raises(DomainError, match="表里没有内容"):
        list(paper_sheet.read(made.content))
    page = send(visitor, ledgers.xlsx([row(), row(no="2", phone="")]))
    assert "确认补录 1 行" in page
    assert "联系电话：请填写 11 位手机号，或带区号的座机号" in page
    assert cases(city) == 0
    page = visitor.send(visitor.path + "/confirm")
    assert "正在补录" in page
    assert visitor.client.get(visitor.path).headers["Refresh"] == "3"
    city.tend(VILLAGE)
    city.tend(VILLAGE)
    page = visitor.open(visitor.path)
    assert "补录完成" in page
    assert re.search(r"新补录.*?1 件", page, re.DOTALL)
    file = raw(visitor, visitor.path + "/refused")
    assert [n for n, _ in paper_sheet.read(file.content)] == [2]
    assert "台账中没有导入的 1 行" in city[VILLAGE].parts.access.entries(limit=1)[0].reason


def test_a_file_needs_somebodys_word_for_what_it_cannot_show(city: World) -> None:
    assert "请先核对并勾选" in send(clerk(city), ledgers.xlsx([row()]), vouched="")


def test_another_clerk_does_not_see_it(city: World) -> None:
    visitor = clerk(city)
    send(visitor, ledgers.xlsx([row()]))
    city.appoint(VILLAGE, replace(PEOPLE["V001"], employee_no="V009", name="李四"))
    other = city.visit(VILLAGE).sign_in("V009")
    other.open(visitor.path)
    assert other.status == 404
