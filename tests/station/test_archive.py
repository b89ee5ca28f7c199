"""A village gives up what was delivered 90 days ago and confirmed: nothing is sent, fetched, numbered or proved differently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from station import files
from station.access import Asked
from station.archive import STEP
from station.databases import of_station
from station.files import Scan
from sync import ledger, pieces
from sync.replicate import replicate
from sync.seals import Run
from sync.store import Store
from sync.store.space import give_back
from tests.scans import pdf
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import HUB, TOWNSHIP, VILLAGE, World, small_city

DB = of_station(VILLAGE)
NAME = "赵小明"
ROUND = (VILLAGE, TOWNSHIP, VILLAGE)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[World]:
    with small_city(tmp_path) as world:
        yield world


def delivered(city: World) -> str:
    """A case that went all the way, with the hub's receipts of everything back at the village."""
    return finish(city, record(city, INSTANT))


def finish(city: World, case_no: str) -> str:
    city.sync(*ROUND)
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    city.sync(*ROUND)
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/cases/{case_no}")
    clerk.send(f"/cases/{case_no}/deliver", receiver=NAME)
    assert clerk.status == 200, clerk.page
    city.sync(*ROUND, *ROUND)
    assert city[VILLAGE].parts.casework.case(case_no).state == "delivered"
    return case_no


def later(city: World, days: float) -> None:
    """The days pass, and the village hears from the hub once more: of another case's receipt."""
    city.time.pass_(days=days)
    city.sync(*ROUND)  # a new lease
    record(city, INSTANT)
    city.sync(*ROUND, *ROUND)


def archive(city: World, code: str = VILLAGE) -> int:
    return city[code].parts.archive.step()


def docs(city: World, code: str = VILLAGE) -> dict[str, str]:
    """Every document's revision in the village's database there."""
    database = city[code].parts.store.database(DB)
    return {change.id: change.revs[0] for change in database.changes(0, 1000).results}


def held(city: World, case_no: str, code: str = VILLAGE) -> list[str]:
    """The events of the case whose bodies are there."""
    database = city[code].parts.store.database(DB)
    return [id_ for id_, body in database.bodies(docs(city, code)).items() if body.get("case") == case_no]


def test_what_was_delivered_ninety_days_ago_is_given_up_by_the_village_alone(city: World) -> None:
    case_no = delivered(city)
    before, events = docs(city), len(held(city, case_no))
    later(city, 89)
    assert archive(city) == 0
    later(city, 1.1)
    assert (archive(city, TOWNSHIP), archive(city, HUB)) == (0, 0)
    assert archive(city) == 1
    assert held(city, case_no) == []
    assert len(held(city, case_no, TOWNSHIP)) == len(held(city, case_no, HUB)) == events
    assert before.items() <= docs(city).items(), "every event is known, as the one it was"
    register = city[VILLAGE].parts.register
    assert register.case(case_no) is None
    assert register.events(case_no) == []
    assert archive(city) == 0


def scanned(city: World, case_no: str, *scans: Scan) -> None:
    """The clerk adds these to a case that is not decided yet."""
    staff = city[VILLAGE].parts.appointments.staff("V001")
    assert staff is not None
    city[VILLAGE].parts.casework.attach(case_no, staff, scans)


def there(city: World, *scans: Scan, code: str = VILLAGE) -> list[bool]:
    """Which of these files are whole at a server."""
    found = files.progress(city[code].parts.store.database(DB), [each.line for each in scans])
    return [found[each.line["sha256"]].whole for each in scans]


# Two files that differ, and a third that has a piece of the first.
OWN, OTHERS = (Scan(1, f"{n}.pdf", "application/pdf", pdf(3 * pieces.SIZE, seed=n)) for n in (1, 2))
ALIKE = OWN._replace(data=OWN.data[: 2 * pieces.SIZE] + b"%%EOF")


def test_its_files_go_with_it_and_those_that_another_case_has_stay(city: World) -> None:
    other = record(city, PERMIT)
    scanned(city, other, OTHERS, ALIKE)
    case_no = record(city, INSTANT)
    scanned(city, case_no, OWN, OTHERS)
    finish(city, case_no)
    assert there(city, OWN, OTHERS, ALIKE) == [True] * 3
    before = docs(city)
    later(city, 91)
    assert archive(city) == 1
    assert there(city, OWN, OTHERS, ALIKE) == [False, True, True]
    assert there(city, OWN, OTHERS, ALIKE, code=HUB) == [True] * 3
    assert before.items() <= docs(city).items(), "every piece is known"
    shared, own = (pieces.piece_id(OWN.data[n * pieces.SIZE : (n + 1) * pieces.SIZE]) for n in (1, 2))
    store = city[VILLAGE].parts.store
    assert list(store.bodies(DB, [shared, own])) == [shared]
    assert isinstance(store, Store)
    with store.read() as connection:
        named = connection.execute(
            "SELECT count(*) FROM chunks WHERE sha256 NOT IN (SELECT sha256 FROM attachments)"
        ).fetchall()
    assert named == [(0,)], "and its bytes are off the disk"


