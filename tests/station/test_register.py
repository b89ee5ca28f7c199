"""The register: follows the store, can be thrown away, and tells what waits from receipts alone."""

from __future__ import annotations

import pytest

from station import register_commands
from station.app import Parts
from station.register import BATCH, Register
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, World


def everything(register: Register) -> list[dict[str, object]]:
    register.catch_up()
    return register.select(order="case_no", limit=10_000)


def test_rebuilt_from_the_documents_it_is_the_same(city: World) -> None:
    case_no = record(city, INSTANT)
    record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    register = city[HUB].parts.register
    before = everything(register)
    assert register.rebuild() > 0
    assert everything(register) == before


def again(parts: Parts) -> Register:
    """The server's register, opened once more."""
    settings = parts.settings
    key = parts.vault.key if parts.vault else None
    return Register(
        settings.register_path,
        parts.store,
        parts.almanac.calendar,
        parts.published.book,
        parts.identity,
        parts.trust,
        key,
    )


def test_a_deleted_file_is_rebuilt_at_the_next_start(city: World) -> None:
    record(city, INSTANT)
    parts = city[VILLAGE].parts
    before = everything(parts.register)
    parts.register.close()
    for path in parts.settings.data.glob("register.sqlite*"):
        path.unlink()
    parts.register = again(parts)
    assert everything(parts.register) == before


def test_a_register_of_another_store_is_not_believed(city: World) -> None:
    record(city, INSTANT)
    village, hub = city[VILLAGE].parts, city[HUB].parts
    village.register.catch_up()
    village.register.close()
    borrowed = Register(
        village.settings.register_path,
        hub.store,
        hub.almanac.calendar,
        hub.published.book,
        hub.identity,
        hub.trust,
        village.vault.key if village.vault else None,
    )
    assert everything(borrowed) == []
    borrowed.close()
    village.register = again(village)
    assert len(everything(village.register)) == 1


def test_applying_nothing_new_changes_nothing(city: World) -> None:
    record(city, INSTANT)
    register = city[VILLAGE].parts.register
    register.catch_up()
    assert register.catch_up() == 0


def test_a_case_waits_until_the_hubs_receipt_is_here_not_until_a_request_succeeded(city: World) -> None:
    case_no = record(city, INSTANT)
    register = city[VILLAGE].parts.register
    assert register.waiting() == {case_no: 3}
    city.sync(VILLAGE)  # the township has it now, and the village was told so
    register.catch_up()
    assert register.waiting() == {case_no: 3}
    city.sync(TOWNSHIP)
    register.catch_up()
    assert register.waiting() == {case_no: 3}, "the hub holds it, but the village has no word of it"
    city.sync(VILLAGE)
    register.catch_up()
    assert register.waiting() == {}
    assert register.last_receipt() is not None


def test_more_changes_than_a_batch_are_all_applied(city: World) -> None:
    db = city[HUB].parts.store.database(f"station-{VILLAGE}", create=True)
    for n in range(BATCH + 7):
        db.put({"_id": f"note:{n}"})
    assert city[HUB].parts.register.catch_up() >= BATCH + 7


def test_documents_that_are_no_events_of_ours_do_not_stop_it(city: World) -> None:
    """A newer version's receipt, an event of another station's case, a badly filled one: kept, and not in the way."""
    parts = city[VILLAGE].parts
    db = f"station-{VILLAGE}"
    parts.store.database(db, create=True).put(
        {"_id": f"receipt:{VILLAGE}:aaaaaaaa", "type": "receipt", "n": "many"}
    )
    other = "510922001001201802090001"
    parts.ledger.append(db, lambda _txn: [{"type": "case_event", "case": other, "event": "create"}])
    parts.ledger.append(
        db, lambda _txn: [{"type": "case_event", "case": 7}, {"case": VILLAGE + "x", "lamport": "late"}]
    )
    case_no = record(city, INSTANT)
    assert case_no in [row["case_no"] for row in everything(parts.register)]
    assert other not in [row["case_no"] for row in everything(parts.register)]


def test_only_its_own_columns_can_be_grouped_by(city: World) -> None:
    with pytest.raises(ValueError, match="password"):
        city[HUB].parts.register.groups("password")


@pytest.mark.parametrize(
    "odd",
    [
        {"event": None},
        {"event": 7, "at": ["late"]},
        {"data": {"item": {"code": None, "name": ["x"], "zone": {}}, "applicant": {"name": 5}}},
        {"data": None, "actor": None},
        {"lamport": "first"},
    ],
)
def test_one_badly_filled_event_never_hides_other_cases(city: World, odd: dict[str, object]) -> None:
    good = record(city, INSTANT)
    parts = city[VILLAGE].parts
    case_no = f"{VILLAGE}201802099999X"
    whole = {"type": "case_event", "schema": 1, "case": case_no, "event": "create", "lamport": 1, "at": "2018-02-09T09:00:00+08:00",
             "station": VILLAGE, "actor": {"staff": "V001", "name": "王芳", "role": "village_clerk"}, "data": {}}  # fmt: skip
    parts.ledger.append(f"station-{VILLAGE}", lambda _txn: [{**whole, **odd}])
    assert good in [row["case_no"] for row in everything(parts.register)]
    parts.register.rebuild()
    assert good in [row["case_no"] for row in everything(parts.register)]


def test_a_township_does_not_call_delivered_what_it_only_holds_for_its_villages(city: World) -> None:
    case_no = record(city, INSTANT)
    city.sync(VILLAGE)
    township = city[TOWNSHIP].parts.register
    township.catch_up()
    assert township.waiting() == {case_no: 3}
    city.sync(TOWNSHIP, TOWNSHIP)
    township.catch_up()
    assert township.waiting() == {}


def test_a_rebuild_in_a_terminal_says_how_far_it_is(city: World, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        record(city, INSTANT)
    parts = city[VILLAGE].parts
    before = everything(parts.register)
    seconds = iter(range(100))
    register_commands.rebuild(parts, lambda: float(next(seconds)))
    said = capsys.readouterr()
    assert "(100%)" in said.err and "每秒" in said.err
    assert "台账已重建：3 件" in said.out
    assert everything(parts.register) == before


def test_how_many_cases_a_district_has_is_never_counted(city: World) -> None:
    made = [record(city, INSTANT) for _ in range(3)]
    register = city[VILLAGE].parts.register
    register.catch_up()
    assert register.tally("district") == {"510903": 3} == register.groups("district")
    assert register.tally("list", "origin = ?", (VILLAGE,)) == {"open": 3}
    city[VILLAGE].parts.casework.act(made[0], PEOPLE["V001"], [("void", {"reason": "登记有误，重复登记"})])
    register.catch_up()
    assert register.tally("district") == {"510903": 3}
    assert register.tally("list") == {"open": 2, "closed": 1} == register.groups("list")
    register._execute("DELETE FROM cases WHERE case_no = ?", (made[0],))
    assert register.tally("list") == {"open": 2}
    with pytest.raises(ValueError, match="applicant"):
        register.tally("applicant")
