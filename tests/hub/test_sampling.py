"""The monthly sample: locked before the seed is known, drawn once, the same whoever draws, a result for each case."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sampling import digest
from hub.sampling_pages import SERVICE
from schemas import numbers
from schemas.supervision import draw
from station.databases import HERE, of_case
from tests.schemas.histories import VILLAGE, History, village_item
from tests.world import HUB, Visitor, World

RULE = "3月6日福利彩票开奖号码"


def worked(city: World, many: int = 12, first: int = 100) -> None:
    """So many cases concluded in February 2018."""
    hub = city[HUB].parts
    for n in range(many):
        at = f"2018-02-{5 + n % 20:02}T09:00:00+08:00"
        told = History(village_item(), numbers.case_no(VILLAGE, date(2018, 2, 5), first + n)).received(at)
        told.add("accept", "village_clerk", VILLAGE, at).add("instant_conclude", "village_clerk", VILLAGE, at)
        for event in told.events:
            hub.ledger.append(
                of_case(told.case), lambda _txn, event=event: [{k: v for k, v in event.items() if k != "_id"}]
            )
    hub.register.catch_up()


def locked(city: World, **said: str) -> Visitor:
    worked(city)
    city.time.now += timedelta(days=30)
    visitor = city.visit(HUB).sign_in("S001")
    visitor.open("/supervision/samples")
    visitor.send("/supervision/samples", **{"month": "2018-02", "size": "5", "rule": RULE, **said})
    return visitor


def test_a_month_is_locked_drawn_once_and_judged_case_by_case(city: World) -> None:
    visitor = locked(city)
    assert "12 件" in visitor.page and RULE in visitor.page and "抽取 5 件" in visitor.page
    visitor.send("/supervision/samples/2018-02", seed="0 6 2")
    assert "重算，结果相同" in visitor.page and visitor.page.count("/cases/") >= 5
    visitor.send("/supervision/samples/2018-02", seed="another")
    assert visitor.status == 409 and "不能重抽" in visitor.page
    sample = city[HUB].parts.store.database(HERE).get("sample:2018-02")
    assert sample is not None and len(sample["sample"]) == 5
    first, second = sample["sample"][:2]
    visitor.send(f"/supervision/samples/2018-02/{first}", result="sound", note="")
    visitor.send(f"/supervision/samples/2018-02/{second}", result="minor", note="送达回证没有签名")
    assert (
        "已查 2 件，共 5 件，合格 1，一般问题 1，严重问题 0" in visitor.page
        and "送达回证没有签名" in visitor.page
    )
    visitor.send(f"/supervision/samples/2018-02/{sample['sample'][2]}", result="serious", note="")
    assert visitor.status == 409 and "请写明问题" in visitor.page
    visitor.send(f"/supervision/samples/2018-02/{'1' * 25}", result="sound", note="")
    assert visitor.status == 409


def test_what_is_heard_of_after_the_lock_changes_neither_population_nor_sample(city: World) -> None:
    visitor = locked(city)
    worked(city, many=20, first=300)
    visitor.send("/supervision/samples/2018-02", seed="062")
    assert "重算，结果相同" in visitor.page
    sample = city[HUB].app.extensions[SERVICE].of("2018-02")
    assert sample["population"] == 12
    city[HUB].parts.register.rebuild()
    assert "重算，结果相同" in visitor.open("/supervision/samples/2018-02")


def test_who_changes_the_sample_is_found_out(city: World) -> None:
    visitor = locked(city)
    visitor.send("/supervision/samples/2018-02", seed="062")
    here = city[HUB].parts.store.database(HERE)
    sample = here.get("sample:2018-02")
    assert sample is not None
    here.put({**sample, "sample": sample["sample"][::-1]})
    assert "重算的结果不同" in visitor.open("/supervision/samples/2018-02")
    kept = here.get("sample:2018-02")
    assert kept is not None
    here.put({**kept, "digest": "0" * 64})
    assert "没有重算" in visitor.open("/supervision/samples/2018-02")


@pytest.mark.parametrize(
    ("said", "told"),
    [({"month": "2018-03"}, "已经过完的月份"), ({"month": "x"}, "已经过完的月份"), ({"size": "0"}, "1至200件"), ({"size": "x"}, "1至200件"), ({"rule": ""}, "种子怎样取得")],
)  # fmt: skip
def test_what_is_wrong_with_a_lock_is_said(city: World, said: dict[str, str], told: str) -> None:
    visitor = locked(city, **said)
    assert visitor.status == 409 and told in visitor.page


def test_a_month_is_locked_once_and_drawn_with_a_seed(city: World) -> None:
    visitor = locked(city)
    visitor.send("/supervision/samples", month="2018-02", size="5", rule=RULE)
    assert visitor.status == 409 and "已经锁定" in visitor.page
    visitor.send("/supervision/samples/2018-02", seed=" ")
    assert visitor.status == 409 and "请填写种子" in visitor.page
    assert visitor.client.get("/supervision/samples/2017-01").status_code == 404


@given(
    st.sets(st.text("0123456789", min_size=5, max_size=5), max_size=30),
    st.integers(1, 10),
    st.text(max_size=5),
)
def test_a_draw_depends_on_nothing_but_seed_and_population(
    population: set[str], size: int, seed: str
) -> None:
    drawn = draw(seed, population, size)
    assert set(drawn) <= population and len(drawn) == min(size, len(population))
    assert draw(seed, sorted(population, reverse=True), size) == drawn
    assert digest(population) == digest(sorted(population, reverse=True))
