"""Sync by stick: a village without a line gets its records to the hub and the decisions back, and nothing happens twice."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from hub import devices, root
from schemas import tables
from station import stick as sticks
from station.databases import PUBLIC, of_station
from station.moment import stamp
from station.stick import Foreign, NoReader, NotForUs, Old, ReadBefore, Report, Revoked
from sync import pieces
from sync.ledger import discard
from sync.signing import Signer
from sync.stick import file as files
from sync.stick.load import Account
from tests.test_journey import INSTANT, PERMIT, REASON, counted, record, seen_in_village, step
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, World

MIXES = int(os.environ.get("BIANMIN_TEST_STICK_MIXES", "2"))
OURS = of_station(VILLAGE)


def written(city: World, at: str, to: str, *, whole: bool = False) -> bytes:
    """A file, as it lies on a stick."""
    return b"".join(city[at].parts.sticks.write(to, whole=whole)[0].pieces())


def read(city: World, at: str, data: bytes) -> Report:
    return city[at].parts.sticks.read(files.kept(io.BytesIO(data)))


def carried(city: World, at: str, to: str, *, whole: bool = False) -> Report:
    report = read(city, to, written(city, at, to, whole=whole))
    assert report.refused == []
    return report


def held(city: World, code: str, db: str = OURS) -> set[str]:
    """Which documents of a database are at a server, each with its revision."""
    database = city[code].parts.store.database(db)
    return {f"{row.id} {row.rev}" for row in database.all_docs(limit=100_000)}


def put_file(city: World, code: str, data: bytes) -> list[str]:
    """Pieces of a file in the village's database."""
    cut = list(pieces.cut(data))
    city[code].parts.store.database(OURS, create=True).put_many(cut)
    return [str(each["_id"]) for each in cut]


# -- there and back --------------------------------------------------------------------------------------------------


def test_a_village_without_a_line_for_weeks_gets_its_decision_and_its_receipt_by_stick(city: World) -> None:
    case_no = record(city, PERMIT)
    city.time.pass_(days=8)
    report = carried(city, VILLAGE, HUB)
    assert (report.records, report.new, report.here, report.left) == (3, 3, 0, 0)
    assert case_no in city.visit(HUB).sign_in("E001").open("/desk", zone=PERMIT.zone or "")
    step(city, "E001", case_no, "accept")
    step(city, "E002", case_no, "pass_step", "deny", opinion="不符", reason=REASON, remedy="可申请行政复议")
    assert "待传 1 件" in seen_in_village(city, case_no)
    carried(city, HUB, VILLAGE)
    page = seen_in_village(city, case_no)
    assert "不予许可" in page
    assert REASON in page
    assert "全部已送达市中心" in page
    assert "上次同步 09:00" in page
    assert city[VILLAGE].parts.register.waiting() == {}
    assert held(city, VILLAGE) == held(city, HUB)


def test_the_township_carries_on_while_the_hub_is_away(city: World) -> None:
    case_no = record(city, INSTANT)
    city.take_down(HUB)
    assert carried(city, VILLAGE, TOWNSHIP).new == 3
    carried(city, TOWNSHIP, VILLAGE)
    assert city[VILLAGE].parts.register.waiting() != {}, "the hub has not confirmed it yet"
    # By stick up to the hub, and down again.
    assert carried(city, TOWNSHIP, HUB).new == 3
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    assert carried(city, HUB, TOWNSHIP).new >= 2
    carried(city, TOWNSHIP, VILLAGE)
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state is not None
    assert state.state == "concluded"
    assert city[VILLAGE].parts.register.waiting() == {}
    assert held(city, VILLAGE) == held(city, TOWNSHIP) == held(city, HUB)


def test_a_township_that_got_a_stick_passes_it_on_by_the_line(city: World) -> None:
    case_no = record(city, INSTANT)
    carried(city, VILLAGE, TOWNSHIP)
    city.sync(TOWNSHIP)
    assert city[HUB].parts.casework.case(case_no) is not None
    carried(city, TOWNSHIP, VILLAGE)
    assert city[VILLAGE].parts.register.waiting() == {}


def test_what_the_hub_has_confirmed_is_not_written_again(city: World) -> None:
    record(city, INSTANT)
    assert city[VILLAGE].parts.sticks.plan(HUB).records == 3
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    assert city[VILLAGE].parts.sticks.plan(HUB) == (0, 0)
    record(city, PERMIT)
    assert city[VILLAGE].parts.sticks.plan(HUB).records == 3
    assert city[VILLAGE].parts.sticks.plan(HUB, whole=True).records == 6


