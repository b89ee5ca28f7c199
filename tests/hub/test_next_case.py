"""Next case: the most pressing one that nobody holds, in one person's hands, for as long as they work on it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.claims import TERM, Claims
from hub.next_case import NextCase
from station.app import Parts
from tests.couch import eventually
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import HUB, NEIGHBOUR, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World, small_city


def taking(parts: Parts) -> NextCase:
    assert isinstance(parts.house, Claims)
    return NextCase(parts.house, parts.casework, parts.register, parts.clock, parts.random)


def next_of(visitor: Visitor) -> str:
    """What this person gets by the button; "" for nothing."""
    visitor.open("/desk")
    visitor.send("/desk/next")
    assert visitor.status == 200
    return visitor.path.removeprefix("/cases/") if visitor.path.startswith("/cases/") else ""


@pytest.fixture
def cases(city: World) -> list[str]:
    """Three, the most pressing first."""
    city.time.pass_(days=-1)
    first = record(city, PERMIT, NEIGHBOUR, "V002")
    city.time.pass_(days=1)
    made = [first, record(city, INSTANT), record(city, PERMIT)]
    city.sync(VILLAGE, NEIGHBOUR, TOWNSHIP)
    return made


def test_the_most_pressing_case_is_opened_and_is_mine(city: World, cases: list[str]) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    assert next_of(examiner) == cases[0]
    assert "accept" in examiner.steps
    assert 'accesskey="x"' in examiner.page


def test_each_goes_to_one_person_and_at_the_end_there_is_none(city: World, cases: list[str]) -> None:
    one, two = city.visit(HUB).sign_in("E001"), city.visit(HUB).sign_in("E002")
    given = [next_of(one), next_of(two), next_of(one)]
    assert sorted(given) == sorted(cases)
    assert given[0] == cases[0]
    assert next_of(two) == ""
    assert "没有等您办理、又没有人经办的件" in two.page


def test_a_zone_is_not_left_by_the_button_of_its_page(city: World, cases: list[str]) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    elsewhere = "综合事务" if "综合事务" not in (PERMIT.zone, INSTANT.zone) else "社会事务"
    assert f'name="zone" value="{elsewhere}"' in examiner.open("/desk", zone=elsewhere)
    examiner.send("/desk/next", zone=elsewhere)
    assert examiner.path == "/desk"
    examiner.send("/desk/next", zone="没有这个区")
    assert examiner.status == 404


def test_another_bureau_is_given_nothing_and_who_only_looks_on_may_not_ask(
    city: World, cases: list[str]
) -> None:
    assert next_of(city.visit(HUB).sign_in("X001")) == ""
    lead = city.visit(HUB).sign_in("S001")
    assert "取下一件" not in lead.open("/desk")
    lead.send("/desk/next")
    assert lead.status == 403


def test_a_term_that_is_over_gives_the_case_back_and_says_who_had_it(city: World, cases: list[str]) -> None:
    first, second = city.visit(HUB).sign_in("E001"), city.visit(HUB).sign_in("E002")
    held = next_of(first)
    city.time.pass_(seconds=TERM.total_seconds() - 1)
    second.sign_in("E002")
    assert "到 09:30" in second.open("/desk")
    assert next_of(second) != held
    city.time.pass_(seconds=1)
    assert "周审查（已过时限）" in second.sign_in("E002").open("/desk")
    assert "周审查曾经办，超过时限没有动作" in second.open(f"/cases/{held}")
    second.send(f"/desk/{held}/claim")
    assert second.status == 200
    first.sign_in("E001").open(f"/cases/{held}")
    first.send(f"/cases/{held}/accept")
    assert first.status == 409
    assert "吴审查已在办理本件" in first.page


def test_working_on_a_case_puts_the_end_of_its_term_off(city: World, cases: list[str]) -> None:
    first = city.visit(HUB).sign_in("E001")
    held = next_of(first)
    for _ in range(5):
        city.time.pass_(minutes=9)
        first.open(f"/cases/{held}")
    row = city[HUB].parts.register.case(held)
    assert row is not None and row["claimed_by"] == "E001"
    assert row["claimed_until"] > "2018-02-09T10:0"
    first.send(f"/cases/{held}/accept")
    assert first.status == 200


def test_who_comes_back_late_goes_on_where_nobody_took_it(city: World, cases: list[str]) -> None:
    parts, examiner = city[HUB].parts, PEOPLE["E001"]
    held = taking(parts).take(examiner)
    assert held
    city.time.pass_(minutes=45)
    visitor = city.visit(HUB).sign_in("E001")
    visitor.open("/desk")
    visitor.send(f"/cases/{held}/accept")
    assert visitor.status == 200, visitor.page


def test_what_somebody_put_back_comes_to_others_first(city: World, cases: list[str]) -> None:
    one, two = city.visit(HUB).sign_in("E001"), city.visit(HUB).sign_in("E002")
    assert next_of(one) == cases[0]
    one.send(f"/desk/{cases[0]}/release")
    assert next_of(one) == cases[1]
    assert next_of(two) == cases[0]
    two.send(f"/desk/{cases[0]}/release")
    assert [next_of(two), next_of(two)] == [cases[2], cases[0]], "and to them again when nothing else is left"


def test_the_one_who_accepted_a_permit_is_not_given_its_review(city: World, cases: list[str]) -> None:
    step(city, "E001", cases[0], "accept")
    taken = taking(city[HUB].parts)
    assert taken.take(PEOPLE["E001"]) != cases[0]
    assert taken.take(PEOPLE["E002"]) == cases[0]


def test_a_window_is_given_what_is_to_be_accepted_and_no_review(city: World, cases: list[str]) -> None:
    step(city, "E001", cases[0], "accept")
    taken = taking(city[HUB].parts)
    given = [taken.take(PEOPLE["E003"]) for _ in range(3)]
    assert given == [cases[1], cases[2], None]


@pytest.mark.parametrize("nodes", [1, 2])
def test_of_twenty_at_once_no_two_get_one_case(
    nodes: int, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> None:
    """On one server, and on two web nodes of one cluster, where only a claim's revision decides."""
    couchdb = request.getfixturevalue("couchdb") if nodes == 2 else ""
    with small_city(tmp_path_factory.mktemp("city"), couchdb=couchdb) as world:
        names = [HUB]
        if nodes == 2:
            world.add_web_node("hub-2")
            names.append("hub-2")
        made = {record(world, INSTANT) for _ in range(12)}
        world.sync(VILLAGE, TOWNSHIP)

        def all_there(name: str) -> bool:
            register = world[name].parts.register
            register.catch_up()
            return all(register.case(each) for each in made)

        for name in names:
            eventually(lambda name=name: all_there(name))  # type: ignore[misc]
        takers = [taking(world[name].parts) for name in names]
        people = [PEOPLE["E001"], PEOPLE["E002"], PEOPLE["E003"]]
        with ThreadPoolExecutor(20) as pool:
            given = list(pool.map(lambda n: takers[n % nodes].take(people[n % 3]), range(20)))
        assert Counter(filter(None, given)) == Counter(dict.fromkeys(made, 1))
