"""The life of a project approved in parallel (并联审批): one form, one joint clock, a case for every approval
(domain.md §3, Licensing Law art. 42). The same names as schemas.lifecycle has for a case.

This file only gathers the public names; no rule will ever be written here.
"""

from schemas.lifecycle.projects.fold import fold
from schemas.lifecycle.projects.machine import MACHINE, QUALIFIERS, ROLES
from schemas.lifecycle.projects.state import ProjectState, SubItem
from schemas.lifecycle.projects.words import (
    EVENT_NAMES,
    OPINIONS,
    OUTCOMES,
    STATE_NAMES,
    SUSPEND_KINDS,
)

EVENTS = MACHINE.events
STATES = MACHINE.states
FINAL = MACHINE.final
problem = MACHINE.problem
choices = MACHINE.choices
acting_role = MACHINE.acting_role

__all__ = [
    "EVENTS",
    "EVENT_NAMES",
    "FINAL",
    "MACHINE",
    "OPINIONS",
    "OUTCOMES",
    "QUALIFIERS",
    "ROLES",
    "STATES",
    "STATE_NAMES",
    "SUSPEND_KINDS",
    "ProjectState",
    "SubItem",
    "acting_role",
    "choices",
    "fold",
    "problem",
]
