"""What a station writes besides cases goes the same ways as a case: by line, over HTTP, to a hub on CouchDB, by stick, and after
the laptop was put back to an earlier day. Errands, certificates, ratings, complaints and the log of the guide desk.
"""

from __future__ import annotations

from typing import Any

from station.databases import LOGGED, logged_as
from tests.catalogue import publish, version
from tests.station.test_stick import carried
from tests.test_journey import PERMIT
from tests.world import HUB, TOWNSHIP, VILLAGE, World

PERSON = {"name": "赵小明", "id_no": "510903199003070012", "phone": "13800001234", "address": "三组12号"}
CERTIFIED = {**PERSON, "facts": "该户家庭年收入低于本地低保标准", "second_checker": "T001", "form": "c" * 32}
COMPLAINT = {
    "kind": "complaint", "channel": "box", "matter": "overdue", "content": "等了三天", "against": VILLAGE, "form": "d" * 32,
}  # fmt: skip


def a_days_work(city: World) -> str:
    """A clerk writes one of everything, and the station what it has of the catalogue; the number of the errand."""
    publish(city, version(PERMIT.item_code, 2, "2018-03-01"))
    city.sync(TOWNSHIP, VILLAGE)
    for chore in city[VILLAGE].parts.chores:
        chore()
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open("/errands/new")
    clerk.send("/errands/new", form=clerk.form, kind="vip", **PERSON)
    errand_no = clerk.path.removeprefix("/errands/")
    for path, fields in (
        (f"/errands/{errand_no}/log", {"service": "consult", "note": "介绍政策", "form": "a" * 32}),
        ("/guidance", {"note": "到三号窗口", "form": "b" * 32}),
        ("/certificates/KEEP-01", CERTIFIED),
        ("/voice", COMPLAINT),
        ("/inspections", {"form": "f" * 32}),
        ("/duty", {"date": "2018-02-10", "staff": "V001", "hours": "9:00–12:00"}),
        ("/coordination", {"form": "9" * 32, "to": TOWNSHIP, "content": "请明确受理范围"}),
    ):
        clerk.send(path, **fields)
        assert clerk.status == 200, clerk.page
    parts = city[VILLAGE].parts
    rated = {"case": "1" * 25, "level": 1, "channel": "back_to_back", "at": "2018-02-09T09:00:00+08:00"}
    person = parts.accounts.session(clerk.client.cookies["bianmin_session"])
    assert person is not None
    parts.keeper.keep(VILLAGE, person, "evaluation", "e" * 32, lambda _txn, before: before or rated)
    parts.notices.receive(person, VILLAGE, "notice:notice:1")
    return errand_no


def known(city: World, code: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(errands, logbook) as a server knows them."""
    register = city[code].parts.register
    register.catch_up()
    return register.errands.select("1"), register.logbook.select("station = ?", [VILLAGE], order="key")


def test_one_of_everything_reaches_township_and_hub_and_answers_come_back(either_city: World) -> None:
    city = either_city
    errand_no = a_days_work(city)
    # A card is the hub's to write (tests.hub.test_supervision).
    assert {each["type"] for each in known(city, VILLAGE)[1]} == LOGGED - {"supervision_card"}
    assert len(city[VILLAGE].parts.register.waiting()) == 11
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    assert known(city, HUB) == known(city, TOWNSHIP) == known(city, VILLAGE)
    assert city[VILLAGE].parts.register.waiting() == {}
    window = city.visit(TOWNSHIP).sign_in("T001")
    window.open(f"/errands/{errand_no}")
    window.send(f"/errands/{errand_no}/assign", agent="V001")
    key = logged_as(VILLAGE, "d" * 32)
    window.send(f"/voice/{key}/answer", answer="已办结并致歉", upheld="1")
    assert window.status == 200, window.page
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "已派代办员" in clerk.open(f"/errands/{errand_no}")
    assert "已办结并致歉" in clerk.open("/voice")
    assert known(city, HUB) == known(city, TOWNSHIP) == known(city, VILLAGE)


def test_one_of_everything_goes_by_stick(city: World) -> None:
    a_days_work(city)
    carried(city, VILLAGE, HUB)
    assert known(city, HUB) == known(city, VILLAGE)
    assert len(city[VILLAGE].parts.register.waiting()) == 11
    carried(city, HUB, VILLAGE)
    assert city[VILLAGE].parts.register.waiting() == {}


def test_written_again_in_a_new_epoch_each_counts_once(city: World) -> None:
    errand_no = a_days_work(city)
    before = known(city, VILLAGE)
    parts = city[VILLAGE].parts
    epoch = parts.ledger.epoch
    parts.store.renew_epoch()  # type: ignore[attr-defined]  # a village has a file
    parts.identity.note_epoch(parts.ledger.epoch)
    assert parts.ledger.repeat(f"station-{VILLAGE}", epoch, 0) == 11  # type: ignore[attr-defined]
    parts.register.rebuild()
    errands, logbook = known(city, VILLAGE)
    assert errands == before[0]
    assert [each["key"] for each in logbook] == [each["key"] for each in before[1]]
    assert parts.register.logbook.count("1") == 10
    state = parts.errands.errand(errand_no)
    assert state is not None
    assert state.set_aside == ()
