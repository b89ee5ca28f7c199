"""May this person do this to this case now? The transition table compiled, then asked in four steps:

    state ─> does the table have this event from here?
    role  ─> does the actor hold one of its roles, at a station of that role's level?
    scope ─> is this case that station's to touch, and is it there now?
    guard ─> guards.READY, guards.FILLED, guards.TIMELY

The first of the actor's roles that passes role and scope is the one the event is recorded under.

transitions.csv is the only source of states, events and who may; here is only how its words are understood.
Reads nothing but its arguments and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from schemas.lifecycle.guards import FILLED, READY, TIMELY
from schemas.lifecycle.state import CHINA, Actor, CaseState, Choice
from schemas.lifecycle.words import EVENT_NAMES, ROLE_NAMES, STATE_NAMES
from schemas.offers import decides
from schemas.problems import N_, Problem
from schemas.tables import NEW, ActorRule, Level, Station, Transition, stations, transitions

# --- scope: which cases are a role's to touch -------------------------------------------------------------

_ALL: Final[frozenset[Level]] = frozenset({"village", "township", "district", "city"})
_BUREAU: Final[frozenset[Level]] = frozenset({"district", "city"})

Scope = Callable[[CaseState, Station], bool]


def _anything(state: CaseState, station: Station) -> bool:
    return True


def _own(state: CaseState, station: Station) -> bool:
    return state.origin_station == station.code


def _own_or_below(state: CaseState, station: Station) -> bool:
    return _own(state, station) or stations()[state.origin_station].parent_code == station.code


def _here(state: CaseState, station: Station) -> bool:
    return state.current_station == station.code


def _here_or_district(state: CaseState, station: Station) -> bool:
    return _here(state, station) or stations()[state.origin_station].district_code == station.district_code


def _here_or_above(state: CaseState, station: Station) -> bool:
    here = stations()[state.current_station]
    while here.code != station.code:
        if here.parent_code is None:
            return False
        here = stations()[here.parent_code]
    return True


class _RoleRule(NamedTuple):
    """levels of station where the role exists; scope: the cases it may touch."""

    levels: frozenset[Level]
    scope: Scope


ROLES: Final[Mapping[str, _RoleRule]] = {
    "applicant": _RoleRule(_ALL, _anything),
    "village_clerk": _RoleRule(frozenset({"village"}), _own),
    "township_window": _RoleRule(frozenset({"township"}), _own_or_below),
    "district_window": _RoleRule(frozenset({"district"}), _here_or_district),
    "city_window": _RoleRule(frozenset({"city"}), _anything),
    "examiner": _RoleRule(_BUREAU, _here),
    "zone_head": _RoleRule(_BUREAU, _here),
    "bureau_head": _RoleRule(_BUREAU, _here),
    "station_head": _RoleRule(_ALL, _here),
    "city_supervisor": _RoleRule(frozenset({"city"}), _anything),
    "district_supervisor": _RoleRule(frozenset({"district"}), _here_or_district),
    "hub_administrator": _RoleRule(frozenset({"city"}), _anything),
    "courier": _RoleRule(_ALL, _anything),
    "system": _RoleRule(_ALL, _here_or_above),
}
"""The roles of the case machine (domain.md §3)."""

CLERKS: Final = ("village_clerk", "township_window", "district_window", "city_window")
"""Who serves the public, from the village up; they hold a case only while it is at their station."""

_FROM_AFAR: Final = frozenset({"supply", "deliver", "withdraw", "evaluate"})
"""Events a clerk may record wherever the case is now: the applicant stands at this window."""


# --- provisos of the actors column ------------------------------------------------------------------------


def _decided_here(state: CaseState, actor: Actor) -> Problem | None:
    if state.item is None or not decides(state.item.get("code"), actor.station):
        return Problem("not_decided_here", N_("本事项不由本站决定，请上报"))
    return None


def _author(state: CaseState, actor: Actor) -> Problem | None:
    if state.created_by != actor.staff:
        return Problem("not_author", N_("只有登记人可以删除草稿"))
    return None


def _no_proviso(state: CaseState, actor: Actor) -> Problem | None:
    return None


QUALIFIERS: Final[Mapping[str, Callable[[CaseState, Actor], Problem | None]]] = {
    "": _no_proviso,
    "delegated items": _decided_here,
    "direct items": _decided_here,
    "author": _author,
    # The rest is asked elsewhere: of the form, of the calendar, or by the guard of `void`.
    "zone_head approves": _no_proviso,
    "with supervisor co-sign": _no_proviso,
    "at planned end": _no_proviso,
    "through any station": _no_proviso,
    "if accepted": _no_proviso,
}


def _understood(actors: tuple[ActorRule, ...]) -> tuple[ActorRule, ...]:
    """Spell out the two alternatives of the table that are not one role."""
    rules: list[ActorRule] = []
    for rule in actors:
        if rule.role == "author":  # whoever opened the draft, hence one of the roles that may
            rules += (ActorRule(role, "author") for role in ("applicant", *CLERKS))
        elif rule.qualifier == "through any station":  # on paper, and the clerk enters it
            rules += (rule, *(ActorRule(role, "through any station") for role in CLERKS))
        else:
            rules.append(rule)
    return tuple(rules)


class _Rule(NamedTuple):
    """A transition made ready for asking."""

    transition: Transition
    from_states: frozenset[str]
    actors: tuple[ActorRule, ...]


_RULES: Final[Mapping[str, _Rule]] = {
    row.event: _Rule(row, frozenset(row.from_states), _understood(row.actors))
    for row in transitions()
    if row.machine == "case"
}

EVENTS: Final = tuple(_RULES)
"""The events of a case in table order."""

_LEFT: Final = frozenset(
    state
    for rule in _RULES.values()
    for state in rule.from_states
    if rule.transition.to_state not in (None, state)
)
_ENTERED: Final = frozenset(rule.transition.to_state for rule in _RULES.values()) - {None}
STATES: Final = tuple(state for state in STATE_NAMES if state in _LEFT | _ENTERED)
"""The states of a case, NEW first."""

FINAL: Final = frozenset(STATES) - _LEFT
"""States no event leaves for another."""

_NOTHING: Final = CaseState()


def to_state(event: str, state: str) -> str:
    """Where a case's event leads from `state`. Raises KeyError for an event the table does not have."""
    return _RULES[event].transition.to_state or state


