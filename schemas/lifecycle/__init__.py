"""The life of a case (办件), and of projects and errands: who may do what when, and what the events add up to
(domain.md §3).

    clerk's form ─> problem(state, event, actor, data)  None: it may be recorded
    recorded events, in whatever order they arrive ─> fold(events, calendar) ─> CaseState
                                          └─ asks the same `problem` again for each: one rule, one place

    for any of the three machines                      for a case
    words, state   names; values that travel           permissions  what roles and provisos mean
    reading        document ─> event                   guards       what an event asks of case and form
    order          theory: which event comes first     effects      what an event does to the case
    machine        the table compiled; who may         clocks       due dates, used days
    folding        events ─> state                     fold         all of it together
    forms, limits  reading forms; days of clocks

    projects/ and errands/ hold what is a case's on the right for 并联审批 and 代办, under the same names:
    `projects.problem`, `projects.choices`, `projects.fold`, …

This file only gathers the public names; no rule will ever be written here.
"""

from schemas.lifecycle.clocks import used_days
from schemas.lifecycle.fold import fold, replay
from schemas.lifecycle.guards import SUPPLEMENT_PERIOD
from schemas.lifecycle.permissions import (
    EVENTS,
    FINAL,
    STATES,
    acting_role,
    choices,
    problem,
)
from schemas.lifecycle.reading import AUTHORITY, MAX_LAMPORT, counts_from
from schemas.lifecycle.state import Actor, CaseState, Choice, Entry, Folded, Occasion, case_item
from schemas.lifecycle.words import (
    EVENT_NAMES,
    REFUSE_REASONS,
    ROLE_NAMES,
    STATE_NAMES,
    SUSPEND_KINDS,
)
from schemas.tables import NEW

__all__ = [
    "AUTHORITY",
    "EVENTS",
    "EVENT_NAMES",
    "FINAL",
    "MAX_LAMPORT",
    "NEW",
    "REFUSE_REASONS",
    "ROLE_NAMES",
    "STATES",
    "STATE_NAMES",
    "SUPPLEMENT_PERIOD",
    "SUSPEND_KINDS",
    "Actor",
    "CaseState",
    "Choice",
    "Entry",
    "Folded",
    "Occasion",
    "acting_role",
    "case_item",
    "choices",
    "counts_from",
    "fold",
    "problem",
    "replay",
    "used_days",
]
