"""Scans on pages: taken in with the form and later, kept when a form is not, opened by who works on the case, and logged."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from station import files
from station.access import Asked
from station.databases import HERE, of_station
from station.scans import MOST
from sync import blobs
from sync.serving import starting
from tests import scans
from tests.payloads import PAYLOADS
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, Visitor, World, application, small_city

PHOTO, OTHER, PDF = scans.photo(), scans.photo(seed=2), scans.pdf(40_000)


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def file_of(city: World, case_no: str, at: str = VILLAGE) -> list[tuple[int, str, str]]:
    """(material, name, digest) of a case's files at a server."""
    state = city[at].parts.casework.case(case_no)
    assert state is not None
    return [(each["material"], each["name"], each["sha256"]) for each in state.files]


def recorded(clerk: Visitor, *sent: tuple[str, str, bytes], **changes: str) -> str:
    """A clerk records with these files; the case number."""
    clerk.open(f"/items/{PERMIT.item_code}/record")
    clerk.upload(f"/items/{PERMIT.item_code}/record", *sent, **application(clerk.form, **changes))
    return clerk.path.removeprefix("/cases/")


def addresses(page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'"(/cases/[0-9A-Z]{25}/files/[0-9a-f]{64})"', page)))


def in_tray(city: World) -> int:
    return len(starting(city[VILLAGE].parts.store.database(HERE), "tray:"))


# -- taking in -------------------------------------------------------------------------------------------------------


def test_scans_are_recorded_with_the_application_each_under_its_material(city: World, clerk: Visitor) -> None:
    case_no = recorded(
        clerk, ("scan-1", "身份证.jpg", PHOTO), ("scan-1", "反面.png", OTHER), ("scan-2", "合同.pdf", PDF)
    )
    assert clerk.status == 200
    found = file_of(city, case_no)
    assert [each[:2] for each in found] == [(1, "身份证.jpg"), (1, "反面.jpg"), (2, "合同.pdf")]
    assert found[2][2] == hashlib.sha256(PDF).hexdigest()
    state = city[VILLAGE].parts.casework.case(case_no)
    assert [each.event["event"] for each in state.timeline] == ["create", "receive", "attach", "forward"]
    assert "扫描件共 3 份，都在本机" in clerk.page
    assert len(addresses(clerk.page)) == 3


def test_what_was_scanned_was_handed_in_also_where_its_tick_was_forgotten(
    city: World, clerk: Visitor
) -> None:
    case_no = recorded(clerk, ("scan-1", "身份证.jpg", PHOTO), **{"material-1": ""})
    assert city[VILLAGE].parts.casework.case(case_no).materials[0]["got"] is True


def test_files_of_a_form_that_must_be_mended_are_kept_and_need_not_be_chosen_again(
    city: World, clerk: Visitor
) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    address, form = f"/items/{PERMIT.item_code}/record", clerk.form
    clerk.upload(
        address, ("scan-1", "身份证.jpg", PHOTO), ("scan-2", "合同.pdf", PDF), **application(form, phone="1")
    )
    assert clerk.status == 422
    assert "身份证.jpg" in clerk.page and "合同.pdf" in clerk.page
    clerk.upload(address, ("scan-1", "反面.jpg", OTHER), **application(form, phone="1", **{"drop-0001": "1"}))
    assert "合同.pdf" not in clerk.page
    assert in_tray(city) == 2
    clerk.send(address, **application(form))
    case_no = clerk.path.removeprefix("/cases/")
    assert [each[:2] for each in file_of(city, case_no)] == [(1, "身份证.jpg"), (1, "反面.jpg")]
    assert in_tray(city) == 0


def test_a_file_that_is_chosen_again_though_it_was_kept_is_there_once(city: World, clerk: Visitor) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    address, form, photo = f"/items/{PERMIT.item_code}/record", clerk.form, ("scan-1", "身份证.jpg", PHOTO)
    for _ in range(2):
        clerk.upload(
            address, photo, ("scan-2", "b.jpg", OTHER), **application(form, phone="1", **{"drop-0000": "1"})
        )
    assert in_tray(city) == 2, "and what was left out may be chosen again"
    clerk.upload(address, photo, photo, **application(form))
    case_no = clerk.path.removeprefix("/cases/")
    assert len(file_of(city, case_no)) == 2
    (event,) = [each for each in city[VILLAGE].parts.register.events(case_no) if each["event"] == "attach"]
    assert len(event["data"]["files"]) == 2


