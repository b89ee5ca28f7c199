"""The case machine: what the table's words mean for a case: whose it is, where it is, who decides its item.

Here is only what roles and provisos mean; how the table is asked is machine, what an event asks of case and form
is guards.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from schemas.catalogue import Catalogue
from schemas.lifecycle.guards import FILLED, READY, TIMELY, WARNED, CaseAsk
from schemas.lifecycle.machine import Guard, Meaning, Role, StateMachine, no_proviso
from schemas.lifecycle.state import Actor, CaseState, Choice
from schemas.lifecycle.words import EVENT_NAMES, STATE_NAMES
from schemas.problems import N_, Problem
from schemas.tables import ActorRule, Level, Station, stations

# --- scope: which cases are a role's to touch -------------------------------------------------------------

ALL: Final[frozenset[Level]] = frozenset({"village", "township", "district", "city"})
BUREAU: Final[frozenset[Level]] = frozenset({"district", "city"})


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


ROLES: Final[Mapping[str, Role[CaseState]]] = {
    "applicant": Role(ALL, _anything),
    "village_clerk": Role(frozenset({"village"}), _own),
    "township_window": Role(frozenset({"township"}), _own_or_below),
    "district_window": Role(frozenset({"district"}), _here_or_district),
    "city_window": Role(frozenset({"city"}), _anything),
    "examiner": Role(BUREAU, _here),
    "zone_head": Role(BUREAU, _here),
    "bureau_head": Role(BUREAU, _here),
    "station_head": Role(ALL, _here),
    "city_supervisor": Role(frozenset({"city"}), _anything),
    "district_supervisor": Role(frozenset({"district"}), _here_or_district),
    "hub_administrator": Role(frozenset({"city"}), _anything),
    "courier": Role(ALL, _anything),
    "system": Role(ALL, _here_or_above),
}
"""The roles of the case machine (domain.md §3)."""

CLERKS: Final = ("village_clerk", "township_window", "district_window", "city_window")
"""Who serves the public, from the village up; they hold a case only while it is at their station."""

_FROM_AFAR: Final = frozenset({"supply", "attach", "detach", "deliver", "withdraw", "evaluate", "void"})
"""Events a clerk may record wherever the case is now: the applicant stands at this window, or the mistake was made at it."""


def _elsewhere(state: CaseState, event: str, role: str, station: Station) -> Problem | None:
    if role in CLERKS and event not in _FROM_AFAR and state.current_station != station.code:
        here = stations()[state.current_station].name
        return Problem("not_at_hand", N_("本件现在“{station}”，须由该处办理"), {"station": here})
    return None


# --- provisos of the actors column ------------------------------------------------------------------------


def _decided_here(ask: CaseAsk) -> Problem | None:
    item, opened = ask.state.item, ask.state.created_at
    day = None if opened is None else opened.date()
    if item is None or not ask.catalogue.decides(
        item.get("code"), ask.actor.station, item.get("version"), day
    ):
        return Problem("not_decided_here", N_("本事项不由本站决定，请上报"))
    return None


def _author(ask: CaseAsk) -> Problem | None:
    if ask.state.created_by != ask.actor.staff:
        return Problem("not_author", N_("只有登记人可以删除草稿"))
    return None


def _own_entry(ask: CaseAsk) -> Problem | None:
    """A slip of who recorded it, before anybody worked on it."""
    if ask.state.created_by != ask.actor.staff:
        return Problem("not_your_entry", N_("只有登记人可以撤销登记"))
    if ask.state.accepted_at is not None or ask.state.supplements:
        return Problem("acted_on", N_("本件已有人办理，不能撤销登记"))
    return None


QUALIFIERS: Final[Mapping[str, Guard[CaseState]]] = {
    "": no_proviso,
    "delegated items": _decided_here,
    "direct items": _decided_here,
    "author": _author,
    "own entry": _own_entry,
    # The rest is asked elsewhere: of the form, of the calendar, or by the guard of `void`.
    "zone_head approves": no_proviso,
    "with supervisor co-sign": no_proviso,
    "at planned end": no_proviso,
    "through any station": no_proviso,
    "if accepted": no_proviso,
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


# --- the machine ------------------------------------------------------------------------------------------

MACHINE: Final = StateMachine(
    Meaning(
        machine="case",
        nothing=CaseState(),
        state_names=STATE_NAMES,
        event_names=EVENT_NAMES,
        not_open=N_("办件尚未登记，不能“{event}”"),
        wrong_state=N_("办件现为“{state}”，不能“{event}”"),
        not_yours=N_("本件不归本站办理"),
        roles=ROLES,
        qualifiers=QUALIFIERS,
        ready=READY,
        filled=FILLED,
        timely=TIMELY,
        warned=WARNED,
        decided=frozenset({"decided", "concluded"}),
        understood=_understood,
        elsewhere=_elsewhere,
    )
)

EVENTS: Final = MACHINE.events
"""The events of a case in table order."""
STATES: Final = MACHINE.states
"""The states of a case, NEW first."""
FINAL: Final = MACHINE.final
"""States no event leaves for another."""


def problem(
    state: CaseState | None,
    event: str,
    actor: Actor,
    data: Mapping[str, Any],
    at: datetime | None = None,
    catalogue: Catalogue | None = None,
) -> Problem | None:
    """Why `actor` may not do `event` with this form now; None: it may be done. As StateMachine.problem."""
    return MACHINE.problem(state, event, actor, data, at, catalogue)


def choices(
    state: CaseState, actor: Actor, at: datetime | None = None, catalogue: Catalogue | None = None
) -> tuple[Choice, ...]:
    """The buttons of a case's page and why the others are missing. As StateMachine.choices."""
    return MACHINE.choices(state, actor, at, catalogue)


def acting_role(
    state: CaseState | None, event: str, actor: Actor, catalogue: Catalogue | None = None
) -> str | None:
    """The role to record the event under. As StateMachine.acting_role."""
    return MACHINE.acting_role(state, event, actor, catalogue)
