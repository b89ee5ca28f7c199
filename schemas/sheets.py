"""The sheets that departments' own systems take cases in by: which columns in which order (data/export_sheets.csv), and what a
folded case says in each.

    department   as in items.csv, without what stands behind it in brackets; 全部 is every department's
    column       as that department's system calls it
    source       one of SOURCES below

Sheets are for Chinese systems and in Chinese only. What a cell says is read from the case as its reader sees it
(documents.views): nothing here masks, and nothing is a formula (that is the exporter's).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Final, NamedTuple

from schemas import numbers, tables
from schemas.lifecycle import STATE_NAMES, CaseState
from schemas.problems import DomainError
from schemas.shipped import rows

ALL: Final = "全部"
RESULTS: Final[Mapping[str, str]] = {"granted": "准予许可", "denied": "不予许可", "concluded": "办结"}
SEXES: Final[Mapping[str, str]] = {"male": "男", "female": "女"}


class Column(NamedTuple):
    """heading, and where its cells come from (SOURCES)."""

    heading: str
    source: str


@cache
def sheets() -> Mapping[str, tuple[Column, ...]]:
    """The columns of each department's sheet, in order."""
    found: dict[str, tuple[Column, ...]] = {}
    for row in rows("export_sheets"):
        if row["source"] not in SOURCES:
            raise KeyError(row["source"])
        found[row["department"]] = (*found.get(row["department"], ()), Column(row["column"], row["source"]))
    return found


@cache
def departments(sheet: str) -> frozenset[str]:
    """The departments of items.csv whose cases are on this sheet: 残联、民政 are two of them, 农业（畜牧） is one of 农业."""
    return frozenset(
        item.department
        for item in tables.items().values()
        if sheet == ALL or sheet in re.sub("（.*?）", "", item.department).split("、")
    )


def line(sheet: str, n: int, state: CaseState) -> list[str | int]:
    """The cells of a case, the n-th of its sheet, in the sheet's order. `state`: as its reader sees it."""
    return [n if each.source == "n" else SOURCES[each.source](state) for each in sheets()[sheet]]


def _applicant(name: str) -> Callable[[CaseState], str]:
    return lambda state: str((state.applicant or {}).get(name, ""))


def _item(name: str) -> Callable[[CaseState], str]:
    return lambda state: str((state.item or {}).get(name, ""))


def _identity(state: CaseState) -> numbers.IdNo | None:
    """The identity number read; None where it is masked, or an enterprise's."""
    try:
        return numbers.id_no(_applicant("id_no")(state))
    except DomainError:
        return None


def _sex(state: CaseState) -> str:
    found = _identity(state)
    return SEXES[found.sex] if found else ""


def _birth(state: CaseState) -> str:
    found = _identity(state)
    return found.birth.isoformat() if found else ""


def _day(moment: datetime | date | None) -> str:
    return moment.isoformat()[:10] if moment else ""


def _station(code: str) -> str:
    found = tables.stations().get(code)
    return found.name if found else code


SOURCES: Final[Mapping[str, Callable[[CaseState], str]]] = {
    "n": lambda _state: "",
    "case_no": lambda state: state.case_no,
    "item": _item("name"),
    "department": _item("department"),
    "name": _applicant("name"),
    "id_no": _applicant("id_no"),
    "sex": _sex,
    "birth": _birth,
    "phone": lambda state: state.phone,
    "address": lambda state: state.address,
    "state": lambda state: STATE_NAMES.get(state.state, state.state),
    "result": lambda state: RESULTS.get(state.result or "", ""),
    "receiver": lambda state: state.receiver,
    "received_on": lambda state: _day(state.received_at),
    "accepted_on": lambda state: _day(state.accepted_at),
    "decided_on": lambda state: _day(state.decided_at),
    "delivered_on": lambda state: _day(state.delivered_at),
    "station": lambda state: _station(state.origin_station),
    "current": lambda state: _station(state.current_station),
}
"""What a cell may come from."""
