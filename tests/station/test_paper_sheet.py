"""Files that are sent as paper ledgers: what is none, holds macros, or would unpack without end is refused in words, and soon."""

from __future__ import annotations

import io
import time
import zipfile
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.problems import DomainError
from station import paper_sheet
from tests import ledgers

ROW = ledgers.row(1, Random(1))


def packed(parts: dict[str, bytes], into: bytes = b"") -> bytes:
    made = io.BytesIO(into)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    return made.getvalue()


def why_not(data: bytes) -> str:
    with pytest.raises(DomainError) as error:
        list(paper_sheet.read(data))
    return str(error.value)


def test_a_row_is_read_as_it_was_written() -> None:
    assert list(paper_sheet.read(ledgers.xlsx([ROW]))) == [(2, ROW)]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "这不是 xlsx 文件"),
        (b"no,received\r\n1,2018-01-10\r\n", "这不是 xlsx 文件"),
        (packed({"word/document.xml": b"<a/>"}), "这不是 xlsx 文件"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "旧格式（xls）或加了密码"),
        (packed({"xl/vbaProject.bin": b"x"}, ledgers.xlsx([ROW])), "文件里有宏，不能导入"),
        (packed({"xl/media/x.bin": bytes(65 << 20)}, ledgers.xlsx([ROW])), "文件展开后太大"),
        (packed({f"xl/media/{n}": b"" for n in range(400)}, ledgers.xlsx([ROW])), "文件展开后太大"),
        (bytes(11 << 20), "文件超过 10 MB"),
        (ledgers.xlsx([ROW])[:-200], "这不是 xlsx 文件"),
        (packed({"xl/workbook.xml": b"<a"}), "这个文件读不出来"),
        (ledgers.xlsx([ROW], ["a", "b", "c"]), "表头缺这些列：台账编号、收件日期、事项、申请人、证件号码、联系电话"),
        (ledgers.xlsx([]), "表里没有内容"),
    ],
    ids=["empty", "csv", "docx", "xls", "macro", "bomb", "parts", "large", "cut", "broken", "headings", "no rows"],
)  # fmt: skip
def test_what_is_no_ledger_is_refused_in_words(data: bytes, sentence: str) -> None:
    began = time.monotonic()
    assert sentence in why_not(data)
    assert time.monotonic() - began < 5


def test_a_sheet_of_entities_that_multiply_is_refused() -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{lol}]><sst><si><t>&l9;</t></si></sst>'.encode()
    )
    source = zipfile.ZipFile(io.BytesIO(ledgers.xlsx([ROW])))
    parts = {name: source.read(name) for name in source.namelist()}
    assert "读不出来" in why_not(packed({**parts, "xl/sharedStrings.xml": bomb}))


def test_more_rows_than_a_file_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_sheet, "MOST_ROWS", 3)
    assert "一个文件最多 3 行" in why_not(ledgers.xlsx([ROW] * 4))
    assert len(list(paper_sheet.read(ledgers.xlsx([ROW] * 3)))) == 3


@given(st.text(max_size=40))
def test_what_is_taken_back_to_be_mended_is_what_came(text: str) -> None:
    row = {**dict.fromkeys(ROW, ""), "no": "1", "address": text}
    ((_, once),) = paper_sheet.read(ledgers.xlsx([row]))
    ((_, back),) = paper_sheet.read(paper_sheet.refused([(2, once, "原因")]))
    assert back == once


@given(st.binary(max_size=300))
def test_no_bytes_at_all_are_an_unexpected_error(data: bytes) -> None:
    assert why_not(data)
