"""The annual report as a page: made when a supervisor asks, while pages go on; the same figures as the command, and as xlsx."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Iterator
from html import unescape
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook

from hub import report
from hub.annual import Made, Reports
from schemas.workdays import calendar
from tests.test_journey import INSTANT, record, step
from tests.world import BEGIN, HUB, TOWNSHIP, VILLAGE, Visitor, World, small_city


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("annual")) as world:
        case_no = record(world, INSTANT)
        world.sync(VILLAGE, TOWNSHIP)
        step(world, "E001", case_no, "accept", "instant_conclude", result="已核发")
        yield world


@pytest.fixture
def supervisor(city: World) -> Visitor:
    return city.visit(HUB).sign_in("S001")


def reports(city: World) -> Reports:
    found: Reports = city[HUB].app.extensions["bianmin-annual"]
    return found


def made(city: World, supervisor: Visitor, year: str = "2018") -> str:
    supervisor.open("/annual", year=year)
    supervisor.send("/annual", year=year)
    reports(city).wait()
    return supervisor.open("/annual", year=year)


def test_a_year_that_was_not_made_says_so(supervisor: Visitor) -> None:
    page = supervisor.open("/annual", year="2017")
    assert "本年度还没有汇总过" in page
    assert supervisor.open("/annual.xlsx", year="2017") == supervisor.page
    assert supervisor.path == "/annual"


def test_the_page_shows_what_the_command_prints(city: World, supervisor: Visitor) -> None:
    page = unescape(re.sub(r"<[^>]+>", "\n", made(city, supervisor)))
    shown = [line.strip() for line in page.splitlines() if line.strip()]
    lines = report.from_store(city[HUB].parts.store, 2018, calendar()).lines(2018)
    for line in lines:
        at = shown.index(line.name)
        assert line.figure.text() in shown[at : at + 8], line.name
    assert "按市中心" in page
    assert "达标" in page


def test_the_table_is_the_same_as_xlsx(city: World, supervisor: Visitor) -> None:
    made(city, supervisor)
    answer = supervisor.client.get("/annual.xlsx", params={"year": "2018"})
    rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    lines = report.from_store(city[HUB].parts.store, 2018, calendar()).lines(2018)
    assert [row[1] for row in rows[1:]] == [line.name for line in lines]
    assert [str(row[2]) for row in rows[1:]] == [line.figure.text() for line in lines]


def test_a_year_that_has_not_come_is_none(supervisor: Visitor) -> None:
    for year in ("2016", "2019", "soon"):
        supervisor.open("/annual", year=year)
        assert supervisor.status == (200 if year == "soon" else 404)


def test_while_one_is_made_pages_go_on_and_say_so(city: World, supervisor: Visitor) -> None:
    may_end = threading.Event()
    slow = Reports(lambda _year: (may_end.wait(30), ())[1], lambda: BEGIN)
    kept = city[HUB].app.extensions["bianmin-annual"]
    city[HUB].app.extensions["bianmin-annual"] = slow
    try:
        supervisor.open("/annual", year="2018")
        supervisor.send("/annual", year="2018")
        assert "正在汇总2018年度的全部办件" in supervisor.page
        assert supervisor.client.get("/annual").headers["Refresh"] == "3"
        slow.make(2017)
        assert slow.making == 2018, "one at a time"
    finally:
        may_end.set()
        slow.wait()
        city[HUB].app.extensions["bianmin-annual"] = kept
    assert (slow.making, slow.of(2018)) == (None, Made(BEGIN))


def test_one_that_can_not_be_made_says_why(city: World, supervisor: Visitor) -> None:
    def fails(_year: int) -> tuple[()]:
        raise ValueError("no holidays of 2018")

    broken = Reports(fails, lambda: BEGIN)
    broken.make(2018)
    broken.wait()
    found = broken.of(2018)
    assert found is not None
    assert found.failed == "no holidays of 2018"


def words_of(data: bytes) -> tuple[list[str], list[list[str]]]:
    """(paragraphs, rows of the table) of a Word document, by the words of its format alone."""
    name = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        for each in file.namelist():
            ElementTree.fromstring(file.read(each))  # every part is well formed
        body = ElementTree.fromstring(file.read("word/document.xml"))[0]

    def text(element: ElementTree.Element) -> str:
        return "".join(each.text or "" for each in element.iter(f"{name}t"))

    paragraphs = [text(each) for each in body.findall(f"{name}p")]
    return paragraphs, [[text(cell) for cell in row.findall(f"{name}tc")] for row in body.iter(f"{name}tr")]


def test_the_document_says_each_figure_in_a_sentence_and_in_its_table(
    city: World, supervisor: Visitor
) -> None:
    made(city, supervisor)
    answer = supervisor.client.get("/annual.docx", params={"year": "2018"})
    assert "attachment" in answer.headers["Content-Disposition"]
    paragraphs, rows = words_of(answer.content)
    lines = report.from_store(city[HUB].parts.store, 2018, calendar()).lines(2018)
    assert [row[1:3] for row in rows[1:]] == [[line.name, line.figure.text()] for line in lines]
    for line in lines:
        assert any(f"{line.name}{line.figure.text()}" in each for each in paragraphs), line.name
    assert "（一）持续推进“两集中两到位”" in paragraphs
    assert any(each.startswith("1．规范行政审批行为。") for each in paragraphs)
    assert supervisor.client.get("/annual.docx", params={"year": "2018"}).content == answer.content


def test_a_year_that_was_not_made_has_no_document(supervisor: Visitor) -> None:
    assert "本年度还没有汇总过" in supervisor.open("/annual.docx", year="2017")
    assert supervisor.path == "/annual"
