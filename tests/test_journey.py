"""The walking city: what a village records reaches the bureau's queue, and the decision comes back.

Each test body runs twice, in process and over real HTTP; see `either_city`.
"""

from __future__ import annotations

from schemas import tables
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, World, application

REASON = "经核查，经营场所与申报材料不符"
# One item that is decided on the day of acceptance, one that is a permit and needs a second pair of eyes.
INSTANT = next(each for each in tables.items().values() if each.division_code == "510903" and each.instant)
PERMIT = next(
    each
    for each in tables.items().values()
    if each.division_code == "510903" and not each.instant and each.category_code == "01"
)


def record(world: World, item: tables.Item, station: str = VILLAGE, person: str = "V001") -> str:
    """A clerk enters an application; the case number."""
    clerk = world.visit(station).sign_in(person)
    clerk.open(f"/items/{item.item_code}/record")
    clerk.send(f"/items/{item.item_code}/record", **application(clerk.form))
    assert clerk.status == 200, clerk.page
    return clerk.path.removeprefix("/cases/")


def step(world: World, employee_no: str, case_no: str, *steps: str, **fields: str) -> str:
    """An examiner claims the case and takes these steps; the page afterwards."""
    examiner = world.visit(HUB).sign_in(employee_no)
    examiner.open(f"/cases/{case_no}")
    examiner.send(f"/desk/{case_no}/claim")
    for each in steps:
        examiner.send(f"/cases/{case_no}/{each}", **fields)
        assert examiner.status == 200, examiner.page
    return examiner.page


def seen_in_village(world: World, case_no: str, station: str = VILLAGE, person: str = "V001") -> str:
    return world.visit(station).sign_in(person).open(f"/cases/{case_no}")


def test_a_permit_is_recorded_offline_reviewed_by_a_second_person_and_granted(either_city: World) -> None:
    world = either_city
    case_no = record(world, PERMIT)
    assert case_no not in world.visit(HUB).sign_in("E001").open("/desk")

    world.sync(VILLAGE, TOWNSHIP)
    queue = world.visit(HUB).sign_in("E001").open("/desk", zone=PERMIT.zone or "")
    assert case_no in queue

    step(world, "E001", case_no, "accept")
    step(world, "E002", case_no, "pass_step", "grant", opinion="材料齐全，符合法定条件")
    world.sync(TOWNSHIP, VILLAGE)

    page = seen_in_village(world, case_no)
    assert "准予许可" in page
    assert "全部已送达市中心" in page


def test_a_supplement_is_asked_once_supplied_in_the_village_and_the_case_denied(either_city: World) -> None:
    world = either_city
    case_no = record(world, PERMIT)
    world.sync(VILLAGE, TOWNSHIP)
    step(world, "E001", case_no, "notify_supplement", gaps="身份证明复印件不清晰\n申请表缺签名")
    world.sync(TOWNSHIP, VILLAGE)

    clerk = world.visit(VILLAGE).sign_in("V001")
    assert "申请表缺签名" in clerk.open(f"/cases/{case_no}")
    clerk.send(f"/cases/{case_no}/supply", note="已补齐", **{f"material-{n}": "1" for n in range(1, 20)})
    assert clerk.status == 200
    world.sync(VILLAGE, TOWNSHIP)

    examiner = world.visit(HUB).sign_in("E001")
    examiner.open(f"/cases/{case_no}")
    assert "notify_supplement" not in examiner.steps, "a second notice must not be offered"
    step(world, "E001", case_no, "accept")
    step(world, "E002", case_no, "deny", reason=REASON, remedy="可申请行政复议或提起行政诉讼")
    world.sync(TOWNSHIP, VILLAGE)

    page = seen_in_village(world, case_no)
    assert "不予许可" in page
    assert REASON in page


def test_an_instant_item_is_concluded_on_the_day_of_acceptance(either_city: World) -> None:
    world = either_city
    case_no = record(world, INSTANT)
    world.sync(VILLAGE, TOWNSHIP)
    step(world, "E001", case_no, "accept", "instant_conclude", result="已核发")
    world.sync(TOWNSHIP, VILLAGE)
    assert "已办结" in seen_in_village(world, case_no)


def test_a_village_reaches_the_hub_directly_while_its_township_is_away(either_city: World) -> None:
    world = either_city
    case_no = record(world, INSTANT)
    world.take_down(TOWNSHIP)
    outcome = world[VILLAGE].parts.agent.sync_once()
    assert outcome.parent == world[HUB].url
    assert case_no in world.visit(HUB).sign_in("E001").open("/desk")

    step(world, "E001", case_no, "accept", "instant_conclude", result="已核发")
    world[VILLAGE].parts.agent.sync_once()
    assert "已办结" in seen_in_village(world, case_no)

    # Later the township hears of it from the hub, and nothing is there twice.
    world.sync(TOWNSHIP)
    there = world[TOWNSHIP].parts.register
    there.catch_up()
    assert there.totals()["cases"] == 1
    assert there.totals() == counted(world, HUB)


def test_two_villages_and_their_township_see_only_what_is_theirs(either_city: World) -> None:
    world = either_city
    ours, theirs = record(world, INSTANT), record(world, PERMIT, NEIGHBOUR, "V002")
    world.sync(VILLAGE, NEIGHBOUR, TOWNSHIP, VILLAGE, NEIGHBOUR)
    clerk = world.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/cases/{ours}")
    assert clerk.status == 200
    clerk.open(f"/cases/{theirs}")
    assert clerk.status == 404
    assert counted(world, TOWNSHIP)["cases"] == 2


def test_syncing_again_moves_nothing(either_city: World) -> None:
    world = either_city
    record(world, INSTANT)
    world.sync(VILLAGE, TOWNSHIP, VILLAGE, TOWNSHIP, VILLAGE)
    outcome = world[VILLAGE].parts.agent.sync_once()
    assert (outcome.pushed, outcome.pulled) == (0, 0)


def counted(world: World, code: str) -> dict[str, int]:
    register = world[code].parts.register
    register.catch_up()
    return register.totals()
