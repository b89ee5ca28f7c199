"""Imports of paper ledgers: a file that came is judged row by row, shown, and, once somebody says so, entered a few rows at a time
while the server runs. A power cut in between costs nothing and repeats nothing: it goes on where it was, and a row that is a case
already is passed over (station.paper_ledger).

    here/paper:<id>        {"staff", "at", "name", "stage", "next", "entered", "known", "good", "total", "wrong": [[row, why] …], "stopped"}
    here/paper-file:<id>   file "data": as it came

      checked ──confirm──> going ──> done
                              └────> stopped     whoever confirmed it works here no more, say

Kept for a day, for whoever sent it, and never synced: what became of it is the cases. What a cell means is station.paper_ledger's,
what may be entered casework's.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from schemas.problems import N_, Problem
from schemas.tables import Station
from station import duties, paper_ledger, paper_sheet
from station.appointments import Appointments
from station.casework import Casework, Known
from station.databases import HERE
from station.moment import Clock, read, stamp
from station.paper_ledger import Entry, Wrong
from station.paper_sheet import Row
from station.staff import Staff
from sync import blobs
from sync.serving import ServedStore, starting

log = logging.getLogger("bianmin.paper")

PREFIX: Final = "paper:"
FILE: Final = "paper-file:"
KEPT: Final = timedelta(days=1)
BATCH: Final = 20
"""Rows of one transaction: about as long as a save may take, for a clerk who saves has to wait for it."""

Say = Callable[[Problem], str]


@dataclass(frozen=True)
class Import:
    """How far one has come. wrong: (row in the file, why); good: rows that can be entered, or could."""

    id: str
    staff: str
    name: str
    stage: str
    next: int
    entered: int
    known: int
    good: int
    total: int
    wrong: tuple[tuple[int, str], ...]
    stopped: str


class PaperImports:
    """Of one server."""

    def __init__(
        self, store: ServedStore, casework: Casework, appointments: Appointments, here: Station, clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self._db = store.database(HERE, create=True)
        self._casework = casework
        self._appointments = appointments
        self._here = here
        self._clock = clock
        self._random = random
        self._going: tuple[str, list[tuple[int, Entry]]] | None = None
        self._looked: datetime | None = None

    def check(self, staff: Staff, name: str, data: bytes, say: Say) -> str:
        """Judges a file and keeps it; its id. DomainError for what is no ledger. Nothing is entered."""
        good = known = 0
        wrong: list[tuple[int, str]] = []
        for n, found in self._judged(paper_sheet.read(data), staff):
            if isinstance(found, Entry):
                good += 1
            elif isinstance(found, Known):
                known += 1
            else:
                wrong.append((n, paper_ledger.told(found, say)))
        id = self._random(16).hex()
        file = {"content_type": "application/octet-stream", "data": base64.b64encode(data).decode()}
        self._db.put({"_id": FILE + id, "type": "paper_file", "schema": 1, "_attachments": {"data": file}})
        self._db.put(
            {
                "_id": PREFIX + id, "type": "paper", "schema": 1, "staff": staff.employee_no, "at": stamp(self._clock()), "name": name,
                "stage": "checked", "next": 0, "entered": 0, "known": known, "good": good, "total": good + known,
                "wrong": [list(each) for each in wrong], "stopped": "",
            }
        )  # fmt: skip
        return id

    def get(self, id: str, staff: str) -> Import | None:
        """One of this person's."""
        doc = self._db.get(PREFIX + id)
        return _read(doc) if doc is not None and doc["staff"] == staff else None

    def all(self, staff: str) -> list[Import]:
        """This person's, the newest first."""
        found = [doc for doc in starting(self._db, PREFIX).values() if doc["staff"] == staff]
        return [_read(doc) for doc in sorted(found, key=lambda doc: str(doc["at"]), reverse=True)]

    def confirm(self, id: str, staff: str) -> None:
        """From now on its good rows are entered."""
        doc = self._db.get(PREFIX + id)
        if doc is not None and doc["staff"] == staff and doc["stage"] == "checked":
            # Those known already are met again on the way, and counted then.
            self._db.put({**doc, "stage": "going", "known": 0})
            self._looked = None

    def drop(self, id: str, staff: str) -> None:
        """Forgets one that is not going on."""
        doc = self._db.get(PREFIX + id)
        if doc is not None and doc["staff"] == staff and doc["stage"] != "going":
            self._forget(id)

    def refused(self, id: str) -> bytes:
        """The rows that were not taken, as a file to mend."""
        doc = self._db.get(PREFIX + id)
        assert doc is not None
        why = dict(doc["wrong"])
        return paper_sheet.refused(
            (n, row, why[n]) for n, row in paper_sheet.read(self._data(id)) if n in why
        )

    def tend(self) -> None:
        """Enters the next few rows of what was confirmed, and forgets what is old. Quick where there is nothing to do."""
        now = self._clock()
        if self._looked is not None and abs(now - self._looked) < timedelta(minutes=1) and not self._going:
            return
        self._looked = now
        going = False
        for id, doc in starting(self._db, PREFIX).items():
            if doc["stage"] == "going":
                going = True
                self._go_on(id.removeprefix(PREFIX), doc)
                break
            if abs(now - read(doc["at"])) > KEPT:
                self._forget(id.removeprefix(PREFIX))
        if not going:
            self._going = None

    def _go_on(self, id: str, doc: dict[str, Any]) -> None:
        staff = self._appointments.staff(doc["staff"])
        if staff is None or not duties.may(staff, "record", self._here):
            self._db.put({**doc, "stage": "stopped", "stopped": str(Problem("no_staff", GONE))})
            return
        if self._appointments.problem() is not None:
            return  # goes on with the next lease
        if self._going is None or self._going[0] != id:
            self._going = (id, list(self._entries(id, doc, staff)))
        rows = self._going[1]
        batch = rows[doc["next"] : doc["next"] + BATCH]
        entered, known, wrong = doc["entered"], doc["known"], list(doc["wrong"])
        for (n, _), outcome in zip(
            batch, self._casework.enter(staff, [each for _, each in batch]), strict=True
        ):
            if isinstance(outcome, Problem):
                wrong.append([n, str(outcome)])
            elif isinstance(outcome, Known):
                known += 1
            else:
                entered += 1
        following = doc["next"] + len(batch)
        stage = "done" if following >= len(rows) else "going"
        self._db.put(
            {
                **doc,
                "next": following,
                "entered": entered,
                "known": known,
                "wrong": sorted(wrong),
                "stage": stage,
            }
        )
        if stage == "done":
            log.info("a paper ledger is entered: %s new, %s known, %s refused", entered, known, len(wrong))

    def _entries(self, id: str, doc: dict[str, Any], staff: Staff) -> Iterator[tuple[int, Entry]]:
        """The rows that were found good, judged by form alone: the rules judge them again as they are entered."""
        why, of = {n for n, _ in doc["wrong"]}, self._casework.in_force(read(doc["at"]).date())
        for n, row in paper_sheet.read(self._data(id)):
            found = paper_ledger.entry(row, staff.station, of) if n not in why else []
            if isinstance(found, Entry):
                yield n, found

    def _judged(self, rows: Iterator[Row], staff: Staff) -> Iterator[tuple[int, Entry | Known | list[Wrong]]]:
        """Each row with what is to be done with it, a hundred judged at once."""
        of = self._casework.in_force(self._clock().date())
        numbers: dict[str, int] = {}
        waiting: list[tuple[int, Entry]] = []
        for n, row in rows:
            found = paper_ledger.entry(row, staff.station, of)
            if row["no"] and (first := numbers.setdefault(row["no"], n)) != n:
                twice = Problem("no_twice", N_("与第 {n} 行的台账编号相同"), {"n": first})
                found = [*(found if isinstance(found, list) else ()), Wrong("no", twice)]
            if isinstance(found, list):
                yield n, found
                continue
            waiting.append((n, found))
            if len(waiting) == 100:
                yield from self._tried(waiting, staff)
                waiting.clear()
        yield from self._tried(waiting, staff)

    def _tried(
        self, rows: list[tuple[int, Entry]], staff: Staff
    ) -> Iterator[tuple[int, Entry | Known | list[Wrong]]]:
        for (n, entry), outcome in zip(
            rows, self._casework.enter(staff, [each for _, each in rows], dry=True), strict=True
        ):
            if isinstance(outcome, Problem):
                yield n, [Wrong("", outcome)]
            elif isinstance(outcome, Known):
                text = N_("已补录为办件 {case_no}，但这次内容不一样。要改正，请打开那个办件")
                changed = Problem("row_changed", text, {"case_no": outcome.case_no})
                yield n, outcome if outcome.same else [Wrong("", changed)]
            else:
                yield n, entry

    def _forget(self, id: str) -> None:
        found = self._db.bodies([PREFIX + id, FILE + id])
        self._db.purge({each: [doc["_rev"]] for each, doc in found.items()})

    def _data(self, id: str) -> bytes:
        file = self._db.attachment(FILE + id, "data")
        assert file is not None
        assert file.data is not None
        return blobs.whole(file.data)


GONE: Final = N_("确认导入的人已不在本站工作，导入已停止。已补录的办件不受影响；其余的可由别人重新导入")


def _read(doc: dict[str, Any]) -> Import:
    told = {name: doc[name] for name in Import.__dataclass_fields__ if name not in ("id", "wrong")}
    return Import(
        id=str(doc["_id"]).removeprefix(PREFIX), wrong=tuple((n, why) for n, why in doc["wrong"]), **told
    )
