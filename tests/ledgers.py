"""Paper ledgers for tests: invented people with right check digits, a share of the rows wrong in known ways, written as xlsx."""

from __future__ import annotations

import io
import random
from datetime import date, timedelta
from typing import Any

import xlsxwriter
from stdnum.cn import ric

from schemas import offers, tables
from station.paper_sheet import COLUMNS
from tests.world import VILLAGE

Cells = dict[str, Any]
WRONG: dict[str, tuple[Cells, str]] = {
    "check digit": ({"id_no": "510903199003070013"}, "证件号码：身份证号码有误：应为18位，且与校验码、出生日期相符"),
    "no phone": ({"phone": ""}, "联系电话：请填写 11 位手机号，或带区号的座机号"),
    "future": ({"received": "2019-01-01"}, "收件日期：2019-01-01 在今天以后，请核对"),
    "no day": ({"received": "二月三十"}, "收件日期：不是日期：二月三十。请写成 2018-01-10 或 2018年1月10日"),
    "item": ({"item": "修火箭"}, "事项：本站没有可登记的事项“修火箭”，请按模板“本站事项”页的名称或编号填写"),
    "no name": ({"name": ""}, "申请人：请填写申请人姓名"),
    "rounded": ({"id_no": 510903199003070012.0}, "证件号码：表格软件只留下了前 15 位数字。请把这一列设为“文本”格式，再重新填写"),
    "no result": ({"item": "养犬登记信息采集", "done": "2018-02-01", "result": ""}, "办理结果：填了办结日期，还要填办理结果"),
    "other's": ({"item": "临时救助申请", "done": "2018-02-01", "result": "已办"}, "办结日期：这个事项由“南津路街道便民服务中心”办理，后面的情况由那里补录；本站只补录收件，请清空本列"),
}  # fmt: skip


def person(draw: random.Random) -> str:
    born = date(1950, 1, 1) + timedelta(days=draw.randrange(20_000))
    stem = f"510903{born:%Y%m%d}{draw.randrange(1, 999):03}"
    return stem + ric.calc_check_digit(stem + "0")


def row(n: int, draw: random.Random, **changes: Any) -> Cells:
    """A good row, at times of a case that is over."""
    modes = {"direct": [], "agency": []}  # type: ignore[var-annotated]
    for item, offer in offers.offers(tables.station(VILLAGE)):
        if offer.mode in modes and item.level in ("village", "township"):
            modes[offer.mode].append(item)
    own = draw.random() < 0.4
    item = draw.choice(modes["direct" if own else "agency"])
    received = date(2017, 3, 1) + timedelta(days=draw.randrange(300))
    cells = {
        "no": f"{received.year}-{n:05}", "received": received.isoformat(), "item": item.name if n % 2 else item.item_code,
        "name": "赵" + draw.choice("小大红明建国芳秀"), "id_no": person(draw), "phone": f"138{n:08}", "address": f"{n % 9 + 1}组",
        "accepted": "", "done": "", "result": "", "delivered": "", "receiver": "",
    }  # fmt: skip
    if own and item.category_code != "01" and draw.random() < 0.7:
        done = received + timedelta(days=0 if item.instant else draw.randrange(3))
        cells |= {"done": done.isoformat(), "result": "已办理"}
        if draw.random() < 0.5:
            cells |= {"delivered": done.isoformat(), "receiver": str(cells["name"])}
    return {**cells, **changes}


def ledger(count: int, wrong: int, seed: int = 7) -> tuple[list[Cells], dict[int, str]]:
    """(rows, what is to be said of the wrong ones by their number in the file): `wrong` of `count` rows."""
    draw = random.Random(seed)
    kinds = list(WRONG.values())
    places = set(draw.sample(range(count), wrong))
    rows, said = [], {}
    for n in range(count):
        changes: Cells = {}
        if n in places:
            changes, said[n + 2] = kinds[len(said) % len(kinds)]
        rows.append(row(n, draw, **changes))
    return rows, said


def xlsx(rows: list[Cells], headings: list[str] | None = None) -> bytes:
    """The file a clerk would send."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet()
    for place, heading in enumerate(headings or [each.heading + "*" * each.must for each in COLUMNS]):
        sheet.write(0, place, heading)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for n, cells in enumerate(rows, start=1):
        for place, each in enumerate(COLUMNS):
            cell = cells[each.name]
            if isinstance(cell, date):
                sheet.write_datetime(n, place, cell, day)
            elif isinstance(cell, str):
                sheet.write_string(n, place, cell)
            else:
                sheet.write_number(n, place, cell)
    book.close()
    return made.getvalue()
