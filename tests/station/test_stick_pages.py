"""The page of sticks: what it offers, what it says of what came, and each refusal in a clerk's words."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from station import stick_pages
from station.drives import Drive
from sync.errors import OurFault, SyncError
from sync.signing import Signer
from sync.stick.file import BadStick
from tests.station.test_stick import forged, read, written
from tests.test_journey import INSTANT, record
from tests.test_journey import step as steps_at_hub
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, Visitor, World, small_city


def fetched(visitor: Visitor, **fields: str) -> httpx.Response:
    """What the page's form gives to be saved."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.page)
    assert token
    return visitor.client.post("/stick/write", data={"csrf_token": token[1], **fields})


def brought(visitor: Visitor, data: bytes, name: str = "x.bianmin") -> str:
    """The page after this file was chosen and sent."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.page)
    assert token
    answer = visitor.client.post("/stick/read", data={"csrf_token": token[1]}, files={"file": (name, data)})
    visitor.page, visitor.status = answer.text, answer.status_code
    return visitor.page


def test_there_and_back_by_the_pages_alone(city: World) -> None:
    case_no = record(city, INSTANT)
    clerk, window = city.visit(VILLAGE).sign_in("V001"), city.visit(HUB).sign_in("E003")
    page = clerk.open("/stick")
    assert "写给遂宁市人民政府政务服务中心" in page
    assert "将写入 3 条记录，约 2 KB" in page
    assert "还没有读入过对方的文件" in page
    answer = fetched(clerk, station=HUB)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert (
        answer.headers["Content-Disposition"]
        == f'attachment; filename="bianmin-{VILLAGE}-{HUB}-0001.bianmin"'
    )
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert "赵小明".encode() not in answer.content

    assert "还没有读过哪个站的U盘" in window.open("/stick")
    page = brought(window, answer.content)
    assert "电江路社区便民服务站 于 2018-02-09 09:00 写的第 1 号" in page
    assert "共 3 条：新收 3 条，本机已有 0 条，没有收下 0 条" in page
    assert "写回执给电江路社区便民服务站：" in page
    steps_at_hub(city, "E001", case_no, "accept", "instant_conclude", result="已核发")
    page = brought(clerk, fetched(window, station=VILLAGE).content)
    assert "写的第 1 号" in page
    assert "写回执给" not in page, "nobody waits for an answer to an answer"
    assert "全部已送达市中心" in page
    assert "已办结" in clerk.open(f"/cases/{case_no}")
    assert "没有新的记录；只写回执和本机已有的情况" in clerk.open("/stick")


def test_what_leaves_and_what_comes_is_in_the_access_log(city: World) -> None:
    record(city, INSTANT)
    clerk, window = city.visit(VILLAGE).sign_in("V001"), city.visit(HUB).sign_in("E003")
    clerk.open("/stick")
    window.open("/stick")
    brought(window, fetched(clerk, station=HUB).content)
    left, came = city[VILLAGE].parts.access.entries()[0], city[HUB].parts.access.entries()[0]
    assert (left.act, left.staff, left.reason) == (
        "stick", "V001", "写给 遂宁市人民政府政务服务中心：3 条记录，已加密"
    )  # fmt: skip
    assert (came.act, came.staff, came.reason) == ("stick_in", "E003", "电江路社区便民服务站 的第 1 号")


def test_each_refusal_is_said_in_words_and_nothing_was_taken(city: World) -> None:
    record(city, INSTANT)
    window = city.visit(HUB).sign_in("E003")
    window.open("/stick")
    old, good = written(city, VILLAGE, HUB), written(city, VILLAGE, HUB)
    cases = [
        (b"PK", "这不是便民的U盘文件"),
        (b"", "这不是便民的U盘文件"),
        (good.replace(b"stick 1", b"stick 2", 1), "这个文件是用更新的版本写的"),
        (good[:-1], "文件不完整：复制没有结束就拔了U盘"),
        (good[:-40] + bytes(40), "文件被改动过，或者U盘有坏块"),
        (written(city, VILLAGE, TOWNSHIP), "这个文件不是写给本站这台电脑的"),
        (forged(city, VILLAGE, HUB, Signer(b"?" * 32)), "这是别的站的文件"),
    ]
    before = city[HUB].parts.store.update_seq
    for data, words in cases:
        page = brought(window, data)
        assert window.status == 422
        assert words in page
        assert "没有读入任何内容" in page
    assert city[HUB].parts.store.update_seq == before
    brought(window, good)
    assert "这个文件已经读过，不用再读。" in brought(window, good)
    assert "这是旧文件：同一站后来写的文件已经读过" in brought(window, old)


def test_every_way_in_which_a_file_is_bad_has_its_sentence() -> None:
    def all_of(kind: type[SyncError]) -> Iterator[type[SyncError]]:
        for each in kind.__subclasses__():
            yield each
            yield from all_of(each)

    known = {each.error for each in all_of(BadStick)} | {
        each.error for each in all_of(OurFault) if each.error.startswith("stick_")
    }
    assert known == set(stick_pages.SENTENCES)


def test_refused_records_are_listed_without_numbers(city: World) -> None:
    record(city, INSTANT)
    city[VILLAGE].parts.store.database(f"station-{VILLAGE}").put({"_id": "note-510903199003070012", "x": 1})
    window = city.visit(HUB).sign_in("E003")
    window.open("/stick")
    page = brought(window, written(city, VILLAGE, HUB))
    assert "没有收下 1 条" in page
    assert "may not write" in page
    assert "510903199003070012" not in page


def test_a_file_without_a_reader_s_key_is_not_written(city: World) -> None:
    window = city.visit(HUB).sign_in("E003")
    window.open("/stick")
    for code in ("510903001003", "1", "", "<b>", NEIGHBOUR[:11]):
        answer = fetched(window, station=code)
        assert answer.status_code == 422
        assert "还没有对方的密钥，不能写" in answer.text
        assert "没有读入任何内容" not in answer.text
        assert "<b>" not in answer.text


@pytest.fixture
def drive(city: World, tmp_path: Path) -> Path:
    folder = tmp_path / "U盘 16G"
    folder.mkdir()
    free = shutil.disk_usage(folder).free
    for code in (VILLAGE, HUB):
        city[code].parts.drives = lambda: [Drive(folder, folder.name, free)] if folder.exists() else []
    return folder


def test_where_the_stick_is_in_this_computer_it_is_written_right_onto_it(city: World, drive: Path) -> None:
    record(city, INSTANT)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "写到U盘 U盘 16G" in clerk.open("/stick")
    page = fetched(clerk, station=HUB, drive=str(drive)).text
    assert "已写完并读回核对" in page
    (path,) = drive.iterdir()
    assert path.name == f"bianmin-{VILLAGE}-{HUB}-0001.bianmin"
    assert path.name in page
    assert read(city, HUB, path.read_bytes()).new == 3
    # Nowhere else than onto a stick that is in.
    answer = fetched(clerk, station=HUB, drive=str(drive.parent))
    assert answer.status_code == 422
    assert "没有写成，U盘上没有留下文件" in answer.text
    shutil.rmtree(drive)
    assert "没有写成" in fetched(clerk, station=HUB, drive=str(drive)).text
    assert not drive.exists()


def test_a_file_on_a_stick_in_this_computer_is_shown_and_read_with_one_click(
    city: World, drive: Path
) -> None:
    clerk = city.visit(VILLAGE).sign_in("V001")
    for name, data in (
        ("a", written(city, HUB, VILLAGE)),
        ("b", written(city, HUB, TOWNSHIP)),  # somebody else's
        ("c", b"bianmin stick 1\nwhat"),
        ("d", forged(city, HUB, VILLAGE, Signer(b"?" * 32))),  # in the hub's name
    ):
        (drive / f"{name}.bianmin").write_bytes(data)
    page = clerk.open("/stick")
    assert page.count("读入这个文件") == 1
    assert "遂宁市人民政府政务服务中心 于 2018-02-09 09:00 写的第 1 号" in page
    path = str(drive / "a.bianmin")
    assert "已读入" in clerk.send("/stick/read", found=path)
    assert "读入这个文件" not in clerk.open("/stick")
    # Nothing else of this computer can be named.
    (drive.parent / "other.bianmin").write_bytes(written(city, HUB, VILLAGE))
    for other in (path, str(drive / "b.bianmin"), str(drive.parent / "other.bianmin"), "/etc/passwd"):
        clerk.open("/stick")
        assert "没有读入任何内容" in clerk.send("/stick/read", found=other)
        assert clerk.status == 422


def test_nobody_at_another_computer_sees_the_sticks_in_this_one(city: World, drive: Path) -> None:
    far = httpx.WSGITransport(app=city[HUB].app, remote_addr="10.0.0.9")
    with httpx.Client(base_url="http://127.0.0.1", transport=far) as client:
        window = Visitor(client).sign_in("E003")
        if "U盘传送" not in window.open("/stick"):
            pytest.skip("served over TLS only")
        assert "U盘 16G" not in window.page
        assert fetched(window, station=VILLAGE, drive=str(drive)).status_code == 422
    assert list(drive.iterdir()) == []


def test_a_large_file_is_taken_from_who_is_signed_in_and_from_nobody_else(tmp_path: Path) -> None:
    large = b"bianmin stick 1\n" + bytes(3_000_000)
    with small_city(tmp_path, sockets=True) as city:
        window = city.visit(HUB).sign_in("E003")
        window.open("/stick")
        assert "文件被改动过" in brought(window, large)
        stranger = city.visit(HUB)
        stranger.open("/sign-in")
        brought(stranger, large)
        assert stranger.status in (302, 400)
