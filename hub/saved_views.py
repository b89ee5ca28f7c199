"""What a person calls the parts of a queue they often look at: kept at the hub, for them alone.

    here/views:<employee_no>   {"views": [{"name": "商事登记超期", "asked": "zone=…&overdue=1"}]}

Knows nothing of what an address asks; that is queue_asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.problems import N_, DomainError, Problem
from station.databases import HERE
from sync.errors import Conflict
from sync.serving import ServedStore

MOST: Final = 12
LONGEST: Final = 20  # characters of a name


class View(NamedTuple):
    name: str
    asked: str


class SavedViews:
    """Everybody's; one small document each."""

    def __init__(self, store: ServedStore) -> None:
        self._here = store.database(HERE, create=True)

    def of(self, employee_no: str) -> list[View]:
        """What this person kept, in the order they did."""
        kept: Mapping[str, list[dict[str, str]]] = self._here.get(f"views:{employee_no}") or {}
        return [View(each["name"], each["asked"]) for each in kept.get("views", [])]

    def keep(self, employee_no: str, name: str, asked: str) -> None:
        """Keeps one more, or the same name for another question. DomainError without a name, and for more than `MOST`."""
        name = " ".join(name.split())
        if not name or len(name) > LONGEST:
            raise DomainError(Problem("view_name", N_("请给视图起个名字，最多 {max} 个字"), {"max": LONGEST}))
        others = [each for each in self.of(employee_no) if each.name != name]
        if len(others) >= MOST:
            raise DomainError(
                Problem("views_many", N_("最多保存 {max} 个视图，请先删除不用的"), {"max": MOST})
            )
        self._write(employee_no, [*others, View(name, asked)])

    def drop(self, employee_no: str, name: str) -> None:
        """Forgets it; nothing where there is none."""
        self._write(employee_no, [each for each in self.of(employee_no) if each.name != name])

    def _write(self, employee_no: str, views: list[View]) -> None:
        id_ = f"views:{employee_no}"
        kept = self._here.get(id_)
        body = {"_id": id_, "type": "queue_views", "schema": 1, "views": [each._asdict() for each in views]}
        try:
            self._here.put({**body, "_rev": kept["_rev"]} if kept else body)
        except Conflict:
            raise DomainError(Problem("views_twice", N_("视图刚在另一处改过，请再试一次"), {})) from None
