"""The three state machines as drawings, made from the transition table: Mermaid's stateDiagram-v2, in Markdown.

    transitions.csv ─> drawing(machine)  one machine        ─> section()  all three, as ARCHITECTURE.md holds them

`python -m schemas.drawings` prints the section; --write PATH puts it between the marks of a file. Only that command
(__main__) touches a disk; here are only texts. A test fails when ARCHITECTURE.md is out of date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.lifecycle import permissions
from schemas.lifecycle.errands import machine as errands
from schemas.lifecycle.machine import StateMachine
from schemas.lifecycle.projects import machine as projects
from schemas.tables import NEW, Machine

BEGIN: Final = "<!-- machines -->"
END: Final = "<!-- /machines -->"

_ALMOST_EVERYWHERE: Final = 7
"""An event that leaves the state as it is in so many states or more is told below the drawing, not drawn."""

_MACHINES: Final[Mapping[Machine, StateMachine]] = {  # type: ignore[type-arg]
    "case": permissions.MACHINE,
    "project": projects.MACHINE,
    "agency": errands.MACHINE,
}
_TITLES: Final[Mapping[Machine, str]] = {
    "case": "Case 办件",
    "project": "Project approved in parallel 并联审批",
    "agency": "Errand 代办",
}


def drawing(machine: Machine) -> str:
    """One machine: a line for each pair of states that some event joins, with all events that do."""
    compiled = _MACHINES[machine]
    names = compiled.meaning.state_names
    arrows: dict[tuple[str, str], list[str]] = {}
    everywhere: list[str] = []
    for event, rule in compiled.rules.items():
        if rule.transition.to_state is None and len(rule.from_states) >= _ALMOST_EVERYWHERE:
            everywhere.append(event)
            continue
        for state in rule.transition.from_states:
            arrows.setdefault((state, compiled.to_state(event, state)), []).append(event)
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state} {names[state]}" as {state}' for state in compiled.states if state != NEW]
    lines += [
        f"    {'[*]' if before == NEW else before} --> {after}: {', '.join(events)}"
        for (before, after), events in arrows.items()
    ]
    lines += [f"    {state} --> [*]" for state in compiled.states if state in compiled.final]
    lines.append("```")
    if everywhere:
        lines += ["", f"In every state that is not final: {', '.join(f'`{event}`' for event in everywhere)}."]
    return "\n".join(lines)


def section() -> str:
    """What stands between the marks, with the marks."""
    parts = [
        BEGIN,
        "## The three machines",
        "Drawn from `schemas/data/transitions.csv` by `python -m schemas.drawings --write ARCHITECTURE.md`.",
    ]
    for machine, title in _TITLES.items():
        parts += [f"### {title}", drawing(machine)]
    return "\n\n".join([*parts, END])


def replaced(text: str) -> str:
    """`text` with a fresh section in place of the one between its marks. Raises ValueError without marks."""
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise ValueError(f"no {BEGIN} … {END}")
    return text[:begin] + section() + text[end + len(END) :]