def test_the_same_scan_in_a_new_case_is_whole_again(city: World) -> None:
    case_no = record(city, INSTANT)
    scanned(city, case_no, OWN)
    finish(city, case_no)
    later(city, 91)
    archive(city)
    assert there(city, OWN) == [False]
    again = record(city, PERMIT)
    scanned(city, again, OWN)
    assert there(city, OWN) == [True]
    city.sync(*ROUND)
    assert there(city, OWN, code=HUB) == [True]


def test_a_case_stays_while_its_files_are_nowhere_else(city: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case_no = record(city, INSTANT)
    scanned(city, case_no, OWN)
    finish(city, case_no)
    later(city, 91)
    parts = city[VILLAGE].parts
    first = min(
        int(parts.store.database(DB).local_seq(id) or 0) for id in docs(city) if id.startswith("chunk:")
    )
    monkeypatch.setattr(parts.archive, "_carried", lambda _db: first)
    assert archive(city) == 0
    monkeypatch.setattr(parts.archive, "_carried", parts.agent.carried)
    assert archive(city) == 1


def test_sync_moves_nothing_because_of_it(city: World) -> None:
    delivered(city)
    later(city, 91)
    archive(city)
    for code in ROUND:
        city[code].parts.agent.close()
        outcome = city[code].parts.agent.sync_once()
        assert (outcome.pushed, outcome.pulled, outcome.refused, outcome.trouble) == (0, 0, [], []), code


def test_nothing_is_fetched_again_though_every_checkpoint_is_lost(city: World) -> None:
    case_no = delivered(city)
    later(city, 91)
    archive(city)
    for code in (VILLAGE, TOWNSHIP):
        database = city[code].parts.store.database(DB)
        for name in database.local_documents():
            database.delete_local(name)
    city[VILLAGE].parts.agent._forget()
    outcome = city[VILLAGE].parts.agent.sync_once()
    assert (outcome.pushed, outcome.pulled, outcome.refused) == (0, 0, [])
    assert held(city, case_no) == []


def test_a_rebuilt_register_says_the_same(city: World) -> None:
    case_no = delivered(city)
    later(city, 91)
    archive(city)
    register = city[VILLAGE].parts.register
    run = Run(VILLAGE, city[VILLAGE].parts.store.epoch)

    def said() -> object:
        return (register.proven(DB), register.confirmed(DB, run), register.seen(DB), register.totals(), register.waiting(),
                register.archived(case_no), register.disputes(), register.select(order="case_no"))  # fmt: skip

    before = said()
    register.rebuild()
    assert said() == before
    assert register.archived(case_no) == {
        "case_no": case_no, "item_name": INSTANT.name, "at": city.time().isoformat(timespec="seconds"),
    }  # fmt: skip


def test_numbers_go_on_and_the_next_seal_is_proved(city: World) -> None:
    delivered(city)
    later(city, 91)
    archive(city)
    parts = city[VILLAGE].parts
    before = parts.store.database(DB).runs()[VILLAGE, parts.store.epoch]
    made = record(city, PERMIT)
    city.sync(*ROUND, *ROUND)
    after = parts.store.database(DB).runs()[VILLAGE, parts.store.epoch]
    assert after == before + 3
    assert parts.register.confirmed(DB, Run(VILLAGE, parts.store.epoch)) == after
    assert city[HUB].parts.casework.case(made) is not None
    parts.register.rebuild()
    assert parts.register.confirmed(DB, Run(VILLAGE, parts.store.epoch)) == after, "walked from the beginning"


def test_what_the_hub_has_not_confirmed_stays(city: World) -> None:
    case_no = record(city, INSTANT)
    city.sync(*ROUND)
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    city.sync(*ROUND)
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/cases/{case_no}")
    clerk.send(f"/cases/{case_no}/deliver", receiver=NAME)
    city.time.pass_(days=200)
    assert archive(city) == 0
    register = city[VILLAGE].parts.register
    assert register.old("9999", 20) == [], "whatever the clocks say"
    city.sync(*ROUND, *ROUND)
    assert [case for case, _ in register.old("9999", 20)] == [case_no]


def test_a_clock_that_runs_ahead_archives_nothing_early(city: World) -> None:
    delivered(city)
    city.time.pass_(days=4000)
    assert archive(city) == 0, "the hub's newest receipt is of the day of delivery"


def test_what_is_not_delivered_stays_however_old(city: World) -> None:
    case_no = record(city, PERMIT)
    city.sync(*ROUND)
    later(city, 400)
    archive(city)
    assert held(city, case_no)


def test_the_page_says_where_the_case_is(city: World) -> None:
    case_no = delivered(city)
    later(city, 91)
    archive(city)
    clerk = city.visit(VILLAGE).sign_in("V001")
    page = clerk.open("/cases", list="closed")
    assert "已归档，在市中心可查：1 件" in page
    assert case_no in page
    assert "在市中心可查" in clerk.send("/cases", q=case_no)
    for path in (f"/cases/{case_no}", f"/cases/{case_no}/receipt"):
        assert "记录已从本站移除，在市中心可查" in clerk.open(path)
        assert clerk.status == 410
    clerk.open("/cases")
    clerk.send(f"/cases/{case_no}/deliver", receiver="某人")
    assert clerk.status == 410
    assert city[VILLAGE].parts.access.entries(Asked(case_no=case_no)), "who looked before is still known"
    assert NAME in city.visit(HUB).sign_in("E001").open(f"/cases/{case_no}")


def test_what_comes_later_to_an_archived_case_is_kept_and_given_up_in_its_turn(city: World) -> None:
    case_no = delivered(city)
    later(city, 91)
    archive(city)
    hub = city[HUB].parts
    body = {"type": "case_event", "schema": 1, "case": case_no, "event": "evaluate", "seen": hub.register.seen(DB),
            "lamport": 50, "at": "2018-05-12T09:00:00+08:00", "station": HUB,
            "actor": {"staff": "", "name": "", "role": "applicant"}, "data": {"level": 1}}  # fmt: skip
    hub.ledger.append(DB, lambda _txn: [body])
    city.sync(*ROUND)
    parts = city[VILLAGE].parts
    parts.register.catch_up()
    assert parts.register.case(case_no) is None
    assert len(held(city, case_no)) == 1
    city.sync(*ROUND)
    assert archive(city) == 1
    assert held(city, case_no) == []
    parts.register.rebuild()
    assert parts.register.case(case_no) is None


def test_a_new_laptop_gets_the_whole_again_from_above(city: World) -> None:
    """What the village gave up, township and hub still give; the chain is whole on the new machine."""
    case_no = delivered(city)
    later(city, 91)
    archive(city)
    target = Store.open(city.folder / "new.sqlite")
    try:
        replicate(city[TOWNSHIP].parts.store.database(DB), target.database(DB, create=True))
        found = target.database(DB).bodies(docs(city, TOWNSHIP))
        assert [each for each in found.values() if each.get("case") == case_no]
        assert target.database(DB).runs() == city[VILLAGE].parts.store.database(DB).runs()
    finally:
        target.close()


def test_programs_are_told_that_it_is_not_here(city: World) -> None:
    case_no = delivered(city)
    gone = held(city, case_no)[0]
    later(city, 91)
    archive(city)
    database = city[VILLAGE].parts.store.database(DB)
    assert database.get(gone) is None
    assert database.revision(gone) is None
    assert list(database.get_revisions({gone: [docs(city)[gone]]})) == []
    assert database.revs_diff({gone: [docs(city)[gone]]}) == {}
    (row,) = [row for row in database.all_docs(include_docs=True) if row.id == gone]
    assert row.doc is None
    assert set(database.given_up([gone, "ev:x"])) == {gone}


def test_many_go_in_small_steps_once_a_day(city: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [delivered(city) for _ in range(3)]
    later(city, 91)
    monkeypatch.setattr("station.archive.STEP", 2)
    parts = city[VILLAGE].parts
    assert [parts.archive.tend(now) for now in (0.0, 1.0, 2.0)] == [2, 1, 0]
    later(city, 1)
    assert all(parts.register.archived(case_no) for case_no in cases)
    assert STEP == 20


def test_freed_room_goes_back_to_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with Store.open(path, key=bytes(range(32))) as store:
        made = ledger.Ledger(store, VILLAGE)
        events = made.append(DB, lambda _txn: [{"type": "x", "note": f"{n:04}" * 500} for n in range(2000)])
        store.tend()
        before = path.stat().st_size
        assert give_back(store, least=0) == 0, "nothing was freed"
        ids = [event["_id"] for event in events[:1900]]
        assert ledger.give_up(store, DB, ids, "here", [{"_id": "archived:x", "type": "archived"}]) == 1900
        assert ledger.give_up(store, DB, ids, "here", [{"_id": "archived:x", "type": "archived"}]) == 0
        assert give_back(store, least=10**9) == 0, "not worth it"
        assert give_back(store, least=0) > before / 2
        assert store.database(DB).runs() == {(VILLAGE, store.epoch): 2000}
        assert made.append(DB, lambda _txn: [{"type": "x"}])[0]["_id"].endswith("2001")
    with Store.open(path, key=bytes(range(32))) as store:
        assert len(store.database(DB).given_up(ids)) == 1900
        assert path.stat().st_size < before / 2
        store.delete_database(DB)
        assert store.database(DB, create=True).given_up(ids) == {}


def test_what_was_given_up_is_not_repeated_in_another_epoch(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.sqlite") as store:
        made = ledger.Ledger(store, VILLAGE)
        events = made.append(DB, lambda _txn: [{"type": "x", "n": n} for n in range(6)])
        old = store.epoch
        ledger.give_up(store, DB, [events[2]["_id"]], "here", [])
        store.renew_epoch()
        assert made.repeat(DB, old, 1) == 3, "those after it"
        assert store.database(DB).runs() == {(VILLAGE, old): 3, (VILLAGE, store.epoch): 3}
