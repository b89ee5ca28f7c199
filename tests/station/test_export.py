"""Tables for spreadsheet programs: no cell becomes a formula, numbers stay numbers, and what is read back is what was put in."""

from __future__ import annotations

import csv
import io
import zipfile
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station import export

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1+1", "－1+1", "＠SUM(A1)", "  =1+1", "\ufeff=1+1",
    "\u200b=cmd|' /C calc'!A0", "\u3000=1", '=HYPERLINK("http://evil.example","x")', "−1+1",
]  # fmt: skip
NUMBERS = ["0", "-5", "+5", "3.14", "-0.5", "13800001234"]
NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_csv(made: bytes) -> list[list[str]]:
    assert made.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")))


def read_xlsx(made: bytes) -> tuple[list[list[str]], list[str]]:
    """(the cells' texts, the names of elements in cells)"""
    with zipfile.ZipFile(io.BytesIO(made)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        strings = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        assert not [name for name in book.namelist() if "externalLink" in name or "hyperlink" in name.lower()]
    shared = ["".join(each.itertext()) for each in strings]
    rows, elements = [], []
    for row in sheet.iter(f"{NAMESPACE}row"):
        cells = []
        for cell in row:
            value = cell.findtext(f"{NAMESPACE}v", "")
            cells.append(shared[int(value)] if cell.get("t") == "s" else value)
            elements += [each.tag.removeprefix(NAMESPACE) for each in cell]
        rows.append(cells)
    return rows, elements


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_is_a_text(text: str) -> None:
    assert export.harmless(text).startswith("'")
    assert read_csv(export.as_csv(["a"], [[text]]))[1][0].startswith("'")
    rows, elements = read_xlsx(export.as_xlsx(["a"], [[text]]))
    assert rows[1][0].startswith("'")
    assert set(elements) == {"v"}


@pytest.mark.parametrize(
    "text", [*NUMBERS, "赵小明", "", "三组12号", "a=1", "2018-02-09 09:00", "http://x.example"]
)
def test_numbers_and_common_texts_stay_as_they_are(text: str) -> None:
    assert export.harmless(text) == text
    assert read_csv(export.as_csv(["a", "b"], [[text, "b"]]))[1][0] == text


def test_a_number_given_as_a_number_stays_one() -> None:
    rows, _ = read_xlsx(export.as_xlsx(["n", "m"], [[-5, None], [2.5, "x"]]))
    assert rows[1] == ["-5"]
    assert rows[2] == ["2.5", "x"]
    assert read_csv(export.as_csv(["n"], [[-5]]))[1] == ["-5"]


def test_long_rows_of_digits_are_not_rounded() -> None:
    assert read_csv(export.as_csv(["n"], [["5109030010012018020900017"]]))[1] == [
        "'5109030010012018020900017"
    ]
    assert read_xlsx(export.as_xlsx(["n"], [["5109030010012018020900017"]]))[0][1] == [
        "5109030010012018020900017"
    ]


@pytest.mark.parametrize("number", ["08252222222", "510903001001", "510903199003070012", "0001"])
def test_numbers_that_name_something_stay_as_they_are(number: str) -> None:
    assert read_csv(export.as_csv(["n"], [[number]]))[1] == ["'" + number]
    assert read_xlsx(export.as_xlsx(["n"], [[number]]))[0][1] == [number]


def test_quotes_line_breaks_and_commas_survive_a_csv() -> None:
    text = 'say "hello",\r\nthen go'
    assert read_csv(export.as_csv(["a"], [[text]]))[1] == [text]


@given(st.text(max_size=60))
def test_no_text_at_all_becomes_a_formula(text: str) -> None:
    (cell,) = read_csv(export.as_csv(["a"], [[text]]))[1] or [""]
    seen = cell.lstrip()
    assert not seen.startswith(tuple("=@＝＠＋－")) and (
        not seen.startswith(("+", "-")) or export._NUMBER.fullmatch(cell)
    )


@given(st.lists(st.lists(st.text(max_size=10), min_size=2, max_size=2), max_size=4))
def test_any_text_makes_a_sheet_that_opens(table: list[list[str]]) -> None:
    rows, elements = read_xlsx(export.as_xlsx(["a", "b"], table))
    assert len(rows) == 1 + len([row for row in table if any(row)]) or len(rows) >= 1
    assert set(elements) <= {"v"}
