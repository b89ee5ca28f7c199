"""A hub on CouchDB with two web nodes: one city, one queue, each case in one person's hands."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from station.app import Parts
from station.databases import of_station
from sync.replicate import replicate
from tests.couch import Way, eventually
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World, small_city

OTHER = "hub-2"


@pytest.fixture
def city(tmp_path: Path, couchdb: str) -> Iterator[World]:
    with small_city(tmp_path, couchdb=couchdb) as world:
        world.add_web_node(OTHER)
        yield world


def seen(world: World, node: str, case_no: str) -> bool:
    register = world[node].parts.register
    register.catch_up()
    return register.case(case_no) is not None


@pytest.fixture
def case_no(city: World) -> str:
    made = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    eventually(lambda: seen(city, OTHER, made))
    return made


def at(city: World, node: str, employee_no: str, case_no: str) -> Visitor:
    visitor = city.visit(node).sign_in(employee_no)
    visitor.open(f"/cases/{case_no}")
    assert visitor.status == 200
    return visitor


def test_both_are_one_server(city: World) -> None:
    one, two = city[HUB].parts, city[OTHER].parts
    assert one.store.uuid == two.store.uuid
    assert one.accounts.secret_key() == two.accounts.secret_key()
    assert one.store.epoch != two.store.epoch


def test_papers_made_at_both_nodes_at_once_have_numbers_of_their_own(city: World) -> None:
    cases = [record(city, PERMIT) for _ in range(6)]
    city.sync(VILLAGE, TOWNSHIP)
    for node in (HUB, OTHER):
        eventually(lambda node=node: all(seen(city, node, each) for each in cases))  # type: ignore[misc]

    def accept(n: int) -> None:
        city[(HUB, OTHER)[n % 2]].parts.casework.act(cases[n], PEOPLE["E001"], [("accept", {})])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(accept, range(6)))
    eventually(lambda: all(city[HUB].parts.casework.case(each).state == "accepted" for each in cases))
    states = [city[HUB].parts.casework.case(each) for each in cases]
    numbers = [state.timeline[-1].event["data"]["document_no"] for state in states]
    assert sorted(numbers) == [f"(船)受字〔2018〕第{n:05}号" for n in range(1, 7)]


def test_two_claim_one_case_at_once_and_one_of_them_has_it(city: World, case_no: str) -> None:
    visitors = {
        "E001": at(city, HUB, "E001", case_no),
        "E002": at(city, OTHER, "E002", case_no),
    }
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda visitor: visitor.send(f"/desk/{case_no}/claim"), visitors.values()))
    won = {who for who, visitor in visitors.items() if visitor.status == 200}
    lost = {who for who, visitor in visitors.items() if visitor.status == 409}
    assert (len(won), len(lost)) == (1, 1)
    (winner,), (loser,) = won, lost
    assert f"{PEOPLE[winner].name}已在办理本件" in visitors[loser].page
    # And so it is at either node from now on.
    visitors[loser].open(f"/cases/{case_no}")
    visitors[loser].send(f"/cases/{case_no}/accept")
    assert visitors[loser].status == 409
    visitors[winner].open(f"/cases/{case_no}")
    visitors[winner].send(f"/cases/{case_no}/accept")
    assert visitors[winner].status == 200


def test_a_browser_may_be_sent_from_node_to_node(city: World, case_no: str) -> None:
    """Signed in at one, claimed at the other, accepted at the first: as behind a balancer that remembers nothing."""
    first = at(city, HUB, "E001", case_no)
    second = city.visit(OTHER)
    second.client.cookies.update(first.client.cookies)
    second.open(f"/cases/{case_no}")
    assert second.status == 200
    second.send(f"/desk/{case_no}/claim")
    assert second.status == 200
    first.send(f"/cases/{case_no}/accept")
    assert first.status == 200, first.page


def test_what_is_decided_at_one_node_reaches_the_village_by_the_other(city: World) -> None:
    case_no = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    eventually(lambda: seen(city, OTHER, case_no))
    examiner = at(city, OTHER, "E001", case_no)
    examiner.send(f"/desk/{case_no}/claim")
    for step in ("accept", "instant_conclude"):
        examiner.send(f"/cases/{case_no}/{step}", result="已核发")
        assert examiner.status == 200, examiner.page
    clerk = city.visit(VILLAGE).sign_in("V001")

    def is_there() -> (
        bool
    ):  # the first node may hear a moment late of what the other one wrote, and vouch for it then
        city.sync(TOWNSHIP, VILLAGE)
        return "已办结" in clerk.open(f"/cases/{case_no}")

    eventually(is_there)
    assert "全部已送达市中心" in clerk.page


def receipts(parts: Parts, db: str) -> dict[tuple[str, str], int]:
    return {each.run: each.n for each in parts.trust.statements(db) if each.kind == "receipt"}


def test_a_receipt_covers_what_came_by_either_node(city: World) -> None:
    """One push goes to one node, the next to the other: its receipt says all of it."""
    village, db = city[VILLAGE].parts, of_station(VILLAGE)
    for node in (HUB, OTHER):
        record(city, INSTANT)
        village.agent._parents = lambda node=node: (city[node].url,)  # what a balancer does
        village.agent.sync_once()
    epoch = village.store.epoch
    held = village.store.database(db).runs()[VILLAGE, epoch]
    for parts in (city[OTHER].parts, village):
        assert receipts(parts, db) == {(VILLAGE, epoch): held}


def test_a_receipt_that_one_node_still_owes_is_written_by_the_other(city: World) -> None:
    """As after a power cut at a web node between a commit and its receipt."""
    record(city, INSTANT)
    village, db = city[VILLAGE].parts, of_station(VILLAGE)
    own = village.store.database(db)
    replicate(own, city[OTHER].parts.store.database(db, create=True))
    there = city[HUB].parts.store
    eventually(lambda: db in there.databases() and there.database(db).runs() == own.runs())
    village.agent._parents = lambda: (city[HUB].url,)
    village.agent.sync_once()
    epoch = village.store.epoch
    assert receipts(village, db) == {(VILLAGE, epoch): own.runs()[VILLAGE, epoch]}


def test_staff_and_devices_made_at_one_node_count_at_the_other(city: World) -> None:
    one, two = city[HUB].parts, city[OTHER].parts
    assert two.appointments.staff("E001") == PEOPLE["E001"]
    assert two.keys.active(VILLAGE) == {city[VILLAGE].parts.identity.signer.public}
    assert one.identity.signer.public == two.identity.signer.public
    secret = one.accounts.sign_in("S001", "correct horse")
    assert two.accounts.session(secret) == PEOPLE["S001"]
    one.accounts.sign_out(secret)
    assert two.accounts.session(secret) is None


def test_while_couchdb_is_away_pages_say_so_and_afterwards_work_goes_on(city: World, way: Way) -> None:
    case_no = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    city.add_web_node("hub-3", way.url)
    eventually(lambda: seen(city, "hub-3", case_no))
    examiner = at(city, "hub-3", "E001", case_no)
    way.close_down()
    examiner.send(f"/desk/{case_no}/claim")
    assert examiner.status == 503
    assert "没有保存成功" in examiner.page
    way.restore()
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    assert examiner.status == 200
    examiner.send(f"/cases/{case_no}/accept")
    assert examiner.status == 200, examiner.page


def test_a_register_that_was_deleted_is_made_again_from_the_cluster(city: World, case_no: str) -> None:
    parts = city[OTHER].parts
    before = parts.register.case(case_no)
    assert parts.register.rebuild() > 0
    assert parts.register.case(case_no) == before
