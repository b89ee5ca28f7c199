"""The register (台账): SQL tables for lists, queues, searches and counts, projected from the store's changes.

    store.changes(position) ─> events and statements ─> what they prove ─> fold the cases touched ─> rows ─> new position
                               (one transaction; applying a change twice changes nothing)

It may be deleted at any time and is rebuilt from the documents; so it runs with synchronous=NORMAL, and it never
holds anything that is nowhere else. It never decides what an event means: that is schemas.lifecycle.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import apsw

from schemas import lifecycle, tables
from schemas.catalogue import Catalogue
from schemas.lifecycle import CaseState
from schemas.lifecycle.errands import ErrandState
from schemas.lifecycle.projects import ProjectState
from schemas.published import FOLDED
from schemas.workdays import Calendar
from station import (
    archived,
    case_rows,
    errand_rows,
    event_rows,
    fact_rows,
    found_by,
    issued,
    logbook,
    moments,
    project_rows,
    projection,
    proofs,
    queue_rows,
)
from station.archived import ARCHIVED, Archived
from station.case_rows import COLUMNS, INSERT, id_digest, once, row
from station.databases import (
    DESK,
    HERE,
    PUBLIC,
    by_database,
    is_errand,
    is_logged,
    is_project,
    of_case,
    station_of,
    subject_of,
)
from station.errand_rows import ErrandRows
from station.event_rows import EventRows
from station.fact_rows import FactRows
from station.found_by import FoundBy
from station.identity import Identity
from station.issued import Issued
from station.logbook import Logbook
from station.moments import Moments
from station.project_rows import ProjectRows
from station.projection import passed_over
from station.proofs import Dispute, Proofs
from station.queue_rows import QueueRows
from station.trust import PREFIX as STATEMENTS
from station.trust import Trust
from station.works import Works
from sync import ledger
from sync.errors import DiskFull
from sync.seals import Run
from sync.serving import ServedStore, StoreChange

__all__ = ["COLUMNS", "Register", "id_digest"]

log = logging.getLogger("bianmin.register")

BATCH = 500
Told = Callable[[int, int], None]
VERSION = 20

SCHEMA = """
CREATE TABLE position (              -- one row: how far the store's changes are applied, and to which store
    store TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL);