def test_what_the_hub_publishes_comes_once_and_then_only_what_is_new(city: World) -> None:
    first = carried(city, HUB, VILLAGE)
    assert first.records == len(held(city, HUB, PUBLIC))
    carried(city, VILLAGE, HUB)
    assert carried(city, HUB, VILLAGE).records == 0
    carried(city, VILLAGE, HUB)
    devices.revoke_device(city[HUB].parts.store, city[HUB].parts.identity.signer, NEIGHBOUR)
    assert carried(city, HUB, VILLAGE).new == 1
    assert held(city, VILLAGE, PUBLIC) == held(city, HUB, PUBLIC)


def test_a_lease_that_ran_out_is_renewed_by_stick(city: World) -> None:
    city.time.pass_(days=20)
    city.tend(HUB)
    assert city[VILLAGE].parts.appointments.problem() is not None
    carried(city, HUB, VILLAGE)
    assert city[VILLAGE].parts.appointments.problem() is None


def test_files_go_by_stick_and_are_not_carried_twice(city: World) -> None:
    record(city, INSTANT)
    ids = put_file(city, VILLAGE, random.Random(1).randbytes(300_000))
    plan = city[VILLAGE].parts.sticks.plan(HUB)
    assert (plan.records, plan.pieces) == (3, len(ids))
    assert carried(city, VILLAGE, HUB).pieces == len(ids)
    assert held(city, VILLAGE) == held(city, HUB)
    carried(city, HUB, VILLAGE)
    assert city[VILLAGE].parts.sticks.plan(HUB) == (0, 0)
    assert put_file(city, VILLAGE, b"another")
    assert city[VILLAGE].parts.sticks.plan(HUB) == (0, 1)


