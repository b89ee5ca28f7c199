"""What a station says of itself: how much of what the hub published of the catalogue and the calendar counts here, the program it runs, and, of
a township, on which day it last heard of each of its villages: the hub hears of those that sync through it by nobody else.

    station-<code>    station_report, one word for each change, in the logbook; it travels as everything does, by relay and stick too

Says nothing before the hub has published an item or a release, and nothing twice; of its villages no more than every two hours. What waits here, and
for how long, nobody is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import metadata
from typing import Any, Final

from schemas import tables
from station.almanac import Almanac
from station.databases import logged_as
from station.logbook import Keeper
from station.moment import Clock, read, stamp
from station.published import Published
from station.register import Register
from station.releases import Releases
from station.staff import Staff
from sync.errors import DiskFull

REPORT: Final = "station_report"
PROGRAM: Final = "bianmin"


EVERY: Final = timedelta(hours=2)


def held(published: Published, almanac: Almanac) -> int:
    """How many documents of the catalogue and the calendar that the hub published count here."""
    return published.newest() + almanac.newest()


class Reporting:
    """Of one station. `came`: the stations below that came since it was asked last."""

    def __init__(
        self, code: str, keeper: Keeper, register: Register, published: Published, almanac: Almanac, releases: Releases,
        came: Callable[[], set[str]], clock: Clock,
    ) -> None:  # fmt: skip
        self._code = code
        self._keeper = keeper
        self._register = register
        self._published = published
        self._almanac = almanac
        self._releases = releases
        self._came = came
        self._clock = clock
        # Under one form always, so that of a station one report is known, the newest.
        self._form = hashlib.sha256(code.encode()).hexdigest()[:32]
        # Read from a file, and the same as long as this program runs.
        self._program = metadata.version(PROGRAM)[:40]
        self._heard: dict[str, str] = {}
        self._said: Mapping[str, Any] | None = None
        """The last report, once it was looked for."""

    def tend(self) -> None:
        """Says what has changed."""
        now = self._clock()
        below = self._came().intersection(tables.children(self._code))
        self._heard.update(dict.fromkeys(below, now.date().isoformat()))
        catalogue = held(self._published, self._almanac)
        if not (catalogue or self._releases.all()):
            return
        if self._said is None:
            self._register.catch_up()
            self._said = self._register.logbook.get(logged_as(self._code, self._form)) or {}
            self._heard = {**_heard(self._said), **self._heard}
        if not self._is_due(catalogue, now):
            return
        report = {"at": stamp(now), "catalogue": catalogue, "program": self._program}
        if self._heard:
            report["heard"] = [{"station": code, "on": on} for code, on in sorted(self._heard.items())]
        nobody = Staff(self._code, "", self._code, frozenset())
        with suppress(DiskFull):  # said with the next look
            self._keeper.keep(self._code, nobody, REPORT, self._form, lambda _txn, _before: report)
            self._said = report

    def _is_due(self, catalogue: int, now: datetime) -> bool:
        said = self._said or {}
        if (said.get("catalogue"), said.get("program")) != (catalogue, self._program):
            return True
        return _heard(said) != self._heard and abs(now - read(said["at"])) >= EVERY


def _heard(report: Mapping[str, Any]) -> dict[str, str]:
    return {each["station"]: each["on"] for each in report.get("heard", ())}
