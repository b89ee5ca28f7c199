"""The file of a paper ledger (台账): its columns, an empty one to fill in, one read row by row, and one with the rows that were refused.

    xlsx ─> bounds (size, unpacked size, no macros, no password) ─> header found ─> rows as texts, with the numbers they have in the file

Knows what a cell may hold and nothing of items or cases: that is station.paper_ledger.
"""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, BinaryIO, Final, NamedTuple

import xlsxwriter

from schemas.problems import N_, DomainError, Problem
from station.export import harmless

MOST_ROWS: Final = 10_000
MOST_BYTES: Final = 10 * 1024 * 1024
MOST_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of all parts together; 10,000 full rows have about 15 MB."""
MOST_PARTS: Final = 300
LONGEST_CELL: Final = 500
HEADER_WITHIN: Final = 10  # rows: titles stand above it

LOST_DIGITS: Final = "\u0000lost"
"""Stands for a number of which the program that wrote the file has kept 15 digits."""


class Column(NamedTuple):
    """name: as the rest of the program calls it; heading: as it stands in the sheet; must: never empty; about: how to fill it."""

    name: str
    heading: str
    must: bool
    about: str
    example: str


# Chinese in both languages: it is what stands in the file.
COLUMNS: Final = (
    Column("no", "台账编号", True, "纸质台账上的编号，一本台账里不能重复", "2018-001"),
    Column("received", "收件日期", True, "如 2018-01-10 或 2018年1月10日", "2018-01-10"),
    Column("item", "事项", True, "按“本站事项”页里的名称或编号填写", "（见“本站事项”页）"),
    Column("name", "申请人", True, "姓名或单位名称", "赵小明"),
    Column("id_no", "证件号码", True, "18 位身份证号或统一社会信用代码", "510903199003070012"),
    Column("phone", "联系电话", True, "11 位手机号，或带区号的座机号", "13800001234"),
    Column("address", "联系地址", False, "", "三组12号"),
    Column("accepted", "受理日期", False, "本站办理的事项才填；已办结而空着的，按收件日期算", "2018-01-10"),
    Column("done", "办结日期", False, "本站办理的事项才填；还没有办结的空着", "2018-01-10"),
    Column("result", "办理结果", False, "填了办结日期就要填", "已登记"),
    Column("delivered", "送达日期", False, "还没有交给申请人的空着", "2018-01-10"),
    Column("receiver", "签收人", False, "填了送达日期就要填", "赵小明"),
)
REASON: Final = "原因（改好后可连本列一起再导入）"

Row = tuple[int, Mapping[str, str]]
"""The number a row has in its file, and its cells by the columns' names; "" for an empty one."""


def read(data: bytes | BinaryIO) -> Iterator[Row]:
    """The rows that have anything in them, one after the other; DomainError for what is no ledger of ours, at the first row or later."""
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    _check(file)
    file.seek(0)
    from openpyxl import load_workbook  # for who imports; a start need not wait for it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it passes over: drawings, conditional formats
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                yield from _rows(book.worksheets[0])
            finally:
                book.close()
    except DomainError:
        raise
    except (
        Exception
    ) as error:  # the format has a thousand ways to be broken, and the reader as many exceptions
        raise DomainError(Problem("sheet_broken", N_("这个文件读不出来，可能没有存完。请在表格软件里打开，另存为 xlsx 再试"))) from error  # fmt: skip


def _check(file: BinaryIO) -> None:
    """Nothing is unpacked before the parts' sizes are known; a part that is larger than it says ends with an error of its own."""
    file.seek(0, io.SEEK_END)
    if file.tell() > MOST_BYTES:
        raise DomainError(Problem("sheet_large", N_("文件超过 {max} MB。请删掉图片和多余的工作表，或者分成几个文件"), {"max": MOST_BYTES >> 20}))  # fmt: skip
    file.seek(0)
    if file.read(8) == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise DomainError(
            Problem("sheet_old", N_("这是旧格式（xls）或加了密码的文件。请在表格软件里去掉密码，另存为 xlsx"))
        )
    file.seek(0)
    try:
        parts = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise DomainError(
            Problem("sheet_not", N_("这不是 xlsx 文件。请用下载的模板填写，存为 xlsx"))
        ) from None
    if any("vbaproject" in part.filename.lower() or (part.filename.lower().endswith(".bin") and "macro" in part.filename.lower()) for part in parts):  # fmt: skip
        raise DomainError(Problem("sheet_macro", N_("文件里有宏，不能导入。请另存为不带宏的 xlsx")))
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise DomainError(
            Problem("sheet_bomb", N_("文件展开后太大，不能导入。请新建一个表，只把台账内容粘贴过去"))
        )
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise DomainError(Problem("sheet_not", N_("这不是 xlsx 文件。请用下载的模板填写，存为 xlsx")))