def test_more_than_goes_onto_one_stick_goes_by_several(city: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.stick.file.ROOM", 1_500_000)
    put_file(city, VILLAGE, random.Random(1).randbytes(5_000_000))
    walks = 0
    while (report := carried(city, VILLAGE, HUB)).left:
        carried(city, HUB, VILLAGE)
        walks += 1
    assert report.left == 0
    assert 1 < walks < 6
    assert held(city, VILLAGE) == held(city, HUB)


# -- read twice, too late, in any order ----------------------------------------------------------------------------------


def test_read_twice_or_out_of_order_is_told_and_changes_nothing(city: World) -> None:
    record(city, INSTANT)
    first = written(city, VILLAGE, HUB)
    record(city, PERMIT)
    second = written(city, VILLAGE, HUB)
    assert read(city, HUB, second).new == 6, "the later one has it all"
    before = city[HUB].parts.store.update_seq
    with pytest.raises(ReadBefore):
        read(city, HUB, second)
    with pytest.raises(Old) as old:
        read(city, HUB, first)
    assert old.value.reason == "File 2 was read, which has all that is in this one."
    assert city[HUB].parts.store.update_seq == before


def test_a_lost_answer_costs_a_second_one(city: World) -> None:
    case_no = record(city, INSTANT)
    carried(city, VILLAGE, HUB)
    step(city, "E001", case_no, "accept")
    written(city, HUB, VILLAGE)  # and lost
    assert carried(city, HUB, VILLAGE).new >= 1
    assert held(city, VILLAGE) == held(city, HUB)


@pytest.mark.parametrize("seed", range(MIXES))
def test_by_stick_and_by_line_in_any_order_everything_is_everywhere_once(city: World, seed: int) -> None:
    draw = random.Random(seed)
    on_the_way: list[tuple[str, bytes]] = []
    ways = [
        (VILLAGE, HUB),
        (HUB, VILLAGE),
        (VILLAGE, TOWNSHIP),
        (TOWNSHIP, VILLAGE),
        (TOWNSHIP, HUB),
        (HUB, TOWNSHIP),
    ]
    cases = 0
    for _ in range(40):
        what = draw.choice(["record", "write", "write", "read", "read", "read", "line", "file", "decide"])
        if what == "record" and cases < 6:
            record(city, draw.choice([INSTANT, PERMIT]))
            cases += 1
        elif what == "write":
            at, to = draw.choice(ways)
            on_the_way.append((to, written(city, at, to)))
        elif what == "read" and on_the_way:
            to, data = draw.choice(on_the_way)
            with suppress(ReadBefore, Old):
                assert read(city, to, data).refused == []
        elif what == "line":
            city.sync(draw.choice([VILLAGE, TOWNSHIP]))
        elif what == "file":
            put_file(city, VILLAGE, draw.randbytes(40_000))
        elif what == "decide":
            register = city[HUB].parts.register
            register.catch_up()
            waiting = register.select("state = 'received'", ())
            if waiting:
                step(city, "E001", waiting[0]["case_no"], "accept")
    for at, to in (*ways, *ways):
        carried(city, at, to)
    assert held(city, VILLAGE) == held(city, TOWNSHIP) == held(city, HUB)
    assert counted(city, VILLAGE) == counted(city, TOWNSHIP) == counted(city, HUB)
    assert counted(city, HUB)["cases"] == cases
    assert city[VILLAGE].parts.register.waiting() == {}
    assert all(city[code].parts.register.disputes() == [] for code in (VILLAGE, TOWNSHIP, HUB))


# -- who may -----------------------------------------------------------------------------------------------------------


def test_a_file_for_somebody_else_is_named_so(city: World) -> None:
    for_hub = written(city, VILLAGE, HUB)
    for at in (VILLAGE, TOWNSHIP, NEIGHBOUR):
        with pytest.raises(NotForUs):
            read(city, at, for_hub)


def forged(city: World, sender: str, to: str, signer: Signer, *, account_of: str = "") -> bytes:
    """A file in the name of `sender`, signed with any key."""
    reader = city[to].parts.identity.signer.public
    said = Account("1" * 16, account_of or sender, to, 0, 0, 0, 0, {}, {}, {}, {}, "", 0, {})
    frames = [files.strict_json.canonical(said._asdict())]
    envelope = files.Envelope(sender, to, (reader,), "1" * 16, "e", 1, stamp(city.time()))
    return b"".join(files.seal(frames, envelope, signer).pieces())


def test_only_who_is_above_or_below_has_anything_to_bring(city: World) -> None:
    village, stranger = city[VILLAGE].parts.identity.signer, Signer(b"?" * 32)
    for at, sender, signer in (
        (HUB, VILLAGE, stranger),  # nobody's key
        (HUB, NEIGHBOUR, village),  # another's name
        (HUB, HUB, stranger),
        (HUB, HUB, village),
        (VILLAGE, HUB, village),
        (VILLAGE, HUB, stranger),
        (VILLAGE, TOWNSHIP, stranger),
        (VILLAGE, NEIGHBOUR, city[NEIGHBOUR].parts.identity.signer),
        (TOWNSHIP, "510922001001", stranger),
        (HUB, "510000000000", stranger),
    ):
        with pytest.raises((Foreign, Revoked)):
            read(city, at, forged(city, sender, at, signer))
    assert read(city, HUB, forged(city, VILLAGE, HUB, village)).records == 0
    with pytest.raises(sticks.Unsound):  # sealed for another envelope
        read(city, HUB, forged(city, VILLAGE, HUB, village, account_of=NEIGHBOUR).replace(b"", b""))


def test_what_a_stick_brings_is_judged_as_what_comes_by_line_is(city: World) -> None:
    record(city, INSTANT, NEIGHBOUR, "V002")
    record(city, INSTANT)
    neighbour = city[NEIGHBOUR].parts
    theirs = list(neighbour.store.database(of_station(NEIGHBOUR)).get_revisions(
        {row.id: [row.rev] for row in neighbour.store.database(of_station(NEIGHBOUR)).all_docs()}
    ))  # fmt: skip
    # The village's computer writes another's records, and something that is no event, into its own database, and carries them.
    mine = city[VILLAGE].parts.store.database(OURS)
    assert mine.add_revisions(theirs) == []
    mine.put({"_id": "note", "text": "?"})
    report = read(city, HUB, written(city, VILLAGE, HUB))
    assert {each.id for _, each in report.refused} == {each.id for each in theirs} | {"note"}
    assert (report.records, report.new, report.here) == (7, 3, 0)
    assert city[HUB].parts.store.database(OURS).get("note") is None


def test_a_device_that_was_replaced_still_brings_what_only_it_has_and_a_revoked_one_does_not(
    city: World,
) -> None:
    record(city, INSTANT)
    hub, last = city[HUB].parts, written(city, VILLAGE, HUB)
    devices.admit_device(
        hub.store, hub.identity.signer, VILLAGE, Signer(b"n" * 32).public, stamp(city.time())
    )
    assert read(city, HUB, last).new == 3
    later = written(city, VILLAGE, HUB)
    devices.revoke_device(hub.store, hub.identity.signer, VILLAGE)
    with pytest.raises(Revoked):
        read(city, HUB, later)
    with pytest.raises(NoReader):
        hub.sticks.write(VILLAGE)


def test_an_answer_for_the_laptop_that_was_replaced_is_named_so(city: World) -> None:
    hub = city[HUB].parts
    answer = written(city, HUB, VILLAGE)
    city[VILLAGE].parts.identity.take_seed(b"n" * 32)
    with pytest.raises(NotForUs, match="another device"):
        read(city, VILLAGE, answer)
    devices.admit_device(
        hub.store,
        hub.identity.signer,
        VILLAGE,
        city[VILLAGE].parts.identity.signer.public,
        stamp(city.time()),
    )
    carried(city, HUB, VILLAGE)


def test_a_village_learns_the_hub_s_new_key_by_stick(city: World) -> None:
    hub = city[HUB].parts
    before, old_signer = written(city, VILLAGE, HUB), hub.identity.signer
    root.rotate(hub.store, hub.identity, hub.settings.data / root.FILE, clock=city.time, random=hub.random)
    with pytest.raises(NotForUs, match="an earlier key"):
        read(city, HUB, before)
    carried(city, HUB, VILLAGE)  # by the chain in its head
    record(city, INSTANT)
    assert carried(city, VILLAGE, HUB).new == 3
    carried(city, HUB, VILLAGE)
    assert city[VILLAGE].parts.register.waiting() == {}
    # What the old key signs now is believed by nobody, whatever it brings along.
    record_of_old = {**(hub.keys.record(old_signer.public) or {}), "status": "active"}
    reader = city[VILLAGE].parts.identity.signer.public
    envelope = files.Envelope(HUB, VILLAGE, (reader,), "1" * 16, "e", 9, "", (record_of_old,))
    with pytest.raises(Revoked):
        read(city, VILLAGE, b"".join(files.seal([b"{}"], envelope, old_signer).pieces()))


def test_a_file_is_written_for_those_alone_whose_key_is_known(city: World) -> None:
    for at, to in (
        (VILLAGE, NEIGHBOUR),
        (VILLAGE, VILLAGE),
        (HUB, HUB),
        (TOWNSHIP, "510922001001"),
        (HUB, "1"),
        (HUB, "510903001003"),
    ):
        with pytest.raises(NoReader):
            city[at].parts.sticks.write(to)
    assert city[VILLAGE].parts.sticks.readers() == [HUB, TOWNSHIP]
    assert city[HUB].parts.sticks.readers() == []
    for at in (VILLAGE, NEIGHBOUR, TOWNSHIP):
        carried(city, at, HUB)
        city.time.pass_(minutes=1)
    assert city[HUB].parts.sticks.readers() == [TOWNSHIP, NEIGHBOUR, VILLAGE]


# -- put back to an earlier day --------------------------------------------------------------------------------------------


def test_a_hub_that_was_put_back_gets_by_stick_what_it_has_lost(city: World) -> None:
    first = record(city, INSTANT)
    carried(city, VILLAGE, HUB)
    carried(city, HUB, VILLAGE)
    second = record(city, PERMIT)
    carried(city, VILLAGE, HUB)
    carried(city, HUB, VILLAGE)
    assert city[VILLAGE].parts.sticks.plan(HUB).records == 0
    # As after a backup was put back: what came with the second stick is gone at the hub, and so is its memory of it.
    hub = city[HUB].parts
    discard(hub.store, OURS, VILLAGE, city[VILLAGE].parts.identity.epoch, 3)
    hub.store.database("here").put_local(sticks.PREFIX + VILLAGE, {})
    hub.register.rebuild()
    carried(city, VILLAGE, HUB)
    carried(city, HUB, VILLAGE)  # says what it lacks
    assert city[VILLAGE].parts.sticks.plan(HUB).records > 0
    carried(city, VILLAGE, HUB)
    assert held(city, HUB) == held(city, VILLAGE)
    assert hub.casework.case(first) is not None
    assert hub.casework.case(second) is not None
    carried(city, HUB, VILLAGE)
    assert city[VILLAGE].parts.sticks.plan(HUB).records == 0


def test_a_full_disk_while_reading_loses_nothing_and_the_file_can_be_read_again(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.errors import DiskFull

    record(city, INSTANT)
    data = written(city, VILLAGE, HUB)
    store = city[HUB].parts.store

    def full(_write: Callable[[], object]) -> object:
        raise DiskFull("The disk is full.")

    with monkeypatch.context() as patch, pytest.raises(DiskFull):
        patch.setattr(store, "gathered", full)
        read(city, HUB, data)
    assert read(city, HUB, data).new == 3


def test_the_hub_on_a_cluster_reads_and_writes_sticks(either_city: World) -> None:
    city = either_city
    case_no = record(city, INSTANT)
    assert carried(city, VILLAGE, HUB).new == 3
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    carried(city, HUB, VILLAGE)
    assert "已办结" in seen_in_village(city, case_no)
    assert city[VILLAGE].parts.register.waiting() == {}
    carried(city, VILLAGE, HUB)
    assert carried(city, HUB, VILLAGE).records == 0


def test_a_year_of_sticks_leaves_no_more_behind_than_a_few_places(city: World) -> None:
    for _ in range(70):
        city.time.now += timedelta(days=5)
        carried(city, VILLAGE, HUB)
    kept = city[HUB].parts.store.database("here").get_local(sticks.PREFIX + VILLAGE)
    assert kept is not None
    assert len(kept["read"]["ids"]) == sticks.REMEMBERED
    assert len(files.strict_json.canonical(kept)) < 4000
    assert tables.HUB == HUB
