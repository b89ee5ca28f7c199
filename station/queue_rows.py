"""What waits at a deciding station, and who holds it: two tables of the register, small however many cases are over.

    a folded case in a stage ─> queue     by rank (schemas.priorities); gone with its stage
    desk/claim:<case_no>     ─> claims    who has it in hand, until when; counts in its stage, and until then

Everything a queue is asked is a column of its indexes. Decides nothing: ranks are schemas.priorities', turns schemas.worklists',
who may hold a case is the hub's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import apsw

from schemas import priorities, tables, worklists
from schemas.lifecycle import CaseState
from schemas.lifecycle.errands import ErrandState
from schemas.lifecycle.guards import no_reviewer

SCHEMA: Final = """
CREATE TABLE queue (                 -- a case that is in a stage at the station that decides it
    case_no TEXT PRIMARY KEY, current TEXT NOT NULL, stage TEXT NOT NULL, zone TEXT NOT NULL, turn TEXT NOT NULL,
    rank TEXT NOT NULL, due TEXT, priority TEXT NOT NULL, reason TEXT NOT NULL, item_code TEXT NOT NULL,
    department TEXT NOT NULL, town TEXT NOT NULL, no_reviewer TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX queue_rank ON queue (current, rank, case_no, stage, zone, turn, no_reviewer);  -- a bureau's, in its order
CREATE INDEX queue_zone ON queue (current, zone, stage, rank, case_no);                     -- a zone's, and counts by both
CREATE INDEX queue_item ON queue (current, item_code, rank);
CREATE INDEX queue_department ON queue (current, department, rank);
CREATE INDEX queue_town ON queue (current, town, rank);
CREATE INDEX queue_priority ON queue (current, priority, rank) WHERE priority > '';
CREATE INDEX queue_due ON queue (current, due);
CREATE TRIGGER queue_gone AFTER DELETE ON cases BEGIN DELETE FROM queue WHERE case_no = OLD.case_no; END;
CREATE TABLE claims (                -- who works on a case at the hub, in which stage, until when; staff '': put back by `was`
    case_no TEXT PRIMARY KEY, stage TEXT NOT NULL, staff TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL,
    until TEXT NOT NULL, was TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX claims_until ON claims (until, staff, name);                                   -- who has anything in hand
CREATE INDEX claims_staff ON claims (staff, until);                                         -- what somebody has in hand
"""
COLUMNS: Final = (
    "case_no", "current", "stage", "zone", "turn", "rank", "due", "priority", "reason", "item_code", "department", "town",
    "no_reviewer",
)  # fmt: skip


class QueueRows:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    # -- following -----------------------------------------------------------------------------------------------

    def note(self, case_no: str, state: CaseState, current: str) -> None:
        """What became of a case."""
        stage = worklists.place(state.state).stage
        if not stage:
            self._connection.execute("DELETE FROM queue WHERE case_no = ?", (case_no,))
            return
        item, priority = state.item or {}, priorities.of_case(state)
        words = [str(item.get(name) or "") for name in ("zone", "code", "department")]
        row = (
            case_no, current, stage, words[0], worklists.turn(state), priorities.rank(state.due, priority),
            state.due and state.due.isoformat(), priority, "", words[1], words[2], _town(case_no[:12]), no_reviewer(state),
        )  # fmt: skip
        self._connection.execute(f"INSERT OR REPLACE INTO queue VALUES ({','.join('?' * len(row))})", row)  # noqa: S608

    def hurry(self, errand: ErrandState | None) -> None:
        """What an errand asks for the case it lodged. Noted after its case, whose own priority stays if it goes further."""
        if errand is None or not errand.case:
            return
        asked, reason = priorities.of_errand(errand)
        found = self._connection.execute(
            "SELECT priority FROM queue WHERE case_no = ?", (errand.case,)
        ).fetchall()
        known = errand.cases.get(errand.case)
        if not asked or not found or known is None:
            return
        priority = priorities.greater(asked, str(found[0][0]))
        self._connection.execute(
            "UPDATE queue SET priority = ?, reason = ?, rank = ? WHERE case_no = ?",
            (priority, reason, priorities.rank(known.due, priority), errand.case),
        )

    def note_claims(self, ids: Iterable[str], bodies: Mapping[str, Mapping[str, Any]]) -> None:
        """What became of the documents `ids` of the desk."""
        for id_ in ids:
            body = bodies.get(id_)
            if body is None:
                self._connection.execute(
                    "DELETE FROM claims WHERE case_no = ?", (id_.removeprefix("claim:"),)
                )
            elif body.get("type") == "claim":
                row = (
                    *(body[name] for name in ("case", "stage", "staff", "name", "at")),
                    body.get("until", ""),
                    body.get("was", ""),
                )
                self._connection.execute("INSERT OR REPLACE INTO claims VALUES (?,?,?,?,?,?,?)", row)

    # -- reading -------------------------------------------------------------------------------------------------

    def first(self, where: str, args: Sequence[Any], *, limit: int, offset: int = 0) -> list[tuple[str, str]]:
        """The cases of a queue in its order, each with its stage. `where` is the program's own words about queue and claims."""
        joined = "LEFT JOIN claims USING (case_no, stage)" if "claims." in where else ""
        sql = f"SELECT queue.case_no, queue.stage FROM queue {joined} WHERE {where} ORDER BY queue.rank, queue.case_no LIMIT ? OFFSET ?"  # noqa: S608
        with self._lock:
            return [
                (str(row[0]), str(row[1])) for row in self._connection.execute(sql, (*args, limit, offset))
            ]

    def claim(self, case_no: str) -> dict[str, str] | None:
        """{"stage", "staff", "until"} of the last claim of a case that is known, in whatever stage."""
        with self._lock:
            sql = "SELECT stage, staff, until FROM claims WHERE case_no = ?"
            found = self._connection.execute(sql, (case_no,)).fetchall()
        return dict(zip(("stage", "staff", "until"), map(str, found[0]), strict=True)) if found else None

    def rows(self, case_nos: Sequence[str]) -> dict[str, dict[str, Any]]:
        """{case_no: its row}, of those that wait."""
        sql = f"SELECT {', '.join(COLUMNS)} FROM queue WHERE case_no IN ({','.join('?' * len(case_nos))})"  # noqa: S608
        with self._lock:
            found = self._connection.execute(sql, case_nos).fetchall()
        return {str(row[0]): dict(zip(COLUMNS, row, strict=True)) for row in found}

    def count(self, where: str, args: Sequence[Any]) -> int:
        """How many wait; `where` as in first."""
        joined = "LEFT JOIN claims USING (case_no, stage)" if "claims." in where else ""
        sql = f"SELECT count(*) FROM queue {joined} WHERE {where}"  # noqa: S608
        with self._lock:
            found = self._connection.execute(sql, args).fetchall()
        return int(str(found[0][0]))

    def counts(self, codes: Sequence[str]) -> dict[tuple[str, str, str], int]:
        """{(station, zone, stage): how many wait} of these stations."""
        sql = f"SELECT current, zone, stage, count(*) FROM queue WHERE current IN ({','.join('?' * len(codes))}) GROUP BY 1, 2, 3"  # noqa: S608
        with self._lock:
            found = self._connection.execute(sql, codes).fetchall()
        return {(str(row[0]), str(row[1]), str(row[2])): int(str(row[3])) for row in found}

    def holders(self, now: str) -> dict[str, str]:
        """{employee number: name} of everybody who has a case in hand now."""
        with self._lock:
            found = self._connection.execute(
                "SELECT DISTINCT staff, name FROM claims WHERE until > ? AND staff > ''", (now,)
            ).fetchall()
        return {str(row[0]): str(row[1]) for row in found}


def held(row: Mapping[str, Any], now: str) -> dict[str, Any]:
    """A row with the claim as it is `now`: nobody's once its term is over, and then `lapsed_name` says whose it was."""
    if not row.get("claimed_by") or str(row["claimed_until"]) > now:
        return {**row, "lapsed_name": ""}
    return {**row, "claimed_by": None, "claimed_name": None, "lapsed_name": row["claimed_name"]}


def _town(origin: str) -> str:
    """The township a case comes from: the station itself, or the one above a village."""
    known = tables.stations().get(origin)
    return (known.parent_code or origin) if known is not None and known.level == "village" else origin
