"""From a row of a paper ledger to the steps of a case: is it well filled, what happened when, and by what it is known again. Pure.

    row ─> Entry or what is wrong, column by column ─> (event, data) … in the order they happened, each with its day on paper

Whether the steps are allowed is schemas.lifecycle's to say, which casework asks of these as of any other; here is only what a
row of cells must hold. A row is known again by its own words, whatever file it comes in:

    form     of station, ledger number, day, identity number and item: one such row makes one case
    digest   of all its cells: the same row once more is passed over, a changed one is told
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple

from schemas import offers, tables
from schemas.catalogue import InForce
from schemas.problems import N_, Problem
from station import forms
from station.casework import Application
from station.paper_sheet import COLUMNS, LONGEST_CELL, LOST_DIGITS

EARLIEST: Final = date(1990, 1, 1)
OPINION: Final = "依据纸质台账补录"
_DAY: Final = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?|(\d{4})(\d{2})(\d{2})", re.ASCII
)
_HEADINGS: Final = {each.name: each.heading for each in COLUMNS}


class Wrong(NamedTuple):
    """What is wrong with a row: in which column ("" for the row as a whole), and what to do."""

    column: str
    problem: Problem


@dataclass(frozen=True)
class Entry:
    """A well-filled row. `done` and what follows are None or "" where it has not come so far."""

    application: Application
    no: str
    digest: str
    received: date
    accepted: date | None
    done: date | None
    result: str
    delivered: date | None
    receiver: str

    def steps(
        self, create: Mapping[str, Any], receive: Mapping[str, Any], staff: str, *, instant: bool
    ) -> list[tuple[str, dict[str, Any]]]:
        """What happened, in order, each step with its day on paper. `create`, `receive`: the data of these as of any
        application; `staff`: who enters it, and stands for whoever reviewed; `instant`: whether its item is done at once."""
        received = _on(self.received)
        paper = {"no": self.no, "digest": self.digest}
        found: list[tuple[str, dict[str, Any]]] = [
            ("create", {**create, "paper": paper, **received}),
            ("receive", {**receive, **received}),
        ]
        if self.accepted is not None:
            found.append(("accept", _on(self.accepted)))
            if not instant:
                found.append(("assign", {"to": staff, **_on(self.accepted)}))
        if self.done is not None:
            on, result = _on(self.done), {"result": self.result}
            if instant:
                found.append(("instant_conclude", {**result, **on}))
            else:
                said = {"opinion": OPINION, **on}
                found += [("pass_step", said), ("grant", said), ("conclude", {**result, **on})]
        if self.delivered is not None:
            found.append(("deliver", {"receiver": self.receiver, **_on(self.delivered)}))
        return found


def _on(day: date) -> dict[str, Any]:
    return {"on_paper": day.isoformat()}


@lru_cache(maxsize=32)
def items_of(station: str, of: InForce) -> Mapping[str, str]:
    """What may stand in the column 事项 of this station: code by code, and by name as it is read."""
    found: dict[str, str] = {}
    for item, offer in of.offers(tables.station(station)):
        if offer.mode in offers.OPENS_CASES:
            found[item.item_code] = item.item_code
            # Of two items of one name neither can be meant.
            name = _plain(item.name)
            found[name] = "" if name in found else item.item_code
    return {each: code for each, code in found.items() if code}


def entry(row: Mapping[str, str], station: str, of: InForce) -> Entry | list[Wrong]:
    """What a row says, or all that is wrong with it. `of`: the catalogue today."""
    wrong: list[Wrong] = []
    for name, cell in row.items():
        if cell == LOST_DIGITS:
            wrong.append(
                Wrong(
                    name,
                    Problem(
                        "digits_lost",
                        N_("表格软件只留下了前 15 位数字。请把这一列设为“文本”格式，再重新填写"),
                    ),
                )
            )
        elif len(cell) > LONGEST_CELL:
            wrong.append(
                Wrong(name, Problem("too_long", N_("最多 {max} 个字，请缩短"), {"max": LONGEST_CELL}))
            )
    row = {name: "" if cell == LOST_DIGITS else cell for name, cell in row.items()}
    days = {
        name: _day(row[name], name, of.day, wrong) for name in ("received", "accepted", "done", "delivered")
    }
    if not row["no"] and not _told(wrong, "no"):
        wrong.append(Wrong("no", Problem("no_missing", N_("请填写台账编号，用来认出重复的行"))))
    elif len(row["no"]) > 40:
        wrong.append(Wrong("no", Problem("too_long", N_("最多 {max} 个字，请缩短"), {"max": 40})))
    if not row["received"] and not _told(wrong, "received"):
        wrong.append(Wrong("received", Problem("day_missing", N_("请填写收件日期"))))
    offered = items_of(station, of)
    code = offered.get(row["item"]) or offered.get(_plain(row["item"]), "")
    if not code:
        text = (
            N_("本站没有可登记的事项“{name}”，请按模板“本站事项”页的名称或编号填写")
            if row["item"]
            else N_("请填写事项")
        )
        wrong.append(Wrong("item", Problem("item_unknown", text, {"name": row["item"][:50]})))
    lines, received = of.materials(code), days["received"]
    filled, _, problems = forms.application(_typed(row, lines), lines)
    wrong += [Wrong(name, each) for name, each in problems.items() if not _told(wrong, name)]
    wrong += _in_order(row, days, of.item(code), tables.station(station), of)
    if wrong or received is None:
        return wrong
    got = frozenset(each.seq for each in lines)
    filled["form"] = _digest([station, row["no"], received.isoformat(), filled["id_no"], code])[:32]
    return Entry(
        application=Application(item_code=code, got=got, **filled),
        no=row["no"],
        digest=_digest([row[each.name] for each in COLUMNS]),
        received=received,
        accepted=days["accepted"] or (days["done"] and received),
        done=days["done"],
        result=row["result"],
        delivered=days["delivered"],
        receiver=row["receiver"],
    )


def heading(column: str) -> str:
    """What a column is called in the sheet."""
    return _HEADINGS.get(column, "")


def _typed(row: Mapping[str, str], lines: Sequence[tables.Material]) -> dict[str, str]:
    """As the record form would bring it. That papers were complete and the privacy notice given, the clerk says for the whole ledger."""
    ticks = {f"material-{each.seq}": "1" for each in lines}
    told = {name: row[name] for name in ("name", "id_no", "phone", "address")}
    return {**told, **ticks, "form": "0" * 32, "privacy_notice": "1"}


def _in_order(
    row: Mapping[str, str],
    days: Mapping[str, date | None],
    item: tables.Item | None,
    station: tables.Station,
    of: InForce,
) -> list[Wrong]:
    """What is missing or the wrong way round in what became of it."""
    wrong = []
    offer = of.offer(item, station) if item else None
    if offer is not None and offer.decided_at != station.code:
        for name in ("accepted", "done", "result", "delivered", "receiver"):
            if row[name]:
                decider = tables.stations()[offer.decided_at].name
                text = N_("这个事项由“{decider}”办理，后面的情况由那里补录；本站只补录收件，请清空本列")
                return [Wrong(name, Problem("not_ours", text, {"decider": decider}))]
    needs = (("done", "result", N_("填了办结日期，还要填办理结果")), ("delivered", "receiver", N_("填了送达日期，还要填签收人")),
             ("result", "done", N_("填了办理结果，还要填办结日期")), ("receiver", "delivered", N_("填了签收人，还要填送达日期")),
             ("delivered", "done", N_("填了送达日期，还要填办结日期和办理结果")))  # fmt: skip
    wrong += [
        Wrong(missing, Problem("step_missing", text))
        for there, missing, text in needs
        if row[there] and not row[missing]
    ]
    for name, limit in (("receiver", 100),):
        if len(row[name]) > limit:
            wrong.append(Wrong(name, Problem("too_long", N_("最多 {max} 个字，请缩短"), {"max": limit})))
    before: tuple[str, date] | None = None
    for name in ("received", "accepted", "done", "delivered"):
        day = days[name]
        if day is not None and before is not None and day < before[1]:
            text = N_("{day}早于{before}，请核对")
            wrong.append(
                Wrong(
                    name, Problem("day_order", text, {"day": _HEADINGS[name], "before": _HEADINGS[before[0]]})
                )
            )
        if day is not None:
            before = name, day
    return wrong


def _day(cell: str, name: str, today: date, wrong: list[Wrong]) -> date | None:
    if not cell:
        return None
    found = _DAY.fullmatch(cell.removesuffix(" 00:00:00"))
    try:
        day = date(*(int(each) for each in (found.groups() if found else ()) if each))
    except (ValueError, TypeError):
        wrong.append(
            Wrong(
                name,
                Problem(
                    "day_wrong",
                    N_("不是日期：{cell}。请写成 2018-01-10 或 2018年1月10日"),
                    {"cell": cell[:20]},
                ),
            )
        )
        return None
    if not EARLIEST <= day <= today:
        text = N_("{cell} 在今天以后，请核对") if day > today else N_("{cell} 太早，请核对年份")
        wrong.append(Wrong(name, Problem("day_range", text, {"cell": cell[:20]})))
        return None
    return day


def _told(wrong: list[Wrong], column: str) -> bool:
    return any(each.column == column for each in wrong)


def _plain(name: str) -> str:
    return re.sub(r"[\s（）()《》“”、，,]", "", name)


def _digest(words: list[str]) -> str:
    return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()


def told(wrong: list[Wrong], say: Any) -> str:
    """All that is wrong with a row as one text; `say` puts a problem into words."""
    return "；".join(
        f"{heading(each.column)}：{say(each.problem)}" if each.column else str(say(each.problem))
        for each in wrong
    )
