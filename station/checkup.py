"""The self-check: looks at this server once a day, has what it finds judged (station.health), and keeps the result for the pages and, as a
file, for the command `doctor`.

    health.json in the data folder    {"at", "findings": [{"subject", "level", "says": {"text", "params"}, "do": … or null}]}

Asks the database, the disk, the agent and the calendar; decides nothing. Holds no personal data.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import apsw

from schemas.problems import Problem
from station import certificates, health
from station.agent import Agent
from station.almanac import Almanac
from station.appointments import Appointments
from station.backup_rules import EVERY
from station.backups import Backups
from station.health import Facts, Finding
from station.identity import Identity
from station.keystore import write_private
from station.moment import Clock, read, stamp
from station.sync_report import SyncReport
from station.tls import Tls
from sync.errors import SyncError
from sync.serving import ServedStore
from sync.store import Store

log = logging.getLogger("bianmin.health")

FILE: Final = "health.json"


class Checkup:
    """Of one server."""

    def __init__(
        self, data: Path, store: ServedStore, *, agent: Agent, report: SyncReport, backups: Backups | None, appointments: Appointments,
        identity: Identity, tls: Tls, almanac: Almanac, heard: Callable[[], str], is_hub: bool, clock: Clock,
    ) -> None:  # fmt: skip
        """`heard`: when a stick from above was last read, as a stamp, or ""."""
        self._data = data
        self._store = store
        self._agent = agent
        self._report = report
        self._backups = backups
        self._appointments = appointments
        self._identity = identity
        self._tls = tls
        self._almanac = almanac
        self._heard = heard
        self._is_hub = is_hub
        self._clock = clock
        self._last = kept(data)

    @property
    def last(self) -> tuple[datetime | None, tuple[Finding, ...]]:
        """When the last check was, and what it found."""
        return self._last

    def tend(self) -> None:
        """Checks if the last time is a day ago. Takes as long as reading the store does."""
        at = self._last[0]
        if at is None or abs(self._clock() - at) >= EVERY:
            self.check()

    def check(self) -> tuple[Finding, ...]:
        """Checks now."""
        facts = self.facts()
        found = health.judge(facts)
        self._last = facts.now, found
        try:
            said = {"at": stamp(facts.now), "findings": [_written(each) for each in found]}
            write_private(self._data / FILE, json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n")
        except OSError as error:
            log.warning("the self-check can't be written down: %s", error.strerror)
        for each in found:
            if each.level != "good":
                log.warning("self-check: %s %s", each.subject, each.level)
        return found

    def facts(self) -> Facts:
        """What is so at this moment."""
        now = self._clock()
        waiting: dict[str, Any] = {} if self._is_hub else self._report.now()
        reached = max(waiting.get("reached_at", ""), self._heard())
        oldest = waiting.get("waiting", {}).get("oldest", "")
        until = self._appointments.until()
        shown = self._tls.certificate
        return Facts(
            now=now,
            **self._store_facts(),
            **self._backup_facts(),
            clock_ahead=self._agent.clock_ahead(),
            is_hub=self._is_hub,
            enrolled=self._is_hub or bool(self._identity.root),
            reached_at=read(reached) if reached else None,
            waiting=waiting.get("waiting", {}).get("events", 0),
            waiting_since=read(oldest) if oldest else None,
            refused=len(waiting.get("last", {}).get("refused", ())),
            lease_until=until,
            certificate_until=certificates.end_of(shown) if shown else None,
            knows_days=self._almanac.calendar().covers((now + health.CALENDAR_AHEAD).year),
        )

    def _store_facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if isinstance(self._store, Store):
            try:
                with self._store.read() as connection:
                    said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
                facts["integrity"] = "; ".join(said)
                facts["needed"] = self._store.path.stat().st_size
            except (apsw.Error, SyncError) as error:
                facts["integrity"] = getattr(error, "reason", "") or str(error)
        try:
            facts["free"] = shutil.disk_usage(self._data).free
        except OSError as error:
            log.warning("the disk can't be asked how full it is: %s", error.strerror)
        return facts

    def _backup_facts(self) -> dict[str, Any]:
        if self._backups is None:
            return {}
        told = self._backups.status()
        made, checked, problem = told.get("made"), told.get("checked"), told.get("problem")
        return {
            "backup_folder": self._backups.into is not None,
            "backup_at": read(made["at"]) if made else None,
            "backup_tested": bool(checked),
            "backup_problem": Problem("backup", problem["text"], problem["params"]) if problem else None,
            "backup_same_disk": self._backups.is_on_same_disk(),
        }


def kept(data: Path) -> tuple[datetime | None, tuple[Finding, ...]]:
    """When the server of a data folder was last checked, and what was found, whether or not it runs."""
    try:
        said = json.loads((data / FILE).read_bytes())
        return read(said["at"]), tuple(_finding(each) for each in said["findings"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, ()


def _written(each: Finding) -> dict[str, Any]:
    def words(problem: Problem | None) -> dict[str, Any] | None:
        return None if problem is None else {"text": problem.text, "params": dict(problem.params)}

    return {"subject": each.subject, "level": each.level, "says": words(each.says), "do": words(each.do)}


def _finding(said: dict[str, Any]) -> Finding:
    def problem(words: dict[str, Any] | None) -> Problem | None:
        return None if words is None else Problem(said["subject"], words["text"], words["params"])

    says = problem(said["says"])
    assert says is not None
    return Finding(said["subject"], said["level"], says, problem(said["do"]))
