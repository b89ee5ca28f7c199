"""From a subject's events to its state: the same on every node, in whatever order and however often they come.

    events ─> reading: each id once, sound ─> order ─> machine: allowed? ─yes─> effect ─> next
                              │                              │
                              └────────── set_aside ─────────┘

What is not allowed when its turn comes is kept in set_aside with its Problem, for a person to settle; so is what
cannot be read. Nothing an event may hold makes a fold raise.

Decides nothing itself: whether an event is allowed is the machine's, when its turn comes is order's, when
something is due is each subject's clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from schemas.catalogue import Catalogue, shipped
from schemas.lifecycle.machine import StateMachine
from schemas.lifecycle.order import Order
from schemas.lifecycle.reading import Event, Kind, read_all
from schemas.lifecycle.state import Document, Entry, Folded
from schemas.problems import N_, Problem

S = TypeVar("S", bound=Folded)

Effect = Callable[[S, Event], None]
"""What an event that is allowed does to the state; that it moves to another state is the table's."""


class Folder(Generic[S]):
    """Folds the events of one machine.

    fresh    makes the state before anything happened
    effects  by event; one that only moves the subject to another state has none
    opened   (state, catalogue): what the catalogue says of a subject just opened
    """

    def __init__(
        self,
        machine: StateMachine[S],
        kind: Kind,
        fresh: Callable[[], S],
        effects: Mapping[str, Effect[S]],
        opened: Callable[[S, Catalogue], None] | None = None,
    ) -> None:
        self._machine = machine
        self._kind = kind
        self._fresh = fresh
        self._effects = effects
        self._opened = opened

    def fold(
        self, events: Iterable[Document], catalogue: Catalogue | None = None, into: S | None = None
    ) -> tuple[S, str]:
        """(state, subject). `into`: a fresh state that knows more than its events tell, e.g. linked cases.

        Events of another subject than that of the first in base order (the first opening, if any) are set
        aside.
        """
        book = catalogue or shipped()
        known, set_aside = read_all(events, self._kind)
        state = self._fresh() if into is None else into
        if not known:
            state.set_aside = tuple(set_aside)
            return state, ""
        about = next((event for event in known if event.event == self._kind.opening), known[0]).about
        for event in known:
            if event.about != about:
                set_aside.append((event.doc, Problem("other_case", N_("记录属于另一办件"))))
        known = [event for event in known if event.about == about]

        def stands(past: Sequence[Event], event: Event) -> bool:
            before = self._fresh()
            self._run(before, past, book)
            return self._machine.problem(before, event.event, event.actor, event.data, None, book) is None

        order = Order(known, self._machine.decisive, stands)
        state.lamport = known[-1].key[0]  # in base order, so the last is the largest
        set_aside += self._run(state, order.sequence, book, order)
        state.set_aside = tuple(set_aside)
        state.final = state.state in self._machine.final
        return state, about

    def replay(self, counted: Sequence[Document], catalogue: Catalogue | None = None) -> S:
        """The state after events that counted, in the order in which they did: nothing is judged about that again, since fewer events may well
        have another order among themselves."""
        known, _ = read_all(counted, self._kind)
        place = {event["_id"]: n for n, event in enumerate(counted)}
        state = self._fresh()
        self._run(state, sorted(known, key=lambda event: place[event.doc["_id"]]), catalogue or shipped())
        state.lamport = max((event.key[0] for event in known), default=0)
        state.final = state.state in self._machine.final
        return state

    def _run(
        self, state: S, sequence: Sequence[Event], book: Catalogue, order: Order | None = None
    ) -> list[tuple[Document, Problem]]:
        """Take the events one after the other; gives back those that did not count."""
        machine, opening = self._machine, self._kind.opening
        timeline: list[Entry] = []
        set_aside: list[tuple[Document, Problem]] = []
        decisions: list[Event] = []
        for event in sequence:
            name = event.event
            wrong = machine.problem(state, name, event.actor, event.data, None, book)
            if wrong is not None:
                if wrong.code == "wrong_state" and order is not None:
                    wrong = self._conflict(event, decisions, order) or wrong
                set_aside.append((event.doc, wrong))
                continue
            before = state.state
            effect = self._effects.get(name)
            if effect is not None:
                effect(state, event)
            if name == opening and self._opened is not None:
                self._opened(state, book)
            state.state = machine.to_state(name, before)
            timeline.append(Entry(event.doc, before, state.state))
            if name in machine.decisive:
                decisions.append(event)
        state.timeline = tuple(timeline)
        return set_aside

    def _conflict(self, event: Event, decisions: Sequence[Event], order: Order) -> Problem | None:
        """A better word for “wrong state”, if its writer could not know of the decision that made it so."""
        found = next((decision for decision in decisions if order.unaware(event, decision)), None)
        if found is None:
            return None
        names = self._machine.meaning.event_names
        return Problem(
            "conflict",
            N_("“{event}”与“{station}”的“{decision}”互不知情，以后者为准，请核实处理"),
            {
                "event": names[event.event],
                "station": found.actor.station.name,
                "decision": names[found.event],
            },
        )