def test_kept_files_are_nobody_elses_and_go_when_their_draft_does(city: World, clerk: Visitor) -> None:
    recorded(clerk, ("scan-1", "身份证.jpg", PHOTO), phone="1")
    form = clerk.form
    tray = city[VILLAGE].parts.tray
    assert len(tray.take(form, "V001")) == 1
    assert tray.take(form, "V002") == {}
    city.tend(VILLAGE)
    assert in_tray(city) == 1
    city.time.pass_(hours=13)
    city.tend(VILLAGE)
    assert in_tray(city) == 1, "its form can still be gone on with"
    city[VILLAGE].parts.drafts.drop(form, "V001")
    city.time.pass_(minutes=11)
    city.tend(VILLAGE)
    assert in_tray(city) == 0


def test_a_double_click_keeps_everything_once(city: World, clerk: Visitor) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    form, page = clerk.form, clerk.page
    for _ in range(2):
        clerk.page = page
        clerk.upload(
            f"/items/{PERMIT.item_code}/record", ("scan-1", "身份证.jpg", PHOTO), **application(form)
        )
    case_no = clerk.path.removeprefix("/cases/")
    state = city[VILLAGE].parts.casework.case(case_no)
    assert [each.event["event"] for each in state.timeline].count("attach") == 1
    before = city[VILLAGE].parts.store.update_seq
    for _ in range(2):
        clerk.upload(f"/cases/{case_no}/files", ("scan", "again.jpg", PHOTO), material="1")
        assert clerk.status == 200
    assert city[VILLAGE].parts.store.update_seq == before, "it is there already"


def test_a_form_sent_once_more_with_another_scan_adds_it(city: World, clerk: Visitor) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    form, page = clerk.form, clerk.page
    for name, data in (("a.jpg", PHOTO), ("b.jpg", OTHER)):
        clerk.page = page
        clerk.upload(f"/items/{PERMIT.item_code}/record", ("scan-1", name, data), **application(form))
    assert [each[1] for each in file_of(city, clerk.path.removeprefix("/cases/"))] == ["a.jpg", "b.jpg"]


def test_what_is_no_scan_is_refused_in_words_and_all_else_is_saved(city: World, clerk: Visitor) -> None:
    case_no = recorded(
        clerk, ("scan-1", "表.xlsx", b"PK\x03\x04"), ("scan-1", "空.jpg", b""), ("scan-1", "a.jpg", PHOTO)
    )
    assert "已保存在本机" in clerk.page
    assert "“表.xlsx”不是能收的文件" in clerk.page
    assert "“空.jpg”是空文件" in clerk.page
    (case_no,) = set(re.findall(r"/cases/([0-9A-Z]{25})/receipt", clerk.page))
    assert [each[1] for each in file_of(city, case_no)] == ["a.jpg"]


def test_more_than_ten_at_once_are_told_apart(city: World, clerk: Visitor) -> None:
    case_no = record(city, PERMIT)
    clerk.open(f"/cases/{case_no}")
    sent = [("scan", f"{n}.pdf", scans.pdf(500, seed=n)) for n in range(MOST + 2)]
    clerk.upload(f"/cases/{case_no}/files", *sent, material="1")
    assert clerk.status == 422
    assert "一次最多添加 10 个文件，其余 2 个没有收下" in clerk.page
    assert len(file_of(city, case_no)) == MOST


