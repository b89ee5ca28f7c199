"""The errand machine: what the table's words mean for an errand: where it was asked for, who its agent is.

Here is only what roles and provisos mean; how the table is asked is lifecycle.machine, what an event asks of
errand and form is guards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.lifecycle.errands.guards import FILLED, READY, TIMELY, ErrandAsk
from schemas.lifecycle.errands.state import ErrandState
from schemas.lifecycle.errands.words import EVENT_NAMES, STATE_NAMES
from schemas.lifecycle.machine import Guard, Meaning, Role, StateMachine, no_proviso
from schemas.lifecycle.permissions import ALL
from schemas.problems import N_, Problem
from schemas.tables import ActorRule, Station, stations


def _anything(state: ErrandState, station: Station) -> bool:
    return True


def _own(state: ErrandState, station: Station) -> bool:
    return state.home == station.code


def _own_or_below(state: ErrandState, station: Station) -> bool:
    return _own(state, station) or stations()[state.home].parent_code == station.code


ROLES: Final[Mapping[str, Role[ErrandState]]] = {
    "applicant": Role(ALL, _anything),
    "village_clerk": Role(frozenset({"village"}), _own),
    "township_window": Role(frozenset({"township"}), _own_or_below),
    "station_head": Role(ALL, _own_or_below),
    "agent": Role(ALL, _own_or_below),
}
"""The roles of the errand machine (domain.md §3)."""


def _the_agent(ask: ErrandAsk) -> Problem | None:
    if ask.state.agent != ask.actor.staff:
        return Problem("not_the_agent", N_("须由指派的代办员办理"))
    return None


QUALIFIERS: Final[Mapping[str, Guard[ErrandState]]] = {
    "": no_proviso,
    "by phone, visit, 导办 desk": no_proviso,
    "the one assigned": _the_agent,
}


def _understood(actors: tuple[ActorRule, ...]) -> tuple[ActorRule, ...]:
    """`agent` is the one person assigned."""
    return tuple(ActorRule("agent", "the one assigned") if rule.role == "agent" else rule for rule in actors)


MACHINE: Final = StateMachine(
    Meaning(
        machine="agency",
        nothing=ErrandState(),
        state_names=STATE_NAMES,
        event_names=EVENT_NAMES,
        not_open=N_("代办尚未登记，不能“{event}”"),
        wrong_state=N_("代办现为“{state}”，不能“{event}”"),
        not_yours=N_("本代办不归本站办理"),
        roles=ROLES,
        qualifiers=QUALIFIERS,
        ready=READY,
        filled=FILLED,
        timely=TIMELY,
        understood=_understood,
    )
)
