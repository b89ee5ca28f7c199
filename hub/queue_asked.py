"""Which part of a queue somebody asked for, as an address says it: read, checked, turned into a question to the register. Pure.

    /desk?bureau=…&zone=…&stage=…&item=…&department=…&town=…&priority=…&overdue=1&mine=1

Who may see which bureau is the caller's: it comes in as `codes`. Asks nothing itself, and knows no wording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from schemas import priorities, tables, worklists
from schemas.catalogue import Catalogue
from schemas.tables import Item
from station import words

NAMES: Final = ("bureau", "zone", "stage", "item", "department", "town", "priority", "overdue", "mine")
_COLUMNS: Final = {
    "zone": "queue.zone", "stage": "queue.stage", "item": "item_code", "department": "department", "town": "town",
    "priority": "priority",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What a queue is narrowed to; "" for all."""

    bureau: str = ""
    zone: str = ""
    stage: str = ""
    item: str = ""
    department: str = ""
    town: str = ""
    priority: str = ""
    overdue: str = ""
    mine: str = ""

    @classmethod
    def read(cls, args: Mapping[str, str], codes: Sequence[str], book: Catalogue) -> Asked | None:
        """What the address asks, of the items of `book`; None where it names something that does not exist, or a bureau that is not theirs to see."""
        asked = cls(**{name: args.get(name, "").strip() for name in NAMES})
        towns = {code for code, each in tables.stations().items() if each.level == "township"}
        known = {
            "bureau": codes, "zone": words.ZONES, "stage": worklists.STAGES, "item": book.codes(), "priority": priorities.NAMES,
            "department": departments(codes, book), "town": {*towns, *codes}, "overdue": ("1",), "mine": ("1",),
        }  # fmt: skip
        return asked if all(value in ("", *known[name]) for name, value in asked.given.items()) else None

    @property
    def given(self) -> dict[str, str]:
        """What is asked for, by name, without what is not."""
        return {name: value for name in NAMES if (value := getattr(self, name))}

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked that has no tab of its own."""
        return bool(self.given.keys() - {"bureau", "zone", "stage"})

    def where(self, codes: Sequence[str], staff: str, now: str) -> tuple[str, list[Any]]:
        """(where, args) for the register's queue. `now`: as a stamp; a case is overdue from the day after its due date on."""
        chosen = [self.bureau] if self.bureau else list(codes)
        where, args = f"current IN ({','.join('?' * len(chosen))})", list(chosen)
        for name, column in _COLUMNS.items():
            if value := getattr(self, name):
                where, args = f"{where} AND {column} = ?", [*args, value]
        if self.overdue:
            where, args = where + " AND due < ?", [*args, now[:10]]
        if self.mine:
            where, args = where + " AND claims.staff = ? AND claims.until > ?", [*args, staff, now]
        return where, args


def items(codes: Sequence[str], book: Catalogue) -> list[Item]:
    """What these bureaus decide, each in its newest version."""
    divisions = {code[:6] for code in codes}
    newest = (item for code in book.codes() if (item := book.item(code)))
    return [item for item in newest if item.division_code in divisions]


def departments(codes: Sequence[str], book: Catalogue) -> list[str]:
    """The departments whose items these bureaus decide."""
    return sorted({each.department for each in items(codes, book)})


def text(asked: Asked) -> str:
    """As the end of an address, the same for the same question."""
    return urlencode(asked.given)


def of_text(kept: str, codes: Sequence[str], book: Catalogue) -> Asked | None:
    """The question of such an end of an address; None as in read."""
    return Asked.read(dict(parse_qsl(kept)), codes, book)