def test_scans_are_added_later_from_afar_and_with_what_is_supplied(city: World, clerk: Visitor) -> None:
    case_no = record(city, PERMIT)
    clerk.open(f"/cases/{case_no}")
    clerk.upload(f"/cases/{case_no}/files", ("scan", "身份证.jpg", PHOTO), material="2")
    assert (clerk.status, [each[:2] for each in file_of(city, case_no)]) == (200, [(2, "身份证.jpg")])
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "notify_supplement", gaps="合同")
    city.sync(TOWNSHIP, VILLAGE)
    clerk.open(f"/cases/{case_no}")
    clerk.upload(f"/cases/{case_no}/supply", ("scan-1", "合同.pdf", PDF), note="补齐")
    assert clerk.status == 200
    state = city[VILLAGE].parts.casework.case(case_no)
    assert state.state == "received"
    assert [(each["material"], each["name"]) for each in state.files] == [(2, "身份证.jpg"), (1, "合同.pdf")]


@pytest.mark.parametrize(
    ("fields", "sent", "said"),
    [
        ({"material": "1"}, (), "请选择要添加的扫描件"),
        ({"material": "99"}, (("scan", "a.jpg", PHOTO),), "材料清单中没有第 99 项"),
        ({"material": "x"}, (("scan", "a.jpg", PHOTO),), "请选择要添加的扫描件"),
        ({}, (("scan-0", "a.jpg", PHOTO),), "请选择要添加的扫描件"),
    ],
)
def test_what_belongs_to_no_material_is_not_added(
    city: World, clerk: Visitor, fields: dict[str, str], sent: Any, said: str
) -> None:
    case_no = record(city, PERMIT)
    clerk.open(f"/cases/{case_no}")
    clerk.upload(f"/cases/{case_no}/files", *sent, **fields)
    assert clerk.status == 409
    assert said in clerk.page
    assert file_of(city, case_no) == []
    database = city[VILLAGE].parts.store.database(of_station(VILLAGE))
    assert database.all_docs("chunk:", "chunk;") == [], "what is refused leaves nothing behind"


