"""A scan from the village's form to the examiner's eyes, to the byte: by exchange and in CouchDB's dialect, over a line that is cut in
the middle of the pieces, and the case at the hub before its files are."""

from __future__ import annotations

import re

import httpx
import pytest

from station import files
from station.databases import of_station
from station.files import Progress, Scan
from sync import pieces
from sync.exchange import calling
from sync.replicate import replicate
from sync.store import Store
from tests import scans
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, Lane, Visitor, World, application
from tests.wsgi import whole

DB = of_station(VILLAGE)
PHOTO = scans.photo(width=2000, height=2600)
BIG = Scan(1, "图纸.pdf", "application/pdf", scans.pdf(40 * pieces.SIZE))


def recorded(city: World) -> str:
    """A clerk records with a photo and a PDF."""
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/items/{PERMIT.item_code}/record")
    sent = ("scan-1", "营业执照.jpg", PHOTO), ("scan-2", "合同.pdf", scans.pdf(90_000))
    clerk.upload(f"/items/{PERMIT.item_code}/record", *sent, **application(clerk.form))
    assert clerk.status == 200, clerk.page
    return clerk.path.removeprefix("/cases/")


def progress(city: World, case_no: str, at: str = HUB) -> Progress:
    """How much of all files of a case is at a server."""
    state = city[at].parts.casework.case(case_no)
    assert state is not None
    found = files.progress(city[at].parts.store.database(DB), state.files).values()
    return Progress(sum(each.here for each in found), sum(each.of for each in found))


def opened(visitor: Visitor, case_no: str) -> list[bytes]:
    """The bytes behind each scan that the case's page shows."""
    page = visitor.open(f"/cases/{case_no}")
    found = dict.fromkeys(re.findall(r'"(/cases/[0-9A-Z]{25}/files/[0-9a-f]{64})"', page))
    return [visitor.client.get(each).content for each in found]


def test_a_scan_reaches_the_examiner_to_the_byte(either_city: World) -> None:
    city = either_city
    case_no = recorded(city)
    sent = opened(city.visit(VILLAGE).sign_in("V001"), case_no)
    assert [each[:4] for each in sent] == [b"\xff\xd8\xff\xe0", b"%PDF"]
    city.sync(VILLAGE, TOWNSHIP)
    examiner = city.visit(HUB).sign_in("E001")
    assert opened(examiner, case_no) == sent
    assert "扫描件共 2 份，已到齐" in examiner.page
    assert progress(city, case_no, TOWNSHIP).whole


def test_what_the_hub_adds_comes_down_to_the_village(either_city: World) -> None:
    city = either_city
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    window = city.visit(HUB).sign_in("E003")
    window.open(f"/cases/{case_no}")
    window.send(f"/desk/{case_no}/claim")
    window.upload(f"/cases/{case_no}/files", ("scan", "核查照片.jpg", PHOTO), material="1")
    assert window.status == 200, window.page
    city.sync(TOWNSHIP, VILLAGE)
    assert progress(city, case_no, VILLAGE).whole
    assert opened(city.visit(VILLAGE).sign_in("V001"), case_no) == opened(window, case_no)


class Cut(Lane):
    """A line that is dead after some requests, until it is mended."""

    def __init__(self, city: World, code: str, after: int) -> None:
        super().__init__(city[code])
        self.left = after
        self.carried = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.left == 0:
            raise httpx.ConnectError("cut", request=request)
        self.left -= 1
        sent = whole(request)
        self.carried += len(sent.content)
        return super().handle_request(sent)


@pytest.mark.parametrize("after", [3, 5, 8])
def test_cut_in_the_middle_the_case_is_at_the_hub_its_files_are_marked_and_the_rest_follows(
    city: World, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    village = city[VILLAGE].parts
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    city.take_down(TOWNSHIP)
    village.agent.sync_once()  # from here on it exchanges with the hub
    case_no = record(city, PERMIT)
    village.casework.attach(case_no, PEOPLE["V001"], [BIG])
    line = Cut(city, HUB, after)
    monkeypatch.setattr(calling, "LARGEST", 24 * 1024)  # a slow line's messages
    monkeypatch.setattr(
        village.agent, "_transport_for", lambda url: line if url == city[HUB].url else city.way(url)
    )
    village.agent.close()
    village.agent.sync_once()
    examiner = city.visit(HUB).sign_in("E001")
    assert case_no in examiner.open("/desk"), "the case does not wait for its scans"
    here = progress(city, case_no)
    assert 0 < here.here < here.of
    page = examiner.open(f"/cases/{case_no}")
    assert f"还在路上：{here.here}/{here.of} 片" in page
    assert f'<progress class="bm-progress" value="{here.here}" max="{here.of}">' in page
    assert opened(examiner, case_no) == []
    first = line.carried
    line.left, line.carried = 10_000, 0
    village.agent.sync_once()
    assert progress(city, case_no).whole
    assert opened(examiner, case_no) == [BIG.data]
    left = (here.of - here.here) * pieces.SIZE
    assert line.carried < left * 1.3 + 40_000, "what had landed is not sent again"
    assert first + line.carried < len(BIG.data) * 1.3 + 80_000


def in_dialect(city: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The village's agent knows no exchange."""
    monkeypatch.setattr(city[VILLAGE].parts.agent, "_exchanges", None)


def test_the_same_in_couchdbs_dialect(city: World, monkeypatch: pytest.MonkeyPatch) -> None:
    in_dialect(city, monkeypatch)
    case_no = recorded(city)
    city.sync(VILLAGE, TOWNSHIP)
    assert progress(city, case_no).whole
    assert files.waiting(city[VILLAGE].parts.store, city[VILLAGE].parts.agent.carried) == 0


def test_a_licence_in_a_second_case_is_not_sent_again(city: World) -> None:
    one, two = record(city, PERMIT), record(city, INSTANT)
    village = city[VILLAGE].parts
    village.casework.attach(one, PEOPLE["V001"], [BIG])
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    before = village.store.update_seq
    village.casework.attach(two, PEOPLE["V001"], [BIG])
    assert village.store.update_seq == before + 1, "the event, and no piece"
    assert village.agent.sync_once().pushed <= 2
    city.sync(TOWNSHIP)
    assert progress(city, two).whole


def test_a_piece_that_was_altered_on_the_way_does_not_come_in(city: World) -> None:
    case_no = record(city, PERMIT)
    city[VILLAGE].parts.casework.attach(case_no, PEOPLE["V001"], [BIG])
    village = city[VILLAGE].parts.store.database(DB)
    doc = next(pieces.cut(BIG.data))
    village.purge({doc["_id"]: [rev for rev, _ in village.leaves(doc["_id"])]})
    other = next(pieces.cut(b"altered"))
    village.put({**other, "_id": doc["_id"]})
    city[VILLAGE].parts.agent.sync_once()
    assert city[TOWNSHIP].parts.store.bodies(DB, [doc["_id"]]) == {}
    here = progress(city, case_no, TOWNSHIP)
    assert here.here == here.of - 1


def test_a_stick_carries_them_as_well(city: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    case_no = recorded(city)
    with Store.open(tmp_path_factory.mktemp("stick") / "stick.sqlite") as stick:
        middle = stick.database(DB, create=True)
        replicate(city[VILLAGE].parts.store.database(DB), middle)
        replicate(middle, city[HUB].parts.store.database(DB, create=True))
    held = files.progress(
        city[HUB].parts.store.database(DB),
        city[VILLAGE].parts.casework.case(case_no).files,  # type: ignore[union-attr]
    )
    assert all(each.whole for each in held.values())
