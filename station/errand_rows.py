"""A folded errand as one row of the register: its table, what goes into each row, and the questions lists ask. What an errand's
events mean: schemas.lifecycle.errands.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import apsw

from schemas.lifecycle.errands import FINAL, ErrandState
from station.case_rows import id_digest

SCHEMA: Final = """
CREATE TABLE errands (               -- one folded errand a row
    errand_no TEXT PRIMARY KEY, form TEXT, home TEXT NOT NULL, district TEXT NOT NULL, state TEXT NOT NULL, open INTEGER NOT NULL,
    kind TEXT NOT NULL, agent TEXT NOT NULL, applicant TEXT NOT NULL, id_digest TEXT NOT NULL, item TEXT NOT NULL,
    case_no TEXT NOT NULL, originals INTEGER NOT NULL, visit_on TEXT, visit_slot TEXT NOT NULL, green INTEGER NOT NULL,
    due TEXT, set_aside INTEGER NOT NULL, last_at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX errands_list ON errands (home, open, due);                       -- a station's errands, the next due first
CREATE INDEX errands_agent ON errands (agent, open, due);                     -- and an agent's
CREATE INDEX errands_district ON errands (district, open, due);               -- the same of a district, at the hub
CREATE INDEX errands_held ON errands (originals) WHERE originals > 0;         -- of whom originals are held
CREATE INDEX errands_visits ON errands (visit_on) WHERE open = 1;             -- home visits by day
CREATE INDEX errands_case ON errands (case_no);
CREATE INDEX errands_person ON errands (id_digest);
CREATE INDEX errands_form ON errands (form);                                  -- one form makes one errand
"""

COLUMNS: Final = (
    "errand_no", "form", "home", "district", "state", "open", "kind", "agent", "applicant", "id_digest", "item", "case_no",
    "originals", "visit_on", "visit_slot", "green", "due", "set_aside", "last_at",
)  # fmt: skip
DUE_FIRST: Final = "due IS NULL, due, errand_no"


def lodged(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The numbers of the cases that these events of an errand name."""
    for event in events:
        data = event.get("data")
        if isinstance(data, Mapping) and isinstance(data.get("case"), str):
            yield data["case"]


class ErrandRows:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def note(self, errand_no: str, state: ErrandState | None) -> None:
        """What became of an errand."""
        if state is None:
            return
        places = ",".join("?" * len(COLUMNS))
        self._connection.execute(
            f"INSERT OR REPLACE INTO errands VALUES ({places})",  # noqa: S608 - placeholders only
            _row(errand_no, state),
        )

    def open(self) -> set[str]:
        """All that is not over."""
        sql = "SELECT errand_no FROM errands WHERE open = 1"
        return {str(row[0]) for row in self._connection.execute(sql)}

    def of_cases(self, case_nos: Iterable[str]) -> set[str]:
        """The errands that lodged these cases."""
        sql = "SELECT errand_no FROM errands WHERE case_no = ?"
        return {
            str(row[0]) for each in case_nos for row in self._connection.execute(sql, (each,)) if each[:1].isdigit()
        }  # fmt: skip

    # -- reading -------------------------------------------------------------------------------------------------

    def select(
        self, where: str, args: Sequence[Any] = (), *, order: str = DUE_FIRST, limit: int = 100, offset: int = 0
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Rows as dicts of COLUMNS. `where` and `order` are the program's own words, never a visitor's."""
        sql = f"SELECT {', '.join(COLUMNS)} FROM errands WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
        with self._lock:
            rows = self._connection.execute(sql, (*args, limit, offset)).fetchall()
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    def count(self, where: str, args: Sequence[Any] = ()) -> int:
        """How many match; `where` as in select."""
        with self._lock:
            rows = self._connection.execute(f"SELECT count(*) FROM errands WHERE {where}", args).fetchall()  # noqa: S608
        return int(str(rows[0][0]))

    def of_form(self, form: str) -> str | None:
        """The errand that a form has already become, or None."""
        found = self.select("form = ?", (form,), limit=1)
        return str(found[0]["errand_no"]) if found else None


def _row(errand_no: str, state: ErrandState) -> tuple[Any, ...]:
    applicant = state.applicant or {}
    request = state.timeline[0].event if state.timeline else {}
    last = state.timeline[-1].event["at"] if state.timeline else ""
    return (
        errand_no, _form(request), state.home or errand_no[1:13], errand_no[1:7], state.state,
        bool(state.timeline) and state.state not in FINAL, state.kind, state.agent, str(applicant.get("name", "")),
        id_digest(str(applicant.get("id_no", ""))), state.item, state.case, len(state.originals),
        state.visit_on.isoformat() if state.visit_on else None, state.visit_slot, bool(state.green_reason),
        state.due.isoformat() if state.due else None, len(state.set_aside), str(last),
    )  # fmt: skip


def _form(request: Mapping[str, Any]) -> str | None:
    form = request.get("data", {}).get("form")
    return form if isinstance(form, str) else None