def test_nothing_is_added_after_the_decision(city: World, clerk: Visitor) -> None:
    case_no = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    step(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    city.sync(TOWNSHIP, VILLAGE)
    assert "添加扫描件" not in clerk.open(f"/cases/{case_no}")
    clerk.upload(f"/cases/{case_no}/files", ("scan", "a.jpg", PHOTO), material="1")
    assert clerk.status == 409
    assert "不能“添加扫描件”" in clerk.page


def test_files_of_a_form_that_came_when_the_page_had_locked_are_kept(city: World, clerk: Visitor) -> None:
    clerk.open(f"/items/{PERMIT.item_code}/record")
    form = clerk.form
    city.time.now += timedelta(minutes=11)
    clerk.upload(f"/items/{PERMIT.item_code}/record", ("scan-1", "身份证.jpg", PHOTO), **application(form))
    assert "/sign-in" in clerk.path
    clerk.sign_in("V001")
    clerk.open("/sign-in/go-on")
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', clerk.page))
    fields.pop("csrf_token")
    clerk.send(f"/items/{PERMIT.item_code}/record", **fields)
    case_no = clerk.path.removeprefix("/cases/")
    assert [each[1] for each in file_of(city, case_no)] == ["身份证.jpg"]


# -- opening ---------------------------------------------------------------------------------------------------------


def asked(visitor: Visitor, address: str) -> httpx.Response:
    return visitor.client.get(address)


def test_a_scan_opens_as_what_it_is_and_nothing_in_it_runs(city: World, clerk: Visitor) -> None:
    case_no = recorded(clerk, ("scan-1", "张三 “正面”.jpg", PHOTO), ("scan-2", "合同.pdf", PDF))
    photo, contract = (asked(clerk, each) for each in addresses(clerk.page))
    assert (photo.headers["Content-Type"], photo.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert (contract.headers["Content-Type"], contract.content) == ("application/pdf", PDF)
    for answer in (photo, contract):
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    disposition = photo.headers["Content-Disposition"]
    assert re.fullmatch(
        r'inline; filename="[0-9A-Z]{25}-[0-9a-f]{8}\.jpeg"; filename\*=UTF-8' + r"''[A-Za-z0-9%._~-]+",
        disposition,
    )
    assert case_no in disposition


@pytest.mark.parametrize("name", [*PAYLOADS[:12], "a\r\nSet-Cookie: x=1", 'x"; filename="y.html'])
def test_a_hostile_name_breaks_neither_page_nor_header(city: World, clerk: Visitor, name: str) -> None:
    case_no = record(city, PERMIT)
    scan = files.Scan(1, name[:120] or "x", "application/pdf", PDF)
    city[VILLAGE].parts.casework.attach(case_no, city[VILLAGE].parts.appointments.staff("V001"), [scan])
    page = clerk.open(f"/cases/{case_no}")
    assert clerk.status == 200
    (address,) = addresses(page)
    answer = asked(clerk, address)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert re.fullmatch(
        r'inline; filename="[\w.-]+"; filename\*=UTF-8' + r"''[A-Za-z0-9%._~-]+",
        answer.headers["Content-Disposition"],
    )


def test_each_opening_is_logged_before_anything_is_sent(city: World, clerk: Visitor) -> None:
    case_no = recorded(clerk, ("scan-1", "身份证.jpg", PHOTO))
    (address,) = addresses(clerk.page)
    access = city[VILLAGE].parts.access
    assert access.count(Asked(act="file")) == 0, "no page shows one unasked"
    asked(clerk, address)
    (seen,) = access.entries(Asked(act="file"))
    assert (seen.staff, seen.case_no) == ("V001", case_no)
    assert "身份证.jpg" not in seen.reason, "names are nobody's business in the log"
    access.close()
    assert asked(clerk, address).status_code >= 500, "what can't be logged is not shown"


def test_supervisors_see_that_there_are_scans_and_open_none(city: World, clerk: Visitor) -> None:
    case_no = recorded(clerk, ("scan-1", "赵小明身份证.jpg", PHOTO))
    (address,) = addresses(clerk.page)
    city.sync(VILLAGE, TOWNSHIP)
    supervisor = city.visit(HUB).sign_in("S001")
    page = supervisor.open(f"/cases/{case_no}")
    assert "扫描件共 1 份" in page
    assert "赵小明" not in page
    assert addresses(page) == []
    assert asked(supervisor, address).status_code == 403
    for person in ("E001", "E003", "B001"):
        bureau = city.visit(HUB).sign_in(person)
        assert addresses(bureau.open(f"/cases/{case_no}")) == [address]
        assert asked(bureau, address).status_code == 200
    assert asked(city.visit(HUB).sign_in("X001"), address).status_code == 404, "another district's"
    assert asked(city.visit(NEIGHBOUR).sign_in("V002"), address).status_code == 404
    stranger = asked(city.visit(VILLAGE), address)
    assert (stranger.status_code, b"\xff\xd8" in stranger.content) == (302, False)


def test_no_other_file_is_found_by_its_digest(city: World, clerk: Visitor) -> None:
    mine = recorded(clerk, ("scan-1", "a.jpg", PHOTO))
    other = recorded(clerk, ("scan-1", "b.jpg", OTHER))
    (_, _, sha256), *_ = file_of(city, mine)
    assert asked(clerk, f"/cases/{other}/files/{sha256}").status_code == 404
    assert asked(clerk, f"/cases/{mine}/files/{'0' * 64}").status_code == 404
    assert asked(clerk, f"/cases/{mine}/files/..%2f{sha256}").status_code == 404


def test_a_file_on_its_way_is_told_of_and_is_no_error(city: World, clerk: Visitor) -> None:
    case_no = recorded(clerk, ("scan-1", "身份证.jpg", PHOTO))
    (address,) = addresses(clerk.page)
    database = city[VILLAGE].parts.store.database(of_station(VILLAGE))
    ids = [row.id for row in database.all_docs("chunk:", "chunk;")]
    database.purge({id: [rev for rev, _ in database.leaves(id)] for id in ids[:2]})
    page = clerk.open(f"/cases/{case_no}")
    assert re.search(r"还在路上：\d+/\d+ 片", page)
    assert "扫描件共 1 份，其中 1 份还在路上" in page
    assert addresses(page) == []
    answer = asked(clerk, address)
    assert answer.status_code == 202
    assert re.search(r"已到 \d+/\d+ 片", answer.text)
    assert city[VILLAGE].parts.access.count(Asked(act="file")) == 0


def test_no_name_and_nothing_of_a_file_is_in_the_log(
    city: World, clerk: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    name, inside = "欧阳珊麒510903199003070012", b"%PDF-1.4 canary canary %%EOF"
    recorded(
        clerk,
        *(
            ("scan-1", f"{name}.jpg", data)
            for data in (PHOTO, PHOTO[:9000], inside, b"canary", b"\xff\xd8\xff canary")
        ),
    )
    for address in (*addresses(clerk.page), f"/cases/{'0' * 25}/files/{'0' * 64}"):
        asked(clerk, address)
    assert name in clerk.page
    said = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert said
    assert not [line for line in said if name in line or "canary" in line]


# -- photos as they came ---------------------------------------------------------------------------------------------


def test_the_photo_as_it_came_stays_here_until_the_hub_has_confirmed_its_record(
    city: World, clerk: Visitor
) -> None:
    parts = city[VILLAGE].parts
    parts.settings = replace(parts.settings, keep_originals=True)
    recorded(clerk, ("scan-1", "身份证.jpg", PHOTO), ("scan-2", "合同.pdf", PDF))
    address = addresses(clerk.page)[0]
    assert asked(clerk, f"{address}?original=1").content == PHOTO
    city.time.pass_(minutes=2)
    city.tend(VILLAGE)
    assert asked(clerk, f"{address}?original=1").content == PHOTO
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    city.time.pass_(minutes=2)
    city.tend(VILLAGE)
    kept = asked(clerk, f"{address}?original=1").content
    assert kept == asked(clerk, address).content != PHOTO
    assert starting(parts.store.database(HERE), "original:") == {}
    for code in (TOWNSHIP, HUB):
        store = city[code].parts.store
        assert not any(
            row.id.startswith(("tray:", "original:"))
            for name in store.databases()
            for row in store.database(name).all_docs()
        )


def test_the_sync_page_tells_how_much_waits_to_go_up(city: World, clerk: Visitor) -> None:
    recorded(clerk, ("scan-1", "合同.pdf", scans.pdf(100_000)))
    assert re.search(r"还有 8 片，约 131 KB", clerk.open("/sync"))
    city.sync(VILLAGE, TOWNSHIP)
    assert "待传的扫描件" not in clerk.open("/sync")


# -- how large -------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path: Path) -> Iterator[World]:
    """The city on sockets, where bodies are bounded before a page sees them."""
    with small_city(tmp_path, sockets=True) as world:
        yield world


def test_only_who_is_signed_in_sends_much_and_only_where_scans_are_taken_in(served: World) -> None:
    case_no = record(served, PERMIT)
    clerk = served.visit(VILLAGE).sign_in("V001")
    large = scans.pdf(5_000_000)
    clerk.open(f"/cases/{case_no}")
    clerk.upload(f"/cases/{case_no}/files", ("scan", "合同.pdf", large), material="1")
    assert clerk.status == 200
    assert asked(clerk, addresses(clerk.page)[0]).content == large
    clerk.open(f"/cases/{case_no}")
    clerk.upload(f"/cases/{case_no}/withdraw", ("scan", "合同.pdf", large))
    assert clerk.status == 413
    assert "每个最大 20 MB" in clerk.page
    stranger = served.visit(VILLAGE)
    stranger.open("/sign-in")
    stranger.upload(f"/cases/{case_no}/files", ("scan", "合同.pdf", large), material="1")
    assert stranger.status == 413
    assert len(file_of(served, case_no)) == 1


def test_large_files_of_a_page_that_had_locked_are_kept_too(served: World) -> None:
    clerk = served.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/items/{PERMIT.item_code}/record")
    form = clerk.form
    served.time.now += timedelta(minutes=11)
    large = scans.pdf(2_000_000)
    clerk.upload(f"/items/{PERMIT.item_code}/record", ("scan-1", "合同.pdf", large), **application(form))
    assert "/sign-in" in clerk.path
    kept = served[VILLAGE].parts.tray.take(form, "V001").values()
    assert [blobs.whole(each.data) for each in kept] == [large]