def _rows(sheet: Any) -> Iterator[Row]:
    places: dict[str, int] = {}
    header, count = 0, 0
    last = HEADER_WITHIN + MOST_ROWS * 2
    # A sheet may claim a million rows and columns; what lies beyond is no ledger.
    for n, cells in enumerate(sheet.iter_rows(max_row=last, max_col=60, values_only=True), start=1):
        if not header:
            places = _places(cells)
            if len(places) >= 3:
                header = n
                _complete(places)
            elif n >= HEADER_WITHIN:
                break
            continue
        row = {each.name: _text(cells[places[each.name]]) if places.get(each.name, 99) < len(cells) else "" for each in COLUMNS}  # fmt: skip
        if not any(row.values()):
            continue
        count += 1
        if count > MOST_ROWS:
            raise DomainError(
                Problem("sheet_long", N_("一个文件最多 {max} 行，请分成几个文件"), {"max": MOST_ROWS})
            )
        yield n, row
    if not header:
        _complete(places)
    if not count:
        raise DomainError(Problem("sheet_empty", N_("表里没有内容。请在表头下面逐行填写后再导入")))


def _places(cells: Sequence[Any]) -> dict[str, int]:
    named = {each.heading: each.name for each in COLUMNS}
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        heading = re.sub(r"[\s*＊]|[（(].*?[)）]", "", cell) if isinstance(cell, str) else ""
        if heading in named:
            found.setdefault(named[heading], place)
    return found


def _complete(places: Mapping[str, int]) -> None:
    missing = [each.heading for each in COLUMNS if each.must and each.name not in places]
    if missing:
        raise DomainError(Problem("sheet_header", N_("第一张工作表的表头缺这些列：{names}。请用下载的模板，不要改表头"), {"names": "、".join(missing)}))  # fmt: skip


def _text(cell: Any) -> str:
    """A cell as somebody would read it: days as 2018-01-10, numbers without what the program adds to them."""
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        if abs(cell) >= 10**15:
            return LOST_DIGITS
        return str(int(cell)) if cell == int(cell) else str(cell)
    text = unicodedata.normalize("NFC", str(cell)).replace("\u0000", "")
    text = "".join(
        ch for ch in text if ch in "\n\t" or unicodedata.category(ch) not in ("Cc", "Cf", "Cs")
    ).strip()
    # As harmless() leaves what is taken away.
    return (text[1:] if text[:1] == "'" and harmless(text[1:]) == text else text)[: LONGEST_CELL + 1]


def template(items: Iterable[tuple[str, str]]) -> bytes:
    """An empty ledger to fill in, with how to, and the (code, name) of the items that may stand in it."""
    made, book = _book()
    bold, text = book.add_format({"bold": True, "bg_color": "#F7EFE9"}), book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("台账")
    sheet.freeze_panes(1, 0)
    for place, each in enumerate(COLUMNS):
        # As texts, or the program would round identity numbers.
        sheet.set_column(place, place, 22 if each.name in ("item", "id_no", "address") else 14, text)
        sheet.write_string(0, place, each.heading + ("*" if each.must else ""), bold)
    about = book.add_worksheet("填写说明")
    for place, (width, heading) in enumerate(((12, "列"), (8, "必填"), (60, "说明"), (24, "例"))):
        about.set_column(place, place, width, text)
        about.write_string(0, place, heading, bold)
    for n, each in enumerate(COLUMNS, start=1):
        for place, cell in enumerate((each.heading, "是" if each.must else "", each.about, each.example)):
            about.write_string(n, place, cell)
    listed = book.add_worksheet("本站事项")
    listed.set_column(0, 0, 14, text)
    listed.set_column(1, 1, 60, text)
    for place, heading in enumerate(("编号", "名称")):
        listed.write_string(0, place, heading, bold)
    for n, item in enumerate(items, start=1):
        for place, cell in enumerate(item):
            listed.write_string(n, place, cell)
    book.close()
    return made.getvalue()


def refused(rows: Iterable[tuple[int, Mapping[str, str], str]]) -> bytes:
    """The rows that were not taken, with the number they had and why, in a shape that can be mended and imported again."""
    made, book = _book()
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("台账")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(COLUMNS), 16, text)
    sheet.set_column(len(COLUMNS), len(COLUMNS), 80, text)
    for place, heading in enumerate((*(each.heading for each in COLUMNS), REASON, "原行号")):
        sheet.write_string(0, place, heading, bold)
    for n, (number, row, why) in enumerate(rows, start=1):
        for place, each in enumerate(COLUMNS):
            cell = row[each.name]
            sheet.write_string(n, place, "" if cell == LOST_DIGITS else harmless(cell), text)
        sheet.write_string(n, len(COLUMNS), harmless(why))
        sheet.write_number(n, len(COLUMNS) + 1, number)
    book.close()
    return made.getvalue()


def _book() -> tuple[io.BytesIO, Any]:
    made = io.BytesIO()
    plain = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    return made, xlsxwriter.Workbook(made, plain)
