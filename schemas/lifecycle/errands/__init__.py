"""The life of an errand (代办、导办、上门、VIP): somebody of ours fetches papers, lodges a case and brings the result
(domain.md §3). The same names as schemas.lifecycle has for a case. It costs nothing: no form has a fee.

This file only gathers the public names; no rule will ever be written here.
"""

from schemas.lifecycle.errands.fold import fold
from schemas.lifecycle.errands.machine import MACHINE, QUALIFIERS, ROLES
from schemas.lifecycle.errands.state import ErrandState
from schemas.lifecycle.errands.words import EVENT_NAMES, KINDS, MANDATES, NEXT, STATE_NAMES

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
    "KINDS",
    "MACHINE",
    "MANDATES",
    "NEXT",
    "QUALIFIERS",
    "ROLES",
    "STATES",
    "STATE_NAMES",
    "ErrandState",
    "acting_role",
    "choices",
    "fold",
    "problem",
]
