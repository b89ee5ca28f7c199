"""A folded case as one row of the register: its table, its columns, what goes into each, and which events
count once. Pure; station.register keeps them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from schemas import lifecycle, tables, worklists
from station.files import lines_of

SCHEMA: Final = """
CREATE TABLE cases (                 -- one folded case a row
    subject INTEGER PRIMARY KEY,     -- its number's short key (station.event_rows): what all indexes hold
    case_no TEXT NOT NULL UNIQUE, form TEXT, state TEXT NOT NULL, stage TEXT NOT NULL,
    list TEXT NOT NULL, final INTEGER NOT NULL,
    origin TEXT NOT NULL, current TEXT NOT NULL, district TEXT NOT NULL,
    item_code TEXT NOT NULL, item_name TEXT NOT NULL, department TEXT NOT NULL, zone TEXT NOT NULL,
    instant INTEGER NOT NULL, applicant TEXT NOT NULL, id_digest TEXT NOT NULL,
    received_at TEXT, accepted_at TEXT, decided_at TEXT, due TEXT,
    result TEXT, supplements INTEGER NOT NULL, assigned_to TEXT, set_aside INTEGER NOT NULL, files INTEGER NOT NULL,
    last_event TEXT NOT NULL, last_at TEXT NOT NULL, clerk TEXT NOT NULL);
CREATE INDEX cases_here ON cases (current, due, last_at DESC, origin) WHERE stage > '';  -- what waits at a station
CREATE INDEX cases_list ON cases (origin, list, due, last_at DESC);           -- a station's lists and their counts
CREATE INDEX cases_person ON cases (id_digest, item_code);                    -- one person's
CREATE INDEX cases_recent ON cases (origin, last_at);                         -- and what changed last
CREATE INDEX cases_district ON cases (district, final, due);                  -- the other districts' lists
CREATE UNIQUE INDEX cases_form ON cases (form) WHERE form IS NOT NULL;        -- one form makes one case
CREATE INDEX cases_last ON cases (last_at DESC);                              -- the city's, what changed last
CREATE INDEX cases_district_last ON cases (district, last_at DESC);           -- and a district's
CREATE INDEX cases_clerk ON cases (clerk, due) WHERE final = 0;               -- what somebody took in, and answers for
CREATE TABLE tallies (               -- how many there are, never counted
    origin TEXT NOT NULL, list TEXT NOT NULL, district TEXT NOT NULL, cases INTEGER NOT NULL,
    PRIMARY KEY (origin, list, district)) WITHOUT ROWID;
-- A row is replaced: the one before it is taken off here, since a replaced one is not deleted to a trigger.
CREATE TRIGGER tally_new BEFORE INSERT ON cases BEGIN
    UPDATE tallies SET cases = cases - 1
        WHERE (origin, list, district) = (SELECT origin, list, district FROM cases WHERE case_no = NEW.case_no);
    INSERT INTO tallies SELECT NEW.origin, NEW.list, NEW.district, 0 WHERE NOT EXISTS
        (SELECT 1 FROM tallies WHERE (origin, list, district) = (NEW.origin, NEW.list, NEW.district));
    UPDATE tallies SET cases = cases + 1 WHERE (origin, list, district) = (NEW.origin, NEW.list, NEW.district); END;
CREATE TRIGGER tally_gone AFTER DELETE ON cases BEGIN
    UPDATE tallies SET cases = cases - 1 WHERE (origin, list, district) = (OLD.origin, OLD.list, OLD.district); END;
"""
TALLIED: Final = ("district", "origin", "list")

COLUMNS = (
    "case_no", "form", "state", "stage", "list", "final", "origin", "current", "district", "item_code", "item_name",
    "department", "zone", "instant", "applicant", "id_digest", "received_at", "accepted_at", "decided_at", "due",
    "result", "supplements", "assigned_to", "set_aside", "files", "last_event", "last_at", "clerk",
)  # fmt: skip


# `subject` as the events of the case have it: they are noted before it is folded.
INSERT: Final = f"""INSERT OR REPLACE INTO cases
    VALUES ((SELECT subject FROM subjects WHERE number = ?1), {", ".join(f"?{n + 1}" for n in range(len(COLUMNS)))})"""  # noqa: S608 - placeholders only


def id_digest(id_no: str) -> str:
    """What an identity number is looked up by: its SHA-256. Hides it from a glance, not from a search of all numbers."""
    return hashlib.sha256(id_no.encode()).hexdigest()


def row(case_no: str, state: lifecycle.CaseState, events: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    """The row of a folded case, in the order of COLUMNS."""
    item = state.item or {}
    applicant = state.applicant or {}
    last = state.timeline[-1].event if state.timeline else events[0]
    origin, place = case_no[:12], worklists.place(state.state)
    known = tables.stations().get(origin)
    return (
        case_no, state.form or None, state.state, place.stage, place.list, state.final,
        origin, state.current_station or origin, known.district_code if known else origin[:6],
        *(_word(item.get(name)) for name in ("code", "name", "department", "zone")),
        item.get("instant") is True, _word(applicant.get("name")), id_digest(_word(applicant.get("id_no"))),
        _text(state.received_at), _text(state.accepted_at), _text(state.decided_at), _text(state.due),
        state.result, state.supplements, state.assigned_to, len(state.set_aside),
        sum(len(lines_of(event)) for event in events),
        _word(last.get("event")), _word(last.get("at")), _word(state.created_by),
    )  # fmt: skip


def _word(value: object) -> str:
    """A text of a document; "" where a badly filled one holds something else."""
    return value if isinstance(value, str) else ""


def _text(value: datetime | date | None) -> str | None:
    return None if value is None else value.isoformat()


def once(events: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The events without those that repeat one that counts, to the letter (`station.recovery`)."""
    return [event for event in events.values() if not _repeats(event, events.get(str(event.get("was"))))]


def _repeats(event: Mapping[str, Any], was: Mapping[str, Any] | None) -> bool:
    def said(of: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in of.items() if name not in ("_id", "_rev", "was")}

    return was is not None and said(event) == said(was)
