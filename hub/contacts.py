"""When each station was last heard of, and which version it told: in memory, written down once a minute with one commit.

    here/_local/contacts:<first 9 digits>    of a township and its villages: {"stations": {<code>: [<stamp of the last contact>, <version>]}}

So a hub that dies forgets a minute of it. Each web node knows of its own contacts. Of a village that syncs through its township the hub hears by
the township's report (station.reporting), to the day. Decides nothing: what is silent, who looks says.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from schemas import tables
from station.databases import HERE
from station.moment import Clock, read, stamp
from sync.serving import ServedStore

DOC: Final = "contacts:"
TOWNSHIP: Final = 9  # digits of a code that its villages share
EVERY: Final = timedelta(minutes=1)
LONGEST_VERSION: Final = 40


class Contact(NamedTuple):
    """`version`: as the station told it when it last showed its key; "" where it did not."""

    at: datetime
    version: str


class Contacts:
    """Of one hub. Every method may be called from any thread."""

    def __init__(self, store: ServedStore, clock: Clock) -> None:
        self._here = store.database(HERE, create=True)
        self._clock = clock
        self._lock = threading.Lock()
        self._store = store
        self._known = {
            code: Contact(read(at), version)
            for doc in self._here.local_documents(DOC).values()
            for code, (at, version) in doc["stations"].items()
        }
        self._changed: set[str] = set()
        self._written_at = clock()

    def heard(self, code: str, version: str | None = None) -> None:
        """This station has just shown who it is. `version`: what it says it runs; None where it said nothing of that."""
        with self._lock:
            before = self._known.get(code)
            told = (before.version if before else "") if version is None else version[:LONGEST_VERSION]
            self._known[code] = Contact(self._clock(), told)
            self._changed.add(code[:TOWNSHIP])

    def all(self) -> dict[str, Contact]:
        """By station code; who was never heard of is not in it."""
        with self._lock:
            return dict(self._known)

    def tend(self) -> None:
        """Writes down what changed, once a minute at the most."""
        now = self._clock()
        if not self._changed or abs(now - self._written_at) < EVERY:
            return
        with self._lock:
            changed, self._changed, self._written_at = self._changed, set(), now
        kept: dict[str, dict[str, list[str]]] = {each: {} for each in changed}
        for code, each in self.all().items():
            if code[:TOWNSHIP] in kept:
                kept[code[:TOWNSHIP]][code] = [stamp(each.at), each.version]

        def write() -> None:
            for group, stations in kept.items():
                self._here.put_local(DOC + group, {"stations": stations})

        self._store.gathered(write)


def of_all(contacts: Contacts, reports: Iterable[Mapping[str, Any]]) -> dict[str, Contact]:
    """When each station was last heard of, by itself or by its township. `reports`: the newest of each station."""
    found = contacts.all()
    for report in reports:
        at, own = read(report["at"]), report["station"]
        program = str(report.get("program", ""))
        if own in found and not found[own].version:
            found[own] = found[own]._replace(version=program)
        elif own not in found:  # what a station said of itself came by its township
            found[own] = Contact(at, program)
        for each in report.get("heard", ()):
            # Of a day before the report's its end is as good as any moment of it.
            end = datetime.combine(date.fromisoformat(each["on"]), time(23, 59), at.tzinfo)
            heard, before = min(at, end), found.get(each["station"])
            if each["station"] in tables.children(own) and (before is None or before.at < heard):
                found[each["station"]] = Contact(heard, before.version if before else "")
    return found