def problem(
    state: CaseState | None, event: str, actor: Actor, data: Mapping[str, Any], at: datetime | None = None
) -> Problem | None:
    """Why `actor` may not do `event` with this form now; None: it may be done.

    state  None where no case is open yet
    data   the event's data (shapes: documents); anything JSON can carry is answered, never raised on
    at     the present moment, with an offset, where the person may also be asked whether today is the day
           for it; None leaves that out, as fold does: what was recorded is not undone because of a clock
    """
    now = _NOTHING if state is None else state
    found = _permitted(now, event, actor)
    if isinstance(found, Problem):
        return found
    ready = READY.get(event)
    wrong = None if ready is None else ready(now, actor)
    if wrong is None:
        filled = FILLED.get(event)
        wrong = None if filled is None else filled(now, actor, data)
    if wrong is None and at is not None:
        timely = TIMELY.get(event)
        wrong = None if timely is None else timely(now, at.astimezone(CHINA).date())
    return wrong


def choices(state: CaseState, actor: Actor, at: datetime | None = None) -> tuple[Choice, ...]:
    """Every transition out of the present state in table order, each with why it is closed to this actor,
    if it is.

    Asks all that `problem` asks except how the form is filled, since there is none yet.
    """
    found = []
    for event, rule in _RULES.items():
        if state.state not in rule.from_states:
            continue
        role = _permitted(state, event, actor)
        wrong = role if isinstance(role, Problem) else None
        if wrong is None and event in READY:
            wrong = READY[event](state, actor)
        if wrong is None and at is not None and event in TIMELY:
            wrong = TIMELY[event](state, at.astimezone(CHINA).date())
        acting = role if isinstance(role, str) and wrong is None else None
        found.append(Choice(rule.transition, wrong, acting))
    return tuple(found)


def acting_role(state: CaseState | None, event: str, actor: Actor) -> str | None:
    """The role, of those the actor holds, under which the event is to be recorded; None if none may do it."""
    found = _permitted(_NOTHING if state is None else state, event, actor)
    return found if isinstance(found, str) else None


def _permitted(state: CaseState, event: str, actor: Actor) -> str | Problem:
    """The acting role, or what stands against state, role and scope."""
    rule = _RULES.get(event)
    if rule is None:
        return Problem("unknown_event", N_("不认识的办理动作“{event}”"), {"event": event})
    if state.state not in rule.from_states:
        return _wrong_state(state.state, event)
    first: Problem | None = None
    for role, qualifier in ((alternative.role, alternative.qualifier) for alternative in rule.actors):
        if role not in actor.roles or actor.station.level not in ROLES[role].levels:
            continue
        wrong = _out_of_scope(state, event, role, actor.station) or QUALIFIERS[qualifier](state, actor)
        if wrong is None:
            return role
        first = first or wrong
    if first is not None:
        return first
    names = dict.fromkeys(ROLE_NAMES[alternative.role] for alternative in rule.actors)
    return Problem(
        "not_your_role",
        N_("“{event}”须由{roles}办理"),
        {"event": EVENT_NAMES[event], "roles": "、".join(names)},
    )


def _wrong_state(state: str, event: str) -> Problem:
    if state == NEW:
        return Problem("no_case", N_("办件尚未登记，不能“{event}”"), {"event": EVENT_NAMES[event]})
    return Problem(
        "wrong_state",
        N_("办件现为“{state}”，不能“{event}”"),
        {"state": STATE_NAMES[state], "event": EVENT_NAMES[event]},
    )


def _out_of_scope(state: CaseState, event: str, role: str, station: Station) -> Problem | None:
    if state.state == NEW:
        return None
    if not ROLES[role].scope(state, station):
        return Problem("not_your_case", N_("本件不归本站办理"))
    if role in CLERKS and event not in _FROM_AFAR and state.current_station != station.code:
        here = stations()[state.current_station].name
        return Problem("not_at_hand", N_("本件现在“{station}”，须由该处办理"), {"station": here})
    return None
