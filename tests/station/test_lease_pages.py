"""What a station lets its people do while its lease holds, once it is over, and once somebody has left. Over HTTP."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from hub import staff
from schemas import training
from schemas.problems import DomainError
from station import keys, leases
from station.appointments import LIST
from station.databases import PUBLIC
from station.intake import Intake
from station.staff import Staff
from sync.replicate import replicate
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import HUB, PEOPLE, TOWNSHIP, TRAINED, VILLAGE, Visitor, World, application

RECORD = f"/items/{INSTANT.item_code}/record"


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def again(city: World) -> Visitor:
    """The same clerk on another day."""
    return city.visit(VILLAGE).sign_in("V001")


def left(city: World, number: str, **ago: float) -> None:
    hub = city[HUB].parts
    staff.leave(hub.store, hub.identity.signer, number, city.time() - timedelta(**ago), city.time())


def test_after_fourteen_days_without_the_hub_people_look_and_print_and_record_nothing(city: World) -> None:
    case_no = record(city, INSTANT)
    city.time.pass_(days=14)
    clerk = again(city)
    for path in ("/", "/items", f"/items/{INSTANT.item_code}", "/cases", f"/cases/{case_no}", "/sync"):
        page = clerk.open(path)
        assert (clerk.status, clerk.path) == (200, path)
        assert "人员授权到 2018-02-23 已到期" in page, path
        assert "/record" not in page, "no button leads to what is refused"
    assert clerk.open(f"/cases/{case_no}/receipt") and clerk.status == 200
    seq = city[VILLAGE].parts.store.update_seq
    assert "请联网同步" in clerk.open(RECORD)
    assert clerk.status == 403
    clerk.open("/items")
    assert "请联网同步" in clerk.send(RECORD, **application("a" * 32))
    assert clerk.status == 403
    clerk.open("/items")
    assert "请联网同步" in clerk.send(f"/cases/{case_no}/withdraw", reason="申请人要求撤回")
    assert clerk.status == 403
    assert city[VILLAGE].parts.store.update_seq == seq


def test_after_a_sync_work_goes_on(city: World) -> None:
    city.time.pass_(days=20)
    clerk = again(city)
    clerk.open("/sync")
    assert "立即同步" in clerk.page
    clerk.send("/sync")
    assert clerk.status == 200, "to sync needs no lease"
    city.sync(TOWNSHIP, VILLAGE)
    clerk.open(RECORD)
    assert clerk.status == 200
    assert "人员授权有效至 2018-03-15" in clerk.open("/sync")


def test_a_clock_turned_back_makes_no_lease_longer(city: World) -> None:
    city.time.pass_(days=20)
    hub = city[HUB].parts
    city.tend(HUB)
    city.sync(TOWNSHIP, VILLAGE)
    # The list of that day was the last; now it is over, and somebody puts the clock back to before it was issued.
    said = city[VILLAGE].parts.appointments.staff_list()
    assert said is not None
    city.time.now = said.issued - timedelta(days=300)
    assert city[VILLAGE].parts.appointments.problem() is None, "fourteen days are all that is left of it"
    over = leases.StaffList(said.issued, said.issued, said.left)
    keys.publish(hub.store, hub.identity.signer, {**_doc(city), **leases.fields(over)})
    city.carry(VILLAGE)
    assert city[VILLAGE].parts.appointments.problem() is not None


def _doc(city: World) -> dict[str, object]:
    doc = city[HUB].parts.store.database(PUBLIC).get(LIST)
    assert doc is not None
    return keys.unsigned(doc)


def test_a_station_that_heard_nothing_of_the_hub_yet_lets_nobody_record(city: World) -> None:
    village = city[VILLAGE].parts
    doc = village.store.database(PUBLIC).get(LIST)
    assert doc is not None
    village.store.database(PUBLIC).put({**doc, "_deleted": True})
    problem = village.appointments.problem()
    assert problem is not None and problem.code == "lease_missing"
    assert "本站还没有收到市中心的人员名单，暂时谁也不能登录" in city.visit(VILLAGE).open("/sign-in")
    assert "暂时谁也不能登录" not in city.visit(TOWNSHIP).open("/sign-in")


def test_the_hub_needs_no_lease(city: World) -> None:
    city.time.pass_(days=60)
    examiner = city.visit(HUB).sign_in("E001")
    assert examiner.open("/desk") and examiner.status == 200
    assert city[HUB].parts.appointments.problem() is None
    assert "已到期" not in examiner.page


def test_a_list_that_was_seen_is_not_gone_back_behind(city: World) -> None:
    """A parent gives an old `public`, signed and all: whom it did not know to have left has left all the same."""
    old = city[HUB].parts.store.database(PUBLIC).get(LIST)
    assert old is not None
    left(city, "V001")
    city.sync(TOWNSHIP, VILLAGE)
    village = city[VILLAGE].parts
    shorter = dict(old)
    shorter.pop("_rev")
    target = Intake(village.store.database(PUBLIC), VILLAGE, lambda: village.identity.epoch)
    source = city[TOWNSHIP].parts.store.database("old-public", create=True)
    source.put(shorter)
    replicate(source, target)
    assert village.appointments.staff("V001") is None
    # Nor by the hub's own word, should it have been put back to a day before.
    hub = city[HUB].parts
    keys.publish(hub.store, hub.identity.signer, keys.unsigned(old))
    city.carry(VILLAGE)
    said = village.appointments.staff_list()
    assert said is not None and "V001" in said.left
    assert city.visit(VILLAGE).sign_in("V001").status == 403


def test_a_hub_that_was_put_back_renews_leases_though_its_history_is_shorter(city: World) -> None:
    village, hub = city[VILLAGE].parts, city[HUB].parts
    first = city[HUB].parts.store.database(PUBLIC).get(LIST)
    assert first is not None
    for _ in range(3):
        city.time.pass_(days=1)
        city.tend(HUB)
    city.carry(VILLAGE)
    city.time.pass_(days=12)
    # The hub at its first day again, issuing anew on top of that.
    said = hub.identity.signer.signed(
        keys.PURPOSE, {**keys.unsigned(first), **leases.fields(leases.issue(city.time(), {})), "serial": 2}
    )
    branch = city[TOWNSHIP].parts.store.database("branch", create=True)
    doc = {key: value for key, value in first.items() if key != "_rev"}
    begun = branch.put(doc)
    branch.put({**said, "_rev": begun})
    target = Intake(village.store.database(PUBLIC), VILLAGE, lambda: village.identity.epoch)
    assert not replicate(branch, target).refused
    city.time.pass_(days=3)
    assert village.appointments.problem() is None


# -- somebody left -----------------------------------------------------------------------------------------------------


def test_what_somebody_wrote_after_leaving_is_kept_and_marked(city: World) -> None:
    before = record(city, INSTANT)
    city.time.pass_(days=3)
    after = record(city, INSTANT)  # the village has not heard of it
    left(city, "V001", days=1)
    city.sync(VILLAGE, TOWNSHIP)
    for code, number in ((HUB, "S001"), (TOWNSHIP, "T001")):
        reader = city.visit(code).sign_in(number)
        page = reader.open(f"/cases/{after}")
        assert reader.status == 200
        assert "离岗人员在离岗之后写的记录" in page
        assert page.count("离岗后所写，需核实") == 3, "created, received and forwarded"
        assert "离岗" not in reader.open(f"/cases/{before}")


def test_what_others_wrote_is_not_marked(city: World) -> None:
    case_no = record(city, INSTANT)
    left(city, "V002", days=1)
    city.sync(TOWNSHIP, VILLAGE)
    assert "离岗" not in again(city).open(f"/cases/{case_no}")


# -- who may take what in ----------------------------------------------------------------------------------------------


def appointed(city: World, **changes: object) -> Visitor:
    person = Staff("V003", "刘平", VILLAGE, frozenset({"village_clerk"}), trained_on=TRAINED)
    city.appoint(VILLAGE, replace(person, **changes))  # type: ignore[arg-type]
    return city.visit(VILLAGE).sign_in("V003")


def refused(clerk: Visitor, sentence: str) -> None:
    """The page offers no form, an old form is refused, and nothing was recorded."""
    assert sentence in clerk.open(f"/items/{INSTANT.item_code}")
    assert RECORD not in clerk.page
    assert sentence in clerk.open(RECORD)
    assert clerk.status == 409
    clerk.open("/items")
    assert sentence in clerk.send(RECORD, **application("b" * 32))
    assert clerk.status == 409
    assert clerk.open("/cases") and clerk.cases == []


def test_an_untrained_clerk_takes_nothing_in(city: World) -> None:
    refused(appointed(city, trained_on=None), "您还没有培训合格的记录")


def test_an_untrained_clerk_is_refused_an_item_group(city: World) -> None:
    other = next(iter(training.groups() - {training.group_of(INSTANT)}))
    refused(
        appointed(city, groups=frozenset({other})), f"您没有“{training.group_of(INSTANT)}”类事项的受理授权"
    )
    clerk = appointed(city, groups=frozenset({training.group_of(INSTANT)}))
    clerk.open(RECORD)
    clerk.send(RECORD, **application(clerk.form))
    assert clerk.status == 200 and re.fullmatch(r"/cases/[0-9A-Z]{25}", clerk.path)


def test_at_the_desk_too_who_is_not_trained_accepts_nothing(city: World) -> None:
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    new = replace(PEOPLE["E002"], employee_no="E009", trained_on=None)
    city.appoint(HUB, new)
    window = city.visit(HUB).sign_in("E009")
    window.open(f"/cases/{case_no}")
    window.send(f"/desk/{case_no}/claim")
    assert "accept" not in window.steps
    assert "您还没有培训合格的记录" in window.page
    window.send(f"/cases/{case_no}/accept")
    assert window.status == 409
    with pytest.raises(DomainError) as caught:
        city[HUB].parts.casework.act(case_no, new, [("accept", {})])
    assert caught.value.problem.code == "not_trained"
