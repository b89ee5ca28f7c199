"""The run of supervision (效能监察): asks the rules of the cases that may have something new, and keeps what they call for as proposals.

    mark now ─> what came since the mark of the run before, whenever it happened ─┐
                the open cases whose day has come or is near ─────────────────────┤
                the coordination requests that nobody answered in time ───────────┤
                the stations that nobody heard of ────────────────────────────────┴─> cards of each ─> proposals that there are not yet

    here/supervision-ran    {"at", "mark": id of the mark up to which everything was looked at, "daily": since when it ran every day}

A station's silence counts from the day since which the hub has run every day: one that was away itself heard of nobody.

Runs by itself once a day, and when a supervisor asks. Decides nothing: which signals are due is schemas.supervision's, what becomes of a proposal
hub.supervision's. Who wrote an event when is known, when the hub got it is not kept, so no card here says that its evidence came late.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from hub.contacts import of_all
from hub.gate import HubGate
from hub.marks import Marks
from schemas import feedback, tables
from schemas.feedback import Rating
from schemas.supervision import (
    Card,
    Circumstances,
    as_document,
    cards,
    request_cards,
    station_cards,
)
from schemas.supervision.words import form_of
from schemas.workdays import CalendarGap
from station.app import Parts
from station.databases import (
    HERE,
    by_database,
    is_errand,
    is_logged,
    is_project,
    logged_as,
    station_of,
    subject_of,
)
from station.moment import read, stamp
from station.register import BATCH
from station.reporting import REPORT
from sync.errors import Conflict

PROPOSAL: Final = "card-proposal:"
RAN: Final = "supervision-ran"
BACK: Final = timedelta(days=40)
"""How far the first run looks back; what was due before that is history."""
SOON: Final = timedelta(days=4)
"""Who is reminded a working day before has a weekend in between."""
GAP: Final = timedelta(hours=36)
"""Between two runs of a hub that runs every day."""
PAGE: Final = 1000


class Looking:
    """Of one web node of the hub."""

    def __init__(self, parts: Parts, marks: Marks) -> None:
        self._parts = parts
        self._marks = marks
        self._here = parts.store.database(HERE, create=True)
        self._lock = threading.Lock()

    def tend(self) -> None:
        """Looks once a day."""
        now, ran = self._parts.clock(), self._here.get(RAN)
        if ran is None or read(ran["at"]).date() < read(stamp(now)).date():
            self.look()

    def look(self) -> int:
        """How many proposals there are more. Twice is as once."""
        with self._lock:
            now, before = self._parts.clock(), self._here.get(RAN)
            # Marked first: what comes while this goes on is looked at by the next run.
            mark = self._marks.mark()
            around = self._around()
            found = sum(self._propose(case_no, now, around) for case_no in self._asked(before, now))
            found += self._propose_requests(now, around)
            daily = _daily(before, now)
            found += self._propose_silent(read(daily), now, around)
            upto = mark.id if mark else (before or {}).get("mark", "")
            ran = {
                "_id": RAN,
                "type": "supervision_run",
                "schema": 1,
                "at": stamp(now),
                "mark": upto,
                "daily": daily,
            }
            with contextlib.suppress(Conflict):  # another web node has run meanwhile
                self._here.put({**ran, "_rev": before["_rev"]} if before else ran)
            return found

    def _propose(self, case_no: str, now: datetime, around: Circumstances) -> int:
        events = self._parts.register.events(case_no)
        around = replace(around, ratings=self._rating(case_no, events))
        return self._keep(cards(events, now, around), now, around)

    def _propose_requests(self, now: datetime, around: Circumstances) -> int:
        overdue = "type = 'coordination' AND due < ?"
        waiting = self._parts.register.logbook.select(overdue, [now.date().isoformat()], limit=-1)
        return sum(
            self._keep(request_cards(doc, str(doc["form"]), now, around.calendar), now, around)
            for doc in waiting
        )

    def _propose_silent(self, daily: datetime, now: datetime, around: Circumstances) -> int:
        gate = self._parts.gate
        assert isinstance(gate, HubGate)
        reports = self._parts.register.logbook.select("type = ?", [REPORT], limit=len(tables.stations()))
        contacts, found = of_all(gate.contacts, reports), 0
        for code, station in tables.stations().items():
            if station.level in ("township", "village") and self._parts.keys.active(code):
                last = max(daily, contacts[code].at) if code in contacts else daily
                with contextlib.suppress(CalendarGap):
                    found += self._keep(station_cards(code, last, now, around.calendar), now, around)
        return found

    def _keep(self, due: Iterable[Card], now: datetime, around: Circumstances) -> int:
        """Proposes what was not proposed yet; how many."""
        found = 0
        for card in due:
            # What was due long before anybody looked is history.
            if card.raised_on >= (now - BACK).date() and not self._known(card):
                proposal = {"type": "card_proposal", "schema": 1, "at": stamp(now), "dropped": ""}
                kept = _without_id(as_document(card, now, around.calendar))
                with contextlib.suppress(Conflict):
                    self._here.put({"_id": PROPOSAL + form_of(card), **proposal, "card": kept})
                    found += 1
        return found

    def _rating(self, case_no: str, events: list[Mapping[str, Any]]) -> dict[str, Rating]:
        """How it was rated, if badly, and what was done about it."""
        logbook = self._parts.register.logbook
        if (logbook.rating(case_no) or 0) < feedback.BAD_LEVEL:
            return {}
        words = logbook.select("subject = ? AND type = 'evaluation'", (case_no,))
        return feedback.ratings([self._parts.register.fold(events)], words)

    def _known(self, card: Card) -> bool:
        """Whether it was proposed or issued already, or is about a station that there is not."""
        form = form_of(card)
        return (
            card.station not in tables.stations()
            or self._here.get(PROPOSAL + form) is not None
            or self._parts.register.logbook.get(logged_as(card.station, form)) is not None
        )

    def _asked(self, before: Mapping[str, Any] | None, now: datetime) -> Iterator[str]:
        """The numbers of the cases that something came of since the run before, and of the open ones whose day has come or is near."""
        register = self._parts.register
        since = register.moments.of(before["mark"]) if before and before.get("mark") else None
        seen: set[str] = set()
        # At the first run, and where the feed is in another order than at the run before, by what the cases say of themselves.
        changed = self._rows("last_at >= ?", stamp(now - BACK)) if since is None else self._changed(since.seq)
        # What nobody did about a bad rating becomes due without anything happening to its case.
        unrectified = (case_no for case_no, _ in register.logbook.bad("", over=False))
        due = self._rows("final = 0 AND due <= ?", (now + SOON).date().isoformat())
        for found in (due, unrectified, changed):
            for case_no in found:
                if case_no not in seen:
                    seen.add(case_no)
                    yield case_no

    def _rows(self, where: str, value: str) -> Iterator[str]:
        after = ""
        while rows := self._parts.register.select(
            f"{where} AND case_no > ?", (value, after), order="case_no", limit=PAGE
        ):
            yield from (row["case_no"] for row in rows)
            after = rows[-1]["case_no"]

    def _changed(self, seq: int) -> Iterator[str]:
        """The cases of what came after a place in the feed, a complaint's too."""
        store = self._parts.store
        while changes := store.changes(seq, BATCH):
            seq = changes[-1].seq
            for db, ids in by_database(changes).items():
                for body in store.bodies(db, ids).values() if station_of(db) else ():
                    about = subject_of(body)
                    if about is not None and is_logged(about):
                        about = body.get("case")
                    if isinstance(about, str) and not is_errand(about) and not is_project(about):
                        yield about

    def _around(self) -> Circumstances:
        """What is known beside the cases: upheld complaints, the catalogue in force, the calendar."""
        complaints = self._parts.register.logbook.select("type = 'complaint'", (), limit=-1)
        book = self._parts.published.in_force().book

        def charges(code: str) -> bool:
            item = book.item(code)
            return item is None or item.fee

        return Circumstances(
            self._parts.almanac.calendar(),
            complaints=feedback.complaints(complaints),
            materials=lambda code: _names(book.versions(code)),
            charges=charges,
        )


def _names(versions: Any) -> frozenset[str]:
    """Of every version: a case goes on by the list that it was opened with."""
    return frozenset(line.name for version in versions for line in version.lines)


def _without_id(doc: Mapping[str, Any]) -> dict[str, Any]:
    around = ("_id", "type", "schema", "issued_at", "answer_due")
    return {name: value for name, value in doc.items() if name not in around}


def _daily(before: Mapping[str, Any] | None, now: datetime) -> str:
    """Since when this ran every day, by the run before."""
    if before is None or "daily" not in before or now - read(before["at"]) > GAP:
        return stamp(now)
    return str(before["daily"])
