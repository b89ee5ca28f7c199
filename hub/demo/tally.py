"""What became of the applications: counted from the stores of stations and hub after every server has stopped.

Reads stores only. What was sent is looked at for one thing: a case whose saving was acknowledged must be there, with every byte of its scans.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas import lifecycle
from schemas.workdays import calendar
from station import files
from station.databases import of_case, station_of
from sync import ledger
from sync.couch import CouchStore, address
from sync.serving import ServedStore
from sync.store import Store

DECIDED = {"decided", "concluded", "delivered", "not_accepted"}
READ = 500


@dataclass
class Books:
    """Every case of one store: its events by id, the folded state, and revisions for comparing."""

    events: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    states: dict[str, lifecycle.CaseState] = field(default_factory=dict)
    scans: dict[str, dict[str, bool]] = field(default_factory=dict)
    """By case and digest: whether the file is whole, and what its event states."""


@dataclass
class Tally:
    """The counts, and the case numbers behind what should be zero."""

    recorded: int = 0
    queued: int = 0
    decided: int = 0
    returned: int = 0
    granted: int = 0
    denied: int = 0
    concluded: int = 0
    supplemented: int = 0
    scans: int = 0
    lost: set[str] = field(default_factory=set)
    duplicated: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    by_zone: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_station: Counter[str] = field(default_factory=Counter)

    def good(self, count: int) -> bool:
        everything = self.recorded == self.queued == self.decided == self.returned == count
        return everything and not (self.lost or self.duplicated or self.stuck)


def read_books(path: Path, databases: Iterable[str] | None = None, *, key: bytes | None = None) -> Books:
    """The books of a store on disk; the server must have stopped. `databases` narrows to some."""
    with Store.open(path, create=False, key=key) as store:
        return _read(store, store.databases() if databases is None else databases)


def read_cluster(url: str) -> Books:
    """The books of a hub that keeps its databases in CouchDB, read with a journal that is thrown away."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="bianmin-demo-")))
        store = CouchStore.open(address.parse(url), folder / "journal.sqlite", follow=False)
        opened.enter_context(store)
        return _read(store, store.databases())


def _read(store: ServedStore, databases: Iterable[str]) -> Books:
    books = Books()
    for name in databases:
        if station_of(name) is None:
            continue
        ids = [id_ for id_ in _all_changes(store.database(name)) if ledger.is_event_id(id_)]
        for body in store.bodies(name, ids).values():
            books.events.setdefault(body["case"], {})[body["_id"]] = body
    shipped = calendar()
    books.states = {
        case_no: lifecycle.fold(list(events.values()), shipped) for case_no, events in books.events.items()
    }
    for case_no, state in books.states.items():
        database = store.database(of_case(case_no))
        books.scans[case_no] = {
            each["sha256"]: isinstance(files.read(database, each), bytes) for each in state.files
        }
    return books


def _all_changes(db: Any) -> Iterable[str]:
    since = 0
    while True:
        changes = db.changes(since, READ)
        if not changes.results:
            return
        yield from (change.id for change in changes.results)
        since = changes.last_seq


def tally(hub: Books, stations: Mapping[str, Books], acknowledged: Iterable[str]) -> Tally:
    """Compares the books. `stations` holds each station's books of its own database, by station code."""
    counts = Tally()
    forms: dict[str, set[str]] = {}
    applications: dict[tuple[str, str], set[str]] = {}
    at_home: set[str] = set()
    for code, books in stations.items():
        for case_no, state in books.states.items():
            at_home.add(case_no)
            counts.by_station[code] += 1
            forms.setdefault(state.form, set()).add(case_no)
            application = ((state.applicant or {}).get("id_no", ""), (state.item or {}).get("code", ""))
            applications.setdefault(application, set()).add(case_no)
            events = books.events[case_no]
            if Counter(event["event"] for event in events.values())["create"] != 1:
                counts.duplicated.add(case_no)
            there = hub.events.get(case_no, {})
            if {i: e["_rev"] for i, e in events.items()} != {i: e["_rev"] for i, e in there.items()}:
                counts.lost.add(case_no)
            arrived = hub.scans.get(case_no, {})
            if not all(arrived.get(sha256) for sha256 in books.scans.get(case_no, ())):
                counts.lost.add(case_no)
            counts.scans += sum(arrived.values())
            _count(counts, case_no, state, hub.states.get(case_no))
    for same in (*forms.values(), *applications.values()):
        if len(same) > 1:
            counts.duplicated |= same
    counts.recorded = len(at_home)
    counts.lost |= set(acknowledged) - at_home
    counts.lost |= {case_no for case_no in hub.events if case_no not in at_home}
    return counts


def _count(counts: Tally, case_no: str, home: lifecycle.CaseState, there: lifecycle.CaseState | None) -> None:
    if there is None:
        counts.stuck.add(case_no)
        return
    item = there.item or {}
    if there.current_station == f"{item.get('division_code')}000000" and item.get("zone"):
        counts.queued += 1
        counts.by_zone[item["division_code"], item["zone"]] += 1
    if there.state not in DECIDED:
        counts.stuck.add(case_no)
        return
    counts.decided += 1
    counts.granted += there.result == "granted"
    counts.denied += there.result == "denied"
    counts.concluded += there.result == "concluded"
    counts.supplemented += there.supplements > 0
    if (home.state, home.result) == (there.state, there.result):
        counts.returned += 1
    else:
        counts.stuck.add(case_no)
