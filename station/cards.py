"""Household cards: who lives together, how they are related, where they are reached; kept by the clerk who knows them.

    here/card:<handle>    {"station", "staff", "at", "name", "id_type", "id_no", "phone", "address", "household", "relation"}

One card a person; those with one `household` are one household. Of this server alone, and never synced: a village knows its own.
What is found by them is station.people's. Kept until a clerk deletes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.problems import N_
from station.databases import HERE
from station.moment import Clock, stamp
from station.people import CARD, People, Person
from station.staff import Staff
from sync.serving import ServedStore

RELATIONS: Final[Mapping[str, str]] = {
    "head": N_("户主"), "spouse": N_("配偶"), "child": N_("子女"), "parent": N_("父母"), "grandparent": N_("祖父母"),
    "grandchild": N_("孙子女"), "sibling": N_("兄弟姐妹"), "other": N_("其他"),
}  # fmt: skip
"""To the head of the household (GB/T 4761 has 60 of them; these are what a form asks for)."""


class Cards:
    """Of one server."""

    def __init__(
        self, store: ServedStore, people: People, clock: Clock, random: Callable[[int], bytes]
    ) -> None:
        self._db = store.database(HERE, create=True)
        self._people = people
        self._clock = clock
        self._random = random

    def of(self, id_no: str) -> dict[str, Any] | None:
        """The card of whoever has this number, as it is kept; None without one."""
        return self._db.get(CARD + self._people.handle(id_no))

    def save(
        self, staff: Staff, id_no: str, fields: Mapping[str, str], *, with_: Person | None = None
    ) -> str:
        """Writes the card of whoever has this number, and returns their handle. `with_`: of whose household they are; who has no card
        yet gets one as its head."""
        handle = self._people.handle(id_no)
        old = self.of(id_no) or {}
        household = str(old.get("household", ""))
        if with_ is not None:
            household = with_.household or self._random(16).hex()
            if not with_.household:
                known = {name: getattr(with_, name) for name in ("name", "id_type", "phone", "address")}
                self._put(staff, with_.id_no, {"relation": "head", **known, "household": household})
        self._put(staff, id_no, {"relation": "", **fields, "household": household})
        return handle

    def delete(self, id_no: str) -> None:
        """Forgets the card. What cases say of the person stays with them."""
        if (old := self.of(id_no)) is not None:
            self._db.put({"_id": old["_id"], "_rev": old["_rev"], "_deleted": True})
            self._people.tend()  # it follows the deletion; nothing of a purge can be followed
            self._db.purge({old["_id"]: [rev for rev, _ in self._db.leaves(old["_id"])]})

    def _put(self, staff: Staff, id_no: str, fields: Mapping[str, str]) -> None:
        old = self.of(id_no)
        body = {
            "_id": CARD + self._people.handle(id_no), "type": "card", "schema": 1, "station": staff.station,
            "staff": staff.employee_no, "at": stamp(self._clock()), "id_no": id_no, **fields,
        }  # fmt: skip
        self._db.put({**body, "_rev": old["_rev"]} if old else body)
