"""Whether the desk is open. A hub that was put back to an earlier day has forgotten what its stations have not: to decide
before they have told it would decide on half a case, or twice.

    here/healing    {"epoch": the epoch in which the desk is open, "since", "heard": [databases], "staff", "name", "reason", "at"}

A hub whose numbers are not its own any more goes on in a new epoch (`station.recovery`, `station.lives`); whenever the epoch
is not the one in which the desk was last open, it is closed until every station whose device may come in has been heard, by
itself or through its township, or until a person opens it with a reason, which stays on record. Reading goes on meanwhile.
Never decides what came back: that is proofs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from schemas.problems import N_, DomainError, Problem
from station.databases import HERE, of_station, station_of
from station.keys import Keys
from station.moment import Clock, stamp
from station.staff import Staff
from sync.serving import ServedStore

DOC: Final = "healing"
WHO_OPENS: Final = frozenset({"bureau_head"})


class Healing:
    """Asked before each step at the desk; told of each station that has said all it knows."""

    def __init__(self, store: ServedStore, keys: Keys, epoch: Callable[[], str], clock: Clock) -> None:
        self._store = store
        self._here = store.database(HERE, create=True)
        self._keys = keys
        self._epoch = epoch
        self._clock = clock
        self._lock = threading.Lock()
        self._open_in = ""
        # A new hub, or one from before there was such a record: nothing is known to be gone.
        if self._here.get(DOC) is None:
            self._write({"epoch": epoch()})

    def is_open(self) -> bool:
        """Whether cases may be decided now."""
        epoch = self._epoch()
        if self._open_in != epoch and self._kept()["epoch"] == epoch:
            self._open_in = epoch
        return self._open_in == epoch

    def missing(self) -> list[str]:
        """The stations that are still to be heard, by code; [] while the desk is open."""
        if self.is_open():
            return []
        heard = set(self._now()["heard"])
        codes = [code for name in self._store.databases() if (code := station_of(name)) is not None]
        return [code for code in codes if of_station(code) not in heard and self._keys.active(code)]

    def heard(self, db: str) -> None:
        """All that is known below of a station's database has come in. Opens the desk with the last of them."""
        if self.is_open():
            return
        with self._lock:
            doc = self._now()
            if db not in doc["heard"]:
                doc["heard"] = sorted({*doc["heard"], db})
                self._write(doc)
        if not self.missing():
            self._open(reason="", staff="", name="")

    def open_anyway(self, staff: Staff, reason: str) -> None:
        """A head of a bureau answers for it: DomainError without the right, or without a reason."""
        if not staff.roles & WHO_OPENS:
            raise DomainError(Problem("healing_who", N_("只有审批局负责人可以提前开放审批队列"), {}))
        if len(reason.strip()) < 5:
            raise DomainError(Problem("healing_reason", N_("请写明提前开放的理由（至少 5 个字）"), {}))
        self._open(reason=reason.strip(), staff=staff.employee_no, name=staff.name)

    def check(self) -> None:
        """DomainError while the desk is closed."""
        if not self.is_open():
            raise DomainError(
                Problem(
                    "healing",
                    N_(
                        "市中心数据从备份恢复，还有 {count} 个站点尚未补报，暂不能办理。请稍候，或请审批局负责人提前开放"
                    ),
                    {"count": len(self.missing())},
                )
            )

    def _open(self, **why: str) -> None:
        with self._lock:
            self._write({**self._now(), "epoch": self._epoch(), **why, "at": stamp(self._clock())})

    def _now(self) -> dict[str, Any]:
        """The record of this closing: begun anew where the last one was about another epoch."""
        kept, epoch = self._kept(), self._epoch()
        if kept.get("closed_in") == epoch:
            return kept
        return {"epoch": kept["epoch"], "closed_in": epoch, "since": stamp(self._clock()), "heard": []}

    def _kept(self) -> dict[str, Any]:
        kept = self._here.get(DOC)
        assert kept is not None
        return kept

    def _write(self, doc: dict[str, Any]) -> None:
        kept = self._here.get(DOC)
        told = {name: value for name, value in doc.items() if name != "_rev"}
        around = {"_id": DOC, "type": "healing", "schema": 1, **({"_rev": kept["_rev"]} if kept else {})}
        self._here.put({**told, **around})