"""


class Register:
    """The projection of one store. Every method is thread-safe; rows come back as dicts of the columns above."""

    def __init__(
        self,
        path: Path,
        store: ServedStore,
        calendar: Callable[[], Calendar],
        catalogue: Callable[[], Catalogue],
        identity: Identity,
        trust: Trust,
        key: bytes | None = None,
    ) -> None:
        """`calendar`, `catalogue`: as they are in force here. `key`: the store's; names and numbers are in here too."""
        self._path = path
        self._store = store
        self._calendar = calendar
        self.catalogue = catalogue
        self._lock = threading.RLock()
        self.position = 0  # up to where the store's changes are applied
        self._connection = projection.opened(path, key)
        self._events = EventRows(self._connection)
        self._works = Works(self._connection, self._lock, self.events, self.fold, calendar, catalogue)
        self._logbook = Logbook(self._connection, self._lock)
        self._queue = QueueRows(self._connection, self._lock)
        self._facts = FactRows(self._connection, self._lock)
        self._moments = Moments(self._connection, self._lock)
        self._found_by = FoundBy(self._connection)
        self._archived = Archived(self._connection, self._events, self._found_by)
        self._issued = Issued(self._connection)
        self._proofs = Proofs(self._connection, store, identity, trust)
        self._open()

    def close(self) -> None:
        """Closes the file; the store is left to its owner."""
        with self._lock:
            self._connection.close()

    # -- following the store -------------------------------------------------------------------------------------

    def catch_up(self, *, must: bool = False, at_once: int = BATCH, told: Told | None = None) -> int:
        """Applies every change of the store that is not applied yet; returns how many. Call before reading.

        On a full disk pages go on with what the register knew; whoever decides something by it says `must` and gets
        DiskFull instead.
        """
        applied = 0
        # Before the changes, so that none in between is passed over; and before the lock: who waited for it may find the work done.
        known = self._store.update_seq
        with self._lock:
            while self.position < known:
                changes = self._store.changes(self.position, at_once)
                through = changes[-1].seq if changes else known
                try:
                    with self._transaction():
                        self._apply(changes)
                        self._execute("UPDATE position SET seq = ?", (through,))
                except apsw.FullError as error:
                    log.warning("the disk is full; lists show the state of sequence %s", self.position)
                    if must:
                        raise DiskFull(
                            f"The disk that holds {self._path} is full. Free some space."
                        ) from error
                    break
                self.position = through
                applied += len(changes)
                if told:
                    told(self.position, known)
        return applied

    def rebuild(self, told: Told | None = None) -> int:
        """Empties the register and reads every document again; returns how many. `told`: how far it is, and how far it has to go."""
        with self._lock:
            self._clear()
            return self.catch_up(at_once=BATCH * 8, told=told)

    def _apply(self, changes: Sequence[StoreChange]) -> None:
        self._facts.moment = self._moments.passed_by()
        for some, mark in moments.parted(changes):
            self._apply_some(some)
            if mark is not None:
                for body in self._store.bodies(HERE, [mark.id]).values():
                    self._facts.moment = self._moments.passed(mark.seq, body)

    def _apply_some(self, changes: Sequence[StoreChange]) -> None:
        touched: set[str] = set()
        for db, ids in by_database(changes).items():
            if station_of(db) is not None:
                touched |= self._note_events(db, ids) | self._prove(db)
            elif db == HERE:
                for id_ in ids:
                    if id_.startswith(STATEMENTS):
                        touched |= self._prove(id_.removeprefix(STATEMENTS))
                noted = [id_ for id_ in ids if id_.startswith(ARCHIVED)]
                gone = self._store.bodies(HERE, noted).values() if noted else ()
                self._archived.note(gone)
                for body in gone:
                    self._facts.forget(body["case"])
            elif db == DESK:
                self._queue.note_claims(ids, self._store.bodies(DESK, ids))
            elif db == PUBLIC and any(id_.startswith(("day:", *FOLDED)) for id_ in ids):
                # A new holiday moves due dates of whatever is not over; what was done with an item, or by a transfer, that was not known yet, counts.
                touched |= {row[0] for row in self._execute("SELECT case_no FROM cases WHERE final = 0")}
                touched |= self._works.open()
        self._fold(touched)

    def _note_events(self, db: str, ids: Sequence[str]) -> set[str]:
        bodies = self._store.bodies(db, ids)
        events, touched = [], set()
        for id_, body in bodies.items():
            number = ledger.parse_event_id(id_)
            case_no = subject_of(body)
            if number is not None and case_no is not None:
                events.append((number, case_no))
                # An event of another station's case in this database is kept and never folded into that case.
                if of_case(case_no) == db:
                    touched.add(case_no)
        self._proofs.note(db, sorted({Run(number.writer, number.epoch) for number, _ in events}))
        self._events.note(db, events)
        self._issued.note(bodies.values())
        return touched

    def _prove(self, db: str) -> set[str]:
        """The cases of events that are proven from now on."""
        touched: set[str] = set()
        for run, old, new in self._proofs.prove(db):
            touched |= {each for each in self._events.about(db, run, old, new) if of_case(each) == db}
        return touched

    def _fold(self, case_nos: set[str]) -> None:
        # What comes later to a case of which the rest is gone would fold to nonsense; the hub has the whole.
        case_nos = {case_no for case_no in case_nos if self._archived.known(case_no) is None}
        for case_no, events in self._events_of(case_nos):
            if not events or is_errand(case_no) or is_project(case_no):
                continue
            folded = None
            with passed_over(case_no):
                if is_logged(case_no):
                    self._facts.rate(self._logbook.note(case_no, events))
                    continue
                state = self.fold(events)
                folded = row(case_no, state, events)
            if folded is None:
                continue
            # One form makes one case (Casework looks first); a restored laptop may still bring two, and both are shown.
            self._execute(
                "UPDATE cases SET form = NULL WHERE form = ? AND case_no <> ?", (folded[1], case_no)
            )
            self._execute(INSERT, folded)
            self._found_by.note(noted := dict(zip(COLUMNS, folded, strict=True)))
            self._queue.note(case_no, state, noted["current"])
            if state.evaluations:
                self._logbook.rated(state)
            self._facts.note(case_no, state, self._calendar(), self._logbook.rating(case_no))
        for errand in self._works.note(case_nos):
            self._queue.hurry(errand)

    def _events_of(self, case_nos: Iterable[str]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
        """The events of each case. A station's cases are asked for together: the store may be far away."""
        for db, cases in groupby(sorted(case_nos), of_case):
            with self._lock:
                ids = {case_no: self._events.ids(case_no) for case_no in cases}
            wanted = [id_ for each in ids.values() for id_ in each]
            bodies = self._store.bodies(db, wanted) if wanted else {}
            for case_no, own in ids.items():
                yield case_no, once({id_: bodies[id_] for id_ in own if id_ in bodies})

    # -- reading -------------------------------------------------------------------------------------------------

    def events(self, case_no: str) -> list[Mapping[str, Any]]:
        """The documents a case is made of, each with its `_id`, in no particular order; [] where unknown."""
        for _, events in self._events_of([case_no]):
            return events
        return []

    def fold(self, events: Iterable[Mapping[str, Any]]) -> CaseState:
        """What these events of a case add up to, by the calendar and the catalogue in force here."""
        return lifecycle.fold(events, self._calendar(), self.catalogue())

    def errand(self, errand_no: str, *cases: str) -> ErrandState | None:
        """As Works.errand."""
        return self._works.errand(errand_no, *cases)

    def project(self, project_no: str) -> ProjectState | None:
        """As Works.project."""
        return self._works.project(project_no)

    @property
    def errands(self) -> ErrandRows:
        """The errands of this store, one row each."""
        return self._works.errands

    @property
    def projects(self) -> ProjectRows:
        """The projects of this store, one row each."""
        return self._works.projects

    @property
    def queue(self) -> QueueRows:
        """What waits at deciding stations, and who holds it."""
        return self._queue

    @property
    def facts(self) -> FactRows:
        """What statistics need of each case, and its sums."""
        return self._facts

    @property
    def moments(self) -> Moments:
        """At which it is still known what was known then."""
        return self._moments

    @property
    def logbook(self) -> Logbook:
        """What stations wrote besides cases and errands."""
        return self._logbook

    def case(self, case_no: str) -> dict[str, Any] | None:
        """The row of a case, or None."""
        return next(iter(self.select("case_no = ?", (case_no,), limit=1)), None)

    def of(self, case_nos: Sequence[str]) -> list[dict[str, Any]]:
        """The rows of these cases in this order, of those that are known."""
        found = self.select(f"case_no IN ({','.join('?' * len(case_nos))})", case_nos, limit=len(case_nos))
        return sorted(found, key=lambda row: case_nos.index(row["case_no"]))

    def archived(self, case_no: str) -> dict[str, str] | None:
        """What is known of a case whose records are not here any more; None of any other."""
        with self._lock:
            return self._archived.known(case_no)

    def all_archived(self, limit: int) -> tuple[list[dict[str, str]], int]:
        """The newest of them, and how many there are."""
        with self._lock:
            return self._archived.newest(limit)

    def old(self, delivered_before: str, limit: int) -> list[tuple[str, list[str]]]:
        """(case, ids of its events) of cases that may be archived: station.archived says which."""
        with self._lock:
            return self._archived.due(delivered_before, limit)

    def gone(self, case_no: str) -> None:
        """The events of this case are not here any more."""
        with self._lock, self._transaction():
            self._events.gone(case_no)

    def last_serial(self, station: str, word: str, year: int) -> int:
        """The largest serial known of a station's papers of a kind in a year, 0 for none."""
        with self._lock:
            return self._issued.last(station, word, year)

    def cases_with_papers(self, station: str, day: str, limit: int, *, after: str = "") -> list[str]:
        """The cases in which that station made papers on a day, by their numbers."""
        with self._lock:
            return self._issued.of_day(station, day, limit, after)

    def case_of_form(self, form: str) -> str | None:
        """The case that a form has already become, or None: saving twice must not record twice."""
        return (self._one("SELECT case_no FROM cases WHERE form = ?", (form,)) or (None,))[0]

    def select(
        self,
        where: str = "1",
        args: Sequence[Any] = (),
        *,
        order: str = "last_at DESC",
        limit: int = 100,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Rows of cases with the claim on each. `where` and `order` are the program's own words, never a visitor's; where an index
        has all that they name, rows are read only of what is returned."""
        columns = ", ".join(f"cases.{column}" for column in COLUMNS)
        sql = (
            f"SELECT {columns}, claims.staff, claims.name, claims.until FROM"  # noqa: S608
            f" (SELECT cases.subject FROM {_source(where)} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?) AS found"
            f" CROSS JOIN cases USING (subject) LEFT JOIN claims USING (case_no, stage) ORDER BY {order}"
        )
        names = [*COLUMNS, "claimed_by", "claimed_name", "claimed_until"]
        with self._lock:
            return [dict(zip(names, row, strict=True)) for row in self._execute(sql, (*args, limit, offset))]

    def count(self, where: str = "1", args: Sequence[Any] = ()) -> int:
        """How many cases match; `where` as in select."""
        sql = f"SELECT count(*) FROM {_source(where)} WHERE {where}"  # noqa: S608
        return int((self._one(sql, args) or (0,))[0])

    def groups(self, column: str, where: str = "1", args: Sequence[Any] = ()) -> dict[str, int]:
        """Counts of matching cases by one column."""
        if column not in COLUMNS:
            raise ValueError(column)
        sql = f"SELECT {column}, count(*) FROM cases WHERE {where} GROUP BY 1"  # noqa: S608
        with self._lock:
            return dict(self._execute(sql, args))

    def tally(self, by: str, where: str = "1", args: Sequence[Any] = ()) -> dict[str, int]:
        """How many cases there are by district, origin or list, `where` about these alone: kept, never counted."""
        if by not in case_rows.TALLIED:
            raise ValueError(by)
        sql = f"SELECT {by}, sum(cases) AS kept FROM tallies WHERE {where} GROUP BY 1 HAVING kept > 0"  # noqa: S608
        with self._lock:
            return dict(self._execute(sql, args))

    def waiting(self) -> dict[str, int]:
        """Cases with an event that counts, of this station or one below it, that no receipt of the hub covers yet:
        {case_no: events waiting}."""
        with self._lock:
            return self._events.waiting(tables.HUB)

    def waiting_events(self) -> dict[str, list[str]]:
        """The ids of those events by database, of each writer the oldest first."""
        with self._lock:
            return self._events.waiting_ids(tables.HUB)

    def last_receipt(self) -> str | None:
        """The newest moment at which the hub confirmed anything that is here, or None."""
        return (self._one("SELECT max(confirmed_at) FROM runs", ()) or ("",))[0] or None

    def prove(self, *dbs: str) -> None:
        """Compares now what is stated of databases with what is in them, whether or not anything was heard of either."""
        with self._lock:
            self.catch_up()
            with self._transaction():
                self._fold({case_no for db in dbs for case_no in self._prove(db)})

    def forget(self, db: str, run: Run, after: int) -> None:
        """The events of a run beyond `after` have been taken out of the store."""
        with self._lock, self._transaction():
            touched = self._events.about(db, run, after)
            self._events.forget(db, run, after)
            self._found_by.forget(touched)
            for case_no in touched:
                self._execute("DELETE FROM cases WHERE case_no = ?", (case_no,))
                self._facts.forget(case_no)
            self._proofs.forget(db, run, after)
            self._fold(touched)

    def proven(self, db: str) -> list[tuple[Run, int, str]]:
        """(run, n, head): how far each writer's events in a database are proven by statements."""
        with self._lock:
            return self._proofs.proven(db)

    def confirmed(self, db: str, run: Run) -> int:
        """How far the hub has confirmed a run."""
        with self._lock:
            return self._proofs.confirmed(db, run)

    def seen(self, db: str) -> dict[str, int]:
        """{"<writer>:<epoch>": n}: the numbers 1..n of each writer that count here. Every event carries it, so that any
        node can tell what its author knew from what merely happened earlier. Beyond a hole, or what is proven, nothing is
        claimed: to say too little only means that the Lamport order decides."""
        held = self._store.database(db).runs()
        with self._lock:
            return self._proofs.seen(db, held.items())

    def disputes(self) -> list[Dispute]:
        """Statements that contradict the events here, for a person to look into."""
        with self._lock:
            return self._proofs.disputes()

    def totals(self) -> dict[str, int]:
        """Events and cases held, for checks after the fact."""
        row = self._one("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM cases)", ())
        assert row is not None
        return {"events": row[0], "cases": row[1]}

    # -- the file ------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        tables_there = self._one("SELECT count(*) FROM sqlite_schema WHERE name = 'position'", ())
        sql = "SELECT store, seq, version FROM position"
        row = self._one(sql, ()) if tables_there and tables_there[0] else None
        store, seq, version = row or ("", 0, 0)
        behind = store == self._store.uuid and seq > self._store.update_seq
        if behind:
            # The store was put back to an earlier day. Its next numbers have been given out before: from here on it
            # counts in a new epoch, and what it lost comes back from above.
            log.warning("the store is older than the register: it goes on in a new epoch")
            self._store.renew_epoch()
        # Another store, another shape, or an earlier day: start over from the documents.
        if store != self._store.uuid or version != VERSION or behind:
            self._clear()
        else:
            self.position = seq

    def _clear(self) -> None:
        with self._transaction():
            projection.empty(self._connection)
            self._connection.execute(SCHEMA)
            for each in (case_rows, errand_rows, logbook, found_by, proofs, event_rows, archived, issued, queue_rows, fact_rows, moments, project_rows):  # fmt: skip
                self._connection.execute(each.SCHEMA)
            self._execute("INSERT INTO position VALUES (?, 0, ?)", (self._store.uuid, VERSION))
        self.position = 0

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._connection:
            yield

    def _execute(self, sql: str, args: Sequence[Any] = ()) -> apsw.Cursor:
        return self._connection.execute(sql, args)

    def _one(self, sql: str, args: Sequence[Any]) -> Any | None:
        with self._lock:
            return next(iter(self._execute(sql, args)), None)


def _source(where: str) -> str:
    """What a condition is about. Without claims an index can answer it alone."""
    return "cases LEFT JOIN claims USING (case_no, stage)" if "claims." in where else "cases"
