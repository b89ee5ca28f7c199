"""Tables for spreadsheet programs, as csv and as xlsx: the one way in which lists leave a server. Reads nothing, decides nothing.

A cell that somebody else filled must not become a formula when a clerk opens the file: `=HYPERLINK(…)` would call out,
`=cmd|…` start a program. So a text that begins like one, also after blanks and in full-width form, gets an apostrophe
before it. Numbers stay numbers; in a csv a row of 12 digits or more, or one that begins with 0, is marked as a text, since
spreadsheets would round the one and shorten the other.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

import xlsxwriter

Cell = str | int | float | None

CSV: Final = "text/csv; charset=utf-8"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS: Final = 20_000
"""More than anybody reads, and about 100 MB of memory as xlsx."""

_STARTERS: Final = frozenset("=+-@\t\r\n＝＋－﹣−﹢﹦﹫＠")  # the look-alikes are what it is about
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{12,}|0[0-9]+", re.ASCII)
_CONTROLS: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
)  # not allowed in XML, of no use in a cell


def harmless(text: str) -> str:
    """The text as a cell that is no formula."""
    text = _CONTROLS.sub("", text)
    if _NUMBER.fullmatch(text):
        return text
    # Blanks and invisible characters before it do not keep every program from reading a formula.
    seen = next((ch for ch in text if ch in _STARTERS or not _invisible(ch)), "")
    return "'" + text if seen in _STARTERS and seen else text


def _invisible(ch: str) -> bool:
    return ch.isspace() or unicodedata.category(ch) in ("Cf", "Cc", "Mn")


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with the mark by which Excel knows it, lines end as it expects."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    for row in (header, *rows):
        lines.writerow([_csv_cell(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def _csv_cell(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    # In a csv file nothing tells a text from a number: a case number would be rounded, a telephone would lose its first 0.
    return "'" + cell if _DIGITS.fullmatch(cell) else harmless(cell)


def as_xlsx(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """One sheet, the header fixed. Texts are texts in it and nothing else; made in memory, so that no file stays behind."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(
        made,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    widths = [0] * len(header)
    for n, row in enumerate((header, *rows)):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                text = harmless(cell)
                sheet.write_string(n, column, text, bold if n == 0 else None)
                widths[column] = max(widths[column], min(60, _width(text)))
            elif cell is not None:
                sheet.write_number(n, column, cell)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width + 2)
    book.close()
    return made.getvalue()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in text[:60])
