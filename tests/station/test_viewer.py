"""The scans of a case one after another: for whom a scan opens, in the order of the materials, and none that was taken off."""

from __future__ import annotations

import re

import pytest

from station.access import Asked
from station.databases import of_case
from sync import pieces
from tests.station.test_scans import OTHER, PDF, PHOTO, asked, file_of, recorded
from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def three(clerk: Visitor, city: World) -> tuple[str, list[str]]:
    """A case, and its scans in the order of their materials, which is not the one they were chosen in."""
    case_no = recorded(
        clerk, ("scan-2", "合同.pdf", PDF), ("scan-1", "身份证.jpg", PHOTO), ("scan-3", "证明.jpg", OTHER)
    )
    return case_no, [sha256 for _, _, sha256 in sorted(file_of(city, case_no))]


def test_the_case_page_leads_to_the_first_and_each_to_its_neighbours(city: World, clerk: Visitor) -> None:
    case_no, (first, second, third) = three(clerk, city)
    (start,) = set(re.findall(rf"/cases/{case_no}/look/([0-9a-f]+)", clerk.open(f"/cases/{case_no}")))
    assert start == first

    def look(sha256: str) -> tuple[str, list[str]]:
        page = clerk.open(f"/cases/{case_no}/look/{sha256}")
        return page, re.findall(rf'data-key="(Arrow\w+)" href="/cases/{case_no}/look/([0-9a-f]+)"', page)

    page, ways = look(first)
    assert "第 1／3 份" in page and f'<img class="bm-look" src="/cases/{case_no}/files/{first}"' in page
    assert ways == [("ArrowRight", second)]
    page, ways = look(second)
    assert ways == [("ArrowLeft", first), ("ArrowRight", third)]
    assert "打开 PDF" in page and "<img" not in page
    assert look(third)[1] == [("ArrowLeft", second)]


def test_what_was_taken_off_is_not_among_them(city: World, clerk: Visitor) -> None:
    case_no, (first, second, third) = three(clerk, city)
    clerk.open(f"/cases/{case_no}")
    clerk.send(f"/cases/{case_no}/files/{second}/detach", material="2", reason="扫错了人")
    assert "第 1／2 份" in clerk.open(f"/cases/{case_no}/look/{first}") and third in clerk.page
    assert asked(clerk, f"/cases/{case_no}/look/{second}").status_code == 404
    assert asked(clerk, f"/cases/{case_no}/look/{'0' * 64}").status_code == 404


def test_the_page_alone_shows_nothing_and_what_it_shows_is_logged_once(city: World, clerk: Visitor) -> None:
    case_no, (first, *_) = three(clerk, city)
    access = city[VILLAGE].parts.access
    clerk.open(f"/cases/{case_no}/look/{first}")
    assert access.count(Asked(act="file")) == 0
    asked(clerk, f"/cases/{case_no}/files/{first}")
    assert access.count(Asked(act="file")) == 1


def test_what_is_on_its_way_says_how_far_it_is(city: World, clerk: Visitor) -> None:
    case_no, (first, *_) = three(clerk, city)
    city.sync(VILLAGE, TOWNSHIP)
    database = city[HUB].parts.store.database(of_case(case_no))
    lacking = list(database.all_docs(pieces.PREFIX, pieces.PREFIX + "\uffff", 100))
    database.purge({each.id: [each.rev] for each in lacking})
    page = city.visit(HUB).sign_in("E001").open(f"/cases/{case_no}/look/{first}")
    assert "文件还在路上" in page and "<img" not in page


def test_who_supervises_looks_at_none(city: World, clerk: Visitor) -> None:
    case_no, (first, *_) = three(clerk, city)
    city.sync(VILLAGE, TOWNSHIP)
    supervisor = city.visit(HUB).sign_in("S001")
    assert "/look/" not in supervisor.open(f"/cases/{case_no}")
    assert asked(supervisor, f"/cases/{case_no}/look/{first}").status_code == 403
    assert asked(city.visit(HUB).sign_in("X001"), f"/cases/{case_no}/look/{first}").status_code == 404
