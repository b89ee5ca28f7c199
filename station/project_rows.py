"""A folded project (并联审批) as one row of the register, and which case is whose approval: its tables and what lists ask. What a project's events
mean: schemas.lifecycle.projects.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import apsw

from schemas.lifecycle.projects import FINAL, ProjectState
from station.case_rows import id_digest

SCHEMA: Final = """
CREATE TABLE projects (              -- one folded project a row
    project_no TEXT PRIMARY KEY, form TEXT, home TEXT NOT NULL, state TEXT NOT NULL, open INTEGER NOT NULL, vip INTEGER NOT NULL,
    name TEXT NOT NULL, owner TEXT NOT NULL, id_digest TEXT NOT NULL, officer TEXT NOT NULL, approvals INTEGER NOT NULL, over INTEGER NOT NULL,
    due TEXT, accepted_on TEXT, set_aside INTEGER NOT NULL, last_at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX projects_list ON projects (home, open, due);
CREATE INDEX projects_form ON projects (form);
CREATE INDEX projects_person ON projects (id_digest);
CREATE TABLE approvals (case_no TEXT PRIMARY KEY, project_no TEXT NOT NULL) WITHOUT ROWID;
"""
COLUMNS: Final = (
    "project_no", "form", "home", "state", "open", "vip", "name", "owner", "id_digest", "officer", "approvals", "over", "due", "accepted_on",
    "set_aside", "last_at",
)  # fmt: skip
DUE_FIRST: Final = "due IS NULL, due, last_at DESC, project_no"


def dispatched(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The numbers of the cases that these events of a project name."""
    for event in events:
        data = event.get("data")
        cases = data.get("cases") if isinstance(data, Mapping) else None
        if isinstance(cases, Mapping):
            yield from (each for each in cases.values() if isinstance(each, str))


class ProjectRows:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def note(self, project_no: str, state: ProjectState | None) -> None:
        """What became of a project."""
        if state is None:
            return
        places = ",".join("?" * len(COLUMNS))
        self._connection.execute(
            f"INSERT OR REPLACE INTO projects VALUES ({places})",  # noqa: S608 - placeholders only
            _row(project_no, state),
        )
        cases = [(each.case, project_no) for each in state.sub_items if each.case]
        self._connection.executemany("INSERT OR IGNORE INTO approvals VALUES (?, ?)", cases)

    def open(self) -> set[str]:
        """All that is not over."""
        sql = "SELECT project_no FROM projects WHERE open = 1"
        return {str(row[0]) for row in self._connection.execute(sql)}

    def of_cases(self, case_nos: Iterable[str]) -> set[str]:
        """The projects whose approvals these cases are."""
        sql = "SELECT project_no FROM approvals WHERE case_no = ?"
        return {
            str(row[0]) for each in case_nos for row in self._connection.execute(sql, (each,)) if each[:1].isdigit()
        }  # fmt: skip

    # -- reading -------------------------------------------------------------------------------------------------

    def select(
        self, where: str, args: Sequence[Any] = (), *, order: str = DUE_FIRST, limit: int = 100, offset: int = 0
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Rows as dicts of COLUMNS. `where` and `order` are the program's own words, never a visitor's."""
        sql = f"SELECT {', '.join(COLUMNS)} FROM projects WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
        with self._lock:
            rows = self._connection.execute(sql, (*args, limit, offset)).fetchall()
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    def count(self, where: str, args: Sequence[Any] = ()) -> int:
        """How many match; `where` as in select."""
        with self._lock:
            rows = self._connection.execute(f"SELECT count(*) FROM projects WHERE {where}", args).fetchall()  # noqa: S608
        return int(str(rows[0][0]))

    def of_form(self, form: str) -> str | None:
        """The project that a form has already become, or None."""
        found = self.select("form = ?", (form,), limit=1)
        return str(found[0]["project_no"]) if found else None


def _row(project_no: str, state: ProjectState) -> tuple[Any, ...]:
    owner = state.owner or {}
    opened = state.timeline[0].event if state.timeline else {}
    form = opened.get("data", {}).get("form")
    cases = [state.cases.get(each.case) for each in state.sub_items if each.case]
    return (
        project_no, form if isinstance(form, str) else None, state.home or project_no[1:13], state.state,
        bool(state.timeline) and state.state not in FINAL, state.vip, state.name, str(owner.get("name", "")), id_digest(str(owner.get("id_no", ""))),
        state.lead_officer, len(state.sub_items), sum(case is not None and case.ended_at is not None for case in cases),
        state.due.isoformat() if state.due else None, state.accepted_at.date().isoformat() if state.accepted_at else None,
        len(state.set_aside), str(state.timeline[-1].event["at"]) if state.timeline else "",
    )  # fmt: skip
