"""Visits of who supervises (明查暗访): planned, what was found, and when the visited are told.

    plan ─ told beforehand ─> an inspection in the logbook of the station ── findings, done ─> the station puts it right
         └ unannounced ─────> here alone ─ findings, done ─ release ───────> likewise

    here/visit:<form>    an unannounced visit until it is released: it is never replicated, so nobody at the visited can find it

Does and keeps; shows nothing. What an inspection may say is schemas.inspections'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from schemas import tables
from schemas.inspections import PLANNED
from schemas.problems import N_, DomainError, Problem
from station.databases import HERE, is_logged, logged_as
from station.logbook import Document, Keeper
from station.moment import Clock, stamp
from station.register import Register
from station.staff import Staff
from sync.errors import Conflict
from sync.serving import ServedStore, starting

PREFIX: Final = "visit:"
TYPE: Final = "inspection"
CHANGED: Final = Problem("visit_changed", N_("这次检查刚被别人改过，请重新打开后再改"))

Change = Callable[[Document], dict[str, Any] | Problem]


class Visits:
    """Of one hub."""

    def __init__(self, store: ServedStore, register: Register, keeper: Keeper, clock: Clock) -> None:
        self._here = store.database(HERE, create=True)
        self._register = register
        self._keeper = keeper
        self._clock = clock

    def plan(
        self, staff: Staff, form: str, kind: str, station: str, on: date | None, inspectors: list[str], reason: str
    ) -> str:  # fmt: skip
        """Plans a visit; its key. DomainError where it lacks something. Sent twice it is planned once."""
        for problem in (
            None if kind in PLANNED else Problem("no_visit_kind", N_("请选择检查方式")),
            None if on is not None else Problem("no_visit_day", N_("请填写检查日期")),
            None if inspectors else Problem("no_inspectors", N_("请填写检查人员")),
            _own(staff, station) if kind == "unannounced" else None,
        ):
            if problem is not None:
                raise DomainError(problem)
        assert on is not None
        said = {
            "station": station, "kind": kind, "planned_on": on.isoformat(), "inspectors": inspectors, **({"reason": reason} if reason else {}),
        }  # fmt: skip
        if kind != "unannounced":
            return self._keeper.keep(station, staff, TYPE, form, lambda _txn, before: before or said)
        key = logged_as(station, form)
        if self.of(key) is None:
            first = {"created_at": stamp(self._clock()), "created_by": staff.employee_no}
            self._here.put({"_id": PREFIX + form, "type": TYPE, "schema": 1, **said, **first, "form": form})
        return key

    def hidden(self) -> list[dict[str, Any]]:
        """The visits that nobody there is to know of yet, each with its key, the next first."""
        found = ({**doc, "key": _key(doc)} for doc in starting(self._here, PREFIX).values())
        return sorted(
            (each for each in found if self._register.logbook.get(each["key"]) is None),
            key=lambda each: (str(each["planned_on"]), each["key"]),
        )

    def of(self, key: str) -> dict[str, Any] | None:
        """A visit or patrol by its key, and "hidden": whether those there are not to know of it."""
        if not is_logged(key):
            return None
        self._register.catch_up()
        doc = self._register.logbook.get(key)
        if doc is not None:
            return {**doc, "hidden": False} if doc.get("type") == TYPE else None
        kept = self._here.get(PREFIX + key.rpartition(":")[2])
        return {**kept, "key": key, "hidden": True} if kept is not None and _key(kept) == key else None

    def say(self, staff: Staff, key: str, change: Change) -> None:
        """Says something further of a visit. DomainError says why not."""
        visit = self.of(key)
        assert visit is not None
        if visit["hidden"]:
            self._put({**_changed(change, visit), "updated_at": stamp(self._clock())})
            return
        self._keeper.keep(
            str(visit["station"]), staff, TYPE, str(visit["form"]),
            lambda _txn, before: _changed(change, before or visit),
        )  # fmt: skip

    def release(self, staff: Staff, key: str) -> None:
        """Tells those who were visited. DomainError where the visit is not done."""
        visit = self.of(key)
        if visit is None or not visit["hidden"]:
            return  # they know
        if not visit.get("done_at"):
            raise DomainError(Problem("visit_open", N_("请先结束检查，再公布")))
        around = ("hidden", "type", "schema", "updated_at")
        said = {name: value for name, value in visit.items() if name not in around}
        said["visible_from"] = stamp(self._clock())
        self._keeper.keep(
            str(visit["station"]), staff, TYPE, str(visit["form"]), lambda _txn, before: before or said
        )
        self._forget(visit)

    def drop(self, key: str) -> None:
        """Forgets an unannounced visit that did not take place. DomainError where something was found, or they know of it."""
        visit = self.of(key)
        if visit is None or not visit["hidden"] or visit.get("findings") or visit.get("done_at"):
            raise DomainError(Problem("visit_drop", N_("只有还没有开始的暗访可以取消")))
        self._forget(visit)

    def _forget(self, visit: Mapping[str, Any]) -> None:
        self._here.purge({str(visit["_id"]): [str(visit["_rev"])]})

    def _put(self, visit: Mapping[str, Any]) -> None:
        try:
            self._here.put({name: value for name, value in visit.items() if name not in ("key", "hidden")})
        except Conflict:
            raise DomainError(CHANGED) from None


def _changed(change: Change, doc: Document) -> dict[str, Any]:
    found = change(doc)
    if isinstance(found, Problem):
        raise DomainError(found)
    return found


def _key(visit: Mapping[str, Any]) -> str:
    return logged_as(str(visit["station"]), str(visit["form"]))


def _own(staff: Staff, station: str) -> Problem | None:
    """Who works there would know of it."""
    if staff.station == station and tables.station(station).level != "city":
        return Problem("own_visit", N_("本单位的暗访由市级安排"))
    return None


def may_see(staff: Staff, visit: Mapping[str, Any]) -> bool:
    """Whether somebody who supervises may know of a visit: the city of all; a district of its own places, but not of one that its own
    house is not to know of."""
    own, place = tables.station(staff.station), tables.station(str(visit["station"]))
    if own.level == "city":
        return True
    return own.district_code == place.district_code and not (visit["hidden"] and own.code == place.code)
