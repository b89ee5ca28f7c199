"""Errands and projects of a store: folded from their events with the cases that they are about, each kept as a row. Holds no table of its own and
no rule: rows are errand_rows' and project_rows', what events mean is schemas.lifecycle's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import apsw

from schemas.catalogue import Catalogue
from schemas.lifecycle import CaseState, errands, projects
from schemas.lifecycle.errands import ErrandState
from schemas.lifecycle.projects import ProjectState
from schemas.workdays import Calendar
from station.databases import is_errand, is_project
from station.errand_rows import ErrandRows, lodged
from station.project_rows import ProjectRows, dispatched
from station.projection import passed_over

Events = Sequence[Mapping[str, Any]]


class Works:
    """Works on a connection, and under the lock, of the register."""

    def __init__(
        self, connection: apsw.Connection, lock: threading.RLock, events: Callable[[str], Events], fold: Callable[[Events], CaseState],
        calendar: Callable[[], Calendar], catalogue: Callable[[], Catalogue],
    ) -> None:  # fmt: skip
        """`events`: those of a number; `fold`: a case."""
        self._lock = lock
        self._events = events
        self._fold = fold
        self._calendar = calendar
        self._catalogue = catalogue
        self.errands = ErrandRows(connection, lock)
        self.projects = ProjectRows(connection, lock)

    def errand(self, errand_no: str, *cases: str) -> ErrandState | None:
        """The errand as its events tell it, with the cases it lodged, and these besides, as far as they are here; None where
        unknown."""
        with self._lock:
            events = self._events(errand_no)
            if not events:
                return None
            known = self._cases({*cases, *lodged(events)})
            return errands.fold(events, self._calendar(), known, self._catalogue())

    def project(self, project_no: str) -> ProjectState | None:
        """Likewise of a project, with the cases of its approvals."""
        with self._lock:
            events = self._events(project_no)
            if not events:
                return None
            return projects.fold(
                events, self._calendar(), self._cases(set(dispatched(events))), self._catalogue()
            )

    def open(self) -> set[str]:
        """All that is not over: its days are counted anew where the calendar changes."""
        return self.errands.open() | self.projects.open()

    def note(self, numbers: set[str]) -> Iterator[ErrandState | None]:
        """Keeps what became of those of these numbers that are errands or projects, and of those whose cases are among them: their clocks follow
        the cases. Tells the errands."""
        for errand_no in self.errands.of_cases(numbers) | set(filter(is_errand, numbers)):
            with passed_over(errand_no):
                self.errands.note(errand_no, errand := self.errand(errand_no))
                yield errand
        for project_no in self.projects.of_cases(numbers) | set(filter(is_project, numbers)):
            with passed_over(project_no):
                self.projects.note(project_no, self.project(project_no))

    def _cases(self, case_nos: Iterable[str]) -> dict[str, CaseState]:
        known = {case_no: self._events(case_no) for case_no in case_nos}
        return {case_no: self._fold(found) for case_no, found in known.items() if found}
