"""A station's logbook: what it writes that is no event of a case or an errand, as tables of the register.

    certificate_issue   a village certificate given out          vip_entry        consult, assist, agency, urge
    complaint           also reports, suggestions, questions     guidance_entry   somebody was shown the way
    evaluation          a rating given away from the clerk     station_report   which catalogue and program a station has
    notice_receipt      a notice of the hub was read
    coordination        one unit asks another, and is answered             duty_roster   who serves on a day off
    supervision_card    issued by the hub, answered where it is about      inspection    a patrol or visit, and what was put right since

Which words on a card, an inspection or a request count, schemas.supervision.words, schemas.inspections and schemas.coordination say.

Each is a document numbered as an event (`Keeper` writes it), so it travels, is sealed, proved and confirmed as events are. It is
never rewritten: a later word on it is a further document with the same form, whole, and the one with the greatest `lamport`
is what is known. Ratings of cases are counted here too, wherever they were given; never by whom. What documents mean is
schemas.feedback's and schemas.publishing's.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import apsw

from schemas import coordination, feedback, inspections
from schemas import documents as shapes
from schemas.lifecycle import CaseState
from schemas.supervision import words
from station.case_rows import id_digest
from station.databases import logged_as, of_station
from station.moment import Clock, stamp
from station.staff import Staff
from sync.event_ids import parse_event_id
from sync.ledger import EventLedger, LedgerTxn

if TYPE_CHECKING:
    from station.register import Register

SCHEMA: Final = """
CREATE TABLE logbook (               -- the newest word on each thing that was logged
    key TEXT PRIMARY KEY, type TEXT NOT NULL, station TEXT NOT NULL, subject TEXT NOT NULL, at TEXT NOT NULL,
    id_digest TEXT NOT NULL, due TEXT, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX logbook_list ON logbook (station, type, at);
CREATE INDEX logbook_subject ON logbook (subject, type);                      -- of an errand or project, of a case, of a notice, of a day; the other party
CREATE INDEX logbook_due ON logbook (station, type, due);                     -- what is still to be answered
CREATE INDEX logbook_person ON logbook (id_digest);
CREATE TABLE ratings (               -- one rating a case
    case_no TEXT PRIMARY KEY, station TEXT NOT NULL, level INTEGER NOT NULL, blind INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX ratings_of_station ON ratings (station, level);
CREATE INDEX ratings_bad ON ratings (case_no) WHERE level >= 4;              -- feedback.BAD_LEVEL
"""

FEWEST: Final = 5
"""Ratings from which on totals are shown: of fewer it could be told who gave which (domain.md §1 row 46)."""

Document = Mapping[str, Any]

MOMENTS: Final = ("at", "issued_at", "received_at", "done_at", "planned_on", "date", "created_at")
COUNTED: Final[Mapping[str, Callable[[Iterable[tuple[str, Document]]], Document | None]]] = {
    "supervision_card": words.counted, "inspection": inspections.counted, "coordination": coordination.counted,
}  # fmt: skip
"""Of which not every word counts that somebody writes."""
SOUND: Final = frozenset({"inspection", "coordination", "duty_roster"})
"""Whose parts are looked into, so that a word counts only if it has its shape, whoever wrote it."""


class Logbook:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def note(self, key: str, documents: Iterable[Document]) -> dict[str, int | None]:
        """All words on one thing; the last of them counts. How each case is rated now that this rates, by its number."""
        documents = list(documents)
        kind = str(newest(documents).get("type"))
        if kind in SOUND:
            documents = [each for each in documents if not shapes.problems(each)]
        if not documents:
            return {}
        last = newest(documents)
        if kind in COUNTED:
            stands = COUNTED[kind]((_writer(each), each) for each in sorted(documents, key=_place))
            if stands is None:
                return {}  # nobody who may has begun it
            last = stands
        at = next((last[name] for name in MOMENTS if isinstance(last.get(name), str)), "")
        subject = (
            coordination.other(last)
            if kind == "coordination"
            else next(
                (
                    last[name]
                    for name in ("project", "case", "notice", "date")
                    if isinstance(last.get(name), str)
                ),
                "",
            )
        )
        person, due = (
            last.get("holder_id_no"),
            last.get("due") or last.get("answer_due") or inspections.due(last),
        )
        is_open = (
            last.get("state") not in ("answered", "closed", "rejected")
            and last.get("outcome", "issued") == "issued"
            and not last.get("answered_at")
        )
        row = (
            key, kind, str(last.get("station")), subject, at, id_digest(person if isinstance(person, str) else ""),
            due if isinstance(due, str) and is_open else None, json.dumps(last, ensure_ascii=False),
        )  # fmt: skip
        self._connection.execute("INSERT OR REPLACE INTO logbook VALUES (?,?,?,?,?,?,?,?)", row)
        found = feedback.ratings((), [last])
        for rating in found.values():
            self._rate(rating)
        return {case_no: self.rating(case_no) for case_no in found}

    def rated(self, state: CaseState) -> None:
        """What an applicant said at the window."""
        rating = feedback.rating_of(state)
        # What was said elsewhere goes before, in whichever order both come (schemas.feedback).
        if rating is not None and not self._was_rated_elsewhere(state.case_no):
            self._rate(rating)

    def _rate(self, rating: feedback.Rating) -> None:
        if rating.level not in feedback.LEVELS:
            return
        row = (rating.case_no, rating.case_no[:12], rating.level, rating.blind)
        self._connection.execute("INSERT OR REPLACE INTO ratings VALUES (?,?,?,?)", row)

    def _was_rated_elsewhere(self, case_no: str) -> bool:
        sql = "SELECT 1 FROM logbook WHERE subject = ? AND type = 'evaluation'"
        return bool(self._connection.execute(sql, (case_no,)).fetchall())

    # -- reading -------------------------------------------------------------------------------------------------

    def get(self, key: str) -> dict[str, Any] | None:
        """The newest word on something, or None."""
        return next(iter(self.select("key = ?", (key,), limit=1)), None)

    def select(
        self, where: str, args: Sequence[Any] = (), *, order: str = "at DESC, key", limit: int = 100, offset: int = 0
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Documents, each with its `key`. `where` and `order` are the program's own words, never a visitor's."""
        sql = f"SELECT key, body FROM logbook WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
        with self._lock:
            rows = self._connection.execute(sql, (*args, limit, offset)).fetchall()
        return [{**json.loads(str(body)), "key": str(key)} for key, body in rows]

    def count(self, where: str, args: Sequence[Any] = ()) -> int:
        with self._lock:
            rows = self._connection.execute(f"SELECT count(*) FROM logbook WHERE {where}", args).fetchall()  # noqa: S608
        return int(str(rows[0][0]))

    def rating(self, case_no: str) -> int | None:
        """How a case was rated, by whichever word counts."""
        sql = "SELECT level FROM ratings WHERE case_no = ?"
        with self._lock:
            rows = self._connection.execute(sql, (case_no,)).fetchall()
        return int(str(rows[0][0])) if rows else None

    def bad(
        self, district: str, *, over: bool, limit: int = -1, offset: int = 0
    ) -> list[tuple[str, dict[str, Any] | None]]:
        """(case, the word on its rating) of the bad ratings of a district, "" for all, the newest case last; `over`: those that were rectified and
        called back. None for a rating that is in its case alone."""
        where, args = self._bad(district, over=over)
        sql = f"SELECT ratings.case_no, body {where} ORDER BY ratings.case_no LIMIT ? OFFSET ?"
        with self._lock:
            rows = self._connection.execute(sql, (*args, limit, offset)).fetchall()
        return [(str(case_no), json.loads(str(body)) if body else None) for case_no, body in rows]

    def count_bad(self, district: str, *, over: bool) -> int:
        where, args = self._bad(district, over=over)
        with self._lock:
            return int(str(self._connection.execute(f"SELECT count(*) {where}", args).fetchall()[0][0]))

    @staticmethod
    def _bad(district: str, *, over: bool) -> tuple[str, list[str]]:
        done = "json_extract(body, '$.rectification.callback_result') IS " + ("NOT NULL" if over else "NULL")
        return (
            "FROM ratings LEFT JOIN logbook ON logbook.subject = ratings.case_no AND logbook.type = 'evaluation'"
            f" WHERE level >= 4 AND ratings.case_no >= ? AND ratings.case_no < ? AND {done}"
        ), [district, district + "~"]

    def totals(self, station: str) -> dict[int, int] | None:
        """Ratings of a station's cases by level; None where there are too few to show."""
        sql = "SELECT level, count(*) FROM ratings WHERE station = ? GROUP BY level"
        with self._lock:
            found = {int(str(row[0])): int(str(row[1])) for row in self._connection.execute(sql, (station,))}
        return None if sum(found.values()) < FEWEST else {level: found.get(level, 0) for level in range(1, 6)}


def newest(documents: Iterable[Document]) -> Document:
    """The word that counts of all that were said on one thing."""
    return max(documents, key=_place)


def _writer(document: Document) -> str:
    number = parse_event_id(str(document.get("_id")))
    return number.writer if number else ""


def _place(document: Document) -> tuple[int, str, int]:
    number, lamport = parse_event_id(str(document.get("_id"))), document.get("lamport")
    return (
        lamport if type(lamport) is int else 0,
        f"{number.writer}:{number.epoch}" if number else "",
        number.n if number else 0,
    )


class Keeper:
    """Writes into the logbooks of one server's stations."""

    def __init__(self, ledger: EventLedger, register: Register, clock: Clock) -> None:
        self._ledger = ledger
        self._register = register
        self._clock = clock

    def keep(
        self, station: str, staff: Staff, kind: str, form: str,
        content: Callable[[LedgerTxn, Document | None], Document],
    ) -> str:  # fmt: skip
        """Keeps something under its form; the key. `content(txn, before)`: what it says, given the word before it; where that is
        `before` itself, as of a form that was sent twice, nothing is written. DomainError comes out, and nothing is written."""
        key = logged_as(station, form)

        def build(txn: LedgerTxn) -> list[dict[str, Any]]:
            self._register.catch_up(must=True)
            before = self._register.logbook.get(key)
            said = content(txn, before)
            if said is before:
                return []
            now = stamp(self._clock())
            kept = {name: value for name, value in said.items() if name not in ("_id", "_rev", "key", "was")}
            first = {"created_at": now, "created_by": staff.employee_no or "public"}
            return [
                {
                    **first, **kept, "type": kind, "schema": 1, "station": station, "form": form,
                    "lamport": 1 + int((before or {}).get("lamport", 0)), "updated_at": now,
                }
            ]  # fmt: skip

        self._ledger.append(of_station(station), build)
        self._register.catch_up()
        return key
