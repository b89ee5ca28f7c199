"""What a parent offers is looked at before it comes in: `public` by its signatures, events by whose name they carry."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub import devices
from schemas.workdays import CalendarGap
from station import intake, keys
from sync import event_ids, strict_json, wire
from sync.peer import Revision
from sync.revisions import parse_rev
from sync.signing import Signer
from tests.test_journey import INSTANT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World

OWN, EPOCH = VILLAGE, "abcdefgh"
DB = f"station-{OWN}"
FORGER = Signer(b"\7" * 32)


def event(writer: str, epoch: str, n: int) -> Revision:
    id = event_ids.event_id(writer, epoch, n)
    body = strict_json.canonical({"type": "case_event", "case": "x"})
    return Revision(id, (event_ids.event_rev(id, body),), False, body, checked=True)


def published(doc: dict[str, Any], rev: str, signer: Signer = FORGER, **changes: Any) -> Revision:
    said = {**signer.signed(keys.PURPOSE, {**doc, "serial": parse_rev(rev).generation}), **changes}
    return Revision(
        doc["_id"], (rev,), False, wire.body(doc["_id"], {k: v for k, v in said.items() if k != "_id"})
    )


DOC = {"_id": "day:2027-01-01", "type": "calendar_day", "kind": "holiday"}
REV = "3-" + "a" * 32


@pytest.mark.parametrize(
    ("db", "revision", "why"),
    [
        (DB, event(HUB, EPOCH, 1), None),
        (DB, event(OWN, "bbbbbbbb", 1), None),
        (DB, event(OWN, EPOCH, 1), intake.IN_OUR_NAME),
        (DB, Revision("note", ("1-a",), False, b"{}"), intake.NO_EVENT),
        ("here", event(HUB, EPOCH, 1), intake.NO_EVENT),
        ("public", published(DOC, REV), None),
        ("public", published(DOC, REV, kind="makeup_workday"), intake.NOT_SIGNED),
        ("public", published(DOC, REV)._replace(path=("4-" + "a" * 32,)), intake.NOT_SIGNED),
        ("public", published(DOC, REV)._replace(deleted=True), intake.NOT_SIGNED),
        ("public", published(DOC, REV)._replace(id="day:2027-01-02"), intake.NOT_SIGNED),
        ("public", Revision("day:2027-01-01", (REV,), False, b"{}"), intake.NOT_SIGNED),
        ("public", Revision("day:2027-01-01", (REV,), False, b"["), intake.NOT_SIGNED),
    ],
)
def test_what_may_come_in(db: str, revision: Revision, why: str | None) -> None:
    assert intake.problem(db, revision, OWN, EPOCH) == why


def test_files_of_a_published_document_are_those_it_was_signed_with(city: World) -> None:
    hub, township = city[HUB].parts, city[TOWNSHIP].parts
    scan = ("image/jpeg", b"\xff\xd8 sample")
    assert keys.publish(hub.store, hub.identity.signer, {"_id": "sample", "type": "notice"}, {"a.jpg": scan})
    assert not keys.publish(
        hub.store, hub.identity.signer, {"_id": "sample", "type": "notice"}, {"a.jpg": scan}
    )
    city.sync(TOWNSHIP)
    public = township.store.database("public")
    (sample,) = public.get_revisions({"sample": [public.leaves("sample")[0][0]]})
    file = sample.attachments["a.jpg"]
    assert file.data is not None
    stub, other = file._replace(data=None), file._replace(data=b"\xff\xd8 others")
    assert intake.problem("public", sample, OWN, EPOCH) is None
    for files in ({}, {"a.jpg": stub}, {"a.jpg": other}, {"b.jpg": file}, {"a.jpg": file, "b.jpg": file}):
        changed = sample._replace(attachments=files)
        assert intake.problem("public", changed, OWN, EPOCH) == intake.NOT_SIGNED


def test_a_calendar_that_a_township_made_up_is_not_taken(city: World) -> None:
    township = city[TOWNSHIP].parts
    keys.publish(township.store, FORGER, {**DOC, "schema": 1, "name": "", "year_complete": True})
    township.store.database("public").put(
        {"_id": "day:2027-02-01", "type": "calendar_day", "kind": "holiday"}
    )
    city.sync(VILLAGE)
    village = city[VILLAGE].parts
    public = village.store.database("public")
    # The one it signed itself is well-formed, and counts for nothing; the other does not even come in.
    assert public.get("day:2027-02-01") is None
    assert public.get("day:2027-01-01") is not None
    with pytest.raises(CalendarGap):
        village.almanac.calendar().is_workday(date(2027, 1, 1))


def test_a_revoked_device_can_not_be_brought_back_by_its_old_record(city: World) -> None:
    """The township keeps the record from before, and hands it down under a revision that would win."""
    hub, township = city[HUB].parts, city[TOWNSHIP].parts
    id = f"device:{VILLAGE}"
    old = township.store.database("public").get(id)
    assert old is not None
    devices.revoke_device(hub.store, hub.identity.signer, VILLAGE)
    city.sync(TOWNSHIP)
    city.carry("510903001002")
    now = township.store.database("public").get(id)
    assert now is not None
    path = (
        f"9-{'f' * 32}",
        *(f"{n}-{'e' * 32}" for n in range(8, parse_rev(now["_rev"]).generation, -1)),
        now["_rev"],
    )
    body = wire.body(id, {name: old[name] for name in old if name not in ("_id", "_rev")})
    township.store.database("public").add_revisions([Revision(id, path, False, body)])
    assert (township.store.database("public").get(id) or {})["status"] == "active"
    assert township.keys.active(VILLAGE) == frozenset()
    city.sync("510903001002")
    neighbour = city["510903001002"].parts
    assert (neighbour.store.database("public").get(id) or {})["_rev"] == now["_rev"]
    assert neighbour.keys.active(VILLAGE) == frozenset()


def test_events_in_our_own_name_are_not_taken_from_above(city: World) -> None:
    """A township that writes the village's next number would keep it from writing any more."""
    record(city, INSTANT)
    city.sync(VILLAGE)
    village, township = city[VILLAGE].parts, city[TOWNSHIP].parts
    township.store.database(DB).add_revisions([event(VILLAGE, village.store.epoch, 4)])
    city.sync(VILLAGE)
    assert village.store.database(DB).runs()[VILLAGE, village.store.epoch] == 3
    case_no = record(city, INSTANT)
    assert village.register.case(case_no) is not None
