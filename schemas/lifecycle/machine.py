"""May this person do this now? The transition table of one machine compiled, then asked in four steps:

    state ─> does the table have this event from here?
    role  ─> does the actor hold one of its roles, at a station of that role's level?
    scope ─> is this subject that station's to touch, and is it there now? and the table's proviso, if any
    guard ─> READY, FILLED, TIMELY of the machine

The first of the actor's roles that passes role and scope is the one the event is recorded under.

transitions.csv is the only source of states, events and who may. What its words mean for cases, projects and
errands is told by each of them in a Meaning; nothing here knows which of the three it runs. Reads nothing but
its arguments and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from schemas.catalogue import Catalogue, shipped
from schemas.lifecycle.state import CHINA, Actor, Choice, Folded
from schemas.lifecycle.words import ROLE_NAMES
from schemas.problems import N_, Problem
from schemas.tables import NEW, ActorRule, Level, Machine, Station, Transition, transitions

S = TypeVar("S", bound=Folded)
Data = Mapping[str, Any]


class Ask(NamedTuple, Generic[S]):
    """A question to a guard: about a state, by an actor, with a form, on a day, under a catalogue.

    day   the Chinese day of somebody about to act, for TIMELY and WARNED only; None for what is recorded
    data  {} where no form is filled yet
    """

    state: S
    actor: Actor
    data: Data
    day: date | None
    catalogue: Catalogue


Guard = Callable[[Ask[S]], Problem | None]


class Role(NamedTuple, Generic[S]):
    """levels of station where the role exists; scope: the subjects it may touch from a station."""

    levels: frozenset[Level]
    scope: Callable[[S, Station], bool]


def no_proviso(ask: Ask[Any]) -> Problem | None:
    """The qualifier of a role that stands alone, or whose condition is asked elsewhere."""
    return None


@dataclass(frozen=True, slots=True)
class Meaning(Generic[S]):
    """What the words of the table mean for one machine.

    nothing     the state before anything happened
    decided     states that settle the matter besides the final ones (order: what a late event cannot undo)
    understood  spells out alternatives of an actors cell that are not one role
    elsewhere   (state, event, role, station) -> is the subject out of this role's hands just now?
    qualifiers  the provisos of the actors column
    ready       is the subject ready for it, in this person's hands?
    filled      does the form say what it must?
    timely      may it be done on this day, by what else is known today? Asked only of somebody about to act: a
                recorded event is never undone because of a clock, which may have been wrong, or because of
                another document, which may have changed since; it is carded (domain.md §2.6) or shown
    warned      what somebody about to act should know
    """

    machine: Machine
    nothing: S
    state_names: Mapping[str, str]
    event_names: Mapping[str, str]
    not_open: str
    wrong_state: str
    not_yours: str
    roles: Mapping[str, Role[S]]
    qualifiers: Mapping[str, Guard[S]]
    ready: Mapping[str, Guard[S]]
    filled: Mapping[str, Guard[S]]
    timely: Mapping[str, Guard[S]]
    warned: Mapping[str, Guard[S]] = field(default_factory=dict)
    decided: frozenset[str] = frozenset()
    understood: Callable[[tuple[ActorRule, ...]], tuple[ActorRule, ...]] = lambda actors: actors
    elsewhere: Callable[[S, str, str, Station], Problem | None] = lambda *_: None


class _Rule(NamedTuple):
    """A transition made ready for asking."""

    transition: Transition
    from_states: frozenset[str]
    actors: tuple[ActorRule, ...]


class StateMachine(Generic[S]):
    """One machine of the table, ready to be asked.

    events    in table order
    states    NEW first, in the order of the names
    final     states no event leaves for another
    decisive  events that settle the matter: they lead into a final or decided state
    """

    def __init__(self, meaning: Meaning[S]) -> None:
        self.meaning = meaning
        self.rules: Mapping[str, _Rule] = {
            row.event: _Rule(row, frozenset(row.from_states), meaning.understood(row.actors))
            for row in transitions()
            if row.machine == meaning.machine
        }
        left = {
            state
            for rule in self.rules.values()
            for state in rule.from_states
            if rule.transition.to_state not in (None, state)
        }
        entered = {rule.transition.to_state for rule in self.rules.values()}
        self.events = tuple(self.rules)
        self.states = tuple(state for state in meaning.state_names if state in left | entered)
        self.final = frozenset(self.states) - left
        settled = self.final | meaning.decided
        self.decisive = frozenset(
            event for event, rule in self.rules.items() if rule.transition.to_state in settled
        )

    def to_state(self, event: str, state: str) -> str:
        """Where an event leads from `state`. Raises KeyError for an event the table does not have."""
        return self.rules[event].transition.to_state or state

    def problem(
        self,
        state: S | None,
        event: str,
        actor: Actor,
        data: Data,
        at: datetime | None = None,
        catalogue: Catalogue | None = None,
    ) -> Problem | None:
        """Why `actor` may not do `event` with this form now; None: it may be done.

        state      None where nothing is open yet
        data       the event's data; anything JSON can carry is answered, never raised on
        at         the present moment, with an offset, where the person may also be asked whether today is the
                   day for it; None leaves that out, as the fold does
        catalogue  the shipped one by default
        """
        meaning = self.meaning
        day = None if at is None else at.astimezone(CHINA).date()
        ask = Ask(meaning.nothing if state is None else state, actor, data, day, catalogue or shipped())
        found = self._permitted(ask, event)
        if isinstance(found, Problem):
            return found
        for guards in (meaning.ready, meaning.filled, meaning.timely):
            guard = None if day is None and guards is meaning.timely else guards.get(event)
            wrong = None if guard is None else guard(ask)
            if wrong is not None:
                return wrong
        return None

    def choices(
        self, state: S, actor: Actor, at: datetime | None = None, catalogue: Catalogue | None = None
    ) -> tuple[Choice, ...]:
        """Every transition out of the present state in table order, each with why it is closed to this actor,
        if it is. Asks all that `problem` asks except how the form is filled, since there is none yet.
        """
        meaning, found = self.meaning, []
        day = None if at is None else at.astimezone(CHINA).date()
        ask = Ask(state, actor, {}, day, catalogue or shipped())
        for event, rule in self.rules.items():
            if state.state not in rule.from_states:
                continue
            role = self._permitted(ask, event)
            wrong = role if isinstance(role, Problem) else None
            if wrong is None and event in meaning.ready:
                wrong = meaning.ready[event](ask)
            if wrong is None and day is not None and event in meaning.timely:
                wrong = meaning.timely[event](ask)
            acting = role if isinstance(role, str) and wrong is None else None
            warns = None if acting is None or day is None else meaning.warned.get(event)
            found.append(Choice(rule.transition, wrong, acting, None if warns is None else warns(ask)))
        return tuple(found)

    def acting_role(
        self, state: S | None, event: str, actor: Actor, catalogue: Catalogue | None = None
    ) -> str | None:
        """The role, of those the actor holds, under which the event is to be recorded; None if none may do
        it."""
        now = self.meaning.nothing if state is None else state
        found = self._permitted(Ask(now, actor, {}, None, catalogue or shipped()), event)
        return found if isinstance(found, str) else None

    def _permitted(self, ask: Ask[S], event: str) -> str | Problem:
        """The acting role, or what stands against state, role and scope."""
        rule, meaning, state = self.rules.get(event), self.meaning, ask.state
        if rule is None:
            return Problem("unknown_event", N_("不认识的办理动作“{event}”"), {"event": event})
        if state.state not in rule.from_states:
            return self._wrong_state(state.state, event)
        first: Problem | None = None
        for alternative in rule.actors:
            name = alternative.role
            if name not in ask.actor.roles:
                continue
            role = meaning.roles[name]
            if ask.actor.station.level not in role.levels:
                continue
            wrong = self._out_of_scope(ask, event, name, role) or meaning.qualifiers[alternative.qualifier](
                ask
            )
            if wrong is None:
                return name
            first = first or wrong
        if first is not None:
            return first
        names = dict.fromkeys(ROLE_NAMES[each.role] for each in rule.actors)
        return Problem(
            "not_your_role",
            N_("“{event}”须由{roles}办理"),
            {"event": meaning.event_names[event], "roles": "、".join(names)},
        )

    def _wrong_state(self, state: str, event: str) -> Problem:
        names = self.meaning.event_names
        if state == NEW:
            return Problem("no_case", self.meaning.not_open, {"event": names[event]})
        return Problem(
            "wrong_state",
            self.meaning.wrong_state,
            {"state": self.meaning.state_names[state], "event": names[event]},
        )

    def _out_of_scope(self, ask: Ask[S], event: str, name: str, role: Role[S]) -> Problem | None:
        if ask.state.state == NEW:
            return None
        if not role.scope(ask.state, ask.actor.station):
            return Problem("not_your_case", self.meaning.not_yours)
        return self.meaning.elsewhere(ask.state, event, name, ask.actor.station)
