"""The life of a case (办件): who may do what when, and what its events add up to (domain.md §3).

    clerk's form ─> problem(state, event, actor, data)  None: it may be recorded
    recorded events, in whatever order they arrive ─> fold(events, calendar) ─> CaseState
                                          └─ asks the same `problem` again for each: one rule, one place

    words        names for people: states, events, roles, reasons
    state        the values that travel: Actor, CaseState, Entry, Choice
    guards       what each event asks of the case and of its form
    permissions  the transition table compiled; problem and choices
    fold         order, and what each event does to the state
    clocks       due dates

This file only gathers the public names; no rule will ever be written here.
"""

from schemas.lifecycle.fold import AUTHORITY, MAX_LAMPORT, fold
from schemas.lifecycle.guards import SUPPLEMENT_PERIOD
from schemas.lifecycle.permissions import (
    EVENTS,
    FINAL,
    STATES,
    acting_role,
    choices,
    problem,
)
from schemas.lifecycle.state import Actor, CaseState, Choice, Entry, case_item
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
    "acting_role",
    "case_item",
    "choices",
    "fold",
    "problem",
]
